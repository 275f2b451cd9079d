from metaflow import FlowSpec, resources, retry, step, timeout

MINUTES = 5


class RetryTimeoutResourcesFlow(FlowSpec):
    """The everyday decorators together, with numbers as ints and as strings."""

    @retry(times=3, minutes_between_retries=1)
    @step
    def start(self):
        self.values = list(range(10))
        self.next(self.train)

    @retry(times="2", minutes_between_retries="5")
    @timeout(hours=1, minutes=MINUTES * 6, seconds=30)
    @resources(cpu="4", memory="16000")
    @step
    def train(self):
        self.model = {"mean": sum(self.values) / len(self.values)}
        self.next(self.evaluate)

    @timeout(minutes="10")
    @resources(cpu=2, memory=2048)
    @retry(times=0)
    @step
    def evaluate(self):
        self.error = max(abs(v - self.model["mean"]) for v in self.values)
        self.next(self.end)

    @retry
    @step
    def end(self):
        print(self.model, self.error)


if __name__ == "__main__":
    RetryTimeoutResourcesFlow()
