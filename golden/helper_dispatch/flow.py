from functools import reduce

from metaflow import FlowSpec, Parameter, step


class ConvertFlow(FlowSpec):
    """Helpers that are chosen by name, and handed around like functions."""

    formats = Parameter("formats", help="Separated by commas", default="csv,text")

    def read_csv(self, text):
        self.read_as = "csv"
        return [line.split(",") for line in text.split(";")]

    def read_text(self, text):
        self.read_as = "text"
        return [text]

    def read_default(self, text):
        self.unknown = [*getattr(self, "unknown", []), text]
        return []

    def longer(self, a, b):
        self.compared += 1
        return a if len(a) >= len(b) else b

    def weight(self, row):
        return (-len(row), row)

    def apply(self, function, *args):
        self.applied = function.__name__
        return function(*args)

    @step
    def start(self):
        self.text = "a,b;c,d,e;f"
        self.tables = {}
        for kind in self.formats.split(","):
            read = getattr(self, f"read_{kind}", self.read_default)
            self.tables[kind] = read(self.text)
        self.next(self.order)

    @step
    def order(self):
        self.compared = 0
        rows = [row for table in self.tables.values() for row in table]
        self.longest = reduce(self.longer, rows) if rows else None
        self.ordered = sorted(filter(None, rows), key=self.weight)
        steps = {"csv": self.read_csv, "text": self.read_text}
        self.again = [steps[kind]("x,y") for kind in sorted(steps) if kind in self.tables]
        self.next(self.end)

    @step
    def end(self):
        self.third = self.apply(self.read_csv, "1,2;3")
        self.is_known = [hasattr(self, f"read_{kind}") for kind in ("csv", "json")]
        print(self.longest, self.ordered, self.again, self.third, self.applied, self.is_known)


if __name__ == "__main__":
    ConvertFlow()
