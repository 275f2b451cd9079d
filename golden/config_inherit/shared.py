from metaflow import Config, FlowSpec, Parameter, config_expr, environment, step


class Sized:
    """A mixin with a config of its own."""

    sizes = Config("sizes", default_value={"rows": 2, "labels": ["a", "b"]})


class BaseFlow(Sized, FlowSpec):
    """Its first step, which uses what derived flows define."""

    common = Config("common", default="common.json")
    team = Parameter("team", default=common.team)

    @environment(vars={"TEAM": common.team, "KIND": config_expr("own.kind")})
    @step
    def start(self):
        import os

        self.kind = os.environ["KIND"]
        self.rows = list(range(self.sizes.rows))
        self.next(self.work)
