from metaflow import FlowSpec, Parameter, step


class ClippedFlow(FlowSpec):
    """A step that corrects its parameter fails, but only if there is something to correct."""

    share = Parameter("share", help="Between 0 and 1", default=0.5)

    @step
    def start(self):
        self.rows = list(range(10))
        self.next(self.check)

    @step
    def check(self):
        self.checked = True
        if self.share > 1:
            self.share = 1.0
        self.next(self.sample)

    @step
    def sample(self):
        self.sampled = self.rows[: int(len(self.rows) * self.share)]
        self.next(self.end)

    @step
    def end(self):
        print(self.sampled)


if __name__ == "__main__":
    ClippedFlow()
