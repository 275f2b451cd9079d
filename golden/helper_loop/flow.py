from metaflow import FlowSpec, Parameter, step


class TuningFlow(FlowSpec):
    """Train in rounds until the loss does not get any better."""

    patience = Parameter("patience", default=2)
    _LOSSES = (0.9, 0.5, 0.4, 0.45, 0.41, 0.39, 0.6, 0.7, 0.8)

    def train_round(self):
        n = getattr(self, "n", 0)
        self.loss = self._LOSSES[n]
        self.n = n + 1

    def improved(self):
        if self.loss < getattr(self, "best", float("inf")):
            self.best = self.loss
            self.best_round = self.n
            return True
        return False

    def update(self):
        self.bad = 0 if self.improved() else getattr(self, "bad", 0) + 1
        self.history = [*getattr(self, "history", []), (self.n, self.loss, self.bad)]
        self.more = "stop" if self.bad >= self.patience else "go"

    @step
    def start(self):
        self.note = "early stopping"
        self.next(self.train)

    @step
    def train(self):
        self.first = not hasattr(self, "n")
        self.train_round()
        self.update()
        self.next({"go": self.train, "stop": self.end}, condition="more")

    @step
    def end(self):
        self.summary = f"{self.note}: {self.best} in round {self.best_round} of {self.n}"
        print(self.summary, self.history, self.first)


if __name__ == "__main__":
    TuningFlow()
