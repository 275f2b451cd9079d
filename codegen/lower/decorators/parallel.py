"""``@parallel``: metaflow/plugins/parallel_decorator.py."""

from __future__ import annotations

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import Settings


def parallel(arguments: Arguments, settings: Settings) -> None:
    """Nothing to set: ``num_parallel`` in the transition makes the step a map task."""
