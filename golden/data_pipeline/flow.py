"""Clean the orders of a web shop and add them up by region."""
import csv
import hashlib
import io
from typing import NamedTuple

import pandas as pd
from metaflow import FlowSpec, JSONType, Parameter, environment, resources, retry, schedule, step

RAW = """\
order_id,customer,country,amount,currency,ordered_at
1001,ann,DE,120.50,EUR,2024-03-01
1002,bob,FR,80.00,EUR,2024-03-01
1003,cleo,US,19.99,USD,2024-03-02
1003,cleo,US,19.99,USD,2024-03-02
1004,dan,,45.00,EUR,2024-03-02
1005,eve,DE,abc,EUR,2024-03-03
1006,fay,US,230.10,USD,2024-03-03
1007,gus,GB,60.00,GBP,2024-03-04
1008,ann,DE,15.25,EUR,2024-03-04
1009,hal,JP,5000,JPY,2024-03-05
1010,bob,FR,-3.00,EUR,2024-03-05
"""

REGIONS = {"DE": "EU", "FR": "EU", "GB": "UK", "US": "NA"}
RATES = {"EUR": 1.0, "USD": 0.92, "GBP": 1.17}


class QualityError(Exception):
    """The data are too bad to go on with."""


class Rejected(NamedTuple):
    """A row that was thrown out, and why."""

    order_id: str
    reason: str


def problem_of(row):
    """What is wrong with a row of the csv, or None."""
    if not row["country"]:
        return "no country"
    try:
        amount = float(row["amount"])
    except ValueError:
        return f"amount {row['amount']!r} is not a number"
    if amount < 0:
        return "negative amount"
    return None


def fingerprint(row):
    """The same for two rows with the same content."""
    return hashlib.sha256("|".join(f"{k}={row[k]}" for k in sorted(row)).encode()).hexdigest()[:12]


@schedule(cron="15 4 * * *")
class OrderPipelineFlow(FlowSpec):
    """From raw text to a report, with gates on the way."""

    delimiter = Parameter("delimiter", help="Between the columns of the csv", default=",")
    max_rejected = Parameter("max-rejected", help="The share of rows that may be rejected", default=0.5)
    min_orders = Parameter("min-orders", help="Fewer clean orders than this are an error", type=int, default="3")
    rates = Parameter("rates", help="Exchange rates to EUR that differ from ours", type=JSONType, default=None)
    regions = Parameter("regions", help="Regions to report on", default="EU,NA,UK", separator=",")

    @retry(times=2, minutes_between_retries=0)
    @environment(vars={"SHOP_SOURCE": "inline"})
    @step
    def start(self):
        """Fetch the raw text."""
        import os

        self.source = os.environ["SHOP_SOURCE"]
        self.raw = RAW if self.delimiter == "," else RAW.replace(",", self.delimiter)
        self.audit = [("start", len(self.raw.splitlines()) - 1)]
        self.next(self.parse)

    @step
    def parse(self):
        """Text to dicts."""
        reader = csv.DictReader(io.StringIO(self.raw), delimiter=self.delimiter)
        self.columns = reader.fieldnames
        self.rows = list(reader)
        self.audit.append(("parse", len(self.rows)))
        self.next(self.validate)

    @step
    def validate(self):
        """Set bad rows apart."""
        self.rejected = []
        good = []
        for row in self.rows:
            if problem := problem_of(row):
                self.rejected.append(Rejected(row["order_id"], problem))
                continue
            row["amount"] = float(row["amount"])
            good.append(row)
        self.reject_share = len(self.rejected) / len(self.rows)
        self.rows = good
        self.audit.append(("validate", len(good)))
        self.next(self.gate_rejects)

    @step
    def gate_rejects(self):
        """Stop if too much was thrown out."""
        if self.reject_share > self.max_rejected:
            reasons = ", ".join(sorted({r.reason for r in self.rejected}))
            raise QualityError(f"{self.reject_share:.0%} of the rows rejected: {reasons}")
        self.next(self.dedupe)

    @step
    def dedupe(self):
        """Keep the first of several equal rows."""
        self.seen = {}
        for position, row in enumerate(self.rows):
            self.seen.setdefault(fingerprint(row), position)
        keep = set(self.seen.values())
        self.duplicates = [row["order_id"] for i, row in enumerate(self.rows) if i not in keep]
        self.rows[:] = [row for i, row in enumerate(self.rows) if i in keep]
        self.audit.append(("dedupe", len(self.rows)))
        self.next(self.enrich)

    @step
    def enrich(self):
        """Add the region and the amount in EUR."""
        rates = {**RATES, **(self.rates or {})}
        self.unknown = {"currency": set(), "country": set()}
        for row in self.rows:
            if row["currency"] not in rates:
                self.unknown["currency"].add(row["currency"])
            if row["country"] not in REGIONS:
                self.unknown["country"].add(row["country"])
            row["region"] = REGIONS.get(row["country"], "other")
            row["eur"] = round(row["amount"] * rates.get(row["currency"], 0.0), 2)
        self.next(self.gate_volume)

    @step
    def gate_volume(self):
        """Stop if too little is left."""
        self.priced = [row for row in self.rows if row["eur"] > 0]
        assert len(self.priced) >= self.min_orders, f"only {len(self.priced)} orders"
        self.audit += [("gate_volume", len(self.priced))]
        self.next(self.aggregate)

    @resources(cpu=2, memory=8000)
    @step
    def aggregate(self):
        """Totals by region and by day."""
        self.orders = pd.DataFrame(self.priced).astype({"order_id": int})
        self.orders["ordered_at"] = pd.to_datetime(self.orders["ordered_at"])
        self.by_region = self.orders.groupby("region")["eur"].agg(["count", "sum", "mean"]).round(2)
        self.by_day = {day.date().isoformat(): float(total) for day, total in
                       self.orders.groupby("ordered_at")["eur"].sum().items()}
        self.top_customer = str(self.orders.groupby("customer")["eur"].sum().idxmax())
        self.next(self.report)

    @step
    def report(self):
        """A few lines of text."""
        lines = [f"{'region':<8}{'orders':>7}{'EUR':>10}"]
        for region in self.regions:
            if region in self.by_region.index:
                line = self.by_region.loc[region]
                lines.append(f"{region:<8}{int(line['count']):>7}{line['sum']:>10.2f}")
            else:
                lines.append(f"{region:<8}{'-':>7}{'-':>10}")
        self.total = float(self.orders["eur"].sum().round(2))
        lines += [f"total {self.total:.2f} EUR, best customer: {self.top_customer}"]
        lines += [f"rejected {r.order_id}: {r.reason}" for r in self.rejected]
        self.text = "\n".join(lines)
        self.next(self.end)

    @step
    def end(self):
        print(self.text)
        print("audit:", " -> ".join(f"{name} {count}" for name, count in self.audit))


if __name__ == "__main__":
    OrderPipelineFlow()
