from metaflow import FlowSpec, Parameter, step


class LoggingMixin:
    """Keeps a log in an artifact."""

    LEVEL = "info"
    verbose = Parameter("verbose", help="Log everything", default=False)

    def log(self, text, detail=None):
        if detail is None or self.verbose:
            self.entries = [*getattr(self, "entries", []), f"{self.LEVEL}: {text}"]

    def name_of(self):
        return "logging"


class ReviewMixin:
    """Brings a step of its own."""

    LEVEL = "review"
    LIMIT = 3

    def name_of(self):
        return f"review+{super().name_of()}"

    def accepted(self, value):
        return value <= self.LIMIT

    @step
    def review(self):
        self.log("reviewing")
        self.rejected = [value for value in self.values if not self.accepted(value)]
        self.next(self.end)


class OrdersFlow(ReviewMixin, LoggingMixin, FlowSpec):
    """Review the large orders."""

    def accepted(self, value):
        self.log(f"looked at {value}", detail=True)
        return super().accepted(value) or value == 100

    @step
    def start(self):
        self.values = [1, 5, 100]
        self.log("started")
        self.next(self.review)

    @step
    def end(self):
        self.log("done")
        self.mixins = self.name_of()
        self.level = self.LEVEL
        print(self.entries, self.rejected, self.mixins, self.level)


if __name__ == "__main__":
    OrdersFlow()
