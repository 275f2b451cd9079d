from metaflow import FlowSpec, Parameter, project, step, trigger


@trigger(
    events=[
        {"name": "orders.closed", "parameters": {"day": "date", "region": "where"}},
        {"name": "prices_updated", "parameters": ["currency"]},
    ]
)
@project(name="shop", production=True)
class TriggerEventFlow(FlowSpec):
    """Adds up the orders of a day, when they and the prices are there."""

    day = Parameter("day", default="2024-05-01")
    region = Parameter("region", default="north")
    currency = Parameter("currency", default="EUR")

    @step
    def start(self):
        self.key = f"{self.region}/{self.day}"
        self.next(self.end)

    @step
    def end(self):
        self.total = f"{len(self.key)} {self.currency}"
        print(self.total)


if __name__ == "__main__":
    TriggerEventFlow()
