from metaflow import FlowSpec, Parameter, step


class MergeAskedFlow(FlowSpec):
    """What a merge may or may not bring is asked for right behind it."""

    strict = Parameter("strict", default=False)

    @step
    def start(self):
        self.rows = [3, -1, 2]
        self.next(self.clean, self.count)

    @step
    def clean(self):
        if self.strict:
            self.limits = {"low": 0}
        self.kept = [row for row in self.rows if row >= 0]
        self.next(self.join)

    @step
    def count(self):
        if self.strict:
            self.limits = {"low": 0}
        self.total = len(self.rows)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs)
        self.limits = getattr(self, "limits", {"low": None})
        self.has_kept = hasattr(self, "kept")
        if not hasattr(self, "note"):
            self.note = f"{self.total} rows"
        self.next(self.end)

    @step
    def end(self):
        print(self.limits, self.has_kept, self.note, self.rows)


if __name__ == "__main__":
    MergeAskedFlow()
