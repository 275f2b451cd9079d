from metaflow import FlowSpec, Parameter, step


class ForeachNoneFlow(FlowSpec):
    """A search that finds nothing gives None, which nothing can go over."""

    found = Parameter("found", help="What the search finds")

    @step
    def start(self):
        self.query = "*.png"
        self.next(self.search)

    @step
    def search(self):
        self.images = self.found.split(",") if self.found else None
        self.next(self.measure, foreach="images")

    @step
    def measure(self):
        self.size = len(self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.sizes = [inp.size for inp in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.sizes)


if __name__ == "__main__":
    ForeachNoneFlow()
