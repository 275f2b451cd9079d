from metaflow import FlowSpec, Parameter, step


class MetricsFlow(FlowSpec):
    """One artifact for each metric, and only the data knows which there are."""

    metrics = Parameter("metrics", help="Separated by commas", default="mean,peak")

    def compute(self, values):
        everything = {
            "mean": sum(values) / len(values),
            "peak": max(values),
            "spread": max(values) - min(values),
        }
        return {name: everything[name] for name in self.metrics.split(",")}

    @step
    def start(self):
        self.values = [2.0, 8.0, 5.0]
        for name, value in self.compute(self.values).items():
            setattr(self, name, value)
            setattr(self, f"{name}_rounded", round(value))
        self.next(self.compare)

    @step
    def compare(self):
        self.read = [getattr(self, name) for name in self.metrics.split(",")]
        self.total = sum(getattr(self, f"{name}_rounded") for name in self.metrics.split(","))
        self.double_peak = self.peak * 2
        setattr(self, self.metrics.split(",")[0], -1)
        self.next(self.end)

    @step
    def end(self):
        self.found = {
            name: getattr(self, name, None) for name in ("mean", "peak", "spread", "median")
        }
        print(self.read, self.total, self.double_peak, self.found)


if __name__ == "__main__":
    MetricsFlow()
