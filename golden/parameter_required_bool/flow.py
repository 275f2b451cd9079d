from metaflow import FlowSpec, Parameter, step


class RequiredBoolFlow(FlowSpec):
    """A flag that must be given, one way or the other."""

    strict = Parameter("strict", help="Refuse bad rows", type=bool, required=True)
    report = Parameter("report", help="Defaults to a report", type=bool, default=True)
    maybe = Parameter("maybe", help="Neither: None", type=bool)

    @step
    def start(self):
        rows = ["1", "2", "x"]
        if self.strict:
            self.rows = [int(row) for row in rows if row.isdigit()]
        else:
            self.rows = [int(row) if row.isdigit() else -1 for row in rows]
        self.next(self.end)

    @step
    def end(self):
        self.state = (self.strict, self.report, self.maybe)
        if self.report:
            print(self.rows, self.state)


if __name__ == "__main__":
    RequiredBoolFlow()
