from metaflow import FlowSpec, Parameter, step

DAYS = 7


class SettingsFlow(FlowSpec):
    """All settings of a report at the top of its class."""

    TITLE = "weekly"
    WEEKS = 2
    RATE = 0.25
    DRAFT = False
    OWNER = None
    MARK = b"\x00ok"
    PERIOD = WEEKS * DAYS
    HEADING = f"{TITLE} report, {PERIOD} days"
    COLUMNS = ["day", "sales"]
    ALL_COLUMNS = [*COLUMNS, "tax"]
    WIDTHS = {"day": 10, "sales": 12}
    BOUNDS = (0, 10**3)
    LOW, HIGH = BOUNDS
    CODES: frozenset = frozenset({3, 1, 2})
    SQUARES = {n: n * n for n in range(3)}
    currency = "EUR"
    _secret = "x1"
    _levels = ("low", "high")
    _INDEX = {name: i for i, name in enumerate(_levels)}

    days = Parameter("days", default=PERIOD)

    @step
    def start(self):
        self.heading = self.HEADING.title()
        self.flags = [self.DRAFT, self.OWNER, self.MARK]
        self.rows = [dict.fromkeys(self.ALL_COLUMNS, n) for n in range(self.WEEKS)]
        self.next(self.compute)

    @step
    def compute(self):
        self.taxes = [row["tax"] * self.RATE for row in self.rows]
        self.known = [code in self.CODES for code in (1, 5)]
        self.level = self._levels[self._INDEX["high"]]
        self.clipped = [min(max(n, self.LOW), self.HIGH) for n in (-5, 50, 5000)]
        self.given = self.days
        self.next(self.end)

    @step
    def end(self):
        self.wide = {name: width for name, width in self.WIDTHS.items() if name in self.COLUMNS}
        self.square = self.SQUARES[2] + self.BOUNDS[1]
        self.code = self._secret + self.currency
        self.kinds = [type(v).__name__ for v in (self.CODES, self.COLUMNS, self.BOUNDS, self.RATE)]
        print(self.heading, self.clipped, self.wide, self.kinds)


if __name__ == "__main__":
    SettingsFlow()
