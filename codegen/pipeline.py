"""The pipeline: source text, flow, analysis, Flyte module, text."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from codegen.analyse.body import analyse_bodies
from codegen.analyse.body.syntax import attributes, identifiers
from codegen.analyse.dataflow import analyse_dataflow
from codegen.analyse.graph import check_graph
from codegen.analyse.groups import grouped
from codegen.analyse.regions import region_tree
from codegen.analyse.scope import module_scope
from codegen.analyse.sequences import artifact_stores, report_foreach
from codegen.analyse.state import report_state
from codegen.diagnostics import Diagnostic, Diagnostics, Position
from codegen.emit import emit
from codegen.lower.context import Context
from codegen.lower.module import check_scheduled_inputs, lower_module, read_decorators
from codegen.lower.names import Names, global_names
from codegen.lower.parameters import lower_parameters, parameter_kinds
from codegen.parse import parse_flow
from codegen.source import decode, decoded
from codegen.symbols import Symbols


@dataclass(frozen=True)
class Options:
    """Choices of the user. ``module`` is the file name of the generated module, for its
    docstring."""

    module: str = "flyte_wf.py"


@dataclass(frozen=True)
class Translation:
    """``code`` is the generated module, None if there are errors among the ``diagnostics``."""

    code: str | None
    diagnostics: tuple[Diagnostic, ...]


def translate(
    source: str | bytes, filename: str = "flow.py", options: Options | None = None
) -> Translation:
    """Translate the source of a flow. Nothing of it is imported or run.

    ``filename`` is shown in the generated docstring by its last part. Problems of the source are
    diagnostics, never exceptions.
    """
    diagnostics = Diagnostics()
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    code: str | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, about the flow's own code
            code = _translate(source, name, options or Options(), diagnostics)
    except RecursionError:
        diagnostics.add(
            "MF005",
            Position(1, 1),
            "an expression or block is nested too deeply to be analysed",
            "Split it into smaller parts.",
        )
    return Translation(None if diagnostics.failed else code, diagnostics.in_order())


def _translate(
    source: str | bytes, name: str, options: Options, diagnostics: Diagnostics
) -> str | None:
    text = (
        decode(source, diagnostics) if isinstance(source, bytes) else decoded(source, diagnostics)
    )
    if text is None:
        return None
    flow = parse_flow(text, name, diagnostics)
    if flow is None:
        return None
    scope = module_scope(flow.module.kept)
    symbols_taken = scope.bound | (
        global_names(text, name) - set(flow.module.metaflow) - {flow.name}
    )
    not_local = {*flow.steps, "Unset"}  # no local variable is ever called so
    local = frozenset(
        name
        for step in flow.steps.values()
        for name in (*identifiers(step.node), *(set(attributes(step.node)) - not_local))
    )
    symbols = Symbols(symbols_taken, scope.bound, scope.imports, local)
    plans = lower_parameters(flow, scope, symbols, diagnostics)
    settings, schedule = read_decorators(flow, scope, diagnostics)
    check_scheduled_inputs(flow, plans, schedule, diagnostics)
    graph = check_graph(flow, diagnostics)
    bodies = analyse_bodies(flow, graph.end if graph else None, scope, diagnostics)
    region = region_tree(graph, diagnostics) if graph is not None else None
    if region is None:
        return None
    region = grouped(region)
    report_state(flow, scope, diagnostics)
    stores = artifact_stores(flow)
    report_foreach(flow, stores, scope, diagnostics)
    kinds = {**dict.fromkeys(flow.parameters), **parameter_kinds(plans)}
    required = [name for name, plan in plans.items() if plan.checked]
    dataflow = analyse_dataflow(flow, region, bodies, scope, kinds, required, diagnostics)
    if diagnostics.failed:
        return None
    names = Names(flow, scope, symbols_taken, diagnostics)
    context = Context(flow, scope, stores, dataflow, plans, settings, names, symbols, diagnostics)
    module = lower_module(context, schedule, options.module)
    return emit(module, flow.module.imports, diagnostics)
