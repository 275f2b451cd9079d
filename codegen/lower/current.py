"""``current``: what each of its attributes becomes, and what a run needs for that.

Source: metaflow/metaflow_current.py, and the decorators that add to it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codegen.diagnostics import Diagnostics, Position
from codegen.flyte import CurrentNames
from codegen.library import (
    CURRENT,
    CURRENT_DECORATED,
    CURRENT_PARALLEL,
    CURRENT_REFUSED,
    LIBRARY,
    PROJECT_NAMES,
    advice,
)
from codegen.model import PARALLEL_DECORATORS, Flow, Step
from codegen.parse.names import place as place_of
from codegen.parse.uses import Use, body_uses, outermost, uses
from codegen.symbols import Symbols

OF_CURRENT = "metaflow.current."

#: What current has outside of a task, where the module is imported.
_AT_IMPORT: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "flow_name", "namespace", "origin_run_id", "pathspec", "retry_count", "run_id",
            "step_name", "task_id", "username",
        ),
        "None",
    ),
    "is_running_flow": "False",
}  # fmt: skip

#: What says which task runs.
_OF_TASK = frozenset({"pathspec", "step_name", "task.id", "task.pathspec", "task_id"})

#: What Metaflow sets where a task of any step runs on one node (plugins/parallel_decorator.py).
_ONE_NODE: Mapping[str, str] = {
    "parallel.control_task_id": "None",
    "parallel.main_ip": "'127.0.0.1'",
    "parallel.node_index": "0",
    "parallel.num_nodes": "1",
}

#: Attributes whose values are not those of Metaflow: why, and what to do.
_DIFFERS: Mapping[str, tuple[str, str]] = {
    "run_id": (
        "the name of the execution on Flyte, and 'local' in a local run",
        "Nothing to do, unless the flow expects digits, or a new one for each local run.",
    ),
    "task_id": (
        "made of the name of the task's pod and of a number",
        "Nothing to do, unless the flow expects digits.",
    ),
    "pathspec": (
        "made of Flyte's names for the run and for the task",
        "Nothing to do, unless something looks it up in Metaflow.",
    ),
    "tags": (
        "empty: the tags of Metaflow's command line have no counterpart in a task",
        "Pass as a Parameter what steps need to know.",
    ),
    "username": (
        "'None' in a container on Flyte, which does not know who has started the run",
        "Name the user with pyflyte run --env METAFLOW_USER=….",
    ),
    "namespace": (
        "'user:None' in a container on Flyte, which does not know who has started the run",
        "Name the user with pyflyte run --env METAFLOW_USER=….",
    ),
}
_SAME_AS = {
    "run.id": "run_id",
    "run.pathspec": "run_id",
    "task.id": "task_id",
    "task.pathspec": "pathspec",
}


@dataclass(frozen=True)
class Place:
    """Where a name stands: in a ``step``, or else in the code around or in a helper, ``depth``
    functions deep and in the statement ``top`` of the module. ``local`` are names that mean
    something else there."""

    step: str
    depth: int
    top: str = ""
    local: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Asked:
    """A use of ``current``, by the names of its attributes that it may look up; ``every`` if any.
    ``certain`` tells that a missing one is an error, ``stored`` which one it sets or deletes."""

    use: Use
    place: Place
    names: tuple[str, ...]
    every: bool = False
    certain: bool = False
    stored: str = ""


class Current:
    """What stands for the attributes of ``current`` in one flow."""

    def __init__(self, flow: Flow, symbols: Symbols) -> None:
        self.flow = flow
        self.symbols = symbols
        self.early, self.wrapping = _early(flow)
        self.steps = {
            name: {found.name for found in step.decorators} for name, step in flow.steps.items()
        }
        decorators = set().union(*self.steps.values())
        self.is_parallel = bool(decorators & PARALLEL_DECORATORS)
        self.has_card = "card" in decorators
        self.has_trigger = any(found.name.startswith("trigger") for found in flow.decorators)
        self.has_project = any(found.name == "project" for found in flow.decorators)
        self.asked = list(_all_asked(flow))
        self.handed_on = {
            name for found in self.asked for name in found.names if self._by_object(found, name)
        }
        if any(found.every for found in self.asked):
            self.handed_on |= {name for name in CURRENT if "." not in name}
            self.handed_on |= {"card"} if self.has_card else set()
            self.handed_on |= self._project() if self.has_project else set()
        late = [found for found in self.asked if not self._at_import(found.place)]
        of_task = {
            name
            for found in late
            for name in found.names
            if name in _OF_TASK and not (found.place.step and name == "step_name")
        }
        #: Whether each task must say which step it is.
        self.running = bool(of_task | self.handed_on - CURRENT_DECORATED)
        if of_task - {"step_name"} or {"pathspec", "task_id"} & self.handed_on:
            symbols.need("task ids")

    # ------------------------------------------------------------------ expressions

    def expression(self, name: str, place: Place) -> str | None:
        """What stands for an attribute; None if it is the same everywhere."""
        if f"{OF_CURRENT}{name}" in LIBRARY and name != "retry_count":
            return None
        if self._at_import(place) and name in _AT_IMPORT:
            return _AT_IMPORT[name]
        lost = self._at_import(place) and name != "tempdir"
        if lost or not self._has(name, place) or self._is_early(place):
            return f"{self.symbols.use('current')}.{name}"
        return self._value(name, place)

    def is_node(self, dotted: str, step: str) -> bool:
        """Whether a name is replaced with the rest of the body, in a step of parallel nodes."""
        name = dotted.removeprefix(OF_CURRENT)
        return name in _ONE_NODE and bool(self.steps.get(step, set()) & PARALLEL_DECORATORS)

    def _value(self, name: str, place: Place) -> str:
        """An attribute of a task that runs."""
        symbols, flow = self.symbols, repr(self.flow.name)
        if name in _ONE_NODE:
            return _ONE_NODE[name]
        match name:
            case "flow_name":
                return flow
            case "is_parallel" | "is_running_flow":
                return "True"
            case "namespace":
                return f"('user:' + {symbols.use('metaflow_user')}())"
            case "origin_run_id":
                return "None"
            case "parameter_names":
                return repr(self.flow.parameter_names)
            case "pathspec" | "task.pathspec":
                return f"{symbols.use('pathspec')}({flow})"
            case "retry_count":
                return f"{symbols.use('retry_count')}()"
            case "run_id" | "run.id":
                return self._run(place)
            case "run.pathspec":
                return f"('{self.flow.name}/' + {self._run(place)})"
            case "step_name":
                return repr(place.step) if place.step else f"{symbols.use('Running')}.step"
            case "tags":
                return "set()"
            case "task_id" | "task.id":
                return f"{symbols.use('Running')}.task"
            case "tempdir":
                return f"{symbols.use('os', place.local)}.environ.get('METAFLOW_TEMPDIR', '.')"
        assert name == "username", name
        return f"{symbols.use('metaflow_user')}()"

    def _run(self, place: Place) -> str:
        """The run: threads, which functions may run in, do not have flytekit's context."""
        if place.step and place.depth == 0:
            return f"{self.symbols.use('current_context', place.local)}().execution_id.name"
        return f"{self.symbols.use('run_id')}()"

    def names(self) -> CurrentNames | None:
        """What the object that stands for ``current`` knows, if there is one."""
        if not self.symbols.uses("current"):
            return None
        place = Place("", 1)
        careful = any(self.at_import(found.place) for found in self.asked)
        values = []
        for name in sorted(self.handed_on):
            if name == "card":
                values.append((name, self.symbols.use("current_card")))
            elif careful and name == "is_running_flow":
                values.append((name, f"lambda: bool({self.symbols.use('Running')}.step)"))
            elif f"{OF_CURRENT}{name}" in PROJECT_NAMES:
                found = LIBRARY[f"{OF_CURRENT}{name}"]
                text = found.text.format(self.symbols.use(found.helper))
                values.append((name, f"lambda: {text}"))
            else:
                text = self._value(name, place)
                called = text[:-2] if text.endswith("()") and text[:-2].isidentifier() else ""
                values.append((name, called or f"lambda: {text}"))
        return CurrentNames(
            tuple(values), tuple(sorted(CURRENT_REFUSED)) if self._any else (), careful
        )

    @property
    def _any(self) -> bool:
        return any(found.every for found in self.asked)

    @property
    def project_names(self) -> set[str]:
        """The names of @project that the object knows."""
        return {f"{OF_CURRENT}{name}" for name in self.handed_on} & PROJECT_NAMES

    # ------------------------------------------------------------------ questions

    def _at_import(self, place: Place) -> bool:
        return not place.step and place.depth == 0

    def _is_early(self, place: Place) -> bool:
        """Whether code runs both when the module is imported and in tasks. What a decorator
        returns is taken to run in tasks only."""
        if place.step or place.depth == 0:
            return False
        return place.top in self.early or (place.depth == 1 and place.top in self.wrapping)

    def at_import(self, place: Place) -> bool:
        """Whether code may run when the module is imported."""
        return self._at_import(place) or self._is_early(place)

    def _has(self, name: str, place: Place) -> bool:
        """Whether current has an attribute there."""
        if name in CURRENT:
            return True
        if name.partition(".")[0] == "parallel":
            return self.is_parallel
        if name == "is_parallel":
            return bool(self.steps.get(place.step, set()) & PARALLEL_DECORATORS)
        return False

    def _by_object(self, found: _Asked, name: str) -> bool:
        """Whether a name is looked up in the object that stands for ``current``."""
        if found.certain and not self._is_early(found.place):
            return False
        known = {*CURRENT, *(self._project() if self.has_project else ())}
        return name in known or (name == "card" and self.has_card)

    def _project(self) -> set[str]:
        return {name.removeprefix(OF_CURRENT) for name in PROJECT_NAMES}

    # ------------------------------------------------------------------ messages

    def check(self, diagnostics: Diagnostics) -> None:
        """Report what current does not have here, and what differs."""
        told: set[str] = set()
        for found in self.asked:
            position = Position(*place_of(found.use.node))
            step = found.place.step or None
            if found.stored:
                diagnostics.add(
                    "MF673",
                    position,
                    f"current.{found.stored} is set or deleted here: Metaflow refuses that for its "
                    "own attributes, and forgets others at the end of the task",
                    "Use a variable, or an artifact.",
                    step,
                )
                continue
            for name in found.names:
                self._check_name(name, found, position, step, told, diagnostics)
            if found.every and self.is_parallel:
                diagnostics.add(
                    "MF508",
                    position,
                    "current as a value has current.parallel, which only tells the nodes of a "
                    "step their numbers by name",
                    "Hand on what is needed of it.",
                    step,
                )
            if found.every and not told.issuperset(_DIFFERS):
                told.update(_DIFFERS)
                *first, last = _DIFFERS
                diagnostics.add(
                    "MF670",
                    position,
                    f"what current as a value says of {', '.join(first)} and {last} is Flyte's own",
                    "Nothing to do, unless what it is handed to expects Metaflow's.",
                    step,
                )

    def _check_name(
        self,
        name: str,
        found: _Asked,
        position: Position,
        step: str | None,
        told: set[str],
        diagnostics: Diagnostics,
    ) -> None:
        first = name.partition(".")[0]
        if name in CURRENT:
            self._differs(_SAME_AS.get(name, name), position, step, told, diagnostics)
            if self._at_import(found.place) and found.certain and name not in _AT_IMPORT:
                if name in ("tags", "parameter_names"):
                    self._missing(name, position, step, diagnostics)
        elif first in CURRENT_REFUSED or (first == "trigger" and self.has_trigger):
            diagnostics.add(
                "MF503",
                position,
                f"{OF_CURRENT}{name} is not translated",
                advice(f"{OF_CURRENT}{name}"),
                step,
            )
        elif first in ("is_parallel", "parallel") and self.is_parallel:
            own = self.steps.get(found.place.step, set())
            is_plain = name in CURRENT_PARALLEL and found.certain and found.place.step
            if not is_plain or (name == "is_parallel" and not own & PARALLEL_DECORATORS):
                diagnostics.add(
                    "MF508",
                    position,
                    f"{OF_CURRENT}{name} is translated in the step of the nodes itself, by names: "
                    "current.parallel.node_index and current.parallel.num_nodes",
                    "Hand on to other code what it needs of them.",
                    step,
                )
        elif first.startswith("_"):
            diagnostics.add(
                "MF503",
                position,
                f"{OF_CURRENT}{name} is Metaflow's own",
                "Use the attributes that current has for flows.",
                step,
            )
        elif found.certain and first not in self._project() | {"card"}:
            if not self._has(name, found.place):
                self._missing(name, position, step, diagnostics)

    def _missing(
        self, name: str, position: Position, step: str | None, diagnostics: Diagnostics
    ) -> None:
        special = advice(f"{OF_CURRENT}{name}") if name == "trigger" else ""
        diagnostics.add(
            "MF671",
            position,
            f"current has no {name} here: where the run asks for it, it gets an AttributeError, as "
            "in Metaflow",
            special or f"Correct the name, or ask with current.get({name!r}).",
            step,
        )

    def _differs(
        self,
        name: str,
        position: Position,
        step: str | None,
        told: set[str],
        diagnostics: Diagnostics,
    ) -> None:
        """Say once for each attribute."""
        if name in told or name not in _DIFFERS:
            return
        told.add(name)
        what, todo = _DIFFERS[name]
        diagnostics.add("MF670", position, f"current.{name} is {what}", todo, step)


def flow_uses(flow: Flow) -> Iterator[tuple[Use, Place]]:
    """Each use of Metaflow in the code of a flow that stays."""
    for _, use, place in _uses_by_root(flow):
        yield use, place


def _uses_by_root(flow: Flow) -> Iterator[tuple[ast.AST, Use, Place]]:
    """The same, with the statement, expression or method that each stands in."""
    names = flow.module.metaflow
    tops = [(node, getattr(node, "name", "")) for node in flow.module.kept]
    tops += [(each.node, each.name) for each in flow.nested.values()]
    for node, top in tops:
        for use in uses(node, outermost(names)):
            yield node, use, Place("", use.depth, top)
    for constant in flow.constants.values():
        for use in uses(constant.value, outermost(names)):
            yield constant.value, use, Place("", use.depth)
    called = _called(flow)
    for method in flow.methods:
        is_task = isinstance(method, Step) and not method.wrappers and method.name not in called
        own = flow.steps.get(method.name)
        is_task = is_task and own is not None and own.node is method.node
        for use in body_uses(method.node, names):
            # a helper is a function itself, and never runs before the steps do
            place = Place(method.name, use.depth) if is_task else Place("", use.depth + 1)
            yield method.node, use, place


def _called(flow: Flow) -> frozenset[str]:
    """The steps that others call like methods."""
    return frozenset(
        node.func.attr
        for method in flow.methods
        for node in ast.walk(method.node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ) & set(flow.steps)


def _all_asked(flow: Flow) -> Iterator[_Asked]:
    """Each use of ``current``."""
    questions: dict[int, ast.expr] = {}
    stored: dict[int, str] = {}
    last: ast.AST | None = None
    for root, use, place in _uses_by_root(flow):
        if root is not last:
            questions, stored, last = _questions(root), _stored(root), root
        if use.dotted == "metaflow.current" and id(use.node) in stored:
            yield _Asked(use, place, (), stored=stored[id(use.node)])
        else:
            yield from _asked(use, place, questions)


def _stored(root: ast.AST) -> dict[int, str]:
    """The expressions of which an attribute is set or deleted, with its name."""
    return {
        id(node.value): node.attr
        for node in ast.walk(root)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }


def _questions(root: ast.AST) -> dict[int, ast.expr]:
    """The expressions that may be asked for something by name, with that name."""
    found: dict[int, ast.expr] = {}
    for node in ast.walk(root):
        match node:
            case ast.Call(func=ast.Attribute(attr="get") as owner, args=[name, *_]):
                found[id(owner)] = name
            case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[owner, name, *_]):
                found[id(owner)] = name
            case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[owner]):
                found[id(owner)] = name
    return found


def _asked(use: Use, place: Place, questions: Mapping[int, ast.expr]) -> Iterator[_Asked]:
    """What a use of Metaflow asks ``current`` for, if it does."""
    if not f"{use.dotted}.".startswith(OF_CURRENT) or use.annotation:
        return
    name = use.dotted.removeprefix("metaflow.current").removeprefix(".")
    if name not in ("", "get"):
        parts = name.split(".")
        whole = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
        known = (each for each in whole if each in CURRENT | CURRENT_PARALLEL)
        yield _Asked(use, place, (next(known, parts[0]),), certain=True)
        return
    match questions.get(id(use.node)):
        case ast.Constant(value=str(asked)):
            yield _Asked(use, place, (asked,))
        case _:
            yield _Asked(use, place, (), every=True)


def _early(flow: Flow) -> tuple[frozenset[str], frozenset[str]]:
    """The functions and classes of the module that may run when it is imported, with all that is
    in them; and those that only decorate others."""
    defined = {
        node.name: node
        for node in flow.module.kept
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    roots: list[ast.AST] = [*flow.module.kept, *(each.value for each in flow.constants.values())]
    decorators = [part for node in defined.values() for part in node.decorator_list]
    wrapping = {name for part in decorators for name in _run_at_once(part)} & set(defined)
    plain = [root for root in roots if root not in defined.values()]
    plain += [part for node in defined.values() for part in _at_definition(node)]
    early: set[str] = set()
    ahead = {name for root in plain for name in _run_at_once(root)} & set(defined)
    while ahead:
        name = ahead.pop()
        early.add(name)
        ahead |= {node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
        ahead &= set(defined) - early
    ahead = set(wrapping)
    while ahead:
        node = defined[ahead.pop()]
        wrapping.add(node.name)
        ahead |= {name for part in node.body for name in _run_at_once(part)}
        ahead &= set(defined) - wrapping
    return frozenset(early), frozenset(wrapping)


def _at_definition(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
) -> list[ast.AST]:
    """What a definition evaluates, but for its decorators."""
    if isinstance(node, ast.ClassDef):
        return [*node.bases, *node.keywords, *node.body]
    return [node.args]


def _run_at_once(root: ast.AST) -> Iterator[str]:
    """The names that code looks up when it runs, and not only when functions in it are called."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            yield node.id
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting += [*node.decorator_list, node.args]
        elif isinstance(node, ast.Lambda):
            waiting.append(node.args)
        else:
            waiting += ast.iter_child_nodes(node)
