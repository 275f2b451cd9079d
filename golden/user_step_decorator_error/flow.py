from metaflow import FlowSpec, Parameter, step, user_step_decorator


@user_step_decorator
def tolerate(step_name, flow, inputs, attributes):
    """Goes on after an error of a known kind, with a value of its own."""
    try:
        yield
    except attributes.get("kind", ZeroDivisionError) as error:
        flow.problems = [*getattr(flow, "problems", []), f"{step_name}: {error}"]
        setattr(flow, attributes["sets"], None)
    else:
        flow.succeeded = [*getattr(flow, "succeeded", []), step_name]


class RatioFlow(FlowSpec):
    """Errors in the middle of a step do not stop the flow."""

    divisor = Parameter("divisor", default=0)

    @step
    def start(self):
        self.values = [4, 6]
        self.next(self.divide)

    @tolerate(sets="ratios")
    @step
    def divide(self):
        self.reached = "divide"
        self.ratios = []
        for value in self.values:
            self.ratios.append(value / self.divisor)
        self.next(self.pick)

    @tolerate(kind=(TypeError, LookupError), sets="picked")
    @step
    def pick(self):
        self.picked = self.ratios[self.divisor - 1]
        self.reached = "pick"
        self.next(self.end)

    @step
    def end(self):
        self.outcome = [self.reached, self.ratios, self.picked]
        print(self.outcome, getattr(self, "problems", []), getattr(self, "succeeded", []))


if __name__ == "__main__":
    RatioFlow()
