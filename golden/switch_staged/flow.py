from metaflow import FlowSpec, Parameter, step


class SwitchStagedFlow(FlowSpec):
    """Three ways, of which two meet before they meet the third."""

    file = Parameter("file", help="The file", default="a.json")

    @step
    def start(self):
        self.kind = self.file.split(".", 1)[1]
        self.next(
            {"json": self.plain, "json.gz": self.unzip, "csv": self.split_lines},
            condition="kind",
        )

    @step
    def plain(self):
        self.text = '{"rows": 3}'
        self.next(self.decode)

    @step
    def unzip(self):
        self.text = '{"rows": 30}'
        self.packed = True
        self.next(self.decode)

    @step
    def decode(self):
        import json

        self.rows = json.loads(self.text)["rows"]
        self.next(self.check)

    @step
    def split_lines(self):
        self.rows = len("a\nb".splitlines())
        self.next(self.check)

    @step
    def check(self):
        self.was_packed = getattr(self, "packed", False)
        self.has_text = hasattr(self, "text")
        self.next(self.end)

    @step
    def end(self):
        print(self.kind, self.rows, self.was_packed, self.has_text)


if __name__ == "__main__":
    SwitchStagedFlow()
