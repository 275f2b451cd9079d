"""The source language: what a flow is made of, as plain data.

Everything here mirrors the flow as its author wrote it; nothing has been decided about Flyte yet.
Expressions stay syntax trees of the ``ast`` module (exact contexts and positions, for analysis);
text that reaches the output stays libcst nodes (comments and layout survive).
"""

from __future__ import annotations

import ast
import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True)
class Config:
    """``attribute = Config(name, …)`` in the body of a class, with the ``value`` that it has where
    the flow is translated: plain data, or None if none is given. ``origin`` tells where that comes
    from; ``outside`` that it is not in the source. A value that is not ``plain`` is a mapping.
    ``owner`` is the class."""

    attribute: str
    name: str
    owner: str
    position: Position
    value: Any
    plain: bool
    origin: str
    outside: bool
    comments: tuple[str, ...] = ()

    @property
    def declared(self) -> str:
        """Where the value comes from, for people."""
        name = json.dumps(self.name, ensure_ascii=not self.name.isprintable())
        shown = f"Config({name})"
        return f"{shown} from {self.origin}" if self.origin else f"{shown}, not given"


@dataclass(frozen=True)
class IncludeFile(Parameter):
    """``attribute = IncludeFile(name, …)``: its value is what a file contains."""


#: Decorators of steps that run on several nodes at once, of Metaflow and of its extensions.
PARALLEL_DECORATORS = frozenset(
    {
        "deepspeed", "metaflow_ray", "mpi", "parallel", "pytorch_parallel", "ray_parallel",
        "tensorflow_parallel", "torchrun",
    }
)  # fmt: skip


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
class Method:
    """A function in the body of a class. ``owner`` is that class, under whose name Python keeps
    the private attributes that the body mentions."""

    name: str
    position: Position
    node: ast.FunctionDef
    cst: cst.FunctionDef
    owner: str

    @property
    def self_name(self) -> str:
        """The name of the first argument; Metaflow recognises transitions only under ``self``."""
        return self.node.args.args[0].arg if self.node.args.args else "self"


@dataclass(frozen=True)
class Wrapper:
    """A decorator of a step that is not Metaflow's: what it makes runs in place of the step.
    ``node`` is the decorator, ``name`` what it calls or is."""

    name: str
    position: Position
    node: ast.expr


@dataclass(frozen=True)
class Step(Method):
    """A method under ``@step``. ``wrappers`` are decorators of other kinds, outermost first.

    ``transition`` is None where the last statement is no ``self.next`` call; ``invalid_next`` is
    the place of one that has none of the legal forms.
    """

    decorators: tuple[Decorator, ...]
    transition: Transition | None
    invalid_next: Position | None
    annotated_start: bool = False
    annotated_end: bool = False
    comments: tuple[str, ...] = ()
    wrappers: tuple[Wrapper, ...] = ()

    @property
    def argument_count(self) -> int:
        """Positional arguments as Metaflow counts them: 1 for a normal step, 2 for a join."""
        return len(self.node.args.args)


class MemberKind(enum.Enum):
    """What a member of the class is, beside steps and Parameters."""

    METHOD = "method"
    STATIC = "static method"
    CLASS = "class method"
    PROPERTY = "property"
    CONSTANT = "constant"
    NESTED = "nested class"


@dataclass(frozen=True)
class Helper(Method):
    """A method that is no step, or a part of a property (``role`` is getter, setter, deleter).

    ``plain`` tells that nothing but Python's own ``staticmethod``, ``classmethod`` and
    ``property`` decorates it; ``deferred`` that a call does not run its body at once, since it is
    a coroutine or a generator.
    """

    kind: MemberKind
    plain: bool = True
    deferred: bool = False
    role: str = ""

    @property
    def self_name(self) -> str:
        """The name of the flow in it; static and class methods have none."""
        return "" if self.kind in (MemberKind.STATIC, MemberKind.CLASS) else "self"

    @property
    def class_name(self) -> str:
        """The name of the class in a class method."""
        return self.node.args.args[0].arg if self.kind is MemberKind.CLASS else ""


@dataclass(frozen=True)
class Constant:
    """``NAME = value`` in the body of the class, evaluated wherever the module is imported."""

    name: str
    position: Position
    owner: str
    value: ast.expr
    cst: cst.SimpleStatementLine


@dataclass(frozen=True)
class NestedClass:
    """A class in the body of the class; Metaflow can store a flow only if its name is private."""

    name: str
    position: Position
    owner: str
    node: ast.ClassDef
    cst: cst.ClassDef


Member = Helper | Constant | NestedClass


@dataclass(frozen=True)
class FlowClass:
    """The flow's class or a base of it, without Parameters. ``bases`` are names of other classes
    of the flow, in order; ``members`` stand as in the source.

    ``steps`` are those that the class itself defines, those that another class overrides
    included; a ``root`` derives from FlowSpec itself. The module imports a class that is
    ``imported``, and all others become part of it; among the ``bases``, an imported class stands
    as the source writes it.
    """

    name: str
    bases: tuple[str, ...]
    members: tuple[Member, ...]
    steps: tuple[Step, ...] = ()
    imported: bool = False
    root: bool = False


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
    ``guarded`` are the names that only the main guard binds,
    ``generators`` functions that were under ``@user_step_decorator``. ``beside`` are the files
    that its imports need, as paths from the folder of the flow. ``keep`` tells that Metaflow's
    client may stay.
    """

    header: tuple[str, ...]
    docstring: str | None
    future: tuple[str, ...]
    imports: tuple[ImportLine, ...]
    body: str
    kept: tuple[ast.stmt, ...]
    metaflow: Mapping[str, str]
    guarded: frozenset[str]
    generators: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()
    keep: bool = False


@dataclass(frozen=True)
class Flow:
    """A FlowSpec class with its steps in source order.

    ``classes`` are itself and its bases in Python's order of method resolution, and ``helpers``,
    ``setters``, ``constants`` and ``nested`` what that order finds under each name. Each of the
    ``configs`` is one of the constants as well; ``configs_first`` tells that there are mutators.
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
    classes: tuple[FlowClass, ...]
    helpers: Mapping[str, Helper]
    setters: Mapping[str, Helper]
    constants: Mapping[str, Constant]
    nested: Mapping[str, NestedClass]
    comments: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    configs: Mapping[str, Config] = field(default_factory=dict)
    configs_first: bool = False

    @property
    def parameter_names(self) -> list[str]:
        """The attributes that Metaflow takes for Parameters, in its order; mutators let it have
        the configs first (metaflow/flowspec.py, ``_get_parameters``)."""
        found = {name for name in self.parameters if not name.startswith("_")}
        if self.configs_first:
            return [*sorted(self.configs), *sorted(found)]
        return sorted({*found, *self.configs})

    @property
    def methods(self) -> tuple[Method, ...]:
        """Every function of its classes, those that others override included."""
        found: dict[tuple[str, str, str], Method] = {}
        for step in self.steps.values():
            found[step.owner, step.name, ""] = step
        for each in self.classes:
            for member in (*each.steps, *each.members):
                if isinstance(member, Method):
                    role = member.role if isinstance(member, Helper) else ""
                    found.setdefault((member.owner, member.name, role), member)
        return tuple(found.values())

    @property
    def members(self) -> frozenset[str]:
        """The names of all members of the class but steps and Parameters."""
        return frozenset({*self.helpers, *self.constants, *self.nested})
