"""Uses of the flow as an object: its methods, computed names of attributes, and places that it is
handed on to."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator, Mapping
from dataclasses import replace

from codegen.analyse.body.dynamic import possible_names
from codegen.analyse.body.effects import ANYTHING, Effects, Helpers, either
from codegen.analyse.body.facts import FLOW_MEMBERS, Read, attribute_of
from codegen.analyse.body.syntax import visible_nodes
from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Position
from codegen.model import Flow, Helper, MemberKind, Method, Step
from codegen.parse.names import mangled, place

#: Builtins that do no more than look at an object.
_HARMLESS = frozenset({"bool", "callable", "format", "id", "isinstance", "print", "repr", "str"})

_BY_NAME = frozenset({"delattr", "getattr", "hasattr", "setattr"})

#: Builtins that only read a dictionary.
_READERS = frozenset({"dict", "enumerate", "len", "list", "print", "set", "sorted", "tuple"})

#: What a dictionary of attributes can be asked without a change.
_QUESTIONS = frozenset({"copy", "get", "items", "keys", "values"})


class ObjectUses:
    """What each node of one body does with the flow, beyond attributes by their names.

    ``looked_at`` are the ids of the places where it is only looked at, ``looked_up`` those of the
    classes in ``super(Flow, self)``.
    """

    def __init__(
        self,
        flow: Flow,
        method: Method,
        scope: ModuleScope,
        helpers: Helpers,
        local: Mapping[str, object],
    ) -> None:
        self.flow = flow
        self.method = method
        self.scope = scope
        self.helpers = helpers
        self.local = local
        self.own = method.self_name
        self.looked_at: set[int] = set()
        self.looked_up: set[int] = set()
        self._called: set[int] = set()
        self._known = set(helpers.naming_run)
        self._reasons: dict[int, str] = {}
        self._effects: dict[int, Effects] = {}
        self._tables: dict[int, Effects] = {}
        visible = list(self._visible())
        for node in visible:
            self._parent(node)
        for node in visible:
            found = self._find(node)
            if found is not None:
                effects, self._reasons[id(node)] = found
                self._effects[id(node)] = replace(
                    effects,
                    must=effects.must - helpers.special,
                    may=effects.may - helpers.special,
                    gone=effects.gone - helpers.special,
                )

    def _visible(self) -> Iterator[ast.AST]:
        for statement in self.method.node.body:
            yield from visible_nodes(statement, self.own)

    def effects(self, node: ast.AST) -> Effects | None:
        """What evaluating ``node`` itself does, if it uses the flow as an object."""
        found = self._effects.get(id(node))
        if found is not None:
            return found
        attribute = attribute_of(node, self.own)
        if attribute is None or not isinstance(node, ast.Attribute):
            return None
        name = mangled(attribute, self.method.owner)
        if isinstance(node.ctx, ast.Load):
            if name in self.flow.helpers:
                return self.helpers.method(name)
            step = self.flow.steps.get(name)
            return self.helpers.called(step) if step and id(node) in self._called else None
        return self.helpers.setter(name) if name in self.flow.setters else None

    def runs(self, node: ast.AST) -> bool:
        """Whether evaluating ``node`` runs the code that it names, and does not only mention it."""
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            helper = self.flow.helpers.get(mangled(node.attr, self.method.owner))
            is_property = helper is not None and helper.kind is MemberKind.PROPERTY
            return is_property or id(node) in self._called
        return True

    def is_table(self, node: ast.AST) -> bool:
        """Whether ``node`` is ``vars(self)`` or ``self.__dict__``."""
        return id(node) in self._tables

    def super_step(self, node: ast.AST) -> Step | None:
        """The step that ``super().name`` is, where ``node`` is that."""
        if not (isinstance(node, ast.Attribute) and is_super(node.value)):
            return None
        method = self.helpers.inherited(self.method.owner, node.attr)
        return method if isinstance(method, Step) else None

    def reason(self, node: ast.AST) -> str:
        """Why ``node`` needs an object."""
        return self._reasons[id(node)]

    # ------------------------------------------------------------------ finding them

    def _is_self(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Name) and node.id == self.own

    def _parent(self, node: ast.AST) -> None:
        """Note what a node does with the flow among its parts."""
        match node:
            case ast.Attribute() if self._is_self(node.value):
                self._known.add(id(node.value))
                if node.attr == "__dict__":
                    self._tables.setdefault(id(node), ANYTHING)
            case ast.Call():
                if isinstance(node.func, ast.Attribute):
                    self._called.add(id(node.func))
                if self._is_vars(node):
                    self._tables.setdefault(id(node), ANYTHING)
                self._call(node)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._table(node.iter, Effects())
            case ast.Compare():
                for part in node.comparators:
                    self._table(part, Effects())
            case ast.Subscript():
                text = node.slice.value if isinstance(node.slice, ast.Constant) else None
                names = frozenset({text}) if isinstance(text, str) else None
                if isinstance(node.ctx, ast.Load):
                    self._table(node.value, Effects())
                elif names is None:
                    self._table(node.value, ANYTHING)
                elif isinstance(node.ctx, ast.Del):
                    self._table(node.value, Effects(gone=names))
                else:
                    self._table(node.value, Effects(may=names, must=names))

    def _table(self, node: ast.AST, effects: Effects) -> None:
        """``vars(self)`` or ``self.__dict__`` in a place where it is known what happens to it."""
        if attribute_of(node, self.own) == "__dict__" or self._is_vars(node):
            self._tables[id(node)] = effects

    def _is_vars(self, node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "vars"
            and len(node.args) == 1
            and self._is_self(node.args[0])
            and self.scope.builtin("vars", self.local)
        )

    def _call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute):  # vars(self).update(…)
            if function.attr in _QUESTIONS:
                self._table(function.value, Effects())
            elif function.attr == "update" and len(node.args) < 2:
                names = _keys(node)
                wide = Effects(may=names, must=names) if names is not None else ANYTHING
                self._table(function.value, wide)
        name = function.id if isinstance(function, ast.Name) else ""
        given = [*node.args, *(word.value for word in node.keywords)]
        if name in _READERS:
            for argument in given:
                self._table(argument, Effects())
        asks = self.scope.functions.get(name)
        if asks is not None and len(given) == len(asks.args.args) and not node.keywords:
            for argument, parameter in zip(node.args, asks.args.args, strict=True):
                if only_asked(asks, parameter.arg):
                    self._table(argument, Effects())
        if not any(self._is_self(argument) for argument in given):
            return
        builtin = self.scope.builtin(name, self.local)
        if name == "super" and node.args:
            self.looked_up.add(id(node.args[0]))
        if name == "super" or (builtin and name in (*_HARMLESS, *_BY_NAME, "type", "vars")):
            self._known |= {id(argument) for argument in given if self._is_self(argument)}
            if builtin and name in _HARMLESS | {"type"}:
                self.looked_at |= {id(argument) for argument in given if self._is_self(argument)}
        elif name not in self.local and name in {*self.scope.functions, *self.scope.classes}:
            self._known |= {id(argument) for argument in given if self._is_self(argument)}

    def _find(self, node: ast.AST) -> tuple[Effects, str] | None:
        """What a node does with the flow, and why it needs the object."""
        if id(node) in self._tables:
            return self._tables[id(node)], "the attributes are used as a dictionary"
        if isinstance(node, ast.Call):
            return self._find_call(node)
        if isinstance(node, ast.Attribute):
            return self._of_super(node)
        loose = self._is_self(node) and id(node) not in self._known
        if loose and isinstance(getattr(node, "ctx", None), ast.Load):
            return ANYTHING, "self is handed on as a whole"
        return None

    def _find_call(self, node: ast.Call) -> tuple[Effects, str] | None:
        function = node.func
        name = function.id if isinstance(function, ast.Name) else ""
        if not name or name in self.local:
            return None
        given = [*node.args, *(word.value for word in node.keywords)]
        if name in ("eval", "exec") and self.scope.builtin(name):
            return ANYTHING, f"{name}() may use self"
        if name in _BY_NAME and self.scope.builtin(name) and node.args:
            return self._by_name(name, node) if self._is_self(node.args[0]) else None
        if not any(self._is_self(argument) for argument in given):
            return None
        if name in self.scope.functions:
            return self.helpers.function(name, node, self.own), f"{name}() is given self"
        if name in self.scope.classes:
            return self.helpers.module_code(), f"{name}() is given self"
        return None

    def _of_super(self, function: ast.Attribute) -> tuple[Effects, str] | None:
        if not is_super(function.value):
            return None
        method = self.helpers.inherited(self.method.owner, function.attr)
        if method is None:
            return Effects(), "super() needs the class"
        effects = self.helpers.called(method)
        plain = isinstance(method, Helper) and method.name not in self.flow.steps
        name = method.name if plain else f"{method.owner}.{method.name}"
        return replace(effects, used=effects.used | {name}), "super() needs the class"

    def _by_name(self, name: str, node: ast.Call) -> tuple[Effects, str] | None:
        """``getattr`` and its like; a ``getattr`` or ``hasattr`` of a literal is a question."""
        if len(node.args) < 2:
            return None
        names = possible_names(node.args[1], self.method.node, self.flow, self.scope)
        literal = isinstance(node.args[1], ast.Constant)
        if literal and name in ("getattr", "hasattr") and not self._special(names):
            return None
        reason = f"{name} with a computed name" if not literal else f"{name} on self"
        if names is not None and not all(map(_is_name, names)):
            names = None  # nothing that an input or output could be called
        if name in ("getattr", "hasattr"):
            if names is None:
                everything = Effects(
                    open_reads=True,
                    parameters=tuple(self.flow.parameters),
                    used=self.flow.members,
                )
                return self._with_helpers(everything, self.flow.members), reason
            return self._with_helpers(self._reading(names, node), names), reason
        if names is None:
            gone = self.helpers.mentioned if name == "delattr" else frozenset()
            return Effects(open_stores=name == "setattr", gone=gone), reason
        fixed = frozenset(
            found
            for found in names
            if found in self.flow.parameters
            or (found in self.flow.constants and not found.startswith("_"))
        )
        names -= fixed | self.flow.members
        only = names if len(names) == 1 else frozenset()
        if name == "setattr":
            return Effects(may=names, must=only, fixed=fixed), reason
        return Effects(gone=names, fixed=fixed), reason

    def _with_helpers(self, effects: Effects, names: frozenset[str]) -> Effects:
        """The effects of a ``getattr`` together with those of the helpers that it may find."""
        for name in sorted(names & set(self.flow.helpers)):
            effects = either(effects, self.helpers.method(name))
        return effects

    def _special(self, names: frozenset[str] | None) -> bool:
        """Whether a literal name is no artifact, Parameter or constant."""
        special = {*self.flow.helpers, *self.flow.nested, *self.flow.steps, *FLOW_MEMBERS}
        return any(
            name in special or name == "name" or name.startswith("__") or not name.isidentifier()
            for name in names or ()
        )

    def _reading(self, names: frozenset[str], node: ast.Call) -> Effects:
        where = Position(*place(node))
        known = {*self.flow.members, *self.flow.parameters, *FLOW_MEMBERS, *self.flow.steps}
        reads = tuple(
            Read(found, where, True, True, True, indirect=True)
            for found in sorted(names - known)
            if found != "name"
        )
        return Effects(
            reads=reads,
            parameters=tuple(found for found in self.flow.parameters if found in names),
            members=names & {"index", "input", "name"},
            used=names & self.flow.members,
        )


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def is_super(node: ast.AST) -> bool:
    """Whether an expression is ``super()``."""
    match node:
        case ast.Call(func=ast.Name(id="super")):
            return True
    return False


def only_asked(function: ast.FunctionDef, name: str) -> bool:
    """Whether a function only reads the dictionary that it is given as ``name``."""
    allowed: set[int] = set()
    for node in ast.walk(function):
        match node:
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                allowed.add(id(node.iter))
            case ast.Compare():
                allowed |= {id(part) for part in node.comparators}
            case ast.Subscript(ctx=ast.Load()):
                allowed.add(id(node.value))
            case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in _QUESTIONS:
                allowed.add(id(owner))
            case ast.Call(func=ast.Name(id=called)) if called in _READERS:
                allowed |= {id(argument) for argument in node.args}
    return all(
        id(node) in allowed
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == name
    )


def _keys(node: ast.Call) -> frozenset[str] | None:
    """The names in ``update({"a": 1}, b=2)``, None unless all are literal."""
    found: set[str] = set()
    for argument in node.args:
        if not isinstance(argument, ast.Dict):
            return None
        for key in argument.keys:
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                return None
            found.add(key.value)
    for word in node.keywords:
        if word.arg is None:
            return None
        found.add(word.arg)
    return frozenset(found)
