"""What Metaflow hands to mutators: ``MutableStep`` and ``MutableFlow``.

The lists, and when they change, are those of metaflow/user_decorators/mutable_step.py and
mutable_flow.py, so that what is added or removed while others wait has the effect that it has
there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, TypeVar

from codegen.model import Config
from codegen.parse.configs.value import ConfigValue, frozen
from codegen.parse.decorators import REPEATABLE
from codegen.parse.mutators.run import Instance
from codegen.parse.mutators.state import (
    AddedParameter,
    Deco,
    FlowState,
    StepState,
    World,
    matches,
    spec,
)
from codegen.parse.mutators.use import MutatorKind
from codegen.parse.mutators.values import (
    DUPLICATES,
    Added,
    Function,
    Given,
    KnownParameter,
    Live,
    Opaque,
    Refused,
    Unknown,
)

_ADD = ("deco_type", "deco_args", "deco_kwargs", "duplicates")
_REMOVE = ("deco_name", "deco_args", "deco_kwargs")
_IGNORE, _ERROR, _OVERRIDE = DUPLICATES["IGNORE"], DUPLICATES["ERROR"], DUPLICATES["OVERRIDE"]

#: Public attributes of FlowSpec and its metaclass (metaflow/flowspec.py).
FLOW_SPEC = frozenset(
    {"cmd", "foreach_stack", "index", "input", "merge_artifacts", "mro", "next", "script_name"}
)
_NO_PARAMETERS = frozenset({"cmd", "foreach_stack", "index", "input", "name", "script_name"})

_D = TypeVar("_D", Deco, Instance)


class _Mutable(Opaque):
    """What both have."""

    def __init__(self, world: World, flow: FlowState, early: bool) -> None:
        self.world = world
        self.flow = flow
        self.early = early

    def specs(self) -> Iterator[tuple[Any, ...]]:
        """``decorator_specs``, which follows the decorators while they change."""
        raise NotImplementedError

    def attribute(self, name: str, node: ast.AST) -> Any:
        """The policies for duplicates, and the decorators."""
        if name in DUPLICATES:
            return DUPLICATES[name]
        if name == "decorator_specs":
            return Live(self.specs())
        return super().attribute(name, node)

    def call(self, name: str, given: Given, node: ast.Call) -> Any:
        """The questions about decorators."""
        if name in ("has_decorator", "get_decorator_specs"):
            wanted = _text(given.bound(("name",), node)["name"], node)
            try:
                found = [each for each in self.specs() if each[0] == wanted]
            except TypeError as error:
                raise Refused(node, "the names of decorators cannot be compared") from error
            return bool(found) if name == "has_decorator" else found
        return super().call(name, given, node)

    def only_early(self, what: str, node: ast.AST, code: str = "MF120") -> None:
        """Refuse what Metaflow does in ``pre_mutate`` only."""
        if not self.early:
            message = f"{what} in mutate, which Metaflow does in pre_mutate only"
            raise Refused(node, message, "Move it to pre_mutate.", code)


class MutableStep(_Mutable):
    """A step, as Metaflow hands it to mutators."""

    def __init__(self, world: World, flow: FlowState, early: bool, step: StepState) -> None:
        super().__init__(world, flow, early)
        self.step = step

    def specs(self) -> Iterator[tuple[Any, ...]]:
        """``decorator_specs``"""
        for deco in self.step.decorators:
            yield spec(deco, self.world)
        for name in self.step.wrappers:
            yield name, Unknown(), Unknown(), Unknown()
        for one in self.step.mutators:
            yield spec(one, self.world)

    def attribute(self, name: str, node: ast.AST) -> Any:
        """``flow``, and what both have; the name of the step is hidden in ``_my_step``."""
        if name == "flow":
            return MutableFlow(self.world, self.flow, self.early)
        if name == "_my_step":
            return Function(self.step.step.name)
        if name == "name":
            raise Refused(
                node,
                "asks for the name of a step, which a MutableStep does not have",
                "Loop over mutable_flow.steps, which gives each step with its name.",
                "MF120",
            )
        return super().attribute(name, node)

    def call(self, name: str, given: Given, node: ast.Call) -> Any:
        """Add or remove a decorator."""
        if name == "add_decorator":
            return self._add(given, node)
        if name == "remove_decorator":
            return self._remove(given, node)
        return super().call(name, given, node)

    def _add(self, given: Given, node: ast.Call) -> Any:
        bound = given.bound(_ADD, node)
        wanted = self.world.wanted(bound, MutatorKind.STEP, node)
        policy = bound.get("duplicates", _IGNORE)
        step = self.step
        where = f"step {step.step.name}"
        if isinstance(wanted, Instance):
            name = wanted.mutator.name
            self.only_early(f"adds the mutator {name}", node)
            if self.world.drops(name, node, step.step.name):
                return Added()
            same = [one for one in step.mutators if one.mutator is wanted.mutator]
            if same and not _replaces(policy, where, name, node):
                return None
            if same:
                step.mutators = _without(step.mutators, same)
            step.mutators.append(wanted)
            self.world.start(wanted)
            return Added()
        if self.world.drops(wanted.name, node, step.step.name):
            return Added()
        found = [deco for deco in step.decorators if deco.name == wanted.name]
        if found and wanted.name not in REPEATABLE:
            if not _replaces(policy, where, wanted.name, node):
                return None
            step.decorators = _without(step.decorators, found)
        step.decorators.append(wanted)
        return Added()

    def _remove(self, given: Given, node: ast.Call) -> bool:
        bound = given.bound(_REMOVE, node)
        name = _text(bound["deco_name"], node)
        args, kwargs = bound.get("deco_args"), bound.get("deco_kwargs")
        every = args is None and kwargs is None
        mutator = self.world.mutator(name, node)
        step = self.step
        if mutator is not None:
            gone = [
                one
                for one in step.mutators
                if one.mutator is mutator
                and (every or matches(one, args or [], kwargs or {}, node))
            ]
            if gone:
                self.only_early(f"removes the mutator {name}", node)
            step.mutators = _without(step.mutators, gone)
            if gone:
                return True
        if name in step.wrappers:
            raise Refused(node, f"it removes @{name}, which is not Metaflow's own")
        out = [
            deco
            for deco in step.decorators
            if deco.name == name and (every or matches(deco, args, kwargs, node))
        ]
        step.decorators = _without(step.decorators, out)
        return bool(out)


class MutableFlow(_Mutable):
    """The flow, as Metaflow hands it to mutators."""

    def specs(self) -> Iterator[tuple[Any, ...]]:
        """``decorator_specs``"""
        for group in self.flow.decorators.values():
            for deco in group:
                yield spec(deco, self.world)
        for one in self.flow.mutators:
            yield spec(one, self.world)

    def attribute(self, name: str, node: ast.AST) -> Any:
        """Steps and Parameters, all of them or by name, in the order of their names."""
        if name == "steps":
            return Live((step, self._step(step)) for step in self.flow.steps)
        if name == "parameters":
            found = self._parameters()
            return Live((each, KnownParameter(self.flow.names[each])) for each in found)
        if name in self.flow.steps:
            return self._step(name)
        if name in self._parameters():
            return KnownParameter(self.flow.names[name])
        if name == "configs":
            configs = self.flow.configs.values()
            return Live((each.name, self._config(each)) for each in configs)
        config = self.flow.configs.get(name)
        if config is not None and config.name == config.name.replace("-", "_").lower():
            value = self._config(config)  # Metaflow does not find that of another name
            if isinstance(value, ConfigValue) and value:
                return value
        return super().attribute(name, node)

    def call(self, name: str, given: Given, node: ast.Call) -> Any:
        """Add or remove a decorator or a Parameter."""
        match name:
            case "add_decorator":
                return self._add(given, node)
            case "remove_decorator":
                return self._remove(given, node)
            case "add_parameter":
                return self._add_parameter(given, node)
            case "remove_parameter":
                return self._remove_parameter(given, node)
        return super().call(name, given, node)

    def _step(self, name: str) -> MutableStep:
        return MutableStep(self.world, self.flow, self.early, self.flow.steps[name])

    def _config(self, config: Config) -> Any:
        """The value of a Config, which no mutator may change."""
        return self.world.runner.scopes.keep(config.value if config.plain else frozen(config.value))

    def _parameters(self) -> list[str]:
        """The attributes that Metaflow takes for Parameters."""
        return sorted(name for name in self.flow.parameters if not name.startswith("_"))

    def _add(self, given: Given, node: ast.Call) -> Any:
        self.only_early("adds a decorator to the flow", node)
        bound = given.bound(_ADD, node)
        wanted = self.world.wanted(bound, MutatorKind.FLOW, node)
        policy = bound.get("duplicates", _IGNORE)
        if isinstance(wanted, Instance):
            name = wanted.mutator.name
            if self.world.drops(name, node, None):
                return Added()
            same = [one for one in self.flow.mutators if one.mutator is wanted.mutator]
            if same and not _replaces(policy, f"flow {self.flow.name}", name, node):
                return None
            self.flow.mutators[:] = _without(self.flow.mutators, same)
            self.world.start(wanted)
            self.flow.mutators.append(wanted)
            return Added()
        if self.world.drops(wanted.name, node, None):
            return Added()
        ignored = {"branch", "production"} & set(bound.get("deco_kwargs") or ())
        if wanted.name == "project" and ignored and isinstance(bound["deco_type"], str):
            raise Refused(
                node,
                f"gives @project {' and '.join(sorted(ignored))} beside its name, and Metaflow "
                "does not look there",
                "Write add_decorator(project, deco_kwargs={…}).",
                "MF120",
            )
        if wanted.name in self.flow.decorators and wanted.name not in REPEATABLE:
            if not _replaces(policy, f"flow {self.flow.name}", wanted.name, node):
                return None
            raise Refused(
                node,
                f"it replaces @{wanted.name} of the flow, where Metaflow keeps both",
                f'Call remove_decorator("{wanted.name}") before it.',
            )
        self.flow.decorators.setdefault(wanted.name, []).append(wanted)
        return Added()

    def _remove(self, given: Given, node: ast.Call) -> bool:
        self.only_early("removes a decorator of the flow", node)
        bound = given.bound(_REMOVE, node)
        name = _text(bound["deco_name"], node)
        args, kwargs = bound.get("deco_args"), bound.get("deco_kwargs")
        if any(one.mutator is self.world.mutator(name, node) for one in self.flow.mutators):
            message = f"removes the mutator {name} of the flow, which Metaflow does not do"
            raise Refused(node, message, "Remove it from the source.", "MF120")
        found = self.flow.decorators.get(name, [])
        every = args is None and kwargs is None
        gone = [d for d in found if every or matches(d, args or [], kwargs or {}, node)]
        if found and len(gone) == len(found):
            del self.flow.decorators[name]
        elif gone:
            self.flow.decorators[name] = _without(found, gone)
        return bool(gone)

    def _add_parameter(self, given: Given, node: ast.Call) -> None:
        self.only_early("adds a Parameter", node, "MF122")
        bound = given.bound(("name", "value", "overwrite"), node)
        name, value = _text(bound["name"], node), bound.get("value")
        flow = self.flow
        known = name in flow.parameters
        replaces = bool(bound.get("overwrite", False))
        if (known or name in flow.members or name in FLOW_SPEC) and not replaces:
            raise Refused(
                node,
                f"adds the Parameter {name}, but {flow.name} already has a member {name}",
                "Choose another name, or give overwrite=True to replace a Parameter.",
                "MF122",
            )
        if isinstance(value, (Opaque, type(None))) and not isinstance(value, AddedParameter):
            raise Refused(node, f"what it adds as {name} is not known to be a Parameter")
        if not isinstance(value, AddedParameter):
            message = f"adds {name}, which is no Parameter"
            raise Refused(node, message, "Write Parameter(…).", "MF122")
        if not known and (name in flow.members or name in FLOW_SPEC):
            raise Refused(node, f"it puts a Parameter in the place of {name}")
        if name in _NO_PARAMETERS or not name.isidentifier() or name.startswith("_"):
            raise Refused(node, f"Metaflow does not take an attribute {name} for a Parameter")
        flow.parameters[name] = value
        flow.names[name] = value.arguments.get("name", Unknown())
        flow.own.add(name)

    def _remove_parameter(self, given: Given, node: ast.Call) -> bool:
        self.only_early("removes a Parameter", node, "MF122")
        name = _text(given.bound(("parameter_name",), node)["parameter_name"], node)
        flow = self.flow
        for attribute in self._parameters():
            if isinstance(flow.names[attribute], Opaque):
                raise Refused(node, f"the name of the Parameter {attribute} is not known")
            if flow.names[attribute] != name:
                continue
            if attribute not in flow.own:
                raise Refused(
                    node,
                    f"removes the Parameter {name}, which belongs to a base of {flow.name}: "
                    "Metaflow fails there",
                    "Remove it from the base.",
                    "MF122",
                )
            if attribute in flow.inherited:
                raise Refused(node, f"without {attribute}, that of a base is seen again")
            del flow.parameters[attribute], flow.names[attribute]
            return True
        return False


def _text(value: Any, node: ast.AST) -> str:
    if not isinstance(value, str) or "." in value:
        raise Refused(node, "the name in it cannot be followed")
    return value


def _without(items: list[_D], gone: list[_D]) -> list[_D]:
    """A new list of the items that are not ``gone``."""
    return [one for one in items if not any(one is other for other in gone)]


def _replaces(policy: Any, where: str, name: str, node: ast.AST) -> bool:
    """Whether a decorator that is there already goes for the one that is added."""
    if policy == _ERROR:
        raise Refused(
            node,
            f"adds @{name} to the {where}, which has it already, with duplicates=ERROR",
            "Use IGNORE or OVERRIDE, or remove the decorator.",
            "MF120",
        )
    if policy not in (_IGNORE, _OVERRIDE):
        raise Refused(node, "the policy for duplicates is not known")
    return bool(policy == _OVERRIDE)
