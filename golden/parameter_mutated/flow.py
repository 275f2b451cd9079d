from metaflow import FlowSpec, JSONType, Parameter, step


class ParameterMutatedFlow(FlowSpec):
    """A parameter changed in place is as it was in the next step."""

    options = Parameter("options", help="Model options", type=JSONType, default='{"depth": 2, "layers": [8, 4]}')
    columns = Parameter("columns", help="Columns to use", default="a,b", separator=",")

    @step
    def start(self):
        # these changes are seen to the end of this step, and no longer
        self.options["depth"] += 10
        self.options["layers"].append(2)
        self.columns.append("c")
        self.depth_in_start = self.options["depth"]
        self.columns_in_start = list(self.columns)
        self.next(self.end)

    @step
    def end(self):
        self.depth_in_end = self.options["depth"]
        self.layers_in_end = len(self.options["layers"])
        self.columns_in_end = list(self.columns)
        print(self.depth_in_start, self.depth_in_end, self.columns_in_start, self.columns_in_end)


if __name__ == "__main__":
    ParameterMutatedFlow()
