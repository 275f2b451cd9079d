"""A blank card with a report, under retries and a time limit, filled by a helper as well."""

from metaflow import FlowSpec, Parameter, card, current, retry, step, timeout
from metaflow.cards import Markdown
from metaflow.cards import Table as Grid


def summary(values):
    return Markdown(f"Between **{min(values)}** and **{max(values)}**")


class QualityFlow(FlowSpec):
    limit = Parameter("limit", default=3)

    @step
    def start(self):
        self.readings = [1.5, 2.25, 7.0, 3.5]
        self.next(self.check)

    @timeout(minutes=5)
    @retry(times=1, minutes_between_retries=0)
    @card(type="blank", options={"title": "Quality of the readings"})
    @step
    def check(self):
        current.card.append(summary(self.readings))
        if current.retry_count == 0:
            raise ConnectionError("the first attempt fails, and so does its card")
        self.outliers = [value for value in self.readings if value > self.limit]
        self.report()
        self.next(self.end)

    def report(self):
        rows = [[str(place), value] for place, value in enumerate(self.outliers)]
        current.card.append(Grid(rows, headers=["Number", "Value"]))

    @step
    def end(self):
        print(self.outliers)


if __name__ == "__main__":
    QualityFlow()
