"""Expressions with configs in the body of a class, as Metaflow evaluates them before a run.

There, ``cfg.a.b`` is no value but an expression for later: decorators and Parameters evaluate
what they are given, also inside of dictionaries, lists and tuples, and nothing else does. Source:
DelayEvaluator in metaflow/user_configs/config_parameters.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from codegen.analyse.evaluate import CannotEvaluate
from codegen.diagnostics import Diagnostics, Position
from codegen.parse.configs.value import ConfigValue, expression, frozen, thawed
from codegen.parse.mutators.expressions import Expressions, Frame
from codegen.parse.mutators.run import Runner
from codegen.parse.mutators.scope import Scope
from codegen.parse.mutators.values import Named, Opaque, Refused, placed
from codegen.parse.names import place, resolve
from codegen.parse.siblings import Class

_IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

#: Attributes that a Config has itself, beside those of mappings.
_OF_CONFIG = frozenset(
    {
        "IS_CONFIG_PARAMETER", "init", "is_string_type", "kwargs", "load_parameter",
        "option_kwargs", "parser", "separator",
    }
)  # fmt: skip
_OF_MAPPINGS = frozenset({"get", "items", "keys", "values"})

_ADVICE = "Write config_expr('…') with the whole expression in it, or compute the value in a step."


class Failed(Exception):
    """An expression has been reported; nothing more can be done with it."""


@dataclass(frozen=True)
class _Delayed:
    """What Metaflow keeps for later: an expression, and what is looked up in its value."""

    text: str
    access: tuple[str, ...] = ()
    is_config: bool = False


class ConfigExpressions:
    """Evaluates them for one flow. ``values`` are those of its configs by name; ``declared`` has
    the names of the configs that a class declares itself, by attribute, and ``follow`` finds the
    class that a name stands for, with its bases."""

    def __init__(
        self,
        values: Mapping[str, Any],
        declared: Mapping[Class, Mapping[str, str]],
        follow: Callable[[ast.expr, Scope], Collection[Class]],
        runner: Runner,
        diagnostics: Diagnostics,
    ) -> None:
        self.values = values
        self.declared = declared
        self.follow = follow
        self.runner = runner
        self.diagnostics = diagnostics

    def mentioned(self, node: ast.AST, scope: Scope, owner: Class | None) -> ast.expr | None:
        """The first use of a config in an expression that stands in the body of ``owner``, or
        above a class."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.expr) and self._root(inner, scope, owner) is not None:
                return inner
        return None

    def resolved(
        self, node: ast.expr, scope: Scope, owner: Class | None, step: str | None, what: str
    ) -> ast.expr:
        """The expression that ``what`` is given, with values in the place of configs, mappings as
        plain dictionaries; raises Failed after an error."""
        if self.mentioned(node, scope, owner) is None:
            return node
        return _Resolution(self, scope, owner, step, what, thawed).value(node)

    def mapping(
        self, node: ast.expr, scope: Scope, owner: Class | None, step: str | None, what: str
    ) -> Mapping[str, Any] | None:
        """The value of ``**node``; None if no config is in it."""
        if self.mentioned(node, scope, owner) is None:
            return None
        resolution = _Resolution(self, scope, owner, step, what, thawed)
        delayed = resolution.delayed(node)
        if delayed is None:
            raise resolution.misused(node)
        value = resolution.evaluated(delayed, node)
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            message = f"{ast.unparse(node)} is no mapping of arguments"
            raise resolution.failed(node, message, "Correct the config, or write them out.")
        return dict(thawed(value))

    def arguments(
        self, node: ast.expr, scope: Scope, owner: Class | None, step: str | None, keep: bool
    ) -> ast.expr:
        """The use of a decorator that is not Metaflow's own, with values in the place of configs.
        One that may ``keep`` mappings gets them as constants of their own kind."""
        if not isinstance(node, ast.Call) or self.mentioned(node, scope, owner) is None:
            return node
        what = f"@{ast.unparse(node.func)}"
        resolution = _Resolution(self, scope, owner, step, what, frozen if keep else _no_mappings)
        first = resolution.delayed(node.args[0]) if node.args else None
        if first is not None and step is not None and _IDENTIFIER.fullmatch(first.text):
            raise resolution.failed(
                node.args[0],
                f"{what} takes {ast.unparse(node.args[0])} for the step itself, and fails",
                "Give it by name.",
            )
        args = [resolution.value(each) for each in node.args]
        keywords = []
        for keyword in node.keywords:
            if keyword.arg is not None:
                made = ast.keyword(keyword.arg, resolution.value(keyword.value))
                keywords.append(ast.copy_location(made, keyword))
                continue
            found = self.mapping(keyword.value, scope, owner, step, what)
            if found is None:
                keywords.append(keyword)
            for name, value in (found or {}).items():
                made = ast.keyword(name, resolution.literal(frozen(value), keyword.value))
                keywords.append(ast.copy_location(made, keyword))
        return placed(ast.Call(node.func, args, keywords), node)

    def _root(self, node: ast.expr, scope: Scope, owner: Class | None) -> _Delayed | None:
        """A config, or an expression of configs, that nothing is looked up in."""
        if isinstance(node, ast.Name):
            name = self.declared.get(owner, {}).get(node.id) if owner is not None else None
            return _Delayed(name, is_config=True) if name is not None else None
        if isinstance(node, ast.Attribute):
            for found in self.follow(node.value, scope) if self.declared else ():
                if node.attr in self.declared.get(found, {}):
                    return _Delayed(self.declared[found][node.attr], is_config=True)
            return None
        if isinstance(node, ast.Call) and (node.args or node.keywords):
            names = self.runner.scopes.mutators.siblings.names(scope.source)
            if resolve(node.func, names) == "metaflow.config_expr":
                return _Delayed("")
        return None


class _Resolution:
    """One expression, which ``what`` is given; ``form`` makes a value what it gets."""

    def __init__(
        self,
        configs: ConfigExpressions,
        scope: Scope,
        owner: Class | None,
        step: str | None,
        what: str,
        form: Callable[[Any], Any],
    ) -> None:
        self.configs = configs
        self.scope = scope
        self.owner = owner
        self.step = step
        self.what = what
        self.form = form

    def value(self, node: ast.expr) -> ast.expr:
        """The expression with values in the places where Metaflow evaluates configs."""
        delayed = self.delayed(node)
        if delayed is not None:
            if delayed.is_config and not delayed.access:
                raise self.failed(
                    node,
                    f"{self.what} gets {ast.unparse(node)} as it is, which is no value here",
                    f"Write config_expr({delayed.text!r}).",
                )
            return self.literal(self.evaluated(delayed, node), node)
        match node:
            case ast.Dict() if not any(self._uses(key) for key in node.keys if key is not None):
                if any(key is None and self._uses(v) for key, v in self._pairs(node)):
                    raise self.misused(node)
                items = [self.value(item) for item in node.values]
                return ast.copy_location(ast.Dict(node.keys, items), node)
            case ast.List() | ast.Tuple() if not any(
                isinstance(item, ast.Starred) and self._uses(item) for item in node.elts
            ):
                items = [self.value(item) for item in node.elts]
                return ast.copy_location(type(node)(items, ast.Load()), node)
            case ast.IfExp() if not self._uses(node.test):
                made = ast.IfExp(node.test, self.value(node.body), self.value(node.orelse))
                return ast.copy_location(made, node)
            case ast.Call(func=ast.Name(id="dict"), args=[]) if all(k.arg for k in node.keywords):
                keywords = [
                    ast.copy_location(ast.keyword(k.arg, self.value(k.value)), k)
                    for k in node.keywords
                ]
                return ast.copy_location(ast.Call(node.func, [], keywords), node)
        if self._uses(node):
            raise self.misused(node)
        return node

    @staticmethod
    def _pairs(node: ast.Dict) -> list[tuple[ast.expr | None, ast.expr]]:
        return list(zip(node.keys, node.values, strict=True))

    def _uses(self, node: ast.AST) -> bool:
        return self.configs.mentioned(node, self.scope, self.owner) is not None

    def misused(self, node: ast.expr) -> Failed:
        """Report a config where Metaflow does not evaluate it."""
        used = self.configs.mentioned(node, self.scope, self.owner)
        shown = ast.unparse(used) if used is not None else ""
        message = f"{shown} has no value yet in {_short(node)}, where Metaflow does not evaluate it"
        return self.failed(node, message)

    def failed(self, node: ast.AST, message: str, advice: str = _ADVICE) -> Failed:
        """Report an expression; the caller raises the result."""
        where = Position(*place(node))
        self.configs.diagnostics.add("MF657", where, message, advice, self.step)
        return Failed()

    def literal(self, value: Any, node: ast.expr) -> ast.expr:
        """A value as an expression in the place of another one."""
        made = self.form(value)
        if made is NotImplemented:
            raise self.failed(
                node,
                f"{self.what} gets a mapping of the configs, of which it would see more than "
                "its items",
                "Give it the parts that it needs, each by name.",
            )
        if isinstance(made, ConfigValue):  # for the code of mutators only
            return placed(ast.Constant(made), node)  # type: ignore[arg-type]
        return placed(expression(made), node)

    # ------------------------------------------------------------------ what Metaflow keeps

    def delayed(self, node: ast.expr) -> _Delayed | None:
        """What Metaflow keeps for later, None if the expression is something else."""
        root = self.configs._root(node, self.scope, self.owner)
        if root is not None and not isinstance(node, ast.Call):
            return root
        match node:  # Mapping.get looks the key up, and finds an expression in any case
            case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[key, *_], keywords=[]):
                owner = self.delayed(value)
                return self._item(owner, key, node) if owner is not None else None
        if root is not None:
            assert isinstance(node, ast.Call)
            return _Delayed(self._text(node))
        if isinstance(node, ast.Attribute):
            owner = self.delayed(node.value)
            return self._looked_up(owner, node.attr, node) if owner is not None else None
        if isinstance(node, ast.Subscript):
            owner = self.delayed(node.value)
            return self._item(owner, node.slice, node) if owner is not None else None
        return None

    def _text(self, node: ast.Call) -> str:
        """The expression in ``config_expr("…")``."""
        given = [*node.args, *(k.value for k in node.keywords)]
        try:
            text = self.configs.runner.evaluated(given[0], self.scope) if len(given) == 1 else None
        except (CannotEvaluate, Refused):
            text = None
        if not isinstance(text, str):
            raise self.failed(
                node, f"the expression of {_short(node)} cannot be known", "Write it as a literal."
            )
        return text

    def _looked_up(self, owner: _Delayed, name: str, node: ast.expr) -> _Delayed:
        """``owner.name``, where what ``owner`` itself has goes before what its value has."""
        if owner.is_config and not owner.access and name == "name":
            self.configs.diagnostics.add(
                "MF658",
                Position(*place(node)),
                f"{ast.unparse(node)} is the name of the Config itself, {owner.text!r}, and not "
                "what it has under the key name",
                f"Write config_expr('{owner.text}.name') for the value.",
                self.step,
            )
            return _Delayed(repr(owner.text))
        own = _OF_MAPPINGS | (_OF_CONFIG if owner.is_config and not owner.access else frozenset())
        if name in own or name.startswith("__"):
            raise self.failed(
                node, f"{ast.unparse(node)} is a part of Metaflow's own object, and no value"
            )
        return self._further(owner, name, node)

    def _item(self, owner: _Delayed, wanted: ast.expr, node: ast.expr) -> _Delayed:
        """``owner[wanted]``"""
        inner = self.delayed(wanted)
        try:
            key = (
                self.evaluated(inner, wanted)
                if inner is not None
                else self.configs.runner.evaluated(wanted, self.scope)
            )
        except (CannotEvaluate, Refused):
            key = None
        if not isinstance(key, str):
            raise self.failed(
                node,
                f"Metaflow looks up keys that are texts only, not {ast.unparse(wanted)}",
                f"Write config_expr({ast.unparse(node)!r}).",
            )
        return self._further(owner, key, node)

    def _further(self, owner: _Delayed, key: str, node: ast.expr) -> _Delayed:
        if not _IDENTIFIER.fullmatch(owner.text):
            raise self.failed(
                node,
                f"{ast.unparse(node)} looks for {key!r} in the expression itself, as "
                f"{owner.text!r} is no plain name",
                "Put all of it into config_expr('…').",
            )
        return _Delayed(owner.text, (*owner.access, key), owner.is_config)

    # ------------------------------------------------------------------ values

    def evaluated(self, delayed: _Delayed, node: ast.expr) -> Any:
        """The value, as Metaflow's ``eval`` of the joined text gives it."""
        text = ".".join([delayed.text, *delayed.access])
        try:
            tree = ast.parse(text.strip(" \t"), mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise self.failed(node, f"{text!r}, which Metaflow evaluates, is no Python") from error
        known = {name: frozen(value) for name, value in self.configs.values.items()}
        frame = Frame(self.scope, values=dict(known))
        try:
            value = Expressions(frame, self.configs.runner).value(tree)
        except (CannotEvaluate, Refused) as error:
            why = self._reason(tree, known) or (
                f"{ast.unparse(error.node)} cannot be known from the source"
                if isinstance(error, CannotEvaluate)
                else error.message
            )
            message = f"{_short(node)} has no value: {why}"
            raise self.failed(node, message, "Correct the config or the expression.") from error
        if isinstance(value, (Opaque, Named)) or not _is_data(value):
            message = f"{_short(node)} gives a value that has no literal"
            raise self.failed(node, message, "Compute it in a step.")
        return value

    def _reason(self, tree: ast.expr, known: Mapping[str, Any]) -> str | None:
        """Why a value is not there, for the first part of an expression that is not."""
        for inner in ast.walk(tree):
            if isinstance(inner, ast.Name) and inner.id not in known:
                if inner.id in self.configs.runner.scopes.of(self.scope.source).module.bound:
                    continue
                if not self.scope.module.builtin(inner.id):
                    return f"no Config of the flow is called {inner.id}"
        return None


def _no_mappings(value: Any) -> Any:
    """A value for code that is not followed: NotImplemented if there is a mapping in it."""
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            return NotImplemented
        if isinstance(part, (list, tuple)):
            parts += part
    return value


def _is_data(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_data(part) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple)):
        return all(_is_data(part) for part in value)
    return value is None or isinstance(value, (bool, int, float, str))


def _short(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:57]}…"
