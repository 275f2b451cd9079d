"""``Parameter`` to workflow input. Source of the rules: metaflow/parameters.py, click's types.

Where Flyte's own types would change a value (a JSON list that holds ints and floats, a dict with
int keys), the input is text, and each task that reads it decodes it: that also gives every task
its own copy, as in Metaflow.
"""

from __future__ import annotations

import ast
import json
import keyword
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codegen.analyse.evaluate import CannotEvaluate, evaluate
from codegen.analyse.scope import ModuleScope
from codegen.analyse.types import ANY_INT, BOOL, FLOAT, TEXT, Kind
from codegen.diagnostics import Diagnostics, Position
from codegen.flyte import FunctionInput
from codegen.model import Argument, Flow, Parameter
from codegen.parse.names import place, references, resolve
from codegen.symbols import Symbols

#: Names that Metaflow's own command line has taken (metaflow/parameters.py).
_RESERVED = frozenset(
    {
        "params", "with", "tag", "namespace", "obj", "tags", "decospecs", "run-id-file",
        "max-num-splits", "max-workers", "max-log-size", "user-namespace", "run-id", "task-id",
        "runner-attribute-file",
    }
)  # fmt: skip

#: Input names that flytekit cannot take: it calls tasks and nodes with keywords of its own.
FLYTE_RESERVED = frozenset(
    {
        "self", "entity", "ctx", "node_id", "overridden_interface",
        "add_node_to_compilation_state", "help",
    }
)  # fmt: skip

_KINDS = {"int": ANY_INT, "float": FLOAT, "str": TEXT, "bool": BOOL}
_KNOWN = frozenset(
    {"name", "default", "type", "help", "required", "show_default", "separator", "multiple"}
)
_TRUE, _FALSE = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")


@dataclass(frozen=True)
class Decode:
    """How a task makes the value of a Parameter from its input.

    ``suffix`` tells the input from the value: ``limits_json`` holds the text, ``limits`` the
    value. ``statement`` makes the statement from the local names of value, input and json module.
    """

    suffix: str
    statement: Callable[[str, str, str], str]


#: How Metaflow's value comes from JSON text.
_JSON = Decode("json", lambda x, raw, json: f"{x} = {json}.loads({raw})")
_OPTIONAL_JSON = Decode(
    "json", lambda x, raw, json: f"{x} = None if {raw} is None else {json}.loads({raw})"
)


@dataclass(frozen=True)
class ParameterPlan:
    """What becomes of a Parameter.

    ``kind`` is the proven type of its value in the steps, ``decode`` how they make that value
    from the input where the two differ. ``constants`` are module-level assignments that the
    default needs. ``checked`` marks an input that only looks optional: it must be given.
    """

    attribute: str
    input: FunctionInput
    kind: Kind | None
    help: str = ""
    decode: Decode | None = None
    constants: tuple[str, ...] = ()
    checked: bool = False

    @property
    def required(self) -> bool:
        """Whether a run cannot start without a value."""
        return self.checked or self.input.default is None


def lower_parameters(
    flow: Flow, scope: ModuleScope, symbols: Symbols, diagnostics: Diagnostics
) -> dict[str, ParameterPlan]:
    """Attribute → plan for every Parameter, required ones first, else in source order."""
    plans: dict[str, ParameterPlan] = {}
    seen: dict[str, str] = {}  # name in lower case -> the attribute that has it
    for parameter in flow.parameters.values():
        reader = _Parameter(flow, parameter, scope, symbols, diagnostics)
        plan = reader.plan()
        if plan is None:
            continue
        other = seen.setdefault(reader.name.lower(), parameter.attribute)
        if other != parameter.attribute:
            reader.fail(
                "MF122",
                parameter.position,
                f"the parameter name {reader.name!r} is given twice (case does not count)",
                "Give each Parameter a name of its own.",
            )
        plans[parameter.attribute] = plan
    ordered = sorted(plans.values(), key=lambda plan: plan.input.default is not None)
    return {plan.attribute: plan for plan in ordered}


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


def parameter_kinds(plans: Mapping[str, ParameterPlan]) -> dict[str, Kind | None]:
    """Attribute → proven type of the value that the steps see."""
    return {name: plan.kind for name, plan in plans.items()}


class _Refused(Exception):
    """The Parameter has been reported; nothing more can be done with it."""


@dataclass
class _Parameter:
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

    def _refuse(self, code: str, place: Position, message: str, advice: str) -> _Refused:
        self.fail(code, place, message, advice)
        return _Refused()

    def _argument(self, name: str) -> Argument | None:
        return self.parameter.arguments.get(name)

    def _value(self, name: str, default: Any = None) -> Any:
        """The value of an argument that must be known from the source."""
        argument = self._argument(name)
        if argument is None:
            return default
        try:
            return evaluate(argument.node, self.scope.constants, self.scope.builtin)
        except CannotEvaluate as error:
            raise self._refuse(
                "MF301",
                argument.position,
                f"{name}={ast.unparse(argument.node)} cannot be known from the source "
                f"({ast.unparse(error.node)} is not a constant of the module)",
                f"Write {name}= as a literal, or with constants of this module.",
            ) from error

    def plan(self) -> ParameterPlan | None:
        """The plan, or None if an error was reported."""
        try:
            return self._plan()
        except _Refused:
            return None

    def _plan(self) -> ParameterPlan:
        where = self.parameter.position
        for name, argument in self.parameter.arguments.items():
            if name not in _KNOWN:
                raise self._refuse(
                    "MF304",
                    argument.position,
                    f"{name}= is an option of click that has no counterpart in Flyte",
                    "Check or convert the value in the first step.",
                )
        rest = [value for name, value in self.parameter.arguments.items() if name != "type"]
        refuse_metaflow(rest, self.flow, self.diagnostics)
        self.name = self._value("name")
        if not isinstance(self.name, str):
            raise self._refuse(
                "MF122", where, "the Parameter has no name", "Write Parameter('name', …)."
            )
        if self.name.replace("_", "-") in _RESERVED:
            raise self._refuse(
                "MF122",
                where,
                f"Metaflow's own options have taken the parameter name {self.name!r}",
                "Give the Parameter another name.",
            )
        help_text = self._value("help")
        self.text = " ".join(str(help_text).split()) if help_text is not None else ""
        if self._value("show_default") is False:
            self.fail(
                "MF303",
                where,
                "show_default=False is left out: pyflyte shows every default",
                "Nothing to do.",
            )
        declared = self._type()
        self._note_name(where)
        default = self._argument("default")
        if default is not None and self._is_function(default.node):
            return self._deploy_time(default, declared or "str")
        if self._value("multiple"):
            return self._multiple(declared or "str")
        try:
            value = (
                evaluate(default.node, self.scope.constants, self.scope.builtin)
                if default is not None
                else None
            )
        except CannotEvaluate:
            assert default is not None
            return self._computed(default, declared)
        if value is None:
            return self._without_default(declared or "str")
        return self._with_default(declared or type(value).__name__, value)

    # ------------------------------------------------------------------ arguments

    def _type(self) -> str | None:
        argument = self._argument("type")
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
        raise self._refuse(
            "MF304",
            argument.position,
            f"type={ast.unparse(node)} is not translated",
            "Use int, float, str, bool or JSONType, and convert the value in the first step.",
        )

    def _is_function(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Lambda) or (
            isinstance(node, ast.Name)
            and (node.id in self.scope.functions or node.id in self.scope.classes)
        )

    def _note_name(self, where: Position) -> None:
        attribute = self.parameter.attribute
        if self._input_name() != attribute:
            self.fail(
                "MF206",
                where,
                f"the workflow input is called {self._input_name()}, since flytekit cannot take "
                f"an input called {attribute}",
                f"Give it as --{self._input_name()}.",
            )
        elif self.name != attribute:
            self.fail(
                "MF206",
                where,
                f"the workflow input is called {attribute}, after the attribute, "
                f"where Metaflow's option is --{self.name}",
                f"Give it as --{attribute}.",
            )

    def _input_name(self) -> str:
        attribute = self.parameter.attribute
        return f"{attribute}_" if attribute in FLYTE_RESERVED else attribute

    # ------------------------------------------------------------------ forms

    def _made(
        self,
        type_: str,
        default: str | None,
        kind: Kind | None = None,
        decode: Decode | None = None,
        **more: Any,
    ) -> ParameterPlan:
        made = FunctionInput(self._input_name(), type_, default, self.parameter.comments)
        return ParameterPlan(self.parameter.attribute, made, kind, self.text, decode, **more)

    def _without_default(self, type_: str) -> ParameterPlan:
        required = bool(self._value("required"))
        decode = self._decoder(type_, optional=not required)
        native = "str" if type_ not in _KINDS else type_
        if not required:
            return self._made(f"{native} | None", "None", decode=decode)
        if type_ == "bool":  # flytekit takes a required bool that is not given for False
            return self._made("bool | None", "None", checked=True)
        return self._made(native, None, None if decode else _KINDS[type_], decode)

    def _with_default(self, type_: str, value: Any) -> ParameterPlan:
        argument = self._argument("default")
        assert argument is not None
        if type_ in ("JSON", "list", "dict"):
            return self._json(type_, value, argument)
        if type_ not in _KINDS:
            raise self._refuse(
                "MF304",
                argument.position,
                f"a default of type {type_} is not translated",
                "Use type=JSONType, and convert the value in the first step.",
            )
        if type_ == "str" and not isinstance(value, str):
            # Metaflow converts what is given, not the default
            fallback = ast.unparse(argument.node)
            return self._made(
                "str | None",
                "None",
                decode=Decode(
                    "text", lambda x, raw, json: f"{x} = {fallback} if {raw} is None else {raw}"
                ),
            )
        converted = self._converted(type_, value, argument.position)
        same = type(converted) is type(value)
        return self._made(
            type_,
            self._default(argument.node if same else None, converted),
            None if self._value("separator") else _KINDS[type_],
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
                raise self._refuse(
                    "MF304",
                    where,
                    f"{converted} does not fit into Flyte's 64 bit integers",
                    "Use type=str, and convert the value in the steps.",
                )
            return converted
        except (TypeError, ValueError, OverflowError) as error:
            raise self._refuse(
                "MF122",
                where,
                f"the default {value!r} is no {type_}",
                "Correct the default or the type.",
            ) from error

    def _default(self, node: ast.expr | None, value: Any) -> str:
        """The default as the author wrote it where that is the same, else its value."""
        if node is not None and not any(isinstance(part, ast.Call) for part in ast.walk(node)):
            return ast.unparse(node)
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        return repr(value)

    def _decoder(self, type_: str, optional: bool) -> Decode | None:
        separator = self._value("separator")
        if separator is not None:
            if type_ != "str" or not isinstance(separator, str):
                raise self._refuse(
                    "MF122",
                    self.parameter.arguments["separator"].position,
                    "separator= is only allowed for string parameters",
                    "Remove separator=, or the other type.",
                )
            if separator:
                return Decode(
                    "text",
                    lambda x, raw, json: f"{x} = {raw}.split({separator!r}) if {raw} else {raw}",
                )
        if type_ in ("JSON", "list", "dict"):
            return _OPTIONAL_JSON if optional else _JSON
        return None

    def _json(self, type_: str, value: Any, argument: Argument) -> ParameterPlan:
        if type_ == "JSON" and isinstance(value, str):
            try:
                json.loads(value)
            except ValueError as error:
                raise self._refuse(
                    "MF122",
                    argument.position,
                    f"the default is not valid JSON: {error}",
                    "Correct the default; JSON strings stand in double quotes.",
                ) from error
            return self._made(
                "str",
                self._default(argument.node, value),
                decode=self._decoder("JSON", optional=False),
            )
        if type_ in ("list", "dict"):
            if type(value).__name__ != type_:
                raise self._refuse(
                    "MF122",
                    argument.position,
                    f"the default {value!r} is no {type_}",
                    "Use type=JSONType.",
                )
            self.fail(
                "MF303",
                argument.position,
                f"the workflow takes {self._input_name()} as JSON text; on its own command line "
                f"Metaflow cannot take a {type_}",
                "Nothing to do; type=JSONType would be the same in both.",
            )
        text = _as_json(value)
        if text is not None:
            return self._made("str", repr(text), decode=self._decoder("JSON", optional=False))
        fallback = ast.unparse(argument.node)
        return self._made(
            "str | None",
            "None",
            decode=Decode(
                "json",
                lambda x, raw, json: f"{x} = {fallback} if {raw} is None else {json}.loads({raw})",
            ),
        )

    def _multiple(self, type_: str) -> ParameterPlan:
        if type_ not in _KINDS:
            raise self._refuse(
                "MF304",
                self.parameter.arguments["multiple"].position,
                f"multiple=True with {type_} is not translated",
                "Use type=JSONType and a list.",
            )
        convert = {"int": int, "float": float, "str": str, "bool": bool}[type_]
        default = self._value("default") or ()
        try:
            items = tuple(item if type_ == "str" else convert(item) for item in default)
        except (TypeError, ValueError) as error:
            raise self._refuse(
                "MF122",
                self.parameter.arguments["default"].position,
                f"the default {default!r} is no list of {type_}",
                "Correct the default or the type.",
            ) from error
        self.fail(
            "MF303",
            self.parameter.position,
            f"the workflow takes {self._input_name()} as one JSON list, "
            "where Metaflow's option is repeated",
            f"Give it as --{self._input_name()} '[…]'.",
        )
        return self._made(
            f"list[{type_}] | None",
            "None",
            decode=Decode(
                "list", lambda x, raw, json: f"{x} = {items!r} if {raw} is None else tuple({raw})"
            ),
        )

    def _constant_name(self) -> str:
        name = f"{self.parameter.attribute.strip('_').upper()}_DEFAULT"
        while name in self.scope.bound or keyword.iskeyword(name):
            name += "_"
        return name

    def _deploy_time(self, default: Argument, type_: str) -> ParameterPlan:
        """A function as default: called where the workflow is registered, as Metaflow calls it
        where the flow is deployed or started."""
        if type_ in ("list", "dict"):
            raise self._refuse(
                "MF304",
                default.position,
                f"a function as default of a {type_} is not translated",
                "Use type=JSONType, and return JSON text.",
            )
        self.fail(
            "MF302",
            default.position,
            f"the default of {self.parameter.attribute} is computed when the workflow is "
            "registered (or started with pyflyte run), and stays the same until it is "
            "registered again",
            "Give the value with each run if that is too rarely.",
        )
        constant = self._constant_name()
        call = (
            f"{constant} = {self.symbols.use('deploy_time')}({ast.unparse(default.node)}, "
            f"{self.flow.name!r}, {self.name!r})"
        )
        native = "str" if type_ == "JSON" else type_
        separated = type_ == "str" and self._value("separator")
        return self._made(
            native,
            constant,
            None if type_ == "JSON" or separated else _KINDS[type_],
            self._decoder(type_, optional=False),
            constants=(call,),
        )

    def _computed(self, default: Argument, declared: str | None) -> ParameterPlan:
        """A default that only running the code can tell."""
        if isinstance(default.node, (ast.Name, ast.Attribute)):
            raise self._refuse(
                "MF301",
                default.position,
                f"the source does not tell whether {ast.unparse(default.node)} is a value or a "
                "function that computes the default",
                "Define it in this module, or write default=lambda context: ….",
            )
        if declared not in _KINDS:
            raise self._refuse(
                "MF301",
                default.position,
                f"the default {ast.unparse(default.node)} cannot be known from the source, "
                "and so neither can the type of the parameter",
                "Add type=int, float, str or bool, or write the default as a constant.",
            )
        self.fail(
            "MF302",
            default.position,
            f"the default of {self.parameter.attribute} is computed when the workflow is "
            "registered (or started with pyflyte run), and stays the same until it is "
            "registered again",
            "Give the value with each run if that is too rarely.",
        )
        constant = self._constant_name()
        text = ast.unparse(default.node)
        made = text if declared == "str" else f"{declared}({text})"
        return self._made(
            declared,
            constant,
            None if self._value("separator") else _KINDS[declared],
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
