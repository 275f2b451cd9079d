from metaflow import FlowSpec, step


class AuditFlow(FlowSpec):
    """Payments with a trail of everything that was done to them."""

    def record(self, event, **details):
        self.trail.append({"event": event, **details})

    def charge(self, customer, amount):
        self.record("charge", customer=customer, amount=amount)
        self.balances[customer] = self.balances.get(customer, 0) + amount
        return self.balances[customer]

    def charge_all(self, amounts):
        totals = [self.charge(customer, amount) for customer, amount in amounts]
        self.largest = max(totals)
        return len(totals)

    def settle(self):
        for customer in self.balances:
            self.refund(customer)

    def refund(self, customer):
        if self.balances[customer] > self.ceiling:
            self.record("refund", customer=customer)
            self.balances[customer] = self.ceiling

    @step
    def start(self):
        self.trail = []
        self.balances = {}
        self.ceiling = 50
        self.next(self.collect)

    @step
    def collect(self):
        self.charged = self.charge_all([("ann", 20), ("bob", 70), ("ann", 15)])
        self.next(self.correct)

    @step
    def correct(self):
        self.settle()
        self.next(self.end)

    @step
    def end(self):
        self.record("closed")
        self.events = [entry["event"] for entry in self.trail]
        print(self.events, self.balances, self.largest, self.charged)


if __name__ == "__main__":
    AuditFlow()
