from metaflow import Config, config_expr, environment, step
from shared import BaseFlow


class DerivedFlow(BaseFlow):
    """Has configs of its own, one in the place of a base's, and uses those of the base."""

    own = Config("own", default_value={"kind": "derived"})
    sizes = Config("sizes", default_value={"rows": 4, "labels": ["x"]})

    @environment(vars={"REGION": BaseFlow.common.region.name, "ROWS": sizes.rows})
    @step
    def work(self):
        import os

        self.region = (os.environ["REGION"], os.environ["ROWS"], config_name(self.own))
        self.labels = self.sizes.labels
        self.next(self.end)

    @environment(vars={"ALL": config_expr("','.join([common.team, *sizes.labels])")})
    @step
    def end(self):
        import os

        self.all = os.environ["ALL"]
        print(self.kind, self.rows, self.region, self.labels, self.team, self.all)


def config_name(config):
    return config.kind


if __name__ == "__main__":
    DerivedFlow()
