"""``self.next(…)`` in all its forms. Source of the rules: metaflow/graph.py (DAGNode._parse)."""

from __future__ import annotations

import ast

from codegen.diagnostics import Position
from codegen.model import Shape, Transition
from codegen.parse.names import place


def is_next(node: ast.stmt, self_name: str = "self") -> bool:
    """Whether a statement is a call of ``self.next``."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "next"
        and isinstance(node.value.func.value, ast.Name)
        and node.value.func.value.id == self_name == "self"
    )


def transition_of(node: ast.stmt) -> Transition | None:
    """The transition that a ``self.next`` statement declares, None if it has no legal form."""
    assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    call = node.value
    where = Position(*place(node))
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if len(call.args) == 1 and isinstance(call.args[0], ast.Dict):
        return _switch(call.args[0], keywords, where)
    if not call.args or not all(isinstance(arg, ast.Attribute) for arg in call.args):
        return None
    targets = tuple(arg.attr for arg in call.args if isinstance(arg, ast.Attribute))
    if not keywords:
        shape = Shape.LINEAR if len(targets) == 1 else Shape.SPLIT
        return Transition(shape, targets, where)
    if len(targets) == 1 and set(keywords) == {"foreach"}:
        name = keywords["foreach"]
        text = name.value if isinstance(name, ast.Constant) else None
        return Transition(
            Shape.FOREACH, targets, where, foreach=text if isinstance(text, str) else None
        )
    if len(targets) == 1 and set(keywords) == {"num_parallel"}:
        return Transition(Shape.PARALLEL, targets, where, count=keywords["num_parallel"])
    return None


def _switch(
    cases: ast.Dict, keywords: dict[str | None, ast.expr], where: Position
) -> Transition | None:
    condition = keywords.get("condition")
    if set(keywords) != {"condition"} or not (
        isinstance(condition, ast.Constant) and isinstance(condition.value, str)
    ):
        return None
    if not condition.value or not cases.keys:
        return None
    found: dict[
        object, tuple[ast.expr, str]
    ] = {}  # equal keys fall together, the last target counts
    for key, value in zip(cases.keys, cases.values, strict=True):
        if key is None or not _is_case(key):
            return None
        if not (isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name)):
            return None
        constant = key.value if isinstance(key, ast.Constant) else ast.unparse(key)
        found[constant] = (found.get(constant, (key,))[0], value.attr)
    made = tuple(found.values())
    targets = tuple(dict.fromkeys(target for _, target in made))
    return Transition(Shape.SWITCH, targets, where, condition=condition.value, cases=made)


def _is_case(key: ast.expr) -> bool:
    """A constant other than None, or ``self.<config>.<key>``."""
    if isinstance(key, ast.Constant):
        return key.value is not None
    return (
        isinstance(key, ast.Attribute)
        and isinstance(key.value, ast.Attribute)
        and isinstance(key.value.value, ast.Name)
        and key.value.value.id == "self"
    )
