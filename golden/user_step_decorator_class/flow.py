from metaflow import FlowSpec, Parameter, UserStepDecorator, step


class monitor(UserStepDecorator):
    """Counts steps, and swallows the errors that it was told of."""

    def init(self, label="step", ignore=()):
        self.label = label
        self.ignore = ignore

    def pre_step(self, step_name, flow, inputs=None):
        flow.monitored = [*getattr(flow, "monitored", []), f"{self.label} {step_name}"]

    def post_step(self, step_name, flow, exception=None):
        if exception is not None:
            flow.monitored.append(f"{step_name} failed: {exception}")
            if type(exception).__name__ not in self.ignore:
                return exception
        return None


class MonitoredFlow(FlowSpec):
    """Steps that are watched by an object."""

    value = Parameter("value", default="4")

    @monitor
    @step
    def start(self):
        self.values = ["1", self.value]
        self.next(self.parse)

    @monitor(label="parsing", ignore=("ValueError",))
    @step
    def parse(self):
        self.parsed = 0
        for value in self.values:
            self.parsed += int(value)
        self.complete = True
        self.next(self.divide)

    @monitor(label="dividing")
    @step
    def divide(self):
        self.inverse = 1 / (self.parsed - 1)
        self.next(self.end)

    @step
    def end(self):
        self.summary = [self.parsed, hasattr(self, "complete"), self.inverse]
        print(self.monitored, self.summary)


if __name__ == "__main__":
    MonitoredFlow()
