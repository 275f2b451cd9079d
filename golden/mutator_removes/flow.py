import os

from metaflow import FlowMutator, FlowSpec, StepMutator, environment, retry, step, timeout


class bare(StepMutator):
    """Takes away what is there."""

    def mutate(self, mutable_step):
        for name, _, _, attributes in mutable_step.decorator_specs:
            if name == "environment" and "KEEP" not in attributes["vars"]:
                mutable_step.remove_decorator(name)
        if mutable_step.has_decorator("timeout"):
            mutable_step.remove_decorator("timeout", [], {"seconds": 0, "minutes": 1, "hours": 0})


class tidy(FlowMutator):
    def pre_mutate(self, mutable_flow):
        self.removed = mutable_flow.end.remove_decorator("bare")

    def mutate(self, mutable_flow):
        if self.removed:
            mutable_flow.end.add_decorator("environment:vars={\"TIDY\": \"1\"}")


@tidy
class BareFlow(FlowSpec):
    @bare
    @environment(vars={"A": "1"})
    @timeout(minutes=1)
    @retry(times=1, minutes_between_retries=0)
    @step
    def start(self):
        self.a = os.environ.get("A")
        self.next(self.middle)

    @bare
    @environment(vars={"A": "1", "KEEP": "1"})
    @timeout(minutes=2)
    @step
    def middle(self):
        self.b = os.environ.get("A")
        self.next(self.end)

    @bare
    @step
    def end(self):
        self.c = os.environ.get("TIDY")


if __name__ == "__main__":
    BareFlow()
