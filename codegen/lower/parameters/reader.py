"""What all kinds of Parameter share: name, help, and how their arguments are read.

Source of the rules: metaflow/parameters.py.
"""

from __future__ import annotations

import ast
import keyword
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from codegen.analyse.evaluate import CannotEvaluate
from codegen.analyse.scope import ModuleScope
from codegen.analyse.types import Kind
from codegen.diagnostics import Diagnostics, Position
from codegen.flyte import FunctionInput
from codegen.lower.parameters.plan import FLYTE_RESERVED, Decode, ParameterPlan
from codegen.model import Argument, Flow, Parameter
from codegen.parse.configs.value import expression
from codegen.parse.names import place
from codegen.parse.table import RESERVED
from codegen.parse.uses import references
from codegen.symbols import Symbols


def refuse_metaflow(arguments: Iterable[Argument], flow: Flow, diagnostics: Diagnostics) -> None:
    """Report what arguments take from Metaflow: the generated module has none of it."""
    for argument in arguments:
        for used, dotted in references(argument.node, flow.module.metaflow):
            diagnostics.add(
                "MF503",
                Position(*place(used)),
                f"{dotted} is not translated yet",
                "Do without it, or keep this flow on Metaflow for now.",
            )


class Refused(Exception):
    """The Parameter has been reported; nothing more can be done with it."""


@dataclass
class Reader:
    """Reads one Parameter. ``title`` is what Metaflow calls its kind, ``known`` are the arguments
    that are translated; those among ``foreign`` may mention Metaflow."""

    title: ClassVar[str]
    known: ClassVar[frozenset[str]]
    foreign: ClassVar[frozenset[str]] = frozenset()

    flow: Flow
    parameter: Parameter
    scope: ModuleScope
    symbols: Symbols
    diagnostics: Diagnostics
    name: str = field(default="", init=False)
    text: str = field(default="", init=False)

    def fail(self, code: str, place: Position, message: str, advice: str) -> None:
        """Report on this Parameter."""
        self.diagnostics.add(code, place, message, advice)

    def refuse(self, code: str, place: Position, message: str, advice: str) -> Refused:
        """Report on it, to give up."""
        self.fail(code, place, message, advice)
        return Refused()

    def argument(self, name: str) -> Argument | None:
        """An argument as the source gives it."""
        return self.parameter.arguments.get(name)

    def value(self, name: str, default: Any = None) -> Any:
        """The value of an argument that must be known from the source."""
        argument = self.argument(name)
        if argument is None:
            return default
        try:
            return self.evaluated(argument)
        except CannotEvaluate as error:
            raise self.refuse(
                "MF301",
                argument.position,
                f"{name}={ast.unparse(argument.node)} cannot be known from the source "
                f"({ast.unparse(error.node)} is not a constant of the module)",
                f"Write {name}= as a literal, or with constants of this module.",
            ) from error

    def evaluated(self, argument: Argument) -> Any:
        """The value of an argument, or CannotEvaluate."""
        return self.scope.value(argument.node)

    def plan(self) -> ParameterPlan | None:
        """The plan, or None if an error was reported."""
        try:
            self._common()
            return self._plan()
        except Refused:
            return None

    def _plan(self) -> ParameterPlan:
        raise NotImplementedError

    def _common(self) -> None:
        """Check what all kinds of Parameter have."""
        where = self.parameter.position
        for name, argument in self.parameter.arguments.items():
            if name not in self.known:
                raise self.refuse(
                    "MF304",
                    argument.position,
                    f"{name}= is an option of click that has no counterpart in Flyte",
                    "Check or convert the value in the first step.",
                )
        given = self.parameter.arguments.items()
        rest = [value for name, value in given if name not in self.foreign]
        refuse_metaflow(rest, self.flow, self.diagnostics)
        self.name = self.value("name")
        if not isinstance(self.name, str):
            raise self.refuse(
                "MF122",
                where,
                f"the {self.title} has no name",
                f"Write {self.title}('name', …).",
            )
        if self.name.replace("_", "-") in RESERVED:
            raise self.refuse(
                "MF122",
                where,
                f"Metaflow's own options have taken the parameter name {self.name!r}",
                f"Give the {self.title} another name.",
            )
        help_text = self.value("help")
        self.text = " ".join(str(help_text).split()) if help_text is not None else ""
        if self.value("show_default") is False:
            self.fail(
                "MF303",
                where,
                "show_default=False is left out: pyflyte shows every default",
                "Nothing to do.",
            )
        self._note_name(where)

    def _note_name(self, where: Position) -> None:
        attribute = self.parameter.attribute
        if self.input_name() != attribute:
            self.fail(
                "MF206",
                where,
                f"the workflow input is called {self.input_name()}, since flytekit cannot take "
                f"an input called {attribute}",
                f"Give it as --{self.input_name()}.",
            )
        elif self.name != attribute:
            self.fail(
                "MF206",
                where,
                f"the workflow input is called {attribute}, after the attribute, "
                f"where Metaflow's option is --{self.name}",
                f"Give it as --{attribute}.",
            )

    def input_name(self) -> str:
        """The name of the workflow input."""
        attribute = self.parameter.attribute
        return f"{attribute}_" if attribute in FLYTE_RESERVED else attribute

    def is_function(self, node: ast.expr) -> bool:
        """Whether an argument surely is a function, which computes the default."""
        return isinstance(node, ast.Lambda) or (
            isinstance(node, ast.Name)
            and (node.id in self.scope.functions or node.id in self.scope.classes)
        )

    def made(
        self,
        type_: str,
        default: str | None,
        kind: Kind | None = None,
        decode: Decode | None = None,
        **more: Any,
    ) -> ParameterPlan:
        """The plan for an input of this type; what else it has is given by name."""
        made = FunctionInput(self.input_name(), type_, default, self.parameter.comments)
        return ParameterPlan(self.parameter.attribute, made, kind, self.text, decode, **more)

    def constant_name(self) -> str:
        """The name of the module's constant that holds the default."""
        name = f"{self.parameter.attribute.strip('_').upper()}_DEFAULT"
        while name in self.scope.bound or keyword.iskeyword(name):
            name += "_"
        return name

    def written(self, node: ast.expr | None, value: Any) -> str:
        """The default as the author wrote it where that is the same, else its value."""
        if node is not None and not self.members_in(node):
            if not any(isinstance(part, ast.Call) for part in ast.walk(node)):
                return ast.unparse(node)
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        return repr(value)

    def members_in(self, node: ast.expr) -> list[str]:
        """The members of the class that an expression needs, which the module does not have."""
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        return sorted(names & {*self.flow.members, *self.flow.steps, *self.flow.parameters})

    def running(self, default: Argument) -> str:
        """The expression of a default that only running the code can tell."""
        if members := self.members_in(default.node):
            raise self.refuse(
                "MF301",
                default.position,
                f"the default {ast.unparse(default.node)} needs {members[0]}, which belongs to the "
                "class, and cannot be known from the source",
                f"Move {members[0]} to the top level of the module.",
            )
        return ast.unparse(default.node)

    def deploy_time(self, default: Argument) -> str:
        """The call of a function as default, where the workflow is registered, as Metaflow calls
        it where the flow is deployed or started."""
        function = self.running(default)
        self.note_computed(default)
        given = [function, repr(self.flow.name), repr(self.name), *self._configs(default.node)]
        return f"{self.symbols.use('deploy_time')}({', '.join(given)})"

    def _configs(self, function: ast.expr) -> list[str]:
        """The configs for a function that may ask its context for them."""
        found: ast.AST = function
        if isinstance(function, ast.Name):
            found = self.scope.functions.get(function.id, function)
        nodes = list(ast.walk(found))
        owners = [node.value for node in nodes if isinstance(node, ast.Attribute)]
        asked = any(isinstance(node, ast.Attribute) and node.attr == "configs" for node in nodes)
        arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
        handed_on = any(
            isinstance(node, ast.Name) and node.id in arguments and node not in owners
            for node in nodes
        )
        if not self.flow.configs or not (asked or handed_on or not arguments):
            return []
        values = {config.name: config.value for config in self.flow.configs.values()}
        self.symbols.need("configs of a context")
        return [f"{self.symbols.use('ConfigValue')}({ast.unparse(expression(values))})"]

    def unknown_default(self, default: Argument) -> Refused:
        """Report a default that may be a value, or a function that computes one."""
        return self.refuse(
            "MF301",
            default.position,
            f"the source does not tell whether {ast.unparse(default.node)} is a value or a "
            "function that computes the default",
            "Define it in this module, or write default=lambda context: ….",
        )

    def note_computed(self, default: Argument) -> None:
        """Warn of a default that is there before a run begins."""
        self.fail(
            "MF302",
            default.position,
            f"the default of {self.parameter.attribute} is computed when the workflow is "
            "registered (or started with pyflyte run), and stays the same until it is "
            "registered again",
            "Give the value with each run if that is too rarely.",
        )
