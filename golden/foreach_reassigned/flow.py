from metaflow import FlowSpec, step


class ForeachReassignedFlow(FlowSpec):
    """The body replaces the list that it goes over, and its items are those of the new list."""

    @step
    def start(self):
        self.paths = [" A.csv", "b.CSV"]
        self.next(self.normalise, foreach="paths")

    @step
    def normalise(self):
        # not read yet: the item comes from the new list
        self.paths = [path.strip().lower() for path in self.paths]
        self.first = self.input
        self.next(self.expand)

    @step
    def expand(self):
        self.before = self.input
        self.paths = [f"{path}.gz" for path in self.paths]
        # read before: still the old one in this step
        self.after = self.input
        self.next(self.load)

    @step
    def load(self):
        self.loaded = self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.seen = [(inp.first, inp.before, inp.after, inp.loaded) for inp in inputs]
        self.paths = sorted({path for inp in inputs for path in inp.paths})
        self.next(self.end)

    @step
    def end(self):
        print(self.seen, self.paths)


if __name__ == "__main__":
    ForeachReassignedFlow()
