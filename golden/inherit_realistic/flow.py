"""The orders of the shop, in the warehouse."""

from metaflow import step
from team.base import TableFlow, sized
from team.checks import Check

RATES = {"EUR": 1.0, "USD": 0.9}


class OrdersFlow(TableFlow):
    """Orders in euros."""

    table = "orders"
    PARTS = 3
    CHECKS = (Check("positive", "amount", 1), Check("plausible", "amount", 0, 500))

    def extract(self):
        currencies = sorted(RATES)
        return [
            {"id": n, "amount": n * n * 10, "currency": currencies[n % 2]} for n in range(self.rows)
        ]

    def transform(self, row):
        converted = super().transform({**row, "part": self.index})
        converted["amount"] = round(row["amount"] * RATES[converted.pop("currency")], 2)
        return converted

    def audit(self, event):
        super().audit(event.upper())
        self.audited = len(self.audit_trail)

    @step
    def end(self):
        super().end()
        self.total = sum(row["amount"] for row in self.converted)
        self.summary = [self.total, sized(self.converted), self.check_results, self.audited]
        print(self.summary)


if __name__ == "__main__":
    OrdersFlow()
