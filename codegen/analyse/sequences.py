"""What a foreach iterates over: whether it surely has items by index, or iterates badly.

Source of the rules: metaflow/flowspec.py (next, _find_input).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from codegen.analyse.body import attribute_of
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.diagnostics import Diagnostics
from codegen.model import Flow, Method, Shape
from codegen.parse.names import assigned_pairs

_INDEXED = frozenset({"list", "range", "sorted", "str", "tuple"})
_INDEXED_METHODS = frozenset({"split", "rsplit", "splitlines", "tolist", "to_list", "readlines"})
_ARRAYS = frozenset({"arange", "array", "linspace", "zeros", "ones", "asarray"})

#: How Metaflow fares with what has no order or no second time.
_BAD = {
    "dictionary": "it starts a task for each key, but looks the items up by number: self.input "
    "fails unless the keys are 0, 1, 2, …",
    "set": "every task sees it in an order of its own, so that items come twice or never",
    "iterator": "counting the items uses it up, so that self.input fails",
}
_BAD_CALLS = {
    "dict": "dictionary",
    "set": "set",
    "frozenset": "set",
    **dict.fromkeys(("enumerate", "filter", "iter", "map", "reversed", "zip"), "iterator"),
}


Stores = Mapping[str, Sequence[tuple[Method, ast.expr | None]]]


def artifact_stores(flow: Flow, loose: Iterable[str]) -> Stores:
    """Artifact → what each step or helper may leave in it; None for what cannot be told, as for
    those ``loose`` that are set by other means than assignments."""
    stores: dict[str, list[tuple[Method, ast.expr | None]]] = {}
    any_step = next(iter(flow.steps.values()))
    for name in loose:
        stores[name] = [(any_step, None)]
    for constant in flow.constants.values():
        value: ast.expr | None = constant.value
        if constant.name in flow.configs and not flow.configs[constant.name].plain:
            value = value.args[0] if isinstance(value, ast.Call) else value  # a mapping
        stores[constant.name] = [(any_step, value)]
    for step in flow.methods:
        left: dict[str, list[ast.expr | None]] = {}
        for statement in step.node.body:
            plain = isinstance(statement, (ast.Assign, ast.AnnAssign))
            for name, value in _stores(statement, step.self_name):
                left[name] = [value] if plain else [*left.get(name, []), value]
        for name, values in left.items():
            stores.setdefault(name, []).extend((step, value) for value in values)
    return stores


def indexable(stores: Stores, scope: ModuleScope, name: str) -> bool:
    """Whether ``self.name`` surely takes an index wherever it is set; Parameters do."""
    return all(
        value is not None and _indexed(value, step, scope) for step, value in stores.get(name, ())
    )


def report_foreach(
    flow: Flow, stores: Stores, scope: ModuleScope, diagnostics: Diagnostics
) -> None:
    """Warn of foreaches that do not work reliably in Metaflow either."""
    for step in flow.steps.values():
        transition = step.transition
        if transition is None or transition.shape is not Shape.FOREACH:
            continue
        for other, value in stores.get(transition.foreach or "", ()):
            kind = _bad(value, other, scope) if value is not None else None
            if kind is not None:
                article = "an" if kind == "iterator" else "a"
                diagnostics.add(
                    "MF213",
                    transition.position,
                    f"self.{transition.foreach} is {article} {kind} (set in {other.name}), "
                    f"over which Metaflow's foreach is not reliable: {_BAD[kind]}",
                    "Iterate over a list: sorted(…) or list(…).",
                    step.name,
                )


def _stores(statement: ast.stmt, self_name: str) -> Iterator[tuple[str, ast.expr | None]]:
    """Each assignment to an artifact in a statement."""
    for node in ast.walk(statement):
        pairs: list[tuple[ast.expr, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs += assigned_pairs(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.AugAssign):
            continue  # keeps what it is
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            pairs = assigned_pairs(node.target, None)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            pairs = assigned_pairs(node.optional_vars, None)
        for target, value in pairs:
            attribute = attribute_of(target, self_name)
            if attribute is not None:
                yield attribute, value


def _origins(value: ast.expr, step: Method, scope: ModuleScope) -> list[ast.expr | None]:
    """What an expression is: for a local name or constant, what is assigned to it."""
    if isinstance(value, ast.Name):
        local = local_bindings(step.node)
        if value.id in local:
            return list(local[value.id])
        return [scope.constants.get(value.id)]
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    return [value]


def _indexed(value: ast.expr, step: Method, scope: ModuleScope) -> bool:
    return all(
        origin is not None and _indexed_itself(origin, scope)
        for origin in _origins(value, step, scope)
    )


def _indexed_itself(value: ast.expr, scope: ModuleScope) -> bool:
    if isinstance(value, (ast.List, ast.Tuple, ast.ListComp, ast.JoinedStr)):
        return True
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.Add) and (
            _indexed_itself(value.left, scope) or _indexed_itself(value.right, scope)
        )
    if isinstance(value, ast.Call):
        if isinstance(value.func, ast.Name):
            return value.func.id in _INDEXED and scope.builtin(value.func.id)
        if isinstance(value.func, ast.Attribute):
            owner = value.func.value
            if isinstance(owner, ast.Name) and scope.imports.get(owner.id) == "numpy":
                return value.func.attr in _ARRAYS
            return value.func.attr in _INDEXED_METHODS
    return False


def _bad(value: ast.expr, step: Method, scope: ModuleScope) -> str | None:
    for origin in _origins(value, step, scope):
        match origin:
            case ast.Dict() | ast.DictComp():
                return "dictionary"
            case ast.Set() | ast.SetComp():
                return "set"
            case ast.Call(func=ast.Name(id=name)) if scope.builtin(name):
                if name in _BAD_CALLS:
                    return _BAD_CALLS[name]
    return None
