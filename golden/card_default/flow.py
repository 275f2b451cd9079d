"""The default card shows the task by itself: parameters, artifacts, code and the graph."""

import pandas as pd
from metaflow import FlowSpec, Parameter, card, step


class SalesFlow(FlowSpec):
    """Totals of sales by region."""

    threshold = Parameter("threshold", help="Smallest total to keep", default=10.0)
    currency = Parameter("currency", default="EUR")

    @card
    @step
    def start(self):
        self.sales = pd.DataFrame(
            {"region": ["north", "south", "north"], "total": [8.0, 20.5, 7.25]}
        )
        self.next(self.by_region, self.largest)

    @card(id="regions")
    @step
    def by_region(self):
        totals = self.sales.groupby("region")["total"].sum().to_dict()
        self.totals = {name: total for name, total in totals.items() if total > self.threshold}
        self.next(self.join)

    @step
    def largest(self):
        self.most = float(self.sales["total"].max())
        self.next(self.join)

    @card
    @step
    def join(self, inputs):
        self.message = f"{inputs.largest.most} {self.currency} of {len(inputs.by_region.totals)}"
        self.next(self.end)

    @step
    def end(self):
        print(self.message)


if __name__ == "__main__":
    SalesFlow()
