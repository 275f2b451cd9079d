"""A report for each region, with what the quality of its data allows."""
from statistics import mean

from metaflow import FlowSpec, Parameter, schedule, step

READINGS = {
    "north": [4.0, 5.5, 6.0, 5.0],
    "south": [9.0, None, None, 10.5],
    "west": [None, 7.0, 7.5, 8.0],
}


@schedule(daily=True)
class RegionReportFlow(FlowSpec):
    """Good regions get statistics, patchy ones are repaired first, bad ones only a note."""

    regions = Parameter("regions", help="Which", default="north,south,west", separator=",")
    max_gaps = Parameter("max-gaps", help="More of them are bad", default=1)

    @step
    def start(self):
        self.title = f"{len(self.regions)} regions"
        self.next(self.load, foreach="regions")

    @step
    def load(self):
        self.region = self.input
        self.values = list(READINGS[self.region])
        self.gaps = self.values.count(None)
        self.quality = "good" if not self.gaps else "patchy" if self.gaps <= self.max_gaps else "bad"
        self.next(
            {"good": self.statistics, "patchy": self.repair, "bad": self.note},
            condition="quality",
        )

    @step
    def repair(self):
        known = [value for value in self.values if value is not None]
        for i, value in enumerate(self.values):
            if value is None:
                self.values[i] = mean(known)
        self.repaired = self.gaps
        self.next(self.statistics)

    @step
    def statistics(self):
        self.mean = round(mean(self.values), 2)
        self.line = f"{self.region}: {self.mean}"
        if hasattr(self, "repaired"):
            self.line += f" ({self.repaired} repaired)"
        self.next(self.publish)

    @step
    def note(self):
        self.line = f"{self.region}: no data worth the name"
        self.next(self.publish)

    @step
    def publish(self):
        self.page = f"{self.index + 1}/{len(self.regions)} {self.line}"
        self.next(self.collect)

    @step
    def collect(self, inputs):
        self.pages = [inp.page for inp in inputs]
        self.means = {inp.region: inp.mean for inp in inputs if hasattr(inp, "mean")}
        self.bad = [inp.region for inp in inputs if inp.quality == "bad"]
        self.merge_artifacts(inputs, include=["title"])
        self.next(self.end)

    @step
    def end(self):
        print("\n".join([self.title, *self.pages]))


if __name__ == "__main__":
    RegionReportFlow()
