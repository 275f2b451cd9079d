from metaflow import FlowSpec, step


class MergeSameValueFlow(FlowSpec):
    """Both branches work out the same; private names and names of one branch are merged as well."""

    @step
    def start(self):
        self.table = [("de", 3), ("fr", 5)]
        self._cache = {"version": 2}
        self.nothing = None
        self.next(self.rows, self.columns)

    @step
    def rows(self):
        self.total = sum(count for _, count in self.table)
        self.unit = "thousand " + "people"
        self.missing = float("nan")
        self._rows_seen = len(self.table)
        self.next(self.join)

    @step
    def columns(self):
        _, counts = zip(*self.table)
        self.total = sum(counts)
        self.unit = "thousand people"
        self.missing = float("nan")
        self.names = tuple(name for name, _ in self.table)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs)
        self._cache["version"] += 1
        self.next(self.end)

    @step
    def end(self):
        print(self.total, self.unit, self.missing, self._cache, self._rows_seen, self.names, self.nothing)


if __name__ == "__main__":
    MergeSameValueFlow()
