"""``@schedule`` to a cron expression that Flyte runs.

Flyte's admin takes five fields, or names like ``@daily`` (robfig/cron, ParseStandard), in UTC.
Metaflow knows AWS' six fields as well, where 1 is Sunday and the sixth is a year.
"""

from __future__ import annotations

import re

from codegen.diagnostics import Diagnostic
from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import FlowSettings
from codegen.lower.settings.schedule import Schedule

_DESCRIPTORS = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

#: The first that is given counts: metaflow/plugins/aws/step_functions/schedule_decorator.py.
_NAMED = {"weekly": "0 0 * * 0", "hourly": "0 * * * *", "daily": "0 0 * * *"}

_UTC = frozenset(
    f"{area}{name}"
    for area in ("", "Etc/")
    for name in ("UTC", "UCT", "GMT", "GMT0", "Greenwich", "Universal", "Zulu")
)


class BadCron(ValueError):
    """An expression that Flyte cannot run; the message says why."""


def schedule(arguments: Arguments, settings: FlowSettings) -> None:
    """The schedule, unless it is switched off."""
    warnings: list[Diagnostic] = []
    cron = arguments.value("cron")
    if cron:
        shown = f"cron={cron!r}"
        try:
            fields, dropped = standard_cron(str(cron))
        except BadCron as error:
            raise arguments.refuse(
                "cron",
                f"cron={cron!r}: {error}",
                "Write five fields: minute, hour, day of month, month, day of week.",
                "MF602",
            ) from error
        if dropped:
            warnings.append(
                arguments.diagnostics.add(
                    "MF603",
                    arguments.decorator.arguments["cron"].position,
                    f"Flyte's schedules have no year: this one also runs outside {dropped}",
                    "Deactivate the launch plan when the time has come.",
                )
            )
    else:
        given = [name for name in _NAMED if arguments.value(name, name == "daily")]
        if not given:
            arguments.diagnostics.add(
                "MF605",
                arguments.decorator.position,
                "this schedule is switched off, so the module has no scheduled launch plan",
                "Remove the decorator, or give it a time.",
            )
            return
        fields, shown = _NAMED[given[0]], f"{given[0]}=True"
    zone = arguments.value("timezone")
    if zone and not (isinstance(zone, str) and zone in _UTC):
        warnings.append(
            arguments.diagnostics.add(
                "MF601",
                arguments.decorator.arguments["timezone"].position,
                f"Flyte's schedules are in UTC: this one runs at these times in UTC, not {zone}",
                "Write the schedule in UTC, and mind daylight saving time.",
            )
        )
    settings.schedule = Schedule(fields, shown, tuple(warnings))


def standard_cron(cron: str) -> tuple[str, str | None]:
    """Five fields as Flyte's admin takes them, and the years that had to be left out.

    Raises BadCron.
    """
    text = cron.strip()
    if text.startswith("@"):
        if text not in _DESCRIPTORS:
            raise BadCron(f"{text} is not one of {', '.join(sorted(_DESCRIPTORS))}")
        return text, None
    parts = text.split()
    if len(parts) not in (5, 6):
        raise BadCron(f"it has {len(parts)} fields, not five or six")
    aws = len(parts) == 6
    minute = _field(parts[0], 0, 59)
    hour = _field(parts[1], 0, 23)
    day = _field(parts[2], 1, 31)
    month = _field(parts[3], 1, 12, _MONTHS)
    weekday = _weekday(parts[4], aws)
    years = parts[5] if aws and parts[5] not in ("*", "?") else None
    return " ".join((minute, hour, day, month, weekday)), years


def _field(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> str:
    """One field: a list of values, ranges and steps."""
    return ",".join(_entry(entry, low, high, names) for entry in text.split(","))


def _entry(entry: str, low: int, high: int, names: tuple[str, ...]) -> str:
    span, slash, step = entry.partition("/")
    if slash and not (step.isascii() and step.isdigit() and 0 < int(step) <= high - low + 1):
        raise BadCron(f"{entry!r} has no valid step")
    if span in ("*", "?"):
        return f"*{slash}{step}"
    ends = span.split("-")
    if len(ends) > 2:
        raise BadCron(f"{entry!r} is no range")
    numbers = [_number(end, low, high, names) for end in ends]
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        raise BadCron(f"the range {span!r} runs backwards")
    return f"{span}{slash}{step}"


def _number(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + low
    if not (text.isascii() and text.isdigit()):
        raise BadCron(f"{text!r} is not known to Flyte")
    if not low <= int(text) <= high:
        raise BadCron(f"{text} is not between {low} and {high}")
    return int(text)


def _weekday(text: str, aws: bool) -> str:
    """The day of the week with Sunday as 0, where AWS has 1 and others allow 7 as well."""
    low, high = (1, 7) if aws else (0, 7)
    if re.fullmatch(r"[0-6*?/,A-Za-z-]*", text) and not aws:
        return _field(text, 0, 6, _DAYS)
    entries = []
    for entry in text.split(","):
        span, slash, step = entry.partition("/")
        if span in ("*", "?"):
            entries.append(_entry(entry, 0, 6, _DAYS))
            continue
        ends = [_day(end, low, high, aws) for end in span.split("-")]
        if len(ends) > 2:
            raise BadCron(f"{entry!r} is no range")
        if len(ends) == 2 and ends[0] > ends[1]:  # Saturday to Monday
            if slash:
                raise BadCron(f"{entry!r} steps across the end of the week")
            days = [*range(ends[0], 7), *range(0, ends[1] + 1)]
            entries.append(",".join(str(day) for day in days))
            continue
        named = all(end.upper() in _DAYS for end in span.split("-"))
        shifted = span if named else "-".join(str(end) for end in ends)
        entries.append(_entry(f"{shifted}{slash}{step}", 0, 6, _DAYS))
    return ",".join(entries)


def _day(text: str, low: int, high: int, aws: bool) -> int:
    if text.upper() in _DAYS:
        return _DAYS.index(text.upper())
    number = _number(text, low, high, ())
    return number - 1 if aws else number % 7
