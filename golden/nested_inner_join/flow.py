from metaflow import FlowSpec, step


class NestedInnerJoinFlow(FlowSpec):
    """The inner join, and the step after it, are still at a place of the outer foreach."""

    @step
    def start(self):
        self.sites = ["roof", "cellar"]
        self.unit = "C"
        self.next(self.site, foreach="sites")

    @step
    def site(self):
        self.hours = [6, 18]
        self.next(self.measure, foreach="hours")

    @step
    def measure(self):
        self.value = self.input + len(self.sites[self.foreach_stack()[0][0]])
        self.next(self.join_hours)

    @step
    def join_hours(self, inputs):
        self.values = [inp.value for inp in inputs]
        self.number = self.index
        # the list of the outer foreach is needed to know the item again
        self.merge_artifacts(inputs, include=["sites", "unit"])
        self.site_name = self.input
        self.next(self.rate)

    @step
    def rate(self):
        self.text = f"{self.input} ({self.index}): {max(self.values)} {self.unit}"
        self.stack = self.foreach_stack()
        self.next(self.join_sites)

    @step
    def join_sites(self, inputs):
        self.texts = [inp.text for inp in inputs]
        self.values = {inp.site_name: inp.values for inp in inputs}
        self.numbers = [(inp.number, inp.index) for inp in inputs]
        self.stacks = [inp.stack for inp in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.texts, self.values, self.numbers)


if __name__ == "__main__":
    NestedInnerJoinFlow()
