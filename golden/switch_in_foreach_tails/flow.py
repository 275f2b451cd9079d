from metaflow import FlowSpec, Parameter, step


class SwitchInForeachTailsFlow(FlowSpec):
    """The ways of the items do not meet before the join, which sorts what comes from where."""

    cheap = Parameter("cheap", help="Never take the accurate model", default=False)

    @step
    def start(self):
        self.images = [{"id": "x", "pixels": 90}, {"id": "y", "pixels": 400}, {"id": "z", "pixels": 70}]
        self.next(self.choose, foreach="images")

    @step
    def choose(self):
        self.image = self.input
        self.accurate = self.image["pixels"] > 100 and not self.cheap
        self.next({True: self.prepare, False: self.fast}, condition="accurate")

    @step
    def fast(self):
        self.label = "small"
        self.next(self.join)

    @step
    def prepare(self):
        self.image["prepared"] = True
        self.next(self.slow)

    @step
    def slow(self):
        self.label = "big"
        self.confidence = 0.9
        self.next(self.join)

    @step
    def join(self, inputs):
        ordered = sorted(inputs, key=lambda inp: inp.index)
        self.labels = {inp.image["id"]: inp.label for inp in ordered}
        self.confidences = [getattr(inp, "confidence", None) for inp in ordered]
        self.images = [inp.image for inp in ordered]
        self.slow_count = sum(1 for inp in inputs if inp.accurate)
        self.next(self.end)

    @step
    def end(self):
        print(self.labels, self.confidences, self.images, self.slow_count)


if __name__ == "__main__":
    SwitchInForeachTailsFlow()
