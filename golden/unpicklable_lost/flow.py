from metaflow import FlowSpec, step


class LazyFlow(FlowSpec):
    """What cannot be pickled fails its step, although the join would lose it anyway."""

    @step
    def start(self):
        self.parts = [1, 2]
        self.next(self.load, self.count)

    @step
    def load(self):
        self.rows = (part * 2 for part in self.parts)
        self.next(self.join)

    @step
    def count(self):
        self.total = len(self.parts)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = inputs.count.total
        self.next(self.end)

    @step
    def end(self):
        print(self.total)


if __name__ == "__main__":
    LazyFlow()
