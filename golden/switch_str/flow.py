from metaflow import FlowSpec, Parameter, step


class SwitchStrFlow(FlowSpec):
    """Few rows are summed exactly, many are sampled first, which takes a step more."""

    rows = Parameter("rows", help="How many rows there are", default=10)

    @step
    def start(self):
        self.data = [n * n for n in range(self.rows)]
        self.size = "big" if len(self.data) > 5 else "small"
        self.next({"small": self.exact, "big": self.sample}, condition="size")

    @step
    def exact(self):
        self.total = sum(self.data)
        self.method = "exact"
        self.next(self.report)

    @step
    def sample(self):
        self.picked = self.data[::2]
        self.next(self.estimate)

    @step
    def estimate(self):
        self.total = sum(self.picked) * len(self.data) / len(self.picked)
        self.method = "sampled"
        self.next(self.report)

    @step
    def report(self):
        self.text = f"{self.total} ({self.method}, {self.size})"
        self.next(self.end)

    @step
    def end(self):
        print(self.text, len(self.data))


if __name__ == "__main__":
    SwitchStrFlow()
