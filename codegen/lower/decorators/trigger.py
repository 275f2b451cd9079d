"""``@trigger`` and ``@trigger_on_finish``: metaflow/plugins/events_decorator.py, and what
plugins/argo/argo_workflows.py asks of events (_process_triggers).

Nothing in Flyte waits for events, so both are checked, told about, and left out.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from codegen.analyse.evaluate import CannotEvaluate
from codegen.lower.decorators.arguments import Arguments
from codegen.lower.decorators.functions import Function, with_functions
from codegen.lower.settings import FlowSettings

_FORMS = "Write a name, or {'name': …, 'parameters': {parameter: field}}."


def trigger(arguments: Arguments, settings: FlowSettings) -> None:
    """A warning that names the events, and which input takes which part of them."""
    given = with_functions(arguments, settings.flow.module.metaflow)
    attribute, events = _one_of(given, "event", "events")
    checks = _Events(given, attribute, _inputs(given, settings))
    named = [checks.event(event) for event in events]
    names = [name for name, _ in named if not isinstance(name, Function)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise given.refuse(attribute, f"the event {twice} is given twice", "Give it once.")
    taken = [
        f"{_field(field, name, several=len(named) > 1)} is --{checks.inputs[parameter.lower()]}"
        for name, mapping in named
        for parameter, field in mapping.items()
    ]
    if not taken and len(named) == 1 and checks.inputs:
        taken = ["fields with the names of its inputs are these"]
    payload = f" ({', '.join(taken)})" if taken else ""
    warning = arguments.diagnostics.add(
        "MF645",
        arguments.decorator.position,
        "Flyte waits for no events: start the workflow when "
        f"{_all([_shown(name) for name, _ in named], 'arrived')}{payload}",
        "Let what gets the event call pyflyte run --remote, or FlyteRemote.execute, with these "
        "inputs.",
    )
    settings.warnings.append(warning)


def trigger_on_finish(arguments: Arguments, settings: FlowSettings) -> None:
    """A warning that names the flows."""
    given = with_functions(arguments, settings.flow.module.metaflow)
    attribute, flows = _one_of(given, "flow", "flows")
    when = _all([_flow(given, attribute, flow) for flow in flows], "succeeded")
    warning = arguments.diagnostics.add(
        "MF646",
        arguments.decorator.position,
        f"Flyte does not start workflows after others: start this one when {when}",
        "Let the last task of the other workflow start it, with FlyteRemote.execute, or call the "
        "launch plan of this one at its end, with @reference_launch_plan.",
    )
    settings.warnings.append(warning)


def _one_of(given: Arguments, one: str, several: str) -> tuple[str, list[Any]]:
    """The attribute that is given, with its items."""
    first, rest = given.value(one), given.value(several, [])
    if first and rest:
        raise given.refuse(several, f"both {one} and {several} are given", f"Give {several} only.")
    if first:
        return one, [first]
    if isinstance(rest, Function):
        return several, [rest]
    if not isinstance(rest, list):
        raise given.refuse(several, f"{several} is no list", f"Write {several}=[…].")
    if not rest:
        raise given.refuse(several, f"it names no {one}", f"Give {one}= or {several}=.")
    return several, rest


def _inputs(given: Arguments, settings: FlowSettings) -> dict[str, str]:
    """Name of a Parameter in lower case → its attribute, which names the input."""
    found: dict[str, str] = {}
    for parameter in settings.flow.parameters.values():
        with contextlib.suppress(CannotEvaluate, KeyError):  # reported with the Parameter
            node = parameter.arguments["name"].node
            name = given.scope.value(node)
            found[str(name).lower()] = parameter.attribute
    return found


class _Events:
    """Metaflow's rules for the events of an attribute; ``inputs`` are names of Parameters."""

    def __init__(self, given: Arguments, attribute: str, inputs: dict[str, str]) -> None:
        self.given = given
        self.attribute = attribute
        self.inputs = inputs
        self.seen: set[str] = set()

    def event(self, event: Any) -> tuple[str | Function, dict[str, str]]:
        """The name of an event, and which Parameter takes which field of it."""
        if isinstance(event, Function):
            return event, {}
        if isinstance(event, str):
            event = {"name": event}
        if not isinstance(event, dict) or "name" not in event:
            raise self._refuse(f"{event!r} is no event", _FORMS)
        name = event["name"]
        if not isinstance(name, Function) and not (
            isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9_.-]+", name)
        ):
            message = f"the event name {name!r} has something else than letters, digits, _, - and ."
            raise self._refuse(message, "Use these characters only.")
        parameters = event.get("parameters", {})
        mapping = {} if isinstance(parameters, Function) else dict(self._pairs(parameters))
        for parameter, field in mapping.items():
            self._check(parameter, field)
        return name, mapping

    def _pairs(self, parameters: Any) -> Iterator[tuple[str, str]]:
        """Parameter and field; anything else than a list or dictionary counts for none."""
        pairs: list[Any] = []
        if isinstance(parameters, dict):
            pairs = list(parameters.items())
        elif isinstance(parameters, list):
            pairs = [(item, item) if isinstance(item, str) else item for item in parameters]
        for pair in pairs:
            if not (
                isinstance(pair, tuple)
                and len(pair) == 2
                and all(isinstance(part, str) for part in pair)
            ):
                raise self._refuse(
                    f"{pair!r} is no parameter with a field",
                    "Write {'parameter': 'field'}, or a list of names and (parameter, field).",
                )
            yield pair

    def _check(self, parameter: str, field: str) -> None:
        if not re.fullmatch("[A-Za-z0-9_]+", field):
            message = f"the field {field!r} has something else than letters, digits and _"
            raise self._refuse(message, "Use these characters only.")
        if parameter.lower() not in self.inputs:
            known = ", ".join(self.inputs) or "none"
            raise self._refuse(
                f"the flow has no Parameter {parameter}", f"Its Parameters are: {known}."
            )
        if parameter.lower() in self.seen:
            message = f"the Parameter {parameter} is given by two events"
            raise self._refuse(message, "Let one event give it.")
        self.seen.add(parameter.lower())

    def _refuse(self, message: str, advice: str) -> Exception:
        return self.given.refuse(self.attribute, message, advice)


def _flow(given: Arguments, attribute: str, flow: Any) -> str:
    """A flow as Metaflow names it, with its project and branch."""
    if isinstance(flow, Function):
        return flow.shown
    project = branch = None
    if isinstance(flow, dict):
        name = flow.get("name")
        project, branch = flow.get("project"), flow.get("project_branch")
        texts = [part for part in (project, branch) if part is not None]
        if not isinstance(name, str) or "." in name or not all(isinstance(t, str) for t in texts):
            raise given.refuse(
                attribute,
                f"{flow!r} is no flow",
                "Write {'name': …, 'project': …, 'project_branch': …}, each a text.",
            )
    elif isinstance(flow, str):
        if flow.count(".") == 1:
            raise given.refuse(
                attribute,
                f"{flow!r} is neither a flow nor one with project and branch",
                "Write 'Flow' or 'project.branch.Flow'.",
            )
        name = flow
    else:
        message = f"{flow!r} is no flow"
        raise given.refuse(attribute, message, "Give the name of a flow.")
    if not re.fullmatch("[A-Za-z0-9_]+", name.rpartition(".")[2]):
        message = f"the flow name {name!r} has something else than letters, digits and _"
        raise given.refuse(attribute, message, "Use these characters only.")
    more = [f"{what} {part}" for what, part in (("project", project), ("branch", branch)) if part]
    return f"{name} ({', '.join(more)})" if more else name


def _all(names: list[str], done: str) -> str:
    """``a has arrived``, or ``a, b and c have all arrived``."""
    *first, last = names
    return f"{', '.join(first)} and {last} have all {done}" if first else f"{last} has {done}"


def _shown(name: str | Function) -> str:
    return name.shown if isinstance(name, Function) else name


def _field(field: str, event: str | Function, several: bool) -> str:
    """The field of an event, which needs its name where there are several."""
    return f"{field} of {_shown(event)}" if several else f"its {field}"
