"""All decorators of a flow into settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Diagnostics
from codegen.extensions import not_translated
from codegen.lower.decorators import FLOW_DECORATORS, STEP_DECORATORS
from codegen.lower.decorators.arguments import Arguments, Refused
from codegen.lower.decorators.compute import finish_images, settle_compute
from codegen.lower.decorators.packages import settle_images
from codegen.lower.decorators.secrets import settle_secrets
from codegen.lower.parameters import refuse_metaflow
from codegen.lower.settings import FlowSettings, Settings
from codegen.model import Decorator, Flow
from codegen.options import Options
from codegen.parse import table

_Settings = TypeVar("_Settings")

#: What these are given does not get into the module.
_LEFT_OUT = frozenset({"trigger", "trigger_on_finish"})


def read_decorators(
    flow: Flow, scope: ModuleScope, options: Options, diagnostics: Diagnostics
) -> tuple[FlowSettings, dict[str, Settings]]:
    """The settings of the flow and of each step; reports every decorator that it cannot read."""
    reader = _Reader(flow, scope, diagnostics)
    whole = FlowSettings(options, flow)
    for decorator in flow.decorators:
        reader.read(decorator, FLOW_DECORATORS, table.FLOW_DECORATORS, whole, None)
    settings: dict[str, Settings] = {}
    for step in flow.steps.values():
        settings[step.name] = Settings(whole)
        for decorator in step.decorators:
            reader.read(
                decorator, STEP_DECORATORS, table.STEP_DECORATORS, settings[step.name], step.name
            )
    settle_compute(flow, settings, diagnostics)
    settle_images(flow, whole, settings, diagnostics)
    finish_images(flow, settings, diagnostics)
    settle_secrets(flow, settings, scope, diagnostics)
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
            message, advice = not_translated(decorator.name) or (
                f"@{decorator.name} is not translated",
                "Do in the body what it does, or leave it out with "
                f"--drop-decorator {decorator.name.rpartition('.')[2]}.",
            )
            self.diagnostics.add("MF502", decorator.position, message, advice, step)
            return
        arguments = Arguments(decorator, self.scope, self.diagnostics, step)
        arguments.check(tuple(known[decorator.name]))
        if decorator.name not in _LEFT_OUT:
            refuse_metaflow(decorator.arguments.values(), self.flow, self.diagnostics)
        try:
            readers[decorator.name](arguments, settings)
        except Refused:
            pass  # reported where it was found
