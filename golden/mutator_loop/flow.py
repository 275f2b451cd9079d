import logging
import os

from metaflow import FlowMutator, FlowSpec, environment, step

logger = logging.getLogger(__name__)


class label_steps(FlowMutator):
    """Each step but the end knows its own name, where nothing else has told it."""

    def init(self, skip=("end",)):
        self.skip = skip
        self.labelled = []

    def mutate(self, mutable_flow):
        for name, each in mutable_flow.steps:
            if name in self.skip:
                logger.info("skipped %s", name)
                continue
            if any(spec[0] == "environment" for spec in each.decorator_specs):
                print(f"{name} has an environment")
                continue
            self.labelled.append(name)
            number = len(self.labelled)
            each.add_decorator(
                environment, deco_kwargs={"vars": {"STEP": name.upper(), "NUMBER": number}}
            )


@label_steps
class LabelFlow(FlowSpec):
    @step
    def start(self):
        self.names = [(os.environ.get("STEP"), os.environ.get("NUMBER"))]
        self.next(self.left)

    @environment(vars={"STEP": "mine"})
    @step
    def left(self):
        self.names = [*self.names, (os.environ.get("STEP"), os.environ.get("NUMBER"))]
        self.next(self.right)

    @step
    def right(self):
        self.names = [*self.names, (os.environ.get("STEP"), os.environ.get("NUMBER"))]
        self.next(self.end)

    @step
    def end(self):
        self.names = [*self.names, (os.environ.get("STEP"), os.environ.get("NUMBER"))]


if __name__ == "__main__":
    LabelFlow()
