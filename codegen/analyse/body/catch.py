"""``@catch``: a step that goes on after its last error, with the artifacts that it has by then.

Source: metaflow/plugins/catch_decorator.py and the order of calls in metaflow/task.py.
"""

from __future__ import annotations

import keyword
from dataclasses import replace

from codegen.analyse.body.facts import FLOW_MEMBERS, BodyFacts, Catch, Exit
from codegen.analyse.body.paths import NONE
from codegen.analyse.evaluate import CannotEvaluate
from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Argument, Decorator, Flow, Shape, Step


def caught(
    facts: BodyFacts, step: Step, flow: Flow, scope: ModuleScope, diagnostics: Diagnostics
) -> BodyFacts:
    """The facts of a step with one more exit, if it has the decorator."""
    decorator = next((found for found in step.decorators if found.name == "catch"), None)
    if decorator is None:
        return facts
    _check_place(decorator, step, facts, diagnostics)
    variable = _variable(decorator, step, flow, scope, diagnostics)
    last = frozenset({variable}) if variable else NONE
    every = facts.loose.union(*(found.may for found in facts.exits), facts.assigned)
    gone = frozenset().union(*(found.gone for found in facts.exits))
    gone |= {deletion.name for deletion in facts.deletions}
    exits = [
        replace(found, must=found.must | last, may=found.may | last, gone=found.gone - last)
        if found.reachable and not found.fails
        else found
        for found in facts.exits
    ]
    failed = Exit(None, last, (every | last) - facts.dropped, gone - last, caught=True)
    # the error of a missing artifact can be looked at
    reads = tuple(replace(found, guarded=found.guarded or bool(last)) for found in facts.reads)
    return replace(
        facts,
        reads=reads,
        assigned=tuple(dict.fromkeys([*facts.assigned, *last])),
        deletions=tuple(replace(found, last=False) for found in facts.deletions),
        exits=(*exits, failed),
        loose=facts.loose | last,
        catch=Catch(variable),
    )


def _variable(
    decorator: Decorator, step: Step, flow: Flow, scope: ModuleScope, diagnostics: Diagnostics
) -> str | None:
    """The artifact that holds the error."""
    argument = decorator.arguments.get("var")
    if argument is None:
        return None
    try:
        name = scope.value(argument.node)
    except CannotEvaluate:
        return None  # reported where the arguments of decorators are read
    if not name:
        return None
    taken = {*flow.parameters, *flow.members, *flow.steps, *FLOW_MEMBERS, "name"}
    is_taken = isinstance(name, str) and name in taken
    if isinstance(name, str) and name.isidentifier() and not is_taken:
        if not name.startswith("__") and not keyword.iskeyword(name):
            return name
    why = "has another meaning in the flow" if is_taken else "is no name of an artifact"
    _refuse(argument, f"var={name!r} {why}", "Give var= a name of its own.", step, diagnostics)
    return None


def _refuse(
    argument: Argument, message: str, advice: str, step: Step, diagnostics: Diagnostics
) -> None:
    diagnostics.add("MF121", argument.position, f"@catch: {message}", advice, step.name)


def _check_place(
    decorator: Decorator, step: Step, facts: BodyFacts, diagnostics: Diagnostics
) -> None:
    """Metaflow refuses the decorator where other steps depend on what the step computes last."""
    shape = step.transition.shape if step.transition is not None else None
    if shape in (Shape.FOREACH, Shape.SWITCH, Shape.PARALLEL):
        kind = "a switch" if shape is Shape.SWITCH else "a foreach"
        diagnostics.add(
            "MF120",
            decorator.position,
            f"Metaflow refuses @catch on the step that begins {kind}",
            "Move what may fail into a step of its own before it.",
            step.name,
        )
    for merge in facts.merges:
        diagnostics.add(
            "MF210",
            merge.position,
            "under @catch, which artifacts are there after an error in merge_artifacts cannot be "
            "followed",
            "Merge in a step without @catch, and do what may fail in the next one.",
            step.name,
        )
    for found in facts.exits:
        if found.fails and found.reachable and found.node is not None:
            diagnostics.add(
                "MF130",
                Position(found.node.lineno, found.node.col_offset + 1),
                "a return without self.next() fails the run, which @catch does not catch",
                "Call self.next() before the return.",
                step.name,
            )
