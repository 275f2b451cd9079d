from metaflow import FlowSpec, Parameter, step


class SwitchInSplitArmFlow(FlowSpec):
    """One branch has two ways to the join, the other has one."""

    holiday = Parameter("holiday", help="Whether the shops are closed", default=False)

    @step
    def start(self):
        self.visits = [40, 55, 38]
        self.next(self.forecast, self.staff)

    @step
    def forecast(self):
        self.season = "holiday" if self.holiday else "normal"
        self.next({"holiday": self.closed, "normal": self.trend}, condition="season")

    @step
    def closed(self):
        self.part, self.value = "forecast", 0
        self.next(self.plan)

    @step
    def trend(self):
        self.part, self.value = "forecast", self.visits[-1] + self.visits[-1] - self.visits[-2]
        self.slope = self.visits[-1] - self.visits[-2]
        self.next(self.plan)

    @step
    def staff(self):
        self.part, self.value = "staff", 7
        self.next(self.plan)

    @step
    def plan(self, inputs):
        self.parts = dict(sorted((inp.part, inp.value) for inp in inputs))
        self.per_person = self.parts["forecast"] / self.parts["staff"]
        self.slopes = [inp.slope for inp in inputs if hasattr(inp, "slope")]
        self.merge_artifacts(inputs, exclude=["part", "value"])
        self.next(self.end)

    @step
    def end(self):
        print(self.parts, self.per_person, self.season, self.visits, getattr(self, "slope", "none"))


if __name__ == "__main__":
    SwitchInSplitArmFlow()
