from collections import defaultdict, deque

from metaflow import FlowSpec, step


def largest(rows):
    """Hands back one of the rows themselves, not a copy."""
    return max(rows, key=lambda row: row["value"])


def clean(rows):
    for row in rows:
        row["value"] = abs(row["value"])


class MutationAliasFlow(FlowSpec):
    """Artifacts that are changed through another name."""

    @step
    def start(self):
        self.rows = [{"value": -3, "tags": []}, {"value": 2, "tags": []}]
        self.config = {"model": {"layers": [8]}}
        self.groups = defaultdict(list)
        self.queue = iter([10, 20, 30])
        self.recent = deque(maxlen=2)
        self.shared = self.rows[0]           # two artifacts, one object, in this step only
        self.next(self.alias)

    @step
    def alias(self):
        config = self.config                 # a local alias
        layers = config["model"]["layers"]   # and one of what is inside
        layers.append(4)
        for row in self.rows:                # a loop variable
            row["tags"].append("seen")
        clean(self.rows)                     # a function that changes its argument
        top = largest(self.rows)             # an alias that a function returns
        top["best"] = True
        self.shared["lost"] = True           # changes self.shared, but no longer self.rows
        self.next(self.kept)

    @step
    def kept(self):
        self.layers = self.config["model"]["layers"]   # the alias is an artifact too
        self.layers.append(2)                # changes self.config as well
        self.first, *_ = self.rows
        self.first["value"] += 100
        self.missing = len(self.groups["nobody"])      # reading a defaultdict inserts the key
        self.taken = next(self.queue)        # an iterator moves on
        push = self.recent.append            # a bound method
        for n in range(4):
            push(n)
        self.next(self.check)

    @step
    def check(self):
        self.layers.append(1)                # no longer the same list as in self.config
        self.group_names = list(self.groups)
        self.remaining = list(self.queue)
        _, second = self.rows
        second["tags"] += ["checked"]
        (lambda r: r.update(extra=0))(second)
        self.next(self.end)

    @step
    def end(self):
        self.queue = None
        self.summary = {
            "values": [row["value"] for row in self.rows],
            "tags": [tuple(row["tags"]) for row in self.rows],
            "best": ["best" in row for row in self.rows],
            "lost": "lost" in self.rows[0],
            "config": self.config["model"]["layers"],
            "layers": self.layers,
        }
        print(self.summary, self.group_names, self.taken, self.remaining, list(self.recent))


if __name__ == "__main__":
    MutationAliasFlow()
