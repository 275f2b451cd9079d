from metaflow import Config, FlowSpec, Parameter, config_expr, environment, resources, retry, step


def build(layers):
    return [2 * each for each in layers]


class TrainFlow(FlowSpec):
    """Trains as its config says."""

    # What to train.
    cfg = Config("cfg", default="config.json", help="How to train")
    tuning = Config("tuning", default_value={"grid": [1, 2], "name": "small"})
    extra = Config("extra")

    alpha = Parameter("alpha", default=cfg.model.alpha, help=config_expr("'The ' + cfg.model.kind"))

    @retry(**cfg.retry)
    @resources(cpu=cfg.resources.cpu, memory=config_expr("cfg['resources']['memory'] * 2"))
    @environment(vars={"LEVEL": cfg.env.LEVEL, "KIND": cfg["model"]["kind"]})
    @step
    def start(self):
        self.rows = list(range(self.cfg.rows))
        self.size = self.cfg.rows
        self.kind = self.cfg.model["kind"]
        self.model = self.cfg.model
        self.layers = build(self.cfg.model.layers)
        self.given = self.extra is not None
        self.mode = self.cfg.get("fast", "none")
        self.next({self.cfg.fast: self.quick, self.cfg.slow: self.thorough}, condition="mode")

    @step
    def quick(self):
        self.score = sum(self.rows) * self.alpha
        self.next(self.tune)

    @step
    def thorough(self):
        self.score = -1
        self.next(self.tune)

    @step
    def tune(self):
        self.grid = self.tuning.grid
        self.next(self.fit, foreach="grid")

    @step
    def fit(self):
        self.result = (self.input, self.tuning.name, dict(**self.cfg.env))
        self.next(self.join)

    @step
    def join(self, inputs):
        self.results = [each.result for each in inputs]
        self.same = inputs[0].cfg == self.cfg
        self.merge_artifacts(inputs, include=["model", "score"])
        self.next(self.end)

    @step
    def end(self):
        print(self.results, self.model.alpha, self.score)


if __name__ == "__main__":
    TrainFlow()
