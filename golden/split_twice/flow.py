from metaflow import FlowSpec, step


class SplitTwiceFlow(FlowSpec):
    """Two splits after one another, with steps of the same artifacts in both."""

    @step
    def start(self):
        self.stock = {"mug": 3, "pot": 0, "cup": 12}
        self.next(self.low, self.high)

    @step
    def low(self):
        self.chosen = sorted(name for name, count in self.stock.items() if count < 5)
        self.next(self.counted)

    @step
    def high(self):
        self.chosen = sorted(name for name, count in self.stock.items() if count >= 5)
        self.next(self.counted)

    @step
    def counted(self, inputs):
        self.order, self.sale = inputs.low.chosen, inputs.high.chosen
        self.stock = inputs.low.stock
        self.next(self.act)

    @step
    def act(self):
        self.actions = []
        self.next(self.buy, self.discount)

    @step
    def buy(self):
        for name in self.order:
            self.actions.append(f"buy {10 - self.stock[name]} {name}")
        self.next(self.acted)

    @step
    def discount(self):
        for name in self.sale:
            self.actions.append(f"discount {name}")
        self.next(self.acted)

    @step
    def acted(self, inputs):
        self.actions = inputs.buy.actions + inputs.discount.actions
        self.next(self.end)

    @step
    def end(self):
        print("\n".join(self.actions))


if __name__ == "__main__":
    SplitTwiceFlow()
