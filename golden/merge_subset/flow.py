from metaflow import FlowSpec, step


class MergeSubsetFlow(FlowSpec):
    """Two of three branches are merged: the third contradicts them, and is looked at alone."""

    @step
    def start(self):
        self.raw = " Lamp;19.90 "
        self.encoding = "utf-8"
        self.next(self.title_of, self.price, self.guess)

    @step
    def title_of(self):
        self.title = self.raw.strip().split(";")[0]
        self.parser = "strict"
        self.next(self.join)

    @step
    def price(self):
        self.amount = float(self.raw.strip().split(";")[1])
        self.parser = "strict"
        self.next(self.join)

    @step
    def guess(self):
        self.raw = self.raw.upper()
        self.title = "LAMP?"
        self.parser = "lenient"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts([inputs.title_of, inputs.price])
        self.alternative = (inputs.guess.title, inputs.guess.parser, inputs.guess.raw)
        self.next(self.end)

    @step
    def end(self):
        print(self.title, self.amount, self.parser, self.encoding, repr(self.raw), self.alternative)


if __name__ == "__main__":
    MergeSubsetFlow()
