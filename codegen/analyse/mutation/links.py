"""Values and their links with artifacts, and what happens to them."""

from __future__ import annotations

import ast
import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from codegen.analyse.body import attribute_of
from codegen.analyse.scope import local_bindings
from codegen.parse.names import mangled

if TYPE_CHECKING:
    from codegen.analyse.mutation.module import Mutations


class Link(enum.IntEnum):
    """How a value hangs together with an artifact."""

    FRESH = 1
    ALIAS = 2


#: A value: the artifacts (or arguments) that it is linked with.
Value = dict[str, Link]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def joined(values: Sequence[Value]) -> Value:
    """A value that may be any of several."""
    result: Value = {}
    for value in values:
        for source, link in value.items():
            result[source] = max(link, result.get(source, link))
    return result


def parts(value: Value) -> Value:
    """An element or attribute of the value, or something that may be the value itself."""
    return dict.fromkeys(value, Link.ALIAS)


def held(value: Value) -> Value:
    """A new container that holds the value or parts of it."""
    return dict.fromkeys(value, Link.FRESH)


class Links:
    """What the names of one body are linked with, and which artifacts have been changed.

    Without a ``self_name`` it is the body of a plain function, whose arguments are followed.
    """

    def __init__(
        self, mutations: Mutations, function: Function, self_name: str | None, owner: str = ""
    ) -> None:
        self.mutations = mutations
        self.function = function
        self.self_name = self_name
        self.owner = owner
        self.local = set(local_bindings(function))
        self.exempt: frozenset[str] = frozenset()
        self.items: str | None = None
        self.argument: str | None = None
        self.names: dict[str, Value] = {}
        self.changed: set[str] = set()
        self.consumed: set[str] = set()
        self.looked_up: set[str] = set()
        self.returned: Value = {}
        self.nested: dict[str, Function] = {}
        self.entered: set[str] = set()
        self.leaks = False

    def value(self, node: ast.expr) -> Value:
        """How the value of an expression hangs together with the artifacts."""
        raise NotImplementedError

    def whole(self) -> Value:
        """The flow itself, through which every artifact can be reached."""
        raise NotImplementedError

    def is_flow(self, node: ast.AST) -> bool:
        """Whether an expression is the flow, and not only says which run is meant."""
        own = isinstance(node, ast.Name) and node.id == self.self_name
        return own and id(node) not in self.mutations.helpers.naming_run

    def artifact(self, node: ast.AST) -> str | None:
        """The artifact that ``self.x`` names."""
        if self.self_name is None:
            return None
        attribute = attribute_of(node, self.self_name)
        return None if attribute is None else mangled(attribute, self.owner)

    def link(self, name: str, value: Value) -> None:
        """``name`` may be ``value`` as well."""
        known = self.names.setdefault(name, {})
        for source, link in value.items():
            known[source] = max(link, known.get(source, link))

    def change(self, value: Value, inside: bool = False) -> None:
        """The value is changed; ``inside`` if its parts may be as well."""
        for source, link in value.items():
            if link is Link.ALIAS or inside:
                self.changed.add(source)

    def consume(self, value: Value) -> None:
        """The value is iterated, which changes it if it is an iterator."""
        for source, link in value.items():
            if link is Link.ALIAS:
                self.consumed.add(source)
                if source in self.mutations.iterators:
                    self.changed.add(source)

    def look_up(self, value: Value) -> None:
        """``value[key]``, which a defaultdict answers with a new item."""
        self.looked_up |= set(value)
        self.changed |= set(value) & self.mutations.inserting

    def bind(self, target: ast.expr, value: Value) -> None:
        """An assignment to a target of any form."""
        name = self.artifact(target)
        if name is not None:
            self.link(f"self.{name}", value)
        elif isinstance(target, ast.Name):
            self.link(target.id, value)
            if target.id in self.mutations.rebound:
                self.change(value, inside=True)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part in target.elts:
                self.bind(part, parts(value))
        elif isinstance(target, ast.Starred):
            self.bind(target.value, held(value))
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            self.change(self.value(target.value))
            if isinstance(target, ast.Subscript):
                self.value(target.slice)
            self.store_in(target, value)

    def store_in(self, container: ast.expr, value: Value) -> None:
        """``value`` becomes part of the artifact or name at the bottom of ``a.b[c]``."""
        while isinstance(container, (ast.Attribute, ast.Subscript)):
            name = self.artifact(container)
            if name == "__dict__":
                for each in self.whole():
                    self.link(f"self.{each}", value)
                return
            if name is not None:
                self.link(f"self.{name}", held(value))
                return
            container = container.value
        if isinstance(container, ast.Name) and container.id in self.local:
            self.link(container.id, held(value))
        else:  # an object of the module: anybody may change what it holds
            self.change(value, inside=True)

    def is_builtin(self, name: str) -> bool:
        """Whether a name means the builtin here."""
        return self.mutations.scope.builtin(name, self.local)

    def defaults(self, arguments: ast.arguments) -> None:
        """Arguments with defaults may be these."""
        positional = [*arguments.posonlyargs, *arguments.args]
        if arguments.defaults:
            named = positional[-len(arguments.defaults) :]
            for argument, default in zip(named, arguments.defaults, strict=True):
                self.link(argument.arg, self.value(default))
        for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if keyword is not None:
                self.link(argument.arg, self.value(keyword))


def given_to(
    arguments: ast.arguments, positional: Sequence[Value], named: Mapping[str | None, Value]
) -> list[tuple[str, Value]]:
    """Argument and value for each value of a call that has neither ``*`` nor ``**``."""
    order = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    known = {*order, *(argument.arg for argument in arguments.kwonlyargs)}
    given: list[tuple[str, Value]] = []
    for index, value in enumerate(positional):
        if index < len(order):
            given.append((order[index], value))
        elif arguments.vararg is not None:
            given.append((arguments.vararg.arg, value))
    for key, value in named.items():
        if key in known:
            given.append((str(key), value))
        elif arguments.kwarg is not None:
            given.append((arguments.kwarg.arg, value))
    return given
