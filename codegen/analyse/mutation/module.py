"""What the module and the steps of a flow tell about artifacts and functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codegen.analyse.body import Helpers, attribute_of
from codegen.analyse.mutation import knowledge as known
from codegen.analyse.mutation.follow import Follow
from codegen.analyse.mutation.links import Link, Value
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.model import Flow, Method, Step
from codegen.parse.names import assigned_pairs, mangled


@dataclass(frozen=True)
class Summary:
    """A function or class of the module: the arguments that a call changes, iterates, looks up
    items in, and how its result hangs together with them."""

    arguments: ast.arguments
    changed: frozenset[str]
    consumed: frozenset[str]
    looked_up: frozenset[str]
    returned: Value


class Mutations:
    """Answers for each step of one flow; remembers what it learnt of the module's functions.

    ``iterators`` are artifacts that any reading consumes, ``inserting`` those that insert what
    is looked up in them (``defaultdict``). ``methods``, ``properties`` and ``attributes`` are
    names that the module's own classes use, so that nothing is known of them by name alone.
    """

    def __init__(
        self, flow: Flow, steps: Sequence[Step], scope: ModuleScope, helpers: Helpers
    ) -> None:
        self.flow = flow
        self.helpers = helpers
        self.scope = scope
        methods_of_flow = [m for m in flow.methods if not isinstance(m, Step) or m in steps]
        roots: list[ast.AST] = [*scope.classes.values(), *(m.node for m in methods_of_flow)]
        roots += [nested.node for nested in flow.nested.values()]
        classes = [
            node for root in roots for node in ast.walk(root) if isinstance(node, ast.ClassDef)
        ]
        methods = [
            method
            for node in classes
            for method in node.body
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        self.methods = frozenset(method.name for method in methods)
        self.attributes = frozenset(
            node.attr
            for root in roots
            for node in ast.walk(root)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        )
        self.properties = frozenset(
            method.name for method in methods if method.decorator_list and _changes_itself(method)
        )
        #: Some object of the module changes itself in a protocol method: any use may change it.
        self.restless = any(
            method.name.startswith("__")
            and method.name not in known.CALLED_ANYWAY
            and _changes_itself(method)
            for method in methods
        )
        self.rebound = frozenset(
            name
            for root in [*scope.functions.values(), *(m.node for m in methods_of_flow)]
            for node in ast.walk(root)
            if isinstance(node, (ast.Global, ast.Nonlocal))
            for name in node.names
        )
        self._suspects = frozenset(_defaultdicts(scope, methods_of_flow, classes))
        self.iterators: set[str] = set()
        self.inserting: set[str] = set()
        self.summaries: dict[str, Summary | None] = {}
        origins = [origin for method in methods_of_flow for origin in self._origins(method)]
        for name, makers, _ in origins:
            if makers & known.MAKES_ITERATORS:
                self.iterators.add(name)
        for _ in origins if self._suspects else ():
            for name, makers, mentioned in origins:
                if (makers | mentioned) & (self._suspects | {f"self.{n}" for n in self.inserting}):
                    self.inserting.add(name)

    def changed(
        self, step: Step, immutable: Mapping[str, str], items: str | None = None
    ) -> frozenset[str]:
        """The artifacts that ``step`` may change in place; those ``immutable`` cannot be.

        ``self.input`` is an element of the artifact ``items``.
        """
        follow = Follow(self, step.node, step.self_name, step.owner)
        follow.items = items
        own = frozenset(immutable) - self.flow.constants.keys()  # assigning these fails
        follow.exempt = own | frozenset(self.flow.parameters)
        follow.run()
        if self.restless:
            touched = {follow.artifact(node) for node in ast.walk(step.node)} - {None}
            follow.changed |= {name for name in touched if name and name not in follow.exempt}
        return frozenset(follow.changed)

    def changed_inputs(self, step: Step, names: Sequence[str]) -> frozenset[str]:
        """Which of the artifacts ``names`` of its inputs a join may change in place."""
        argument = step.node.args.args[1].arg
        follow = Follow(self, step.node, step.self_name, step.owner)
        follow.names[argument] = {argument: Link.ALIAS}
        follow.argument = argument
        follow.run()
        if argument in follow.changed:
            return frozenset(names)
        return frozenset(name for name in names if f"{argument}.{name}" in follow.changed)

    def summary(self, name: str) -> Summary | None:
        """What is known of a function or class of the module; None if that is nothing."""
        if name not in self.summaries:
            self.summaries[name] = None  # a recursive call: nothing is known yet
            self.summaries[name] = self._summarise(name)
        return self.summaries[name]

    def _summarise(self, name: str) -> Summary | None:
        function = self.scope.functions.get(name)
        if function is None and name in self.scope.classes:
            return _constructor(self.scope.classes[name])
        if function is None or function.decorator_list:
            return None
        follow = Follow(self, function, None)
        follow.arguments(function.args)
        follow.run()
        if follow.leaks:
            return None
        return Summary(
            function.args,
            frozenset(follow.changed),
            frozenset(follow.consumed),
            frozenset(follow.looked_up),
            follow.returned,
        )

    def _origins(self, step: Method) -> Iterator[tuple[str, set[str], set[str]]]:
        """For each assignment to an artifact: the last names of the calls whose results it may
        be, and all names that the value mentions."""
        local = local_bindings(step.node)
        for node in ast.walk(step.node):
            if isinstance(node, ast.Assign):
                targets, value = node.targets, node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                targets, value = [node.target], node.value
            else:
                continue
            for target in targets:
                for part, part_value in assigned_pairs(target, value):
                    attribute = attribute_of(part, step.self_name)
                    if attribute is not None:
                        origin = part_value if part_value is not None else value
                        makers = set(self._makers(origin, local, set()))
                        mentioned = set(_mentioned(origin, local, step.self_name, set()))
                        yield mangled(attribute, step.owner), makers, mentioned

    def _makers(
        self, value: ast.expr, local: Mapping[str, list[ast.expr | None]], seen: set[str]
    ) -> list[str]:
        """The last names of the calls whose results ``value`` may be, or holds."""
        inner: list[ast.expr] = []
        if isinstance(value, ast.Call):
            function = value.func
            name = function.attr if isinstance(function, ast.Attribute) else None
            if isinstance(function, ast.Name):
                name = function.id
                definition = self.scope.functions.get(name)
                if definition is not None and name not in seen:
                    seen.add(name)
                    bindings = local_bindings(definition)
                    return [
                        maker
                        for node in ast.walk(definition)
                        if isinstance(node, ast.Return) and node.value is not None
                        for maker in self._makers(node.value, bindings, seen)
                    ]
                imported = self.scope.imports.get(name)
                name = imported.rpartition(".")[2] if imported else name
            return [name] if name else []
        if isinstance(value, ast.Name) and value.id not in seen:
            seen.add(value.id)
            bound = local.get(value.id) or [self.scope.constants.get(value.id)]
            inner = [origin for origin in bound if origin is not None]
        elif isinstance(value, ast.IfExp):
            inner = [value.body, value.orelse]
        elif isinstance(value, ast.BoolOp):
            inner = value.values
        elif isinstance(value, (ast.List, ast.Tuple, ast.Set)):
            inner = value.elts
        elif isinstance(value, ast.Dict):
            inner = value.values
        return [maker for part in inner for maker in self._makers(part, local, seen)]


def _mentioned(
    value: ast.expr, local: Mapping[str, list[ast.expr | None]], self_name: str, seen: set[str]
) -> Iterator[str]:
    """Every name in an expression, and in the values of its local names; artifacts as self.x."""
    for node in ast.walk(value):
        attribute = attribute_of(node, self_name)
        if attribute is not None:
            yield f"self.{attribute}"
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name) and node.id not in seen:
            seen.add(node.id)
            yield node.id
            for origin in local.get(node.id, []):
                if origin is not None:
                    yield from _mentioned(origin, local, self_name, seen)


def _defaultdicts(
    scope: ModuleScope, methods: Sequence[Method], classes: Sequence[ast.ClassDef]
) -> set[str]:
    """Names that stand for dictionaries which insert what is looked up, or make such."""
    suspects = {name for name, dotted in scope.imports.items() if dotted.endswith("defaultdict")}
    roots: list[ast.AST] = [*scope.functions.values(), *(method.node for method in methods)]
    for root in roots:
        for node in ast.walk(root):
            if isinstance(node, ast.Attribute) and node.attr == "defaultdict":
                suspects.add("defaultdict")
            elif isinstance(node, ast.alias) and node.name.endswith("defaultdict"):
                suspects.add(node.asname or "defaultdict")
    for node in classes:
        if any(isinstance(m, ast.FunctionDef) and m.name == "__missing__" for m in node.body):
            suspects.add(node.name)
    before = -1
    while len(suspects) != before:  # functions that use one may return one
        before = len(suspects)
        for name, function in scope.functions.items():
            if any(isinstance(n, ast.Name) and n.id in suspects for n in ast.walk(function)):
                suspects.add(name)
    return suspects


def _changes_itself(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a method may change the object it is called on."""
    if not method.args.args:
        return False
    own = method.args.args[0].arg
    if any(
        ast.unparse(decorator).endswith("cached_property") for decorator in method.decorator_list
    ):
        return True
    for node in ast.walk(method):
        target: ast.AST | None = None
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            target = node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            target = node.func if node.func.attr not in known.PURE_METHODS else None
        while isinstance(target, (ast.Attribute, ast.Subscript)):
            target = target.value
        if isinstance(target, ast.Name) and target.id == own:
            return True
    return False


def _constructor(node: ast.ClassDef) -> Summary | None:
    """A dataclass or NamedTuple without code of its own only holds what it is given."""
    if any(base for base in node.bases if ast.unparse(base) not in ("object", "NamedTuple")):
        return None
    own = {member.name for member in node.body if isinstance(member, ast.FunctionDef)}
    if own & {"__init__", "__new__", "__post_init__"}:
        return None
    fields = [
        ast.arg(member.target.id)
        for member in node.body
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
    ]
    arguments = ast.arguments([], fields, None, [], [], None, [])
    returned = {field.arg: Link.FRESH for field in fields}
    return Summary(arguments, frozenset(), frozenset(), frozenset(), returned)
