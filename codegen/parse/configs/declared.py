"""``cfg = Config("cfg", default="config.json")`` in the body of a class, and the value it gets.

Source of the rules: metaflow/user_configs/config_parameters.py and config_options.py.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.analyse.evaluate import CannotEvaluate
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Argument, Config
from codegen.parse.configs.given import ConfigOptions, GivenConfig
from codegen.parse.configs.parsers import PARSERS, Unparsable, parse_json
from codegen.parse.configs.paths import Paths
from codegen.parse.mutators.run import Runner
from codegen.parse.mutators.scope import Scope
from codegen.parse.mutators.values import Opaque, Refused
from codegen.parse.names import resolve
from codegen.parse.siblings import Class
from codegen.parse.table import RESERVED

#: The arguments of Config, in their order; show_default changes the help of Metaflow's options.
CONFIG_ORDER = ("name", "default", "default_value", "help", "required", "parser", "plain")
_KNOWN = frozenset({*CONFIG_ORDER, "show_default"})

#: More of a config than this is no configuration, but data.
_MOST_ITEMS = 100_000


@dataclass(frozen=True)
class Declared:
    """A Config as the body of a class declares it, with no value yet."""

    attribute: str
    position: Position
    arguments: Mapping[str, Argument]
    comments: tuple[str, ...] = ()


class Rejected(Exception):
    """The Config has been reported; nothing more can be done with it."""


@dataclass(frozen=True)
class Reader:
    """Reads the declarations of one flow. ``scope`` tells what names mean where one stands."""

    runner: Runner
    options: ConfigOptions
    diagnostics: Diagnostics

    def name(self, declared: Declared, scope: Scope) -> str:
        """The name of a Config; raises Rejected."""
        argument = declared.arguments.get("name")
        name = self._value(argument, scope) if argument is not None else None
        if not isinstance(name, str):
            raise self._refuse(
                "MF650", declared.position, "the Config has no name", "Write Config('name', …)."
            )
        if name.replace("_", "-") in RESERVED:
            raise self._refuse(
                "MF650",
                declared.position,
                f"Metaflow's own options have taken the name {name!r} of this Config",
                "Give the Config another name.",
            )
        if declared.attribute.startswith("_"):
            raise self._refuse(
                "MF650",
                declared.position,
                f"Metaflow does not see the Config {declared.attribute}, as its attribute begins "
                "with an underscore",
                "Call it without the underscore.",
            )
        return name

    def config(
        self, declared: Declared, name: str, owner: Class, scope: Scope, given: GivenConfig | None
    ) -> Config:
        """A Config of the class ``owner`` with its value; raises Rejected."""
        self._check(declared, name)
        plain = bool(self._argument(declared, "plain", scope))
        parser = self._parser(declared, name, scope)
        origin, outside, where = "", True, declared.position
        text: str | None = None
        if given is not None and given.is_file:
            text, origin = self._file(given.text, name, where, given.source), _shown(given.text)
        elif given is not None:
            text, origin = given.text, given.source
        else:
            text, origin, outside, where = self._default(declared, name, scope)
        if text is None and bool(self._argument(declared, "required", scope)):
            raise self._refuse(
                "MF651",
                declared.position,
                f"the Config {name} is required, and has no value",
                f"Give it with --config {name} FILE or --config-value {name} JSON.",
            )
        value = None
        if text is not None:
            value = self._parsed(text, name, parser, plain, where)
        if given is not None and given.source.isupper():
            self.diagnostics.add(
                "MF659",
                declared.position,
                f"the Config {name} has the value that the environment variable {given.source} "
                "gives here",
                f"Give it with --config or --config-value {name} to be sure of it.",
            )
            origin = origin if given.is_file else given.source
        return Config(
            attribute=declared.attribute,
            name=name,
            owner=owner.node.name,
            position=declared.position,
            value=value,
            plain=plain,
            origin=origin,
            outside=outside,
            comments=declared.comments,
        )

    # ------------------------------------------------------------------ arguments

    def _refuse(self, code: str, where: Position, message: str, advice: str) -> Rejected:
        self.diagnostics.add(code, where, message, advice)
        return Rejected()

    def _check(self, declared: Declared, name: str) -> None:
        arguments = declared.arguments
        for unknown in arguments.keys() - _KNOWN:
            raise self._refuse(
                "MF650",
                arguments[unknown].position,
                f"{unknown}= of the Config {name} is not translated",
                "Leave it out; a Config has a name, defaults, help, required, parser and plain.",
            )
        both = [each for each in ("default", "default_value") if not _is_none(arguments.get(each))]
        if len(both) > 1:
            raise self._refuse(
                "MF650",
                arguments["default_value"].position,
                f"the Config {name} has both a default and a default_value",
                "Keep one of them: default is a file, default_value a value.",
            )

    def _value(self, argument: Argument, scope: Scope) -> Any:
        try:
            value = self.runner.evaluated(argument.node, scope)
            if not isinstance(value, Opaque):
                return value
        except (CannotEvaluate, Refused):
            pass
        paths = Paths(scope)
        with contextlib.suppress(CannotEvaluate):
            value = paths.plain(argument.node)
            for variable, is_set in paths.read.items():
                self.diagnostics.add(
                    "MF606",
                    argument.position,
                    f"{ast.unparse(argument.node)} depends on the environment variable {variable}, "
                    f"which is {'set' if is_set else 'not set'} here: the module has the value of "
                    "now",
                    "Run mf-codegen where it is as in a deployment of the flow.",
                )
            return value
        raise self._refuse(
            "MF301",
            argument.position,
            f"{ast.unparse(argument.node)}, given to a Config, cannot be known from the source",
            "Write it as a literal, or with constants of this module.",
        )

    def _argument(self, declared: Declared, name: str, scope: Scope) -> Any:
        argument = declared.arguments.get(name)
        return None if argument is None else self._value(argument, scope)

    def _default(
        self, declared: Declared, name: str, scope: Scope
    ) -> tuple[str | None, str, bool, Position]:
        """The text that the declaration itself leads to, where it comes from, whether that is a
        file, and at which place of the source."""
        for kind in ("default", "default_value"):
            argument = declared.arguments.get(kind)
            if argument is None or _is_none(argument):
                continue
            if _is_function(argument.node, scope):
                raise self._refuse(
                    "MF655",
                    argument.position,
                    f"the {kind} of the Config {name} is computed by a function, which is not run "
                    "here",
                    f"Give the Config with --config {name} FILE or --config-value {name} JSON.",
                )
            value = self._value(argument, scope)
            where = argument.position
            if value is None:
                continue
            if kind == "default":
                if not isinstance(value, str):
                    message = f"the default of the Config {name} is no path, but {value!r}"
                    raise self._refuse("MF650", where, message, "Write the path of a file.")
                return self._file(value, name, where, kind), _shown(value), True, where
            if isinstance(value, dict):
                try:
                    return json.dumps(value), kind, False, where
                except (TypeError, ValueError) as error:
                    message = f"the default_value of the Config {name} is not JSON: {error}"
                    advice = "Use texts, numbers, lists and dictionaries."
                    raise self._refuse("MF653", where, message, advice) from error
            if not isinstance(value, str):
                message = f"the default_value of the Config {name} is neither a dictionary nor text"
                raise self._refuse("MF650", where, message, "Write a dictionary, or JSON as text.")
            return value, kind, False, where
        return None, "", False, declared.position

    # ------------------------------------------------------------------ files and texts

    def _file(self, path: str, name: str, where: Position, source: str) -> str:
        """The text of a file beside the flow, else of one where the translation runs."""
        places = [*([self.options.folder / path] if self.options.folder else []), Path(path)]
        try:
            found = next((place for place in places if place.is_file()), None)
            if found is not None:
                return found.read_text(encoding="utf-8")
            reason = "there is no such file beside the flow"
        except OSError as error:
            reason = str(error.strerror)
        except ValueError:  # of the text in it, or of the path
            reason = "it is not UTF-8"
        raise self._refuse(
            "MF652",
            where,
            f"the file {path!r} of the Config {name} ({source}) cannot be read: {reason}",
            f"Correct the path, or give another file with --config {name} FILE.",
        )

    def _parser(self, declared: Declared, name: str, scope: Scope) -> Callable[[str], Any] | None:
        """The parser of a Config."""
        argument = declared.arguments.get("parser")
        if argument is None or _is_none(argument):
            return None
        dotted = self._dotted(argument.node, scope)
        shown = ast.unparse(argument.node)
        if dotted is None:
            value = self._value(argument, scope) if not isinstance(argument.node, ast.Lambda) else 0
            if value is None:
                return None
            dotted = value if isinstance(value, str) else ""
            dotted = f"metaflow{dotted}" if dotted.startswith(".") else dotted
        if dotted not in PARSERS:
            raise self._refuse(
                "MF654",
                argument.position,
                f"the parser {shown} of the Config {name} is Python code, which is not run here",
                "Use a parser of Metaflow, or json.loads, tomllib.loads or yaml.safe_load; or keep "
                "what the parser gives in a JSON file, and leave parser= out.",
            )
        return PARSERS[dotted]

    def _dotted(self, node: ast.expr, scope: Scope) -> str | None:
        """The dotted name of something imported; None if it is something else."""
        metaflow = resolve(node, self.runner.scopes.mutators.siblings.names(scope.source))
        if metaflow is not None:
            return metaflow
        if isinstance(node, ast.Attribute):
            owner = self._dotted(node.value, scope)
            return f"{owner}.{node.attr}" if owner else None
        if isinstance(node, ast.Name):
            if node.id in scope.module.imports and node.id not in scope.constants:
                return scope.module.imports[node.id]
            return "" if node.id in scope.module.functions else None
        return None

    def _parsed(
        self,
        text: str,
        name: str,
        parser: Callable[[str], Any] | None,
        plain: bool,
        where: Position,
    ) -> Any:
        advice = "Correct it where it comes from."
        read: Callable[[str], Any] = parser or (str if plain else parse_json)
        try:
            value = read(text)
        except Unparsable as error:
            message = f"the Config {name} {error}"
            raise self._refuse("MF653", where, message, advice) from error
        if not _is_small(value):
            message = f"the Config {name} has more than {_MOST_ITEMS} entries"
            raise self._refuse("MF653", where, message, "Read such data in a step.")
        if not plain and not isinstance(value, dict) and not (parser is None and value is None):
            message = f"the Config {name} is no mapping, but {_kind(value)}"
            raise self._refuse("MF653", where, message, "Make it one, or add plain=True.")
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            message = f"the Config {name} holds what Metaflow cannot hand on to a run: {error}"
            raise self._refuse("MF653", where, message, "Write dates as text.") from error
        return value


def _shown(path: str) -> str:
    """A path for a comment in the generated code, which is to be the same on every machine."""
    shown = Path(path).name if os.path.isabs(path) else path
    return shown if shown.isprintable() else ascii(shown)


def _kind(value: Any) -> str:
    return "null" if value is None else f"a {type(value).__name__}"


def _is_none(argument: Argument | None) -> bool:
    return argument is None or (
        isinstance(argument.node, ast.Constant) and argument.node.value is None
    )


def _is_function(node: ast.expr, scope: Scope) -> bool:
    return isinstance(node, ast.Lambda) or (
        isinstance(node, ast.Name)
        and (node.id in scope.module.functions or node.id in scope.module.classes)
    )


def _is_small(value: Any) -> bool:
    """Whether a value is small enough to be written out; aliases of YAML may make it large."""
    count = 0
    ahead = [value]
    while ahead:
        part = ahead.pop()
        count += 1
        if isinstance(part, dict):
            ahead += [*part, *part.values()]
        elif isinstance(part, (list, tuple)):
            ahead += part
        if count > _MOST_ITEMS:
            return False
    return True
