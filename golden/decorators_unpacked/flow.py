from metaflow import FlowSpec, Parameter, environment, resources, retry, schedule, step

SMALL = {"cpu": 2, "memory": 4000}
LARGE = dict(SMALL, memory=64_000)
GPU = {"gpu": 1, **SMALL}
BATCH = {"type": int, "default": 32, "help": "How many rows a batch has"}


@schedule(**{"daily": True})
class UnpackedFlow(FlowSpec):
    """Arguments that several decorators share."""

    PATIENCE = {"times": 1, "minutes_between_retries": 0}
    batch = Parameter("batch", **BATCH)

    @environment(**{"vars": {"STAGE": "load"}})
    @resources(**GPU)
    @retry(**PATIENCE)
    @step
    def start(self):
        self.batches = [self.batch] * 2
        self.next(self.train)

    @resources(shared_memory=512, **LARGE)
    @step
    def train(self):
        self.model = f"model of {self.batches}"
        self.next(self.end)

    @resources(**SMALL | {"disk": 20_000})
    @step
    def end(self):
        print(self.model)


if __name__ == "__main__":
    UnpackedFlow()
