"""Class constants that Metaflow does not treat as values."""

from __future__ import annotations

import ast
import builtins

from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Diagnostics
from codegen.model import Flow

_MAKE_CALLABLES = frozenset({"functools.partial", "operator.attrgetter", "operator.itemgetter"})


def check_constants(flow: Flow, scope: ModuleScope, diagnostics: Diagnostics) -> None:
    """Report constants that can be called: in a task, Metaflow makes properties of them, whose
    getters they are, and Python makes methods of functions (metaflow/task.py)."""
    for constant in flow.constants.values():
        what = _callable(constant.value, scope)
        private = constant.name.startswith("_")
        if what is None or (private and what != "a function"):
            continue
        diagnostics.add(
            "MF504",
            constant.position,
            f"the class attribute {constant.name} is {what}: self.{constant.name} is not the same "
            "in a step, where it is bound to the flow",
            "Move it out of the class, to the top level of the module.",
        )


def _callable(value: ast.expr, scope: ModuleScope) -> str | None:
    """What an expression is, if it surely can be called."""
    if isinstance(value, ast.Name):
        if value.id in scope.functions:
            return "a function"
        if value.id in scope.classes:
            return "a class"
        is_builtin = scope.builtin(value.id) and callable(vars(builtins)[value.id])
        return "a builtin" if is_builtin else None
    if not isinstance(value, ast.Call):
        return None
    text = ast.unparse(value.func)
    made = scope.classes.get(text)
    called = made is not None and any(
        isinstance(member, ast.FunctionDef) and member.name == "__call__" for member in made.body
    )
    if called or scope.imports.get(text, text) in _MAKE_CALLABLES:
        return "an object that can be called"
    return None
