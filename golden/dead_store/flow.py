from metaflow import FlowSpec, step


class DeadStoreFlow(FlowSpec):
    """Artifacts that are overwritten before anybody reads them."""

    @step
    def start(self):
        self.status = "started"
        self.counter = 1
        self.buffer = [0] * 4
        self.counter = 2                # twice in the same step
        self.next(self.work)

    @step
    def work(self):
        self.status = "working"         # never read: the next step replaces it
        self.buffer = {"replaced": True}
        self.only_here = self.counter * 10
        self.next(self.finish)

    @step
    def finish(self):
        self.status = "finished"
        self.only_here += 1
        self.next(self.end)

    @step
    def end(self):
        self.counter = "another type"
        print(self.status, self.only_here, self.buffer)


if __name__ == "__main__":
    DeadStoreFlow()
