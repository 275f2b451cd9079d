from metaflow import FlowSpec, step


class ArtifactNamedLikeStepFlow(FlowSpec):
    """An artifact that hides a step, for as long as its task lasts."""

    @step
    def start(self):
        self.values = [2, 4]
        self.report = "assigned over a step"      # self.report is a str in this task
        self.length = len(self.report)
        self.next(self.compute)

    @step
    def compute(self):
        # here self.report is the step again
        self.is_step = callable(self.report)
        self.mean = sum(self.values) / len(self.values)
        self.next(self.report)

    @step
    def report(self):
        self.line = f"mean {self.mean}, length {self.length}, step again: {self.is_step}"
        self.next(self.end)

    @step
    def end(self):
        print(self.line)


if __name__ == "__main__":
    ArtifactNamedLikeStepFlow()
