from metaflow import FlowSpec, step


class QuotaFlow(FlowSpec):
    """The constant of a class is no place for what a step finds out."""

    quota = 5

    @step
    def start(self):
        self.used = [1, 2, 4]
        self.next(self.extend)

    @step
    def extend(self):
        self.before = self.quota
        self.quota = self.before + sum(self.used)
        self.next(self.end)

    @step
    def end(self):
        print(self.quota)


if __name__ == "__main__":
    QuotaFlow()
