from metaflow import FlowSpec, Parameter, step


class BudgetFlow(FlowSpec):
    """Spend a yearly budget in quarters."""

    budget = Parameter("budget", help="Euros per year", default=1000)
    QUARTERS = 4

    @property
    def per_quarter(self):
        return self.budget / self.QUARTERS

    @property
    def spent(self):
        """Reads artifacts of earlier steps."""
        return sum(self.expenses)

    @property
    def left(self):
        return self.budget - self.spent

    @property
    def owner(self):
        return self._owner

    @owner.setter
    def owner(self, name):
        self._owner = name.title()
        self.renamed = getattr(self, "renamed", 0) + 1

    @step
    def start(self):
        self.expenses = [100, 250]
        self.owner = "ann"
        self.share = self.spent / self.per_quarter
        self.next(self.buy)

    @step
    def buy(self):
        self.expenses.append(75)
        self.after = self.left
        self.over = self.spent > self.per_quarter
        self.next(self.hand_over)

    @step
    def hand_over(self):
        self.previous = self.owner
        self.owner = "bob"
        self.next(self.end)

    @step
    def end(self):
        self.text = f"{self.owner} has {self.left:.2f} left, after {self.previous}"
        self.per_month = self.per_quarter / 3
        print(self.text, self.renamed, self.per_month, self.share, self.over)


if __name__ == "__main__":
    BudgetFlow()
