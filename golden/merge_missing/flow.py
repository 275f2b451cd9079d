from metaflow import FlowSpec, Parameter, step


class MergeMissingFlow(FlowSpec):
    """A name to include must be there in one of the branches at least."""

    fast = Parameter("fast", help="Skip the thumbnail", default=False)

    @step
    def start(self):
        self.photo = {"name": "beach.jpg", "width": 4000}
        self.next(self.resize, self.tag)

    @step
    def resize(self):
        if not self.fast:
            self.thumbnail = {**self.photo, "width": 200}
        self.next(self.join)

    @step
    def tag(self):
        self.tags = ["sea", "sand"]
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs, include=["tags", "thumbnail"])
        self.next(self.end)

    @step
    def end(self):
        print(self.thumbnail, self.tags)


if __name__ == "__main__":
    MergeMissingFlow()
