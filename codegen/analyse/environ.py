"""Expressions over environment variables, as they are where mf-codegen runs.

Metaflow evaluates the arguments of decorators where a flow is deployed, and keeps their values.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Mapping
from typing import Any

from codegen.analyse.evaluate import Evaluator

_ENVIRON = "os.environ"
_GETTERS = frozenset({"os.environ.get", "os.getenv"})


class WithEnvironment(Evaluator):
    """Evaluates what depends on ``os.environ`` too; ``read`` tells for each variable that it asks
    for whether it is set. ``imports`` are the names that the module imports, with their origins."""

    def __init__(
        self,
        constants: Mapping[str, ast.expr],
        builtin: Callable[[str], bool],
        imports: Mapping[str, str],
        elsewhere: Callable[[ast.expr], Any] | None = None,
    ) -> None:
        super().__init__(constants, builtin, elsewhere)
        self.imports = imports
        self.read: dict[str, bool] = {}

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Subscript(value=owner, slice=key) if self._dotted(owner) == _ENVIRON:
                return os.environ[self._variable(key)]
            case ast.Call(func=function, args=[key, *default], keywords=[]) if (
                self._dotted(function) in _GETTERS and len(default) < 2
            ):
                found = os.environ.get(self._variable(key))
                if found is None and default:
                    return self.value(default[0])
                return found
        return super()._value(node)

    def _variable(self, node: ast.expr) -> str:
        name = self.value(node)
        if not isinstance(name, str):
            raise TypeError("no name of a variable")
        self.read[name] = name in os.environ
        return name

    def _dotted(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, "")
        if isinstance(node, ast.Attribute):
            owner = self._dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""
