"""What the decorators of a step, and of its flow, ask of its task.

Each family of decorators has a part of its own, which collects what ``codegen.lower.decorators``
reads, and tells Flyte.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from codegen.lower.settings.attempts import Attempts
from codegen.lower.settings.compute import Compute
from codegen.lower.settings.schedule import Schedule
from codegen.lower.settings.target import Target
from codegen.lower.settings.variables import Variables
from codegen.options import Options


@dataclass
class FlowSettings:
    """Collected from the decorators of the flow, before those of its steps."""

    options: Options
    schedule: Schedule | None = None


class Part(Protocol):
    """One family of decorators."""

    def options(self, target: Target) -> Iterable[str]:
        """Arguments for ``@task``."""

    def comments(self) -> Iterable[str]:
        """What a reader of the task should know, as comment lines above it."""


@dataclass
class Settings:
    """Collected from the decorators of one step."""

    flow: FlowSettings
    attempts: Attempts = field(default_factory=Attempts)
    compute: Compute = field(default_factory=Compute)
    variables: Variables = field(default_factory=Variables)

    @property
    def parts(self) -> tuple[Part, ...]:
        """In the order of the arguments of ``@task``."""
        return (self.attempts, self.compute, self.variables)

    def options(self, target: Target) -> tuple[str, ...]:
        """Arguments for ``@task``."""
        return tuple(option for part in self.parts for option in part.options(target))

    def comments(self) -> tuple[str, ...]:
        """What a reader of the task should know."""
        return tuple(comment for part in self.parts for comment in part.comments())

    def wrappers(self, target: Target) -> tuple[str, ...]:
        """Prelude decorators below ``@task``, outermost first."""
        return (
            *self.variables.wrappers(target),
            *self.attempts.retrying(target),
            *self.attempts.limiting(target),
        )


__all__ = ["FlowSettings", "Part", "Settings", "Target"]
