"""The pipeline: source text, flow, analysis, Flyte module, text."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from codegen.analyse.body import analyse_bodies
from codegen.analyse.body.syntax import identifiers
from codegen.analyse.dataflow import analyse_linear
from codegen.analyse.graph import check_graph
from codegen.analyse.scope import module_scope
from codegen.analyse.state import report_state
from codegen.diagnostics import Diagnostic, Diagnostics, Position
from codegen.emit import emit
from codegen.lower.module import check_scheduled_inputs, lower_linear, read_decorators
from codegen.lower.names import Names, global_names
from codegen.lower.parameters import lower_parameters, parameter_kinds
from codegen.model import Flow, Shape
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
    local = frozenset(name for step in flow.steps.values() for name in identifiers(step.node))
    symbols = Symbols(symbols_taken, scope.imports, local)
    plans = lower_parameters(flow, scope, symbols, diagnostics)
    settings, schedule = read_decorators(flow, scope, diagnostics)
    check_scheduled_inputs(flow, plans, schedule, diagnostics)
    graph = check_graph(flow, diagnostics)
    linear = _is_linear(flow, diagnostics)
    bodies = analyse_bodies(flow, graph.end if graph else None, scope, diagnostics)
    if graph is None or not linear:
        return None
    report_state(flow, scope, diagnostics)
    kinds = {**dict.fromkeys(flow.parameters), **parameter_kinds(plans)}
    dataflow = analyse_linear(flow, graph.linear(), bodies, scope, kinds, diagnostics)
    if diagnostics.failed:
        return None
    names = Names(flow, scope, symbols_taken, diagnostics)
    module = lower_linear(
        flow, dataflow, plans, settings, schedule, names, symbols, diagnostics, options.module
    )
    return emit(module, flow.module.imports, diagnostics)


def _is_linear(flow: Flow, diagnostics: Diagnostics) -> bool:
    linear = True
    for step in flow.steps.values():
        transition = step.transition
        if transition is not None and transition.shape is not Shape.LINEAR:
            linear = False
            diagnostics.add(
                "MF501",
                transition.position,
                f"a {transition.shape.value} transition is not translated yet",
                "Keep this flow on Metaflow for now.",
                step.name,
            )
    return linear
