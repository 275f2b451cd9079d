"""State of the module that outlives a step: seeds of random numbers, and objects that steps
change.

Metaflow runs every task in a process of its own, which runs the module's code anew. So do tasks
on a Flyte cluster; in a local run of flytekit, all tasks share one process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Flow
from codegen.parse.names import place

_SEEDS = frozenset(
    {"seed", "manual_seed", "manual_seed_all", "seed_everything", "set_random_seed", "set_seed"}
)

#: Methods that change the built-in containers.
_CHANGES = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
        "popleft", "remove", "reverse", "setdefault", "sort", "update",
    }
)  # fmt: skip


def seed_statements(statements: Sequence[ast.stmt]) -> tuple[str, ...]:
    """The calls at the top level of a module that seed random numbers, as source text."""
    return tuple(
        ast.unparse(node)
        for node in statements
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and _last_name(node.value.func) in _SEEDS
    )


def report_state(flow: Flow, scope: ModuleScope, diagnostics: Diagnostics) -> None:
    """Note where steps, or the module's functions, change objects of the module."""
    for step in flow.steps.values():
        for node, name in _changes(step.node, scope):
            _report(node, name, step.name, diagnostics)
    for function in scope.functions.values():
        for node, name in _changes(function, scope):
            _report(node, name, None, diagnostics)


def _report(node: ast.AST, name: str, step: str | None, diagnostics: Diagnostics) -> None:
    diagnostics.add(
        "MF207",
        Position(*place(node)),
        f"{name} belongs to the module and is changed here: on a cluster each task starts with a "
        "fresh one, as in Metaflow, but in a local run of flytekit all tasks share it",
        "Keep what steps hand on in artifacts, and the rest in local variables.",
        step,
    )


def _changes(function: ast.FunctionDef, scope: ModuleScope) -> Iterator[tuple[ast.AST, str]]:
    local = local_bindings(function)
    objects = scope.bound - set(scope.functions) - set(scope.classes) - set(scope.imports)
    rebound = {
        name
        for node in ast.walk(function)
        if isinstance(node, ast.Global)
        for name in node.names
        if name in scope.bound
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in rebound:
            if isinstance(node.ctx, ast.Store):
                yield node, node.id
            continue
        owner: ast.expr | None = None
        if isinstance(node, (ast.Subscript, ast.Attribute)):
            if isinstance(node.ctx, (ast.Store, ast.Del)):
                owner = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _CHANGES:
                owner = node.func.value
        if isinstance(owner, ast.Name) and owner.id in objects and owner.id not in local:
            yield node, owner.id


def _last_name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
