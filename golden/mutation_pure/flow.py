import math

from metaflow import FlowSpec, step


def mean(values):
    return sum(values) / len(values)


def describe(stats):
    """Reads its argument and leaves it as it was."""
    lines = [f"{key}={value:.2f}" for key, value in sorted(stats.items())]
    return ", ".join(lines)


class MutationPureFlow(FlowSpec):
    """Steps that look at artifacts without ever changing them."""

    @step
    def start(self):
        self.values = [3.0, 1.0, 2.0]
        self.names = ("x", "y", "z")
        self.lookup = {"x": 1.0, "y": 2.0}
        self.next(self.look)

    @step
    def look(self):
        print(f"{len(self.values)} values from {min(self.values)} to {max(self.values)}")
        print("in order:", sorted(self.values), "backwards:", list(reversed(self.values)))
        if 3.0 in self.values and any(v > 2 for v in self.values):
            print("first", self.values[0], "last two", self.values[-2:])
        for name, value in zip(self.names, self.values):
            print(name, value, self.lookup.get(name, math.nan))
        self.next(self.compute)

    @step
    def compute(self):
        self.total = sum(self.values)
        self.squares = [v * v for v in self.values]
        self.stats = {"mean": mean(self.values), "norm": math.sqrt(sum(self.squares))}
        self.text = describe(self.stats)
        self.next(self.end)

    @step
    def end(self):
        same = self.values == [3.0, 1.0, 2.0]
        self.report = f"{self.text} / {', '.join(self.names)} / {same}"
        print(self.report)


if __name__ == "__main__":
    MutationPureFlow()
