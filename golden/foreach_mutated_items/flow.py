from metaflow import FlowSpec, step


class ForeachMutatedItemsFlow(FlowSpec):
    """Each task changes its item in place; later steps of the same task chain see that."""

    @step
    def start(self):
        self.orders = [{"id": 1, "lines": ["mug"]}, {"id": 2, "lines": []}]
        self.log = []
        self.next(self.price, foreach="orders")

    @step
    def price(self):
        self.input["total"] = 12.5 * len(self.input["lines"])
        self.input["lines"].append("shipping")
        self.log.append(f"priced {self.input['id']}")
        self.next(self.check)

    @step
    def check(self):
        # the item is part of the list
        self.same = self.orders[self.index] is self.input
        self.others = [order for i, order in enumerate(self.orders) if i != self.index]
        self.orders[self.index]["free"] = self.input["total"] == 0
        self.log.append(f"checked {self.input['id']}")
        self.next(self.ship)

    @step
    def ship(self):
        self.order = self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.shipped = [inp.order for inp in inputs]
        self.logs = [inp.log for inp in inputs]
        self.unchanged = [inp.others for inp in inputs]
        self.same = all(inp.same for inp in inputs)
        self.seen = [inp.input for inp in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.shipped, self.logs, self.unchanged, self.same)


if __name__ == "__main__":
    ForeachMutatedItemsFlow()
