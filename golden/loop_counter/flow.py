from metaflow import FlowSpec, Parameter, step


class LoopCounterFlow(FlowSpec):
    """Read page after page until there are no more."""

    pages = Parameter("pages", help="How many there are", default=6)

    @step
    def start(self):
        self.page = 0
        self.items = 0
        self.next(self.read)

    @step
    def read(self):
        self.page += 1
        self.items += 10 if self.page < self.pages else 3
        self.more = self.page < self.pages
        self.next({True: self.read, False: self.end}, condition="more")

    @step
    def end(self):
        print(f"{self.items} items on {self.page} pages")


if __name__ == "__main__":
    LoopCounterFlow()
