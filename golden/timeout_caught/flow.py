import time

from metaflow import FlowSpec, step, timeout


class TimeoutCaughtFlow(FlowSpec):
    """The time limit is an exception inside the step, which the step may handle."""

    @step
    def start(self):
        self.patience = 20
        self.next(self.solve)

    @timeout(seconds=1)
    @step
    def solve(self):
        self.best = 0
        try:
            for guess in range(3):
                self.best = guess          # the best so far
                if guess == 2:
                    time.sleep(self.patience)
            self.finished = True
        except Exception as error:
            self.finished = False
            self.reason = type(error).__name__
        self.next(self.end)

    @step
    def end(self):
        print(self.best, self.finished, self.reason)


if __name__ == "__main__":
    TimeoutCaughtFlow()
