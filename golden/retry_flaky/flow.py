from pathlib import Path

from metaflow import FlowSpec, retry, step

# counts the attempts of the flaky step; gone again at the end
MARKER = Path("retry_flaky.marker")


class RetryFlakyFlow(FlowSpec):
    """A step that succeeds at its third attempt."""

    @step
    def start(self):
        MARKER.unlink(missing_ok=True)
        self.log = ["start"]
        self.next(self.fetch)

    @retry(times=2, minutes_between_retries=0)
    @step
    def fetch(self):
        """Each attempt begins with the artifacts as `start` left them."""
        self.log.append("fetch")
        attempts = int(MARKER.read_text()) if MARKER.exists() else 0
        attempts += 1
        MARKER.write_text(str(attempts))
        if attempts < 2:
            self.lost = "never stored"
            raise ConnectionError(f"attempt {attempts} failed")
        if attempts < 3:
            raise ValueError("failed in another way")
        self.rows = [1, 2, 3]
        self.next(self.end)

    @step
    def end(self):
        self.attempts = int(MARKER.read_text())
        MARKER.unlink()
        print(self.attempts, self.log, self.rows)


if __name__ == "__main__":
    RetryFlakyFlow()
