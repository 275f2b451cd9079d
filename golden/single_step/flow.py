from metaflow import FlowSpec, Parameter, step


class SingleStepFlow(FlowSpec):
    """Everything happens in one step, which is start and end at once."""

    limit = Parameter("limit", help="Sum the squares below this number", default=10)

    @step
    def compute(self):
        # no self.next: the only step of a flow ends it
        self.squares = [n * n for n in range(self.limit)]
        self.total = sum(self.squares)
        print(f"sum of {self.limit} squares: {self.total}")


if __name__ == "__main__":
    SingleStepFlow()
