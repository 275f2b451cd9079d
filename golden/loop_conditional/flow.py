from metaflow import FlowSpec, step


class LoopConditionalFlow(FlowSpec):
    """Some rounds set artifacts that others do not, and the later rounds see them."""

    @step
    def start(self):
        self.queue = ["ok", "error: disk", "ok", "error: net"]
        self.next(self.process)

    @step
    def process(self):
        line = self.queue.pop(0)
        if line.startswith("error"):
            self.previous = getattr(self, "error", None)
            self.error = line.partition(": ")[2]
            self.errors = getattr(self, "errors", ()) + (self.error,)
        else:
            self.oks = getattr(self, "oks", 0) + 1
            if hasattr(self, "error"):
                self.recovered = self.error
        self.left = len(self.queue) > 0
        self.next({True: self.process, False: self.summary}, condition="left")

    @step
    def summary(self):
        self.text = f"{self.oks} fine, errors: {', '.join(self.errors)}"
        self.next(self.end)

    @step
    def end(self):
        print(self.text, self.previous, self.recovered, hasattr(self, "fatal"))


if __name__ == "__main__":
    LoopConditionalFlow()
