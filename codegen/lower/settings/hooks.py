"""What runs after the workflow, whatever its result is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hook:
    """A function of the module; one that ``takes_run`` has an argument of that name, which it
    does not look at."""

    name: str
    takes_run: bool = False


@dataclass
class Hooks:
    """From all @exit_hook of a flow, in the order in which Metaflow calls them; ``image`` is
    that of their tasks."""

    on_success: list[Hook] = field(default_factory=list)
    on_error: list[Hook] = field(default_factory=list)
    image: str | None = None
