from metaflow import FlowSpec, Parameter, step

BASE = {"rows": 12}


def default_label(ctx):
    """Named after the flow and the parameter, for example `CallableFlow-label`."""
    return f"{ctx.flow_name}-{ctx.parameter_name}"


def default_rows(context):
    return BASE["rows"] * 2


class ParameterCallableFlow(FlowSpec):
    """Defaults that are computed when the run is launched."""

    label = Parameter("label", help="Label of the run", default=default_label)
    rows = Parameter("rows", help="Number of rows", type=int, default=default_rows)
    rate = Parameter("rate", type=float, default=lambda ctx: 1.0 / BASE["rows"])
    dry = Parameter("dry-run", type=bool, default=lambda ctx: len(ctx.parameter_name) > 3)

    @step
    def start(self):
        self.table = [round(i * self.rate, 6) for i in range(self.rows)]
        self.next(self.end)

    @step
    def end(self):
        self.line = f"{self.label}: {len(self.table)} rows, dry={self.dry}"
        print(self.line)


if __name__ == "__main__":
    ParameterCallableFlow()
