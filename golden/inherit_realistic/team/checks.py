"""Checks of tables, and the mixin that runs them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    name: str
    column: str
    low: float
    high: float = float("inf")

    def failures(self, rows):
        return [row for row in rows if not self.low <= row[self.column] <= self.high]


class CheckMixin:
    """Counts the rows that fail; stops the flow if there are too many."""

    CHECKS = ()
    MAX_FAILED = 0.5

    def run_checks(self, rows):
        results = {check.name: len(check.failures(rows)) for check in self.CHECKS}
        self.check_results = {**getattr(self, "check_results", {}), **results}
        failed = sum(results.values())
        if rows and failed / len(rows) > self.MAX_FAILED:
            raise ValueError(f"{self.table}: {failed} of {len(rows)} rows failed")
        return [row for row in rows if all(not check.failures([row]) for check in self.CHECKS)]
