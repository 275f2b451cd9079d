"""``@catch(var=None, print_exception=True)``: metaflow/plugins/catch_decorator.py."""

from __future__ import annotations

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import Settings


def catch(arguments: Arguments, settings: Settings) -> None:
    """Errors after the last attempt become values; ``var`` is read where bodies are analysed."""
    arguments.value("var")
    settings.attempts.catches = True
    settings.attempts.shows = bool(arguments.value("print_exception", True))
