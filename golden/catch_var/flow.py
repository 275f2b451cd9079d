import os

from metaflow import FlowSpec, Parameter, catch, environment, retry, step


class ScoreFlow(FlowSpec):
    """Ratios, where dividing may fail."""

    denominator = Parameter("denominator", type=int, default=4)

    @step
    def start(self):
        self.numbers = [8, 12]
        self.next(self.divide)

    # a zero must not stop the report
    @catch(var="divide_failed")
    @retry(times=1, minutes_between_retries=0)
    @environment(vars={"SCALE": "10"})
    @step
    def divide(self):
        """Scaled ratios of all numbers."""
        # set before anything can fail
        self.scale = int(os.environ["SCALE"])
        self.ratios = [number // self.denominator for number in self.numbers]
        self.scaled = [ratio * self.scale for ratio in self.ratios]
        self.next(self.publish)

    @step
    def publish(self):
        if self.divide_failed:
            error = self.divide_failed
            self.message = f"no ratios: {error.exception} ({error.type})"
            self.traced = "ZeroDivisionError" in error.stacktrace
        else:
            self.message = f"ratios {self.ratios}"
            self.traced = False
        self.next(self.end)

    @step
    def end(self):
        print(self.message, self.scale, self.divide_failed is None)


if __name__ == "__main__":
    ScoreFlow()
