from metaflow import FlowSpec, JSONType, Parameter, step


class MergeConflictFlow(FlowSpec):
    """Branches that set one name must agree, in value and in type."""

    left = Parameter("left", help="Limits of the left sensor", type=JSONType, default="[1, 2]")
    right = Parameter("right", help="Limits of the right sensor", type=JSONType, default="[1, 2]")

    @step
    def start(self):
        self.site = "north"
        self.next(self.read_left, self.read_right)

    @step
    def read_left(self):
        self.limits = self.left
        self.next(self.join)

    @step
    def read_right(self):
        self.limits = self.right
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs)
        self.next(self.end)

    @step
    def end(self):
        print(self.site, self.limits)


if __name__ == "__main__":
    MergeConflictFlow()
