import json
from contextlib import contextmanager

from metaflow import FlowSpec, step


@contextmanager
def section(title):
    """Collects lines under a title."""
    lines = [title]
    yield lines
    lines.append("end of " + title)


class StoresFlow(FlowSpec):
    """All the ways to assign an artifact."""

    @step
    def start(self):
        self.low, self.high = 1, 9                       # a tuple of targets
        self.first, *self.rest = [1, 2, 3]               # starred
        (self.a, (self.b, other)), [self.c, _] = (1, (2, 3)), [4, 5]   # nested
        self.left = self.right = self.mid = 0.5          # chained
        self.threshold: float = other / 2                # annotated
        self.later: int                                  # an annotation alone stores nothing
        self.next(self.loops)

    @step
    def loops(self):
        for self.current_row in range(4):                # a loop target: keeps the last item
            pass
        for self.key, value in {"x": 1, "y": 2}.items():
            self.low += value                            # augmented
        self.high //= 2
        self.rest *= 2
        with section("notes") as self.notes:             # a context manager's target
            self.notes.append(f"row {self.current_row}")
        self.later = 5
        self.next(self.swap)

    @step
    def swap(self):
        self.left, self.right = self.right + 1, self.left    # reads before it stores
        if (n := len(self.rest)) > 3:                        # walrus, reading an artifact
            self.long = n
        self.total = [(total := self.a), total := total + self.b][-1]
        self.payload = json.dumps({"key": self.key}); self.size = len(self.payload)
        self.next(self.end)

    @step
    def end(self):
        self.low, local = local, self.low = self.low, self.high
        self.all_of_it = (self.low, self.high, self.first, self.rest, self.a, self.b, self.c, self.left, self.mid,
                          self.right, self.threshold, self.later, self.key, self.notes, self.long, self.total,
                          self.size, local)
        print(self.all_of_it)


if __name__ == "__main__":
    StoresFlow()
