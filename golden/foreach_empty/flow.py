from metaflow import FlowSpec, Parameter, step


class ForeachEmptyFlow(FlowSpec):
    """A list without items fails the step that would go over it."""

    least = Parameter("least", help="Ignore smaller amounts", default=100)

    @step
    def start(self):
        self.amounts = [amount for amount in (5, 12, 40) if amount >= self.least]
        self.next(self.tax, foreach="amounts")

    @step
    def tax(self):
        self.due = self.input * 19 // 100
        self.next(self.join)

    @step
    def join(self, inputs):
        self.due = [inp.due for inp in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(sum(self.due))


if __name__ == "__main__":
    ForeachEmptyFlow()
