import datetime as dt
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import PurePosixPath
from uuid import UUID

from metaflow import FlowSpec, step


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class TypesExactFlow(FlowSpec):
    """Values whose type must survive the way from step to step."""

    @step
    def start(self):
        self.nothing = None
        self.pair = (1, "one")
        self.nested = ((1, (2.0, [3, (4,)])), {"k": (5, 6)})
        self.empty = ()
        self.ints = {1, 2, 3}
        self.frozen = frozenset({"a", "b"})
        # numbers on the edges of what others can hold
        self.huge = 2**70
        self.over = 2**63
        self.nan = float("nan")
        self.inf = float("-inf")
        self.minus_zero = -0.0
        self.whole = 3.0
        self.mixed = [1, True, 1.0, None, "1"]
        self.complex_number = complex(1, -2)
        self.raw = b"\x00\xff bytes"
        self.next(self.more)

    @step
    def more(self):
        self.by_int = {1: "one", 2: "two"}
        self.by_tuple = {("a", 1): 0.5, ("b", 2): 1.5}
        self.moment = dt.datetime(2024, 2, 29, 12, 30, 15, 123456)
        self.day = dt.date(2024, 2, 29)
        self.span = dt.timedelta(days=1, microseconds=5)
        self.price = Decimal("10.10")
        self.third = Fraction(1, 3)
        self.color = Color.BLUE
        self.level = Level.HIGH
        self.steps = range(0, 10, 3)
        self.where = PurePosixPath("/data/in.csv")
        self.uuid = UUID(int=42)
        self.text = "tab\there, nul\x00, snow ☃"
        self.next(self.end)

    @step
    def end(self):
        # a look at every value, so that all of them really arrive here
        self.kinds = [
            type(value).__name__
            for value in (self.nothing, self.pair, self.nested[0], self.empty, self.ints, self.frozen, self.huge,
                          self.over, self.nan, self.inf, self.minus_zero, self.whole, self.mixed[1], self.mixed[2],
                          self.complex_number, self.raw, self.by_int, self.by_tuple, self.moment, self.day, self.span,
                          self.price, self.third, self.color, self.level, self.steps, self.where, self.uuid, self.text)
        ]
        self.facts = {
            "key": list(self.by_int)[0] + 1,
            "tuple key": self.by_tuple["b", 2],
            "not itself": self.nan != self.nan,
            "sign": str(self.minus_zero),
            "identity": self.color is Color.BLUE,
            "sum": self.huge + self.over,
            "exact": self.price * 3 == Decimal("30.30"),
            "bool": self.mixed[1] is True,
        }
        print(self.kinds, self.facts)


if __name__ == "__main__":
    TypesExactFlow()
