from metaflow import FlowSpec, step


class Model:
    """Keeps what it has seen."""

    def __init__(self):
        self.seen = []
        self.best = None

    def update(self, value):
        self.seen.append(value)
        return len(self.seen)

    def __eq__(self, other):
        return vars(self) == vars(other)


class MutationFlow(FlowSpec):
    """An artifact that is changed in place stays changed."""

    @step
    def start(self):
        self.log = []
        self.counts = {"start": 1, "old": 0}
        self.matrix = [[0, 0], [0, 0]]
        self.labels = {"a"}
        self.model = Model()
        self.untouched = [1, 2, 3]
        self.next(self.change)

    @step
    def change(self):
        self.log.append("change")            # a method that mutates
        self.counts["change"] = 1            # an item store
        self.counts["start"] += 1            # an augmented item
        del self.counts["old"]               # a deleted item
        self.matrix[0][1] = 5                # an item of an item
        self.labels |= {"b"}                 # augmented, in place for a set
        self.model.best = 0.5                # an attribute store
        self.next(self.more)

    @step
    def more(self):
        self.log += ["more", "and more"]     # augmented, in place for a list
        seen = self.model.update(len(self.log))   # a method of the module's class
        self.model.seen[0] *= 10
        self.matrix[1:] = [[7, 7], [8, 8]]   # a slice
        self.log.sort(key=len)
        self.counts.setdefault("seen", seen)
        self.next(self.end)

    @step
    def end(self):
        self.result = (list(self.log), dict(self.counts), self.matrix[0][1], self.model.best, self.model.seen[0])
        print(self.result, sorted(self.labels), self.untouched)


if __name__ == "__main__":
    MutationFlow()
