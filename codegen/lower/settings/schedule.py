"""When the workflow runs by itself."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.diagnostics import Diagnostic


@dataclass(frozen=True)
class Schedule:
    """Five fields or a descriptor; ``shown`` names its origin, ``warnings`` what differs."""

    cron: str
    shown: str
    warnings: tuple[Diagnostic, ...]
