from metaflow import FlowSpec, Parameter, step


class ForeachSequencesFlow(FlowSpec):
    """Over the characters of a string that is a parameter, then over a range."""

    word = Parameter("word", help="What to spell", default="abc")
    years = Parameter("years", help="How many to report", default=2)

    @step
    def start(self):
        self.next(self.spell, foreach="word")

    @step
    def spell(self):
        self.code = ord(self.input)
        self.next(self.spelled)

    @step
    def spelled(self, inputs):
        self.codes = [inp.code for inp in inputs]
        self.again = "".join(inp.input for inp in inputs)
        self.next(self.plan)

    @step
    def plan(self):
        self.span = range(2020, 2020 + self.years)
        self.next(self.report, foreach="span")

    @step
    def report(self):
        self.line = f"{self.input}: {self.codes[0] + self.index}"
        self.next(self.reported)

    @step
    def reported(self, inputs):
        self.lines = [inp.line for inp in inputs]
        self.merge_artifacts(inputs, include=["codes", "again"])
        self.next(self.end)

    @step
    def end(self):
        print(self.word, self.again, self.codes, self.lines)


if __name__ == "__main__":
    ForeachSequencesFlow()
