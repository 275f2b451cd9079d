from metaflow import FlowSpec, step


class DeletedFlow(FlowSpec):
    """Artifacts that are deleted: the new ones go, the inherited ones come back."""

    @step
    def start(self):
        self.raw = ["1", "2", "x"]
        self.scratch = [int(item) for item in self.raw if item.isdigit()]
        self.total = sum(self.scratch)
        del self.scratch                # never stored
        self.next(self.trim)

    @step
    def trim(self):
        self.count = len(self.raw)
        self.temp, self.other = 1, 2
        self.kept = self.temp + self.other
        del self.temp, self.other
        del self.raw                    # inherited and read: gone here, but still stored
        self.next(self.end)

    @step
    def end(self):
        # raw is back
        self.line = f"{self.total} of {self.count}: {self.raw}, {self.kept}"
        print(self.line)


if __name__ == "__main__":
    DeletedFlow()
