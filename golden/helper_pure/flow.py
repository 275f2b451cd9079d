from metaflow import FlowSpec, Parameter, step


class InvoiceFlow(FlowSpec):
    """Invoices in several currencies; the helpers only know what they are given."""

    discount = Parameter("discount", help="Share that is taken off", default=0.1)

    def rounded(self, amount, digits=2):
        return round(amount, digits)

    def net(self, amount, discount=0.0, *, minimum=1.0):
        """Never less than the minimum."""
        return max(self.rounded(amount * (1 - discount)), minimum)

    def label(self, customer, amount, currency="EUR"):
        return f"{customer.title()}: {self.rounded(amount, 1)} {currency}"

    @step
    def start(self):
        self.amounts = {"ann": 120.456, "bob": 0.5, "cleo": 99.999}
        self.rounded_amounts = [self.rounded(amount) for amount in self.amounts.values()]
        self.next(self.bill)

    @step
    def bill(self):
        self.nets = {
            customer: self.net(amount, self.discount)
            for customer, amount in self.amounts.items()
            if self.net(amount) > 1.0 or customer == "bob"
        }
        self.smallest = self.net(0.2, minimum=0.25)
        self.total = self.rounded(sum(self.net(a, discount=0.5) for a in self.nets.values()), 3)
        self.next(self.end)

    @step
    def end(self):
        self.lines = [self.label(name, amount) for name, amount in self.nets.items()]
        self.lines.append(self.label("all", self.total, currency="USD"))
        self.widths = sorted(map(len, self.lines), key=lambda n: self.rounded(-n, 0))
        print(self.lines, self.widths)


if __name__ == "__main__":
    InvoiceFlow()
