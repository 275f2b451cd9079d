from pathlib import Path

from metaflow import FlowSpec, retry, step, timeout


class ForeachRetryFlow(FlowSpec):
    """One of the downloads fails at first; only that one is tried again."""

    @step
    def start(self):
        self.urls = ["db://a", "db://b", "db://c"]
        self.tried = []
        self.next(self.download, foreach="urls")

    @timeout(minutes=5)
    @retry(times=2, minutes_between_retries=0)
    @step
    def download(self):
        self.tried.append(self.input)
        marker = Path(f"foreach_retry_{self.index}.marker")
        attempts = int(marker.read_text()) + 1 if marker.exists() else 1
        marker.write_text(str(attempts))
        if self.index == 1 and attempts == 1:
            raise ConnectionError(f"no answer from {self.input}")
        self.content = self.input.upper()
        self.next(self.join)

    @step
    def join(self, inputs):
        self.contents = [inp.content for inp in inputs]
        self.tried = [inp.tried for inp in inputs]
        self.attempts = []
        for inp in inputs:
            marker = Path(f"foreach_retry_{inp.index}.marker")
            self.attempts.append(int(marker.read_text()))
            marker.unlink()
        self.next(self.end)

    @step
    def end(self):
        print(self.contents, self.attempts, self.tried)


if __name__ == "__main__":
    ForeachRetryFlow()
