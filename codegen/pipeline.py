"""The pipeline: source text, flow, analysis, Flyte module, text."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

from codegen.analyse.body import analyse_bodies
from codegen.analyse.body.syntax import attributes, identifiers
from codegen.analyse.dataflow import analyse_dataflow
from codegen.analyse.graph import check_graph
from codegen.analyse.groups import grouped
from codegen.analyse.imported import ImportedConstants
from codegen.analyse.regions import region_tree
from codegen.analyse.scope import ModuleScope, class_scope, module_scope
from codegen.analyse.sequences import artifact_stores, report_foreach
from codegen.analyse.state import report_state
from codegen.diagnostics import Diagnostic, Diagnostics, Position
from codegen.emit import emit
from codegen.flyte import FlyteModule
from codegen.lower.context import Context
from codegen.lower.current import Current
from codegen.lower.decorators.read import read_decorators
from codegen.lower.engine import with_engine_options
from codegen.lower.library import uses_library
from codegen.lower.merge import merged
from codegen.lower.module import check_scheduled_inputs, lower_module
from codegen.lower.names import Names, global_names
from codegen.lower.parameters import lower_parameters, parameter_kinds
from codegen.lower.s3 import check_s3
from codegen.lower.settings.cards import uses_cards
from codegen.lower.settings.project import check_project_names
from codegen.magics import without_cell_magic, without_magics
from codegen.model import Flow
from codegen.notebook import is_notebook, read_notebook
from codegen.options import Options
from codegen.parse import parse_flows
from codegen.parse.decorate import decorated
from codegen.parse.uses import only_metaflow
from codegen.source import decode, decoded
from codegen.symbols import Symbols


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
    if not is_notebook(text):
        text = without_magics(without_cell_magic(text, diagnostics) or text, diagnostics)
        return None if diagnostics.failed else _module(text, name, options, diagnostics)
    program = read_notebook(text, options.flow, diagnostics)
    text = decoded(program.text, diagnostics) if program is not None else None
    code = None if text is None else _module(text, name, options, diagnostics)
    if program is not None:
        diagnostics.found = [
            replace(found, position=program.placed(found.position)) for found in diagnostics.found
        ]
    return code


def _module(text: str, name: str, options: Options, diagnostics: Diagnostics) -> str | None:
    """The module that the code of a flow becomes."""
    parsed = parse_flows(
        text,
        name,
        diagnostics,
        options.folder,
        options.flow,
        options.drop,
        options.config,
        options.config_value,
        options.keep_metaflow,
    )
    if parsed is None:
        return None
    flows = [decorated(flow, options.decorate, diagnostics) for flow in parsed.flows]
    _check_project_options(flows, options, diagnostics)
    code = flows[0].module
    imported = ImportedConstants(parsed.siblings)
    scope = replace(module_scope(code.kept), elsewhere=imported.value)
    classes = {found.name for flow in flows for found in flow.classes}
    looked_up = frozenset[str]().union(*(global_names(text, name) for text in parsed.texts))
    taken = scope.bound | (looked_up - set(code.metaflow) - classes)
    symbols = Symbols(taken, scope.bound, scope.imports, _local_names(flows))
    wanted = Symbols.reserved(
        cards=any(uses_cards(flow) for flow in flows),
        library=any(uses_library(flow) for flow in flows),
    )
    modules = [
        _lowered(flow, scope, taken, wanted, symbols, options, diagnostics) for flow in flows
    ]
    found = [module for module in modules if module is not None]
    if diagnostics.failed or len(found) < len(modules):
        return None
    module = merged(found, flows, diagnostics)
    if module is None:
        return None
    return emit(with_engine_options(module, options), code.imports, diagnostics)


def _check_project_options(
    flows: Sequence[Flow], options: Options, diagnostics: Diagnostics
) -> None:
    """Metaflow has --branch and --production only for a flow with @project."""
    given = {"--branch": options.branch is not None, "--production": options.production}
    names = {decorator.name for flow in flows for decorator in flow.decorators}
    for option, is_given in given.items():
        if is_given and "project" not in names:
            diagnostics.add(
                "MF641",
                flows[0].position,
                f"{option} is an option of @project, which {flows[0].name} does not have",
                f"Leave it out, or add @project(name='…') above {flows[0].name}.",
            )


def _local_names(flows: Sequence[Flow]) -> frozenset[str]:
    """All names that the bodies of methods use, and that local variables may get."""
    found: set[str] = set()
    for flow in flows:
        not_local = {*flow.steps, "Unset"}  # no local variable is ever called so
        for method in (*flow.steps.values(), *flow.helpers.values(), *flow.setters.values()):
            used = set(identifiers(method.node)) - only_metaflow(method.node, flow.module.metaflow)
            found |= {*used, *(set(attributes(method.node)) - not_local)}
    return frozenset(found)


def _lowered(
    flow: Flow,
    scope: ModuleScope,
    taken: frozenset[str],
    wanted: frozenset[str],
    symbols: Symbols,
    options: Options,
    diagnostics: Diagnostics,
) -> FlyteModule | None:
    """The module of one flow, where the names ``taken`` have a meaning already, and the generated
    code has ``wanted`` for itself."""
    inside = class_scope(scope, flow)
    whole, settings = read_decorators(flow, inside, options, diagnostics)
    launched = whole.schedule is not None or options.max_parallelism is not None
    plans = lower_parameters(flow, inside, launched, symbols, diagnostics)
    check_scheduled_inputs(flow, plans, whole.schedule, diagnostics)
    check_project_names(flow, whole.project, diagnostics)
    Current(flow, symbols).check(diagnostics)
    check_s3(flow, options.s3root, diagnostics)
    graph = check_graph(flow, diagnostics)
    bodies, helpers = analyse_bodies(flow, graph.end if graph else None, scope, diagnostics)
    region = region_tree(graph, diagnostics) if graph is not None else None
    if region is None:
        return None
    region = grouped(region, more=1 if whole.hooks.on_success else 0)
    report_state(flow, scope, diagnostics)
    loose = frozenset().union(*(facts.loose for facts in bodies.values()))
    stores = artifact_stores(flow, sorted(loose))
    report_foreach(flow, stores, scope, diagnostics)
    kinds = {**dict.fromkeys(flow.parameters), **parameter_kinds(plans)}
    required = [name for name, plan in plans.items() if plan.checked]
    dataflow = analyse_dataflow(flow, region, bodies, helpers, scope, kinds, required, diagnostics)
    if diagnostics.failed:
        return None
    names = Names(flow, scope, taken, wanted, diagnostics)
    context = Context(
        flow,
        scope,
        stores,
        dataflow,
        plans,
        whole,
        settings,
        names,
        symbols,
        diagnostics,
        options.s3root,
    )
    return lower_module(context, options.module)
