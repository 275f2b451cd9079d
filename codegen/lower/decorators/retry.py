"""``@retry(times=3, minutes_between_retries=2)``: metaflow/plugins/retry_decorator.py."""

from __future__ import annotations

from datetime import timedelta

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import Settings

#: MAX_ATTEMPTS less the first attempt and the fallback that @catch may add.
_MOST_RETRIES = 4


def retry(arguments: Arguments, settings: Settings) -> None:
    """``times`` more attempts, whatever the error, with a wait before each."""
    times = arguments.whole("times", 3)
    if not 0 <= times <= _MOST_RETRIES:
        raise arguments.refuse(
            "times",
            f"times={times}, but Metaflow allows at most {_MOST_RETRIES} retries",
            f"Give a number from 0 to {_MOST_RETRIES}.",
        )
    settings.attempts.retries = times
    minutes = arguments.number("minutes_between_retries", 2)
    if not 0 <= minutes <= 60 * 24 * 365:
        raise arguments.refuse(
            "minutes_between_retries",
            f"minutes_between_retries={minutes} is no time to wait",
            "Give 0 or more minutes.",
        )
    settings.attempts.wait = timedelta(minutes=minutes)
