from metaflow import FlowSpec, Parameter, step


class ParameterSeparatorFlow(FlowSpec):
    """Strings that arrive as lists."""

    features = Parameter("features", help="Comma-separated columns", default="age,income,zip", separator=",")
    paths = Parameter("paths", help="Separated by two characters", default="a::b", separator="::")
    labels = Parameter("labels", help="No default: stays None", separator=",")
    notes = Parameter("notes", help="Empty by default: stays empty", default="", separator=";")
    regions = Parameter("regions", help="Required", required=True, separator="|")

    @step
    def start(self):
        self.columns = [name.strip().upper() for name in self.features]
        self.depth = len(self.paths)
        self.next(self.end)

    @step
    def end(self):
        self.has_labels = self.labels is not None
        self.blank = self.notes == ""
        self.first_region = self.regions[0]
        print(self.columns, self.depth, self.labels, self.notes, self.regions)


if __name__ == "__main__":
    ParameterSeparatorFlow()
