import os

from metaflow import (
    Config,
    FlowSpec,
    Parameter,
    catch,
    config_expr,
    environment,
    project,
    resources,
    retry,
    schedule,
    step,
    timeout,
)

UNITS = {"minutes": 60}


def seconds(minutes):
    return minutes * UNITS["minutes"]


@schedule(cron=config_expr("deploy.cron"))
@project(name=config_expr("deploy").project.name)
class PriceFlow(FlowSpec):
    """What decorators and Parameters get is in a config, which no step reads."""

    deploy = Config("deploy", default="deploy.json")

    since = Parameter("since", default=deploy.start, help="First day")
    days = Parameter("days", default=config_expr("len(deploy.env) * 5"), type=int)

    @environment(vars=deploy.env)
    @resources(**deploy.gpu)
    @step
    def start(self):
        self.level = os.environ["LEVEL"]
        self.span = (self.since, self.days)
        self.next(self.price)

    @retry(**deploy.retry)
    @timeout(seconds=config_expr("seconds(deploy.minutes)"))
    @resources(cpu=deploy["gpu"]["cpu"])
    @environment(vars={"REGION": deploy.env.REGION, "CITY": config_expr("deploy.env.REGION[:2]")})
    @step
    def price(self):
        self.prices = [len(self.level), len(os.environ["REGION"]), len(os.environ["CITY"])]
        self.next(self.end)

    @catch(var=config_expr("deploy.get('var', 'failed')"))
    @step
    def end(self):
        print(self.span, self.prices)


if __name__ == "__main__":
    PriceFlow()
