from metaflow import FlowSpec, Parameter, step

score = 100
rows = ["module"]


def clean(values):
    return [value for value in values if value is not None]


def total(values, bonus):
    return sum(values) + bonus


class GradesFlow(FlowSpec):
    """Helpers that share their names with functions, locals, builtins and artifacts."""

    bonus = Parameter("bonus", default=1)

    def clean(self, values):
        """Uses the function of the same name."""
        self.cleaned = getattr(self, "cleaned", 0) + 1
        return sorted(clean(values))

    def total(self, bonus=10):
        self.values = self.clean(self.values)
        return total(self.values, bonus) + self.bonus

    def sum(self, rows):
        return sum(rows) + len(self.rows)

    def score(self):
        return score

    def start_value(self, self_value, start):
        end = self_value + start
        return end

    def task(self, inputs, outputs=None):
        index = len(inputs)
        return {"index": index, "outputs": outputs, "next": self.score()}

    @step
    def start(self):
        values = [3, None, 1]
        self.values = values
        self.rows = ["artifact", *rows]
        clean = self.clean(values)
        self.first = clean[0]
        self.next(self.grade)

    @step
    def grade(self):
        total = self.total()
        self.result = total + self.total(bonus=self.bonus)
        self.summed = self.sum([1, 2]) + sum([10])
        self.next(self.end)

    @step
    def end(self):
        score = self.score() + self.start_value(1, start=2)
        self.final = score
        self.record = self.task([1, 2], outputs=self.values)
        self.helper = self.clean([5, None])
        print(self.first, self.result, self.summed, self.final, self.record, self.cleaned)


if __name__ == "__main__":
    GradesFlow()
