from metaflow import FlowSpec, step


class NestedForeachThenSplitFlow(FlowSpec):
    """A foreach, a split after it, and a foreach over what the split's join made."""

    @step
    def start(self):
        self.days = [[3, 5], [8], [1, 1, 1]]
        self.next(self.sum_up, foreach="days")

    @step
    def sum_up(self):
        self.total = sum(self.input)
        self.next(self.days_done)

    @step
    def days_done(self, inputs):
        self.totals = [inp.total for inp in inputs]
        self.next(self.divide)

    @step
    def divide(self):
        self.next(self.trend, self.level)

    @step
    def trend(self):
        self.changes = [b - a for a, b in zip(self.totals, self.totals[1:])]
        self.next(self.both)

    @step
    def level(self):
        self.mean = sum(self.totals) / len(self.totals)
        self.next(self.both)

    @step
    def both(self, inputs):
        self.merge_artifacts(inputs)
        self.next(self.fan)

    @step
    def fan(self):
        self.jobs = [(change, self.mean) for change in self.changes]
        self.next(self.flag, foreach="jobs")

    @step
    def flag(self):
        change, mean = self.input
        self.unusual = abs(change) > mean / 2
        self.next(self.join)

    @step
    def join(self, inputs):
        self.flags = [inp.unusual for inp in inputs]
        self.merge_artifacts(inputs, include=["totals", "mean"])
        self.next(self.end)

    @step
    def end(self):
        print(self.totals, self.mean, self.flags)


if __name__ == "__main__":
    NestedForeachThenSplitFlow()
