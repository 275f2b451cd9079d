import time

from metaflow import FlowSpec, catch, current, retry, step, timeout


class SlowFlow(FlowSpec):
    """A time limit for each attempt, and an error for the last one."""

    @catch(var="too_slow")
    @timeout(seconds=1)
    @retry(times=1, minutes_between_retries=0)
    @step
    def start(self):
        self.waited = current.retry_count
        time.sleep(20)
        self.done = True
        self.next(self.end)

    @catch(var="in_time")
    @timeout(minutes=1)
    @step
    def end(self):
        self.slow = self.too_slow is not None
        print(self.waited, self.slow)


if __name__ == "__main__":
    SlowFlow()
