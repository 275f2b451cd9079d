"""Attempts of a task: how many, with which waits, how long, and what happens after the last.

Sources: flytekit's core/task.py; flytepropeller's node executor for the deadlines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from codegen.lower.settings.target import Target
from codegen.symbols import Symbols

#: Pulling the image and waiting for a machine count against Flyte's deadlines, per attempt.
_STARTUP = timedelta(minutes=5)


@dataclass
class Attempts:
    """From @retry, @timeout and @catch.

    ``catches`` tells that the error of the last attempt is caught, ``shows`` that it is printed.
    """

    retries: int = 0
    wait: timedelta = timedelta(0)
    limit: timedelta | None = None
    catches: bool = False
    shows: bool = True

    @property
    def repeated(self) -> bool:
        """Whether an attempt has an end of its own."""
        return bool(self.retries) or self.limit is not None

    @property
    def budget(self) -> int:
        """Flyte's ``retries``: after an attempt that dies without an error, @catch needs one more
        that only says so."""
        return self.retries + self.catches

    def options(self, target: Target) -> Iterator[str]:
        """``retries=`` and ``timeout=``."""
        if self.budget:
            yield f"retries={self.budget}"
        if self.limit is not None:
            yield f"timeout={duration(self.net(), target.symbols)}"

    def retrying(self, target: Target) -> Iterator[str]:
        """The prelude decorator that repeats, if any."""
        if self.retries:
            wait = f", wait={duration(self.wait, target.symbols)}" if self.wait else ""
            yield f"{target.symbols.use('retry_any_error')}(times={self.retries}{wait})"

    def limiting(self, target: Target) -> Iterator[str]:
        """The prelude decorator that ends an attempt, if any."""
        if self.limit is not None:
            limit = duration(self.limit, target.symbols)
            yield f"{target.symbols.use('time_limit')}({limit})"

    def comments(self) -> Iterator[str]:
        """Why ``retries=`` is more than those of @retry, and ``timeout=`` longer than the limit."""
        if self.catches:
            yield "# retries= has one more for @catch: it runs if the last attempt dies silently"
        if self.limit is not None:
            yield "# timeout= is a net below time_limit, wide enough for every attempt and wait"

    def net(self) -> timedelta:
        """Flyte's ``timeout``, in whole minutes: it must never end what ``time_limit`` allows.

        Flyte counts it for each attempt, waits and startup included, and ends the node for good
        after twice that time, all attempts together.
        """
        limit = self.limit or timedelta(0)
        attempt = _STARTUP + self.wait + limit
        everything = (self.budget + 1) * (_STARTUP + limit) + self.budget * self.wait
        needed = max(attempt, everything / 2)
        return timedelta(minutes=math.ceil(needed / timedelta(minutes=1)))


def duration(time: timedelta, symbols: Symbols) -> str:
    """``timedelta(…)`` in the largest units that are exact."""
    seconds = time.total_seconds()
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds and seconds % size == 0:
            return f"{symbols.use('timedelta')}({unit}={seconds / size:g})"
    return f"{symbols.use('timedelta')}(seconds={seconds:.15g})"
