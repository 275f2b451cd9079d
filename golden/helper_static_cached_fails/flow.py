import functools

from metaflow import FlowSpec, step


class PowersFlow(FlowSpec):
    """A cache around a public static method: Metaflow takes it for a constant, and calls it."""

    @staticmethod
    @functools.lru_cache
    def power(n):
        return 2**n

    @staticmethod
    def square(n):
        return n * n

    @step
    def start(self):
        self.squares = [self.square(n) for n in range(3)]
        self.next(self.compute)

    @step
    def compute(self):
        self.powers = [self.power(n) for n in self.squares]
        self.next(self.end)

    @step
    def end(self):
        print(self.powers)


if __name__ == "__main__":
    PowersFlow()
