"""Three families of models compete; the winner is calibrated until it is good enough."""
from metaflow import FlowSpec, Parameter, resources, step

SALES = [10, 12, 15, 17, 20, 22, 26, 27]


def error_of(predicted, actual):
    return sum(abs(a - b) for a, b in zip(predicted, actual)) / len(actual)


class TournamentFlow(FlowSpec):
    """A split into families, one of them a foreach of its own, a merge and a loop at the end."""

    holdout = Parameter("holdout", help="Months to predict", default=2)
    tolerance = Parameter("tolerance", help="Bias that may stay", default=0.3)

    @step
    def start(self):
        self.train, self.test = SALES[: -self.holdout], SALES[-self.holdout :]
        self.unit = "pieces"
        self.next(self.naive, self.drift, self.averages)

    @step
    def naive(self):
        self.family = "naive"
        self.predicted = [self.train[-1]] * len(self.test)
        self.next(self.score_naive)

    @step
    def score_naive(self):
        self.error = error_of(self.predicted, self.test)
        self.next(self.final)

    @step
    def drift(self):
        self.family = "drift"
        rise = (self.train[-1] - self.train[0]) / (len(self.train) - 1)
        self.predicted = [self.train[-1] + rise * (i + 1) for i in range(len(self.test))]
        self.error = error_of(self.predicted, self.test)
        self.next(self.final)

    @step
    def averages(self):
        self.windows = [2, 3]
        self.next(self.average, foreach="windows")

    @resources(memory=512)
    @step
    def average(self):
        values = list(self.train)
        for _ in self.test:
            values.append(sum(values[-self.input :]) / self.input)
        self.predicted = values[len(self.train) :]
        self.error = error_of(self.predicted, self.test)
        self.next(self.semifinal)

    @step
    def semifinal(self, inputs):
        best = min(inputs, key=lambda inp: (inp.error, inp.input))
        self.family = f"average of {best.input}"
        self.merge_artifacts([best], exclude=["windows"])
        self.next(self.final)

    @step
    def final(self, inputs):
        winner = min(inputs, key=lambda inp: (inp.error, inp.family))
        self.ranking = sorted((round(inp.error, 4), inp.family) for inp in inputs)
        self.merge_artifacts([winner])
        self.merge_artifacts(inputs, include=["unit"])
        self.shift = 0.0
        self.next(self.calibrate)

    @step
    def calibrate(self):
        bias = sum(b - a - self.shift for a, b in zip(self.predicted, self.test)) / len(self.test)
        self.shift = round(self.shift + bias / 2, 6)
        self.biases = getattr(self, "biases", []) + [round(bias, 6)]
        self.calibrated = abs(bias) <= self.tolerance or len(self.biases) == 3
        self.next({True: self.end, False: self.calibrate}, condition="calibrated")

    @step
    def end(self):
        print(self.family, self.ranking, self.shift, self.biases, self.unit)


if __name__ == "__main__":
    TournamentFlow()
