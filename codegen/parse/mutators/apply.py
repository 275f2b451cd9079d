"""Applies the mutators of a flow, in the order in which Metaflow runs them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codegen.analyse.evaluate import CannotEvaluate
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Argument, Config, Decorator, Parameter, Step, Wrapper
from codegen.parse.mutators.api import MutableFlow, MutableStep
from codegen.parse.mutators.run import Instance, Runner
from codegen.parse.mutators.scope import Scope, Scopes
from codegen.parse.mutators.state import AddedParameter, Deco, FlowState, StepState, World
from codegen.parse.mutators.use import Mutator, Mutators, Use
from codegen.parse.mutators.values import Given, Refused, Unknown, literal
from codegen.parse.names import place
from codegen.parse.siblings import Class, Other, Source
from codegen.parse.table import FLOW_DECORATORS, PARAMETER_ORDER, STEP_DECORATORS


@dataclass(frozen=True)
class Parts:
    """What mutators change of a flow."""

    steps: Mapping[str, Step]
    parameters: Mapping[str, Parameter]
    decorators: tuple[Decorator, ...]


@dataclass(frozen=True)
class Defined:
    """Where what the mutators see stands: the class of each step and Parameter, and the mutators
    of each step and of the flow's classes, in the order of the source; ``classes`` are those of
    the flow, itself first. ``members`` are the names in it, ``inherited`` those of its bases."""

    name: str
    classes: Sequence[Class]
    owners: Mapping[str, Class]
    steps: Mapping[str, Sequence[Use]]
    flows: Mapping[Class, Sequence[Use]]
    own: Collection[str]
    inherited: Collection[str]
    members: Collection[str]


@dataclass(frozen=True)
class Around:
    """The modules: ``sources`` those that become one, ``gone`` the classes that leave them."""

    mutators: Mutators
    sources: Sequence[Source]
    gone: Collection[ast.ClassDef]
    drop: Collection[str]


def mutated(
    parts: Parts,
    defined: Defined,
    configs: Mapping[str, Config],
    around: Around,
    diagnostics: Diagnostics,
) -> Parts | None:
    """The parts of a flow after its mutators, None if what they do is refused."""
    if not any((*defined.steps.values(), *defined.flows.values())):
        return parts
    return _Application(parts, defined, configs, around, diagnostics).result()


class _Application:
    def __init__(
        self,
        parts: Parts,
        defined: Defined,
        configs: Mapping[str, Config],
        around: Around,
        diagnostics: Diagnostics,
    ) -> None:
        self.parts = parts
        self.defined = defined
        self.configs = configs
        self.diagnostics = diagnostics
        self.scopes = Scopes(around.mutators, around.gone)
        self.runner = Runner(self.scopes, _parameter)
        self.known = _known(around)
        self.world = World(
            self.runner,
            self.known,
            {name for source in around.sources for name in self.scopes.of(source).module.bound},
            around.drop,
            self._dropped,
        )
        self.current: tuple[str, str | None] = ("", None)

    def result(self) -> Parts | None:
        """What is left of the flow, and what it has got."""
        try:
            state = self._state()
            self._run(state)
            return self._changed(state)
        except Refused as refused:
            self._report(refused)
        except CannotEvaluate as error:
            text = " ".join(ast.unparse(error.node).split())
            shown = text if len(text) <= 60 else f"{text[:57]}…"
            self._report(Refused(error.node, f"{shown} cannot be known from the source"))
        return None

    # ------------------------------------------------------------------ before

    def _state(self) -> FlowState:
        classes, parts = self.defined.classes, self.parts
        # inherited mutators come first, and those of a class from the innermost one outwards
        flows = [
            (use, found)
            for found in (*classes[1:], classes[0])
            for use in reversed(self.defined.flows.get(found, ()))
        ]
        decorators: dict[str, list[Deco]] = {}
        for decorator in parts.decorators:
            # where it stands: those of bases and of the flow itself see their own modules
            scope = self._scope_of(decorator)
            deco = self._static(decorator, FLOW_DECORATORS, scope)
            decorators.setdefault(decorator.name, []).append(deco)
        return FlowState(
            name=self.defined.name,
            steps={name: self._step(parts.steps[name]) for name in sorted(parts.steps)},
            decorators=decorators,
            mutators=[
                self._instance(use, self.scopes.of(found.source), None) for use, found in flows
            ],
            parameters=dict(parts.parameters),
            names={name: self._name(found) for name, found in parts.parameters.items()},
            own={name for name in parts.parameters if name in self.defined.own},
            inherited=frozenset(self.defined.inherited),
            members=frozenset(self.defined.members) - set(parts.parameters),
            configs=self.configs,
        )

    def _scope_of(self, decorator: Decorator) -> Scope:
        file = decorator.position.file
        found = next(each for each in self.defined.classes if each.source.file == file)
        return self.scopes.of(found.source)

    def _step(self, step: Step) -> StepState:
        scope = self.scopes.inside(self.defined.owners[step.name])
        uses = self.defined.steps.get(step.name, ())
        decorators = [self._static(each, STEP_DECORATORS, scope) for each in step.decorators]
        mutators = [self._instance(use, scope, step.name) for use in reversed(uses)]
        seen = [each for each in reversed(step.wrappers) if self._seen(each, scope)]
        self._check_order(step, uses, [each.node for each in step.wrappers if each not in seen])
        return StepState(step, decorators[::-1], mutators, [each.name for each in seen])

    def _check_order(self, step: Step, uses: Sequence[Use], plain: Sequence[ast.expr]) -> None:
        """A plain function gets a bare mutator where it needs the function of a step."""
        bare = {use.node: use for use in uses if not isinstance(use.node, ast.Call)}
        decorators = step.node.decorator_list
        for above, below in zip(decorators, decorators[1:], strict=False):
            if above in plain and below in bare:
                name = bare[below].mutator.name
                self.current = name, step.name
                raise Refused(
                    above,
                    f"stands below @{ast.unparse(above)}, which gets it instead of the step",
                    f"Write @{name}() with parentheses, or above the other.",
                    "MF120",
                )

    def _seen(self, wrapper: Wrapper, scope: Scope) -> bool:
        """Whether Metaflow knows of a decorator that is not its own: not of a plain function."""
        target = wrapper.node.func if isinstance(wrapper.node, ast.Call) else wrapper.node
        found = self.scopes.mutators.siblings.follow(target, scope.source)
        if not isinstance(found, Other):
            return True
        function = self.scopes.of(found.source).module.functions.get(found.name)
        return function is None or _yields(function)

    def _static(
        self, decorator: Decorator, table: Mapping[str, Mapping[str, Any]], scope: Scope
    ) -> Deco:
        """A decorator from the source; not every mutator needs to know its arguments."""
        given: dict[str, Any] = {}
        for name, argument in decorator.arguments.items():
            try:
                given[name] = self.runner.evaluated(argument.node, scope)
            except (CannotEvaluate, Refused):
                given[name] = Unknown()
        attributes = {**table.get(decorator.name, {}), **given}
        return Deco(decorator.name, attributes, origin=decorator)

    def _instance(self, use: Use, scope: Scope, step: str | None) -> Instance:
        self.current = use.mutator.name, step
        given = self.runner.arguments(use.node, scope)
        return Instance(use.mutator, given, use.node, self.runner)

    def _name(self, found: Parameter) -> Any:
        argument = found.arguments.get("name")
        try:
            if argument is not None:
                scope = self.scopes.inside(self.defined.owners[found.attribute])
                return self.runner.evaluated(argument.node, scope)
        except (CannotEvaluate, Refused):
            pass
        return Unknown()

    # ------------------------------------------------------------------ Metaflow's order

    def _run(self, state: FlowState) -> None:
        """metaflow/flowspec.py, ``_process_config_decorators``, and metaflow/decorators.py,
        ``_init_step_decorators``: the lists may grow while they are gone through."""
        for one in state.mutators:
            self._start(one, None)
        for one in state.mutators:
            self._call(one, "pre_mutate", MutableFlow(self.world, state, True), None)
        for step in state.steps.values():
            for one in step.mutators:
                self._start(one, step)
        for step in state.steps.values():
            for one in step.mutators:
                self._call(one, "pre_mutate", MutableStep(self.world, state, True, step), step)
        for one in state.mutators:
            self._call(one, "mutate", MutableFlow(self.world, state, False), None)
        for step in state.steps.values():
            for one in step.mutators:
                self._call(one, "mutate", MutableStep(self.world, state, False, step), step)

    def _start(self, one: Instance, step: StepState | None) -> None:
        self.current = one.mutator.name, step.step.name if step else None
        self.world.start(one)

    def _call(
        self,
        one: Instance,
        name: str,
        subject: MutableFlow | MutableStep,
        step: StepState | None,
    ) -> None:
        self.current = one.mutator.name, step.step.name if step else None
        self.runner.run(one, name, Given([subject]), one.node)

    # ------------------------------------------------------------------ after

    def _changed(self, state: FlowState) -> Parts:
        steps = {}
        for name, step in self.parts.steps.items():
            found = tuple(_decorator(deco) for deco in reversed(state.steps[name].decorators))
            steps[name] = step if found == step.decorators else replace(step, decorators=found)
        parameters = {
            name: found if isinstance(found, Parameter) else _added(name, found)
            for name, found in state.parameters.items()
        }
        decorators = [_decorator(deco) for group in state.decorators.values() for deco in group]
        return Parts(steps, parameters, tuple(decorators))

    def _dropped(self, name: str, node: ast.AST, step: str | None) -> None:
        self.diagnostics.add(
            "MF509",
            Position(*place(node)),
            f"@{name} is dropped on request: the module does without what it does",
            "Drop it only where the workflow gives the right results without it.",
            step,
        )

    def _report(self, refused: Refused) -> None:
        name, step = self.current
        advice = refused.advice
        if refused.code == "MF510":
            message = f"the mutator {name} cannot be followed: {refused.message}"
            advice = (
                f"{advice or 'Write out in the flow what it does,'} or leave it out with "
                f"--drop-decorator {name}."
            )
        else:
            message = f"the mutator {name} {refused.message}"
        where = Position(*place(refused.node))
        self.diagnostics.add(refused.code, where, message, advice or "", step)


def _known(around: Around) -> dict[str, Mutator]:
    """The mutators by name, without those that others derive from, as Metaflow registers them."""
    found = [each for source in around.sources for each in around.mutators.within(source)]
    bases = {base for each in found for base in each.line[1:]}
    leaves = [each for each in found if each.line[0] not in bases]
    names = [each.name for each in leaves]
    return {each.name: each for each in leaves if names.count(each.name) == 1}


def _yields(function: ast.FunctionDef) -> bool:
    """Whether a function is a generator, as those under ``@user_step_decorator`` are."""
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return False


def _parameter(given: Given, node: ast.Call) -> AddedParameter:
    """What ``Parameter(…)`` gives."""
    arguments = dict(zip(PARAMETER_ORDER, given.args, strict=False))
    twice = [name for name in given.kwargs if name in arguments]
    if twice or len(given.args) > len(PARAMETER_ORDER):
        message = "gives a Parameter arguments that it does not take"
        raise Refused(node, message, "Give its arguments by name.", "MF122")
    return AddedParameter({**arguments, **given.kwargs}, node)


def _decorator(deco: Deco) -> Decorator:
    if deco.origin is not None:
        return deco.origin
    assert deco.node is not None
    return Decorator(
        deco.name,
        Position(*place(deco.node)),
        {name: _argument(deco.attributes[name], deco.node) for name in deco.given},
    )


def _added(attribute: str, found: AddedParameter) -> Parameter:
    arguments = {name: _argument(value, found.node) for name, value in found.arguments.items()}
    return Parameter(attribute, Position(*place(found.node)), arguments)


def _argument(value: Any, node: ast.AST) -> Argument:
    return Argument(literal(value, node), Position(*place(node)))
