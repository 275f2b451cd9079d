"""Reads, assignments and deletions of artifacts, and uses of the flow object."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from codegen.analyse.body.effects import OTHERS, Effects, Helpers
from codegen.analyse.body.facts import (
    FLOW_MEMBERS,
    Ask,
    Deletion,
    Exit,
    Member,
    Merge,
    Names,
    Read,
    attribute_of,
    report_escape,
)
from codegen.analyse.body.object import ObjectUses
from codegen.analyse.body.paths import Loop, State
from codegen.analyse.body.syntax import (
    asked_name,
    has_argument,
    inner_nodes,
    makes_function,
    surely_evaluated,
    visible_nodes,
)
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Flow, Helper, MemberKind, Method, Step
from codegen.parse.module import refuse_guarded
from codegen.parse.names import mangled, place

#: Builtins that see the local variables of the function that calls them.
_SEES_LOCALS = frozenset({"locals", "eval", "exec", "vars", "dir"})


class Access:
    """Notes each use of ``self`` in one body, with what held at that point."""

    def __init__(
        self,
        flow: Flow,
        method: Method,
        end: bool,
        scope: ModuleScope,
        diagnostics: Diagnostics,
        helpers: Helpers,
    ) -> None:
        self.local = local_bindings(method.node)
        self.scope = scope
        self.asks = False
        self.nested = {
            node.name: node
            for node in ast.walk(method.node)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node is not method.node
        }
        self.flow = flow
        self.method = method
        self.step = method if isinstance(method, Step) else None
        self.end = end
        self.diagnostics = diagnostics
        self.helpers = helpers
        self.self_name = method.self_name
        self.class_names = frozenset(found.name for found in flow.classes if not found.imported)
        self.inner = inner_nodes(method.node)
        self.object = ObjectUses(flow, method, scope, helpers, self.local)
        self.reads: dict[tuple[str, bool, bool, bool, int], Read] = {}
        self.asked: list[Ask] = []
        self.members: list[Member] = []
        self.merges: list[Merge] = []
        self.looked_up: dict[str, bool] = {}
        self.parameters: dict[str, None] = {}
        self.used: dict[str, Position] = {}
        self.fixed: set[str] = set()
        self.loose: set[str] = set()
        self.functions: set[str] = set()
        self.values: set[str] = set()
        self.open_reads = False
        self.open_stores = False
        self.tables = False
        self.whole = False
        self.read: set[str] = set()
        self.late: set[str] = set()
        self.assigned: dict[str, None] = {}
        self.deletions: list[Deletion] = []
        self.exits: list[Exit] = []
        self.escapes: list[tuple[Position, str]] = []
        self.mentions: dict[str, list[Position]] = {}
        self.loops: list[Loop] = []
        self.guards: list[bool] = []
        self.caught: list[bool] = []
        self.finals: list[bool] = []
        self.depth = 0
        self.reachable = True

    def _error(self, code: str, node: ast.AST, message: str, advice: str) -> None:
        step = self.step.name if self.step is not None else None
        self.diagnostics.add(code, Position(*place(node)), message, advice, step)

    def _escape(self, node: ast.AST, reason: str) -> None:
        """Note why the artifacts cannot be local variables."""
        self.escapes.append((Position(*place(node)), reason))

    def _refuse(self, node: ast.AST, reason: str) -> None:
        """Report what is the same neither with local variables nor with an object."""
        report_escape(self.method, Position(*place(node)), reason, self.diagnostics)

    def _stored(self, body: Sequence[ast.stmt]) -> tuple[Names, Names]:
        """The artifacts that statements may assign, and those that they may delete, anywhere."""
        stored: set[str] = set()
        deleted: set[str] = set()
        for statement in body:
            for node in visible_nodes(statement, self.self_name):
                attribute = attribute_of(node, self.self_name)
                if attribute is not None and isinstance(node, ast.Attribute):
                    name = mangled(attribute, self.method.owner)
                    if isinstance(node.ctx, ast.Store):
                        stored.add(name)
                    elif isinstance(node.ctx, ast.Del):
                        deleted.add(name)
                effects = self.object.effects(node)
                if effects is not None:
                    stored |= self._possible(effects)
                    deleted |= effects.gone
        return frozenset(stored) - self.flow.members, frozenset(deleted)

    def _possible(self, effects: Effects) -> Names:
        """The artifacts that may be set; where their names cannot be known, all that the flow
        mentions, and the rest under one name."""
        return effects.may | (self.helpers.mentioned | {OTHERS} if effects.open_stores else set())

    def _load(self, node: ast.AST, state: State) -> State:
        """Note what the expressions below ``node`` read; the state after what they call."""
        found = [
            (inner, self.object.effects(inner)) for inner in visible_nodes(node, self.self_name)
        ]
        calls = [(inner, effects) for inner, effects in found if effects is not None]
        if not calls:
            self._note(node, state)
            return state
        gone = frozenset().union(*(effects.gone for _, effects in calls))
        may = frozenset().union(*(self._possible(effects) for _, effects in calls))
        during = replace(state, may=state.may | may, gone=state.gone | gone)
        self._note(node, during)
        sure = {id(inner) for inner in surely_evaluated(node)}
        must: set[str] = set()
        for inner, effects in calls:
            if id(inner) in sure and self.object.runs(inner):
                must |= effects.must
            if id(inner) in sure and effects.open_stores:
                must.add(OTHERS)
        return replace(during, must=(state.must | must) - gone, touched=state.touched - gone)

    def _check_function(self, target: ast.expr, value: ast.expr | None) -> None:
        """Metaflow drops functions silently when it stores the artifacts of a task."""
        attribute = attribute_of(target, self.self_name)
        if attribute is None:
            return
        name = mangled(attribute, self.method.owner)
        method = attribute_of(value, self.self_name) if value is not None else None
        bound = method is not None and self._is_method(mangled(method, self.method.owner))
        if not (bound or makes_function(value, self.nested, self.scope, self.local)):
            self.values.add(name)
            return
        if name in self.flow.members or name in self.flow.parameters:
            return
        self.functions.add(name)
        self._error(
            "MF204",
            target,
            f"self.{attribute} is a function, which Metaflow drops at the end of the step: later "
            "steps do not see it",
            "Keep the function in a local variable, or define it at the top of the module.",
        )

    def _is_method(self, name: str) -> bool:
        helper = self.flow.helpers.get(name)
        shadowed = name in self.helpers.stored  # by a value of the task
        return helper is not None and helper.kind is not MemberKind.PROPERTY and not shadowed

    def _store(self, target: ast.expr, state: State) -> State:
        """The state after an assignment to ``target``, whatever its form."""
        attribute = attribute_of(target, self.self_name)
        if attribute is not None:
            name = mangled(attribute, self.method.owner)
            if not self._is_artifact(name, target, "assigns"):
                return self._set_property(target, state)
            self.mentions.setdefault(name, []).append(Position(*place(target)))
            self.assigned[name] = None
            looked_up = self.looked_up.get(name, True) and "input" in state.touched
            self.looked_up[name] = looked_up
            only = frozenset({name})
            return replace(
                state,
                must=state.must | only,
                may=state.may | only,
                touched=state.touched | only,
            )
        if isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                state = self._store(element, state)
            return state
        if isinstance(target, ast.Starred):
            return self._store(target.value, state)
        if isinstance(target, ast.Name) and target.id == self.self_name:
            self._refuse(target, "self is given another value")
        return self._load(target, state)

    def _set_property(self, target: ast.expr, state: State) -> State:
        """The state after an assignment to a property."""
        effects = self.object.effects(target)
        if effects is None:
            return state
        self._apply(target, effects, state, late=False)
        return replace(
            state,
            must=(state.must | effects.must) - effects.gone,
            may=state.may | self._possible(effects),
            gone=state.gone | effects.gone,
        )

    def _is_artifact(self, name: str, node: ast.AST, verb: str) -> bool:
        """Whether ``name`` may be assigned or deleted; says why not otherwise."""
        public = not name.startswith("_")
        if name in self.flow.parameters or (name in self.flow.constants and public):
            self.fixed.add(name)
            self._escape(node, f"self.{name} is read-only")
            self._error(
                "MF202",
                node,
                f"self.{name} is read-only: where the run {verb} it, it gets an AttributeError, "
                "here as in Metaflow",
                "Use an artifact of another name.",
            )
        elif name in self.flow.members:
            self._member(node, name, verb)
        elif name == OTHERS:
            self._error(
                "MF203",
                node,
                f"self.{OTHERS} is what the generated module calls the artifacts whose names only "
                "a run can tell",
                "Use another name for the artifact.",
            )
        elif name in FLOW_MEMBERS or name == "name" or name in self.flow.steps:
            what = "a step" if name in self.flow.steps else "a part of every flow"
            self._error(
                "MF203",
                node,
                f"the step {verb} self.{name}, which is {what}: the next step does not see it",
                "Use another name for the artifact.",
            )
        elif name.startswith("__"):
            self._refuse(node, f"self.{name} belongs to Python's own protocol")
        else:
            return True
        return False

    def _member(self, node: ast.AST, name: str, verb: str) -> None:
        """An assignment to a name that the class has: it lasts as long as the task, or goes
        through a property."""
        self.used.setdefault(name, Position(*place(node)))
        helper = self.flow.helpers.get(name)
        if helper is None or helper.kind is not MemberKind.PROPERTY:
            self._escape(node, f"the class has self.{name} as well")
        elif name in self.flow.setters and verb == "assigns":
            self._escape(node, f"the property self.{name} sets artifacts")
        else:
            self._escape(node, f"the property self.{name} is read-only")

    def _read(self, node: ast.AST, attribute: str, state: State, late: bool = False) -> None:
        name = mangled(attribute, self.method.owner)
        if name in self.flow.refused:
            return  # reported where the class defines it
        if name in self.flow.parameters:
            self.parameters[name] = None
        elif name in self.flow.helpers:
            self.used.setdefault(name, Position(*place(node)))
            self._apply(node, self.helpers.method(name), state, late)
            self.whole = self.whole or not self.object.runs(node)
        elif name in self.flow.members:
            self.used.setdefault(name, Position(*place(node)))
        elif name in self.flow.steps and not self.object.runs(node):
            self._refuse(node, f"the step {name} is used as a value")
        elif name in self.flow.steps:
            self._step_called(node, self.flow.steps[name])
            self._apply(node, self.helpers.called(self.flow.steps[name]), state, late)
        elif name == "next":
            self._error(
                "MF130",
                node,
                "self.next is used in a way that Metaflow's linter does not see",
                "Call self.next(…) as a statement of its own, in the step itself.",
            )
        elif name in ("foreach_stack", "index", "input"):
            self.members.append(
                Member(name, Position(*place(node)), state.must, state.may, late, state.merges)
            )
        elif name in FLOW_MEMBERS:
            self._error(
                "MF503",
                node,
                f"self.{name} is not translated in this form",
                "Do without it, or keep this flow on Metaflow for now.",
            )
        elif name == "__class__":
            self._escape(node, "self.__class__ is asked for")
        elif name == "__dict__":
            self._object_used(node, state, late)
        elif name.startswith("__"):
            self._refuse(node, f"self.{name} belongs to Python's own protocol")
        elif name == "name":
            self.read.add(name)
        else:
            self.mentions.setdefault(name, []).append(Position(*place(node)))
            self.read.add(name)
            if late:
                self.late.add(name)
            if name not in state.must:
                self._missing(
                    Read(
                        name,
                        Position(*place(node)),
                        assigned=name in state.may,
                        late=late,
                        guarded=any(self.guards),
                        merges=state.merges,
                    )
                )

    def _missing(self, read: Read) -> None:
        """Note a read of what the step has not surely set by then."""
        key = (read.name, read.assigned, read.late, read.guarded, read.merges)
        known = self.reads.get(key)
        if known is None or (known.indirect and not read.indirect):
            self.reads[key] = read

    def _step_called(self, node: ast.AST, step: Step) -> None:
        self._escape(node, f"the step {step.name} is used as a method")
        own = self.flow.steps.get(step.name)
        if own is not None and own.node is step.node:
            self.used.setdefault(step.name, Position(*place(node)))
        if step.transition is not None:
            self._error(
                "MF130",
                node,
                f"the step {step.name} is called like a method, and calls self.next() itself: "
                "Metaflow fails at the second call",
                "Move what the steps share into a method that is no step.",
            )

    def _apply(self, node: ast.AST, effects: Effects, state: State, late: bool) -> None:
        """Note what a call reads and sets, as if its body stood here."""
        for read in effects.reads:
            self.read.add(read.name)
            self.mentions.setdefault(read.name, []).append(Position(*place(node)))
            if read.name not in state.must:
                self._missing(
                    replace(
                        read,
                        assigned=read.assigned or read.name in state.may,
                        late=late or read.late,
                        guarded=read.guarded or any(self.guards),
                        merges=state.merges,
                        indirect=True,
                    )
                )
        self.assigned.update(dict.fromkeys(sorted(effects.may)))
        self.parameters.update(dict.fromkeys(effects.parameters))
        for name in sorted(effects.members):
            if name == "name":
                self.read.add(name)
            else:
                where = Position(*place(node))
                self.members.append(Member(name, where, state.must, state.may, late, state.merges))
        for name in sorted(effects.used):
            self.used.setdefault(name, Position(*place(node)))
        self.fixed |= effects.fixed
        self.loose |= effects.loose
        self.open_reads = self.open_reads or effects.open_reads
        if effects.open_stores and self.step is not None and not self.open_stores:
            self._error(
                "MF215",
                node,
                "the names of the attributes that this may set are known in a run only: those that "
                f"the flow does not name travel together, as the output {OTHERS}",
                "Use attributes by their names, or keep such values in one dictionary.",
            )
        self.open_stores = self.open_stores or effects.open_stores
        self.tables = self.tables or effects.tables
        self.whole = self.whole or effects.whole

    def _ask(self, node: ast.Call, name: str, state: State, late: bool) -> bool:
        """Note a question whether an artifact is set; False if it is about something else."""
        special = name in FLOW_MEMBERS or name in self.flow.steps or name in self.flow.refused
        if special or name == "name" or name.startswith("__"):
            return False
        known = name in self.flow.parameters or name in self.flow.constants
        if name in self.flow.parameters:
            self.parameters[name] = None
        elif known:
            self.used.setdefault(name, Position(*place(node)))
        elif name in self.flow.members:
            return False
        self.mentions.setdefault(name, []).append(Position(*place(node)))
        self.asked.append(
            Ask(
                node,
                name,
                known or name in state.must,
                name in state.may or late,
                name in state.gone,
                id(node) in self.inner,
                state.merges,
            )
        )
        return True

    def _note(self, node: ast.AST, state: State, late: bool = False) -> None:
        """Note what ``node`` and all below it read and call; nested functions do so later."""
        attribute = attribute_of(node, self.self_name)
        if attribute is not None:
            assert isinstance(node, ast.Attribute)
            if isinstance(node.ctx, ast.Load):
                self._read(node, attribute, state, late)
            elif self._is_artifact(mangled(attribute, self.method.owner), node, "assigns"):
                self._escape(node, f"self.{attribute} is assigned in a nested scope")
                self.assigned[mangled(attribute, self.method.owner)] = None
            return
        if isinstance(node, ast.ClassDef):
            for part in ast.walk(node):
                private = attribute_of(part, self.self_name) or ""
                if private.startswith("__") and not private.endswith("__"):
                    self._refuse(part, f"self.{private} is private to the nested class")
        if isinstance(node, ast.Name):
            self._name(node)
        if isinstance(node, ast.Attribute) and self._of_class(node):
            return
        self._object_used(node, state, late)
        if isinstance(node, ast.Call):
            if self._called(node, state, late):
                return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            self._function(node, state, late)
            return
        for child in ast.iter_child_nodes(node):
            self._note(child, state, late)

    def _object_used(self, node: ast.AST, state: State, late: bool) -> None:
        """Note what a node does with the flow as an object."""
        effects = self.object.effects(node)
        if effects is not None:
            step = self.object.super_step(node)
            if step is not None:
                self._step_called(node, step)
            self._escape(node, self.object.reason(node))
            self._apply(node, effects, state, late)
            self.loose |= self._possible(effects)
            self.tables = self.tables or self.object.is_table(node)

    def _name(self, node: ast.Name) -> None:
        if node.id == self.self_name:
            if id(node) in self.object.looked_at:
                self._escape(node, "self is looked at as a whole")
        elif node.id in self.class_names and id(node) not in self.object.looked_up:
            self._error(
                "MF506",
                node,
                f"{node.id} is used in a step, where Metaflow has replaced the constants of the "
                "class",
                "Use self, or plain names of the module.",
            )
        elif node.id in self.flow.module.guarded and node.id not in self.local:
            refuse_guarded(node, self.step.name if self.step else None, self.diagnostics)
        elif node.id == "__class__" and self.step is not None:
            self._refuse(node, "__class__ names the flow class")

    def _of_class(self, node: ast.Attribute) -> bool:
        """``TrainFlow.member``, which works in Metaflow for all but public constants."""
        owner = node.value
        method = self.method
        own = method.class_name if isinstance(method, Helper) else ""
        named = isinstance(owner, ast.Name) and owner.id in (*self.class_names, own)
        asked = attribute_of(owner, self.self_name) == "__class__" or self._is_type(owner)
        if not (named or asked):
            return False
        name = mangled(node.attr, self.method.owner)
        if name in self.flow.constants and not name.startswith("_"):
            self._error(
                "MF506",
                node,
                f"{ast.unparse(node)} is no value in a step, where Metaflow has replaced the "
                "public constants of the class",
                f"Use self, or call the constant _{name}.",
            )
            return True
        if name in self.flow.members:
            self.used.setdefault(name, Position(*place(node)))
            return named
        return named and isinstance(owner, ast.Name) and owner.id == own

    def _is_type(self, node: ast.AST) -> bool:
        """``type(self)``."""
        match node:
            case ast.Call(func=ast.Name(id="type"), args=[ast.Name(id=name)]):
                return name == self.self_name
        return False

    def _called(self, node: ast.Call, state: State, late: bool) -> bool:
        """Note a call of a builtin that looks at the flow; True if its parts are noted too."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _SEES_LOCALS and self.scope.builtin(name, self.local):
            if name not in ("eval", "exec") and not node.args:
                self._refuse(node, f"{name}() would see the inputs of the task")
        asked = asked_name(node, self.self_name, self.scope, self.local)
        if asked is not None and self._ask(node, asked, state, late):
            for argument in node.args[2:]:
                self._note(argument, state, late)
            return True
        if attribute_of(node.func, self.self_name) == "foreach_stack" and (
            node.args or node.keywords
        ):
            self._refuse(node, "foreach_stack() takes no arguments")
        return False

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, state: State, late: bool
    ) -> None:
        if isinstance(node, ast.Lambda):
            inner: list[ast.AST] = [node.body]
            outer: list[ast.AST] = []
        else:
            inner, outer = list(node.body), list(node.decorator_list)
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        for part in [*outer, *defaults]:
            self._note(part, state, late)
        if not has_argument(node.args, self.self_name):
            for part in inner:
                self._note(part, state, late=True)
