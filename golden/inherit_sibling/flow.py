import math

from base_flow import SCALE, BaseFlow
from metaflow import step


def steepness(x):
    """Not the function of the base."""
    return math.tanh(x)


class FraudFlow(BaseFlow):
    """Scores of payments."""

    FIELDS = ("id", "score", "country")

    @step
    def score(self):
        doubled = [x * 2 for x in self.inputs_]
        self.scores = [self.scored(x) for x in doubled]
        self.steepest = round(steepness(max(doubled) / SCALE), 4)
        self.next(self.publish)


if __name__ == "__main__":
    FraudFlow()
