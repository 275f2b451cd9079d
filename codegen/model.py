"""The source language: what a flow is made of, as plain data.

Everything here mirrors the flow as its author wrote it; nothing has been decided about Flyte yet.
Expressions stay syntax trees of the ``ast`` module (exact contexts and positions, for analysis);
text that reaches the output stays libcst nodes (comments and layout survive).
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Mapping
from dataclasses import dataclass

import libcst as cst

from codegen.diagnostics import Position


@dataclass(frozen=True)
class Argument:
    """A value given to a decorator or a Parameter, not yet evaluated."""

    node: ast.expr
    position: Position


@dataclass(frozen=True)
class Decorator:
    """A Metaflow decorator on a step or on the flow, by its name in Metaflow."""

    name: str
    position: Position
    arguments: Mapping[str, Argument]


@dataclass(frozen=True)
class Parameter:
    """``attribute = Parameter(name, …)`` in the body of the flow.

    ``comments`` are the lines above the assignment and behind it, each with its ``#``.
    """

    attribute: str
    position: Position
    arguments: Mapping[str, Argument]
    comments: tuple[str, ...] = ()


class Shape(enum.Enum):
    """The kinds of transition that ``self.next`` can express (METAFLOW: graph.py, flowspec.py)."""

    LINEAR = "linear"
    SPLIT = "split"
    FOREACH = "foreach"
    PARALLEL = "num_parallel"
    SWITCH = "switch"


@dataclass(frozen=True)
class Transition:
    """The ``self.next(…)`` that ends a step. ``targets`` has each step once, in source order.

    ``foreach`` and ``condition`` are names of artifacts, ``count`` is the value of
    ``num_parallel``, ``cases`` are the keys of a switch with their targets.
    """

    shape: Shape
    targets: tuple[str, ...]
    position: Position
    foreach: str | None = None
    condition: str | None = None
    count: ast.expr | None = None
    cases: tuple[tuple[ast.expr, str], ...] = ()


@dataclass(frozen=True)
class Step:
    """A method under ``@step``.

    ``transition`` is None where the last statement is no ``self.next`` call; ``invalid_next`` is
    the place of one that has none of the legal forms.
    """

    name: str
    position: Position
    node: ast.FunctionDef
    cst: cst.FunctionDef
    decorators: tuple[Decorator, ...]
    transition: Transition | None
    invalid_next: Position | None
    annotated_start: bool = False
    annotated_end: bool = False
    comments: tuple[str, ...] = ()

    @property
    def argument_count(self) -> int:
        """Positional arguments as Metaflow counts them: 1 for a normal step, 2 for a join."""
        return len(self.node.args.args)

    @property
    def self_name(self) -> str:
        """The name of the first argument; Metaflow recognises transitions only under ``self``."""
        return self.node.args.args[0].arg if self.node.args.args else "self"


@dataclass(frozen=True)
class ImportLine:
    """An import statement from the head of the module, without what it imports from Metaflow."""

    cst: cst.SimpleStatementLine
    position: Position


@dataclass(frozen=True)
class ModuleCode:
    """What stands around the flow class.

    ``header`` holds the comment lines above the first statement, ``imports`` the import
    statements of the head, ``body`` all other statements that stay, as text; ``kept`` are the
    same statements for analysis. ``metaflow`` maps local names to dotted names of Metaflow;
    ``guarded`` are the names that only the main guard binds.
    """

    header: tuple[str, ...]
    docstring: str | None
    future: tuple[str, ...]
    imports: tuple[ImportLine, ...]
    body: str
    kept: tuple[ast.stmt, ...]
    metaflow: Mapping[str, str]
    guarded: frozenset[str]


@dataclass(frozen=True)
class Flow:
    """A FlowSpec class with its steps in source order.

    ``refused`` are the names of class members that have been reported as not translated.
    """

    name: str
    position: Position
    filename: str
    docstring: str | None
    steps: Mapping[str, Step]
    parameters: Mapping[str, Parameter]
    decorators: tuple[Decorator, ...]
    module: ModuleCode
    comments: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
