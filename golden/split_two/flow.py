from metaflow import FlowSpec, step


class SplitTwoFlow(FlowSpec):
    """Revenue and customers of a day, worked out side by side."""

    @step
    def start(self):
        self.orders = [
            {"customer": "ann", "amount": 120.5},
            {"customer": "bob", "amount": 80.0},
            {"customer": "ann", "amount": 15.25},
        ]
        self.currency = "EUR"
        self.next(self.revenue, self.customers)

    @step
    def revenue(self):
        self.total = sum(order["amount"] for order in self.orders)
        self.next(self.summary)

    @step
    def customers(self):
        self.names = sorted({order["customer"] for order in self.orders})
        self.next(self.summary)

    @step
    def summary(self, inputs):
        self.total = inputs.revenue.total
        self.names = inputs.customers.names
        # neither branch changed it
        self.currency = inputs.customers.currency
        self.per_customer = round(self.total / len(self.names), 2)
        self.next(self.end)

    @step
    def end(self):
        print(f"{self.total} {self.currency} from {', '.join(self.names)}: {self.per_customer} each")


if __name__ == "__main__":
    SplitTwoFlow()
