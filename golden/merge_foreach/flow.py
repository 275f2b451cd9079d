from metaflow import FlowSpec, step


class MergeForeachFlow(FlowSpec):
    """After a foreach, what all of its tasks share is merged, and what differs is collected."""

    @step
    def start(self):
        self.currency = "EUR"
        self.rates = {"USD": 0.92, "GBP": 1.17, "JPY": 0.0061}
        self.amounts = [("USD", 100), ("GBP", 20), ("JPY", 9000)]
        self.next(self.convert, foreach="amounts")

    @step
    def convert(self):
        code, amount = self.input
        self.converted = round(amount * self.rates[code], 2)
        self.method = "daily rates"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.converted = [inp.converted for inp in inputs]
        self.merge_artifacts(inputs, exclude=["amounts"])
        self.next(self.end)

    @step
    def end(self):
        self.total = sum(self.converted)
        print(f"{self.total} {self.currency} by {self.method}", hasattr(self, "amounts"), self.rates)


if __name__ == "__main__":
    MergeForeachFlow()
