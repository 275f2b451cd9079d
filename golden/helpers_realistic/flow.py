"""Forecast the demand of every product, with the best of a few simple models."""

import math
from statistics import mean

from metaflow import FlowSpec, JSONType, Parameter, resources, retry, step

HISTORY = {
    "apples": [12, 15, 11, 14, 18, 16, 15, 17],
    "bread": [40, 41, 39, 42, 40, 41, 43, 42],
    "candles": [1, 0, 0, 5, 0, 0, 2, 9],
    "dates": [3, 4],
}


def naive(history, _):
    return history[-1]


def average(history, window):
    return mean(history[-window:])


def drift(history, window):
    """The last value, moved by the mean change."""
    recent = history[-window - 1 :]
    return recent[-1] + (recent[-1] - recent[0]) / max(len(recent) - 1, 1)


MODELS = {"naive": naive, "average": average, "drift": drift}


class DemandForecastFlow(FlowSpec):
    """One forecast per product; products with little history are left out."""

    horizon = Parameter("horizon", help="Periods to hold out", default=3)
    window = Parameter("window", help="Periods that a model looks back", default=3)
    products = Parameter("products", type=JSONType, default='["apples", "bread", "candles"]')
    tolerance = Parameter("tolerance", help="Error from which a product is difficult", default=0.25)

    MODEL_NAMES = ("naive", "average", "drift")
    DIGITS = 3
    _EMPTY = {"model": None, "error": math.inf}

    # -- helpers -----------------------------------------------------------------------------

    @property
    def needed(self):
        """Periods without which nothing can be forecast."""
        return self.horizon + self.window

    @staticmethod
    def relative_error(actual, forecast):
        return abs(actual - forecast) / max(abs(actual), 1)

    def rounded(self, value):
        return round(float(value), self.DIGITS)

    def warn(self, text):
        """The artifact exists only if there is something to warn of."""
        self.warnings = [*getattr(self, "warnings", []), text]

    def backtest(self, name):
        errors = []
        for cut in range(len(self.history) - self.horizon, len(self.history)):
            forecast = MODELS[name](self.history[:cut], self.window)
            errors.append(self.relative_error(self.history[cut], forecast))
        self.errors[name] = self.rounded(mean(errors))
        return self.errors[name]

    def choose(self):
        best = dict(self._EMPTY)
        for name in self.MODEL_NAMES:
            error = self.backtest(name)
            if error < best["error"]:
                best = {"model": name, "error": error}
        if best["error"] > self.tolerance:
            self.difficult = True
            self.warn(f"{self.input} is difficult: {best['error']}")
        return best

    def collect(self, inputs, field):
        return {each.product: getattr(each, field) for each in inputs if hasattr(each, field)}

    # -- steps -------------------------------------------------------------------------------

    @retry(times=2, minutes_between_retries=0)
    @step
    def start(self):
        self.currency = "EUR"
        self.selected = [name for name in self.products if len(HISTORY[name]) >= self.needed]
        if len(self.selected) < len(self.products):
            self.skipped = sorted(set(self.products) - set(self.selected))
        self.next(self.fit, foreach="selected")

    @resources(cpu=2, memory=2048)
    @step
    def fit(self):
        self.product = self.input
        self.history = HISTORY[self.product]
        self.errors = {}
        self.best = self.choose()
        self.next(self.forecast)

    @step
    def forecast(self):
        model = MODELS[self.best["model"]]
        self.value = self.rounded(model(self.history, self.window))
        self.rank_key = (self.best["error"], self.index)
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.forecasts = self.collect(inputs, "value")
        self.difficult_products = sorted(self.collect(inputs, "difficult"))
        self.models = {name: best["model"] for name, best in self.collect(inputs, "best").items()}
        self.easiest = min(inputs, key=lambda each: each.rank_key).product
        self.warnings = [text for each in inputs for text in getattr(each, "warnings", [])]
        own = ["product", "history", "errors", "best", "value", "rank_key", "difficult"]
        self.merge_artifacts(inputs, exclude=own)
        self.next(self.report)

    @step
    def report(self):
        self.total = self.rounded(sum(self.forecasts.values()))
        for name in getattr(self, "skipped", []):
            self.warn(f"{name} has too little history")
        self.lines = [
            f"{name:<8} {self.forecasts[name]:>8} {self.currency} ({self.models[name]})"
            for name in self.selected
        ]
        self.next(self.end)

    @step
    def end(self):
        self.complete = not self.warnings
        print("\n".join(self.lines), self.total, self.warnings, self.easiest, self.needed)


if __name__ == "__main__":
    DemandForecastFlow()
