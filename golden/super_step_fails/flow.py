from metaflow import FlowSpec, step


class LoadFlow(FlowSpec):
    """Load a table."""

    @step
    def start(self):
        self.rows = [1, 2]
        self.next(self.count)

    @step
    def count(self):
        self.n = len(self.rows)
        self.next(self.end)

    @step
    def end(self):
        print(self.n)


class FilteredLoadFlow(LoadFlow):
    """Calls a step of the base, which goes on to the next step already."""

    @step
    def count(self):
        self.rows = [row for row in self.rows if row > 1]
        super().count()
        self.next(self.end)


if __name__ == "__main__":
    FilteredLoadFlow()
