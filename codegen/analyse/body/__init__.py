"""What the body of one step does with the artifacts: which it reads, assigns and deletes, and
what holds at each of its exits.

A structured walk over the statements keeps, for every point, the artifacts that are surely and
possibly assigned by then. Where it cannot be sure it says "possibly", which costs a marker in the
generated code and never a wrong value.
"""

from __future__ import annotations

import ast

from codegen.analyse.body.catch import caught
from codegen.analyse.body.constants import check_constants
from codegen.analyse.body.effects import OTHERS, Effects, Helpers
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
from codegen.analyse.body.wrappers import hides_step, wrapped
from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Diagnostics
from codegen.extensions import not_translated
from codegen.model import Flow
from codegen.parse.transitions import is_next

__all__ = [
    "OTHERS",
    "Ask",
    "BodyFacts",
    "Deletion",
    "Effects",
    "Exit",
    "Helpers",
    "Merge",
    "Read",
    "analyse_bodies",
    "attribute_of",
    "report_escape",
    "returns_next",
]


def analyse_bodies(
    flow: Flow, end: str | None, scope: ModuleScope, diagnostics: Diagnostics
) -> tuple[dict[str, BodyFacts], Helpers]:
    """Step → facts for every step of a flow, and the effects of what they call; ``end`` is the
    terminal step where it is known.

    Reports what can be told from the bodies alone, whatever the graph is.
    """
    helpers = Helpers(
        flow,
        scope,
        lambda method, known: Walk(flow, method, True, scope, diagnostics, known).facts(),
    )
    check_constants(flow, scope, diagnostics)
    bodies: dict[str, BodyFacts] = {}
    for name, step in flow.steps.items():
        calls_next = any(
            isinstance(node, ast.stmt) and is_next(node) for node in ast.walk(step.node)
        )
        last = name == end if end is not None else not calls_next
        facts = Walk(flow, step, last, scope, diagnostics, helpers).facts()
        for wrapper in step.wrappers:
            if wrapper.name not in {*scope.functions, *scope.classes}:
                message, advice = not_translated(scope.imports.get(wrapper.name, wrapper.name)) or (
                    f"what @{wrapper.name} does to the step cannot be known from the source",
                    "Define it in the file of the flow, do in the body what it does, or leave it "
                    f"out with --drop-decorator {wrapper.name.rpartition('.')[2]}.",
                )
                diagnostics.add("MF502", wrapper.position, message, advice, name)
            elif wrapper.name not in flow.module.generators and hides_step(wrapper, scope):
                diagnostics.add(
                    "MF120",
                    wrapper.position,
                    f"@{wrapper.name} does not use functools.wraps, so that Metaflow does not see "
                    "the step behind it",
                    "Put @functools.wraps(function) on the function that it returns.",
                    name,
                )
        if step.wrappers:
            facts = wrapped(facts, step, flow, scope, helpers)
        bodies[name] = caught(facts, step, flow, scope, diagnostics)
    return bodies, helpers
