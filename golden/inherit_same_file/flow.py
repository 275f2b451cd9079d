from metaflow import FlowSpec, Parameter, step


class BaseReportFlow(FlowSpec):
    """Load, compute and report; each team changes a part of it."""

    rows = Parameter("rows", help="How many rows to make", default=4)
    TITLE = "base"
    DIGITS = 1

    def load(self):
        self.loaded_by = "base"
        return [n * 1.25 for n in range(self.rows)]

    def line(self, name, value):
        return f"{name}={round(value, self.DIGITS)}"

    @step
    def start(self):
        self.values = self.load()
        self.next(self.compute)

    @step
    def compute(self):
        self.result = sum(self.values)
        self.next(self.end)

    @step
    def end(self):
        self.text = f"{self.TITLE}: {self.line('result', self.result)}"
        print(self.text)


class SalesReportFlow(BaseReportFlow):
    """The report of the sales team."""

    TITLE = "sales"
    CURRENCY = "EUR"
    team = Parameter("team", default="north")

    def load(self):
        values = super().load()
        self.loaded_by += "+sales"
        return [*values, 100.0]

    def line(self, name, value):
        return f"{super().line(name, value)} {self.CURRENCY}"

    @step
    def compute(self):
        """The base computes a sum."""
        self.result = max(self.values)
        self.by = f"{self.team} by {self.loaded_by}"
        self.next(self.end)


if __name__ == "__main__":
    SalesReportFlow()
