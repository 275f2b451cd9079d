from metaflow import FlowSpec, Parameter, step


class SplitParametersFlow(FlowSpec):
    """Parameters are there in the branches, in the join itself and through its inputs."""

    budget = Parameter("budget", help="EUR to spend", default=1000.0)
    channels = Parameter("channels", help="Where to advertise", default="mail,tv,web", separator=",")
    cap = Parameter("cap", help="Most a channel may get", type=int)

    @step
    def start(self):
        self.share = self.budget / len(self.channels)
        self.next(self.even, self.front)

    @step
    def even(self):
        self.plan = {channel: self.share for channel in self.channels}
        self.next(self.pick)

    @step
    def front(self):
        rest = self.budget
        self.plan = {}
        for channel in self.channels:
            self.plan[channel] = rest / 2
            rest -= rest / 2
        self.next(self.pick)

    @step
    def pick(self, inputs):
        limit = self.cap if self.cap is not None else self.budget
        self.plans = sorted(list(inp.plan.values()) for inp in inputs)
        self.same = inputs.even.budget == inputs.front.budget == inputs[0].budget == self.budget
        self.wanted = inputs.front.channels + ["total"]
        self.limited = {name: min(amount, limit) for name, amount in inputs.front.plan.items()}
        self.next(self.end)

    @step
    def end(self):
        self.spent = sum(self.limited.values())
        print(f"{self.spent} of {self.budget} for {self.wanted}")


if __name__ == "__main__":
    SplitParametersFlow()
