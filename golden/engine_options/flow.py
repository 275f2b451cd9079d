import math

from metaflow import FlowSpec, Parameter, retry, schedule, step

PRECISION = 3


def rounded(value):
    return round(value, PRECISION)


@schedule(daily=True)
class EngineFlow(FlowSpec):
    """Translated with --cache --interruptible --max-parallelism 8."""

    radius = Parameter("radius", type=float, default=2.0)

    @step
    def start(self):
        self.radii = [self.radius, 1.5]
        self.next(self.measure, foreach="radii")

    @retry(times=1)
    @step
    def measure(self):
        self.area = rounded(math.pi * self.input**2)
        self.next(self.total)

    @step
    def total(self, inputs):
        self.sum = rounded(sum(found.area for found in inputs))
        self.next(self.end)

    @step
    def end(self):
        print(self.sum)


if __name__ == "__main__":
    EngineFlow()
