from metaflow import FlowSpec, Parameter, step


class SwitchArmForeachFlow(FlowSpec):
    """With or without tuning: the one case has a whole foreach in it."""

    tune = Parameter("tune", help="yes or no", default="yes")

    @step
    def start(self):
        self.prices = [10, 11, 13, 12]
        self.next(self.decide)

    @step
    def decide(self):
        self.wanted = self.tune == "yes"
        self.next({True: self.grid, False: self.default}, condition="wanted")

    @step
    def grid(self):
        self.windows = [1, 2, 3]
        self.next(self.evaluate, foreach="windows")

    @step
    def evaluate(self):
        window = self.input
        errors = [abs(self.prices[i] - sum(self.prices[i - window : i]) / window)
                  for i in range(window, len(self.prices))]
        self.error = round(sum(errors) / len(errors), 3)
        self.next(self.select)

    @step
    def select(self, inputs):
        best = min(inputs, key=lambda inp: (inp.error, inp.input))
        self.window = best.input
        self.errors = [inp.error for inp in inputs]
        self.merge_artifacts(inputs, include=["prices"])
        self.next(self.forecast)

    @step
    def default(self):
        self.window = 2
        self.next(self.forecast)

    @step
    def forecast(self):
        self.next_price = sum(self.prices[-self.window :]) / self.window
        self.next(self.end)

    @step
    def end(self):
        print(self.next_price, self.window, getattr(self, "errors", "not tuned"))


if __name__ == "__main__":
    SwitchArmForeachFlow()
