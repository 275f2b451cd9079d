from metaflow import FlowSpec, Parameter, step


class SwitchSkipFlow(FlowSpec):
    """Clean data skip the cleaning: that case leads straight to where the others meet."""

    lines = Parameter("lines", help="What to load", default="a,,c,a", separator=",")

    @step
    def start(self):
        self.rows = list(self.lines)
        if "" in self.rows:
            self.problem = "gaps"
        elif len(set(self.rows)) < len(self.rows):
            self.problem = "duplicates"
        else:
            self.problem = "none"
        self.next(
            {"gaps": self.fill, "duplicates": self.dedupe, "none": self.load},
            condition="problem",
        )

    @step
    def fill(self):
        for i, row in enumerate(self.rows):
            if not row:
                self.rows[i] = "?"
                self.filled = getattr(self, "filled", 0) + 1
        self.next(self.dedupe)

    @step
    def dedupe(self):
        self.rows = list(dict.fromkeys(self.rows))
        self.next(self.load)

    @step
    def load(self):
        self.count = len(self.rows)
        self.next(self.end)

    @step
    def end(self):
        print(self.problem, self.rows, self.count, getattr(self, "filled", None))


if __name__ == "__main__":
    SwitchSkipFlow()
