from statistics import mean

from metaflow import FlowSpec, step


def weighted(branches):
    """The mean estimate, by the confidence of each."""
    branches = sorted(branches, key=lambda branch: branch.confidence)
    weight = sum(branch.confidence for branch in branches)
    return round(sum(branch.estimate * branch.confidence for branch in branches) / weight, 3)


def spread(branches, attribute="estimate"):
    values = [getattr(branch, attribute) for branch in branches]
    return max(values) - min(values)


def describe(branch):
    return f"{branch.estimate} ({branch.confidence:.0%})"


class SplitInputsHandedOnFlow(FlowSpec):
    """The join hands its inputs to functions of the module."""

    @step
    def start(self):
        self.sales = [12, 15, 14, 20, 24]
        self.next(self.last, self.average)

    @step
    def last(self):
        self.estimate = self.sales[-1]
        self.confidence = 0.25
        self.next(self.combine)

    @step
    def average(self):
        self.estimate = mean(self.sales)
        self.confidence = 0.75
        self.next(self.combine)

    @step
    def combine(self, branches):
        self.forecast = weighted(branches)
        self.spread = spread(branches)
        self.doubt = spread(branches=branches, attribute="confidence")
        self.texts = sorted(map(describe, branches))
        self.text = describe(branches.average)
        self.next(self.end)

    @step
    def end(self):
        print(self.forecast, self.spread, self.texts)


if __name__ == "__main__":
    SplitInputsHandedOnFlow()
