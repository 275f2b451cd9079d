from metaflow import FlowSpec, Parameter, catch, current, retry, step


class FetchError(Exception):
    """Carries where it happened."""

    def __init__(self, place):
        super().__init__(f"cannot fetch {place}")
        self.place = place


def attempt():
    return f"attempt {current.retry_count}"


class RetriedFlow(FlowSpec):
    """Attempts that fail, and what is left of the last one."""

    failures = Parameter("failures", type=int, default=2)

    @retry(times=2, minutes_between_retries=0)
    @catch(var="error")
    @step
    def start(self):
        self.seen = attempt()
        if current.retry_count < self.failures:
            raise FetchError(self.seen)
        self.rows = [1, 2, 3]
        self.next(self.report)

    @step
    def report(self):
        self.first = current.retry_count
        self.text = "fine" if self.error is None else str(self.error.exception)
        self.next(self.end)

    @step
    def end(self):
        print(self.seen, self.text, hasattr(self, "rows"))


if __name__ == "__main__":
    RetriedFlow()
