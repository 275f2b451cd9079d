from metaflow import FlowSpec, Parameter, step


class RoutesFlow(FlowSpec):
    """Properties and constants decide where the flow goes."""

    orders = Parameter("orders", default=3)
    CITIES = ("bern", "oslo")

    @property
    def size(self):
        return "many" if self.orders > 2 else "few"

    @property
    def trucks(self):
        return [f"truck-{n}" for n in range(self.fleet)]

    @step
    def start(self):
        self.fleet = self.orders // 2 + 1
        self.next({"many": self.plan, "few": self.by_bike}, condition="size")

    @step
    def plan(self):
        self.next(self.drive, foreach="trucks")

    @step
    def drive(self):
        self.truck = self.input
        self.last = self.truck == self.trucks[-1]
        self.next(self.parked)

    @step
    def parked(self, inputs):
        self.parked_at = [(each.truck, each.last, each.fleet) for each in inputs]
        self.next(self.cities)

    @step
    def by_bike(self):
        self.bikes = self.orders
        self.next(self.cities)

    @step
    def cities(self):
        self.used = getattr(self, "bikes", None) or len(self.parked_at)
        self.next(self.visit, foreach="CITIES")

    @step
    def visit(self):
        self.visited = f"{self.index}: {self.input} by {self.used}"
        self.next(self.done)

    @step
    def done(self, inputs):
        self.visits = [each.visited for each in inputs]
        self.fleets = [hasattr(each, "fleet") for each in inputs]
        self.next(self.end)

    @step
    def end(self):
        self.size_again = self.size
        print(self.visits, self.fleets, self.size_again)


if __name__ == "__main__":
    RoutesFlow()
