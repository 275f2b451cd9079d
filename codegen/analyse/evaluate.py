"""Evaluates arguments of decorators and Parameters from the source alone.

Literals, arithmetic, f-strings and names of module constants, never ``eval``. Results are bounded
in size, so that no source can make the translator run out of time or memory.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

_MOST_ITEMS = 100_000
_MOST_BITS = 4_096

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}
_CALLS: dict[str, Callable[..., Any]] = {
    "bool": bool,
    "dict": dict,
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "max": max,
    "min": min,
    "round": lambda *given: _rounded(*given),
    "set": set,
    "sorted": sorted,
    "str": str,
    "sum": lambda items: sum(_numbers(items)),
    "tuple": tuple,
}


#: Calls that give the same for a set in any order.
_ORDERLESS = frozenset({"bool", "len", "max", "min", "set", "sorted"})


def _rounded(number: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > 400:
        raise ValueError("too many digits")
    return round(number, digits)


def _numbers(items: Any) -> list[int | float]:
    numbers = list(items)
    if not all(isinstance(item, (int, float)) for item in numbers):
        raise TypeError("only numbers are added up")
    return numbers


class CannotEvaluate(Exception):
    """The value of ``node`` cannot be known from the source."""

    def __init__(self, node: ast.AST) -> None:
        super().__init__(ast.unparse(node))
        self.node = node


def evaluate(
    node: ast.expr,
    constants: Mapping[str, ast.expr],
    builtin: Callable[[str], bool] = lambda name: True,
    elsewhere: Callable[[ast.expr], Any] | None = None,
) -> Any:
    """The value of an expression; ``constants`` are names with one plain value,
    ``builtin`` tells whether a name means the builtin, and ``elsewhere`` what other names and
    attributes stand for.

    Raises CannotEvaluate with the part that cannot be known.
    """
    return Evaluator(constants, builtin, elsewhere).value(node)


class Evaluator:
    def __init__(
        self,
        constants: Mapping[str, ast.expr],
        builtin: Callable[[str], bool],
        elsewhere: Callable[[ast.expr], Any] | None = None,
    ) -> None:
        self.constants = constants
        self.builtin = builtin
        self.elsewhere = elsewhere
        self.known: dict[str, Any] = {}
        self.busy: set[str] = set()

    def value(self, node: ast.expr) -> Any:
        try:
            return _bounded(self._value(node), node)
        except (ArithmeticError, TypeError, ValueError, KeyError, IndexError) as error:
            raise CannotEvaluate(node) from error

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return self._name(node)
            case ast.Attribute() if ast.unparse(node) in self.constants:  # self.NAME
                return self.value(self.constants[ast.unparse(node)])
            case ast.Attribute() if self.elsewhere is not None:  # settings.NAME
                return self.elsewhere(node)
            case ast.Tuple():
                return tuple(self._items(node.elts))
            case ast.List():
                return self._items(node.elts)
            case ast.Set():
                return set(self._items(node.elts))
            case ast.Dict():
                return self._dict(node)
            case ast.JoinedStr():
                return "".join(str(self.value(part)) for part in node.values)
            case ast.FormattedValue():
                return self._formatted(node)
            case ast.UnaryOp():
                return _UNARY[type(node.op)](self.value(node.operand))
            case ast.BinOp():
                return self._binary(node)
            case ast.BoolOp():
                return self._boolean(node)
            case ast.Compare():
                return self._compare(node)
            case ast.IfExp():
                return self.value(node.body if self.value(node.test) else node.orelse)
            case ast.Subscript():
                return self.value(node.value)[self.value(node.slice)]
            case ast.Slice():
                parts = (node.lower, node.upper, node.step)
                return slice(*(None if part is None else self.value(part) for part in parts))
            case ast.Call():
                return self._call(node)
        raise CannotEvaluate(node)

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.busy:
            raise CannotEvaluate(node)
        if node.id not in self.constants:
            if self.elsewhere is None:
                raise CannotEvaluate(node)
            return self.elsewhere(node)
        if node.id not in self.known:
            self.busy.add(node.id)
            try:
                self.known[node.id] = self.value(self.constants[node.id])
            finally:
                self.busy.discard(node.id)
        return self.known[node.id]

    def _items(self, nodes: list[ast.expr]) -> list[Any]:
        items: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                items += list(self.value(node.value))
            else:
                items.append(self.value(node))
        return items

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                result.update(self.value(value))
            else:
                result[self.value(key)] = self.value(value)
        return result

    def _formatted(self, node: ast.FormattedValue) -> str:
        value = self.value(node.value)
        if unordered(value):
            raise CannotEvaluate(node)
        if node.conversion == ord("r"):
            value = repr(value)
        elif node.conversion == ord("a"):
            value = ascii(value)
        elif node.conversion == ord("s"):
            value = str(value)
        spec = self.value(node.format_spec) if node.format_spec else ""
        if any(len(digits) > 4 for digits in _digits(spec)):
            raise CannotEvaluate(node)
        return format(value, spec)

    def _binary(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left, str) and unordered(right):
            raise CannotEvaluate(node)
        if isinstance(node.op, ast.Pow):
            if isinstance(right, int) and abs(right) > 1_000:
                raise CannotEvaluate(node)
        elif isinstance(node.op, ast.Mult):
            for count, items in ((left, right), (right, left)):
                if isinstance(count, int) and hasattr(items, "__len__"):
                    if count * len(items) > _MOST_ITEMS:
                        raise CannotEvaluate(node)
        elif isinstance(node.op, ast.Mod) and isinstance(left, (str, bytes)):
            text = left if isinstance(left, str) else left.decode("latin-1")
            if any(len(digits) > 4 for digits in _digits(text)) or "*" in text:
                raise CannotEvaluate(node)
        return _BINARY[type(node.op)](left, right)

    def _boolean(self, node: ast.BoolOp) -> Any:
        value: Any = None
        for part in node.values:
            value = self.value(part)
            if bool(value) is isinstance(node.op, ast.Or):
                return value
        return value

    def _compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for op, part in zip(node.ops, node.comparators, strict=True):
            right = self.value(part)
            if isinstance(op, (ast.Is, ast.IsNot)):
                if right is not None and left is not None:
                    raise CannotEvaluate(node)
                holds = (left is right) is isinstance(op, ast.Is)
            else:
                holds = bool(_COMPARE[type(op)](left, right))
            if not holds:
                return False
            left = right
        return True

    def _call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name) or node.func.id in self.constants:
            raise CannotEvaluate(node)
        if node.func.id not in _CALLS or not self.builtin(node.func.id):
            raise CannotEvaluate(node)
        named = {keyword.arg: self.value(keyword.value) for keyword in node.keywords}
        if None in named:
            raise CannotEvaluate(node)
        function, given = _CALLS[node.func.id], self._items(node.args)
        if node.func.id not in _ORDERLESS and unordered([*given, *named.values()]):
            raise CannotEvaluate(node)
        return function(*given, **{str(key): value for key, value in named.items()})


def unordered(value: Any) -> bool:
    """Whether a value is or holds a set, whose order differs from run to run."""
    if isinstance(value, dict):
        return any(unordered(item) for pair in value.items() for item in pair)
    if isinstance(value, (list, tuple)):
        return any(unordered(item) for item in value)
    return isinstance(value, (set, frozenset))


def _digits(text: str) -> list[str]:
    """Runs of digits, such as the widths in a format."""
    return "".join(char if char.isdigit() else " " for char in text).split()


def _bounded(value: Any, node: ast.expr) -> Any:
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise CannotEvaluate(node)
    items = 0
    ahead = [value]
    while ahead:  # counts what is held several times as often as it is printed
        part = ahead.pop()
        if isinstance(part, (str, bytes)):
            items += len(part)
        elif isinstance(part, dict):
            ahead += [*part, *part.values()]
            items += len(part)
        elif isinstance(part, (list, tuple, set, frozenset)):
            ahead += part
            items += len(part)
        if items > _MOST_ITEMS:
            raise CannotEvaluate(node)
    return value
