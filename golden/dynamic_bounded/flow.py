from metaflow import FlowSpec, Parameter, step


class ProfileFlow(FlowSpec):
    """Columns of a table, one artifact for each statistic of them."""

    column = Parameter("column", default="age")

    @step
    def start(self):
        self.age = [30, 41, 25]
        self.income = [10.5, 20.0]
        for name in ("age", "income"):
            setattr(self, f"max_{name}", max(getattr(self, name)))
        self.next(self.measure)

    @step
    def measure(self):
        for field in ("age", "income"):
            values = getattr(self, field)
            setattr(self, "n_" + field, len(values))
            for kind, value in (("low", min(values)), ("sum", sum(values))):
                setattr(self, f"{kind}_{field}", value)
        for flag in ["done"]:
            setattr(self, flag, True)
        if self.column in ("age", "income"):
            self.chosen = getattr(self, self.column)
        self.next(self.compare)

    @step
    def compare(self):
        self.present = [
            name for name in ("n_age", "n_city", "chosen") if getattr(self, name, None) is not None
        ]
        self.means = {
            name: getattr(self, "sum_" + name) / getattr(self, "n_" + name)
            for name in ("age", "income")
        }
        for suffix in ["age", "income"]:
            low, high = (getattr(self, f"{part}_{suffix}") for part in ("low", "max"))
            setattr(self, f"range_{suffix}", high - low)
        self.next(self.end)

    @step
    def end(self):
        self.summary = [self.n_age, self.n_income, self.low_age, self.range_income, self.done]
        print(self.summary, self.means, self.present, getattr(self, "chosen", "none"))


if __name__ == "__main__":
    ProfileFlow()
