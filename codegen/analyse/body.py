"""What the body of one step does with the artifacts: which it reads, assigns and deletes, and
what holds at each of its exits.

A structured walk over the statements keeps, for every point, the artifacts that are surely and
possibly assigned by then. Where it cannot be sure it says "possibly", which costs a marker in the
generated code and never a wrong value.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from codegen.analyse.scope import ModuleScope, assigned_pairs, local_bindings
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Flow, Step
from codegen.parse.module import refuse_guarded
from codegen.parse.names import mangled, place, references
from codegen.parse.transitions import is_next, transition_of

_Names = frozenset[str]
_NONE: _Names = frozenset()

#: Attributes that every flow has (metaflow/flowspec.py) and that are no artifacts.
FLOW_MEMBERS = frozenset(
    {"cmd", "foreach_stack", "index", "input", "merge_artifacts", "next", "script_name"}
)

#: Builtins that see the local variables of the function that calls them.
_SEES_LOCALS = frozenset({"locals", "eval", "exec", "vars", "dir", "super"})

#: Context managers that are known to let exceptions pass, by the last part of their name. After
#: any other, the body of a ``with`` may have stopped half way.
_PASSES_EXCEPTIONS = frozenset(
    {
        "open", "fdopen", "Session", "Client", "connect", "cursor", "begin", "urlopen", "Popen",
        "Lock", "RLock", "Pool", "ThreadPoolExecutor", "ProcessPoolExecutor", "ZipFile", "TarFile",
        "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory", "SpooledTemporaryFile",
        "catch_warnings", "redirect_stdout", "redirect_stderr", "chdir", "closing", "nullcontext",
        "localcontext", "errstate", "printoptions", "option_context", "no_grad", "inference_mode",
        "autocast", "device", "start_run", "ExcelWriter", "ExcelFile", "HDFStore", "StringIO",
        "BytesIO", "scandir", "memoryview", "create_engine", "timer", "tqdm",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Read:
    """An artifact that is read where this step has not surely assigned it before.

    ``assigned`` tells whether the step possibly has; ``late`` whether the read happens in a
    nested function, at a time that is not known; ``guarded`` whether an ``except`` clause around
    it distinguishes the error that a missing artifact raises.
    """

    name: str
    position: Position
    assigned: bool
    late: bool
    guarded: bool


@dataclass(frozen=True)
class Deletion:
    """``del self.x``. ``touched``: surely read or assigned before; ``last``: nothing after it
    mentions the artifact, and every exit comes after it."""

    name: str
    position: Position
    assigned: bool
    touched: bool
    last: bool


@dataclass(frozen=True)
class Exit:
    """A way out of the body: a ``return``, or its end (``node`` is None).

    ``must`` and ``may`` are the artifacts assigned by then, surely and possibly; ``gone`` those
    possibly deleted. ``fails`` marks a return before any transition, which fails the run; one
    that is not ``reachable`` only has to be there.
    """

    node: ast.Return | None
    must: _Names
    may: _Names
    gone: _Names
    fails: bool = False
    reachable: bool = True


@dataclass(frozen=True)
class BodyFacts:
    """All that the later stages need to know of a body.

    ``assigned`` are the artifacts in the order of their first assignment, ``mentioned`` those
    that are read anywhere, ``names`` all plain names in any role, ``escapes`` the places where
    locals would not be the same program.
    """

    reads: tuple[Read, ...]
    parameters: tuple[str, ...]
    assigned: tuple[str, ...]
    mentioned: _Names
    deletions: tuple[Deletion, ...]
    exits: tuple[Exit, ...]
    names: _Names
    escapes: tuple[tuple[Position, str], ...]


@dataclass(frozen=True)
class _State:
    """What holds at a point of the body. ``next`` tells which histories reach it: some that
    have called ``self.next``, some that have not."""

    must: _Names = _NONE
    may: _Names = _NONE
    gone: _Names = _NONE
    touched: _Names = _NONE
    next: frozenset[bool] = frozenset({False})

    def merge(self, other: _State | None) -> _State:
        if other is None:
            return self
        return _State(
            self.must & other.must,
            self.may | other.may,
            self.gone | other.gone,
            self.touched & other.touched,
            self.next | other.next,
        )


def _merged(states: Sequence[_State | None]) -> _State | None:
    """The state where several paths meet; None where none arrives."""
    result: _State | None = None
    for state in states:
        if state is not None:
            result = state.merge(result)
    return result


@dataclass
class _Loop:
    breaks: list[_State | None] = field(default_factory=list)
    continues: list[_State | None] = field(default_factory=list)


def attribute_of(node: ast.AST, self_name: str) -> str | None:
    """``x`` for the expression ``self.x``, else None."""
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == self_name
    ):
        return node.attr
    return None


def analyse_bodies(
    flow: Flow, end: str | None, scope: ModuleScope, diagnostics: Diagnostics
) -> dict[str, BodyFacts]:
    """Step → facts for every step of a flow; ``end`` is the terminal one where it is known.

    Reports what can be told from the bodies alone, whatever the graph is.
    """
    bodies: dict[str, BodyFacts] = {}
    for name, step in flow.steps.items():
        calls_next = any(
            isinstance(node, ast.stmt) and is_next(node) for node in ast.walk(step.node)
        )
        last = name == end if end is not None else not calls_next
        bodies[name] = _Walk(flow, step, last, scope, diagnostics).facts()
        for position, reason in bodies[name].escapes:
            report_escape(step, position, reason, diagnostics)
    return bodies


def report_escape(step: Step, position: Position, reason: str, diagnostics: Diagnostics) -> None:
    """Say that the artifacts of a step cannot become local variables."""
    diagnostics.add(
        "MF401",
        position,
        f"the artifacts of this step cannot become local variables: {reason}",
        "Use plain self.name attributes in the step itself; hand on values, not self.",
        step.name,
    )


class _Walk:
    def __init__(
        self, flow: Flow, step: Step, end: bool, scope: ModuleScope, diagnostics: Diagnostics
    ) -> None:
        self.local = local_bindings(step.node)
        self.scope = scope
        self.asks = False
        self.functions = set(scope.functions) | {
            node.name
            for node in ast.walk(step.node)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        self.flow = flow
        self.step = step
        self.end = end
        self.diagnostics = diagnostics
        self.self_name = step.self_name
        self.reads: dict[tuple[str, bool, bool, bool], Read] = {}
        self.parameters: dict[str, None] = {}
        self.read: set[str] = set()
        self.late: set[str] = set()
        self.assigned: dict[str, None] = {}
        self.deletions: list[Deletion] = []
        self.exits: list[Exit] = []
        self.escapes: list[tuple[Position, str]] = []
        self.mentions: dict[str, list[Position]] = {}
        self.loops: list[_Loop] = []
        self.guards: list[bool] = []
        self.caught: list[bool] = []
        self.finals: list[bool] = []
        self.depth = 0
        self.reachable = True

    def facts(self) -> BodyFacts:
        for statement in self.step.node.body:
            for used, dotted in references(statement, self.flow.module.metaflow):
                self._error(
                    "MF503",
                    used,
                    f"{dotted} is not translated yet",
                    "Do without it, or keep this flow on Metaflow for now.",
                )
        state = self._block(self.step.node.body, _State())
        if state is not None:
            self.exits.append(Exit(None, state.must, state.may, state.gone))
        self._check_generator()
        return BodyFacts(
            # a nested function may be called under any of the step's handlers
            reads=tuple(
                replace(found, guarded=found.guarded or (found.late and self.asks))
                for found in self.reads.values()
            ),
            parameters=tuple(self.parameters),
            assigned=tuple(self.assigned),
            mentioned=frozenset(self.read),
            deletions=tuple(self._settled(deletion) for deletion in self.deletions),
            exits=tuple(self.exits),
            names=frozenset(_identifiers(self.step.node)) - {self.self_name},
            escapes=tuple(self.escapes),
        )

    # ------------------------------------------------------------------ messages

    def _error(self, code: str, node: ast.AST, message: str, advice: str) -> None:
        self.diagnostics.add(code, Position(*place(node)), message, advice, self.step.name)

    def _escape(self, node: ast.AST, reason: str) -> None:
        self.escapes.append((Position(*place(node)), reason))

    def _check_generator(self) -> None:
        for node in _own_nodes(self.step.node):
            if isinstance(node, (ast.Yield, ast.YieldFrom)):
                self._error(
                    "MF132",
                    node,
                    "a step that yields is a generator, whose body Metaflow never runs",
                    "Collect the values in a list.",
                )

    def _settled(self, deletion: Deletion) -> Deletion:
        later = [place for place in self.mentions[deletion.name] if place > deletion.position]
        late = deletion.name in self.late
        return replace(deletion, last=deletion.last and not later and not late)

    # ------------------------------------------------------------------ statements

    def _block(self, body: Sequence[ast.stmt], state: _State | None) -> _State | None:
        for node in body:
            if state is not None:
                state = self._statement(node, state)
            else:  # unreachable, but its names and its uses of self still count
                reachable, self.reachable = self.reachable, False
                self._statement(node, _State())
                self.reachable = reachable
        return state

    def _statement(self, node: ast.stmt, state: _State) -> _State | None:
        if is_next(node, self.self_name):
            return self._next(node, state)
        read = {
            mangled(found, self.flow.name)
            for head in _heads(node)
            for found in _surely_read(head, self.self_name)
        }
        state = replace(state, touched=state.touched | read)
        method = getattr(self, f"_visit_{type(node).__name__.lower()}", None)
        if method is None:
            self._load(node, state)
            return state
        after: _State | None = method(node, state)
        return after

    def _next(self, node: ast.stmt, state: _State) -> _State:
        assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        declared = self.step.transition
        tail = node is self.step.node.body[-1]
        if not tail and declared is not None:
            found = transition_of(node)
            if found is None or replace(found, position=declared.position) != declared:
                if ast.dump(node) != ast.dump(self.step.node.body[-1]):
                    self._error(
                        "MF130",
                        node,
                        "this self.next() differs from the one at the end of the step, "
                        "and Metaflow fails where it is reached",
                        "Make it the same, or use a switch: self.next({…}, condition='x').",
                    )
        if self.end and not tail:
            self._error(
                "MF130",
                node,
                "the end step calls self.next(), and Metaflow fails where it is reached",
                "Remove the call.",
            )
        if self.reachable and True in state.next:
            self._error(
                "MF130",
                node,
                "self.next() has been called already on a path that leads here, "
                "and Metaflow fails at the second call",
                "Put a return behind the earlier self.next().",
            )
        return replace(state, next=frozenset({True}))

    def _visit_return(self, node: ast.Return, state: _State) -> None:
        if returns_next(node, self.self_name):
            assert node.value is not None
            call = ast.copy_location(ast.Expr(node.value), node)
            state = self._next(call, state)
        elif node.value is not None:
            self._load(node.value, state)
        if any(self.finals):
            self._escape(node, "a finally clause assigns artifacts after this return")
        fails = not self.end and True not in state.next
        if not self.reachable:
            self.exits.append(Exit(node, _NONE, _NONE, _NONE, reachable=False))
            return
        if fails and any(self.caught):
            self._error(
                "MF130",
                node,
                "this return comes before any self.next(), and stands where an exception in its "
                "place would be caught: Metaflow fails the run here",
                "Call self.next(…) before it, as at the end of the step.",
            )
        elif fails:
            self.diagnostics.add(
                "MF131",
                Position(*place(node)),
                "this return comes before any self.next(): "
                "Metaflow fails the run here, and so does the workflow",
                "Call self.next(…) before it, as at the end of the step.",
                self.step.name,
            )
        elif not self.end and False in state.next:
            self._error(
                "MF130",
                node,
                "some paths to this return have called self.next(), others have not",
                "Call self.next(…) directly before the return.",
            )
        self.exits.append(Exit(node, state.must, state.may, state.gone, fails))

    def _visit_raise(self, node: ast.Raise, state: _State) -> None:
        self._load(node, state)

    def _visit_expr(self, node: ast.Expr, state: _State) -> _State | None:
        self._load(node.value, state)
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in (
            "sys.exit",
            "os._exit",
            "exit",
            "quit",
        ):
            return None
        return state

    def _visit_assign(self, node: ast.Assign, state: _State) -> _State:
        self._load(node.value, state)
        for target in node.targets:
            for part, value in assigned_pairs(target, node.value):
                self._check_function(part, value)
            state = self._store(target, state)
        return state

    def _check_function(self, target: ast.expr, value: ast.expr | None) -> None:
        """Metaflow drops functions silently when it stores the artifacts of a task."""
        attribute = attribute_of(target, self.self_name)
        known = isinstance(value, ast.Name) and value.id in self.functions
        if attribute is not None and (known or isinstance(value, ast.Lambda)):
            self._error(
                "MF204",
                target,
                f"self.{attribute} is a function, which Metaflow drops at the end of the step",
                "Keep the function in a local variable, or define it at the top of the module.",
            )

    def _visit_annassign(self, node: ast.AnnAssign, state: _State) -> _State:
        if node.value is None:
            attribute = attribute_of(node.target, self.self_name)
            if attribute is None:
                self._load(node.target, state)
            return state
        self._load(node.value, state)
        return self._store(node.target, state)

    def _visit_augassign(self, node: ast.AugAssign, state: _State) -> _State:
        attribute = attribute_of(node.target, self.self_name)
        if attribute is not None:
            self._read(node.target, attribute, state)
            state = replace(state, touched=state.touched | {mangled(attribute, self.flow.name)})
        self._load(node.value, state)
        return self._store(node.target, state)

    def _visit_delete(self, node: ast.Delete, state: _State) -> _State:
        for target in node.targets:
            attribute = attribute_of(target, self.self_name)
            if attribute is None:
                self._load(target, state)
                continue
            name = mangled(attribute, self.flow.name)
            if not self._is_artifact(name, target, "deletes"):
                continue
            self.mentions.setdefault(name, []).append(Position(*place(target)))
            self.deletions.append(
                Deletion(
                    name,
                    Position(*place(target)),
                    assigned=name in state.may,
                    touched=name in state.touched,
                    last=self.depth == 0 and not self.exits,
                )
            )
            only = frozenset({name})
            state = replace(
                state,
                must=state.must - only,
                may=state.may - only,
                gone=state.gone | only,
                touched=state.touched - only,
            )
        return state

    def _visit_if(self, node: ast.If, state: _State) -> _State | None:
        self._load(node.test, state)
        with _Deeper(self):
            return _merged([self._block(node.body, state), self._block(node.orelse, state)])

    def _visit_while(self, node: ast.While, state: _State) -> _State | None:
        forever = isinstance(node.test, ast.Constant) and bool(node.test.value)
        loop = _Loop()
        with _Deeper(self):
            self.loops.append(loop)
            start = self._may_repeat(node.body, state)
            self._load(node.test, start)
            body = self._block(node.body, start)
            self.loops.pop()
            if forever:
                return _merged(loop.breaks)
            ended = _merged([start, body, *loop.continues])
            return _merged([self._block(node.orelse, ended), *loop.breaks])

    def _visit_for(self, node: ast.For | ast.AsyncFor, state: _State) -> _State | None:
        self._load(node.iter, state)
        loop = _Loop()
        with _Deeper(self):
            self.loops.append(loop)
            start = self._may_repeat([node], state)
            body = self._block(node.body, self._store(node.target, start))
            self.loops.pop()
            never = None if _surely_iterates(node.iter) else start
            ended = _merged([never, body, *loop.continues])
            return _merged([self._block(node.orelse, ended), *loop.breaks])

    def _may_repeat(self, body: Sequence[ast.stmt], state: _State) -> _State:
        """The state at the head of a loop: an earlier round may have assigned or deleted."""
        stored, deleted = self._stored(body)
        return replace(
            state,
            must=state.must - deleted,
            may=state.may | stored,
            gone=state.gone | deleted,
            touched=state.touched - deleted,
        )

    def _stored(self, body: Sequence[ast.stmt]) -> tuple[_Names, _Names]:
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

    def _visit_break(self, node: ast.Break, state: _State) -> None:
        self.loops[-1].breaks.append(state)

    def _visit_continue(self, node: ast.Continue, state: _State) -> None:
        self.loops[-1].continues.append(state)

    def _visit_with(self, node: ast.With | ast.AsyncWith, state: _State) -> _State | None:
        protected: _State | None = None  # where the first manager that may suppress begins
        guards = len(self.guards)
        self.caught.append(False)
        for item in node.items:
            self._load(item.context_expr, state)
            if protected is None and not self._passes_exceptions(item.context_expr):
                protected = state
                self.caught[-1] = True
            if _suppresses_missing(item.context_expr):
                self.guards.append(True)
                self.asks = True
            if item.optional_vars is not None:
                state = self._store(item.optional_vars, state)
        with _Deeper(self):
            after = self._block(node.body, state)
        del self.guards[guards:]
        self.caught.pop()
        if protected is None:
            return after
        return _merged([after, self._interrupted([node], protected)])

    def _passes_exceptions(self, context: ast.expr) -> bool:
        """Whether a context manager surely lets exceptions pass: a known one, or a generator of
        the module that catches nothing."""
        function = context.func if isinstance(context, ast.Call) else context
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        own = self.scope.functions.get(name)
        if own is not None and isinstance(function, ast.Name):
            decorators = [ast.unparse(decorator) for decorator in own.decorator_list]
            catches = any(isinstance(node, (ast.Try, ast.With)) for node in ast.walk(own))
            return decorators in (["contextmanager"], ["contextlib.contextmanager"]) and not catches
        return name in _PASSES_EXCEPTIONS and name not in self.scope.classes

    def _interrupted(self, body: Sequence[ast.stmt], state: _State) -> _State:
        """The state when ``body`` stops with an exception somewhere."""
        stored, deleted = self._stored(body)
        called = any(
            is_next(node, self.self_name)
            for statement in body
            for node in ast.walk(statement)
            if isinstance(node, ast.stmt)
        )
        return replace(
            state,
            must=state.must - deleted,
            may=state.may | stored,
            gone=state.gone | deleted,
            touched=state.touched - deleted,
            next=state.next | ({True} if called and not _leaves(body) else set()),
        )

    def _visit_try(self, node: ast.Try, state: _State) -> _State | None:
        distinguishes = any(self._distinguishes(handler) for handler in node.handlers)
        assigns_finally = bool(self._stored(node.finalbody)[0] | self._stored(node.finalbody)[1])
        with _Deeper(self):
            self.finals.append(assigns_finally)
            self.guards.append(distinguishes)
            self.asks = self.asks or distinguishes
            self.caught.append(bool(node.handlers))
            body = self._block(node.body, state)
            self.caught.pop()
            self.guards.pop()
            broken = self._interrupted(node.body, state)
            handled = [self._handler(handler, broken) for handler in node.handlers]
            ends = [self._block(node.orelse, body), *handled]
            self.finals.pop()
            if not node.finalbody:
                return _merged(ends)
            normal = _merged(ends)
            everything: list[ast.stmt] = [*node.body, *node.orelse]
            for handler in node.handlers:
                everything += handler.body
            anyhow = self._interrupted(everything, state).merge(normal)
            after = self._block(node.finalbody, anyhow)
            if normal is None or after is None:
                return None
            return replace(
                after,
                must=(normal.must | after.must) - (after.gone - anyhow.gone),
                next=normal.next if after.next == anyhow.next else after.next,
            )

    _visit_trystar = _visit_try

    def _distinguishes(self, handler: ast.ExceptHandler) -> bool:
        """Whether a handler tells the error of a missing artifact from others: in Metaflow it is
        an AttributeError, for a local variable a NameError."""
        if handler.type is None:
            return False
        kinds = handler.type
        if isinstance(kinds, ast.Name) and kinds.id in self.scope.constants:
            kinds = self.scope.constants[kinds.id]
        for kind in kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]:
            name = ast.unparse(kind).split(".")[-1]
            if name in ("AttributeError", "NameError", "UnboundLocalError"):
                return True
            if name in ("Exception", "BaseException") and handler.name is not None:
                return any(
                    isinstance(node, ast.Name) and node.id == handler.name
                    for statement in handler.body
                    for node in ast.walk(statement)
                )
        return False

    def _handler(self, handler: ast.ExceptHandler, state: _State) -> _State | None:
        if handler.type is not None:
            self._load(handler.type, state)
        return self._block(handler.body, state)

    def _visit_match(self, node: ast.Match, state: _State) -> _State | None:
        self._load(node.subject, state)
        ends: list[_State | None] = []
        complete = False
        with _Deeper(self):
            for case in node.cases:
                for pattern in ast.walk(case.pattern):
                    if isinstance(pattern, ast.MatchValue) and any(
                        attribute_of(part, self.self_name) for part in ast.walk(pattern)
                    ):
                        self._escape(pattern, "a case pattern compares with an artifact")
                self._load(case.pattern, state)
                if case.guard is not None:
                    self._load(case.guard, state)
                ends.append(self._block(case.body, state))
                complete = complete or (case.guard is None and _irrefutable(case.pattern))
        return _merged(ends if complete else [*ends, state])

    def _visit_functiondef(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, state: _State
    ) -> _State:
        for part in [
            *node.decorator_list,
            *node.args.defaults,
            *filter(None, node.args.kw_defaults),
        ]:
            self._load(part, state)
        if not _has_argument(node.args, self.self_name):
            for statement in node.body:
                self._load(statement, state, late=True)
        return state

    _visit_asyncfunctiondef = _visit_functiondef
    _visit_asyncfor = _visit_for
    _visit_asyncwith = _visit_with

    def _visit_classdef(self, node: ast.ClassDef, state: _State) -> _State:
        self._load(node, state)
        return state

    # ------------------------------------------------------------------ artifacts

    def _store(self, target: ast.expr, state: _State) -> _State:
        """The state after an assignment to ``target``, whatever its form."""
        attribute = attribute_of(target, self.self_name)
        if attribute is not None:
            name = mangled(attribute, self.flow.name)
            if not self._is_artifact(name, target, "assigns"):
                return state
            self.mentions.setdefault(name, []).append(Position(*place(target)))
            self.assigned[name] = None
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

    def _read(self, node: ast.AST, attribute: str, state: _State, late: bool = False) -> None:
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
        elif name in FLOW_MEMBERS:
            self._error(
                "MF503",
                node,
                f"self.{name} is not translated yet",
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
                )
                key = (name, read.assigned, read.late, read.guarded)
                self.reads.setdefault(key, read)

    def _load(self, node: ast.AST, state: _State, late: bool = False) -> None:
        """Note what the expressions below ``node`` read; nested functions read later."""
        attribute = attribute_of(node, self.self_name)
        if attribute is not None:
            assert isinstance(node, ast.Attribute)
            if isinstance(node.ctx, ast.Load):
                self._read(node, attribute, state, late)
            else:
                self._escape(node, f"self.{attribute} is assigned in a nested scope")
            return
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
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            if isinstance(node, ast.Lambda):
                inner: list[ast.AST] = [node.body]
                outer: list[ast.AST] = []
            else:
                inner, outer = list(node.body), list(node.decorator_list)
            defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            for part in [*outer, *defaults]:
                self._load(part, state, late)
            if not _has_argument(node.args, self.self_name):
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


class _Deeper:
    """Counts how deep in compound statements the walk is."""

    def __init__(self, walk: _Walk) -> None:
        self.walk = walk

    def __enter__(self) -> None:
        self.walk.depth += 1

    def __exit__(self, *exception: object) -> None:
        self.walk.depth -= 1


def returns_next(node: ast.Return, self_name: str) -> bool:
    """``return self.next(…)``, which Metaflow takes anywhere but at the end of a step."""
    return node.value is not None and is_next(ast.Expr(node.value), self_name)


def _heads(node: ast.stmt) -> list[ast.AST]:
    """The parts of a statement that run whenever the statement is reached."""
    match node:
        case ast.If() | ast.While():
            return [node.test]
        case ast.For() | ast.AsyncFor():
            return [node.iter]
        case ast.With() | ast.AsyncWith():
            return [item.context_expr for item in node.items]
        case ast.Match():
            return [node.subject]
        case ast.Assert():
            return [node.test]
        case ast.Try() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return []
    return [] if type(node).__name__ == "TryStar" else [node]


def _surely_read(node: ast.AST, self_name: str) -> Iterator[str]:
    """The attributes of self that evaluating ``node`` reads whatever the values are."""
    attribute = attribute_of(node, self_name)
    if attribute is not None:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield attribute
        return
    parts: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.BoolOp):
        parts = [node.values[0]]
    elif isinstance(node, ast.IfExp):
        parts = [node.test]
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        parts = [node.generators[0].iter]
    elif isinstance(node, ast.Lambda):
        parts = []
    elif isinstance(node, ast.Compare):  # a < b < c may stop after b
        parts = [node.left, node.comparators[0]]
    for part in parts:
        yield from _surely_read(part, self_name)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below ``node`` that run in its own scope: no nested functions or classes."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield child
            yield from _own_nodes(child)


def _identifiers(node: ast.AST) -> Iterator[str]:
    """Every plain name in a function's body, in any role."""
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            yield child.id
        elif isinstance(child, ast.arg):
            yield child.arg
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if child is not node:
                yield child.name
        elif isinstance(child, ast.alias):
            yield (child.asname or child.name).split(".")[0]
        elif isinstance(child, ast.ExceptHandler) and child.name:
            yield child.name
        elif isinstance(child, (ast.Global, ast.Nonlocal)):
            yield from child.names
        elif isinstance(child, (ast.MatchAs, ast.MatchStar)) and child.name:
            yield child.name
        elif isinstance(child, ast.MatchMapping) and child.rest:
            yield child.rest


def _has_argument(arguments: ast.arguments, name: str) -> bool:
    return any(
        argument is not None and argument.arg == name
        for argument in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        )
    )


def _suppresses_missing(context: ast.expr) -> bool:
    """``suppress(AttributeError)``, or of something that may contain it."""
    if not isinstance(context, ast.Call):
        return False
    if ast.unparse(context.func).split(".")[-1] != "suppress":
        return False
    missing = ("AttributeError", "NameError", "UnboundLocalError")
    names = [ast.unparse(kind).split(".")[-1] for kind in context.args]
    return any(name in missing or not hasattr(builtins, name) for name in names)


def _irrefutable(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and (
        pattern.pattern is None or _irrefutable(pattern.pattern)
    )


def _surely_iterates(node: ast.expr) -> bool:
    """A literal that is not empty, its items, or ``range`` of a positive literal."""
    if isinstance(node, ast.Dict):
        return any(key is not None for key in node.keys)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("items", "keys", "values")
    ):
        return isinstance(node.func.value, ast.Dict) and _surely_iterates(node.func.value)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return any(not isinstance(element, ast.Starred) for element in node.elts)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(node.value)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "range"
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, int)
        and node.args[0].value > 0
    )


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether every ``self.next`` in ``body`` is directly followed by a return."""
    for statement in body:
        for node in ast.walk(statement):
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list) and not _followed(block):
                    return False
    return _followed(body)


def _followed(block: Sequence[ast.stmt]) -> bool:
    return all(
        position + 1 < len(block) and isinstance(block[position + 1], ast.Return)
        for position, node in enumerate(block)
        if isinstance(node, ast.stmt) and is_next(node)
    )
