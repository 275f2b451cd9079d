from metaflow import FlowSpec, catch, step


class ChainFlow(FlowSpec):
    """Two caught steps for each element, of which the second asks for the first."""

    @step
    def start(self):
        self.sizes = [0, 1, 2]
        self.next(self.prepare, foreach="sizes")

    @catch(var="error")
    @step
    def prepare(self):
        self.size = self.input
        self.parts = 10 // self.size
        self.next(self.split)

    @catch(var="split_error")
    @step
    def split(self):
        if self.error:
            self.pieces = []
        else:
            self.pieces = list(range(self.parts))[: 4 // (self.size - 1)]
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.pieces = [getattr(found, "pieces", None) for found in inputs]
        self.errors = [(bool(found.error), bool(found.split_error)) for found in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.pieces, self.errors)


if __name__ == "__main__":
    ChainFlow()
