"""Which artifacts have a native Flyte type: those whose every assignment proves it.

Flyte's int, float, str and bool come back exactly as they went in, but refuse anything else: an
int for a float, a numpy scalar, an int beyond 64 bits. So a type counts as proven only where the
expression can have no other; everything else travels pickled, which is exact for all values.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.analyse.body import attribute_of
from codegen.analyse.configs import NO_PART, config_part
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.model import Flow, Method, Step
from codegen.parse.names import assigned_pairs, mangled

_INT64 = 2**63

_TEXT_METHODS = frozenset(
    {
        "capitalize", "casefold", "center", "expandtabs", "format", "format_map", "join", "ljust",
        "lower", "lstrip", "removeprefix", "removesuffix", "replace", "rjust", "rstrip", "strip",
        "swapcase", "title", "translate", "upper", "zfill",
    }
)  # fmt: skip
_TEXT_TESTS = frozenset(
    {
        "endswith", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier",
        "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "startswith",
    }
)  # fmt: skip
_TEXT_COUNTS = frozenset({"count", "find", "index", "rfind", "rindex"})

_TO_TEXT = frozenset({"ascii", "bin", "chr", "format", "hex", "oct", "repr", "str"})
_TO_BOOL = frozenset({"all", "any", "bool", "callable", "isinstance", "issubclass"})

#: Functions of the standard library that return one exact type, whatever they are given.
_LIBRARY = {
    **{f"math.{name}": "float" for name in ("sqrt", "exp", "log", "log2", "log10", "fabs", "sin",
                                            "cos", "tan", "atan", "tanh", "hypot", "fsum")},
    "time.time": "float",
    "time.perf_counter": "float",
    "time.monotonic": "float",
    "random.random": "float",
    "json.dumps": "str",
    "os.getcwd": "str",
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A proven type by its name in Python; for an int, the range that its values stay in."""

    name: str
    low: int = 0
    high: int = 0

    @property
    def native(self) -> bool:
        """Whether every value fits into Flyte's type of that name (ints have 64 bits)."""
        return self.name != "int" or (-_INT64 <= self.low and self.high < _INT64)


FLOAT, TEXT, BOOL = Kind("float"), Kind("str"), Kind("bool")
ANY_INT = Kind("int", -_INT64, _INT64 - 1)
_SIZE = Kind("int", -1, 2**48)
_NUMBERS = ("int", "float", "bool")


def _union(kinds: Sequence[Kind | None]) -> Kind | None:
    first = kinds[0]
    if first is None or any(kind is None or kind.name != first.name for kind in kinds):
        return None
    known = [kind for kind in kinds if kind is not None]
    return Kind(first.name, min(k.low for k in known), max(k.high for k in known))


def artifact_kinds(
    flow: Flow,
    steps: Sequence[Step],
    scope: ModuleScope,
    parameters: Mapping[str, Kind | None],
    inside: frozenset[str] = frozenset(),
    loose: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Artifact → ``int``, ``float``, ``str`` or ``bool``, for those that are proven to have it.

    ``inside`` are the steps that surely run for an element of a foreach, ``loose`` artifacts that
    are set by other means than assignments.
    """
    inference = _Inference(flow, steps, scope, parameters, inside)
    inference.unknown(loose)
    kinds = {name: inference.artifact(name) for name in inference.stores}
    return {name: kind.name for name, kind in kinds.items() if kind is not None and kind.native}


def key_of(method: Method) -> tuple[str, str, int]:
    """What tells the methods of a flow apart."""
    return method.owner, method.name, method.position.line


class _Inference:
    """Expression types, with the assignments of all steps at hand."""

    def __init__(
        self,
        flow: Flow,
        steps: Sequence[Step],
        scope: ModuleScope,
        parameters: Mapping[str, Kind | None],
        inside: frozenset[str],
    ) -> None:
        self.flow = flow
        self.scope = scope
        self.inside = inside
        self.parameters = parameters
        self.stores: dict[str, list[tuple[Method, ast.expr | None]]] = {}
        methods = [m for m in flow.methods if not isinstance(m, Step) or m in steps]
        self.locals = {key_of(method): local_bindings(method.node) for method in methods}
        self.known: dict[str, Kind | None] = {}
        self.busy: set[tuple[str, str]] = set()
        for method in methods:
            for statement in ast.walk(method.node):
                self._collect(method, statement)

    def unknown(self, names: frozenset[str]) -> None:
        """Artifacts that may hold anything."""
        self.known.update(dict.fromkeys(names))

    def _collect(self, step: Method, statement: ast.AST) -> None:
        pairs: list[tuple[ast.expr, ast.expr | None]] = []
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                pairs += assigned_pairs(target, statement.value)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            pairs += assigned_pairs(statement.target, statement.value)
        elif isinstance(statement, ast.AugAssign):
            pairs.append((statement.target, None))
        elif isinstance(statement, (ast.For, ast.AsyncFor)):
            pairs += assigned_pairs(statement.target, None)
        elif isinstance(statement, ast.withitem) and statement.optional_vars is not None:
            pairs += assigned_pairs(statement.optional_vars, None)
        for target, value in pairs:
            attribute = attribute_of(target, step.self_name)
            if attribute is not None:
                name = mangled(attribute, step.owner)
                self.stores.setdefault(name, []).append((step, value))

    def artifact(self, name: str) -> Kind | None:
        """The kind of an artifact over all its assignments."""
        if name not in self.known:
            if ("", name) in self.busy:
                return None
            self.busy.add(("", name))
            stores = self.stores.get(name, [])
            kinds = [self.expression(value, step) for step, value in stores]
            self.busy.discard(("", name))
            self.known[name] = _union(kinds) if kinds else None
        return self.known[name]

    def expression(self, node: ast.expr | None, step: Method | None) -> Kind | None:
        """The kind of an expression in ``step``, or at the top level of the module if None."""
        if step is not None and self.flow.configs and node is not None:
            _, value = config_part(node, self.flow.configs, step.self_name)
            if value is not NO_PART:
                return _constant(value)
        match node:
            case ast.Constant():
                return _constant(node.value)
            case ast.JoinedStr():
                return TEXT
            case ast.Name():
                return self._name(node.id, step)
            case ast.Attribute():
                return self._attribute(node, step)
            case ast.NamedExpr():
                return self.expression(node.value, step)
            case ast.UnaryOp(op=ast.Not()):
                return BOOL
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return _negated(self.expression(node.operand, step), node.op)
            case ast.BinOp():
                return _operation(
                    node.op, self.expression(node.left, step), self.expression(node.right, step)
                )
            case ast.Compare():
                return self._comparison(node, step)
            case ast.BoolOp():
                return _union([self.expression(value, step) for value in node.values])
            case ast.IfExp():
                return _union(
                    [self.expression(node.body, step), self.expression(node.orelse, step)]
                )
            case ast.Subscript():
                kind = self.expression(node.value, step)
                return TEXT if kind == TEXT else None
            case ast.Call():
                return self._call(node, step)
        return None

    def _local(self, name: str, step: Method | None) -> bool:
        return step is not None and name in self.locals[key_of(step)]

    def _name(self, name: str, step: Method | None) -> Kind | None:
        key = (str(key_of(step)) if step else "<module>", name)
        if key in self.busy:
            return None
        self.busy.add(key)
        try:
            if step is not None and name in self.locals[key_of(step)]:
                found = self.locals[key_of(step)][name]
                return _union([self.expression(value, step) for value in found])
            if name in self.scope.constants:
                return self.expression(self.scope.constants[name], None)
            return None
        finally:
            self.busy.discard(key)

    def _attribute(self, node: ast.Attribute, step: Method | None) -> Kind | None:
        attribute = attribute_of(node, step.self_name) if step is not None else None
        if attribute is None or step is None:
            return self._of_input(node, step)
        name = mangled(attribute, step.owner)
        if name == "name":
            return TEXT
        if name == "index" and step.name in self.inside:
            return _SIZE
        if name in self.parameters:
            return self.parameters[name]
        if name in self.flow.constants:
            return self.expression(self.flow.constants[name].value, None)
        return None if name in self.flow.members else self.artifact(name)

    def _of_input(self, node: ast.Attribute, step: Method | None) -> Kind | None:
        """``inputs.branch.name`` in a join: an artifact as well."""
        if step is None or len(step.node.args.args) != 2 or not isinstance(node.ctx, ast.Load):
            return None
        owner, argument = node.value, step.node.args.args[1].arg
        if (
            isinstance(owner, ast.Attribute)
            and isinstance(owner.value, ast.Name)
            and owner.value.id == argument
            and not any(v is not None for v in self.locals[key_of(step)].get(argument, []))
        ):
            name = mangled(node.attr, step.owner)
            return self.parameters[name] if name in self.parameters else self.artifact(name)
        return None

    def _comparison(self, node: ast.Compare, step: Method | None) -> Kind | None:
        if all(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in node.ops):
            return BOOL
        sides = [self.expression(side, step) for side in (node.left, *node.comparators)]
        return BOOL if all(sides) else None

    def _call(self, node: ast.Call, step: Method | None) -> Kind | None:
        if isinstance(node.func, ast.Attribute):
            return self._method(node.func, step)
        if not isinstance(node.func, ast.Name):
            return None
        name = node.func.id
        if self._local(name, step):
            return None
        if name in self.scope.imports:
            return _library(self.scope.imports[name])
        if not self.scope.builtin(name):
            return None
        if name in _TO_TEXT:
            return TEXT
        if name in _TO_BOOL:
            return BOOL
        kinds = [self.expression(argument, step) for argument in node.args]
        plain = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
        match name, kinds:
            case "float", _:
                return FLOAT
            case (("len" | "ord"), _):
                return _SIZE
            case "int", [Kind(name="int" | "bool") as kind] if plain:
                return _operation(ast.Add(), kind, Kind("int"))
            case "abs", [Kind(name="float")]:
                return FLOAT
            case "round", [Kind(name="float"), Kind(name="int")] if plain:
                return FLOAT
            case (("min" | "max"), [_, _, *_]) if plain:
                return _union(kinds)
        return None

    def _method(self, function: ast.Attribute, step: Method | None) -> Kind | None:
        owner = function.value
        if isinstance(owner, ast.Name) and not self._local(owner.id, step):
            module = self.scope.imports.get(owner.id)
            if module is not None:
                return _library(f"{module}.{function.attr}")
        kind = self.expression(owner, step)
        if kind == TEXT:
            if function.attr in _TEXT_METHODS:
                return TEXT
            if function.attr in _TEXT_TESTS:
                return BOOL
            if function.attr in _TEXT_COUNTS:
                return _SIZE
        return None


def _library(dotted: str) -> Kind | None:
    name = _LIBRARY.get(dotted)
    return Kind(name) if name else None


def _constant(value: object) -> Kind | None:
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return Kind("int", value, value)
    if isinstance(value, float):
        return FLOAT
    if isinstance(value, str) and value.isascii():
        return TEXT
    if isinstance(value, str):  # a lone surrogate has no UTF-8, and Flyte's strings are UTF-8
        return None if any("\ud800" <= char <= "\udfff" for char in value) else TEXT
    return None


def _negated(kind: Kind | None, operator: ast.unaryop) -> Kind | None:
    if kind is None or kind.name not in ("int", "float"):
        return None
    if isinstance(operator, ast.UAdd) or kind.name == "float":
        return kind
    return Kind("int", -kind.high, -kind.low)


def _operation(operator: ast.operator, left: Kind | None, right: Kind | None) -> Kind | None:
    """The kind of ``left operator right``."""
    if left == TEXT and isinstance(operator, ast.Mod):
        return TEXT
    if left is None or right is None:
        return None
    if left == TEXT and right == TEXT and isinstance(operator, ast.Add):
        return TEXT
    if left.name not in _NUMBERS or right.name not in _NUMBERS:
        return None
    if isinstance(operator, ast.Div):
        return FLOAT
    if "float" in (left.name, right.name):
        exact = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
        return FLOAT if isinstance(operator, exact) else None
    (a, b), (c, d) = _range(left), _range(right)
    if isinstance(operator, ast.Add):
        return Kind("int", a + c, b + d)
    if isinstance(operator, ast.Sub):
        return Kind("int", a - d, b - c)
    if isinstance(operator, ast.Mult):
        products = [a * c, a * d, b * c, b * d]
        return Kind("int", min(products), max(products))
    if isinstance(operator, (ast.FloorDiv, ast.Mod)):
        largest = max(abs(a), abs(b), abs(c), abs(d))
        return Kind("int", -largest, largest)
    return None


def _range(kind: Kind) -> tuple[int, int]:
    return (0, 1) if kind.name == "bool" else (kind.low, kind.high)
