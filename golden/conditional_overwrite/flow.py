from metaflow import FlowSpec, Parameter, step


class ConditionalOverwriteFlow(FlowSpec):
    """Artifacts that a later step replaces in some runs only."""

    outliers = Parameter("outliers", help="Replace the outliers", default=True)
    shift = Parameter("shift", default=0)

    @step
    def start(self):
        self.values = [1.0, 2.0, 99.0]
        self.status = "raw"
        self.history = ["start"]
        self.best = None
        self.next(self.clean)

    @step
    def clean(self):
        if self.outliers:
            self.values = [v if v < 50 else 2.0 for v in self.values]
            self.status = "clean"
        if self.shift:
            self.history.append(f"shifted by {self.shift}")
            self.values = [v + self.shift for v in self.values]
        self.next(self.search)

    @step
    def search(self):
        for value in self.values:
            if value > 1.5:
                self.best = value       # other types in other runs: None, or a float
                break
        if self.status == "raw":
            self.status = 0             # a str becomes an int
        self.next(self.end)

    @step
    def end(self):
        self.line = f"{self.status}: {self.best} of {self.values}, {self.history}"
        print(self.line)


if __name__ == "__main__":
    ConditionalOverwriteFlow()
