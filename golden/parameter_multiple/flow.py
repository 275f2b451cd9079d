from metaflow import FlowSpec, Parameter, step


class ParameterMultipleFlow(FlowSpec):
    """Options that may be given several times: `--label a --label b`."""

    labels = Parameter("label", help="A label; repeat for more", multiple=True)
    depths = Parameter("depth", help="Depths to try", multiple=True, type=int, default=[2, 4])

    @step
    def start(self):
        self.grid = {f"depth-{depth}": depth**2 for depth in self.depths}
        self.next(self.end)

    @step
    def end(self):
        self.joined = "/".join(self.labels) or "unlabelled"
        self.kinds = (type(self.labels).__name__, type(self.depths).__name__)
        print(self.joined, self.grid, self.kinds)


if __name__ == "__main__":
    ParameterMultipleFlow()
