from metaflow import FlowSpec, Parameter, step


class SwitchOptionalFlow(FlowSpec):
    """What only one case sets may be missing afterwards, and the steps ask for it."""

    path = Parameter("path", help="The file", default="table.csv")

    @step
    def start(self):
        self.kind = self.path.rpartition(".")[2]
        self.owner = "unknown"
        self.next({"csv": self.read_table, "png": self.read_image}, condition="kind")

    @step
    def read_table(self):
        self.columns = ["id", "value"]
        self.rows = 12
        self.owner = "finance"
        self.next(self.describe)

    @step
    def read_image(self):
        self.size = (64, 32)
        self.alpha = None
        self.next(self.describe)

    @step
    def describe(self):
        self.is_table = hasattr(self, "columns")
        self.has_alpha = hasattr(self, "alpha")
        self.count = getattr(self, "rows", 0)
        width, height = getattr(self, "size", (0, 0))
        self.pixels = width * height
        if self.is_table:
            self.first = self.columns[0]
        else:
            self.first = None
        self.next(self.store)

    @step
    def store(self):
        if self.is_table:
            self.columns.append("stored")
        self.next(self.end)

    @step
    def end(self):
        print(self.owner, self.count, self.pixels, self.first, getattr(self, "columns", []))


if __name__ == "__main__":
    SwitchOptionalFlow()
