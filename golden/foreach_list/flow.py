from metaflow import FlowSpec, step


class ForeachListFlow(FlowSpec):
    """Several artifacts for each file, collected in the order of the list."""

    @step
    def start(self):
        self.files = ["a.csv", "b.csv", "notes.txt"]
        self.sizes = {"a.csv": 120, "b.csv": 80, "notes.txt": 5}
        self.next(self.inspect, foreach="files")

    @step
    def inspect(self):
        self.file = self.input
        self.kind = self.file.rpartition(".")[2]
        self.size = self.sizes[self.file]
        self.header = None if self.kind == "txt" else ("id", "value")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.by_file = {inp.file: (inp.kind, inp.size) for inp in inputs}
        self.headers = [inp.header for inp in inputs]
        self.total = sum(inp.size for inp in inputs)
        self.largest = max(inputs, key=lambda inp: inp.size).file
        self.order = [(position, inp.input, inp.index) for position, inp in enumerate(inputs)]
        self.last = inputs[-1].file
        self.first_two = [inp.file for inp in inputs[:2]]
        self.next(self.end)

    @step
    def end(self):
        print(self.by_file, self.headers, self.total, self.largest, self.order)


if __name__ == "__main__":
    ForeachListFlow()
