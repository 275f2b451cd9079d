from metaflow import FlowSpec, StepMutator, environment, retry, step


class resilient(StepMutator):
    """Retries a step, and says so in its environment."""

    def init(self, times=2):
        self.times = times

    def mutate(self, mutable_step):
        mutable_step.add_decorator(
            "retry",
            deco_kwargs={"times": self.times, "minutes_between_retries": 0},
        )
        mutable_step.add_decorator(environment, deco_kwargs={"vars": {"RESILIENT": "yes"}})


class stubborn(StepMutator):
    def mutate(self, mutable_step):
        mutable_step.add_decorator(
            "retry:times=1,minutes_between_retries=0", duplicates=mutable_step.OVERRIDE
        )


class DownloadFlow(FlowSpec):
    """A source that fails now and then."""

    @resilient
    @step
    def start(self):
        import os

        self.attempts = [*getattr(self, "attempts", []), 1]
        self.resilient = os.environ.get("RESILIENT", "no")
        self.next(self.fetch)

    @resilient(times=1)
    @step
    def fetch(self):
        import os

        self.attempts = [*getattr(self, "attempts", []), 1]
        self.resilient = os.environ.get("RESILIENT", "no")
        self.next(self.store)

    @stubborn
    @retry(times=0)
    @step
    def store(self):
        import os

        self.attempts = [*getattr(self, "attempts", []), 1]
        self.resilient = os.environ.get("RESILIENT", "no")
        self.next(self.end)

    @step
    def end(self):
        self.total = sum(self.attempts)
        print(self.attempts, self.resilient, self.total)


if __name__ == "__main__":
    DownloadFlow()
