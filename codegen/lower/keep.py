"""--keep-metaflow: the images of the tasks whose code still uses Metaflow."""

from __future__ import annotations

from dataclasses import replace

from codegen.diagnostics import Diagnostics, Position
from codegen.library import kept_part
from codegen.lower.current import flow_uses
from codegen.lower.settings.images import Environment
from codegen.model import Flow
from codegen.parse.names import place as place_of

_PACKAGE = "metaflow"


def steps_with_metaflow(flow: Flow, diagnostics: Diagnostics) -> frozenset[str]:
    """The steps whose tasks need Metaflow: all of them, if functions that any may call use it."""
    if not flow.module.keep:
        return frozenset()
    found = [
        (use, place)
        for use, place in flow_uses(flow)
        if kept_part(use.dotted) and not use.annotation
    ]
    if not found:
        return frozenset()
    use, place = found[0]
    diagnostics.add(
        "MF674",
        Position(*place_of(use.node)),
        f"{use.dotted} stays: the image of the task has the package metaflow, and needs to be told "
        "where Metaflow's service and its data are",
        "Set METAFLOW_SERVICE_URL and the like in the pods, and give them the rights to read.",
        place.step or None,
    )
    if any(not place.step for _, place in found):
        return frozenset(flow.steps)
    return frozenset(place.step for _, place in found)


def with_metaflow(found: Environment | None, image: str | None, position: Position) -> Environment:
    """What a task needs that has Metaflow beside what it has, or on top of its ``image``."""
    if found is None:
        return Environment({}, {_PACKAGE: ""}, None, position, image)
    if _PACKAGE in {*found.conda, *found.pip}:
        return found
    return replace(found, pip={**found.pip, _PACKAGE: ""})
