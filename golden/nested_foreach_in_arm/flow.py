from metaflow import FlowSpec, step


class NestedForeachInArmFlow(FlowSpec):
    """One branch goes over candidates, the other looks at the data as a whole."""

    @step
    def start(self):
        self.demand = [4, 6, 9, 11]
        self.next(self.candidates, self.baseline)

    @step
    def candidates(self):
        self.slopes = [1, 2, 3]
        self.next(self.fit, foreach="slopes")

    @step
    def fit(self):
        self.slope = self.input
        self.loss = sum((y - (4 + self.slope * x)) ** 2 for x, y in enumerate(self.demand))
        self.next(self.choose)

    @step
    def choose(self, inputs):
        best = min(inputs, key=lambda inp: inp.loss)
        self.slope, self.loss = best.slope, best.loss
        self.losses = [inp.loss for inp in inputs]
        self.merge_artifacts(inputs, include=["demand"])
        self.next(self.join)

    @step
    def baseline(self):
        mean = sum(self.demand) / len(self.demand)
        self.loss = sum((y - mean) ** 2 for y in self.demand)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.gain = round(1 - inputs.choose.loss / inputs.baseline.loss, 4)
        self.merge_artifacts(inputs, exclude=["loss"])
        self.next(self.end)

    @step
    def end(self):
        print(self.slope, self.losses, self.gain, self.demand, hasattr(self, "slopes"))


if __name__ == "__main__":
    NestedForeachInArmFlow()
