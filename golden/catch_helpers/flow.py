from metaflow import FlowSpec, Parameter, catch, step


class ImportFlow(FlowSpec):
    """Helpers that set artifacts before they fail."""

    limit = Parameter("limit", type=int, default=2)

    def load(self, name):
        self.loaded = name
        if len(name) > self.limit:
            self.rejected = name
            raise ValueError(name)

    @step
    def start(self):
        self.names = ["a", "bb", "ccc"]
        self.done = []
        self.next(self.load_all)

    @catch(var="failure")
    @step
    def load_all(self):
        for name in self.names:
            self.load(name)
            self.done.append(name)
        self.complete = True
        self.next(self.end)

    @step
    def end(self):
        self.summary = (self.done, self.loaded, getattr(self, "rejected", None))
        print(self.summary, self.failure, hasattr(self, "complete"))


if __name__ == "__main__":
    ImportFlow()
