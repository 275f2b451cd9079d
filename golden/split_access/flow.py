from metaflow import FlowSpec, step


class SplitAccessFlow(FlowSpec):
    """The many ways in which a join gets at its inputs; no result depends on their order."""

    @step
    def start(self):
        self.points = [(0, 1), (1, 3), (2, 5)]
        self.next(self.constant, self.identity, self.linear)

    @step
    def constant(self):
        self.model = "constant"
        self.error = sum(abs(y - 3) for _, y in self.points)
        self.next(self.choose)

    @step
    def identity(self):
        self.model = "identity"
        self.error = sum(abs(y - x) for x, y in self.points)
        self.next(self.choose)

    @step
    def linear(self):
        self.model = "linear"
        self.error = sum(abs(y - (2 * x + 1)) for x, y in self.points)
        self.next(self.choose)

    @step
    def choose(self, inputs):
        self.best = min(inputs, key=lambda inp: inp.error).model
        self.worst = max(inputs, key=lambda inp: (inp.error, inp.model)).model
        self.ranking = [inp.model for inp in sorted(inputs, key=lambda inp: inp.error)]
        self.errors = sorted(map(lambda inp: inp.error, inputs))
        self.bad = sorted(inp.model for inp in filter(lambda inp: inp.error > 0, inputs))
        self.places = [place for place, _ in enumerate(inputs, start=1)]
        self.zipped = sorted(inp.model[0] for _, inp in zip(range(5), inputs))
        self.by_model = dict(sorted((inp.model, inp.error) for inp in inputs))
        everything = list(inputs)
        self.count = len(everything)
        self.total = inputs[0].error + inputs[1].error + inputs[-1].error
        self.same_total = sum(inp.error for inp in inputs[:2]) + inputs[2:][0].error
        self.ends = sum(inp.error for inp in (inputs[0], inputs[-1])) + inputs[-2].error
        self.perfect = any(inp.error == 0 for inp in inputs)
        self.points = inputs[0].points
        first, *others = inputs
        self.others = len(others)
        self.agree = all(inp.points == first.points for inp in others)
        self.gap = inputs.identity.error - inputs.linear.error
        total = 0
        for inp in inputs:
            if inp.model == "constant":
                continue
            total += inp.error
        self.without_constant = total
        self.next(self.end)

    @step
    def end(self):
        print(self.best, self.ranking, self.errors, self.by_model)


if __name__ == "__main__":
    SplitAccessFlow()
