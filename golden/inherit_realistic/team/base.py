"""The flow on which all flows of the team are built."""

import json

from metaflow import FlowSpec, Parameter, resources, retry, step

from team.checks import CheckMixin

DEFAULT_ROWS = 6


def sized(rows):
    return len(json.dumps(rows))


class TableFlow(CheckMixin, FlowSpec):
    """Extract a table, check it, transform it in parts, and load it."""

    rows = Parameter("rows", help="Rows to extract", default=DEFAULT_ROWS)
    dry_run = Parameter("dry_run", help="Load nothing", default=False)

    table = "unknown"
    PARTS = 2

    def extract(self):
        raise NotImplementedError

    def transform(self, row):
        return row

    def audit(self, event):
        self.audit_trail.append(f"{self.table}:{event}")

    @property
    def target(self):
        return f"warehouse.{self.table}" if not self.dry_run else None

    @retry(times=1, minutes_between_retries=0)
    @step
    def start(self):
        self.audit_trail = []
        self.data = self.extract()
        self.audit("extracted")
        self.next(self.check)

    @step
    def check(self):
        self.checked = self.run_checks(self.data)
        self.audit("checked")
        self.parts = [self.checked[n :: self.PARTS] for n in range(self.PARTS)]
        self.next(self.convert, foreach="parts")

    @resources(memory=1000)
    @step
    def convert(self):
        self.converted = [self.transform(row) for row in self.input]
        self.next(self.combine)

    @step
    def combine(self, inputs):
        self.merge_artifacts(inputs, exclude=["converted", "parts"])
        self.converted = [row for part in inputs for row in part.converted]
        self.audit("combined")
        self.next(self.end)

    @step
    def end(self):
        if self.target:
            self.loaded = {"target": self.target, "bytes": sized(self.converted)}
        self.audit("loaded" if self.target else "dry run")
        print(self.audit_trail, getattr(self, "loaded", None))
