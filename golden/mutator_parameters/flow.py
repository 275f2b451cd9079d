from metaflow import FlowMutator, FlowSpec, JSONType, Parameter, schedule, step


class scheduled(FlowMutator):
    """The Parameters that all scheduled flows have."""

    def init(self, region, kind=float, hour=3):
        self.region = region
        self.kind = kind
        self.hour = hour

    def pre_mutate(self, mutable_flow):
        known = [parameter.name for _, parameter in mutable_flow.parameters]
        mutable_flow.add_parameter(
            "region", Parameter("region-name", default=self.region, help="Where it runs")
        )
        mutable_flow.add_parameter("limits", Parameter("limits", type=JSONType, default="[3]"))
        mutable_flow.add_parameter("rate", Parameter("rate", self.kind(1) if 0 else 1.5, self.kind))
        mutable_flow.add_parameter(
            "count", Parameter("count", default=len(known) + 7), overwrite=True
        )
        mutable_flow.remove_parameter("old")
        mutable_flow.add_decorator(schedule, deco_kwargs={"cron": f"0 {self.hour} * * *"})


@scheduled("eu", hour=4)
class ReportFlow(FlowSpec):
    count = Parameter("count", default=1)
    old = Parameter("old", default="never used")

    @step
    def start(self):
        self.seen = (self.region, self.limits, self.rate, self.count)
        self.next(self.end)

    @step
    def end(self):
        print(self.seen, self.rate * 2)


if __name__ == "__main__":
    ReportFlow()
