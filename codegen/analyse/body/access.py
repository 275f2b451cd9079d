"""Reads, assignments and deletions of artifacts, and uses of the flow object."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

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
)
from codegen.analyse.body.paths import Loop, State
from codegen.analyse.body.syntax import asked_name, has_argument, inner_nodes
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Flow, Step
from codegen.parse.module import refuse_guarded
from codegen.parse.names import mangled, place

#: Builtins that see the local variables of the function that calls them.
_SEES_LOCALS = frozenset({"locals", "eval", "exec", "vars", "dir", "super"})


class Access:
    """Notes each use of ``self`` in one body, with what held at that point."""

    def __init__(
        self, flow: Flow, step: Step, end: bool, scope: ModuleScope, diagnostics: Diagnostics
    ) -> None:
        self.local = local_bindings(step.node)
        self.scope = scope
        self.asks = False
        self.nested = {
            node.name
            for node in ast.walk(step.node)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node is not step.node
        }
        self.flow = flow
        self.step = step
        self.end = end
        self.diagnostics = diagnostics
        self.self_name = step.self_name
        self.inner = inner_nodes(step.node)
        self.reads: dict[tuple[str, bool, bool, bool, int], Read] = {}
        self.asked: list[Ask] = []
        self.members: list[Member] = []
        self.merges: list[Merge] = []
        self.looked_up: dict[str, bool] = {}
        self.parameters: dict[str, None] = {}
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
        self.diagnostics.add(code, Position(*place(node)), message, advice, self.step.name)

    def _escape(self, node: ast.AST, reason: str) -> None:
        self.escapes.append((Position(*place(node)), reason))

    def _stored(self, body: Sequence[ast.stmt]) -> tuple[Names, Names]:
        """The artifacts that statements assign, and those that they delete, anywhere."""
        stored: set[str] = set()
        deleted: set[str] = set()
        for statement in body:
            for node in ast.walk(statement):
                attribute = attribute_of(node, self.self_name)
                if attribute is not None and isinstance(node, ast.Attribute):
                    name = mangled(attribute, self.flow.name)
                    if isinstance(node.ctx, ast.Store):
                        stored.add(name)
                    elif isinstance(node.ctx, ast.Del):
                        deleted.add(name)
        return frozenset(stored), frozenset(deleted)

    def _check_function(self, target: ast.expr, value: ast.expr | None) -> None:
        """Metaflow drops functions silently when it stores the artifacts of a task."""
        attribute = attribute_of(target, self.self_name)
        known = isinstance(value, ast.Name) and (
            value.id in self.nested
            or (value.id in self.scope.functions and value.id not in self.local)
        )
        if attribute is not None and (known or isinstance(value, ast.Lambda)):
            self._error(
                "MF204",
                target,
                f"self.{attribute} is a function, which Metaflow drops at the end of the step",
                "Keep the function in a local variable, or define it at the top of the module.",
            )

    def _store(self, target: ast.expr, state: State) -> State:
        """The state after an assignment to ``target``, whatever its form."""
        attribute = attribute_of(target, self.self_name)
        if attribute is not None:
            name = mangled(attribute, self.flow.name)
            if not self._is_artifact(name, target, "assigns"):
                return state
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
            self._escape(target, "self is given another value")
        self._load(target, state)
        return state

    def _is_artifact(self, name: str, node: ast.AST, verb: str) -> bool:
        """Whether ``name`` may be assigned or deleted; says why not otherwise."""
        if name in self.flow.parameters:
            self._error(
                "MF202",
                node,
                f"the step {verb} the Parameter {name}, which fails in Metaflow: it is read-only",
                "Use an artifact of another name.",
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
            self._escape(node, f"self.{name} belongs to Python's own protocol")
        else:
            return True
        return False

    def _read(self, node: ast.AST, attribute: str, state: State, late: bool = False) -> None:
        name = mangled(attribute, self.flow.name)
        if name in self.flow.refused:
            return  # reported where the class defines it
        if name in self.flow.parameters:
            self.parameters[name] = None
        elif name in self.flow.steps:
            self._escape(node, f"the step {name} is used as a method")
        elif name == "next":
            self._error(
                "MF130",
                node,
                "self.next is used in a way that Metaflow's linter does not see",
                "Call self.next(…) as a statement of its own.",
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
        elif name.startswith("__"):
            self._escape(node, f"self.{name} belongs to Python's own protocol")
        elif name == "name":
            self.read.add(name)
        else:
            self.mentions.setdefault(name, []).append(Position(*place(node)))
            self.read.add(name)
            if late:
                self.late.add(name)
            if name not in state.must:
                read = Read(
                    name,
                    Position(*place(node)),
                    assigned=name in state.may,
                    late=late,
                    guarded=any(self.guards),
                    merges=state.merges,
                )
                key = (name, read.assigned, read.late, read.guarded, read.merges)
                self.reads.setdefault(key, read)

    def _ask(self, node: ast.Call, name: str, state: State, late: bool) -> bool:
        """Note a question whether an artifact is set; False if it is about something else."""
        special = name in FLOW_MEMBERS or name in self.flow.steps or name in self.flow.refused
        if special or name == "name" or name.startswith("__") or name in self.flow.parameters:
            return False
        self.mentions.setdefault(name, []).append(Position(*place(node)))
        self.asked.append(
            Ask(
                node,
                name,
                name in state.must,
                name in state.may or late,
                name in state.gone,
                id(node) in self.inner,
                state.merges,
            )
        )
        return True

    def _load(self, node: ast.AST, state: State, late: bool = False) -> None:
        """Note what the expressions below ``node`` read; nested functions read later."""
        attribute = attribute_of(node, self.self_name)
        if attribute is not None:
            assert isinstance(node, ast.Attribute)
            if isinstance(node.ctx, ast.Load):
                self._read(node, attribute, state, late)
            else:
                self._escape(node, f"self.{attribute} is assigned in a nested scope")
            return
        if isinstance(node, ast.ClassDef):
            for part in ast.walk(node):
                private = attribute_of(part, self.self_name) or ""
                if private.startswith("__") and not private.endswith("__"):
                    self._escape(part, f"self.{private} is private to the nested class")
        if isinstance(node, ast.Name):
            if node.id == self.self_name:
                self._escape(node, "self is handed on as a whole")
            elif node.id == self.flow.name:
                self._error(
                    "MF506",
                    node,
                    f"{node.id} is used in a step, and the generated module has no such class",
                    "Use self, or plain names of the module.",
                )
            elif node.id in self.flow.module.guarded and node.id not in self.local:
                refuse_guarded(node, self.step.name, self.diagnostics)
            elif node.id == "__class__":
                self._escape(node, "__class__ names the flow class")
            return
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _SEES_LOCALS
            and (node.func.id in ("eval", "exec") or not node.args)
        ):
            self._escape(node, f"{node.func.id}() would see the artifacts as local variables")
        if isinstance(node, ast.Call):
            asked = asked_name(node, self.self_name, self.scope, self.local)
            if asked is not None and self._ask(node, asked, state, late):
                for argument in node.args[2:]:
                    self._load(argument, state, late)
                return
            if attribute_of(node.func, self.self_name) == "foreach_stack" and (
                node.args or node.keywords
            ):
                self._escape(node, "foreach_stack() takes no arguments")
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            if isinstance(node, ast.Lambda):
                inner: list[ast.AST] = [node.body]
                outer: list[ast.AST] = []
            else:
                inner, outer = list(node.body), list(node.decorator_list)
            defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            for part in [*outer, *defaults]:
                self._load(part, state, late)
            if not has_argument(node.args, self.self_name):
                for part in inner:
                    self._load(part, state, late=True)
            return
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node)
            return
        for child in ast.iter_child_nodes(node):
            self._load(child, state, late)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        modules = (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
        if any(module.split(".")[0] == "metaflow" for module in modules):
            self._error(
                "MF503",
                node,
                "the step imports Metaflow, which the generated module does without",
                "Do without it, or keep this flow on Metaflow for now.",
            )
