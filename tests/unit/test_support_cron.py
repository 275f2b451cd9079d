"""The port of the cron parser that Flyte's admin uses."""

import pytest

from tests.support.cron import check_cron

ACCEPTED = [
    "0 0 * * *",
    "*/5 * * * *",
    "0-30/10 8-18 1,15 JAN-mar MON-FRI",
    "5/15 0 ? * ?",
    "59 23 31 12 6",
    "0 0 * * SUN,sat",
    "  0   0 * *  0 ",
    "@hourly",
    "@daily",
    "@midnight",
    "@weekly",
    "@monthly",
    "@yearly",
    "@annually",
]
REFUSED = {
    "": "5 fields",
    "daily": "5 fields",
    "0 0 * *": "5 fields",
    "0 12 * * ? *": "5 fields",
    "CRON_TZ=UTC 0 0 * * *": "5 fields",
    "@every 1h": "descriptor",
    "@Daily": "descriptor",
    "60 0 * * *": "minute",
    "0 24 * * *": "hour",
    "0 0 0 * *": "day of month",
    "0 0 * 13 *": "month",
    "0 0 * * 7": "day of week",
    "0 0 * * 5-2": "backwards",
    "0 0 * * FRI-MON": "backwards",
    "*/0 0 * * *": "step is 0",
    "1-2-3 0 * * *": "hyphens",
    "1/2/3 0 * * *": "slashes",
    "-5 0 * * *": "not a number",
    "0 0 L * *": "not a number",
    "0 0 15W * *": "not a number",
    "0 0 * * MON#1": "not a number",
    "0 0 * JANUARY *": "not a number",
    "jan 0 * * *": "not a number",
}


@pytest.mark.parametrize("schedule", ACCEPTED)
def test_accepts(schedule: str) -> None:
    assert check_cron(schedule) is None


@pytest.mark.parametrize(("schedule", "reason"), REFUSED.items())
def test_refuses(schedule: str, reason: str) -> None:
    assert reason in (check_cron(schedule) or "accepted")
