"""``@timeout(seconds=0, minutes=0, hours=0)``: metaflow/plugins/timeout_decorator.py."""

from __future__ import annotations

from datetime import timedelta

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import Settings


def timeout(arguments: Arguments, settings: Settings) -> None:
    """The sum of the three, each cut to a whole number as Metaflow does."""
    seconds, minutes, hours = (arguments.whole(name, 0) for name in ("seconds", "minutes", "hours"))
    total = hours * 3600 + minutes * 60 + seconds
    if not 0 < total < 2**31:
        raise arguments.refuse(
            "seconds" if seconds else "minutes",
            f"a limit of {total} seconds is none",
            "Give seconds=, minutes= or hours=; they are added up.",
        )
    settings.attempts.limit = timedelta(seconds=total)
