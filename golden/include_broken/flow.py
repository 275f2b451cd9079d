"""Reads a table that somebody has saved in the wrong encoding."""

import json

from metaflow import FlowSpec, IncludeFile, catch, retry, step


class BrokenFlow(FlowSpec):
    table = IncludeFile("table", default="table.csv", help="In Latin-1, to everyone's surprise.")
    limits = IncludeFile("limits", default="limits.json", parser=json.loads)

    @step
    def start(self):
        self.rows = ["a", "b"]
        self.next(self.look, foreach="rows")

    @catch(var="failure", print_exception=False)
    @step
    def look(self):
        self.width = self.table.count(self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.failed = ["UnicodeDecodeError" in i.failure.type for i in inputs]
        self.next(self.limit)

    @retry(times=1, minutes_between_retries=0)
    @step
    def limit(self):
        self.most = self.limits["most"]
        self.next(self.end)

    @step
    def end(self):
        print(f"{sum(self.failed)} of {self.most} failed")


if __name__ == "__main__":
    BrokenFlow()
