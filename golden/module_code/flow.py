#!/usr/bin/env python
"""A flow that leans on the code around it."""
from __future__ import annotations

import os.path
from collections import Counter, defaultdict as dd
from dataclasses import dataclass, field
from typing import Optional

from metaflow import FlowSpec, step

try:
    import tomllib
except ImportError:  # Python 3.10 and older
    tomllib = None

# --- settings ---------------------------------------------------------------

THRESHOLD = 10
LIMITS = {"low": THRESHOLD, "high": THRESHOLD * 5}
SETTINGS = """
[shop]
currency = "EUR"
"""

Prices = dict[str, float]


@dataclass
class Order:
    """One order of the shop."""

    customer: str
    amount: float
    tags: list[str] = field(default_factory=list)

    @property
    def is_big(self) -> bool:
        return self.amount > LIMITS["high"]


class Ledger:
    """A plain class that keeps a running balance."""

    def __init__(self, currency):
        self.currency = currency
        self.balance = 0.0

    def book(self, order: Order) -> None:
        self.balance += order.amount

    def __eq__(self, other):
        return vars(self) == vars(other)


def currency_of(text: str) -> str:
    # tomllib is only there from Python 3.11 on
    if tomllib is None:
        return "EUR"
    return tomllib.loads(text)["shop"]["currency"]


def by_customer(orders: list[Order]) -> Prices:
    """Add up what each customer spent."""
    totals = dd(float)
    for order in orders:
        totals[order.customer] += order.amount
    return dict(totals)


if THRESHOLD > 5:
    LABEL = "strict"
else:
    LABEL = "lenient"


# The flow itself comes last.
class ModuleCodeFlow(FlowSpec):
    """Book a few orders into a ledger."""

    @step
    def start(self):
        self.orders = [Order("ann", 12.5, ["new"]), Order("bob", 70.0), Order("ann", 7.5)]
        self.ledger = Ledger(currency_of(SETTINGS))
        self.next(self.book)

    @step
    def book(self):
        from statistics import mean  # used in this step only

        for order in self.orders:
            self.ledger.book(order)
        self.average = mean(order.amount for order in self.orders)
        self.next(self.end)

    @step
    def end(self):
        self.totals: Prices = by_customer(self.orders)
        self.big: Optional[Order] = next((order for order in self.orders if order.is_big), None)
        self.sizes = Counter(LABEL if order.amount >= THRESHOLD else "small" for order in self.orders)
        self.file_name = os.path.join("reports", f"{self.ledger.currency}.txt")
        print(self.totals, self.big, self.ledger.balance)


if __name__ == "__main__":
    ModuleCodeFlow()
