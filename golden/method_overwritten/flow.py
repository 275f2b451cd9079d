from metaflow import FlowSpec, step


class ScaleFlow(FlowSpec):
    """A value that takes the place of a method, until the next step."""

    def scale(self, x):
        return x * 100

    def offset(self):
        return 7

    def choose(self, kind):
        """Also a helper may do it."""
        if kind == "none":
            self.offset = 0
        return self.offset

    @step
    def start(self):
        self.rows = [1, 2]
        self.before = self.scale(3)
        self.scale = 5
        self.scaled = [row * self.scale for row in self.rows]
        self.next(self.again)

    @step
    def again(self):
        self.rescaled = [self.scale(row) for row in self.rows]
        self.is_method = callable(self.scale)
        self.chosen = self.choose("none")
        self.shadowed = self.offset
        self.next(self.end)

    @step
    def end(self):
        self.restored = self.offset()
        self.same = self.scale(2)
        print(self.before, self.scaled, self.rescaled, self.chosen, self.restored)


if __name__ == "__main__":
    ScaleFlow()
