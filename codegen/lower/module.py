"""A flow with its dataflow to the model of its module."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from codegen import __version__
from codegen.analyse.scope import ModuleScope
from codegen.analyse.state import seed_statements
from codegen.diagnostics import Diagnostics
from codegen.flyte import FlyteModule, LaunchPlan
from codegen.lower.context import Context
from codegen.lower.decorators import STEP_DECORATORS, Arguments, Settings
from codegen.lower.decorators.arguments import Refused
from codegen.lower.functions import lower_functions
from codegen.lower.parameters import ParameterPlan, refuse_metaflow
from codegen.lower.schedule import ATTRIBUTES, Schedule, lower_schedule
from codegen.model import Decorator, Flow
from codegen.parse.names import source_name


def read_decorators(
    flow: Flow, scope: ModuleScope, diagnostics: Diagnostics
) -> tuple[dict[str, Settings], Schedule | None]:
    """The settings of each step, and the flow's schedule; reports every decorator it cannot."""
    settings: dict[str, Settings] = {}
    for step in flow.steps.values():
        settings[step.name] = Settings()
        for decorator in step.decorators:
            if decorator.name not in STEP_DECORATORS:
                _unknown(decorator, diagnostics, step.name)
                continue
            known, read = STEP_DECORATORS[decorator.name]
            arguments = Arguments(decorator, scope, diagnostics, step.name)
            arguments.check(known)
            refuse_metaflow(decorator.arguments.values(), flow, diagnostics)
            try:
                read(arguments, settings[step.name])
            except Refused:
                pass  # reported where it was found
    schedule: Schedule | None = None
    for decorator in flow.decorators:
        if decorator.name != "schedule":
            _unknown(decorator, diagnostics, None)
            continue
        arguments = Arguments(decorator, scope, diagnostics, None)
        arguments.check(ATTRIBUTES)
        refuse_metaflow(decorator.arguments.values(), flow, diagnostics)
        try:
            schedule = lower_schedule(arguments)
        except Refused:
            pass  # reported where it was found
    return settings, schedule


def _unknown(decorator: Decorator, diagnostics: Diagnostics, step: str | None) -> None:
    diagnostics.add(
        "MF502",
        decorator.position,
        f"@{decorator.name} is not translated yet",
        "Remove it, or keep this flow on Metaflow for now.",
        step,
    )


def check_scheduled_inputs(
    flow: Flow,
    plans: Mapping[str, ParameterPlan],
    schedule: Schedule | None,
    diagnostics: Diagnostics,
) -> None:
    """A schedule gives no inputs, so each needs a default (Metaflow's schedulers refuse it too)."""
    if schedule is None:
        return
    for plan in plans.values():
        if plan.required:
            diagnostics.add(
                "MF604",
                flow.parameters[plan.attribute].position,
                f"the flow has a schedule, which cannot give the required {plan.attribute}",
                "Give the Parameter a default.",
            )


def lower_module(context: Context, schedule: Schedule | None, module_name: str) -> FlyteModule:
    """The module for a flow."""
    flow, names, symbols, plans = context.flow, context.names, context.symbols, context.plans
    for member in context.members.unused():
        context.diagnostics.add(
            "MF704",
            member.position,
            f"no step uses {source_name(member.name)}, so it is left out",
            "Nothing to do, or remove it from the flow.",
        )
    blocks, workflow = lower_functions(context)
    launch_plans: tuple[LaunchPlan, ...] = ()
    if schedule is not None:
        symbols.use("LaunchPlan")
        symbols.use("CronSchedule")
        launch_plans = (
            LaunchPlan(
                names.launch_plan,
                names.workflow,
                repr(schedule.cron),
                (
                    f"# @schedule({schedule.shown})",
                    *(line for warning in schedule.warnings for line in warning.comment()),
                ),
            ),
        )
    return FlyteModule(
        header=flow.module.header,
        docstring=_module_docstring(flow, names.workflow, plans, module_name),
        future=flow.module.future,
        imports=(),
        code=flow.module.body + context.members.code,
        classes=context.members.classes(context.methods),
        helpers=symbols.helpers(),
        seeds=seed_statements(flow.module.kept),
        constants=tuple(line for plan in plans.values() for line in plan.constants),
        blocks=tuple(blocks),
        workflow=workflow,
        launch_plans=launch_plans,
        symbols=symbols,
    )


def _listed(files: Sequence[str]) -> str:
    """File names as part of a sentence."""
    *first, last = files
    named = f"{', '.join(first)} and {last}" if first else last
    return f"{named}, which belong{'s' if len(files) == 1 else ''} beside it"


def _module_docstring(
    flow: Flow, workflow: str, plans: Mapping[str, ParameterPlan], module_name: str
) -> str:
    required = "".join(f" --{p.input.name} …" for p in plans.values() if p.required)
    lines = [
        f"{flow.name} as a Flyte workflow.",
        "",
        f"Generated by mf-codegen {__version__} from {flow.filename}: change it there.",
        "",
        f"    pyflyte run {module_name} {workflow}{required}",
        f"    pyflyte register {module_name}",
    ]
    if flow.module.beside:
        lines += ["", *textwrap.wrap(f"It imports {_listed(flow.module.beside)}.", 88)]
    if flow.module.docstring:
        lines += ["", flow.module.docstring]
    return "\n".join(lines)
