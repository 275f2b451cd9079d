"""Decorators that the command line adds to all steps: ``--with retry:times=2``.

Source: ``_attach_decorators`` in metaflow/decorators.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codegen.diagnostics import Diagnostics
from codegen.model import Argument, Decorator, Flow, Step
from codegen.parse.decorators import REPEATABLE
from codegen.parse.mutators.values import literal
from codegen.parse.table import STEP_DECORATORS, specification


def decorated(flow: Flow, specifications: Sequence[str], diagnostics: Diagnostics) -> Flow:
    """The flow with these decorators on all steps that do not have them already."""
    for text in specifications:
        name, _, arguments = text.partition(":")
        try:
            given = specification(arguments)[1] if arguments else {}
        except ValueError:
            _refuse(flow, text, "its arguments are not written as KEY=VALUE", diagnostics)
            continue
        if name not in STEP_DECORATORS:
            _refuse(flow, text, f"Metaflow has no step decorator {name!r}", diagnostics)
            continue
        steps = {key: _added(step, name, given) for key, step in flow.steps.items()}
        flow = replace(flow, steps=steps)
    return flow


def _added(step: Step, name: str, given: dict[str, object]) -> Step:
    """What stands in the source goes before what the command line says."""
    if name not in REPEATABLE and name in {found.name for found in step.decorators}:
        return step
    arguments = {
        key: Argument(literal(value, step.node), step.position) for key, value in given.items()
    }
    added = Decorator(name, step.position, arguments)
    return replace(step, decorators=(*step.decorators, added))


def _refuse(flow: Flow, text: str, why: str, diagnostics: Diagnostics) -> None:
    diagnostics.add(
        "MF120",
        flow.position,
        f"--with {text}: {why}",
        "Write it like --with retry:times=2,minutes_between_retries=1.",
    )
