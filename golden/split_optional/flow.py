from metaflow import FlowSpec, Parameter, step


class SplitOptionalFlow(FlowSpec):
    """Not every branch sets every artifact, and the join asks which did."""

    strict = Parameter("strict", help="Whether warnings count", default=False)

    @step
    def start(self):
        self.image = {"name": "cat.png", "width": 640, "height": 480, "bytes": 0}
        self.next(self.shape, self.content)

    @step
    def shape(self):
        self.check = "shape"
        self.ratio = round(self.image["width"] / self.image["height"], 3)
        if self.ratio > 1.5:
            self.problem = "too wide"
        self.next(self.verdict)

    @step
    def content(self):
        self.check = "content"
        if not self.image["bytes"]:
            self.warning = "empty"
            if self.strict:
                self.problem = self.warning
        self.next(self.verdict)

    @step
    def verdict(self, inputs):
        self.checked = sorted(inp.check for inp in inputs)
        self.problems = sorted(inp.problem for inp in inputs if hasattr(inp, "problem"))
        self.warnings = sorted(getattr(inp, "warning", "-") for inp in inputs)
        self.ratio = getattr(inputs.shape, "ratio", None)
        self.no_ratio = getattr(inputs.content, "ratio", None)
        self.alone = not hasattr(self, "image")
        if hasattr(inputs.shape, "image"):
            self.image = inputs.shape.image
        self.next(self.end)

    @step
    def end(self):
        print(self.image["name"], self.checked, self.problems or "fine", self.warnings)


if __name__ == "__main__":
    SplitOptionalFlow()
