from metaflow import FlowSpec, Parameter, step


class CleaningFlow(FlowSpec):
    """Drop outliers from a few measurements."""

    limit = Parameter("limit", help="Largest deviation from the mean", default=10.0)
    source = Parameter("source", default="sensor")

    def load(self):
        self.rows = [3.0, 5.0, 4.0, 30.0, 6.0]
        self.origin = f"{self.source}.csv"

    def clean(self):
        mean = sum(self.rows) / len(self.rows)
        kept = [row for row in self.rows if abs(row - mean) <= self.limit]
        self.dropped = len(self.rows) - len(kept)
        self.rows = kept
        return mean

    def describe(self, name, values):
        self.summary[name] = {"n": len(values), "sum": sum(values)}
        self.described += 1

    @step
    def start(self):
        self.load()
        self.count = len(self.rows)
        self.next(self.prepare)

    @step
    def prepare(self):
        self.raw_mean = self.clean()
        self.summary = {}
        self.described = 0
        self.describe("kept", self.rows)
        self.next(self.report)

    @step
    def report(self):
        self.describe("doubled", [row * 2 for row in self.rows])
        self.share = self.dropped / self.count
        self.next(self.end)

    @step
    def end(self):
        self.text = f"{self.origin}: dropped {self.dropped} of {self.count}, {self.described} views"
        print(self.text, self.summary, self.share, self.raw_mean)


if __name__ == "__main__":
    CleaningFlow()
