from metaflow import FlowSpec, Parameter, step


class SwitchArmSplitFlow(FlowSpec):
    """A deep check has two parts that run side by side, a quick one has none."""

    deep = Parameter("deep", help="Look closely", default=True)

    @step
    def start(self):
        self.rows = [("a", 1), ("b", None), ("a", 3)]
        self.next({True: self.deep_check, False: self.quick_check}, condition="deep")

    @step
    def deep_check(self):
        self.level = 2
        self.next(self.gaps, self.duplicates)

    @step
    def gaps(self):
        self.found = [name for name, value in self.rows if value is None]
        self.next(self.checked)

    @step
    def duplicates(self):
        names = [name for name, _ in self.rows]
        self.found = sorted({name for name in names if names.count(name) > 1})
        self.next(self.checked)

    @step
    def checked(self, inputs):
        self.problems = {"gaps": inputs.gaps.found, "duplicates": inputs.duplicates.found}
        self.merge_artifacts(inputs, exclude=["found"])
        self.next(self.report)

    @step
    def quick_check(self):
        self.level = 1
        self.problems = {} if self.rows else {"empty": True}
        self.next(self.report)

    @step
    def report(self):
        self.text = f"level {self.level}: {len(self.problems)} kinds of problems in {len(self.rows)} rows"
        self.next(self.end)

    @step
    def end(self):
        print(self.text, self.problems)


if __name__ == "__main__":
    SwitchArmSplitFlow()
