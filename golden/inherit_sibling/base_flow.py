"""What all scoring flows have in common."""

import math
from collections import OrderedDict

from metaflow import FlowSpec, Parameter, retry, step

SCALE = 10
_PRECISION = 3


def logistic(x):
    return round(1 / (1 + math.exp(-x)), _PRECISION)


class BaseFlow(FlowSpec):
    """Load, score and publish."""

    threshold = Parameter("threshold", help="Accept from here on", default=0.5)
    FIELDS = ("id", "score")

    def scored(self, x):
        self.scored_count = getattr(self, "scored_count", 0) + 1
        return logistic(x / SCALE)

    @property
    def columns(self):
        return OrderedDict((field, field.title()) for field in self.FIELDS)

    @retry(times=1)
    @step
    def start(self):
        self.inputs_ = [-20, 0, 5, 30]
        self.next(self.score)

    @step
    def score(self):
        self.scores = [self.scored(x) for x in self.inputs_]
        self.next(self.publish)

    @step
    def publish(self):
        self.accepted = [s for s in self.scores if s >= self.threshold]
        self.header = list(self.columns.values())
        self.next(self.end)

    @step
    def end(self):
        print(self.accepted, self.header)
