from metaflow import FlowSpec, Parameter, step, user_step_decorator


@user_step_decorator
def record(step_name, flow, inputs):
    """Writes down what was there before and after the step."""
    flow.order = [*getattr(flow, "order", []), f"record before {step_name}"]
    flow.had_total = hasattr(flow, "total")
    yield
    flow.order.append(f"record after {step_name}")
    flow.total_after = getattr(flow, "total", None)


@user_step_decorator
def normalise(step_name, flow, inputs):
    flow.order = [*getattr(flow, "order", []), f"normalise before {step_name}"]
    biggest = max(flow.amounts)
    flow.amounts = [amount / biggest for amount in flow.amounts]
    yield
    flow.order.append(f"normalise after {step_name}")
    flow.rescaled = flow.total * biggest


class SpendingFlow(FlowSpec):
    """Two decorators on one step, and one of them on another."""

    extra = Parameter("extra", default=4.0)

    @record
    @step
    def start(self):
        self.amounts = [1.0, 3.0, self.extra]
        self.next(self.add)

    @record
    @normalise
    @step
    def add(self):
        self.order.append("add")
        self.total = sum(self.amounts)
        self.next(self.end)

    @step
    def end(self):
        self.steps = len(self.order)
        print(self.order, self.total, self.rescaled, self.had_total, self.total_after)


if __name__ == "__main__":
    SpendingFlow()
