from metaflow import FlowSpec, JSONType, Parameter, step


class ParameterJsonFlow(FlowSpec):
    """JSON parameters with every kind of default."""

    model = Parameter("model", help="Hyperparameters", type=JSONType, default='{"depth": 3, "rates": [0.1, 0.01]}')
    limits = Parameter("limits", help="A default that is a dict already", type=JSONType, default={"low": 0, "high": 10})
    columns = Parameter("columns", help="A list in a string", type=JSONType, default='["age", "income"]')
    folds = Parameter("folds", help="A list", type=JSONType, default=[1, 2, 3])
    filters = Parameter("filters", help="Nothing by default", type=JSONType, default=None)
    extra = Parameter("extra", help="No default at all", type=JSONType)
    ratio = Parameter("ratio", help="A number in a string", type=JSONType, default="0.25")

    @step
    def start(self):
        self.depth = self.model["depth"]
        self.grid = [(rate, fold) for rate in self.model["rates"] for fold in self.folds]
        self.filtered = self.columns if self.filters is None else [c for c in self.columns if c in self.filters]
        self.next(self.end)

    @step
    def end(self):
        self.span = self.limits["high"] - self.limits["low"]
        self.share = self.span * self.ratio
        self.missing = self.extra is None
        self.kinds = [type(v).__name__ for v in (self.model, self.limits, self.columns, self.folds, self.filters,
                                                 self.extra, self.ratio)]
        print(self.grid, self.kinds)


if __name__ == "__main__":
    ParameterJsonFlow()
