import functools
from contextlib import contextmanager

from metaflow import FlowSpec, Parameter, step


def counted(method):
    """Counts the calls of a helper."""

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        self.calls = {**getattr(self, "calls", {})}
        self.calls[method.__name__] = self.calls.get(method.__name__, 0) + 1
        return method(self, *args, **kwargs)

    return call


@functools.lru_cache
def power(n):
    return 2**n


class StagesFlow(FlowSpec):
    """Helpers with decorators of their own."""

    broken = Parameter("broken", default=False)

    @contextmanager
    def stage(self, name):
        self.stages = [*getattr(self, "stages", []), f"{name} begins"]
        try:
            yield len(self.stages)
        except ValueError as error:
            self.stages.append(f"{name} fails: {error}")
        else:
            self.stages.append(f"{name} ends")

    @counted
    def area(self, width, height=1):
        return width * height

    @property
    @counted
    def last_stage(self):
        return self.stages[-1]

    @step
    def start(self):
        with self.stage("measure") as position:
            self.position = position
            self.size = self.area(3, height=4)
        self.next(self.build)

    @step
    def build(self):
        with self.stage("build"):
            self.floors = [power(n) for n in range(4)]
            if self.broken:
                raise ValueError("no permit")
            self.built = self.area(self.floors[-1])
        self.next(self.end)

    @step
    def end(self):
        self.outcome = (self.last_stage, getattr(self, "built", None))
        print(self.stages, self.outcome, self.calls, self.size)


if __name__ == "__main__":
    StagesFlow()
