"""How the body of a join uses its inputs.

Each input is an object with the artifacts of one branch. The analysis follows these objects, and
collections of them, through the names and expressions of the body to find the attributes that it
reads. Where one gets out of sight, every attribute that the code out there mentions counts; where
nothing can be told of that code, all of them do.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.analyse.body.facts import attribute_of
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.diagnostics import Position
from codegen.model import Flow, Helper, Step
from codegen.parse.names import assigned_pairs, mangled, place


@dataclass(frozen=True)
class One:
    """An input."""


@dataclass(frozen=True)
class Many:
    """Something to iterate over; ``whole`` if it is the argument of the join itself."""

    element: Shape
    whole: bool = False


@dataclass(frozen=True)
class Several:
    """A tuple."""

    elements: tuple[Shape, ...]


@dataclass(frozen=True)
class Held:
    """A container that holds inputs somewhere; what it gives out is not followed."""


Shape = One | Many | Several | Held | None

#: Builtins whose result holds the elements of what they are given, and such that return one.
_SAME = frozenset({"filter", "iter", "list", "reversed", "set", "sorted", "tuple"})
_PICK = frozenset({"max", "min", "next"})
#: Builtins that do nothing to an object but look at it from outside.
_HARMLESS = frozenset({"all", "any", "bool", "id", "isinstance", "type"})


@dataclass(frozen=True)
class Attribute:
    """``input.name`` in the body. ``branch`` is set for ``inputs.branch.name``; ``asked`` marks
    ``hasattr`` and ``getattr`` with a default."""

    name: str
    branch: str | None
    position: Position
    asked: bool = False


@dataclass(frozen=True)
class InputsUse:
    """What a join does with its inputs.

    ``attributes`` are read by name; ``loose`` are names that may be read besides, None if these
    may be any; ``plain`` tells that nothing but ``inputs.branch.name`` occurs, beside calls of
    ``merge_artifacts``; ``mentioned`` that there is anything beside those. ``branches`` are the
    names in ``inputs.branch``, ``sized`` are places that ask for ``len(inputs)``, ``opened`` such
    that look into an input with ``vars``, ``kept`` such that make an input an artifact;
    ``rebound`` tells that the argument gets another value.
    """

    argument: str
    attributes: tuple[Attribute, ...]
    loose: frozenset[str] | None
    plain: bool
    mentioned: bool
    branches: tuple[tuple[str, Position], ...]
    sized: tuple[Position, ...]
    opened: tuple[Position, ...]
    kept: tuple[Position, ...]
    rebound: bool


def inputs_use(flow: Flow, step: Step, scope: ModuleScope) -> InputsUse:
    """How a join uses its second argument."""
    return _Follow(flow, step, scope).use()


class _Follow:
    def __init__(self, flow: Flow, step: Step, scope: ModuleScope) -> None:
        self.flow = flow
        self.step = step
        self.scope = scope
        self.argument = step.node.args.args[1].arg
        self.local = local_bindings(step.node)
        self.names: dict[str, Shape] = {self.argument: Many(One(), whole=True)}
        self.attributes: dict[tuple[str, str | None, bool], Attribute] = {}
        self.branches: dict[str, Position] = {}
        self.sized: list[Position] = []
        self.opened: list[Position] = []
        self.kept: list[Position] = []
        self.in_body = False
        self.in_module = False
        self.in_class = False
        self.anywhere = False
        self.direct: set[int] = set()
        self.merged: set[int] = set()
        self.nested = {
            node.name
            for node in ast.walk(step.node)
            if isinstance(node, ast.FunctionDef) and node is not step.node
        }

    def use(self) -> InputsUse:
        before: object = None
        while before != (snapshot := self._snapshot()):
            before = snapshot
            self._block(self.step.node.body)
        mentions = [
            node
            for node in ast.walk(self.step.node)
            if isinstance(node, ast.Name) and node.id == self.argument
        ]
        return InputsUse(
            self.argument,
            tuple(self.attributes.values()),
            self._loose(),
            all(id(node) in self.direct | self.merged for node in mentions),
            any(id(node) not in self.merged for node in mentions),
            tuple(self.branches.items()),
            tuple(dict.fromkeys(self.sized)),
            tuple(dict.fromkeys(self.opened)),
            tuple(dict.fromkeys(self.kept)),
            any(not isinstance(node.ctx, ast.Load) for node in mentions),
        )

    def _snapshot(self) -> object:
        seen = self.in_body, self.in_module, self.anywhere
        return tuple(sorted((k, repr(v)) for k, v in self.names.items())), seen

    def _loose(self) -> frozenset[str] | None:
        if self.anywhere:
            return None
        found: set[str] = set()
        if self.in_body or self.in_module or self.in_class:
            found |= set(_mentioned(self.step.node))
        if self.in_module:
            for statement in self.flow.module.kept:
                found |= set(_mentioned(statement))
        for helper in self._helpers() if self.in_class else ():
            found |= set(_mentioned(helper.node))
        return frozenset(mangled(name, self.step.owner) for name in found)

    # ------------------------------------------------------------------ statements

    def _block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign():
                shape = self._shape(node.value)
                for target in node.targets:
                    self._assign(target, node.value, shape)
            case ast.AnnAssign():
                if node.value is not None:
                    self._bind(node.target, self._shape(node.value))
            case ast.For() | ast.AsyncFor():
                self._bind(node.target, self._element(self._shape(node.iter)))
                self._block(node.body)
                self._block(node.orelse)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._block(node.body)
            case ast.Expr():
                if attribute_of(getattr(node.value, "func", node.value), self.step.self_name) in (
                    "merge_artifacts",
                    "next",
                ):
                    assert isinstance(node.value, ast.Call)
                    for argument in [*node.value.args, *(k.value for k in node.value.keywords)]:
                        self._shape(argument)
                        self.merged |= {id(part) for part in ast.walk(argument)}
                else:
                    self._shape(node.value)
            case ast.Match():
                self._leak(self._shape(node.subject))
                for part in node.cases:
                    self._block(part.body)
            case ast.Return():
                if node.value is not None and node in self.step.node.body:
                    self._shape(node.value)
                elif node.value is not None:
                    self._leak(self._shape(node.value))
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.stmt):
                        self._statement(child)
                    elif isinstance(child, ast.expr):
                        self._shape(child)
                    elif isinstance(child, ast.withitem):
                        self._leak(self._shape(child.context_expr), module=True)
                    elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
                        self._block(child.body)

    def _assign(self, target: ast.expr, value: ast.expr, shape: Shape) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            for part, part_value in assigned_pairs(target, value):
                if part_value is not None:
                    self._bind(part, self._shape(part_value))
                else:
                    self._bind(target, shape)
                    return
            return
        self._bind(target, shape)

    def _bind(self, target: ast.expr, shape: Shape) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = self._joined(self.names.get(target.id), shape)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for i, part in enumerate(target.elts):
                if isinstance(shape, Several) and i < len(shape.elements):
                    self._bind(part, shape.elements[i])
                elif isinstance(part, ast.Starred):
                    self._bind(part.value, Many(self._element(shape)) if shape else None)
                else:
                    self._bind(part, self._element(shape))
        elif shape is not None:
            if attribute_of(target, self.step.self_name) is not None:
                self.kept.append(Position(*place(target)))
            self._shape(target)
            self._leak(shape)
        else:
            self._shape(target)

    def _joined(self, known: Shape, shape: Shape) -> Shape:
        if known is None or known == shape:
            return shape
        if shape is None:
            return known
        if isinstance(known, Many) and isinstance(shape, Many):
            return Many(self._joined(known.element, shape.element))
        self._leak(known)
        self._leak(shape)
        return known

    def _leak(self, shape: Shape, module: bool = False, anywhere: bool = False) -> None:
        """Inputs get where they cannot be followed: within the body, to the module, or beyond."""
        if shape is not None:
            self.in_body = True
            self.in_module = self.in_module or module
            self.anywhere = self.anywhere or anywhere

    # ------------------------------------------------------------------ expressions

    def _element(self, shape: Shape) -> Shape:
        if isinstance(shape, Many):
            return shape.element
        if isinstance(shape, Several):
            result: Shape = None
            for element in shape.elements:
                result = self._joined(result, element)
            return result
        self._leak(shape)
        return None

    def _shape(self, node: ast.expr) -> Shape:
        match node:
            case ast.Name():
                return self.names.get(node.id)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                shape = self._shape(node.value)
                self._shape(node.slice)
                if isinstance(node.slice, ast.Slice):
                    return Many(shape.element) if isinstance(shape, Many) else shape
                index = node.slice.value if isinstance(node.slice, ast.Constant) else None
                if isinstance(shape, Several) and isinstance(index, int):
                    return shape.elements[index] if index < len(shape.elements) else None
                return self._element(shape)
            case ast.Call():
                return self._call(node)
            case ast.IfExp():
                self._shape(node.test)
                return self._joined(self._shape(node.body), self._shape(node.orelse))
            case ast.NamedExpr():
                shape = self._shape(node.value)
                self._bind(node.target, shape)
                return shape
            case ast.Tuple():
                shapes = tuple(self._shape(part) for part in node.elts)
                return Several(shapes) if any(shapes) else None
            case ast.List() | ast.Set():
                result: Shape = None
                for part in node.elts:
                    shape = self._shape(part)
                    if isinstance(part, ast.Starred):
                        shape = self._element(self._shape(part.value))
                    result = self._joined(result, shape)
                return Many(result) if result is not None else None
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                outer = self._generators(node.generators)
                shape = self._shape(node.elt)
                self.names.update(outer)
                return Many(shape) if shape is not None else None
            case ast.DictComp():
                outer = self._generators(node.generators)
                held = self._held([self._shape(part) for part in (node.key, node.value)])
                self.names.update(outer)
                return held
            case ast.Dict():
                return self._held(
                    [self._shape(part) for part in [*node.keys, *node.values] if part]
                )
            case ast.Lambda():
                self._leak(self._shape(node.body))
                return None
            case ast.Compare():
                for part in (node.left, *node.comparators):
                    self._shape(part)
                return None
            case ast.BoolOp():
                result = None
                for part in node.values:
                    result = self._joined(result, self._shape(part))
                return result
            case ast.Starred():
                return self._shape(node.value)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._leak(self._shape(child))
        return None

    def _held(self, shapes: list[Shape]) -> Shape:
        for shape in shapes:
            self._leak(shape)
        return Held() if any(shapes) else None

    def _generators(self, generators: list[ast.comprehension]) -> dict[str, Shape]:
        """Bind the names of a comprehension, which are its own; returns what they mean outside."""
        outer: dict[str, Shape] = {}
        for generator in generators:
            element = self._element(self._shape(generator.iter))
            for part in ast.walk(generator.target):
                if isinstance(part, ast.Name):
                    outer.setdefault(part.id, self.names.pop(part.id, None))
            self._bind(generator.target, element)
            for test in generator.ifs:
                self._shape(test)
        return outer

    def _attribute(self, node: ast.Attribute) -> Shape:
        owner = node.value
        shape = self._shape(owner)
        if isinstance(shape, Many) and shape.whole:
            if isinstance(owner, ast.Name):
                self.branches.setdefault(node.attr, Position(*place(node)))
            return One()
        if isinstance(shape, One):
            branch: str | None = None
            if (
                isinstance(owner, ast.Attribute)
                and isinstance(owner.value, ast.Name)
                and owner.value.id == self.argument
            ):
                branch = owner.attr
                if isinstance(node.ctx, ast.Load):
                    self.direct.add(id(owner.value))
            self._note(node.attr, branch, node, asked=not isinstance(node.ctx, ast.Load))
            return None
        if shape is not None and node.attr not in ("append", "extend", "sort", "insert"):
            self._leak(shape)
        return None

    def _note(self, attribute: str, branch: str | None, node: ast.AST, asked: bool = False) -> None:
        name = mangled(attribute, self.step.owner)
        found = Attribute(name, branch, Position(*place(node)), asked)
        self.attributes.setdefault((name, branch, asked), found)

    def _call(self, node: ast.Call) -> Shape:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if self.scope.builtin(name, self.local):
            return self._builtin(node, name)
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            owner = self.names.get(node.func.value.id)
            known = isinstance(owner, Many) or (owner is None and node.func.value.id in self.local)
            if known and node.func.attr in ("append", "insert"):
                for added in map(self._shape, node.args):
                    if added is not None:
                        self._bind(node.func.value, Many(added))
                return None
        self._shape(node.func)
        shapes = [self._shape(argument) for argument in given]
        if name in self.nested:
            for shape in shapes:
                self._leak(shape)
            return None
        own = name in self.scope.functions or name in self.scope.classes
        own = own or self._is_helper(node.func)
        for shape in shapes:
            self._leak(shape, module=True, anywhere=not own)
        return None

    def _builtin(self, node: ast.Call, name: str) -> Shape:
        key = next((word.value for word in node.keywords if word.arg == "key"), None)
        function, arguments = key, list(node.args)
        if name in ("filter", "map") and arguments:
            function, arguments = arguments[0], arguments[1:]
        shapes = [self._shape(argument) for argument in arguments]
        for word in node.keywords:
            if word.arg != "key":
                self._leak(self._shape(word.value))
        whole = bool(shapes) and isinstance(shapes[0], Many) and shapes[0].whole
        result = self._applied(function, shapes, name)
        if not any(shapes):
            return None
        if name == "len":
            if whole:
                self.sized.append(Position(*place(node)))
            return None
        if name == "map":
            return result
        if name in ("getattr", "hasattr") and isinstance(shapes[0], One) and len(arguments) > 1:
            attribute = arguments[1]
            if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
                self._note(attribute.value, None, node, name == "hasattr" or len(arguments) > 2)
            else:
                self._leak(shapes[0], anywhere=True)
            return None
        if name in ("dir", "vars"):
            self.opened.append(Position(*place(node)))
            return None
        if name in _SAME:
            return Many(self._element(shapes[0]))
        if name in _PICK:
            return self._element(shapes[0]) if len(shapes) == 1 or name == "next" else shapes[0]
        if name == "enumerate":
            return Many(Several((None, self._element(shapes[0]))))
        if name == "zip":
            return Many(Several(tuple(self._element(s) if s else None for s in shapes)))
        if name == "sum":
            return None
        if name not in _HARMLESS:
            for shape in shapes:
                self._leak(shape, module=name not in ("print", "repr", "str"), anywhere=True)
        return None

    def _helpers(self) -> list[Helper]:
        return [method for method in self.flow.methods if isinstance(method, Helper)]

    def _is_helper(self, function: ast.expr) -> bool:
        """Whether a function is a method of the flow whose names of attributes all stand in the
        source."""
        attribute = attribute_of(function, self.step.self_name)
        if attribute is None or mangled(attribute, self.step.owner) not in self.flow.helpers:
            return False
        self.in_class = True
        return not any(_computes_names(helper.node) for helper in self._helpers())

    def _applied(self, function: ast.expr | None, shapes: list[Shape], name: str) -> Shape:
        """A function that a builtin calls with the elements of what it is given."""
        if function is None or not any(shapes):
            return None
        elements = [self._element(shape) if shape is not None else None for shape in shapes]
        if isinstance(function, ast.Lambda):
            outer = dict(self.names)
            for argument, element in zip(function.args.args, elements, strict=False):
                self.names[argument.arg] = element
            body = self._shape(function.body)
            self.names = outer
            return Many(body) if body is not None and name == "map" else None
        if isinstance(function, ast.Constant):
            return None
        if isinstance(function, ast.Name) and function.id in self.nested:
            for element in elements:
                self._leak(element)
            return None
        own = isinstance(function, ast.Name) and function.id in self.scope.functions
        own = own or self._is_helper(function)
        for element in elements:
            self._leak(element, module=own, anywhere=not own and not _getter(function))
        return None


def _getter(function: ast.expr) -> bool:
    """``attrgetter("x")``, whose names stand in the body."""
    return isinstance(function, ast.Call) and ast.unparse(function.func).endswith("attrgetter")


def _computes_names(function: ast.AST) -> bool:
    """Whether code asks for attributes whose names are neither literal nor given to it."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and (
            node.func.id in ("dir", "vars")
            or (
                node.func.id in ("getattr", "hasattr")
                and len(node.args) > 1
                and not isinstance(node.args[1], (ast.Constant, ast.Name))
            )
        )
        for node in ast.walk(function)
    )


def _mentioned(node: ast.AST) -> Iterator[str]:
    """Every attribute that code mentions, as such or as text."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            for name in part.value.split("."):
                if name.isidentifier():
                    yield name
