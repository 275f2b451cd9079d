from metaflow import FlowSpec, Parameter, step


class PricingFlow(FlowSpec):
    """Some customers get a discount; the others have no such artifact."""

    spent = Parameter("spent", help="What the customer spent so far", default=120)

    def apply_discount(self):
        if self.spent >= 100:
            self.discount = self.spent // 50
            if self.spent >= 500:
                self.gift = "mug"
        return self.spent

    def note(self, text):
        if not hasattr(self, "notes"):
            self.notes = []
        self.notes.append(text)

    @step
    def start(self):
        self.base = self.apply_discount() * 2
        self.next(self.price)

    @step
    def price(self):
        self.reduced = hasattr(self, "discount")
        self.amount = self.base - getattr(self, "discount", 0)
        if self.reduced:
            self.note(f"{self.discount} off")
        self.next(self.end)

    @step
    def end(self):
        self.note("done")
        self.extra = getattr(self, "gift", None)
        self.has_gift = hasattr(self, "gift")
        self.label = "reduced" if hasattr(self, "discount") else "full"
        print(self.amount, self.label, self.extra, self.notes)


if __name__ == "__main__":
    PricingFlow()
