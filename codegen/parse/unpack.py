"""``**`` in the arguments of a decorator: the mapping as arguments by name."""

from __future__ import annotations

import ast
from typing import Any

from codegen.analyse.evaluate import CannotEvaluate
from codegen.parse.configs.value import expression
from codegen.parse.mutators.run import Runner
from codegen.parse.mutators.scope import Scope
from codegen.parse.mutators.values import Refused, placed
from codegen.parse.siblings import Other


def named_arguments(node: ast.expr, scope: Scope, runner: Runner) -> dict[str, ast.expr] | None:
    """The expression for each key of a mapping; None if the source does not tell them all.

    The values stay as they are written, as not all of them need be known: those of environment
    variables are looked up in a run.
    """

    def inner(part: ast.expr) -> dict[str, ast.expr] | None:
        return named_arguments(part, scope, runner)

    match node:
        case ast.Dict(keys, values):
            pairs = zip(keys, values, strict=True)
            return _joined([inner(v) if key is None else _item(key, v) for key, v in pairs])
        case ast.Call(ast.Name("dict"), args, words) if scope.module.builtin(
            "dict", scope.constants
        ):
            named = [{w.arg: w.value} if w.arg else inner(w.value) for w in words]
            return _joined([*map(inner, args), *named])
        case ast.BinOp(left, ast.BitOr(), right):
            return _joined([inner(left), inner(right)])
        case ast.Name(name) if name in scope.constants:
            return inner(scope.constants[name])
    try:
        value = _value(node, scope, runner)
    except (CannotEvaluate, Refused):
        return None
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return None
    return {key: placed(expression(item), node) for key, item in value.items()}


def _value(node: ast.expr, scope: Scope, runner: Runner) -> Any:
    """The value of an expression, which may be a constant of another module: ``limits.LARGE``."""
    if isinstance(node, ast.Attribute):
        found = runner.scopes.mutators.siblings.follow(node, scope.source)
        if isinstance(found, Other):
            return runner.scopes.of(found.source).evaluator.value(ast.Name(found.name, ast.Load()))
    return runner.evaluated(node, scope)


def _item(key: ast.expr, value: ast.expr) -> dict[str, ast.expr] | None:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return {key.value: value}
    return None


def _joined(found: list[dict[str, ast.expr] | None]) -> dict[str, ast.expr] | None:
    """Later keys go before earlier ones."""
    joined: dict[str, ast.expr] = {}
    for each in found:
        if each is None:
            return None
        joined.update(each)
    return joined
