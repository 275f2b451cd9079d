from metaflow import FlowSpec, Parameter, step


class EarlyNextFlow(FlowSpec):
    """A step may leave early when it goes where it would go anyway."""

    cached = Parameter("cached", help="Use the cached result", default=False)
    quiet = Parameter("quiet", help="Print nothing", default=False)

    @step
    def start(self):
        self.rows = [5, 6, 7]
        self.next(self.compute)

    @step
    def compute(self):
        if self.cached:
            self.result = 18
            self.source = "cache"
            self.next(self.check)
            return
        total = 0
        for row in self.rows:
            if row < 0:
                self.result = None
                self.source = "bad row"
                self.next(self.check)
                return
            total += row
        self.result = total
        self.source = "computed"
        self.next(self.check)

    @step
    def check(self):
        self.ok = self.result == 18
        self.next(self.end)

    @step
    def end(self):
        self.final = f"{self.source}: {self.result}"
        if self.quiet:
            return
        print(self.final)
        self.printed = True


if __name__ == "__main__":
    EarlyNextFlow()
