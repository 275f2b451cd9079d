from metaflow import FlowSpec, step


class ForeachConditionalFlow(FlowSpec):
    """What a task sets depends on its item, and the join asks each of them."""

    @step
    def start(self):
        self.texts = ["12", "n/a", "7.5", ""]
        self.unit = "kg"
        self.next(self.parse, foreach="texts")

    @step
    def parse(self):
        text = self.input
        if text:
            self.raw = text
        try:
            self.value = float(text)
        except ValueError as error:
            self.problem = str(error)
        if self.index == 2:
            self.unit = "lb"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.values = [inp.value for inp in inputs if hasattr(inp, "value")]
        self.raws = [getattr(inp, "raw", None) for inp in inputs]
        self.problems = {inp.index: inp.problem for inp in inputs if hasattr(inp, "problem")}
        self.units = [inp.unit for inp in inputs]
        try:
            self.total = sum(inp.value for inp in inputs)
        except AttributeError:
            self.total = None
        self.next(self.end)

    @step
    def end(self):
        print(self.values, self.raws, self.problems, self.units, self.total)


if __name__ == "__main__":
    ForeachConditionalFlow()
