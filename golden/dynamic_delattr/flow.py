from metaflow import FlowSpec, step


class ForgetfulFlow(FlowSpec):
    """What is deleted is not always gone."""

    @step
    def start(self):
        self.rows = [1, 2, 3]
        self.model = {"weights": [0.5]}
        self.unused = "kept"
        self.scratch = "temporary"
        self.buffer = [0]
        del self.scratch
        delattr(self, "buffer")
        self.gone = [hasattr(self, "scratch"), getattr(self, "buffer", "none")]
        self.next(self.train)

    @step
    def train(self):
        self.before = hasattr(self, "scratch")
        total = sum(self.rows)
        del self.rows
        # it was inherited: the next look finds it again
        self.rows_again = getattr(self, "rows", None)
        try:
            del self.unused
            self.unread = "deleted"
        except AttributeError as error:
            self.unread = type(error).__name__
        self.model["weights"].append(total)
        del self.model
        self.fields = []
        for name in ("fields_left", "fields"):
            if hasattr(self, name):
                self.fields_left = name
                delattr(self, name)
        self.next(self.check)

    @step
    def check(self):
        self.rows = "replaced"
        del self.rows
        self.restored = self.rows
        self.weights = self.model["weights"]
        self.next(self.end)

    @step
    def end(self):
        self.present = {
            name: hasattr(self, name) for name in ("rows", "unused", "scratch", "fields", "model")
        }
        self.unused_value = getattr(self, "unused", None)
        print(self.gone, self.rows_again, self.unread, self.restored, self.weights, self.present)


if __name__ == "__main__":
    ForgetfulFlow()
