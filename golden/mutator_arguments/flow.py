import os

from metaflow import FlowSpec, StepMutator, step

DEFAULTS = {"REGION": "eu", "TIER": "free"}


class settings(StepMutator):
    """Environment variables of a step, on top of those that all steps have."""

    prefix = "APP_"

    def init(self, tier=None, *extra, **variables):
        self.variables = dict(DEFAULTS)
        if tier is not None:
            self.variables["TIER"] = tier
        for name in extra:
            self.variables[name] = f"<{name.lower()}>"
        self.variables.update(variables)

    def pre_mutate(self, mutable_step):
        self.variables = {self.prefix + key: value for key, value in self.variables.items()}

    def mutate(self, mutable_step):
        mutable_step.add_decorator("environment", deco_kwargs={"vars": self.variables})
        print("added", mutable_step)


class SettingsFlow(FlowSpec):
    @settings
    @step
    def start(self):
        self.first = {k: v for k, v in os.environ.items() if k.startswith("APP_")}
        self.next(self.middle)

    @settings("pro", "A", "B", LEVEL=3, **{"X": "y"})
    @step
    def middle(self):
        self.second = {k: v for k, v in os.environ.items() if k.startswith("APP_")}
        self.next(self.end)

    @step
    def end(self):
        self.third = {k: v for k, v in os.environ.items() if k.startswith("APP_")}


if __name__ == "__main__":
    SettingsFlow()
