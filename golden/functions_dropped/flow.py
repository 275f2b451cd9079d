import functools
import math

from metaflow import FlowSpec, step


def square(x):
    return x * x


class TransformFlow(FlowSpec):
    """Functions on self last for one step; some callables are data and stay."""

    def shifted(self, x):
        return x + self.shift

    @step
    def start(self):
        self.shift = 10
        self.transform = lambda x: x * self.shift

        def halve(x):
            return x / 2

        self.halve = halve
        self.square = square
        self.bound = self.shifted
        self.root = math.sqrt
        self.power = functools.partial(pow, 2)
        self.kind = int
        self.values = [self.transform(2), self.halve(3), self.square(4), self.bound(5)]
        self.next(self.check)

    @step
    def check(self):
        names = ["transform", "halve", "square", "bound", "root", "power", "kind"]
        self.kept = {name: hasattr(self, name) for name in names}
        self.more = [self.root(81.0), self.power(5), self.kind("7")]
        self.fallback = getattr(self, "square", abs)(-3)
        try:
            self.again = self.transform(2)
        except AttributeError as error:
            self.again = str(error)
        self.pipeline = {"square": square}
        self.next(self.end)

    @step
    def end(self):
        # a function inside of something else is kept
        self.nine = self.pipeline["square"](3)
        self.transform = "a text now"
        print(self.values, self.kept, self.more, self.again, self.nine)


if __name__ == "__main__":
    TransformFlow()
