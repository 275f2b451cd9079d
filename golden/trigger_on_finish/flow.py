from metaflow import FlowSpec, schedule, step, trigger_on_finish


@schedule(daily=True)
@trigger_on_finish(flows=["LoadFlow", "shop.prod.PriceFlow"])
class TriggerOnFinishFlow(FlowSpec):
    """Runs after two other flows, and once a day."""

    @step
    def start(self):
        self.rows = [3, 1, 2]
        self.next(self.end)

    @step
    def end(self):
        self.best = max(self.rows)
        print(self.best)


if __name__ == "__main__":
    TriggerOnFinishFlow()
