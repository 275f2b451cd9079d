from metaflow import FlowSpec, retry, step


class RetryExhaustedFlow(FlowSpec):
    """Retries do not help when every attempt fails."""

    @step
    def start(self):
        self.url = "db://example"
        self.next(self.connect)

    @retry(times=1, minutes_between_retries=0)
    @step
    def connect(self):
        # the data base is down for good
        raise ConnectionError(f"no answer from {self.url}")
        self.next(self.end)

    @step
    def end(self):
        print("never reached")


if __name__ == "__main__":
    RetryExhaustedFlow()
