import time

from metaflow import FlowSpec, Parameter, step, timeout


class TimeoutFailsFlow(FlowSpec):
    """A step that takes longer than it may."""

    seconds = Parameter("seconds", help="How long the step works", default=0.0)

    @step
    def start(self):
        self.begun = True
        self.next(self.work)

    @timeout(seconds=1)
    @step
    def work(self):
        time.sleep(self.seconds)
        self.done = True
        self.next(self.end)

    @step
    def end(self):
        print("in time:", self.done)


if __name__ == "__main__":
    TimeoutFailsFlow()
