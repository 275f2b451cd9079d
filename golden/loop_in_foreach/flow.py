from metaflow import FlowSpec, step


class LoopInForeachFlow(FlowSpec):
    """For each start value, halve until it is small; some need more rounds than others."""

    @step
    def start(self):
        self.values = [5, 20]
        self.next(self.prepare, foreach="values")

    @step
    def prepare(self):
        self.value = self.input
        self.path = []
        self.next(self.halve)

    @step
    def halve(self):
        self.path.append((self.index, self.input, self.value))
        self.value //= 2
        self.small = self.value < 4
        self.next({True: self.store, False: self.halve}, condition="small")

    @step
    def store(self):
        self.rounds = len(self.path)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.paths = [inp.path for inp in inputs]
        self.rounds = {inp.input: inp.rounds for inp in inputs}
        self.next(self.end)

    @step
    def end(self):
        print(self.rounds, self.paths)


if __name__ == "__main__":
    LoopInForeachFlow()
