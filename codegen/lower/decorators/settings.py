"""What the decorators of a step ask of its task, and how Flyte is told.

Sources: flytekit's core/task.py and core/resources.py; flytepropeller's node executor for the
deadlines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta

from codegen.symbols import Symbols

#: Pulling the image and waiting for a machine count against Flyte's deadlines, per attempt.
_STARTUP = timedelta(minutes=5)


@dataclass
class Settings:
    """Collected from the decorators of one step.

    ``requests`` maps the arguments of ``Resources`` to their values. ``variables`` maps the names
    of environment variables to Python expressions.
    """

    retries: int = 0
    wait: timedelta = timedelta(0)
    limit: timedelta | None = None
    requests: dict[str, str] = field(default_factory=dict)
    shared_memory: str | None = None
    variables: dict[str, str] = field(default_factory=dict)

    def options(self, symbols: Symbols, constant: str) -> tuple[str, ...]:
        """Arguments for ``@task``; ``constant`` names the environment variables."""
        options = []
        if self.retries:
            options.append(f"retries={self.retries}")
        if self.limit is not None:
            options.append(f"timeout={duration(self.net(), symbols)}")
        if self.requests:
            given = ", ".join(f"{name}={value!r}" for name, value in self.requests.items())
            options.append(f"requests={symbols.use('Resources')}({given})")
        if self.shared_memory is not None:
            options.append(f"shared_memory={self.shared_memory!r}")
        if self.variables:
            options.append(f"environment={constant}")
        return tuple(options)

    def wrappers(self, symbols: Symbols, constant: str) -> tuple[str, ...]:
        """Prelude decorators below ``@task``, outermost first."""
        wrappers = []
        if self.variables:
            wrappers.append(f"{symbols.use('environment')}({constant})")
        if self.retries:
            wait = f", wait={duration(self.wait, symbols)}" if self.wait else ""
            wrappers.append(f"{symbols.use('retry_any_error')}(times={self.retries}{wait})")
        if self.limit is not None:
            wrappers.append(f"{symbols.use('time_limit')}({duration(self.limit, symbols)})")
        return tuple(wrappers)

    def comments(self) -> tuple[str, ...]:
        """What a reader of the task should know."""
        if self.limit is None:
            return ()
        return ("# timeout= is a net below time_limit, wide enough for every attempt and wait",)

    def net(self) -> timedelta:
        """Flyte's ``timeout``, in whole minutes: it must never end what ``time_limit`` allows.

        Flyte counts it for each attempt, waits and startup included, and ends the node for good
        after twice that time, all attempts together.
        """
        limit = self.limit or timedelta(0)
        attempt = _STARTUP + self.wait + limit
        everything = (self.retries + 1) * (_STARTUP + limit) + self.retries * self.wait
        needed = max(attempt, everything / 2)
        return timedelta(minutes=math.ceil(needed / timedelta(minutes=1)))


def duration(time: timedelta, symbols: Symbols) -> str:
    """``timedelta(…)`` in the largest units that are exact."""
    seconds = time.total_seconds()
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds and seconds % size == 0:
            return f"{symbols.use('timedelta')}({unit}={seconds / size:g})"
    return f"{symbols.use('timedelta')}(seconds={seconds:.15g})"
