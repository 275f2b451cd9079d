"""Attributes of decorators by the kind of their values; what is not given, or None, is None."""

from __future__ import annotations

import math
from typing import Any

from codegen.lower.decorators.arguments import Arguments


def text(arguments: Arguments, name: str) -> str | None:
    """A text; None for an empty one as well."""
    value = arguments.value(name)
    if value is None or isinstance(value, str):
        return value or None
    raise arguments.refuse(name, f"{name}={value!r} is no text", f"Write {name}='…'.")


def texts(arguments: Arguments, name: str) -> list[str]:
    """A list of texts."""
    value = arguments.value(name)
    if value is None:
        return []
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) and item for item in value):
        return list(value)
    raise arguments.refuse(
        name, f"{name}={value!r} is no list of names", f"Write {name}=['…', '…']."
    )


def text_or_texts(arguments: Arguments, name: str) -> list[str]:
    """A list of texts, where Metaflow takes a single one for such a list."""
    value = arguments.value(name)
    if isinstance(value, str):
        return [value] if value else []
    return texts(arguments, name)


def table(arguments: Arguments, name: str) -> dict[str, str]:
    """A dictionary of texts; an empty one where a value is None."""
    value = arguments.value(name)
    if value is None:
        return {}
    if isinstance(value, dict) and all(
        isinstance(key, str) and isinstance(item, (str, type(None))) for key, item in value.items()
    ):
        return {key: item or "" for key, item in value.items()}
    raise arguments.refuse(
        name,
        f"{name}={value!r} is no dictionary of texts",
        f"Write {name}={{'name': 'value'}}.",
    )


def flag(arguments: Arguments, name: str, default: bool = False) -> bool:
    """True or False: as an option of a command, Metaflow could not hand on anything else."""
    value = arguments.value(name, default)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise arguments.refuse(
        name, f"{name}={value!r} is neither True nor False", f"Write {name}=True."
    )


def whole(arguments: Arguments, name: str, low: int, high: int = 2**31) -> int | None:
    """A whole number, which may be written as a string, from ``low`` to ``high``."""
    value = arguments.value(name)
    if value is None:
        return None
    number = arguments.whole(name, 0) if type(value) in (int, str) else None
    if number is None or not low <= number <= high:
        most = "" if high == 2**31 else f" and {high} at most"
        raise arguments.refuse(
            name,
            f"{name}={value!r} is no whole number of the right size",
            f"Give a whole number, {low} at least{most}.",
        )
    return number


def plain(value: Any) -> bool:
    """Whether JSON can hold a value, as Metaflow hands it on."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(plain(item) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (bool, int, str))
