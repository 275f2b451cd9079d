from metaflow import FlowSpec, step

WANTED = ["sku", "weight"]


class MergeIncludeFlow(FlowSpec):
    """Only what is named goes on; a list of names may be a constant of the module."""

    @step
    def start(self):
        self.sku = "M-100"
        self.debug = {"host": "db1"}
        self.next(self.weigh, self.measure)

    @step
    def weigh(self):
        self.weight = 0.35
        self.note = "weighed"
        self.next(self.join)

    @step
    def measure(self):
        self.size = (8, 8, 10)
        self.note = "measured"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs, include=WANTED)
        self.lost = [name for name in ("debug", "note") if name not in WANTED]
        self.has_debug = hasattr(self, "debug")
        self.next(self.pack)

    @step
    def pack(self):
        self.has_size = hasattr(self, "size")
        self.label = f"{self.sku} {self.weight} kg"
        self.next(self.end)

    @step
    def end(self):
        print(self.label, self.lost, self.has_size)


if __name__ == "__main__":
    MergeIncludeFlow()
