"""What becomes of a Parameter: the input of the workflow, and how steps get its value from it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from codegen.analyse.types import Kind
from codegen.flyte import FunctionInput

#: Input names that flytekit cannot take: it calls tasks and nodes with keywords of its own.
FLYTE_RESERVED = frozenset(
    {
        "self", "entity", "ctx", "node_id", "overridden_interface",
        "add_node_to_compilation_state", "help",
    }
)  # fmt: skip


class Surroundings(Protocol):
    """What stands around the statements of a task."""

    def use(self, name: str) -> str:
        """The name of something from a library, or from the prelude."""

    def sees(self, node: ast.expr) -> bool:
        """Whether an expression means there what it means at the top level of the module."""

    def define(self, wanted: str, statement: Callable[[str], str]) -> str:
        """The name of what a statement defines in the module, of which ``wanted`` is the first
        choice; tasks share what equal statements define."""


@dataclass(frozen=True)
class Decode:
    """How a task makes the value of a Parameter from its input.

    ``suffix`` tells the input from the value: ``limits_json`` holds the text, ``limits`` the
    value. ``statement`` makes the statement from the local names of value and input; one that
    ``fails`` does so where the body of a step would in Metaflow, so that @catch catches it.
    """

    suffix: str
    statement: Callable[[str, str, Surroundings], str]
    fails: bool = False


@dataclass(frozen=True)
class ParameterPlan:
    """What becomes of a Parameter.

    ``kind`` is the proven type of its value in the steps, ``decode`` how they make that value
    from the input where the two differ. ``constants`` are module-level assignments that the
    default needs. ``checked`` marks an input that only looks optional: it must be given.
    """

    attribute: str
    input: FunctionInput
    kind: Kind | None
    help: str = ""
    decode: Decode | None = None
    constants: tuple[str, ...] = ()
    checked: bool = False

    @property
    def required(self) -> bool:
        """Whether a run cannot start without a value."""
        return self.checked or self.input.default is None
