from metaflow import FlowSpec, Parameter, catch, step


class MissingFlow(FlowSpec):
    """An artifact that a caught error has kept from being set."""

    fails = Parameter("fails", type=bool, default=False)

    @catch(var="failure")
    @step
    def start(self):
        if self.fails:
            raise OSError("disk full")
        self.rows = [1]
        self.next(self.use)

    @step
    def use(self):
        self.count = len(self.rows)
        self.next(self.end)

    @step
    def end(self):
        print(self.count)


if __name__ == "__main__":
    MissingFlow()
