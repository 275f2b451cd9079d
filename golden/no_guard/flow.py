from metaflow import FlowSpec, step


class NoGuardFlow(FlowSpec):
    """Called at the bottom of the module, without a guard."""

    @step
    def start(self):
        self.numbers = [3, 1, 2]
        self.next(self.end)

    @step
    def end(self):
        self.ordered = sorted(self.numbers)
        print(self.ordered)


NoGuardFlow()
