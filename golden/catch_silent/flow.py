from metaflow import FlowSpec, catch, step


class SilentFlow(FlowSpec):
    """Errors that nobody asks for."""

    @step
    def start(self):
        self.table = {"a": 1}
        self.next(self.lookup, self.nothing)

    @catch(print_exception=False)
    @step
    def lookup(self):
        self.found = self.table["b"]
        self.next(self.collect)

    @catch
    @step
    def nothing(self):
        raise NotImplementedError
        self.next(self.collect)

    @step
    def collect(self, inputs):
        self.results = [getattr(branch, "found", None) for branch in inputs]
        self.next(self.end)

    @catch
    @step
    def end(self):
        print(self.results)
        raise ValueError("even the last step may fail")


if __name__ == "__main__":
    SilentFlow()
