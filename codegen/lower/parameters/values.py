"""``Parameter`` to workflow input. Source of the rules: metaflow/parameters.py, click's types.

Where Flyte's own types would change a value (a JSON list that holds ints and floats, a dict with
int keys), the input is text, and each task that reads it decodes it: that also gives every task
its own copy, as in Metaflow.
"""

from __future__ import annotations

import ast
import json
from typing import Any, ClassVar

from codegen.analyse.evaluate import CannotEvaluate
from codegen.analyse.types import ANY_INT, BOOL, FLOAT, TEXT
from codegen.diagnostics import Position
from codegen.lower.parameters.plan import Decode, ParameterPlan, Surroundings
from codegen.lower.parameters.reader import Reader
from codegen.model import Argument
from codegen.parse.names import resolve

_KINDS = {"int": ANY_INT, "float": FLOAT, "str": TEXT, "bool": BOOL}
_TRUE, _FALSE = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")

#: How Metaflow's value comes from JSON text.
_JSON = Decode("json", lambda x, raw, task: f"{x} = {task.use('json')}.loads({raw})")
_OPTIONAL_JSON = Decode(
    "json", lambda x, raw, task: f"{x} = None if {raw} is None else {task.use('json')}.loads({raw})"
)


class ValueReader(Reader):
    """``Parameter``: a value from the command line."""

    title: ClassVar[str] = "Parameter"
    known: ClassVar[frozenset[str]] = frozenset(
        {"name", "default", "type", "help", "required", "show_default", "separator", "multiple"}
    )
    foreign: ClassVar[frozenset[str]] = frozenset({"type"})

    def _plan(self) -> ParameterPlan:
        declared = self._type()
        default = self.argument("default")
        if default is not None and self.is_function(default.node):
            return self._deploy_time(default, declared or "str")
        if self.value("multiple"):
            return self._multiple(declared or "str")
        try:
            value = self.evaluated(default) if default is not None else None
        except CannotEvaluate:
            assert default is not None
            return self._computed(default, declared)
        if value is None:
            return self._without_default(declared or "str")
        return self._with_default(declared or type(value).__name__, value)

    # ------------------------------------------------------------------ arguments

    def _type(self) -> str | None:
        argument = self.argument("type")
        if argument is None or (
            isinstance(argument.node, ast.Constant) and argument.node.value is None
        ):
            return None
        node = argument.node
        if resolve(node, self.flow.module.metaflow) == "metaflow.JSONType":
            return "JSON"
        if isinstance(node, ast.Name) and self.scope.builtin(node.id):
            if node.id in (*_KINDS, "list", "dict"):
                return node.id
        raise self.refuse(
            "MF304",
            argument.position,
            f"type={ast.unparse(node)} is not translated",
            "Use int, float, str, bool or JSONType, and convert the value in the first step.",
        )

    # ------------------------------------------------------------------ forms

    def _without_default(self, type_: str) -> ParameterPlan:
        required = bool(self.value("required"))
        decode = self._decoder(type_, optional=not required)
        native = "str" if type_ not in _KINDS else type_
        if not required:
            return self.made(f"{native} | None", "None", decode=decode)
        if type_ == "bool":  # flytekit takes a required bool that is not given for False
            return self.made("bool | None", "None", checked=True)
        return self.made(native, None, None if decode else _KINDS[type_], decode)

    def _with_default(self, type_: str, value: Any) -> ParameterPlan:
        argument = self.argument("default")
        assert argument is not None
        if type_ in ("JSON", "list", "dict"):
            return self._json(type_, value, argument)
        if type_ not in _KINDS:
            raise self.refuse(
                "MF304",
                argument.position,
                f"a default of type {type_} is not translated",
                "Use type=JSONType, and convert the value in the first step.",
            )
        if type_ == "str" and not isinstance(value, str):
            # Metaflow converts what is given, not the default
            fallback = ast.unparse(argument.node)
            return self.made(
                "str | None",
                "None",
                decode=Decode(
                    "text", lambda x, raw, task: f"{x} = {fallback} if {raw} is None else {raw}"
                ),
            )
        converted = self._converted(type_, value, argument.position)
        same = type(converted) is type(value)
        return self.made(
            type_,
            self.written(argument.node if same else None, converted),
            None if self.value("separator") else _KINDS[type_],
            self._decoder(type_, optional=False),
        )

    def _converted(self, type_: str, value: Any, where: Position) -> Any:
        """The default as click converts it."""
        try:
            if type_ == "bool" and not isinstance(value, bool):
                if isinstance(value, str) and value.lower() in (*_TRUE, *_FALSE):
                    return value.lower() in _TRUE
                raise ValueError(value)
            converted = {"int": int, "float": float, "str": str, "bool": bool}[type_](value)
            if type_ == "int" and not -(2**63) <= converted < 2**63:
                raise self.refuse(
                    "MF304",
                    where,
                    f"{converted} does not fit into Flyte's 64 bit integers",
                    "Use type=str, and convert the value in the steps.",
                )
            return converted
        except (TypeError, ValueError, OverflowError) as error:
            raise self.refuse(
                "MF122",
                where,
                f"the default {value!r} is no {type_}",
                "Correct the default or the type.",
            ) from error

    def _decoder(self, type_: str, optional: bool) -> Decode | None:
        separator = self.value("separator")
        if separator is not None:
            if type_ != "str" or not isinstance(separator, str):
                raise self.refuse(
                    "MF122",
                    self.parameter.arguments["separator"].position,
                    "separator= is only allowed for string parameters",
                    "Remove separator=, or the other type.",
                )
            if separator:
                return Decode(
                    "text",
                    lambda x, raw, task: f"{x} = {raw}.split({separator!r}) if {raw} else {raw}",
                )
        if type_ in ("JSON", "list", "dict"):
            return _OPTIONAL_JSON if optional else _JSON
        return None

    def _json(self, type_: str, value: Any, argument: Argument) -> ParameterPlan:
        if type_ == "JSON" and isinstance(value, str):
            try:
                json.loads(value)
            except ValueError as error:
                raise self.refuse(
                    "MF122",
                    argument.position,
                    f"the default is not valid JSON: {error}",
                    "Correct the default; JSON strings stand in double quotes.",
                ) from error
            return self.made(
                "str",
                self.written(argument.node, value),
                decode=self._decoder("JSON", optional=False),
            )
        if type_ in ("list", "dict"):
            if type(value).__name__ != type_:
                raise self.refuse(
                    "MF122",
                    argument.position,
                    f"the default {value!r} is no {type_}",
                    "Use type=JSONType.",
                )
            self.fail(
                "MF303",
                argument.position,
                f"the workflow takes {self.input_name()} as JSON text; on its own command line "
                f"Metaflow cannot take a {type_}",
                "Nothing to do; type=JSONType would be the same in both.",
            )
        text = _as_json(value)
        if text is not None:
            return self.made("str", repr(text), decode=self._decoder("JSON", optional=False))
        fallback = ast.unparse(argument.node)

        def statement(x: str, raw: str, task: Surroundings) -> str:
            return f"{x} = {fallback} if {raw} is None else {task.use('json')}.loads({raw})"

        return self.made("str | None", "None", decode=Decode("json", statement))

    def _multiple(self, type_: str) -> ParameterPlan:
        if type_ not in _KINDS:
            raise self.refuse(
                "MF304",
                self.parameter.arguments["multiple"].position,
                f"multiple=True with {type_} is not translated",
                "Use type=JSONType and a list.",
            )
        convert = {"int": int, "float": float, "str": str, "bool": bool}[type_]
        default = self.value("default") or ()
        try:
            items = tuple(item if type_ == "str" else convert(item) for item in default)
        except (TypeError, ValueError) as error:
            raise self.refuse(
                "MF122",
                self.parameter.arguments["default"].position,
                f"the default {default!r} is no list of {type_}",
                "Correct the default or the type.",
            ) from error
        self.fail(
            "MF303",
            self.parameter.position,
            f"the workflow takes {self.input_name()} as one JSON list, "
            "where Metaflow's option is repeated",
            f"Give it as --{self.input_name()} '[…]'.",
        )
        return self.made(
            f"list[{type_}] | None",
            "None",
            decode=Decode(
                "list", lambda x, raw, task: f"{x} = {items!r} if {raw} is None else tuple({raw})"
            ),
        )

    def _deploy_time(self, default: Argument, type_: str) -> ParameterPlan:
        """A function as default."""
        if type_ in ("list", "dict"):
            raise self.refuse(
                "MF304",
                default.position,
                f"a function as default of a {type_} is not translated",
                "Use type=JSONType, and return JSON text.",
            )
        constant = self.constant_name()
        native = "str" if type_ == "JSON" else type_
        separated = type_ == "str" and self.value("separator")
        return self.made(
            native,
            constant,
            None if type_ == "JSON" or separated else _KINDS[type_],
            self._decoder(type_, optional=False),
            constants=(f"{constant} = {self.deploy_time(default)}",),
        )

    def _computed(self, default: Argument, declared: str | None) -> ParameterPlan:
        """A default that only running the code can tell."""
        if isinstance(default.node, (ast.Name, ast.Attribute)):
            raise self.unknown_default(default)
        if declared not in _KINDS:
            raise self.refuse(
                "MF301",
                default.position,
                f"the default {ast.unparse(default.node)} cannot be known from the source, "
                "and so neither can the type of the parameter",
                "Add type=int, float, str or bool, or write the default as a constant.",
            )
        text = self.running(default)
        self.note_computed(default)
        constant = self.constant_name()
        made = text if declared == "str" else f"{declared}({text})"
        return self.made(
            declared,
            constant,
            None if self.value("separator") else _KINDS[declared],
            self._decoder(declared, optional=False),
            constants=(f"{constant} = {made}",),
        )


def _as_json(value: Any) -> str | None:
    """``value`` as JSON text, None if it would not come back exactly."""
    if not _is_json(value):
        return None
    return json.dumps(value, ensure_ascii=False)


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _is_json(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_json(item) for item in value)
    return value is None or type(value) in (bool, int, float, str)
