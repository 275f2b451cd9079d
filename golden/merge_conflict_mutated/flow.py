from metaflow import FlowSpec, Parameter, step


class MergeConflictMutatedFlow(FlowSpec):
    """A branch that changes what it inherited contradicts one that did not."""

    threshold = Parameter("threshold", help="Amounts above are cut", default=10)

    @step
    def start(self):
        self.amounts = [4, 8, 15, 16, 23, 42]
        self.next(self.cut, self.count)

    @step
    def cut(self):
        for i, amount in enumerate(self.amounts):
            if amount > self.threshold:
                self.amounts[i] = self.threshold
        self.next(self.join)

    @step
    def count(self):
        self.size = len(self.amounts)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs)
        self.next(self.end)

    @step
    def end(self):
        print(self.amounts, self.size)


if __name__ == "__main__":
    MergeConflictMutatedFlow()
