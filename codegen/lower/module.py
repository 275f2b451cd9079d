"""A flow with its dataflow to the model of its module."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from codegen import __version__
from codegen.analyse.state import seed_statements
from codegen.diagnostics import Diagnostics
from codegen.flyte import FlyteModule, LaunchPlan, ProjectNames, Task
from codegen.library import PROJECT_NAMES
from codegen.lower.context import Context
from codegen.lower.functions import lower_functions
from codegen.lower.parameters import ParameterPlan
from codegen.lower.s3 import note_s3
from codegen.lower.settings.cards import note_uses, report
from codegen.lower.settings.schedule import Schedule
from codegen.model import Flow
from codegen.parse.names import source_name


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


def lower_module(context: Context, module_name: str) -> FlyteModule:
    """The module for a flow."""
    library = context.library
    flow, symbols, plans = context.flow, context.symbols, context.plans
    for member in context.members.unused():
        context.diagnostics.add(
            "MF704",
            member.position,
            f"no step uses {source_name(member.name)}, so it is left out",
            "Nothing to do, or remove it from the flow.",
        )
    blocks, workflow = lower_functions(context)
    around = library.text(flow.module.body)
    code = around + library.text(context.members.code)
    classes = library.text(context.members.classes(context.methods), first=False)
    report(flow, [each.cards.found for each in context.settings.values()], context.diagnostics)
    texts = (code, classes, *(each.body for each in blocks if isinstance(each, Task)))
    note_uses(texts, symbols)
    note_s3(texts, symbols)
    current = library.current.names()
    project = _project_names(context)
    return FlyteModule(
        header=flow.module.header,
        docstring=_module_docstring(context, module_name),
        future=flow.module.future,
        imports=context.declarations.imports(),
        code=code,
        classes=classes,
        helpers=symbols.helpers(),
        declarations=(*context.members.declarations(), *context.declarations.lines()),
        seeds=seed_statements(flow.module.kept),
        constants=tuple(line for plan in plans.values() for line in plan.constants),
        blocks=tuple(blocks),
        workflow=workflow,
        launch_plans=tuple(_launch_plans(context)),
        symbols=symbols,
        around=around,
        project=project,
        current=current,
        early=library.early,
    )


def _launch_plans(context: Context) -> Iterator[LaunchPlan]:
    """One if the flow has a schedule, or the user limits the tasks that run at once: the default
    launch plan of a workflow can do neither."""
    names, schedule, symbols = context.names, context.whole.schedule, context.symbols
    most = context.whole.options.max_parallelism
    limit = () if most is None else (f"max_parallelism={most}",)
    if schedule is not None:
        cron = f"schedule={symbols.use('CronSchedule')}(schedule={schedule.cron!r})"
        comments = [f"# @schedule({schedule.shown})"]
        comments += [line for warning in schedule.warnings for line in warning.comment()]
        yield LaunchPlan(names.launch_plan, names.workflow, (cron, *limit), tuple(comments))
    elif limit:
        variable = names.function(f"{names.workflow}_limited")
        yield LaunchPlan(variable, names.workflow, limit, ())


def _project_names(context: Context) -> ProjectNames | None:
    """What stands for the names that @project sets, if the module uses any of them."""
    library, project = context.library, context.whole.project
    used = (library.used & PROJECT_NAMES) | library.current.project_names
    if project is None or not used:
        return None
    named = "metaflow.current.project_flow_name" in used
    return project.names(context.flow.name if named else "", context.symbols)


def _listed(files: Sequence[str]) -> str:
    """File names as part of a sentence."""
    *first, last = files
    named = f"{', '.join(first)} and {last}" if first else last
    return f"{named}, which belong{'s' if len(files) == 1 else ''} beside it"


def _module_docstring(context: Context, module_name: str) -> str:
    flow, project = context.flow, context.whole.project
    required = "".join(f" --{p.input.name} …" for p in context.plans.values() if p.required)
    lines = [
        f"{flow.name} as a Flyte workflow.",
        "",
        f"Generated by mf-codegen {__version__} from {flow.filename}: change it there.",
        "",
        f"    pyflyte run {module_name} {context.names.workflow}{required}",
        f"    pyflyte register {project.register if project else ''}{module_name}",
    ]
    if flow.module.beside:
        lines += ["", *textwrap.wrap(f"It imports {_listed(flow.module.beside)}.", 88)]
    frozen = [f"{c.name} from {c.origin}" for c in context.flow.configs.values() if c.outside]
    if frozen:
        lines += ["", *textwrap.wrap(f"Its configs are frozen: {', '.join(frozen)}.", 88)]
    notes = dict.fromkeys(n for each in context.settings.values() for n in each.secrets.notes())
    if notes:
        lines += ["", "A run on your machine takes secrets from variables, which you export:", ""]
        lines += [f"    {note}" for note in notes]
    if flow.module.docstring:
        lines += ["", flow.module.docstring]
    return "\n".join(lines)
