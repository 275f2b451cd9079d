"""Checks orders against a price list; every file has a parser of its own."""

import csv
import io
import json
from decimal import Decimal
from functools import partial

from metaflow import FlowSpec, IncludeFile, step


def parse_orders(text):
    """Rows of a CSV file as dictionaries."""
    return list(csv.DictReader(io.StringIO(text)))


class OrdersFlow(FlowSpec):
    """What each order costs."""

    orders = IncludeFile("orders", default="orders.csv", parser=parse_orders)
    prices = IncludeFile(
        "prices", default="prices.json", parser=partial(json.loads, parse_float=Decimal)
    )
    settings = IncludeFile("settings", default="settings.json", parser=json.loads)
    codes = IncludeFile(
        "codes",
        default="codes.txt",
        parser=lambda text: dict(line.split("=") for line in text.split()),
    )
    logo = IncludeFile(
        "logo", is_text=False, default="logo.bin", parser=lambda data, first=2: data[:first]
    )
    units = IncludeFile("units", default="units.txt", parser="shop.units.parse")

    @step
    def start(self):
        # what a parser returns is the step's own: a change is gone in the next step
        self.settings["currency"] = self.settings["currency"].upper()
        self.currency = self.settings["currency"]
        self.signature = self.logo
        self.next(self.total)

    @step
    def total(self):
        self.kept = self.settings["currency"]
        self.costs = {
            order["id"]: self.prices[self.codes[order["item"]]] * int(order["count"])
            for order in self.orders
        }
        self.next(self.end)

    @step
    def end(self):
        json = {code: str(cost) for code, cost in self.costs.items()}
        self.summary = [json, self.settings, self.units]


if __name__ == "__main__":
    OrdersFlow()
