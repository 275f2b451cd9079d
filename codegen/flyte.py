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
    default: str = ""


@dataclass(frozen=True)
class OutputsType:
    """The NamedTuple that a task or a workflow returns."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Task:
    """``@task`` with what stands around and in it; ``@dynamic`` for a step that loops.

    ``options`` are the arguments of the ``decorator``, ``wrappers`` the prelude decorators under
    it, outermost first; ``returns`` is the type of its result, ``body`` is indented by four
    spaces. A ``hook`` is there for what it does alone, so it must never be cached.
    """

    name: str
    decorator: str
    comments: tuple[str, ...]
    constants: tuple[str, ...]
    options: tuple[str, ...]
    wrappers: tuple[str, ...]
    inputs: tuple[Field, ...]
    outputs: OutputsType | None
    returns: str
    body: str
    hook: bool = False


@dataclass(frozen=True)
class Node:
    """The call of a task or workflow in a function; ``variable`` is None where nothing refers to
    it. A map task binds what all its elements share: ``mapped`` are these arguments."""

    variable: str | None
    task: str
    arguments: tuple[tuple[str, str], ...]
    mapped: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True)
class Order:
    """Two nodes between which no data flows, in their order; the ``first_of`` several says why."""

    first: str
    second: str
    first_of: bool = False


@dataclass(frozen=True)
class Choice:
    """The statements of each arm of a switch, by the value of ``chosen`` that leads to it."""

    chosen: str
    arms: tuple[tuple[str, tuple[Statement, ...]], ...]


@dataclass(frozen=True)
class Each:
    """One call of a node for each ``element`` of a list, collected in ``variable``."""

    variable: str | None
    element: str
    elements: str
    node: Node


@dataclass(frozen=True)
class Return:
    """The outputs of a function, by field."""

    outputs: str
    fields: tuple[tuple[str, str], ...]


Statement = Node | Order | Choice | Each | Return


@dataclass(frozen=True)
class FunctionInput:
    """An input of a workflow; ``default`` is None where the caller must give it."""

    name: str
    type: str
    default: str | None = None
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """A ``@workflow`` or ``@dynamic`` of nodes; a ``public`` one has each input on a line.
    ``options`` are the arguments of the ``decorator``."""

    decorator: str
    name: str
    comments: tuple[str, ...]
    docstring: str
    inputs: tuple[FunctionInput, ...]
    outputs: OutputsType | None
    body: tuple[Statement, ...]
    public: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProjectNames:
    """What stands for the names that @project sets, each a Python expression."""

    docstring: str
    name: str
    branch: str
    is_production: str
    is_user_branch: str
    flow_name: str
    comments: tuple[str, ...]


@dataclass(frozen=True)
class CurrentNames:
    """What the object knows that stands for ``current``: names with Python expressions for
    functions that give the values, and those that it must not be asked for. A ``careful`` one may
    be asked outside of tasks as well."""

    values: tuple[tuple[str, str], ...]
    refused: tuple[str, ...]
    careful: bool


@dataclass(frozen=True)
class LaunchPlan:
    """A launch plan; ``options`` are its arguments beside workflow and name."""

    variable: str
    workflow: str
    options: tuple[str, ...]
    comments: tuple[str, ...]


@dataclass(frozen=True)
class FlyteModule:
    """A whole module. ``imports`` are statements beside those of the user and of ``symbols``,
    ``helpers`` the names of the prelude templates that it uses, ``code`` the user's own
    module-level code, ``classes`` those that stand for the flow's class, ``declarations`` what
    tasks share, ``seeds`` calls of the code that seed random numbers. ``blocks`` are the tasks with
    the sub-workflows and dynamic tasks that call them; ``more`` are the workflows of further flows.
    The flows of a file share the beginning of the code, ``around`` them. ``project`` is there if
    anything uses its names."""

    header: tuple[str, ...]
    docstring: str
    future: tuple[str, ...]
    imports: tuple[str, ...]
    code: str
    classes: str
    helpers: tuple[str, ...]
    constants: tuple[str, ...]
    declarations: tuple[str, ...]
    seeds: tuple[str, ...]
    blocks: tuple[Task | Function, ...]
    workflow: Function
    launch_plans: tuple[LaunchPlan, ...]
    symbols: Symbols
    more: tuple[Function, ...] = ()
    around: str = ""
    project: ProjectNames | None = None
    current: CurrentNames | None = None
    early: bool = False
