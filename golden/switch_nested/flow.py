from metaflow import FlowSpec, Parameter, step


class SwitchNestedFlow(FlowSpec):
    """Big payments are looked at by country, small ones are not."""

    amount = Parameter("amount", help="EUR", default=2000)
    country = Parameter("country", help="Where it goes", default="DE")

    @step
    def start(self):
        self.trail = ["start"]
        self.size = "big" if self.amount >= 1000 else "small"
        self.next({"big": self.inspect, "small": self.accept}, condition="size")

    @step
    def inspect(self):
        self.trail.append("inspect")
        self.domestic = int(self.country == "DE")
        self.next({1: self.phone, 0: self.manual}, condition="domestic")

    @step
    def phone(self):
        self.trail.append("phone")
        self.caller = "desk 4"
        self.next(self.inspected)

    @step
    def manual(self):
        self.trail.append("manual")
        self.next(self.inspected)

    @step
    def inspected(self):
        self.fee = 10 if hasattr(self, "caller") else 25
        self.next(self.book)

    @step
    def accept(self):
        self.fee = 0
        self.next(self.book)

    @step
    def book(self):
        self.trail.append("book")
        self.total = self.amount + self.fee
        self.next(self.end)

    @step
    def end(self):
        print(self.total, " -> ".join(self.trail))


if __name__ == "__main__":
    SwitchNestedFlow()
