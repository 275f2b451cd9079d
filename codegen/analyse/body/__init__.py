"""What the body of one step does with the artifacts: which it reads, assigns and deletes, and
what holds at each of its exits.

A structured walk over the statements keeps, for every point, the artifacts that are surely and
possibly assigned by then. Where it cannot be sure it says "possibly", which costs a marker in the
generated code and never a wrong value.
"""

from __future__ import annotations

import ast

from codegen.analyse.body.facts import (
    Ask,
    BodyFacts,
    Deletion,
    Exit,
    Merge,
    Read,
    attribute_of,
    report_escape,
)
from codegen.analyse.body.syntax import returns_next
from codegen.analyse.body.walk import Walk
from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Diagnostics
from codegen.model import Flow
from codegen.parse.transitions import is_next

__all__ = [
    "Ask",
    "BodyFacts",
    "Deletion",
    "Exit",
    "Merge",
    "Read",
    "analyse_bodies",
    "attribute_of",
    "report_escape",
    "returns_next",
]


def analyse_bodies(
    flow: Flow, end: str | None, scope: ModuleScope, diagnostics: Diagnostics
) -> dict[str, BodyFacts]:
    """Step → facts for every step of a flow; ``end`` is the terminal one where it is known.

    Reports what can be told from the bodies alone, whatever the graph is.
    """
    bodies: dict[str, BodyFacts] = {}
    for name, step in flow.steps.items():
        calls_next = any(
            isinstance(node, ast.stmt) and is_next(node) for node in ast.walk(step.node)
        )
        last = name == end if end is not None else not calls_next
        bodies[name] = Walk(flow, step, last, scope, diagnostics).facts()
        for position, reason in bodies[name].escapes:
            report_escape(step, position, reason, diagnostics)
    return bodies
