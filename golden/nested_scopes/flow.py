from functools import reduce

from metaflow import FlowSpec, Parameter, step


class NestedScopesFlow(FlowSpec):
    """Artifacts that are read inside functions, lambdas and comprehensions of a step."""

    factor = Parameter("factor", default=3)

    @step
    def start(self):
        self.values = [4, 1, 3]
        self.weights = {"a": 2, "b": 5}
        self.bias = 10
        self.next(self.functions)

    @step
    def functions(self):
        def scaled(x, by=self.factor):
            """The default is taken now, the bias when it is called."""
            return x * by + self.bias

        before = [scaled(v) for v in self.values]
        self.bias = 100                                   # late binding: scaled sees this
        after = [scaled(v) for v in self.values]

        def outer():
            bias = 0                                      # a local, not the artifact

            def inner(v):
                nonlocal bias
                bias += v
                return bias + self.bias

            return [inner(v) for v in self.values]

        self.before, self.after, self.sums = before, after, outer()
        self.next(self.expressions)

    @step
    def expressions(self):
        rank = lambda name: -self.weights[name]
        self.ranked = sorted(self.weights, key=rank)
        self.pairs = [(v, w) for v in self.values if v > 1 for w in self.weights.values() if w * v > self.factor]
        self.table = {v: {name: v * self.weights[name] for name in self.weights} for v in self.values}
        self.unique = {v % self.factor for v in self.values}
        self.total = sum(v * self.bias for v in self.values)
        self.product = reduce(lambda acc, v: acc * v + self.bias, self.values, 1)
        late = [lambda: self.offset for _ in range(2)]    # the artifact does not exist yet
        self.offset = -1
        self.offsets = [f() for f in late]
        self.next(self.end)

    @step
    def end(self):
        class Row:
            """A class in a step, with an artifact in its body and in its method."""

            width = self.factor

            def __init__(self, value):                    # another self
                self.value = value
                self.bias = 1

            def shifted(self):
                return self.value + self.bias

        flow_bias = self.bias
        self.rows = [Row(v).shifted() + Row.width + flow_bias for v in self.values]
        print(self.before, self.after, self.sums, self.ranked, self.pairs, self.total, self.product, self.rows)


if __name__ == "__main__":
    NestedScopesFlow()
