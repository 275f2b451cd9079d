from metaflow import (
    Config,
    FlowMutator,
    FlowSpec,
    Parameter,
    StepMutator,
    config_expr,
    environment,
    resources,
    retry,
    step,
    user_step_decorator,
)


class sized(FlowMutator):
    """Gives each step the resources that the config has for it, and Parameters from there."""

    def pre_mutate(self, mutable_flow):
        sizes = mutable_flow.sizes
        for name, value in sizes.parameters.items():
            mutable_flow.add_parameter(name, Parameter(name, default=value))
        for name, config in mutable_flow.configs:
            if name == "sizes" and "default" in config:
                self.default = config.default.to_dict()

    def mutate(self, mutable_flow):
        sizes = mutable_flow.sizes
        for name, mutable_step in mutable_flow.steps:
            wanted = sizes.steps.get(name, self.default)
            if wanted:
                mutable_step.add_decorator(resources, deco_kwargs=wanted)


class resilient(StepMutator):
    """Retries, and says so."""

    def init(self, retries, labels=None):
        self.retries = retries
        self.labels = labels

    def mutate(self, mutable_step):
        mutable_step.add_decorator(retry, deco_kwargs={"times": self.retries.times})
        mutable_step.add_decorator(environment, deco_kwargs={"vars": dict(self.labels)})


@user_step_decorator
def tagged(step_name, flow, inputs, attributes):
    """Notes the step under a tag."""
    flow.tags = [*getattr(flow, "tags", []), (attributes["tag"], step_name)]
    yield


@sized
class SizedFlow(FlowSpec):
    """Its mutators do what the config says."""

    sizes = Config(
        "sizes",
        default_value={
            "steps": {"work": {"cpu": 4, "memory": 8000}},
            "default": {"cpu": 1},
            "parameters": {"rows": 3, "city": "Oslo"},
            "retry": {"times": 2},
            "labels": {"TEAM": "core"},
            "tag": "v1",
        },
    )

    @tagged(tag=config_expr("sizes.tag.upper()"))
    @step
    def start(self):
        self.range = list(range(self.rows))
        self.next(self.work)

    @resilient(retries=sizes.retry, labels=sizes.labels)
    @tagged(tag=sizes.tag)
    @step
    def work(self):
        self.text = f"{self.city} {sum(self.range)} {self.sizes.retry.times}"
        self.next(self.end)

    @step
    def end(self):
        print(self.text, self.tags)


if __name__ == "__main__":
    SizedFlow()
