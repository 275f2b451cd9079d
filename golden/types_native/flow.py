from metaflow import FlowSpec, Parameter, step


class TypesNativeFlow(FlowSpec):
    """Artifacts whose types can be read off the code."""

    alpha = Parameter("alpha", default=0.25)
    rounds = Parameter("rounds", default=3)
    team = Parameter("team", default="core")

    @step
    def start(self):
        self.limit = 100
        self.factor = 1.5
        self.greeting = "hi"
        self.ready = True
        self.negative = -4
        self.rate = self.alpha
        self.loops = self.rounds
        self.owner = self.team
        self.next(self.derive)

    @step
    def derive(self):
        values = [self.limit * i for i in range(self.loops)]
        self.size = len(values)
        self.title = f"{self.greeting}, {self.owner}: {self.size}"
        self.enough = self.size > 2
        self.both = self.ready and self.enough
        self.product = self.factor * self.rate
        self.share = self.limit / self.loops
        self.pages: int = sum(values) // 7
        self.next(self.end)

    @step
    def end(self):
        self.done = not self.enough
        self.line = str(self.product) + " " + self.title.upper()
        print(self.line, self.negative, self.both, self.share, self.pages, self.done)


if __name__ == "__main__":
    TypesNativeFlow()
