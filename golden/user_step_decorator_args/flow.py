from metaflow import FlowSpec, step, user_step_decorator


@user_step_decorator
def budget(step_name, flow, inputs, attributes):
    """Limits how many rows a step may see."""
    limit = attributes["rows"]
    label = attributes.get("label", step_name)
    if inputs:
        flow.seen = [(each.index, len(each.part)) for each in inputs]
    else:
        flow.rows = flow.rows[:limit]
    yield
    flow.usage = {**getattr(flow, "usage", {}), label: len(getattr(flow, "rows", [])) / limit}


class QuotaFlow(FlowSpec):
    """The decorator has arguments, and also sees the inputs of a join."""

    @step
    def start(self):
        self.rows = list(range(10))
        self.parts = [2, 3]
        self.next(self.sample)

    @budget(rows=5)
    @step
    def sample(self):
        self.sampled = sum(self.rows)
        self.next(self.split, foreach="parts")

    @budget(rows=4, label="part")
    @step
    def split(self):
        self.part = self.rows[:: self.input]
        self.next(self.join)

    @budget(rows=1, label="joined")
    @step
    def join(self, inputs):
        self.parts = [each.part for each in inputs]
        self.usages = [each.usage for each in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.parts, self.seen, self.usage, self.usages)


if __name__ == "__main__":
    QuotaFlow()
