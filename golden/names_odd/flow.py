import json
from collections import Counter

from metaflow import FlowSpec, step


def total(values):
    return sum(values)


class OddNamesFlow(FlowSpec):
    """Artifacts whose names mean something else as well."""

    def describe(self, list):
        self.sum = sum(list)
        self.type = type(list).__name__
        return len(list)

    @step
    def start(self):
        list = [3, 1, 2]
        self.list = list
        self.id = id(list) == id(self.list)
        self.json = json.dumps({"list": list})
        self.Counter = Counter("aab")
        self.total = total(list)
        list.append(4)
        self.next(self.forced)

    @step
    def forced(self):
        self.length = self.describe(self.list)
        total_before = self.total
        self.total = total([self.total, 10])
        self.json = json.loads(self.json)
        self.entity, self.ctx, self.node_id = "house", {"user": 1}, "n7"
        self.difference = self.total - total_before
        self.next(self.plain)

    @step
    def plain(self):
        # only reads and writes by name
        self.max = max(self.list) + self.sum
        self.open = self.type.upper()
        self.len = len(self.ctx)
        self.metadata = self.entity + self.node_id
        self.task = self.interface = self.container_image = self.id
        self.NamedTuple = tuple(self.list)
        self.inputs = self.outputs = [self.max]
        self.flow = "flow"
        self.self = "self"
        self.print = print is not None
        self.next(self.end)

    @step
    def end(self):
        entity = f"{self.entity} {self.flow} {self.self}"
        self.sorted = sorted(self.Counter.items())
        self.dict = dict(self.json, total=self.total)
        self.str = str(self.max) + self.open + entity
        self.setattr = [getattr(self, name) for name in ("len", "sum", "task")]
        self.super = self.inputs + self.outputs + [self.metadata, self.print]
        print(self.str, self.sorted, self.dict, self.setattr, self.super, self.NamedTuple)


if __name__ == "__main__":
    OddNamesFlow()
