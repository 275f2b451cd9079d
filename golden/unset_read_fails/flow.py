from metaflow import FlowSpec, Parameter, step


class UnsetReadFlow(FlowSpec):
    """Reading what no branch has set fails, and only then."""

    train = Parameter("train", help="Train a model", default=True)

    @step
    def start(self):
        self.data = [1, 2, 3, 4]
        self.next(self.fit)

    @step
    def fit(self):
        if self.train:
            self.model = sum(self.data) / len(self.data)
        # nothing is wrong so far, whatever the parameter was
        self.fitted = True
        self.next(self.predict)

    @step
    def predict(self):
        # without training: AttributeError, Flow UnsetReadFlow has no attribute 'model'
        self.prediction = self.model * 2
        self.next(self.end)

    @step
    def end(self):
        print(self.prediction)


if __name__ == "__main__":
    UnsetReadFlow()
