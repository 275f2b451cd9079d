from metaflow import FlowSpec, Parameter, step


class SwitchKeysFlow(FlowSpec):
    """Cases may be int, bool or float, and two of them may lead to the same step."""

    priority = Parameter("priority", help="1 to 3", default=1)
    weight = Parameter("weight", help="kg", default=0.5)
    rush = Parameter("rush", help="Today", default=False)

    @step
    def start(self):
        self.cost = 3.0
        self.next({1: self.standard, 2: self.express, 3: self.express}, condition="priority")

    @step
    def standard(self):
        self.carrier = "post"
        self.next(self.urgency)

    @step
    def express(self):
        self.carrier = "courier"
        self.cost += 4
        self.next(self.urgency)

    @step
    def urgency(self):
        self.urgent = self.rush and self.priority > 1
        self.next({True: self.today, False: self.later}, condition="urgent")

    @step
    def today(self):
        self.day = "today"
        self.cost *= 2
        self.next(self.weigh)

    @step
    def later(self):
        self.day = "later"
        self.next(self.weigh)

    @step
    def weigh(self):
        # an int finds the case of the equal float
        self.limit = 1 if self.weight <= 1 else 2.5
        self.next({1.0: self.light, 2.5: self.heavy}, condition="limit")

    @step
    def light(self):
        self.label = f"{self.carrier} {self.day} {self.limit}"
        self.next(self.end)

    @step
    def heavy(self):
        self.cost += self.weight
        self.label = f"{self.carrier} {self.day} {self.limit} heavy"
        self.next(self.end)

    @step
    def end(self):
        print(self.label, self.cost)


if __name__ == "__main__":
    SwitchKeysFlow()
