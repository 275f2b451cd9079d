"""What is known of the body of a step."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codegen.diagnostics import Diagnostics, Position
from codegen.model import Method, Step

Names = frozenset[str]

#: Attributes that every flow has (metaflow/flowspec.py) and that are no artifacts.
FLOW_MEMBERS = frozenset(
    {"cmd", "foreach_stack", "index", "input", "merge_artifacts", "next", "script_name"}
)


@dataclass(frozen=True)
class Read:
    """An artifact that is read where this step has not surely assigned it before.

    ``assigned`` tells whether the step possibly has; ``late`` whether the read happens in a
    nested function, at a time that is not known; ``guarded`` whether an ``except`` clause around
    it distinguishes the error that a missing artifact raises. ``merges`` counts the calls of
    ``merge_artifacts`` before it; ``indirect`` marks what a helper reads, if it gets there.
    """

    name: str
    position: Position
    assigned: bool
    late: bool
    guarded: bool
    merges: int = 0
    indirect: bool = False


@dataclass(frozen=True)
class Ask:
    """``hasattr(self, "x")`` or ``getattr(self, "x", …)``, of which ``node`` is the call.

    ``must``, ``may`` and ``gone`` tell what this step has assigned and deleted by then; ``inner``
    marks a place that does not see the local variables of the step.
    """

    node: ast.Call
    name: str
    must: bool
    may: bool
    gone: bool
    inner: bool
    merges: int

    @property
    def position(self) -> Position:
        """Where the call begins."""
        return Position(self.node.lineno, self.node.col_offset + 1)

    @property
    def default(self) -> bool:
        """Whether it is a ``getattr`` with a default."""
        return len(self.node.args) > 2

    @property
    def plain(self) -> bool:
        """Whether a default may stay unevaluated: it does nothing."""
        acts = (ast.Call, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
        return not any(
            isinstance(node, acts) for node in ast.walk(self.node) if node is not self.node
        )


@dataclass(frozen=True)
class Member:
    """``self.index``, ``self.input`` or ``self.foreach_stack()``, and what has been assigned by
    then."""

    name: str
    position: Position
    must: Names
    may: Names
    late: bool
    merges: int


@dataclass(frozen=True)
class Merge:
    """A call of ``self.merge_artifacts``; ``plain`` if it is a statement that surely runs."""

    node: ast.Call
    must: Names
    may: Names
    plain: bool

    @property
    def position(self) -> Position:
        """Where the call begins."""
        return Position(self.node.lineno, self.node.col_offset + 1)

    def argument(self, name: str, place: int) -> ast.expr | None:
        """An argument by its name or place."""
        if len(self.node.args) > place:
            return self.node.args[place]
        return next((word.value for word in self.node.keywords if word.arg == name), None)


@dataclass(frozen=True)
class Deletion:
    """``del self.x``. ``touched``: surely read or assigned before; ``last``: nothing after it
    mentions the artifact, and every exit comes after it; ``guarded``: a handler may catch the
    error of a missing one."""

    name: str
    position: Position
    assigned: bool
    touched: bool
    last: bool
    guarded: bool = False


@dataclass(frozen=True)
class Exit:
    """A way out of the body: a ``return``, or its end (``node`` is None).

    ``must`` and ``may`` are the artifacts assigned by then, surely and possibly; ``gone`` those
    possibly deleted. ``fails`` marks a return before any transition, which fails the run; one
    that is not ``reachable`` only has to be there. ``caught`` marks what comes after an error
    that @catch has caught, wherever it was raised.
    """

    node: ast.Return | None
    must: Names
    may: Names
    gone: Names
    fails: bool = False
    reachable: bool = True
    caught: bool = False


@dataclass(frozen=True)
class Catch:
    """``@catch``, which leaves the error, or None, in an artifact if it has a ``variable``."""

    variable: str | None


@dataclass(frozen=True)
class BodyFacts:
    """All that the later stages need to know of a body.

    ``assigned`` are the artifacts in the order of their first assignment, ``mentioned`` those
    that are read anywhere, ``names`` all plain names in any role, ``escapes`` the places where
    locals would not be the same program. ``looked_up`` are artifacts that are assigned only after
    ``self.input`` has surely been read, ``guarded`` those that are read only behind
    ``hasattr``; ``parallel`` are the attributes of ``current.parallel`` in use. ``used`` are the
    members of the class in use, ``fixed`` those that an assignment fails to change, ``dropped``
    are attributes that hold functions, which Metaflow does not store. ``open_reads`` and
    ``open_stores`` tell that names only a run can tell are read or set; ``possible`` are the
    artifacts that may be among these, ``loose`` those that are set by other means than an
    assignment to ``self.name``; ``tables`` that the attributes are used as a dictionary,
    ``whole`` that the flow or one of its methods is used as a value. ``catch`` is there if
    errors of the step are caught.
    """

    reads: tuple[Read, ...]
    parameters: tuple[str, ...]
    assigned: tuple[str, ...]
    mentioned: Names
    deletions: tuple[Deletion, ...]
    exits: tuple[Exit, ...]
    names: Names
    escapes: tuple[tuple[Position, str], ...]
    asks: tuple[Ask, ...] = ()
    members: tuple[Member, ...] = ()
    merges: tuple[Merge, ...] = ()
    looked_up: Names = frozenset()
    guarded: Names = frozenset()
    parallel: tuple[str, ...] = ()
    used: Names = frozenset()
    fixed: Names = frozenset()
    dropped: Names = frozenset()
    open_reads: bool = False
    open_stores: bool = False
    possible: Names = frozenset()
    loose: Names = frozenset()
    tables: bool = False
    whole: bool = False
    catch: Catch | None = None


def attribute_of(node: ast.AST, self_name: str) -> str | None:
    """``x`` for the expression ``self.x``, else None."""
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == self_name
    ):
        return node.attr
    return None


def report_escape(
    method: Method, position: Position, reason: str, diagnostics: Diagnostics
) -> None:
    """Say that a step is the same neither with local variables nor with an object for self."""
    diagnostics.add(
        "MF401",
        position,
        f"this has no counterpart in a task: {reason}",
        "Use plain self.name attributes in the step itself; hand on values, not self.",
        method.name if isinstance(method, Step) else None,
    )
