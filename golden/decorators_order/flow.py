from metaflow import FlowSpec, environment, resources, retry, schedule, step, timeout


@schedule
class DecoratorsOrderFlow(FlowSpec):
    """Decorators in several orders, with and without parentheses."""

    @retry
    @step
    def start(self):
        self.trace = ["start"]
        self.next(self.first)

    @resources(cpu=2)
    @timeout(minutes=1)
    @retry()
    @step
    def first(self):
        self.trace.append("first")
        self.next(self.second)

    @timeout(seconds=90)
    # a comment between two decorators
    @retry(times=1)

    @environment(vars={"MFGEN_ORDER": "second"})
    @resources()
    @step
    def second(self):
        self.trace.append("second")
        self.next(self.third)

    @environment(vars={"MFGEN_ORDER": "third"})
    @resources(memory=1000, cpu=1)
    @retry(minutes_between_retries=0, times=3)
    @timeout(seconds=30, minutes=2, hours=0)
    @step()
    def third(self):
        self.trace.append("third")
        self.next(self.end)

    @step
    def end(self):
        print(self.trace)


if __name__ == "__main__":
    DecoratorsOrderFlow()
