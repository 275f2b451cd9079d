"""Which names of a module stand for which parts of Metaflow's library."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

#: What ``from metaflow import *`` can bring that this translator knows how to translate.
STAR = (
    "FlowSpec",
    "JSONType",
    "Parameter",
    "environment",
    "resources",
    "retry",
    "schedule",
    "step",
    "timeout",
)


def place(node: ast.AST) -> tuple[int, int]:
    """Line and column, from 1, of a syntax node that has them."""
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1


def of_metaflow(node: ast.stmt) -> bool:
    """Whether a statement imports from the metaflow package (in part, for ``import a, b``)."""
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and (node.module or "").split(".")[0] == "metaflow"
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] == "metaflow" for alias in node.names)
    return False


def metaflow_names(statements: Iterable[ast.stmt]) -> dict[str, str]:
    """Local name → dotted name in Metaflow, for every import in ``statements``."""
    names: dict[str, str] = {}
    for node in statements:
        if not of_metaflow(node):
            continue
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == "*":
                    names.update({name: f"{node.module}.{name}" for name in STAR})
                else:
                    names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "metaflow":
                    names[alias.asname or "metaflow"] = alias.name if alias.asname else "metaflow"
    return names


def resolve(node: ast.expr, names: Mapping[str, str]) -> str | None:
    """The dotted Metaflow name that an expression like ``mf.step`` stands for, or None."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        base = resolve(node.value, names)
        return f"{base}.{node.attr}" if base else None
    return None


def references(node: ast.AST, names: Mapping[str, str]) -> Iterator[tuple[ast.expr, str]]:
    """Each use of a Metaflow name below ``node``: the outermost expression and its dotted name."""
    if isinstance(node, ast.expr):
        resolved = resolve(node, names)
        if resolved and isinstance(getattr(node, "ctx", None), ast.Load):
            yield node, resolved
            return
    for child in ast.iter_child_nodes(node):
        yield from references(child, names)
