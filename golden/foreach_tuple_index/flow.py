from metaflow import FlowSpec, step


class ForeachTupleIndexFlow(FlowSpec):
    """Each month is compared with the one before: the tasks read the whole tuple and their place."""

    @step
    def start(self):
        self.months = (("jan", 10), ("feb", 14), ("mar", 7))
        self.outside = (self.index, self.input, self.foreach_stack())
        self.next(self.compare, foreach="months")

    @step
    def compare(self):
        self.month, sold = self.input
        self.change = None if self.index == 0 else sold - self.months[self.index - 1][1]
        self.share = round(sold / sum(count for _, count in self.months), 3)
        self.is_last = self.index == len(self.months) - 1
        self.stack = self.foreach_stack()
        self.next(self.join)

    @step
    def join(self, inputs):
        self.changes = [(inp.index, inp.month, inp.change) for inp in inputs]
        self.shares = [inp.share for inp in inputs]
        self.stacks = [inp.stack for inp in inputs]
        # by the name of the step: the last of them
        self.latest = inputs.compare.month
        self.flags = [inp.is_last for inp in inputs]
        self.here = (self.index, self.input)
        self.next(self.end)

    @step
    def end(self):
        print(self.changes, self.shares, self.latest, self.stacks[0], self.here)


if __name__ == "__main__":
    ForeachTupleIndexFlow()
