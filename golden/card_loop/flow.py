"""A loop whose step has a card: one for each round."""

from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import ValueBox


class DescentFlow(FlowSpec):
    rate = Parameter("rate", default=0.25)

    @step
    def start(self):
        self.x = 4.0
        self.rounds = 0
        self.next(self.descend)

    @card
    @step
    def descend(self):
        self.x -= self.rate * 2 * self.x
        self.rounds += 1
        self.state = "near" if abs(self.x) < 0.3 else "far"
        current.card.append(ValueBox("x", self.x, subtitle=f"round {self.rounds}"))
        self.next({"far": self.descend, "near": self.end}, condition="state")

    @step
    def end(self):
        print(self.x, self.rounds)


if __name__ == "__main__":
    DescentFlow()
