"""The generated module as plain data: every decision is taken, every string is ready to print.

Text that stems from the source is Python code that libcst or ``repr`` produced, so that nothing
in the source can leave its place in the output.
"""

from __future__ import annotations

from dataclasses import dataclass

from codegen.symbols import Symbols


@dataclass(frozen=True)
class Field:
    """A typed name: an input of a task, or a field of an outputs type."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True)
class OutputsType:
    """The NamedTuple that a task or a workflow returns."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Task:
    """``@task`` with what stands around and in it.

    ``options`` are the arguments of ``@task``, ``wrappers`` the prelude decorators under it,
    outermost first; ``body`` is indented by four spaces.
    """

    name: str
    comments: tuple[str, ...]
    constants: tuple[str, ...]
    options: tuple[str, ...]
    wrappers: tuple[str, ...]
    inputs: tuple[Field, ...]
    outputs: OutputsType | None
    body: str


@dataclass(frozen=True)
class Node:
    """The call of a task in a workflow; ``variable`` is None where nothing refers to it."""

    variable: str | None
    task: str
    arguments: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WorkflowInput:
    """An input of the workflow; ``default`` is None where the caller must give it."""

    name: str
    type: str
    default: str | None
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workflow:
    """``@workflow``: its nodes, the order of those between which no data flows, its outputs."""

    name: str
    comments: tuple[str, ...]
    docstring: str
    inputs: tuple[WorkflowInput, ...]
    nodes: tuple[Node, ...]
    orders: tuple[tuple[str, str], ...]
    outputs: OutputsType | None
    returns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LaunchPlan:
    """A launch plan with a cron schedule."""

    variable: str
    workflow: str
    cron: str
    comments: tuple[str, ...]


@dataclass(frozen=True)
class FlyteModule:
    """A whole module. ``imports`` are complete statements, ``helpers`` the names of the prelude
    templates that it uses, ``code`` the user's own module-level code, ``seeds`` its calls that
    seed random numbers."""

    header: tuple[str, ...]
    docstring: str
    future: tuple[str, ...]
    imports: tuple[str, ...]
    code: str
    helpers: tuple[str, ...]
    constants: tuple[str, ...]
    seeds: tuple[str, ...]
    tasks: tuple[Task, ...]
    workflow: Workflow
    launch_plans: tuple[LaunchPlan, ...]
    symbols: Symbols
