"""The arguments of a decorator, evaluated from the source, with errors at their place."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import Any

from codegen.analyse.environ import WithEnvironment
from codegen.analyse.evaluate import CannotEvaluate
from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Diagnostics
from codegen.model import Decorator


class Refused(Exception):
    """The decorator has been reported; nothing more can be done with it."""


@dataclass(frozen=True)
class Arguments:
    """Reads the arguments of one decorator."""

    decorator: Decorator
    scope: ModuleScope
    diagnostics: Diagnostics
    step: str | None

    def check(self, known: tuple[str, ...]) -> None:
        """Report attributes that Metaflow does not know (InvalidDecoratorAttribute)."""
        for name, argument in self.decorator.arguments.items():
            if name not in known:
                self.diagnostics.add(
                    "MF120",
                    argument.position,
                    f"@{self.decorator.name} has no attribute {name}",
                    f"Its attributes are {', '.join(known)}.",
                    self.step,
                )

    def value(self, name: str, default: Any = None) -> Any:
        """The value of an argument, or ``default`` where it is not given.

        Raises Refused, after an error, where the source does not tell it.
        """
        argument = self.decorator.arguments.get(name)
        if argument is None:
            return default
        scope = self.scope
        evaluator = WithEnvironment(scope.constants, scope.builtin, scope.imports, scope.elsewhere)
        try:
            value = evaluator.value(argument.node)
        except CannotEvaluate as error:
            self.diagnostics.add(
                "MF301",
                argument.position,
                f"@{self.decorator.name}({name}=…) cannot be known from the source "
                f"({ast.unparse(error.node)} is no constant of the module or of one beside it)",
                f"Write {name}= as a literal, or with constants of this module.",
                self.step,
            )
            raise Refused from error
        for variable, is_set in evaluator.read.items():
            self.diagnostics.add(
                "MF606",
                argument.position,
                f"@{self.decorator.name}({name}=…) depends on the environment variable {variable}, "
                f"which is {'set' if is_set else 'not set'} here: the module has the value of now",
                "Run mf-codegen where it is as in a deployment of the flow.",
                self.step,
            )
        return value

    def number(self, name: str, default: float) -> int | float:
        """A number, which Metaflow takes as a string as well."""
        value = self.value(name, default)
        try:
            if isinstance(value, str):
                value = float(value) if "." in value or "e" in value.lower() else int(value)
            if isinstance(value, (int, float)) and math.isfinite(value):
                return value
            raise ValueError(value)
        except (ValueError, OverflowError) as error:
            raise self.refuse(name, f"{value!r} is not a number", "Give a number.") from error

    def whole(self, name: str, default: int) -> int:
        """A whole number as Metaflow's ``int(…)`` makes it: fractions of a number are cut off,
        but a string must hold a whole one."""
        value = self.value(name, default)
        if isinstance(value, str):
            try:
                return int(value)
            except ValueError as error:
                message = f"{value!r} is not a whole number"
                raise self.refuse(name, message, "Give a number.") from error
        return int(self.number(name, default))

    def refuse(self, name: str, message: str, advice: str, code: str = "MF121") -> Refused:
        """Report an argument; the caller raises the result."""
        argument = self.decorator.arguments.get(name)
        self.diagnostics.add(
            code,
            argument.position if argument else self.decorator.position,
            f"@{self.decorator.name}: {message}",
            advice,
            self.step,
        )
        return Refused()
