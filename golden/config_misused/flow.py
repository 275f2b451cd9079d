from metaflow import Config, FlowSpec, Parameter, config_expr, environment, resources, step

FACTOR = 2


class MisusedFlow(FlowSpec):
    """Configs where Metaflow does not evaluate them, and values that are not there."""

    cfg = Config("cfg", default_value={"name": "n", "size": 1, "tags": ["a"], "odd-key": 1})
    none = Config("none")

    doubled = {"size": cfg.size}
    expression = config_expr("cfg.size")

    total = Parameter("total", default=cfg.size * FACTOR)
    label = Parameter("label", default=f"{cfg.size}")
    whole = Parameter("whole", default=cfg)

    def helper(self, size=cfg.size):
        return size

    @environment(vars={"A": cfg.missing, "B": none.size, "C": cfg["odd-key"]})
    @step
    def start(self):
        self.next(self.work)

    @resources(**cfg.tags, cpu=str(cfg.size))
    @environment(vars={"A": config_expr("cfg.size +"), "B": config_expr("other.size")})
    @step
    def work(self):
        self.kind = "a"
        self.next({self.cfg.zz: self.one, self.cfg.tags: self.end}, condition="kind")

    @resources(cpu=cfg.tags[0], memory=config_expr("cfg.size * unknown()"))
    @environment(vars={**cfg})
    @step
    def one(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    MisusedFlow()
