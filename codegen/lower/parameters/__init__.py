"""Parameters to workflow inputs, and to the values that the steps see."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.analyse.scope import ModuleScope
from codegen.analyse.types import Kind
from codegen.diagnostics import Diagnostics
from codegen.lower.parameters.files import FileReader
from codegen.lower.parameters.plan import FLYTE_RESERVED, Decode, ParameterPlan
from codegen.lower.parameters.reader import Reader, refuse_metaflow
from codegen.lower.parameters.values import ValueReader
from codegen.model import Flow, IncludeFile
from codegen.symbols import Symbols

__all__ = [
    "FLYTE_RESERVED",
    "Decode",
    "ParameterPlan",
    "lower_parameters",
    "parameter_kinds",
    "refuse_metaflow",
]


def lower_parameters(
    flow: Flow, scope: ModuleScope, launched: bool, symbols: Symbols, diagnostics: Diagnostics
) -> dict[str, ParameterPlan]:
    """Attribute → plan for every Parameter, required ones first, else in source order.

    ``launched`` tells that the module has a launch plan.
    """
    plans: dict[str, ParameterPlan] = {}
    seen: dict[str, str] = {}  # name in lower case -> the attribute that has it
    for parameter in flow.parameters.values():
        given = flow, parameter, scope, symbols, diagnostics
        reader: Reader = (
            FileReader(*given, launched)
            if isinstance(parameter, IncludeFile)
            else ValueReader(*given)
        )
        plan = reader.plan()
        if plan is None:
            continue
        other = seen.setdefault(reader.name.lower(), parameter.attribute)
        if other != parameter.attribute:
            reader.fail(
                "MF122",
                parameter.position,
                f"the parameter name {reader.name!r} is given twice (case does not count)",
                "Give each Parameter a name of its own.",
            )
        plans[parameter.attribute] = plan
    ordered = sorted(plans.values(), key=lambda plan: plan.input.default is not None)
    return {plan.attribute: plan for plan in ordered}


def parameter_kinds(plans: Mapping[str, ParameterPlan]) -> dict[str, Kind | None]:
    """Attribute → proven type of the value that the steps see."""
    return {name: plan.kind for name, plan in plans.items()}
