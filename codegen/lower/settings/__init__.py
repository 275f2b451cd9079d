"""What the decorators of a step, and of its flow, ask of its task.

Each family of decorators has a part of its own, which collects what ``codegen.lower.decorators``
reads, and tells Flyte.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from codegen.diagnostics import Diagnostic
from codegen.lower.settings.attempts import Attempts
from codegen.lower.settings.cards import Cards
from codegen.lower.settings.compute import Compute
from codegen.lower.settings.hooks import Hooks
from codegen.lower.settings.images import Images, Packages
from codegen.lower.settings.project import Project
from codegen.lower.settings.schedule import Schedule
from codegen.lower.settings.secrets import Secrets
from codegen.lower.settings.target import Target
from codegen.lower.settings.variables import Variables
from codegen.model import Flow
from codegen.options import Options


@dataclass
class FlowSettings:
    """Collected from the decorators of the flow, before those of its steps.

    ``warnings`` are those that the reader of the workflow should know.
    """

    options: Options
    flow: Flow
    schedule: Schedule | None = None
    conda: Packages | None = None
    pypi: Packages | None = None
    project: Project | None = None
    hooks: Hooks = field(default_factory=Hooks)
    warnings: list[Diagnostic] = field(default_factory=list)


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
    secrets: Secrets = field(default_factory=Secrets)
    images: Images = field(default_factory=Images)
    cards: Cards = field(init=False)

    def __post_init__(self) -> None:
        self.cards = Cards(self.flow.flow)

    @property
    def parts(self) -> tuple[Part, ...]:
        """In the order of the arguments of ``@task``."""
        return (
            self.images,
            self.attempts,
            self.compute,
            self.variables,
            self.secrets,
            self.cards,
        )

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
            *self.secrets.wrappers(target),
            *self.attempts.retrying(target),
            *self.cards.wrappers(target),
            *self.attempts.limiting(target),
        )


__all__ = ["FlowSettings", "Part", "Settings", "Target"]
