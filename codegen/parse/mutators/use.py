"""Which classes are mutators, and where a flow uses them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from codegen.diagnostics import Diagnostics, Position
from codegen.parse.names import binds, place
from codegen.parse.siblings import Class, Library, Siblings, Source


class MutatorKind(Enum):
    """What a mutator stands above: Metaflow calls the class that it derives from so."""

    STEP = "StepMutator"
    FLOW = "FlowMutator"


@dataclass(frozen=True)
class Mutator:
    """A mutator class; ``line`` are itself and those of its bases that are not Metaflow's, in
    Python's order. ``problem`` is where its code does what no class of its kind is followed in."""

    line: tuple[Class, ...]
    kind: MutatorKind
    problem: tuple[ast.AST, str] | None = None

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.line[0].node.name

    def method(self, name: str) -> tuple[Class, ast.FunctionDef] | None:
        """The function that it calls so, with the class that defines it."""
        for each in self.line:
            for node in reversed(each.node.body):
                if isinstance(node, ast.FunctionDef) and node.name == name:
                    return each, node
        return None


@dataclass(frozen=True)
class Use:
    """A mutator as decorator: ``@resilient`` or ``@resilient(times=1)``."""

    mutator: Mutator
    node: ast.expr


class Mutators:
    """Finds the mutators of the flow's file and of the modules beside it."""

    def __init__(self, siblings: Siblings) -> None:
        self.siblings = siblings
        self._known: dict[Class, Mutator | None] = {}

    def of(self, found: Class) -> Mutator | None:
        """A class as a mutator, None if it is none."""
        if found not in self._known:
            self._known[found] = None  # for a class that derives from itself
            self._known[found] = self._read(found)
        return self._known[found]

    def within(self, source: Source) -> Iterator[Mutator]:
        """All mutators at the top level of a module."""
        for node in source.abstract.body:
            mutator = self.of(Class(source, node)) if isinstance(node, ast.ClassDef) else None
            if mutator is not None:
                yield mutator

    def used(self, decorator: ast.expr, source: Source) -> Use | None:
        """A decorator as the use of a mutator, None if it is something else."""
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        found = self.siblings.follow(target, source)
        mutator = self.of(found) if isinstance(found, Class) else None
        return Use(mutator, decorator) if mutator is not None else None

    def _read(self, found: Class) -> Mutator | None:
        bases = [(base, self.siblings.follow(base, found.source)) for base in found.node.bases]
        for _, base in bases:
            inherited = self.of(base) if isinstance(base, Class) else None
            kind = inherited.kind if inherited is not None else _kind(base)
            if kind is None:
                continue
            line = (found, *(inherited.line if inherited is not None else ()))
            problem = inherited.problem if inherited is not None else None
            if len(bases) > 1:
                problem = found.node.bases[1], f"{found.node.name} derives from several classes"
            return Mutator(line, kind, _unusual(found.node) or problem)
        return None


def _kind(base: object) -> MutatorKind | None:
    if isinstance(base, Library):
        for kind in MutatorKind:
            if base.dotted.rpartition(".")[2] == kind.value:
                return kind
    return None


def _unusual(node: ast.ClassDef) -> tuple[ast.AST, str] | None:
    """What makes more of a class than its methods and constants tell."""
    for keyword in node.keywords:
        return keyword.value, f"{node.name} takes {keyword.arg or '**keywords'}"
    for decorator in node.decorator_list:
        return decorator, f"{node.name} is decorated itself"
    for each in node.body:
        if isinstance(each, ast.FunctionDef):
            if each.name.startswith("__") or each.name == "add_to_package":
                return each, f"{node.name} has a method {each.name}"
        elif isinstance(each, ast.Expr):
            if not isinstance(each.value, ast.Constant):
                return each, "code in the body of the class"
        elif not isinstance(each, (ast.Assign, ast.AnnAssign, ast.Pass)):
            return each, "code in the body of the class that is neither a method nor a constant"
    return None


def split_uses(
    nodes: Sequence[ast.expr], mutators: Mutators, source: Source
) -> tuple[list[ast.expr], list[Use]]:
    """Decorators without the mutators among them, and these, in the order of the source."""
    rest: list[ast.expr] = []
    uses: list[Use] = []
    for node in nodes:
        use = mutators.used(node, source)
        if use is None:
            rest.append(node)
        else:
            uses.append(use)
    return rest, uses


def misplaced(
    uses: Sequence[Use], where: str, advice: str, step: str | None, diagnostics: Diagnostics
) -> None:
    """Report mutators that Metaflow does not take where they stand."""
    for use in uses:
        diagnostics.add(
            "MF120",
            Position(*place(use.node)),
            f"@{use.mutator.name} is a {use.mutator.kind.value}, but stands {where}",
            advice,
            step,
        )


def report_mentions(found: Class, mutators: Mutators, diagnostics: Diagnostics) -> None:
    """Report what a class of the flow does with mutators beside using them as decorators."""
    gone = {each.name for each in mutators.within(found.source)}
    for statement in found.source.abstract.body:
        if isinstance(statement, ast.ImportFrom):
            for name in binds(statement):
                target = mutators.siblings.binding(found.source, name)
                if isinstance(target, Class) and mutators.of(target) is not None:
                    gone.add(name)
    for member in found.node.body if gone else ():
        decorators: list[ast.expr] = getattr(member, "decorator_list", [])
        used = {inner for decorator in decorators for inner in ast.walk(decorator)}
        names = [node for node in ast.walk(member) if isinstance(node, ast.Name)]
        local = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
        for node in names:
            if node.id in gone - local and node not in used:
                diagnostics.add(
                    "MF506",
                    Position(*place(node)),
                    f"{node.id} is used beside its use as a decorator, and the generated module "
                    "has no such class",
                    "Use it as a decorator only.",
                )
