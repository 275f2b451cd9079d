"""A flow while mutators change it, and what they want to add to it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from codegen.model import Config, Decorator, Parameter, Step
from codegen.parse.mutators.run import Instance, Runner
from codegen.parse.mutators.use import Mutator, MutatorKind
from codegen.parse.mutators.values import Given, Named, Opaque, Refused, Unknown
from codegen.parse.table import FLOW_DECORATORS, STEP_DECORATORS, specification


@dataclass(eq=False)
class Deco:
    """One of Metaflow's decorators; ``origin`` is what the source has, else ``given`` names the
    attributes that a mutator gave it in the call ``node``."""

    name: str
    attributes: dict[str, Any]
    origin: Decorator | None = None
    node: ast.Call | None = None
    given: Collection[str] = ()


class AddedParameter(Opaque):
    """What ``Parameter(…)`` gives in a mutator; ``node`` is that call."""

    def __init__(self, arguments: Mapping[str, Any], node: ast.Call) -> None:
        self.arguments = arguments
        self.node = node


@dataclass(eq=False)
class StepState:
    """A step with its decorators and mutators, from the innermost one outwards; ``wrappers`` are
    the names of decorators that are neither Metaflow's nor mutators."""

    step: Step
    decorators: list[Deco]
    mutators: list[Instance]
    wrappers: list[str]


@dataclass(eq=False)
class FlowState:
    """The flow as mutators see it. ``names`` are those of its Parameters by attribute, ``own`` the
    attributes that its class itself defines, ``inherited`` those of its bases, ``members`` all
    that it has but Parameters, ``configs`` those that are Configs."""

    name: str
    steps: dict[str, StepState]
    decorators: dict[str, list[Deco]]
    mutators: list[Instance]
    parameters: dict[str, Parameter | AddedParameter]
    names: dict[str, Any]
    own: set[str]
    inherited: frozenset[str]
    members: frozenset[str]
    configs: Mapping[str, Config]


@dataclass(eq=False)
class World:
    """What mutators can reach beside the flow: ``known`` mutators by name, and other names that
    modules ``bound``. ``dropped`` is told of each decorator that the user does without."""

    runner: Runner
    known: Mapping[str, Mutator]
    bound: Collection[str]
    drop: Collection[str]
    dropped: Callable[[str, ast.AST, str | None], None]

    def start(self, instance: Instance) -> None:
        """Give a mutator its arguments, once."""
        if instance.started:
            return
        mutator = instance.mutator
        if mutator.problem is not None:
            raise Refused(*mutator.problem)
        own = any(
            isinstance(node, ast.FunctionDef) and node.name == "init"
            for node in mutator.line[0].node.body
        )
        if own:
            self.runner.run(instance, "init", instance.given, instance.node)
        elif instance.given.args or instance.given.kwargs:
            raise Refused(
                instance.node,
                "is used with arguments, but its class has no init of its own",
                "Define init(self, …) in it, or use it without arguments.",
                "MF120",
            )
        instance.started = True

    def drops(self, name: str, node: ast.AST, step: str | None) -> bool:
        """Whether the user does without a decorator that is to be added."""
        if name not in self.drop:
            return False
        self.dropped(name, node, step)
        return True

    def mutator(self, name: str, node: ast.AST) -> Mutator | None:
        """The mutator of a name in a string."""
        if "." in name:
            raise Refused(node, f"the dotted name {name!r} is not followed")
        found = self.known.get(name)
        if found is not None and name in {**STEP_DECORATORS, **FLOW_DECORATORS}:
            raise Refused(node, f"{name!r} may be this mutator or Metaflow's own decorator")
        return found

    def wanted(
        self, given: Mapping[str, Any], kind: MutatorKind, node: ast.Call
    ) -> Deco | Instance:
        """What ``add_decorator`` is to add, with what it was given."""
        deco, args, kwargs = given["deco_type"], _args(given, node), _kwargs(given, node)
        if isinstance(deco, str):
            return self._specified(deco, args, kwargs, kind, node)
        if not isinstance(deco, Named):
            raise Refused(node, "what it adds cannot be known from the source")
        if deco.mutator is not None:
            if deco.mutator.kind is not kind:
                raise _not_for(kind, deco.mutator.name, node)
            return Instance(deco.mutator, Given(args, kwargs), node, self.runner)
        name = (deco.dotted or "").removeprefix("metaflow.")
        if name not in _table(kind):
            if name in {**STEP_DECORATORS, **FLOW_DECORATORS}:
                raise _not_for(kind, name, node)
            raise Refused(node, f"{ast.unparse(deco.node)} is not known as a decorator")
        return _deco(name, kwargs, kwargs, args, kind, node)

    def _specified(
        self, text: str, args: list[Any], kwargs: dict[str, Any], kind: MutatorKind, node: ast.Call
    ) -> Deco | Instance:
        """What a string such as ``retry:times=2`` stands for."""
        name, colon, values = text.partition(":")
        mutator = self.mutator(name, node)
        if mutator is None and name not in _table(kind):
            if name in self.bound:
                raise Refused(node, f"{name!r} is not known as a decorator")
            raise _not_for(kind, name, node)
        if mutator is not None and mutator.kind is not kind:
            raise _not_for(kind, name, node)
        if colon and (args or kwargs):
            raise Refused(
                node,
                f"gives arguments to {name} both in the string and beside it",
                "Give all arguments in deco_kwargs.",
                "MF120",
            )
        try:
            more, found = specification(values)
        except ValueError as error:
            raise Refused(
                node, f"adds {text!r}, in which a value has no name", _WRITE, "MF120"
            ) from error
        if mutator is not None:
            if kind is MutatorKind.STEP and (args or kwargs):
                more, found = args, kwargs  # Metaflow forgets them for a FlowMutator
            return Instance(mutator, Given(more, found), node, self.runner)
        known = {key: value for key, value in kwargs.items() if key in _table(kind)[name]}
        return _deco(name, found, {**found, **known}, [*more, *args], kind, node)


_WRITE = 'Write add_decorator("name", deco_kwargs={…}).'


def _table(kind: MutatorKind) -> Mapping[str, Mapping[str, Any]]:
    return STEP_DECORATORS if kind is MutatorKind.STEP else FLOW_DECORATORS


def _deco(
    name: str,
    checked: Mapping[str, Any],
    given: Mapping[str, Any],
    args: list[Any],
    kind: MutatorKind,
    node: ast.Call,
) -> Deco:
    """A decorator of Metaflow's; it checks the names of its own arguments, but not those that
    come beside a string."""
    defaults = _table(kind)[name]
    unknown = [key for key in checked if key not in defaults]
    if unknown:
        raise Refused(
            node,
            f"adds @{name} with an attribute {unknown[0]} that it does not have",
            f"Its attributes are {', '.join(defaults)}." if defaults else "It has no attributes.",
            "MF120",
        )
    if args:
        message = f"gives @{name} positional arguments, which Metaflow does not take"
        raise Refused(node, message, "Give them by name, in deco_kwargs.", "MF120")
    return Deco(name, {**defaults, **given}, None, node, tuple(given))


def _not_for(kind: MutatorKind, name: str, node: ast.AST) -> Refused:
    what = "step" if kind is MutatorKind.STEP else "flow"
    return Refused(
        node,
        f"adds {name!r} to a {what}, but Metaflow has no such decorator for a {what}",
        "Correct the name of the decorator.",
        "MF120",
    )


def _args(given: Mapping[str, Any], node: ast.AST) -> list[Any]:
    args = given.get("deco_args")
    if not isinstance(args, (list, tuple, type(None))):
        raise Refused(node, "deco_args is no list")
    return [*(args or ())]


def _kwargs(given: Mapping[str, Any], node: ast.AST) -> dict[str, Any]:
    kwargs = given.get("deco_kwargs")
    if not isinstance(kwargs, (dict, type(None))) or not all(
        isinstance(k, str) for k in kwargs or ()
    ):
        raise Refused(node, "deco_kwargs is no dictionary of attributes")
    return {**(kwargs or {})}


def spec(deco: Deco | Instance, world: World) -> tuple[Any, ...]:
    """An entry of ``decorator_specs``: name, long name, positional arguments, those by name."""
    keep = world.runner.scopes.keep
    if isinstance(deco, Deco):
        return deco.name, Unknown(), [], dict(keep(deco.attributes))
    name = deco.mutator.name
    known = world.known.get(name) is deco.mutator
    args, kwargs = keep(deco.given.args), keep(deco.given.kwargs)
    return name if known else Unknown(), Unknown(), [*args], dict(kwargs)


def matches(deco: Deco | Instance, args: Any, kwargs: Any, node: ast.AST) -> bool:
    """Whether a decorator has exactly these arguments, those included that it has by default."""
    own = ([], deco.attributes) if isinstance(deco, Deco) else (deco.given.args, deco.given.kwargs)
    try:
        return bool(own == (args, kwargs))
    except TypeError as error:
        raise Refused(node, "the arguments of a decorator cannot be compared") from error
