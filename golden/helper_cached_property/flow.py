from functools import cached_property

from metaflow import FlowSpec, Parameter, step


class LookupFlow(FlowSpec):
    """A table that is computed when it is needed."""

    size = Parameter("size", default=3)

    @cached_property
    def _table(self):
        return {n: n * n for n in range(self.size)}

    @step
    def start(self):
        self.squares = [self._table[n] for n in range(self.size)]
        self._table[99] = "added"
        self.next(self.look)

    @step
    def look(self):
        self.added = self._table.get(99)
        self._table[self.size] = self.size**2
        self.biggest = max(self._table)
        self.next(self.end)

    @step
    def end(self):
        print(self.squares, self.added, self.biggest)


if __name__ == "__main__":
    LookupFlow()
