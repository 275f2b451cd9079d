from metaflow import FlowSpec, Parameter, step


class GraphNamesFlow(FlowSpec):
    """Artifacts with the names that generated code would like to have."""

    rounds = Parameter("rounds", default=2)

    @step
    def start(self):
        self.next_step = ["rest", "work"]
        self.work_indices = {"a": 1}
        self.item = "an item"
        self.indices = [3, 4]
        self.branches = 0
        self.next(self.loop)

    @step
    def loop(self):
        self.branches += 1
        self.foreach_indices = [self.branches]
        self.again = self.branches < self.rounds
        self.next({True: self.loop, False: self.pick}, condition="again")

    @step
    def pick(self):
        self.choice = self.next_step[-1]
        self.next({"work": self.fan, "rest": self.rest}, condition="choice")

    @step
    def fan(self):
        self.next(self.work, foreach="indices")

    @step
    def work(self):
        index = self.index
        self.each = (self.input, self.input + index, self.item)
        self.next(self.check)

    @step
    def check(self):
        self.inputs = len(self.work_indices) + self.index
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.each = [inp.each for inp in inputs]
        self.inputs_each = [inp.inputs for inp in inputs]
        self.merge_artifacts(inputs, exclude=["inputs"])
        self.next(self.last)

    @step
    def rest(self):
        self.each = None
        self.next(self.last)

    @step
    def last(self):
        self.next(self.one, self.two)

    @step
    def one(self):
        self.Inputs = 1
        self.next(self.join)

    @step
    def two(self):
        self.Inputs = 2
        self.one_Inputs = "two"
        self.next(self.join)

    @step
    def join(self, branches):
        self.SimpleNamespace = sorted(branch.Inputs for branch in branches)
        self.zip_ = list(zip("ab", self.SimpleNamespace))
        self.one_Inputs = branches.two.one_Inputs
        self.merge_artifacts(branches, exclude=["Inputs"])
        self.next(self.end)

    @step
    def end(self):
        print(self.next_step, self.work_indices, self.each, self.branches)


if __name__ == "__main__":
    GraphNamesFlow()
