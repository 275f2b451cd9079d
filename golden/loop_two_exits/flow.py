from metaflow import FlowSpec, Parameter, step


class LoopTwoExitsFlow(FlowSpec):
    """Train until the model is good, or until there is no patience left."""

    target = Parameter("target", help="Accuracy that is good enough", default=0.8)
    patience = Parameter("patience", help="Rounds at most", default=4)

    @step
    def start(self):
        self.accuracy = 0.5
        self.rounds = 0
        self.next(self.train)

    @step
    def train(self):
        self.rounds += 1
        self.accuracy = round(self.accuracy + (1 - self.accuracy) / 3, 4)
        if self.accuracy >= self.target:
            self.state = "good"
        elif self.rounds >= self.patience:
            self.state = "tired"
        else:
            self.state = "more"
        self.next({"good": self.publish, "more": self.train, "tired": self.alert}, condition="state")

    @step
    def publish(self):
        self.model = f"model with {self.accuracy}"
        self.next(self.report)

    @step
    def alert(self):
        self.missing = round(self.target - self.accuracy, 4)
        self.next(self.report)

    @step
    def report(self):
        self.text = getattr(self, "model", "no model") + f" after {self.rounds}"
        self.next(self.end)

    @step
    def end(self):
        print(self.text, getattr(self, "missing", 0))


if __name__ == "__main__":
    LoopTwoExitsFlow()
