from metaflow import FlowSpec, Parameter, step


class MergeAllFlow(FlowSpec):
    """Whatever the branches did not contradict goes on: old, new and from one branch only."""

    country = Parameter("country", help="Where the customers are", default="DE")

    @step
    def start(self):
        self.customers = ["ann", "bob", "cleo"]
        self.dropped = []
        self.batch = 17
        self.next(self.ages, self.incomes)

    @step
    def ages(self):
        self.age = dict(zip(self.customers, [31, 45, 28]))
        self.source = "registry"
        self.next(self.join)

    @step
    def incomes(self):
        self.income = {name: 30_000 + 5_000 * i for i, name in enumerate(self.customers)}
        self.source = "registry"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs)
        # it is all here at once
        self.rows = [(name, self.age[name], self.income[name]) for name in self.customers]
        self.next(self.end)

    @step
    def end(self):
        print(self.country, self.batch, self.source, self.rows, self.dropped)


if __name__ == "__main__":
    MergeAllFlow()
