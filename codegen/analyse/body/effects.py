"""What calls do to the artifacts of the step that makes them: helpers, and functions of the
module that are given the flow."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from codegen.analyse.body.dynamic import possible_names
from codegen.analyse.body.facts import FLOW_MEMBERS, BodyFacts, Names, Read, attribute_of
from codegen.analyse.body.paths import NONE
from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Position
from codegen.model import Constant, Flow, Helper, MemberKind, Method, Step
from codegen.parse.names import mangled, place
from codegen.parse.uses import s3_of_run

#: The artifact that holds all attributes whose names only a run can tell.
OTHERS = "other_artifacts"


@dataclass(frozen=True)
class Effects:
    """What a call may do.

    ``must``, ``may`` and ``gone`` are artifacts that it surely sets, possibly sets and possibly
    deletes, ``loose`` those that it sets by other means than an assignment to ``self.name``;
    ``open_reads`` and ``open_stores`` tell that it may read or set any.
    """

    reads: tuple[Read, ...] = ()
    must: Names = NONE
    may: Names = NONE
    gone: Names = NONE
    parameters: tuple[str, ...] = ()
    members: Names = NONE
    used: Names = NONE
    fixed: Names = NONE
    loose: Names = NONE
    open_reads: bool = False
    open_stores: bool = False
    tables: bool = False
    whole: bool = False

    @property
    def none(self) -> bool:
        """Whether the artifacts do not matter to it at all."""
        return self == Effects(used=self.used)


#: What code that cannot be seen may do with the flow.
ANYTHING = Effects(open_reads=True, open_stores=True, whole=True)


#: Decorators that do nothing to the flow but to call the method.
_HARMLESS = frozenset(
    {
        "asynccontextmanager", "cache", "cached_property", "classmethod", "contextmanager",
        "deleter", "getter", "lru_cache", "override", "property", "retry", "setter",
        "singledispatchmethod", "staticmethod", "typechecked", "validate_call", "wraps",
    }
)  # fmt: skip


def either(one: Effects, other: Effects) -> Effects:
    """The effects of two calls, of which only what both surely do is sure."""
    return Effects(
        reads=(*one.reads, *other.reads),
        may=one.may | other.may,
        gone=one.gone | other.gone,
        parameters=tuple(dict.fromkeys([*one.parameters, *other.parameters])),
        members=one.members | other.members,
        used=one.used | other.used,
        fixed=one.fixed | other.fixed,
        loose=one.loose | other.loose | other.may,
        open_reads=one.open_reads or other.open_reads,
        open_stores=one.open_stores or other.open_stores,
        tables=one.tables or other.tables,
        whole=one.whole or other.whole,
    )


def effects_of(facts: BodyFacts, surely: bool = True) -> Effects:
    """The effects of a call from the facts of the body that it runs, if not ``surely`` now.

    What it possibly sets or deletes is that of any point, as it may end by an error that the
    caller handles.
    """
    musts = [found.must for found in facts.exits if found.reachable]
    return Effects(
        reads=(*facts.reads, *(_asked(facts))),
        must=frozenset.intersection(*musts) if musts and surely else NONE,
        may=facts.loose.union(*(found.may for found in facts.exits), facts.assigned)
        - facts.dropped,
        gone=frozenset(found.name for found in facts.deletions).union(
            *(found.gone for found in facts.exits)
        ),
        parameters=facts.parameters,
        members=frozenset(member.name for member in facts.members) | ({"name"} & facts.mentioned),
        used=facts.used,
        fixed=facts.fixed,
        loose=facts.loose,
        open_reads=facts.open_reads,
        open_stores=facts.open_stores,
        tables=facts.tables,
        whole=facts.whole,
    )


def _asked(facts: BodyFacts) -> Iterator[Read]:
    for ask in facts.asks:
        if not ask.must:
            yield Read(ask.name, ask.position, ask.may, True, True, ask.merges)


class Helpers:
    """The effects of everything that steps may call, found when first asked for."""

    def __init__(
        self, flow: Flow, scope: ModuleScope, walk: Callable[[Method, Helpers], BodyFacts]
    ) -> None:
        self.flow = flow
        self.scope = scope
        self._walk = walk
        self._effects: dict[object, Effects] = {}
        self._facts: dict[object, BodyFacts] = {}
        self._busy: set[object] = set()
        self._cut: set[object] = set()
        self._functions: dict[tuple[str, str], Helper] = {}
        #: Names of the flow that no artifact has.
        self.special = frozenset(
            {*flow.members, *flow.parameters, *flow.steps, *FLOW_MEMBERS, "name"}
        )
        #: All artifacts that the flow names anywhere.
        self.mentioned = frozenset(self._mentions())
        self.stored = frozenset(self._stored())
        self.overridden = overridden_names(flow)
        #: Each ``self`` that only says which run is meant.
        self.naming_run = frozenset(
            id(node)
            for method in flow.methods
            for node in s3_of_run(method.node, method.self_name, flow.module.metaflow)
        )

    def _mentions(self) -> Iterator[str]:
        special = self.special
        for method in self.flow.methods:
            join = isinstance(method, Step) and method.argument_count == 2
            if join:  # the names in include and exclude
                yield from (text for text in _texts(method.node) if text not in special)
            for name in self._named_in(method.node, method.self_name, everywhere=join):
                found = mangled(name, method.owner)
                if found.isidentifier() and found not in special and not found.startswith("__"):
                    yield found
        for node in self.flow.module.kept:
            owner = node.name if isinstance(node, ast.ClassDef) else ""
            for attribute in self._named_in(node, "", everywhere=True):
                name = mangled(attribute, owner)
                if name not in special and not name.startswith("__"):
                    yield name

    def _named_in(self, root: ast.AST, own: str, everywhere: bool) -> Iterator[str]:
        """The attributes of ``own`` below a node, or all; not those that are only called."""
        left_out = {id(node.func) for node in ast.walk(root) if isinstance(node, ast.Call)}
        left_out |= own_attributes(root)
        for node in ast.walk(root):
            if attribute_of(node, own) is not None:
                assert isinstance(node, ast.Attribute)
                yield node.attr
            elif everywhere and isinstance(node, ast.Attribute) and id(node) not in left_out:
                yield node.attr
            elif isinstance(node, ast.Call) and isinstance(root, ast.FunctionDef):
                named = isinstance(node.func, ast.Name) and node.func.id.endswith("attr")
                if named and len(node.args) > 1:
                    yield from possible_names(node.args[1], root, self.flow, self.scope) or ()

    # ------------------------------------------------------------------ methods

    def method(self, name: str) -> Effects:
        """The effects of calling ``self.name``, or of evaluating that property."""
        return self.called(self.flow.helpers[name])

    def setter(self, name: str) -> Effects:
        """The effects of assigning to a property; none if it has no setter."""
        found = self.flow.setters.get(name)
        return self.called(found) if found is not None else Effects()

    def inherited(self, owner: str, name: str) -> Method | None:
        """What ``super().name`` means in the class ``owner``."""
        order = [found.name for found in self.flow.classes]
        for base in self.flow.classes[order.index(owner) + 1 :]:
            every = [*base.members, *base.steps]
            for member in every:
                if isinstance(member, Method) and member.name == name:
                    return member
        return None

    def called(self, method: Method) -> Effects:
        """The effects of running the body of a method."""
        key = (method.owner, method.name, getattr(method, "role", ""))
        if key in self._busy:
            self._cut.add(key)
        if key not in self._effects:
            self._busy.add(key)
            # while it is being found out
            self._effects[key] = Effects(may=self.stored - self.special, gone=self.stored)
            facts = self._facts[key] = self._walk(method, self)
            plain = not isinstance(method, Helper) or (method.plain and not method.deferred)
            found = effects_of(facts, plain)
            if isinstance(method, Helper) and not method.plain:
                found = self._decorated(method, found)
            self._effects[key] = found
            self._busy.discard(key)
            self._cut.discard(key)
            if self._cut:  # it rests on another that is not known yet, and is found anew later
                return self._effects.pop(key)
        return self._effects[key]

    def _decorated(self, method: Helper, effects: Effects) -> Effects:
        """The effects of a helper that other functions wrap, which get the flow with its call."""
        for decorator in method.node.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            text = ast.unparse(target)
            own = text in self.scope.functions or text in self.scope.classes
            if not own and text.rpartition(".")[2] in _HARMLESS:
                continue
            effects = either(effects, self.module_code() if own else ANYTHING)
        return effects

    def _stored(self) -> Iterator[str]:
        """Every attribute that the methods of the flow assign or delete."""
        for method in self.flow.methods:
            for node in ast.walk(method.node):
                if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                    yield mangled(node.attr, method.owner)

    # ------------------------------------------------------------------ functions

    def function(self, name: str, call: ast.Call, own: str) -> Effects:
        """The effects of ``name(…, self, …)``: a function of the module that is given the flow."""
        method = self.given_flow(name, call, own)
        if method is None:
            return self.module_code()
        effects = self.called(method)
        return replace(effects, reads=tuple(replace(r, indirect=True) for r in effects.reads))

    def given_flow(self, name: str, call: ast.Call, own: str) -> Helper | None:
        """That function as a method; None if it is not plain which argument is the flow."""
        function = self.scope.functions.get(name)
        if function is None or function.decorator_list or function.args.vararg:
            return None
        argument = _argument(function.args, call, own)
        known = [*function.args.args, *function.args.kwonlyargs, *function.args.posonlyargs]
        if argument not in {found.arg for found in known}:
            return None
        assert argument is not None
        if (name, argument) not in self._functions:
            node = copy.deepcopy(function)
            rest = [found for found in node.args.args if found.arg != argument]
            node.args.args = [ast.arg("self"), *rest]
            node.args.defaults = []
            for found in ast.walk(node):
                if isinstance(found, ast.Name) and found.id == argument:
                    found.id = "self"
            where = Position(*place(node))
            step = next(iter(self.flow.steps.values()))
            self._functions[name, argument] = Helper(
                f"{name}({argument})", where, node, step.cst, "", MemberKind.METHOD
            )
        return self._functions[name, argument]

    def module_code(self) -> Effects:
        """What any code of the module may do with a flow that it gets hold of."""
        stored: set[str] = set()
        read: dict[str, ast.Attribute] = {}
        for root in self.flow.module.kept:
            own = own_attributes(root)
            owner = root.name if isinstance(root, ast.ClassDef) else ""
            for node in ast.walk(root):
                if id(node) in own:
                    continue
                if isinstance(node, ast.Name) and node.id in ("setattr", "vars", "delattr"):
                    return ANYTHING
                if isinstance(node, ast.Attribute):
                    if node.attr == "__dict__":
                        return ANYTHING
                    if isinstance(node.ctx, ast.Load):
                        read[mangled(node.attr, owner)] = node
                    else:
                        stored.add(mangled(node.attr, owner))
        reads = tuple(
            Read(name, Position(*place(node)), True, True, False, indirect=True)
            for name, node in read.items()
            if name not in self.special and not name.startswith("__")
        )
        return Effects(
            reads=reads,
            may=frozenset(stored - self.special),
            gone=frozenset(stored - self.special),
            parameters=tuple(name for name in self.flow.parameters if name in read),
            members=frozenset({"index", "input", "name"} & set(read)),
            used=frozenset(set(read) & self.flow.members),
        )

    # ------------------------------------------------------------------ the state of helpers

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """The members that ``names`` use, directly and through one another."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            if name in self.flow.helpers:
                waiting += self.method(name).used
                waiting += self.setter(name).used
            elif name in self.flow.constants:
                waiting += self._named(self.flow.constants[name].value)
            elif name in self.flow.nested:
                waiting += self._named(self.flow.nested[name].node)
        return frozenset(found)

    def _named(self, node: ast.AST) -> list[str]:
        """The members that an expression in the body of the class uses by their plain names."""
        names = {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}
        names |= {found.attr for found in ast.walk(node) if isinstance(found, ast.Attribute)}
        return sorted(names & self.flow.members)

    def known(self, name: str) -> bool:
        """Whether any step has come to use a member."""
        helper = self.flow.helpers.get(name)
        return helper is None or (helper.owner, helper.name, helper.role) in self._facts

    def stateless(self, name: str) -> bool:
        """Whether a member is the same outside the class, without a flow."""
        return all(self._plain(found) for found in self.closure([name]))

    def _plain(self, name: str) -> bool:
        helper = self.flow.helpers.get(name)
        if helper is None:
            return name not in self.overridden
        effects = self.method(name)
        facts = self._facts[helper.owner, helper.name, helper.role]
        if not (helper.plain and effects.none and not facts.escapes) or name in self.flow.setters:
            return False
        if helper.kind is MemberKind.CLASS:
            first = helper.node.args.args[0].arg
            return not any(
                isinstance(node, ast.Name) and node.id == first for node in ast.walk(helper.node)
            )
        return True


def overridden_names(flow: Flow) -> frozenset[str]:
    """The constants that are computed from one of their class which another class overrides:
    outside of it, the name would mean the other."""
    return frozenset(
        member.name
        for found in flow.classes
        for member in found.members
        if isinstance(member, Constant)
        and any(
            isinstance(node, ast.Name)
            and node.id in flow.constants
            and flow.constants[node.id].owner != member.owner
            for node in ast.walk(member.value)
        )
    )


def _texts(root: ast.AST) -> Iterator[str]:
    """The literal texts below a node that could be names."""
    for node in ast.walk(root):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.isidentifier():
                yield node.value


def own_attributes(root: ast.AST) -> set[int]:
    """The ids of ``self.name`` in the methods of classes, whose ``self`` is no flow."""
    found: set[int] = set()
    for node in ast.walk(root):
        if not isinstance(node, ast.ClassDef):
            continue
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.args.args:
                first = method.args.args[0].arg
                found |= {id(n) for n in ast.walk(method) if attribute_of(n, first) is not None}
    return found


def _argument(arguments: ast.arguments, call: ast.Call, own: str) -> str | None:
    """The one argument that gets the flow in a call without ``*`` and ``**``."""
    if any(isinstance(given, ast.Starred) for given in call.args):
        return None
    order = [*arguments.posonlyargs, *arguments.args]
    found = [
        order[place].arg if place < len(order) else None
        for place, given in enumerate(call.args)
        if isinstance(given, ast.Name) and given.id == own
    ]
    found += [
        word.arg
        for word in call.keywords
        if isinstance(word.value, ast.Name) and word.value.id == own
    ]
    return found[0] if len(found) == 1 else None
