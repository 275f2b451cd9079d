from metaflow import FlowSpec, step


class NestedStackFlow(FlowSpec):
    """A small grid; each task knows its place in both foreaches."""

    @step
    def start(self):
        self.depths = (2, 4)
        self.seed = 100
        self.next(self.depth, foreach="depths")

    @step
    def depth(self):
        self.stack_before = self.foreach_stack()
        self.rates = [0.1, 0.5] if self.input == 2 else [0.2]
        self.next(self.train, foreach="rates")

    @step
    def train(self):
        (outer, outer_count, depth), (inner, inner_count, rate) = self.foreach_stack()
        self.run_name = f"{outer + 1}/{outer_count} {inner + 1}/{inner_count}"
        self.score = self.seed - depth * rate
        self.stack = self.foreach_stack()
        self.next(self.join_rates)

    @step
    def join_rates(self, inputs):
        self.names = [inp.run_name for inp in inputs]
        self.stacks = [inp.stack for inp in inputs]
        self.score = max(inp.score for inp in inputs)
        # the list is not known here, hence no item
        self.item = self.input
        self.merge_artifacts(inputs, exclude=["run_name", "stack", "rates", "depths"])
        self.next(self.join_depths)

    @step
    def join_depths(self, inputs):
        self.names = [inp.names for inp in inputs]
        self.stacks = [inp.stacks for inp in inputs]
        self.before = [inp.stack_before for inp in inputs]
        self.items = [inp.item for inp in inputs]
        self.score = max(inp.score for inp in inputs)
        self.merge_artifacts(inputs, include=["seed"])
        self.next(self.end)

    @step
    def end(self):
        print(self.seed, self.score, self.names, self.stacks, self.before, self.items)


if __name__ == "__main__":
    NestedStackFlow()
