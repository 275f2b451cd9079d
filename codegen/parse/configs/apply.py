"""The configs of one flow, and their values in the place of what uses them before a run."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codegen.diagnostics import Diagnostics, Position
from codegen.model import Argument, Config, Constant, Decorator, Parameter, Shape, Step, Wrapper
from codegen.parse.configs.declared import Declared, Reader, Rejected
from codegen.parse.configs.expressions import ConfigExpressions, Failed
from codegen.parse.configs.given import ConfigOptions, given_configs
from codegen.parse.configs.value import expression
from codegen.parse.mutators.apply import Around, Defined, Parts
from codegen.parse.mutators.run import Runner
from codegen.parse.mutators.scope import Scope, Scopes
from codegen.parse.mutators.use import Use
from codegen.parse.mutators.values import Given, Refused, placed
from codegen.parse.names import place
from codegen.parse.siblings import Class
from codegen.parse.table import FLOW_DECORATORS, STEP_DECORATORS
from codegen.parse.unpack import named_arguments

#: What a class binds a name to, as far as configs matter.
Bodies = Mapping[Class, Mapping[str, Sequence[object]]]


@dataclass(frozen=True)
class Configured:
    """A flow with its ``configs`` by attribute, and with values where it uses them before a run."""

    configs: Mapping[str, Config]
    parts: Parts
    defined: Defined


@dataclass(frozen=True)
class Configuration:
    """What the configs of all flows in a file have in common: ``names`` are all that they have."""

    options: ConfigOptions
    names: Collection[str]
    generators: Collection[str]


def configured(
    parts: Parts,
    defined: Defined,
    bodies: Bodies,
    around: Around,
    common: Configuration,
    where: Position,
    diagnostics: Diagnostics,
) -> Configured | None:
    """The flow with the values of its configs; None if something about them is refused."""
    return _Application(defined, bodies, around, common, diagnostics).result(parts, where)


class _Application:
    def __init__(
        self,
        defined: Defined,
        bodies: Bodies,
        around: Around,
        common: Configuration,
        diagnostics: Diagnostics,
    ) -> None:
        self.defined = defined
        self.bodies = bodies
        self.common = common
        self.diagnostics = diagnostics
        self.scopes = Scopes(around.mutators, around.gone)
        self.runner = Runner(self.scopes, _no_parameter)
        self.failed = False

    def result(self, parts: Parts, where: Position) -> Configured | None:
        """The flow, unless something has been reported as an error."""
        declared = self._declared()
        configs = self._configs(declared, where)
        values = {config.name: config.value for config in configs.values()}
        self.expressions = ConfigExpressions(
            values, declared, self._follow, self.runner, self.diagnostics
        )
        if not self.failed:
            for found in reversed(self.defined.classes):
                self._check(found)
            parts = Parts(
                steps={name: self._step(step, configs) for name, step in parts.steps.items()},
                parameters={name: self._parameter(p) for name, p in parts.parameters.items()},
                decorators=tuple(self._of_flow(each) for each in parts.decorators),
            )
            self.defined = replace(
                self.defined,
                steps={name: self._uses_of(name, u) for name, u in self.defined.steps.items()},
                flows={
                    found: [
                        self._use(use, self.scopes.of(found.source), None, None) for use in uses
                    ]
                    for found, uses in self.defined.flows.items()
                },
            )
        return None if self.failed else Configured(configs, parts, self.defined)

    # ------------------------------------------------------------------ the configs

    def _declared(self) -> dict[Class, dict[str, str]]:
        """The names of the configs that each class declares, by attribute."""
        found: dict[Class, dict[str, str]] = {}
        for each in self.defined.classes:
            for attribute, declared in _declarations(self.bodies[each]):
                try:
                    reader = self._reader(self.diagnostics)
                    name = reader.name(declared, self.scopes.inside(each))
                    found.setdefault(each, {})[attribute] = name
                except Rejected:
                    self.failed = True
        return found

    @property
    def _has_mutators(self) -> bool:
        return any((*self.defined.steps.values(), *self.defined.flows.values()))

    def _reader(self, diagnostics: Diagnostics) -> Reader:
        return Reader(self.runner, self.common.options, diagnostics)

    def _configs(
        self, names: Mapping[Class, Mapping[str, str]], where: Position
    ) -> dict[str, Config]:
        """The configs that the flow itself sees, bases first."""
        seen: dict[str, tuple[Class, Declared]] = {}
        for each in reversed(self.defined.classes):
            for attribute in self.bodies[each]:
                seen.pop(attribute, None)
            for attribute, declared in _declarations(self.bodies[each]):
                seen[attribute] = each, declared
        own = [names[each][a] for a, (each, _) in seen.items() if a in names.get(each, {})]
        messages = Diagnostics()  # apart, as another flow may have been told the same
        reader = self._reader(messages)
        given = given_configs(self.common.options, own, self.common.names, where, messages)
        found: dict[str, Config] = {}
        first: dict[str, str] = {}
        for attribute, (each, declared) in seen.items():
            name = names.get(each, {}).get(attribute)
            if name is None:
                continue
            key = name.lower() if self._has_mutators else name  # metaflow/flowspec.py
            if first.setdefault(key, attribute) != attribute:
                messages.add(
                    "MF650",
                    declared.position,
                    f"two Configs are called {name!r}: {first[key]} and {attribute}",
                    "Give each Config a name of its own.",
                )
                continue
            try:
                scope = self.scopes.inside(each)
                found[attribute] = reader.config(declared, name, each, scope, given.get(name))
            except Rejected:
                continue
        self.failed |= messages.failed
        for one in messages.found:
            self.diagnostics.add(one.code, one.position, one.message, one.advice)
        return found

    def _follow(self, node: ast.expr, scope: Scope) -> Sequence[Class]:
        """The class of the flow that an expression names, with its bases."""
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return ()
        found = self.scopes.mutators.siblings.follow(node, scope.source)
        if not isinstance(found, Class) or found not in self.defined.classes:
            return ()
        return self.defined.classes[self.defined.classes.index(found) :]

    # ------------------------------------------------------------------ what uses them

    def _check(self, found: Class) -> None:
        """Refuse configs in a class where nothing evaluates them."""
        scope = self.scopes.inside(found)
        for name, group in self.bodies[found].items():
            for one in group:
                if isinstance(one, Constant) and one.owner == found.node.name:
                    self._misused(one.value, f"the class attribute {name}", scope, found, None)
        for node in found.node.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                step = node.name if node.name in self.defined.steps else None
                defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
                for default in defaults:
                    self._misused(default, f"a default of {node.name}", scope, found, step)

    def _misused(
        self, node: ast.expr, what: str, scope: Scope, owner: Class, step: str | None
    ) -> None:
        used = self.expressions.mentioned(node, scope, owner)
        if used is not None:
            self.failed = True
            self.diagnostics.add(
                "MF657",
                Position(*place(used)),
                f"{what} uses {ast.unparse(used)}, which has no value yet where Metaflow reads the "
                "class",
                "Look it up in the steps, or make a property or a helper of it.",
                step,
            )

    def _step(self, step: Step, configs: Mapping[str, Config]) -> Step:
        owner = self.defined.owners[step.name]
        scope = self.scopes.inside(owner)
        return replace(
            step,
            decorators=tuple(
                self._decorator(each, STEP_DECORATORS, scope, owner, step.name)
                for each in step.decorators
            ),
            wrappers=tuple(self._wrapper(each, scope, owner, step.name) for each in step.wrappers),
            transition=self._transition(step, configs),
        )

    def _of_flow(self, decorator: Decorator) -> Decorator:
        file = decorator.position.file
        found = next(each for each in self.defined.classes if each.source.file == file)
        scope = self.scopes.of(found.source)
        return self._decorator(decorator, FLOW_DECORATORS, scope, None, None)

    def _decorator(
        self,
        decorator: Decorator,
        table: Mapping[str, Mapping[str, Any]],
        scope: Scope,
        owner: Class | None,
        step: str | None,
    ) -> Decorator:
        what = f"@{decorator.name}"
        arguments: dict[str, Argument] = {}
        unpacked: dict[str, Argument] = {}
        for name, argument in decorator.arguments.items():
            if name.startswith("**"):
                given = self._unpacked(argument, scope, owner, step, what)
                known = table.get(decorator.name)
                if self.expressions.mentioned(argument.node, scope, owner) is None:
                    known = None  # Metaflow gets arguments like any other
                    for twice in sorted(given.keys() & {*decorator.arguments, *unpacked}):
                        self._twice(twice, what, argument.position, step)
                for key in given.keys() - (given.keys() if known is None else known.keys()):
                    self.diagnostics.add(
                        "MF658",
                        argument.position,
                        f"{what} has no attribute {key}, and Metaflow does nothing with that key "
                        f"of {ast.unparse(argument.node)}",
                        "Correct the key, or remove it from the config.",
                        step,
                    )
                    del given[key]
                unpacked.update(given)
            else:
                arguments[name] = self._argument(argument, scope, owner, step, what)
        return replace(decorator, arguments={**arguments, **unpacked})

    def _parameter(self, parameter: Parameter) -> Parameter:
        owner = self.defined.owners[parameter.attribute]
        scope = self.scopes.inside(owner)
        what = f"the {type(parameter).__name__} {parameter.attribute}"
        arguments: dict[str, Argument] = {}
        for name, argument in parameter.arguments.items():
            if name.startswith("**"):
                arguments.update(self._unpacked(argument, scope, owner, None, what))
        for name, argument in parameter.arguments.items():
            empty = isinstance(argument.node, ast.Constant) and argument.node.value is None
            if not name.startswith("**") and not (empty and name in arguments):
                arguments[name] = self._argument(argument, scope, owner, None, what)
        return replace(parameter, arguments=arguments)

    def _argument(
        self, argument: Argument, scope: Scope, owner: Class | None, step: str | None, what: str
    ) -> Argument:
        try:
            node = self.expressions.resolved(argument.node, scope, owner, step, what)
        except Failed:
            self.failed = True
            return argument
        return argument if node is argument.node else Argument(node, argument.position)

    def _unpacked(
        self, argument: Argument, scope: Scope, owner: Class | None, step: str | None, what: str
    ) -> dict[str, Argument]:
        """The arguments in ``**argument``."""
        try:
            found = self.expressions.mapping(argument.node, scope, owner, step, what)
        except Failed:
            self.failed = True
            return {}
        if found is None:
            plain = named_arguments(argument.node, scope, self.runner)
            if plain is not None:
                return {n: Argument(node, Position(*place(node))) for n, node in plain.items()}
            self.diagnostics.add(
                "MF301",
                argument.position,
                f"the arguments of {what} cannot be known from the source",
                "Write each argument out, by name, or in a mapping of this module.",
                step,
            )
            self.failed = True
            return {}
        return {
            name: Argument(placed(expression(value), argument.node), argument.position)
            for name, value in found.items()
        }

    def _twice(self, name: str, what: str, where: Position, step: str | None) -> None:
        self.failed = True
        self.diagnostics.add(
            "MF120", where, f"{what} is given {name} twice", "Keep one of them.", step
        )

    def _wrapper(self, wrapper: Wrapper, scope: Scope, owner: Class, step: str) -> Wrapper:
        if wrapper.name not in self.common.generators:
            self._misused(wrapper.node, f"@{wrapper.name}", scope, owner, step)
            return wrapper
        try:
            node = self.expressions.arguments(wrapper.node, scope, owner, step, keep=False)
        except Failed:
            self.failed = True
            return wrapper
        return wrapper if node is wrapper.node else replace(wrapper, node=node)

    def _uses_of(self, step: str, uses: Sequence[Use]) -> list[Use]:
        owner = self.defined.owners[step]
        return [self._use(use, self.scopes.inside(owner), owner, step) for use in uses]

    def _use(self, use: Use, scope: Scope, owner: Class | None, step: str | None) -> Use:
        try:
            node = self.expressions.arguments(use.node, scope, owner, step, keep=True)
        except Failed:
            self.failed = True
            return use
        return use if node is use.node else replace(use, node=node)

    def _transition(self, step: Step, configs: Mapping[str, Config]) -> Any:
        """The transition with values for keys such as ``self.cfg.fast`` of a switch."""
        transition = step.transition
        if transition is None or transition.shape is not Shape.SWITCH:
            return transition
        cases: list[tuple[ast.expr, str]] = []
        values: dict[Any, ast.expr] = {}
        for key, target in transition.cases:
            made = self._case(key, step, configs)
            if isinstance(made, ast.Constant):
                other = values.setdefault(made.value, key)
                if other is not key:
                    self._refuse_case(key, step, f"has the value {made.value!r} of another case")
            cases.append((made, target))
        return replace(transition, cases=tuple(cases))

    def _case(self, key: ast.expr, step: Step, configs: Mapping[str, Config]) -> ast.expr:
        if not (isinstance(key, ast.Attribute) and isinstance(key.value, ast.Attribute)):
            return key
        config = configs.get(key.value.attr)
        if config is None:
            return key
        if not isinstance(config.value, dict) or config.plain or key.attr not in config.value:
            self._refuse_case(key, step, "has no value")
            return key
        value = config.value[key.attr]
        if not isinstance(value, (bool, int, float, str)):
            self._refuse_case(key, step, "is no text, number or truth value")
            return key
        return placed(expression(value), key)

    def _refuse_case(self, key: ast.expr, step: Step, why: str) -> None:
        self.failed = True
        self.diagnostics.add(
            "MF657",
            Position(*place(key)),
            f"the case {ast.unparse(key)} of the switch {why}",
            "Correct the config, or the cases.",
            step.name,
        )


def _no_parameter(given: Given, node: ast.Call) -> Any:
    raise Refused(node, "a Parameter is no value")


def _declarations(body: Mapping[str, Sequence[object]]) -> Iterator[tuple[str, Declared]]:
    for attribute, group in body.items():
        for one in group:
            if isinstance(one, Declared):
                yield attribute, one
