from metaflow import FlowSpec, resources, step


class SplitUnequalFlow(FlowSpec):
    """A branch of three steps beside one of a single step: the join sees the last of each."""

    @step
    def start(self):
        self.prices = [9.99, 24.5, 3.0, 110.0]
        self.next(self.clean, self.baseline)

    @step
    def clean(self):
        self.kept = [price for price in self.prices if price < 100]
        self.note = "clean"
        self.next(self.scale)

    @step
    def scale(self):
        top = max(self.kept)
        self.scaled = [round(price / top, 4) for price in self.kept]
        self.next(self.fit)

    @resources(cpu=2, memory=2048)
    @step
    def fit(self):
        # everything that the branch set so far is still there
        self.level = sum(self.scaled) / len(self.scaled)
        self.used = f"{len(self.kept)} of {len(self.prices)} after {self.note}"
        self.next(self.compare)

    @step
    def baseline(self):
        self.level = sorted(self.prices)[len(self.prices) // 2]
        self.next(self.compare)

    @step
    def compare(self, inputs):
        self.fitted = inputs.fit.level
        self.median = inputs.baseline.level
        self.used = inputs.fit.used
        self.scaled = inputs.fit.scaled
        self.next(self.end)

    @step
    def end(self):
        print(f"fitted {self.fitted:.4f}, median {self.median} ({self.used})")


if __name__ == "__main__":
    SplitUnequalFlow()
