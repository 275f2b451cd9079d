from metaflow import FlowSpec, Parameter, step


class BareReturnFlow(FlowSpec):
    """A step that returns without self.next fails the run."""

    rows = Parameter("rows", default=3)

    @step
    def start(self):
        self.values = list(range(self.rows))
        self.next(self.average)

    @step
    def average(self):
        if not self.values:
            print("nothing to do")
            return                      # a mistake: no transition
        self.mean = sum(self.values) / len(self.values)
        self.next(self.end)

    @step
    def end(self):
        print(self.mean)


if __name__ == "__main__":
    BareReturnFlow()
