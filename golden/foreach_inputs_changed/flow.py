from metaflow import FlowSpec, step


class InputsChangedFlow(FlowSpec):
    """The join changes what its inputs hold: each has a copy of its own, and nothing lasts."""

    @step
    def start(self):
        self.baskets = [["apple"], ["pear", "plum"]]
        self.prices = {"apple": 1, "pear": 2, "plum": 3}
        self.next(self.price, foreach="baskets")

    @step
    def price(self):
        self.total = sum(self.prices[fruit] for fruit in self.input)
        self.place = self.foreach_stack()
        self.next(self.join)

    @step
    def join(self, inputs):
        for inp in inputs:
            inp.input.append(f"total {inp.total}")
            inp.prices["all"] = inp.total
        self.receipts = [inp.input for inp in inputs]
        self.lists = [inp.baskets for inp in inputs]
        self.alls = [inp.prices["all"] for inp in inputs]
        self.places = [inp.place for inp in inputs]
        self.merge_artifacts(inputs, include=["baskets", "prices"])
        self.next(self.end)

    @step
    def end(self):
        print(self.receipts, self.lists, self.alls, self.baskets, self.prices)


if __name__ == "__main__":
    InputsChangedFlow()
