from metaflow import FlowSpec, JSONType, Parameter, step

SALES = {"eu": [3, 20, 50], "us": [10, 7], "apac": []}


class ForeachParameterFlow(FlowSpec):
    """Over parameters: a string that arrives as a list, and JSON."""

    regions = Parameter("regions", help="Which to load", default="eu,apac", separator=",")
    filters = Parameter("filters", help="What to count", type=JSONType,
                        default='[{"min": 5}, {"min": 25, "label": "big"}]')

    @step
    def start(self):
        self.next(self.load, foreach="regions")

    @step
    def load(self):
        self.region = self.input
        self.rows = SALES[self.region]
        self.next(self.loaded)

    @step
    def loaded(self, inputs):
        self.rows = [row for inp in inputs for row in inp.rows]
        self.sizes = {inp.region: len(inp.rows) for inp in inputs}
        self.next(self.fan)

    @step
    def fan(self):
        self.rows.sort()
        self.next(self.count, foreach="filters")

    @step
    def count(self):
        self.hits = sum(row >= self.input["min"] for row in self.rows)
        self.label = self.input.get("label", f"filter {self.index}")
        self.next(self.counted)

    @step
    def counted(self, inputs):
        self.counts = {inp.label: inp.hits for inp in inputs}
        self.merge_artifacts(inputs, include=["rows", "sizes"])
        self.next(self.end)

    @step
    def end(self):
        print(self.regions, self.sizes, self.rows, self.counts)


if __name__ == "__main__":
    ForeachParameterFlow()
