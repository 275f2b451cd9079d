from metaflow import FlowMutator, FlowSpec, Parameter, retry, step


class production(FlowMutator):
    """What every production flow has: an owner, and steps that are tried again."""

    def init(self, owner="nobody", retries=1):
        self.owner = owner
        self.retries = retries

    def pre_mutate(self, mutable_flow):
        mutable_flow.add_parameter("owner", Parameter("owner", default=self.owner))
        mutable_flow.add_parameter("copies", Parameter("copies", default=1, type=int))

    def mutate(self, mutable_flow):
        for _, mutable_step in mutable_flow.steps:
            mutable_step.add_decorator(
                retry, deco_kwargs={"times": self.retries, "minutes_between_retries": 0}
            )


@production(owner="ann")
class ExportFlow(FlowSpec):
    """Export a table a few times."""

    table = Parameter("table", default="sales")

    @step
    def start(self):
        self.tries = getattr(self, "tries", 0) + 1
        self.title = f"{self.table} of {self.owner}"
        self.next(self.export)

    @retry(times=2, minutes_between_retries=0)
    @step
    def export(self):
        self.files = [f"{self.table}-{n}.csv" for n in range(self.copies)]
        self.next(self.end)

    @step
    def end(self):
        self.tries = getattr(self, "tries", 0) + 1
        print(self.title, self.files, self.tries)


if __name__ == "__main__":
    ExportFlow()
