"""The arguments of a call as the function gets them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from codegen.parse.mutators.values import Given, Refused


def bound(
    function: ast.FunctionDef, given: Given, node: ast.AST, default: Callable[[ast.expr], Any]
) -> Mapping[str, Any]:
    """The arguments by name, as Python would bind them; ``node`` is the call."""
    wanted = function.args
    names = [arg.arg for arg in (*wanted.posonlyargs, *wanted.args)]
    keywords = [arg.arg for arg in wanted.kwonlyargs]
    found: dict[str, Any] = dict(zip(names, given.args, strict=False))
    rest = given.args[len(names) :]
    if rest and wanted.vararg is None:
        raise Refused(node, f"{function.name}() gets too many arguments")
    more: dict[str, Any] = {}
    by_name = {*names[len(wanted.posonlyargs) :], *keywords}
    for name, value in given.kwargs.items():
        if name in found and name in by_name:
            raise Refused(node, f"{function.name}() gets {name} twice")
        (found if name in by_name else more)[name] = value
    if more and wanted.kwarg is None:
        raise Refused(node, f"{function.name}() takes no {next(iter(more))}=")
    defaults: dict[str, ast.expr | None] = {
        **dict(zip(names[::-1], wanted.defaults[::-1], strict=False)),
        **dict(zip(keywords, wanted.kw_defaults, strict=True)),
    }
    for name in (*names, *keywords):
        value = defaults.get(name)
        if name not in found and value is None:
            raise Refused(node, f"{function.name}() gets no {name}")
        if name not in found and value is not None:
            found[name] = default(value)
    if wanted.vararg is not None:
        found[wanted.vararg.arg] = tuple(rest)
    if wanted.kwarg is not None:
        found[wanted.kwarg.arg] = more
    return found
