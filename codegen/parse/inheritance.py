"""Which classes are flows, and in which order Python looks through their bases."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen.parse.names import is_main_guard, resolve, starts
from codegen.parse.siblings import Class, Found, Library, Missing, Module, Other, Siblings

_FLOW = "metaflow.FlowSpec"
_ADVICE = "Put the base beside the flow, or write what it brings into the flow."


@dataclass(frozen=True)
class Problem:
    """What is wrong with the bases of a class, and at which expression."""

    node: ast.AST
    message: str
    advice: str = _ADVICE


@dataclass(frozen=True)
class Order:
    """A class with all its bases, in Python's order of method resolution; ``flows`` are those
    that derive from FlowSpec. There are ``problems`` if the order cannot be known."""

    classes: tuple[Class, ...]
    flows: frozenset[Class]
    problems: tuple[Problem, ...] = ()


class Hierarchy:
    """The classes of the flow's file and of the modules beside it."""

    def __init__(self, siblings: Siblings) -> None:
        self.siblings = siblings
        self._orders: dict[Class, Order] = {}

    def flows(self) -> list[Class]:
        """The classes at the top level of the flow's file that are flows; such that have steps or
        are started count as well where a base cannot be found."""
        source = self.siblings.flow
        started = {
            name
            for node in source.abstract.body
            for inner in ([*node.body] if isinstance(node, ast.If) else [node])
            if (name := starts(inner)) and (inner is node or is_main_guard(node))
        }
        found: list[Class] = []
        for node in source.abstract.body:
            if isinstance(node, ast.ClassDef):
                each = Class(source, node)
                if self.is_flow(each) or (
                    self._unknown(each) and (node.name in started or self._has_steps(each))
                ):
                    found.append(each)
        return found

    def runnable(self, flows: Sequence[Class]) -> list[Class]:
        """The flows that are not there to be the base of another one."""
        bases = {base for flow in flows for base in self.ancestors(flow)}
        return [flow for flow in flows if flow not in bases]

    def is_flow(self, found: Class) -> bool:
        """Whether a class derives from FlowSpec."""
        return any(self.is_root(each) for each in (found, *self.ancestors(found)))

    def ancestors(self, found: Class) -> list[Class]:
        """All bases of a class that can be found, their own ones included."""
        reached: dict[Class, None] = {}
        waiting = [found]
        while waiting:
            for base in self.bases(waiting.pop()):
                if isinstance(base, Class) and base not in reached:
                    reached[base] = None
                    waiting.append(base)
        return list(reached)

    def bases(self, found: Class) -> list[Found]:
        """What the bases of a class stand for, as it names them."""
        return [self._follow(base, found) for base in found.node.bases]

    def order(self, found: Class) -> Order:
        """The class and its bases in Python's order, or what is wrong with them."""
        if found not in self._orders:
            problems = list(self._problems(found))
            if not problems:
                try:
                    line = self._line(found)
                except _Inconsistent as error:
                    problems = [Problem(error.node, str(error), "Change the order of the bases.")]
            if problems:
                self._orders[found] = Order((found,), frozenset({found}), tuple(problems))
            else:
                classes = tuple(each for each in line if isinstance(each, Class))
                flows = frozenset(each for each in classes if self.is_flow(each))
                self._orders[found] = Order(classes, flows, tuple(_namesakes(classes)))
        return self._orders[found]

    def _follow(self, base: ast.expr, found: Class) -> Found:
        if isinstance(base, ast.Name) and base.id == "object":
            return Library("object")
        return self.siblings.follow(base, found.source)

    def is_root(self, found: Class) -> bool:
        """Whether a class names FlowSpec itself among its bases."""
        return Library(_FLOW) in self.bases(found)

    def _unknown(self, found: Class) -> bool:
        return any(
            not isinstance(base, (Class, Library))
            for each in (found, *self.ancestors(found))
            for base in self.bases(each)
        )

    def _has_steps(self, found: Class) -> bool:
        names = self.siblings.names(found.source)
        return any(
            resolve(mark.func if isinstance(mark, ast.Call) else mark, names) == "metaflow.step"
            for node in found.node.body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            for mark in node.decorator_list
        )

    def _problems(self, found: Class) -> Iterator[Problem]:
        """Bases that cannot be found, and classes that a keyword makes something else."""
        for each in (found, *self.ancestors(found)):
            for base in each.node.bases:
                problem = self._problem(base, each)
                if problem is not None:
                    yield problem
            for keyword in each.node.keywords:
                yield Problem(
                    keyword.value,
                    f"the class {each.node.name} takes {keyword.arg or '**keywords'}",
                    "Derive without keywords, and write what they bring into the flow.",
                )

    def _problem(self, base: ast.expr, owner: Class) -> Problem | None:
        shown = f"{owner.node.name} derives from {ast.unparse(base)}"
        match self._follow(base, owner):
            case Library(dotted) if dotted in (_FLOW, "object"):
                return None
            case Library(dotted):
                return Problem(base, f"{shown}, which is Metaflow's own {dotted}")
            case Missing(reason):
                return Problem(base, f"{shown}, but {reason}")
            case Module():
                return Problem(base, f"{shown}, which is a module")
            case Other(source, name):
                text = f"{shown}, and {source.shown} makes {name} in another way than by class"
                return Problem(base, text, "Name the base class itself.")
            case Class() as found if owner in (found, *self.ancestors(found)):
                return Problem(base, f"{shown}, which derives from itself")
        return None

    def _line(self, found: Class) -> list[Class | str]:
        """Python's linearisation (C3) over classes, FlowSpec and object."""
        bases: list[Class | str] = [
            _FLOW if isinstance(base, Library) else base
            for base in self.bases(found)
            if isinstance(base, Class) or base == Library(_FLOW)
        ]
        if len(set(bases)) < len(bases):
            raise _Inconsistent(found.node, f"{found.node.name} names a base twice")
        lines = [self._line(base) if isinstance(base, Class) else [base] for base in bases]
        merged = _merge([*lines, bases])
        if merged is None:
            raise _Inconsistent(
                found.node.bases[0],
                f"Python finds no order of method resolution for the bases of {found.node.name}",
            )
        return [found, *merged]


class _Inconsistent(Exception):
    """The bases of a class contradict one another, as told at ``node``."""

    def __init__(self, node: ast.AST, message: str) -> None:
        super().__init__(message)
        self.node = node


def _merge(lines: Sequence[Sequence[Class | str]]) -> list[Class | str] | None:
    """The merge of C3: each step takes a head that no other line has behind its own head."""
    rest = [list(line) for line in lines if line]
    merged: list[Class | str] = []
    while rest:
        heads = (line[0] for line in rest)
        head = next((one for one in heads if not any(one in line[1:] for line in rest)), None)
        if head is None:
            return None
        merged.append(head)
        rest = [[one for one in line if one != head] for line in rest]
        rest = [line for line in rest if line]
    return merged


def _namesakes(classes: Sequence[Class]) -> Iterator[Problem]:
    """Two classes of one name, which the module cannot both have."""
    seen: dict[str, Class] = {}
    for found in classes:
        other = seen.setdefault(found.node.name, found)
        if other is not found:
            yield Problem(
                other.node,
                f"{other.source.shown} and {found.source.shown} both have a class "
                f"{found.node.name} that the flow derives from",
                "Rename one of them.",
            )
