"""Walks the statements of a body with what surely and possibly holds at each point."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from codegen.analyse.body.access import Access
from codegen.analyse.body.effects import OTHERS
from codegen.analyse.body.facts import BodyFacts, Deletion, Exit, Merge, attribute_of
from codegen.analyse.body.paths import NONE, Loop, State, merged
from codegen.analyse.body.syntax import (
    PASSES_EXCEPTIONS,
    guarded_reads,
    heads,
    identifiers,
    irrefutable,
    leaves,
    own_nodes,
    returns_next,
    suppresses_missing,
    surely_iterates,
    surely_read,
)
from codegen.diagnostics import Position
from codegen.library import advice, kept_part, known_part
from codegen.model import PARALLEL_DECORATORS, MemberKind, Shape, Step
from codegen.parse.module import refuse_clashes
from codegen.parse.names import assigned_pairs, mangled, place, resolve, source_name
from codegen.parse.transitions import is_next, transition_of
from codegen.parse.uses import body_uses


class Walk(Access):
    """Finds the facts of one body."""

    def facts(self) -> BodyFacts:
        decorators = self.step.decorators if self.step is not None else ()
        is_parallel = any(found.name in PARALLEL_DECORATORS for found in decorators)
        parallel: dict[str, None] = {}
        for use in body_uses(self.method.node, self.flow.module.metaflow):
            owner, _, attribute = use.dotted.rpartition(".")
            if is_parallel and owner == "metaflow.current.parallel":
                if attribute in ("node_index", "num_nodes"):
                    parallel[ast.unparse(use.node)] = None
                    continue
                self._error(
                    "MF508",
                    use.node,
                    f"{use.dotted} is for nodes that talk to each other, and the tasks of a Flyte "
                    "map do not know where the others run",
                    "Use one of flytekit's plugins for distributed jobs by hand.",
                )
            elif not (known_part(use.dotted) or use.annotation or self._keeps(use.dotted)):
                message = f"{use.dotted} is not translated"
                self._error("MF503", use.node, message, advice(use.dotted))
        step_name = self.step.name if self.step is not None else None
        refuse_clashes(self.method.node, step_name, self.diagnostics)
        if self.step is not None:
            self._check_arguments(self.step)
        state = self._block(self.method.node.body, State())
        if state is not None:
            self.exits.append(Exit(None, state.must, state.may, state.gone))
        used = self.helpers.closure(self.used)
        for name, where in self.used.items() if self.step is not None else ():
            if name in self.flow.members and not self.helpers.stateless(name):
                self.escapes.append((where, self._why(name)))
        dropped = frozenset(self.functions - self.values)
        possible = self.helpers.mentioned if self.open_stores else frozenset()
        return BodyFacts(
            # a nested function may be called under any of the step's handlers
            reads=tuple(
                replace(found, guarded=found.guarded or (found.late and self.asks))
                for found in self.reads.values()
            ),
            parameters=tuple(self.parameters),
            assigned=tuple(name for name in self.assigned if name not in used),
            mentioned=frozenset(self.read),
            deletions=tuple(self._settled(deletion) for deletion in self.deletions),
            exits=tuple(
                replace(found, must=found.must - dropped, may=found.may - dropped)
                for found in self.exits
            ),
            names=frozenset(identifiers(self.method.node)) - {self.self_name},
            escapes=tuple(sorted(self.escapes, key=lambda escape: escape[0])),
            asks=tuple(self.asked),
            members=tuple(self.members),
            merges=tuple(self.merges),
            guarded=guarded_reads(self.method.node, self.self_name),
            looked_up=frozenset(name for name, looked in self.looked_up.items() if looked),
            parallel=tuple(parallel),
            used=used if self.step is not None else frozenset(self.used),
            fixed=frozenset(self.fixed),
            dropped=dropped,
            open_reads=self.open_reads,
            open_stores=self.open_stores,
            possible=possible | ({OTHERS} if self.open_stores else NONE),
            loose=frozenset(self.loose),
            tables=self.tables,
            whole=self.whole,
        )

    def _keeps(self, dotted: str) -> bool:
        """Whether a part of Metaflow stays."""
        return self.flow.module.keep and kept_part(dotted)

    def _why(self, name: str) -> str:
        """Why a step that uses a member needs an object."""
        helper = self.flow.helpers.get(name)
        shown = source_name(name)
        if helper is None:
            return f"{shown} belongs to the class"
        called = f"the property {shown}" if helper.kind is MemberKind.PROPERTY else f"{shown}()"
        if not self.helpers.method(name).none:
            return f"{called} uses artifacts"
        return f"{called} needs the class" if helper.plain else f"{called} is decorated"

    def _check_arguments(self, step: Step) -> None:
        arguments = step.node.args
        extra = [*arguments.posonlyargs, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        for argument in extra:
            if argument is not None:
                self._refuse(argument, f"the step has the argument {argument.arg} beside self")
        self._check_generator()

    def _check_generator(self) -> None:
        for node in own_nodes(self.method.node):
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

    def _block(self, body: Sequence[ast.stmt], state: State | None) -> State | None:
        for node in body:
            if state is not None:
                state = self._statement(node, state)
            else:  # unreachable, but its names and its uses of self still count
                reachable, self.reachable = self.reachable, False
                self._statement(node, State())
                self.reachable = reachable
        return state

    def _statement(self, node: ast.stmt, state: State) -> State | None:
        if is_next(node, self.self_name):
            return self._next(node, state)
        read = {
            mangled(found, self.method.owner)
            for head in heads(node)
            for found in surely_read(head, self.self_name)
        }
        state = replace(state, touched=state.touched | read)
        method = getattr(self, f"_visit_{type(node).__name__.lower()}", None)
        if method is None:
            return self._load(node, state)
        after: State | None = method(node, state)
        return after

    def _next(self, node: ast.stmt, state: State) -> State:
        assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if self.step is None:
            self._error(
                "MF130",
                node,
                "a helper calls self.next(), which Metaflow does not see: it must be the last "
                "statement of the step itself",
                "Call self.next(…) in the step.",
            )
            return state
        declared = self.step.transition
        tail = node is self.method.node.body[-1]
        if not tail and declared is not None:
            found = transition_of(node)
            if found is None or replace(found, position=declared.position) != declared:
                if ast.dump(node) != ast.dump(self.method.node.body[-1]):
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
        self._load_transition(node, state)
        return replace(state, next=frozenset({True}))

    def _load_transition(self, node: ast.stmt, state: State) -> None:
        """What ``self.next`` itself looks up: the list of a foreach, the value of a switch."""
        found = transition_of(node)
        if found is None:
            return
        name = found.foreach or found.condition
        if name is not None and name.startswith("__"):
            self._error(
                "MF201",
                node,
                f"{name!r} in a string is not the private self.{name}, so looking it up fails",
                "Use an artifact with another name.",
            )
        elif found.foreach in ("index", "input") or name == "foreach_stack":
            self._error(
                "MF503",
                node,
                f"a transition by self.{name} is not translated",
                "Assign it to an artifact, and use that.",
            )
        elif name is not None:
            self._read(node, name, state)
            declared = self.step.transition if self.step is not None else None
            for key, _ in (declared or found).cases:
                if isinstance(key, ast.Attribute):
                    self._error(
                        "MF503",
                        node,
                        f"the case {ast.unparse(key)} is no value of a Config, so only a run can "
                        "tell it",
                        "Write the value itself.",
                    )
        elif found.count is not None:
            self._note(found.count, state)
        elif found.shape is Shape.FOREACH:
            self._error(
                "MF301",
                node,
                "the name of the artifact of this foreach is not written as a literal",
                "Write foreach='name'.",
            )

    def _visit_return(self, node: ast.Return, state: State) -> None:
        if returns_next(node, self.self_name):
            assert node.value is not None
            call = ast.copy_location(ast.Expr(node.value), node)
            state = self._next(call, state)
        elif node.value is not None:
            state = self._load(node.value, state)
        if any(self.finals) and self.step is not None:
            self._refuse(node, "a finally clause assigns artifacts after this return")
        fails = not self.end and True not in state.next
        if not self.reachable:
            self.exits.append(Exit(node, NONE, NONE, NONE, reachable=False))
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
                self.method.name,
            )
        elif not self.end and False in state.next:
            self._error(
                "MF130",
                node,
                "some paths to this return have called self.next(), others have not",
                "Call self.next(…) directly before the return.",
            )
        self.exits.append(Exit(node, state.must, state.may, state.gone, fails))

    def _visit_raise(self, node: ast.Raise, state: State) -> None:
        self._load(node, state)

    def _visit_expr(self, node: ast.Expr, state: State) -> State | None:
        if (
            isinstance(node.value, ast.Call)
            and attribute_of(node.value.func, self.self_name) == "merge_artifacts"
        ):
            return self._merge(node.value, state)
        state = self._load(node.value, state)
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in (
            "sys.exit",
            "os._exit",
            "exit",
            "quit",
        ):
            return None
        return state

    def _merge(self, call: ast.Call, state: State) -> State:
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            self._note(argument, state)
        if self.step is None:
            self._refuse(call, "merge_artifacts is called in a helper")
        beside = [node for node in self.method.node.body if node.lineno == call.lineno]
        plain = self.depth == 0 and self.reachable and not self.exits and len(beside) == 1
        self.merges.append(Merge(call, state.must, state.may, plain))
        return replace(state, merges=len(self.merges) if plain else state.merges)

    def _visit_assign(self, node: ast.Assign, state: State) -> State:
        state = self._load(node.value, state)
        for target in node.targets:
            for part, value in assigned_pairs(target, node.value):
                self._check_function(part, value)
            state = self._store(target, state)
        return state

    def _visit_annassign(self, node: ast.AnnAssign, state: State) -> State:
        if node.value is None:
            attribute = attribute_of(node.target, self.self_name)
            return self._load(node.target, state) if attribute is None else state
        state = self._load(node.value, state)
        self._check_function(node.target, node.value)
        return self._store(node.target, state)

    def _visit_augassign(self, node: ast.AugAssign, state: State) -> State:
        attribute = attribute_of(node.target, self.self_name)
        if attribute is not None:
            self._read(node.target, attribute, state)
            state = replace(state, touched=state.touched | {mangled(attribute, self.method.owner)})
            self.values.add(mangled(attribute, self.method.owner))
        state = self._load(node.value, state)
        return self._store(node.target, state)

    def _visit_delete(self, node: ast.Delete, state: State) -> State:
        for target in node.targets:
            attribute = attribute_of(target, self.self_name)
            if attribute is None:
                state = self._load(target, state)
                continue
            name = mangled(attribute, self.method.owner)
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
                    guarded=any(self.guards),
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

    def _visit_if(self, node: ast.If, state: State) -> State | None:
        state = self._load(node.test, state)
        test, there, missing = node.test, state, state
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            missing = self._found(test.operand, state)
        else:
            there = self._found(test, state)
        with _Deeper(self):
            return merged([self._block(node.body, there), self._block(node.orelse, missing)])

    def _found(self, test: ast.expr, state: State) -> State:
        """The state where ``hasattr(self, "x")`` holds: there x is as good as assigned."""
        known = {ask.name for ask in self.asked if ask.node is test and not ask.default}
        return replace(state, must=state.must | known)

    def _visit_while(self, node: ast.While, state: State) -> State | None:
        forever = isinstance(node.test, ast.Constant) and bool(node.test.value)
        loop = Loop()
        with _Deeper(self):
            self.loops.append(loop)
            start = self._may_repeat(node.body, state)
            start = self._load(node.test, start)
            body = self._block(node.body, start)
            self.loops.pop()
            if forever:
                return merged(loop.breaks)
            ended = merged([start, body, *loop.continues])
            return merged([self._block(node.orelse, ended), *loop.breaks])

    def _visit_for(self, node: ast.For | ast.AsyncFor, state: State) -> State | None:
        state = self._load(node.iter, state)
        loop = Loop()
        with _Deeper(self):
            self.loops.append(loop)
            start = self._may_repeat([node], state)
            body = self._block(node.body, self._store(node.target, start))
            self.loops.pop()
            never = None if surely_iterates(node.iter) else start
            ended = merged([never, body, *loop.continues])
            return merged([self._block(node.orelse, ended), *loop.breaks])

    def _may_repeat(self, body: Sequence[ast.stmt], state: State) -> State:
        """The state at the head of a loop: an earlier round may have assigned or deleted."""
        stored, deleted = self._stored(body)
        return replace(
            state,
            must=state.must - deleted,
            may=state.may | stored,
            gone=state.gone | deleted,
            touched=state.touched - deleted,
        )

    def _visit_break(self, node: ast.Break, state: State) -> None:
        self.loops[-1].breaks.append(state)

    def _visit_continue(self, node: ast.Continue, state: State) -> None:
        self.loops[-1].continues.append(state)

    def _visit_with(self, node: ast.With | ast.AsyncWith, state: State) -> State | None:
        protected: State | None = None  # where the first manager that may suppress begins
        guards = len(self.guards)
        self.caught.append(False)
        for item in node.items:
            state = self._load(item.context_expr, state)
            if protected is None and not self._passes_exceptions(item.context_expr):
                protected = state
                self.caught[-1] = True
            if suppresses_missing(item.context_expr):
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
        return merged([after, self._interrupted([node], protected)])

    def _passes_exceptions(self, context: ast.expr) -> bool:
        """Whether a context manager surely lets exceptions pass: a known one, or a generator of
        the module that catches nothing."""
        if isinstance(context, ast.Name) and context.id in self.scope.constants:
            context = self.scope.constants[context.id]  # as LOCK = Lock()
        function = context.func if isinstance(context, ast.Call) else context
        if resolve(function, self.flow.module.metaflow) in PASSES_EXCEPTIONS:
            return True
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        own = self.scope.functions.get(name)
        if own is not None and isinstance(function, ast.Name):
            decorators = [ast.unparse(decorator) for decorator in own.decorator_list]
            catches = any(isinstance(node, (ast.Try, ast.With)) for node in ast.walk(own))
            return decorators in (["contextmanager"], ["contextlib.contextmanager"]) and not catches
        return name in PASSES_EXCEPTIONS and name not in self.scope.classes

    def _interrupted(self, body: Sequence[ast.stmt], state: State) -> State:
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
            next=state.next | ({True} if called and not leaves(body) else set()),
        )

    def _visit_try(self, node: ast.Try, state: State) -> State | None:
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
                return merged(ends)
            normal = merged(ends)
            everything: list[ast.stmt] = [*node.body, *node.orelse]
            for handler in node.handlers:
                everything += handler.body
            anyhow = self._interrupted(everything, state).merge(normal)
            after = self._block(node.finalbody, anyhow)
            if normal is None or after is None:
                return None
            return replace(
                after,
                must=(normal.must - self._stored(node.finalbody)[1]) | after.must,
                next=normal.next if after.next == anyhow.next else after.next,
            )

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

    def _handler(self, handler: ast.ExceptHandler, state: State) -> State | None:
        if handler.type is not None:
            state = self._load(handler.type, state)
        return self._block(handler.body, state)

    def _visit_match(self, node: ast.Match, state: State) -> State | None:
        state = self._load(node.subject, state)
        ends: list[State | None] = []
        complete = False
        with _Deeper(self):
            for case in node.cases:
                for pattern in ast.walk(case.pattern):
                    if isinstance(pattern, ast.MatchValue) and any(
                        attribute_of(part, self.self_name) for part in ast.walk(pattern)
                    ):
                        self._escape(pattern, "a case pattern compares with an artifact")
                state = self._load(case.pattern, state)
                if case.guard is not None:
                    state = self._load(case.guard, state)
                ends.append(self._block(case.body, state))
                complete = complete or (case.guard is None and irrefutable(case.pattern))
        return merged(ends if complete else [*ends, state])

    def _visit_functiondef(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, state: State
    ) -> State:
        self._note(node, state)
        return self._defined(node, state)

    def _visit_classdef(self, node: ast.ClassDef, state: State) -> State:
        return self._defined(node, self._load(node, state))

    def _defined(self, node: ast.stmt, state: State) -> State:
        """The state from which on a nested function may be called at any time."""
        stored, deleted = self._stored([node])
        return replace(
            state,
            must=state.must - deleted,
            may=state.may | stored,
            gone=state.gone | deleted,
            touched=state.touched - deleted,
        )

    _visit_trystar = _visit_try
    _visit_asyncfunctiondef = _visit_functiondef
    _visit_asyncfor = _visit_for
    _visit_asyncwith = _visit_with


class _Deeper:
    """Counts how deep in compound statements the walk is."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    def __enter__(self) -> None:
        self.walk.depth += 1

    def __exit__(self, *exception: object) -> None:
        self.walk.depth -= 1
