import time as os
from functools import lru_cache as functools
from time import sleep as time

from metaflow import FlowSpec, Parameter, environment, resources, retry, step, timeout


class Artifact:
    """Named like a part of the generated prelude."""

    def __init__(self, label):
        self.label = label


def task(values):
    return [value + 1 for value in values]


def given(values):
    return any(values)


@functools(maxsize=None)
def workflow(n):
    return n * 2


Resources = {"cpu": 4}
LaunchPlan = ("named", "tuple")


class SymbolCollisionsFlow(FlowSpec):
    """The module's own names are those that generated code would like to use."""

    copy = Parameter("copy", default="a,b", separator=",", help="A list in text")

    @environment(vars={"MODE": "fast"})
    @retry(times=1, minutes_between_retries=0)
    @timeout(minutes=1)
    @resources(cpu=1)
    @step
    def start(self):
        time(0)
        self.began = os.time() > 0
        self.thing = Artifact("x" * Resources["cpu"])
        self.values = task([1, 2, workflow(4)])
        if given(self.values):
            self.maybe = LaunchPlan
        self.next(self.environment)

    @step
    def environment(self):
        json = {"values": self.values}
        Unset = self.copy[0]
        self.label = f"{self.thing.label} {json} {Unset} {self.maybe}"
        self.next(self.end)

    @step
    def end(self):
        print(self.label)


if __name__ == "__main__":
    SymbolCollisionsFlow()
