"""Names of attributes that are computed: which they can be."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Mapping, Sequence

from codegen.analyse.body.facts import attribute_of
from codegen.analyse.configs import NO_PART, config_part
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.model import Flow
from codegen.parse.configs.value import expression

#: Builtins and methods that change nothing.
_LOOKERS = frozenset(
    {"dict", "enumerate", "getattr", "hasattr", "len", "list", "print", "set", "sorted", "tuple"}
)
_SERIES = frozenset({"list", "set", "sorted", "tuple"})
_QUESTIONS = frozenset({"copy", "get", "items", "keys", "values"})

#: More names than this are as good as any.
_MOST = 64


def possible_names(
    node: ast.expr, function: ast.FunctionDef, flow: Flow, scope: ModuleScope
) -> frozenset[str] | None:
    """The strings that an expression can be; None if only a run can tell."""
    return _Possible(function, flow, scope).strings(node)


class _Possible:
    def __init__(self, function: ast.FunctionDef, flow: Flow, scope: ModuleScope) -> None:
        self.flow = flow
        self.scope = scope
        self.self_name = function.args.args[0].arg if function.args.args else ""
        self.sources: dict[str, list[tuple[str, ast.expr | None]]] = {}
        self.busy: set[str] = set()
        self.handed_on = _handed_on(function)
        for node in ast.walk(function):
            self._collect(node)
        for name, bindings in local_bindings(function).items():
            if len(bindings) > len(self.sources.get(name, [])):  # by an import, a pattern, a def
                self.sources.setdefault(name, []).append(("is", None))
        self.touched = _touched(flow)

    def _collect(self, node: ast.AST) -> None:
        """Where the local names of the function come from: ``is`` a value, or ``in`` a series."""
        pairs: list[tuple[ast.AST, str, ast.expr | None]] = []
        match node:
            case ast.Assign():
                pairs = [(target, "is", node.value) for target in node.targets]
            case ast.AnnAssign() | ast.NamedExpr():
                pairs = [(node.target, "is", node.value)]
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                pairs = [(node.target, "in", node.iter)]
            case ast.AugAssign():
                pairs = [(node.target, "is", None)]
            case ast.withitem() if node.optional_vars is not None:
                pairs = [(node.optional_vars, "is", None)]
            case ast.arg():
                self.sources.setdefault(node.arg, []).append(("is", None))
        for target, how, value in pairs:
            if isinstance(target, ast.Name):
                self.sources.setdefault(target.id, []).append((how, value))
                continue
            for inner in ast.walk(target):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    place = _place(target, inner)
                    known = how == "in" and place is not None and value is not None
                    self.sources.setdefault(inner.id, []).append(
                        (f"{place}", value) if known else ("is", None)
                    )

    def strings(self, node: ast.expr) -> frozenset[str] | None:
        match node:
            case ast.Constant(value=str(text)):
                return frozenset({text})
            case ast.JoinedStr():
                return _product([self._part(part) for part in node.values])
            case ast.BinOp(op=ast.Add()):
                return _product([self.strings(node.left), self.strings(node.right)])
            case ast.IfExp():
                return _union([self.strings(node.body), self.strings(node.orelse)])
            case ast.Name():
                return self._name(node.id)
            case ast.Attribute():
                value = self._constant(node)
                return self.strings(value) if value is not None else None
        return None

    def _constant(self, node: ast.Attribute) -> ast.expr | None:
        """The literal that a class constant or a part of a config is, unless something may change
        it."""
        config, part = config_part(node, self.flow.configs, self.self_name)
        if part is not NO_PART:
            return expression(part) if config not in self.touched else None
        name = attribute_of(node, self.self_name) or ""
        constant = self.flow.constants.get(name)
        if constant is None or name in self.touched:
            return None
        computed = any(isinstance(part, (ast.Name, ast.Call)) for part in ast.walk(constant.value))
        return None if computed else constant.value

    def _part(self, part: ast.expr) -> frozenset[str] | None:
        if isinstance(part, ast.FormattedValue):
            plain = part.conversion in (-1, 115) and part.format_spec is None
            return self.strings(part.value) if plain else None
        return self.strings(part)

    def _name(self, name: str) -> frozenset[str] | None:
        if name in self.busy:
            return None
        if name not in self.sources:
            value = self.scope.constants.get(name) if name not in self.touched else None
            return self.strings(value) if value is not None else None
        self.busy.add(name)
        found: list[frozenset[str] | None] = []
        for how, value in self.sources[name]:
            if value is None:
                found.append(None)
            elif how == "is":
                found.append(self.strings(value))
            else:
                found.append(self._elements(value, None if how == "in" else int(how)))
        self.busy.discard(name)
        return _union(found)

    def _elements(self, series: ast.expr, place: int | None) -> frozenset[str] | None:
        """What the elements of a series can be, or their parts at a place."""
        match series:
            case ast.List() | ast.Tuple() | ast.Set():
                parts: list[ast.expr] = list(series.elts)
                if place is not None:
                    inner = [_at(part, place) for part in parts]
                    parts = [part for part in inner if part is not None]
                    if len(parts) != len(inner):
                        return None
                return _union([self.strings(part) for part in parts])
            case ast.Dict() if place is None:
                return _union([self.strings(key) if key else None for key in series.keys])
            case ast.Call(
                func=ast.Name(id="sorted" | "list" | "tuple" | "set" as name), args=[one]
            ):
                return self._elements(one, place) if self.scope.builtin(name) else None
            case ast.Call(func=ast.Attribute(value=owner, attr="items"), args=[]) if place == 0:
                return self._elements(self._origin(owner), None)
            case ast.Call(func=ast.Attribute(value=owner, attr="keys"), args=[]) if place is None:
                return self._elements(self._origin(owner), None)
        origin = self._origin(series)
        return self._elements(origin, place) if origin is not series else None

    def _origin(self, node: ast.expr) -> ast.expr:
        """The literal that a name stands for, where it has but one value."""
        constants: Mapping[str, ast.expr] = self.scope.constants
        if isinstance(node, ast.Name):
            sources = self.sources.get(node.id)
            if sources is None:
                return constants.get(node.id, node) if node.id not in self.touched else node
            if len(sources) == 1 and sources[0][0] == "is" and node.id not in self.handed_on:
                value = sources[0][1]
                return value if isinstance(value, (ast.List, ast.Tuple, ast.Dict)) else node
        if isinstance(node, ast.Attribute):
            return self._constant(node) or node
        return node


def _touched(flow: Flow) -> frozenset[str]:
    """The names of attributes and variables that methods assign, or whose values they may change:
    by a method, by an item, or in a call."""
    found: set[str] = set()
    for method in flow.methods:
        for node in ast.walk(method.node):
            targets: list[ast.expr] = []
            if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(
                node.ctx, ast.Load
            ):
                targets = [node, node.value]
            elif isinstance(node, ast.Call):
                known = isinstance(node.func, ast.Name) and node.func.id in _LOOKERS
                targets = [] if known else list(node.args)
                if isinstance(node.func, ast.Attribute) and node.func.attr not in _QUESTIONS:
                    targets.append(node.func.value)
            for target in targets:
                if isinstance(target, ast.Attribute):
                    found.add(target.attr)
                elif isinstance(target, ast.Name):
                    found.add(target.id)
    return frozenset(found)


def _handed_on(function: ast.FunctionDef) -> frozenset[str]:
    """The names whose values something other than a loop over them gets to see."""
    looped: set[int] = set()
    for node in ast.walk(function):
        match node:
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                looped.add(id(node.iter))
            case ast.Call(func=ast.Name(id="len" | "list" | "sorted" | "tuple"), args=[inner]):
                looped.add(id(inner))
            case ast.Call(func=ast.Attribute(value=owner, attr="items" | "keys" | "values")):
                looped.add(id(owner))
    return frozenset(
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in looped
    )


def _place(target: ast.AST, name: ast.Name) -> int | None:
    """The place of a name in a flat tuple of targets."""
    elements = target.elts if isinstance(target, (ast.Tuple, ast.List)) else []
    if any(isinstance(element, ast.Starred) for element in elements):
        return None
    return next((place for place, element in enumerate(elements) if element is name), None)


def _at(node: ast.expr, place: int) -> ast.expr | None:
    if isinstance(node, (ast.Tuple, ast.List)) and place < len(node.elts):
        return node.elts[place]
    return None


def _union(parts: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found if len(found) <= _MOST else None


def _product(parts: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    sets = [part for part in parts if part is not None]
    size = 1
    for part in sets:
        size *= len(part)
    if len(sets) != len(parts) or size > _MOST:
        return None
    return frozenset("".join(pieces) for pieces in itertools.product(*sets))
