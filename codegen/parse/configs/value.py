"""The values of configs, and the expressions for them."""

from __future__ import annotations

import ast
import math
from typing import Any

#: What Metaflow's ConfigValue has itself: a key of such a name is no attribute of it.
METHODS = frozenset(
    {
        "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault",
        "to_dict", "update", "values",
    }
)  # fmt: skip


class ConfigValue(dict[str, Any]):
    """A mapping of a config, whose keys are attributes too."""


def frozen(value: Any) -> Any:
    """A value with all mappings in it as ``ConfigValue``."""
    if isinstance(value, dict):
        return ConfigValue({key: frozen(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return type(value)(frozen(item) for item in value)
    return value


def thawed(value: Any) -> Any:
    """A value with plain dictionaries for all mappings in it."""
    if isinstance(value, dict):
        return {key: thawed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(thawed(item) for item in value)
    return value


def expression(value: Any) -> ast.expr:
    """What makes a value again: a literal, but for numbers that have none."""
    if isinstance(value, dict):
        keys: list[ast.expr | None] = [expression(key) for key in value]
        return ast.Dict(keys, [expression(item) for item in value.values()])
    if isinstance(value, list):
        return ast.List([expression(item) for item in value], ast.Load())
    if isinstance(value, tuple):
        return ast.Tuple([expression(item) for item in value], ast.Load())
    if isinstance(value, float) and not math.isfinite(value):
        return ast.Call(ast.Name("float", ast.Load()), [ast.Constant(str(value))], [])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return ast.parse(repr(value), mode="eval").body
    return ast.Constant(value)


def is_immutable(value: Any, plain: bool) -> bool:
    """Whether nothing can change the value of a config: unless it is ``plain``, mappings in it
    are read-only."""
    if isinstance(value, dict):
        return not plain and all(is_immutable(item, plain) for item in value.values())
    if isinstance(value, tuple):
        return all(is_immutable(item, plain) for item in value)
    return not isinstance(value, list)
