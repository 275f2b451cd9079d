import json
import math
from collections import Counter

from metaflow import FlowSpec, Parameter, step


def score(values):
    return max(values) - min(values)


class NameCollisionsFlow(FlowSpec):
    """Artifacts and steps that share their names with everything else."""

    type = Parameter("type", help="An artifact named like a builtin", default="demo")

    @step
    def start(self):
        values = [3, 1, 2]
        self.values = values + [4]            # like a local of this step
        values.append(100)
        self.total = len(values)
        self.list = list(self.values)         # like a builtin that is used beside it
        self.id = id(self.list) > 0
        self.math = math.sqrt(16)             # like a module
        self.Counter = Counter("hello")       # like an imported class
        self.l = [len(self.list)]
        self.next(self.json)

    # a step named like the module that it uses
    @step
    def json(self):
        self.text = json.dumps({"values": self.values, "type": self.type})
        self.print = "printed"
        print(self.print)
        self.next(self.sum)

    # a step named like a builtin
    @step
    def sum(self):
        self.added = sum(self.values)
        self.score = score(self.values)       # like a function of the module
        report = f"local {self.added}"        # a local named like a later step
        self.report_text = report
        self.next(self.report)

    @step
    def report(self):
        # names that mean something to others
        self.node = 1
        self.with_overrides = 2
        self.count = self.l.count(4)
        self.index_ = self.list.index(4)
        self.help = "no help"
        self.task = "task"
        self.workflow = json.loads(self.text)
        self.class_ = math.floor(self.math)
        self.outputs = {"values": self.values}
        self.next(self.end)

    @step
    def end(self):
        str = "a local named like a builtin: "
        self.value = str + self.type
        self.end_total = sum([self.total, self.count, self.node, self.with_overrides])
        self.letters = sorted(self.Counter)
        math_text = f"{self.math:.1f} {math.pi:.2f}"
        print(self.value, self.end_total, self.letters, math_text, self.task, self.workflow, self.help, self.id)


if __name__ == "__main__":
    NameCollisionsFlow()
