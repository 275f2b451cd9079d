"""Expressions in the code of mutators."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from codegen.analyse.evaluate import CannotEvaluate, Evaluator, unordered
from codegen.parse.configs.value import METHODS, ConfigValue, thawed
from codegen.parse.mutators.scope import Scope, Scopes
from codegen.parse.mutators.values import Given, Live, Opaque, Refused

_MOST_STEPS = 20_000
_MOST_TEXT = 1_000_000

_MANY: dict[str, Callable[..., Any]] = {
    "all": all,
    "any": any,
    "enumerate": lambda items, start=0: [*enumerate(items, start)],
    "range": lambda *limits: [*_short(range(*limits))],
    "reversed": lambda items: [*items][::-1],
    "zip": lambda *items: [*zip(*items, strict=False)],
}

_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        {"capitalize", "count", "endswith", "find", "isdigit", "join", "lower", "lstrip",
         "partition", "removeprefix", "removesuffix", "replace", "rpartition", "rsplit", "rstrip",
         "split", "startswith", "strip", "title", "upper"}
    ),
    dict: frozenset({"copy", "get", "items", "keys", "values", "pop", "setdefault", "update"}),
    list: frozenset({"append", "copy", "count", "extend", "index", "insert", "pop", "remove"}),
    tuple: frozenset({"count", "index"}),
    ConfigValue: METHODS - {"fromkeys"},
}  # fmt: skip
_PURE = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})


class Calls(Protocol):
    """Runs the functions that expressions call."""

    scopes: Scopes

    def called(self, node: ast.Call, frame: Frame) -> Any:
        """The result of a call of a function or a class; NotImplemented if it is neither."""
        ...

    def count(self, node: ast.AST) -> None:
        """Note that something is done, so that no mutator runs for ever."""
        ...


@dataclass
class Frame:
    """The names of a function while it runs: ``local`` are all that it binds."""

    scope: Scope
    local: frozenset[str] = frozenset()
    values: dict[str, Any] = field(default_factory=dict)

    def builtin(self, name: str) -> bool:
        """Whether a name means the builtin."""
        return self.scope.module.builtin(name, self.local) and name not in self.scope.constants


class Expressions(Evaluator):
    """Evaluates the expressions of one function."""

    def __init__(self, frame: Frame, calls: Calls) -> None:
        super().__init__({}, frame.builtin)
        self.frame = frame
        self.calls = calls

    def truth(self, node: ast.expr) -> bool:
        """Whether an expression is true."""
        try:
            return bool(self.value(node))
        except TypeError as error:
            raise CannotEvaluate(node) from error

    def items(self, node: ast.expr) -> Iterator[Any]:
        """The items of an expression, whose order must be known; what changes it meanwhile
        counts."""
        value = self.value(node)
        if isinstance(value, Live):
            value = value.items
        elif not isinstance(value, (dict, list, str, tuple)):
            raise CannotEvaluate(node)
        try:
            yield from value
        except RuntimeError as error:
            raise Refused(node, f"{ast.unparse(node)} changes in the middle of a loop") from error

    def _items(self, nodes: list[ast.expr]) -> list[Any]:
        found = super()._items(nodes)
        return [[*each.items] if isinstance(each, Live) else each for each in found]

    def given(self, node: ast.Call) -> Given:
        """The arguments of a call."""
        kwargs: dict[str, Any] = {}
        args = self._items(node.args)
        for keyword in node.keywords:
            if keyword.arg is not None:
                kwargs[keyword.arg] = self.value(keyword.value)
                continue
            more = self.value(keyword.value)
            if not isinstance(more, dict) or not all(isinstance(name, str) for name in more):
                raise CannotEvaluate(keyword.value)
            kwargs.update(more)
        return Given(args, kwargs)

    def changeable(self, value: Any, node: ast.AST) -> Any:
        """An object that may be changed, since only mutators have it."""
        if isinstance(value, ConfigValue):
            raise Refused(node, f"{ast.unparse(node)} is changed, which a Config does not allow")
        if isinstance(value, (dict, list)) and id(value) not in self.calls.scopes.kept:
            return value
        raise Refused(node, f"{ast.unparse(node)} is changed")

    def assign(self, target: ast.expr, value: Any) -> None:
        """Bind a name, or the names in a tuple."""
        if isinstance(target, ast.Starred):
            target = target.value
        if isinstance(target, ast.Name):
            self.frame.values[target.id] = value
            return
        for part, item in self.unpacked(target, value):
            self.assign(part, item)

    def unpacked(self, target: ast.expr, value: Any) -> Iterator[tuple[ast.expr, Any]]:
        """The targets in a tuple, each with its value."""
        if not isinstance(target, (ast.Tuple, ast.List)) or not isinstance(value, (list, tuple)):
            raise Refused(target, f"{ast.unparse(target)} is set in a way that is not followed")
        for place, part in enumerate(target.elts):
            after = len(target.elts) - place - 1
            if isinstance(part, ast.Starred) and len(value) >= len(target.elts) - 1:
                end = len(value) - after
                value = [*value[:place], [*value[place:end]], *value[end:]]
        if len(target.elts) != len(value):
            raise Refused(target, f"{len(value)} values do not fit {ast.unparse(target)}")
        yield from zip(target.elts, value, strict=True)

    def _value(self, node: ast.expr) -> Any:
        self.calls.count(node)
        match node:
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                owner = self.value(node.value)
                if isinstance(owner, Opaque):
                    return owner.attribute(node.attr, node)
                if isinstance(owner, ConfigValue) and node.attr not in METHODS:
                    if node.attr in owner:
                        return owner[node.attr]
                    message = f"{ast.unparse(node.value)} has no key {node.attr!r}"
                    raise Refused(node, message)
                if owner is None:
                    raise Refused(node, f"{ast.unparse(node.value)} is None")
                raise CannotEvaluate(node)
            case ast.ListComp() | ast.GeneratorExp():
                return [self.value(node.elt) for _ in self._loops(node.generators)]
            case ast.SetComp():
                return {self.value(node.elt) for _ in self._loops(node.generators)}
            case ast.DictComp():
                loops = self._loops(node.generators)
                return {self.value(node.key): self.value(node.value) for _ in loops}
        return super()._value(node)

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.frame.values:
            return self.frame.values[node.id]
        if node.id in self.frame.local:
            raise CannotEvaluate(node)
        return self.calls.scopes.value(node, self.frame.scope)

    def _loops(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        """One turn for each value of a comprehension, while its names are bound."""
        outer = dict(self.frame.values)
        try:
            yield from self._turns(generators)
        finally:
            self.frame.values.clear()
            self.frame.values.update(outer)

    def _turns(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        if not generators:
            yield
            return
        first, *rest = generators
        for item in self.items(first.iter):
            self.calls.count(first.iter)
            self.assign(first.target, item)
            if all(self.truth(test) for test in first.ifs):
                yield from self._turns(rest)

    def _call(self, node: ast.Call) -> Any:
        result = self.calls.called(node, self.frame)
        if result is not NotImplemented:
            return result
        if isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value)
            if isinstance(owner, Opaque):
                return owner.call(node.func.attr, self.given(node), node)
            return self._plain_method(owner, node.func, node)
        if isinstance(node.func, ast.Name) and self.builtin(node.func.id):
            if node.func.id in _MANY:
                given = self.given(node)
                if unordered(given.args):
                    raise CannotEvaluate(node)
                return _MANY[node.func.id](*given.args, **given.kwargs)
            if node.func.id in ("getattr", "hasattr"):
                return self._asked(node, node.func.id)
        return super()._call(node)

    def _asked(self, node: ast.Call, function: str) -> Any:
        """``getattr(mutable_flow, name)``, or a question about a config."""
        given = self.given(node)
        match given.args:
            case [ConfigValue() as config, str(name)] if function == "hasattr":
                return name in config or name in METHODS
            case [ConfigValue() as config, str(name), *default] if name not in METHODS:
                if name in config or default:
                    return config.get(name, *default)
        if function == "getattr" and len(given.args) == 2 and isinstance(given.args[1], str):
            owner = given.args[0]
            if isinstance(owner, Opaque):
                return owner.attribute(given.args[1], node)
        raise CannotEvaluate(node)

    def _plain_method(self, owner: Any, function: ast.Attribute, node: ast.Call) -> Any:
        name = function.attr
        if name not in _METHODS.get(type(owner), ()):
            raise CannotEvaluate(node)
        given = self.given(node)
        if isinstance(owner, ConfigValue) and name in ("copy", "to_dict"):
            return owner if name == "copy" else thawed(owner)
        if isinstance(owner, str):
            if _size(owner) * _size([*given.args, *given.kwargs.values()]) > _MOST_TEXT:
                raise CannotEvaluate(node)
            if unordered(given.args):
                raise CannotEvaluate(node)
        elif name not in _PURE:
            self.changeable(owner, function.value)
        found = getattr(owner, name)(*given.args, **given.kwargs)
        return [*found] if name in ("items", "keys", "values") else found


def _size(value: Any) -> int:
    """A measure of how much text a value makes."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return 1 + sum(_size(item) for item in value)
    if isinstance(value, dict):
        return 1 + sum(_size([*pair]) for pair in value.items())
    return len(value) if isinstance(value, str) else 1


def _short(numbers: range) -> range:
    if len(numbers) > _MOST_STEPS:
        raise ValueError("too many numbers")
    return numbers


def bound_locally(function: ast.FunctionDef) -> frozenset[str]:
    """The names that a function binds itself."""
    found: set[str] = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return frozenset(found)
