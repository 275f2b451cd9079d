"""Ridge regression: each penalty is tried on each fold of the data."""
import numpy as np
from metaflow import FlowSpec, JSONType, Parameter, resources, retry, step, timeout


def fit_ridge(x, y, penalty):
    return np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)


def mean_squared_error(x, y, weights):
    return float(np.mean((y - x @ weights) ** 2))


class GridSearchFlow(FlowSpec):
    """A foreach over penalties, a foreach over folds in each, and a final fit with the best."""

    penalties = Parameter("penalties", help="What to try", type=JSONType, default="[0.01, 10.0]")
    folds = Parameter("folds", help="Parts of the data", default=2)
    seed = Parameter("seed", help="Of the data", default=1)

    @step
    def start(self):
        rng = np.random.default_rng(self.seed)
        self.x = rng.normal(size=(30, 3))
        self.y = self.x @ np.array([1.0, -2.0, 0.5]) + 0.1 * rng.normal(size=30)
        self.fold_of = rng.permutation(30) % self.folds
        self.next(self.try_penalty, foreach="penalties")

    @step
    def try_penalty(self):
        self.penalty = self.input
        self.fold_numbers = list(range(self.folds))
        self.next(self.validate, foreach="fold_numbers")

    @resources(cpu=1, memory=1000)
    @timeout(minutes=10)
    @retry(times=1, minutes_between_retries=0)
    @step
    def validate(self):
        held_out = self.fold_of == self.input
        weights = fit_ridge(self.x[~held_out], self.y[~held_out], self.penalty)
        self.error = mean_squared_error(self.x[held_out], self.y[held_out], weights)
        self.next(self.average)

    @step
    def average(self, inputs):
        self.errors = [inp.error for inp in inputs]
        self.error = sum(self.errors) / len(self.errors)
        self.merge_artifacts(inputs, exclude=["fold_numbers"])
        self.next(self.select)

    @step
    def select(self, inputs):
        best = min(inputs, key=lambda inp: inp.error)
        self.penalty = best.penalty
        self.table = [(inp.penalty, round(inp.error, 8)) for inp in inputs]
        self.merge_artifacts(inputs, include=["x", "y"])
        self.next(self.refit)

    @step
    def refit(self):
        self.weights = fit_ridge(self.x, self.y, self.penalty)
        self.next(self.end)

    @step
    def end(self):
        print(self.table, self.penalty, self.weights.round(3))


if __name__ == "__main__":
    GridSearchFlow()
