from metaflow import Config, FlowSpec, step


class ReportFlow(FlowSpec):
    """Its configs come from the command line, and one from nowhere."""

    report = Config("report", default="missing.json", required=True)
    limits = Config("limits", default_value={"rows": 5})
    query = Config("query", plain=True, help="The query, as text")
    labels = Config("labels", plain=True, default_value="a,b")
    owner = Config("owner")

    @step
    def start(self):
        self.title = self.report.title
        self.rows = list(range(self.limits.rows))
        self.words = self.query.split()
        self.names = self.labels.split(",")
        self.by = self.owner.name if self.owner else "nobody"
        self.next(self.write, foreach="names")

    @step
    def write(self):
        self.line = f"{self.title} {self.input}: {len(self.rows)} rows, {self.query.strip()}"
        self.next(self.collect)

    @step
    def collect(self, inputs):
        self.lines = [each.line for each in inputs]
        self.none = self.owner
        self.raw = self.report
        self.next(self.end)

    @step
    def end(self):
        print("\n".join(self.lines), self.raw)


if __name__ == "__main__":
    ReportFlow()
