from metaflow import FlowSpec, step

SCRATCH = ("buffer", "elapsed")


class MergeExcludeFlow(FlowSpec):
    """All but some names; what is excluded may differ between the branches."""

    @step
    def start(self):
        self.frames = [3, 1, 2]
        self.next(self.ascending, self.descending)

    @step
    def ascending(self):
        self.buffer = sorted(self.frames)
        self.lowest = self.buffer[0]
        self.elapsed = 0.1
        self.next(self.join)

    @step
    def descending(self):
        self.buffer = sorted(self.frames, reverse=True)
        self.highest = self.buffer[0]
        self.elapsed = 0.2
        self.next(self.join)

    @step
    def join(self, inputs):
        self.slowest = max(inp.elapsed for inp in inputs)
        self.merge_artifacts(inputs, exclude=list(SCRATCH))
        self.next(self.end)

    @step
    def end(self):
        self.left = hasattr(self, "buffer"), hasattr(self, "elapsed")
        print(self.frames, self.lowest, self.highest, self.slowest, self.left)


if __name__ == "__main__":
    MergeExcludeFlow()
