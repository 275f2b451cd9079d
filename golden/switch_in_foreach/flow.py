from metaflow import FlowSpec, step


class SwitchInForeachFlow(FlowSpec):
    """Each document goes its own way, and all ways meet before the join."""

    @step
    def start(self):
        self.documents = [("d1", "invoice", "12.50"), ("d2", "letter", "Dear all"), ("d3", "invoice", "7.00")]
        self.next(self.classify, foreach="documents")

    @step
    def classify(self):
        self.number, self.kind, self.text = self.input
        self.next({"invoice": self.extract, "letter": self.summarise}, condition="kind")

    @step
    def extract(self):
        self.amount = float(self.text)
        self.next(self.file)

    @step
    def summarise(self):
        self.summary = self.text.lower()
        self.next(self.file)

    @step
    def file(self):
        # the place in the foreach is still known
        self.entry = (self.index, self.number, getattr(self, "amount", None), self.input[1])
        self.next(self.join)

    @step
    def join(self, inputs):
        self.entries = [inp.entry for inp in inputs]
        self.total = sum(inp.amount for inp in inputs if hasattr(inp, "amount"))
        self.summaries = [inp.summary for inp in inputs if inp.kind == "letter"]
        self.next(self.end)

    @step
    def end(self):
        print(self.entries, self.total, self.summaries)


if __name__ == "__main__":
    SwitchInForeachFlow()
