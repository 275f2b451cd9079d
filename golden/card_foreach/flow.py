"""Cards of a foreach: one for each element, and one of the join."""

from metaflow import FlowSpec, card, current, step
from metaflow.cards import Markdown, Table


class ScanFlow(FlowSpec):
    @step
    def start(self):
        self.cities = ["Oslo", "Bergen <west>"]
        self.next(self.scan, foreach="cities")

    @card
    @step
    def scan(self):
        self.size = len(self.input)
        current.card.append(Markdown(f"# {self.input}"))
        self.next(self.join)

    @card(type="blank")
    @step
    def join(self, inputs):
        self.sizes = [one.size for one in inputs]
        current.card.append(Table([[size] for size in self.sizes], headers=["size"]))
        self.next(self.end)

    @step
    def end(self):
        print(self.sizes)


if __name__ == "__main__":
    ScanFlow()
