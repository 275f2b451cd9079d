import sys

from metaflow import FlowSpec, Parameter, step

SOURCES = {"web": [3, 4], "shop": [10]}


def rows_of(source):
    return SOURCES.get(source, [])


class ExtractFlow(FlowSpec):
    """Reads what a source has; run by hand."""

    source = Parameter("source", default="web")

    @step
    def start(self):
        self.rows = rows_of(self.source)
        self.next(self.end)

    @step
    def end(self):
        print(self.rows, file=sys.stderr)


class ReportFlow(FlowSpec):
    """Adds up all the sources."""

    minimum = Parameter("minimum", default=0)
    LABEL = "all"

    def total(self, source):
        return sum(row for row in rows_of(source) if row >= self.minimum)

    @step
    def start(self):
        self.totals = {source: self.total(source) for source in SOURCES}
        self.next(self.summarise)

    @step
    def summarise(self):
        self.best = max(self.totals, key=self.totals.get)
        self.next(self.end)

    @step
    def end(self):
        self.text = f"{self.LABEL}: {sum(self.totals.values())}, most from {self.best}"
        print(self.text)


if __name__ == "__main__":
    ReportFlow()
