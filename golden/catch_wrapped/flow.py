import functools

from metaflow import FlowSpec, Parameter, catch, step


def checked(function):
    """Refuses negative numbers before the step begins, and odd ones after it."""

    @functools.wraps(function)
    def call(self):
        if self.number < 0:
            raise ValueError("negative")
        function(self)
        if self.half * 2 != self.number:
            raise ValueError("odd")

    return call


class HalfFlow(FlowSpec):
    number = Parameter("number", type=int, default=6)

    @catch(var="refused")
    @checked
    @step
    def start(self):
        self.half = self.number // 2
        self.next(self.end)

    @step
    def end(self):
        self.result = (getattr(self, "half", None), self.refused and self.refused.exception)
        print(self.result)


if __name__ == "__main__":
    HalfFlow()
