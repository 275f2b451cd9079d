from metaflow import Config, FlowSpec, Parameter, step


class TuneFlow(FlowSpec):
    """The cases of its switches and the items of a foreach are configs."""

    modes = Config("modes", default_value={"small": "s", "large": "l", "limit": 3, "done": True})
    sizes = Config("sizes", default_value="[1, 2, 4]", plain=True, parser="json.loads")

    mode = Parameter("mode", default="s")

    @step
    def start(self):
        self.kind = self.mode
        self.next({self.modes.small: self.light, self.modes.large: self.heavy}, condition="kind")

    @step
    def light(self):
        self.factor = 1
        self.next(self.fan)

    @step
    def heavy(self):
        self.factor = 10
        self.next(self.fan)

    @step
    def fan(self):
        self.next(self.work, foreach="sizes")

    @step
    def work(self):
        self.product = self.input * self.factor
        self.next(self.join)

    @step
    def join(self, inputs):
        self.products = [each.product for each in inputs]
        self.rounds = 0
        self.next(self.repeat)

    @step
    def repeat(self):
        self.rounds += 1
        self.enough = self.rounds >= self.modes.limit
        self.next({self.modes.done: self.end, False: self.repeat}, condition="enough")

    @step
    def end(self):
        print(self.products, self.rounds)


if __name__ == "__main__":
    TuneFlow()
