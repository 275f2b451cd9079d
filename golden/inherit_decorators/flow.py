import os

from metaflow import FlowSpec, environment, resources, retry, schedule, step


@schedule(daily=True)
class NightlyFlow(FlowSpec):
    """Runs every night, with decorators on all of its steps."""

    REGION = "eu"
    LIMITS = {"rows": 10}

    @retry(times=2, minutes_between_retries=0)
    @step
    def start(self):
        self.origin = self.REGION
        self.next(self.load)

    @resources(cpu=2, memory=8000)
    @retry(times=1, minutes_between_retries=0)
    @step
    def load(self):
        self.rows = list(range(self.LIMITS["rows"]))
        self.next(self.store)

    @environment(vars={"BUCKET": "base"})
    @step
    def store(self):
        raise NotImplementedError("every flow stores something else")
        self.next(self.end)

    @environment(vars={"BUCKET": "summaries"})
    @step
    def end(self):
        self.summary = f"{len(self.rows)} rows of {self.REGION} in {os.environ['BUCKET']}"
        print(self.summary, self.origin)


class StockFlow(NightlyFlow):
    """The nightly numbers of the warehouse."""

    REGION = "us"
    LIMITS = {"rows": 3}

    @step
    def load(self):
        """Neither retried nor large any more."""
        self.rows = [n * 2 for n in range(self.LIMITS["rows"])]
        self.next(self.store)

    @retry(times=1, minutes_between_retries=0)
    @step
    def store(self):
        self.bucket = os.environ.get("BUCKET", "none")
        self.next(self.end)


if __name__ == "__main__":
    StockFlow()
