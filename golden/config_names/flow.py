from metaflow import Config, FlowSpec, current, step


class NamesFlow(FlowSpec):
    """A config names what its steps set, and what a join leaves out."""

    cfg = Config("cfg", default_value={"target": "score", "drop": ["raw"], "fields": ["low", "high"]})

    @step
    def start(self):
        self.known = current.parameter_names
        self.next(self.one, self.two)

    @step
    def one(self):
        self.raw = [1, 2]
        setattr(self, self.cfg.target, sum(self.raw))
        self.next(self.join)

    @step
    def two(self):
        self.raw = [3]
        for field in self.cfg.fields:
            setattr(self, field, len(field))
        self.next(self.join)

    @step
    def join(self, inputs):
        self.first = inputs.one.cfg.drop[0]
        self.raws = [getattr(each, each.cfg.drop[0]) for each in (inputs.one, inputs.two)]
        self.merge_artifacts(inputs, exclude=self.cfg.drop)
        self.next(self.end)

    @step
    def end(self):
        print(self.score, self.low, self.high, self.raws, self.first)


if __name__ == "__main__":
    NamesFlow()
