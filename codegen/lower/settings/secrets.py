"""Environment variables that a task takes from Flyte's secret store.

Sources: metaflow/plugins/secrets for the decorator; flytekit's models/security.py and Flyte's
webhook for what becomes of it: a secret that is not there leaves its variable unset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from codegen.diagnostics import Diagnostic, Position
from codegen.lower.settings.target import Target


@dataclass(frozen=True)
class Source:
    """A source of @secrets: where the secret is in Metaflow, and its ``group`` in Flyte, with a
    ``version`` if it is pinned. ``variables`` are those that it sets; None if only its store
    knows them."""

    shown: str
    group: str
    version: str | None
    variables: tuple[str, ...] | None
    position: Position


@dataclass(frozen=True)
class Request:
    """One variable, which Flyte sets under the name ``given``; the step cannot do without it if it
    is ``needed``."""

    variable: str
    given: str
    group: str
    version: str | None
    needed: bool


@dataclass
class Secrets:
    """From @secrets: its ``sources``, and what they become. ``override`` tells that they may
    replace variables that are there."""

    sources: list[Source] = field(default_factory=list)
    override: bool = False
    requests: list[Request] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)

    def request(self, source: Source, variable: str, needed: bool) -> None:
        """Ask for one variable of a source; Flyte's names for variables are upper-case."""
        given = variable.upper()
        while given in {request.given for request in self.requests}:
            given += "_"
        needed = needed or given != variable
        self.requests.append(Request(variable, given, source.group, source.version, needed))

    def options(self, target: Target) -> Iterator[str]:
        """``secret_requests=``."""
        if self.requests:
            secret = target.symbols.use("Secret")
            asked = ", ".join(_text(request, secret) for request in self.requests)
            yield f"secret_requests=[{asked}]"

    def wrappers(self, target: Target) -> Iterator[str]:
        """The prelude decorator that wants them to be there."""
        needed = [found for found in self.requests if found.needed]
        if not needed:
            return
        names = [repr(found.given) for found in needed if found.given == found.variable]
        renamed = [found for found in needed if found.given != found.variable]
        if renamed:
            target.symbols.need("renamed secrets")
        names += [f"{found.variable}={found.given!r}" for found in renamed]
        yield f"{target.symbols.use('with_secrets')}({', '.join(names)})"

    def comments(self) -> Iterator[str]:
        """What differs from the secret in Metaflow."""
        for warning in self.warnings:
            yield from warning.comment()

    def notes(self) -> Iterator[str]:
        """What the module's docstring tells about them."""
        for request in self.requests:
            yield f"{request.given} (key {request.variable} of the secret {request.group})"


def _text(request: Request, secret: str) -> str:
    version = f"group_version={request.version!r}, " if request.version else ""
    return (
        f"{secret}(group={request.group!r}, {version}key={request.variable!r}, "
        f"env_var={request.given!r}, mount_requirement={secret}.MountType.ENV_VAR)"
    )


def group_name(text: str) -> str:
    """The name of a secret as Kubernetes takes it, which is Flyte's default store."""
    return re.sub(r"[^a-z0-9.-]+", "-", text.lower()).strip("-.") or "secrets"
