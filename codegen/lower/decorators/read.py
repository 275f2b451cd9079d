"""All decorators of a flow into settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Diagnostics
from codegen.lower.decorators import FLOW_DECORATORS, STEP_DECORATORS
from codegen.lower.decorators.arguments import Arguments, Refused
from codegen.lower.parameters import refuse_metaflow
from codegen.lower.settings import FlowSettings, Settings
from codegen.model import Decorator, Flow
from codegen.options import Options
from codegen.parse import table

_Settings = TypeVar("_Settings")


def read_decorators(
    flow: Flow, scope: ModuleScope, options: Options, diagnostics: Diagnostics
) -> tuple[FlowSettings, dict[str, Settings]]:
    """The settings of the flow and of each step; reports every decorator that it cannot read."""
    reader = _Reader(flow, scope, diagnostics)
    whole = FlowSettings(options)
    for decorator in flow.decorators:
        reader.read(decorator, FLOW_DECORATORS, table.FLOW_DECORATORS, whole, None)
    settings: dict[str, Settings] = {}
    for step in flow.steps.values():
        settings[step.name] = Settings(whole)
        for decorator in step.decorators:
            reader.read(
                decorator, STEP_DECORATORS, table.STEP_DECORATORS, settings[step.name], step.name
            )
    return whole, settings


class _Reader:
    def __init__(self, flow: Flow, scope: ModuleScope, diagnostics: Diagnostics) -> None:
        self.flow = flow
        self.scope = scope
        self.diagnostics = diagnostics

    def read(
        self,
        decorator: Decorator,
        readers: Mapping[str, Callable[[Arguments, _Settings], None]],
        known: Mapping[str, Mapping[str, Any]],
        settings: _Settings,
        step: str | None,
    ) -> None:
        """Read one decorator, or report it."""
        if decorator.name not in readers:
            self.diagnostics.add(
                "MF502",
                decorator.position,
                f"@{decorator.name} is not translated yet",
                "Remove it, or keep this flow on Metaflow for now.",
                step,
            )
            return
        arguments = Arguments(decorator, self.scope, self.diagnostics, step)
        arguments.check(tuple(known[decorator.name]))
        refuse_metaflow(decorator.arguments.values(), self.flow, self.diagnostics)
        try:
            readers[decorator.name](arguments, settings)
        except Refused:
            pass  # reported where it was found
