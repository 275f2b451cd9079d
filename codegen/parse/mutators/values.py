"""What the code of mutators handles beside plain values, and how values become syntax again."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from codegen.parse.mutators.use import Mutator
from codegen.parse.names import place

_E = TypeVar("_E", bound=ast.expr)


class Refused(Exception):
    """What a mutator does at ``node`` fails in Metaflow (``code`` tells how), or cannot be known.

    Without an ``advice``, the one for a mutator that cannot be followed is given.
    """

    def __init__(
        self, node: ast.AST, message: str, advice: str | None = None, code: str = "MF510"
    ) -> None:
        super().__init__(message)
        self.node = node
        self.message = message
        self.advice = advice
        self.code = code


class Opaque:
    """Something that is handed on, but has no value: comparing or showing it cannot be known."""

    def _unknown(self, *_: object) -> NoReturn:
        raise TypeError("has no known value")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _unknown
    __str__ = __repr__ = __format__ = __len__ = __iter__ = __contains__ = _unknown
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return True

    def attribute(self, name: str, node: ast.AST) -> Any:
        """The value of an attribute; ``node`` is the expression that asks for it."""
        raise Refused(node, f"{ast.unparse(node)} cannot be known from the source")

    def call(self, name: str, given: Given, node: ast.Call) -> Any:
        """What a method gives."""
        raise Refused(node, f"{ast.unparse(node.func)}() cannot be followed")


class Unknown(Opaque):
    """A value that the source does not tell, such as a ``module`` that a method imports."""

    def __init__(self, module: str = "") -> None:
        self.module = module

    def __bool__(self) -> bool:
        self._unknown()


class Live(Opaque):
    """What Python's generators give: one item after the other, once."""

    def __init__(self, items: Iterator[Any]) -> None:
        self.items = items


class Added(Opaque):
    """The decorator that ``add_decorator`` gives back."""


class Named(Opaque):
    """What a name means at the top level of a module: something of Metaflow's, by its ``dotted``
    name, a mutator, or else something that only the generated module can make. The name is no
    expression for it if a method has imported it."""

    def __init__(
        self,
        node: ast.expr,
        dotted: str | None = None,
        mutator: Mutator | None = None,
        local: bool = False,
    ) -> None:
        self.node = node
        self.dotted = dotted
        self.mutator = mutator
        self.local = local

    def attribute(self, name: str, node: ast.AST) -> Any:
        """A part of Metaflow; the policies of ``MutableStep`` for duplicates are numbers."""
        if self.dotted is None or not isinstance(node, ast.expr):
            return super().attribute(name, node)
        if self.dotted.rpartition(".")[2] in ("MutableFlow", "MutableStep") and name in DUPLICATES:
            return DUPLICATES[name]
        return Named(node, f"{self.dotted}.{name}", local=self.local)


#: What add_decorator does where there is such a decorator (metaflow's MutableStep, MutableFlow).
DUPLICATES = {"IGNORE": 1, "ERROR": 2, "OVERRIDE": 3}


class Function(Opaque):
    """The function of a step."""

    def __init__(self, name: str) -> None:
        self.name = name

    def attribute(self, name: str, node: ast.AST) -> Any:
        """Its name."""
        return self.name if name in ("name", "__name__") else super().attribute(name, node)


class KnownParameter(Opaque):
    """A Parameter of the flow, of which mutators can know the name."""

    def __init__(self, name: Any) -> None:
        self.name = name

    def attribute(self, name: str, node: ast.AST) -> Any:
        """Its name."""
        return self.name if name == "name" else super().attribute(name, node)


class Given:
    """The arguments of a call."""

    def __init__(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> None:
        self.args = list(args)
        self.kwargs = dict(kwargs or {})

    def bound(self, names: Sequence[str], node: ast.Call) -> dict[str, Any]:
        """The arguments by the names that the function has for them."""
        found = dict(zip(names, self.args, strict=False))
        for name, value in self.kwargs.items():
            if name in found or name not in names:
                raise Refused(node, f"{ast.unparse(node.func)}() cannot take {name}=")
            found[name] = value
        if len(self.args) > len(names) or names[0] not in found:
            raise Refused(node, f"{ast.unparse(node.func)}() gets a wrong number of arguments")
        return found


def literal(value: Any, node: ast.AST) -> ast.expr:
    """An expression for a value, at the place of ``node``."""
    return placed(_expression(value, node), node)


def placed(made: ast.expr, node: ast.AST) -> ast.expr:
    """A new expression, with all its parts at the place of ``node``."""
    for inner in ast.walk(made):
        if isinstance(inner, ast.expr):
            located(inner, node)
    return made


def located(made: _E, node: ast.AST) -> _E:
    """A new expression at the place of ``node``; its parts have places already."""
    ast.copy_location(made, node)
    if file := place(node)[2]:
        made.file = file  # type: ignore[attr-defined]
    return made


def _expression(value: Any, node: ast.AST) -> ast.expr:
    if isinstance(value, Named) and not value.local and value.mutator is None:
        return ast.parse(ast.unparse(value.node), mode="eval").body
    if isinstance(value, dict):
        return ast.Dict(
            [_expression(key, node) for key in value],
            [_expression(item, node) for item in value.values()],
        )
    if isinstance(value, (list, tuple)):
        items = [_expression(item, node) for item in value]
        return (ast.List if isinstance(value, list) else ast.Tuple)(items, ast.Load())
    finite = not isinstance(value, (float, complex)) or math.isfinite(abs(value))
    if finite and (value is None or isinstance(value, (bool, int, float, complex, str, bytes))):
        return ast.parse(repr(value), mode="eval").body
    if isinstance(value, (set, frozenset)) and value:
        raise Refused(node, "a set is given, the order of which differs from run to run")
    raise Refused(node, "a value is given that has no literal")
