import pandas as pd
from metaflow import FlowSpec, step


class ForeachPandasFlow(FlowSpec):
    """Over the rows of one table, then over the groups of another."""

    @step
    def start(self):
        self.stores = pd.DataFrame({"store": ["n", "s"], "target": [100.0, 40.0]})
        self.sales = pd.DataFrame({"store": ["n", "s", "n", "n"], "amount": [30.0, 50.0, 45.5, 10.0]})
        self.rows = self.stores.to_dict("records")
        self.next(self.check, foreach="rows")

    @step
    def check(self):
        mine = self.sales[self.sales["store"] == self.input["store"]]
        self.result = {**self.input, "sold": float(mine["amount"].sum())}
        self.reached = self.result["sold"] >= self.input["target"]
        self.next(self.collect)

    @step
    def collect(self, inputs):
        self.table = pd.DataFrame([inp.result for inp in inputs])
        self.table["reached"] = [inp.reached for inp in inputs]
        self.merge_artifacts(inputs, include=["sales"])
        self.next(self.group)

    @step
    def group(self):
        self.groups = [group for _, group in self.sales.groupby("store")]
        self.next(self.describe, foreach="groups")

    @step
    def describe(self):
        self.line = (self.input["store"].iloc[0], len(self.input), self.input["amount"].mean())
        self.next(self.report)

    @step
    def report(self, inputs):
        self.lines = [inp.line for inp in inputs]
        self.table = inputs[0].table
        self.next(self.end)

    @step
    def end(self):
        print(self.table)
        print(self.lines)


if __name__ == "__main__":
    ForeachPandasFlow()
