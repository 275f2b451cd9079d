from metaflow import FlowSpec, JSONType, Parameter, exit_hook, step


def release(run):
    print("the rooms are free again")


def log(text="done"):
    print(text)


@exit_hook(on_error=[log, "release"])
@exit_hook(on_success=["log"], on_error=[log])
class ExitHookParametersFlow(FlowSpec):
    """Books rooms; the one who handles a failure gets the inputs of the workflow."""

    seats = Parameter("seats", type=int, required=True)
    city = Parameter("city", help="Anywhere if not given")
    limits = Parameter("limits", type=JSONType, default='{"price": 90.0}')
    share = Parameter("share", default=False)
    factor = Parameter("factor", type=float, default=1)

    @step
    def start(self):
        self.room = f"{self.city or 'anywhere'}: {self.seats}"
        if self.seats > 100:
            raise ValueError("no room is that large")
        self.next(self.end)

    @step
    def end(self):
        self.price = min(self.limits["price"], self.seats * self.factor)
        print(self.room, self.price, self.share)


if __name__ == "__main__":
    ExitHookParametersFlow()
