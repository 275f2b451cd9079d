"""Which cron schedules Flyte's admin accepts: those of robfig/cron's `ParseStandard`.

flytekit checks with another library, which takes more (six fields, weekday 7, `L`) and less.
"""

import re
from dataclasses import dataclass

_DESCRIPTORS = {
    "@annually",
    "@daily",
    "@hourly",
    "@midnight",
    "@monthly",
    "@weekly",
    "@yearly",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


@dataclass(frozen=True)
class _Field:
    """One of the five fields: what it may hold, and the numbers of its names."""

    title: str
    low: int
    high: int
    names: dict[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, {name: i for i, name in enumerate(_MONTHS, 1)}),
    _Field("day of week", 0, 6, {name: i for i, name in enumerate(_DAYS)}),
)


def check_cron(schedule: str) -> str | None:
    """Say why admin would refuse a schedule; None if it takes it."""
    if schedule.startswith("@"):
        return None if schedule in _DESCRIPTORS else f"unknown descriptor {schedule}"
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        return f"{len(_FIELDS)} fields expected, {len(fields)} found: {schedule!r}"
    try:
        for field, text in zip(_FIELDS, fields, strict=True):
            for part in filter(None, text.split(",")):
                _check_range(field, part)
    except ValueError as error:
        return str(error)
    return None


def _check_range(field: _Field, text: str) -> None:
    """Check `*`, `?`, `N` or `N-M`, each with an optional `/STEP`.

    Raises:
        ValueError: the text is something else, or out of bounds.
    """
    where = f"{field.title} {text!r}"
    span, *steps = text.split("/")
    first, *rest = span.split("-")
    if len(steps) > 1:
        raise ValueError(f"{where}: too many slashes")
    if first in ("*", "?"):
        start, end = field.low, field.high  # what follows a hyphen is ignored
    elif len(rest) > 1:
        raise ValueError(f"{where}: too many hyphens")
    else:
        start = _number(first, field, where)
        # A lone number with a step means "from there on".
        end = _number(rest[0], field, where) if rest else field.high if steps else start
    if steps and _number(steps[0], None, where) == 0:
        raise ValueError(f"{where}: the step is 0")
    if not field.low <= start <= end <= field.high:
        raise ValueError(f"{where}: not within {field.low}-{field.high}, or backwards")


def _number(text: str, field: _Field | None, where: str) -> int:
    if field and text.lower() in field.names:
        return field.names[text.lower()]
    if not re.fullmatch(r"\+?[0-9]+", text):
        raise ValueError(f"{where}: not a number")
    return int(text)
