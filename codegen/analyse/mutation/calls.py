"""What calls do to their arguments, and how their results hang together with them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from codegen.analyse.body import OTHERS, Helpers
from codegen.analyse.body.syntax import asked_name
from codegen.analyse.mutation import knowledge as known
from codegen.analyse.mutation.links import (
    Function,
    Link,
    Links,
    Value,
    given_to,
    held,
    joined,
    parts,
)
from codegen.analyse.scope import local_bindings
from codegen.model import Helper, MemberKind, Method


def super_method(node: ast.Call, owner: str, helpers: Helpers) -> Method | None:
    """The method that ``super().name(…)`` calls in a method of the class ``owner``."""
    match node.func:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
            return helpers.inherited(owner, name)
    return None


def _key(method: Method) -> str:
    """What stands for a method among the names of functions."""
    return f"{method.owner}.{method.name}"


class Calls(Links):
    """Links through calls."""

    def enter(self, name: str, node: Function) -> None:
        """Follow the body of a function that may be called as ``name``."""
        raise NotImplementedError

    def call(self, node: ast.Call) -> Value:
        """The result of a call, after its effect on what it is given."""
        positional = [self.value(argument) for argument in node.args]
        named = {keyword.arg: self.value(keyword.value) for keyword in node.keywords}
        given = joined([*positional, *named.values()])
        dotted = self._imported(node.func)
        if self.self_name is not None:
            asked = asked_name(node, self.self_name, self.mutations.scope, self.local)
            if asked is not None:
                alias = {} if asked in self.exempt else {asked: Link.ALIAS}
                return joined([alias, self.names.get(f"self.{asked}", {}), given])
            if self.artifact(node.func) in ("foreach_stack", "merge_artifacts", "next"):
                return {}
            helper = self.mutations.flow.helpers.get(self.artifact(node.func) or "")
            if helper is not None and helper.kind is not MemberKind.PROPERTY:
                return self._helper(helper, node, positional, named, given)
            step = self.mutations.flow.steps.get(self.artifact(node.func) or "")
            method = super_method(node, self.owner, self.mutations.helpers) or step
            if method is not None:
                return self._of_super(method, node, positional, named, given)
            if self._given_self(node) and isinstance(node.func, ast.Name):
                return self._on_self(node, node.func.id, given)
        if isinstance(node.func, ast.Name):
            return self._named(node, node.func.id, positional, named, given)
        if dotted is not None:
            return self._library(dotted, node, positional, given)
        if isinstance(node.func, ast.Attribute) and self.artifact(node.func) is None:
            return self._method(node, node.func, given)
        return self._unknown(joined([self.value(node.func), given]))

    def _given_self(self, node: ast.Call) -> bool:
        """Whether the flow itself is an argument."""
        every = [*node.args, *(word.value for word in node.keywords)]
        return any(self.is_flow(part) for part in every)

    def _on_self(self, node: ast.Call, name: str, given: Value) -> Value:
        """A call that is given the flow: a builtin, or a function of the module."""
        if self.is_builtin(name):
            if name == "setattr":
                value = self.value(node.args[-1])
                for target in self.whole():
                    self.link(f"self.{target}", value)
            return parts(self.whole()) if name in ("getattr", "vars") else {}
        if name not in self.local and name in self.mutations.scope.functions:
            method = self.mutations.helpers.given_flow(name, node, self.self_name or "")
            if method is not None:
                every = [*node.args, *(word.value for word in node.keywords)]
                others = [self.value(part) for part in every if not self.is_flow(part)]
                returned = self.method(method)
                self.change(joined(others), inside=True)
                return joined([returned, parts(joined(others))])
        return self._unknown(joined([self.whole(), given]))

    def _helper(
        self,
        helper: Helper,
        node: ast.Call,
        positional: Sequence[Value],
        named: Mapping[str | None, Value],
        given: Value,
    ) -> Value:
        """A call of a method of the flow."""
        self.method(helper)
        if not helper.plain:
            self.change(given, inside=True)
        own: list[Value] = [] if helper.kind is MemberKind.STATIC else [{}]
        return self._nested(node, helper.node, [*own, *positional], named, given, _key(helper))

    def _of_super(
        self,
        method: Method,
        node: ast.Call,
        positional: Sequence[Value],
        named: Mapping[str | None, Value],
        given: Value,
    ) -> Value:
        """A call of ``super().method``."""
        self.method(method)
        return self._nested(node, method.node, [{}, *positional], named, given, _key(method))

    def method(self, method: Method) -> Value:
        """The result of a method or property, after the effects of its body."""
        name = _key(method)
        if name not in self.entered:
            self.entered.add(name)
            self.local |= set(local_bindings(method.node)) - {"self"}
            outer, self.owner = self.owner, method.owner
            self.enter(name, method.node)
            self.owner = outer
        return dict(self.names.get(f"{name}()", {}))

    def whole(self) -> Value:
        """The flow itself, through which every artifact can be reached."""
        names = (self.mutations.helpers.mentioned | {OTHERS}) - self.exempt
        return dict.fromkeys(names, Link.FRESH)

    def _unknown(self, given: Value) -> Value:
        """Whatever the call does: it may change all that it can reach, and return it."""
        self.change(given, inside=True)
        return parts(given)

    def _imported(self, function: ast.expr) -> str | None:
        """``module.function`` where an imported module is called by its name."""
        names: list[str] = []
        while isinstance(function, ast.Attribute):
            names.append(function.attr)
            function = function.value
        if isinstance(function, ast.Name) and function.id not in self.local and names:
            module = self.mutations.scope.imports.get(function.id)
            if module is not None:
                return ".".join([module, *reversed(names)])
        return None

    def _named(
        self,
        node: ast.Call,
        name: str,
        positional: Sequence[Value],
        named: Mapping[str | None, Value],
        given: Value,
    ) -> Value:
        scope = self.mutations.scope
        if name in self.nested:
            return self._nested(node, self.nested[name], positional, named, given)
        if name in self.local:  # perhaps a bound method, which changes its object
            return self._unknown(joined([given, self.names.get(name, {})]))
        if self.is_builtin(name):
            return self._builtin(node, name, given)
        if name in scope.imports:
            return self._library(scope.imports[name], node, positional, given)
        summary = self.mutations.summary(name)
        if summary is None:
            return self._unknown(given)
        if _spread(node):
            self.change(given, inside=bool(summary.changed))
            self.consume(parts(given))
            self.look_up(given)
            return parts(given)
        result: list[Value] = []
        for argument, value in given_to(summary.arguments, positional, named):
            if argument in summary.changed:
                self.change(value, inside=True)
            if argument in summary.consumed:
                self.consume(value)
            if argument in summary.looked_up:
                self.look_up(value)
            link = summary.returned.get(argument)
            if link is not None:
                result.append(held(value) if link is Link.FRESH else value)
        return joined(result)

    def _nested(
        self,
        node: ast.Call,
        function: Function,
        positional: Sequence[Value],
        named: Mapping[str | None, Value],
        given: Value,
        method: str = "",
    ) -> Value:
        """A call of a function that the body itself defines, or of a method of the flow, under
        the name ``method``."""
        if _spread(node):
            every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            for argument in every:
                self.link(argument.arg, parts(given))
            for extra in (function.args.vararg, function.args.kwarg):
                if extra is not None:
                    self.link(extra.arg, held(given))
        else:
            extras = {a.arg for a in (function.args.vararg, function.args.kwarg) if a is not None}
            for name, value in given_to(function.args, positional, named):
                self.link(name, held(value) if name in extras else value)
        return dict(self.names.get(f"{method or function.name}()", {}))

    def _builtin(self, node: ast.Call, name: str, given: Value) -> Value:
        if name == "next":
            self.change(given)
            return parts(given)
        if name not in known.PURE_FUNCTIONS and not name.endswith(
            ("Error", "Exception", "Warning")
        ):
            return self._unknown(given)
        for keyword in node.keywords:
            if keyword.arg in ("file", None):
                self.change(self.value(keyword.value), inside=True)
        if name != "iter" or len(node.args) > 1:
            self.consume(given)
        callback = _callback(node, name)
        if callback is not None:
            self.call_back(callback, parts(given))
        if name in known.PLAIN_RESULT:
            return {}
        return parts(given) if name in known.PICKS else held(given)

    def call_back(self, function: ast.expr, elements: Value) -> None:
        """A function that is called with ``elements``."""
        if isinstance(function, ast.Lambda):
            for parameter in [*function.args.posonlyargs, *function.args.args]:
                self.link(parameter.arg, elements)
            self.value(function.body)
        elif isinstance(function, ast.Constant):
            pass  # None: no function
        elif self.artifact(function) in self.mutations.flow.helpers:
            helper = self.mutations.flow.helpers[self.artifact(function) or ""]
            self.method(helper)
            for parameter in helper.node.args.args:
                self.link(parameter.arg, elements)
        elif isinstance(function, ast.Attribute) and self._pure_method(function.attr):
            self.value(function.value)
        elif isinstance(function, ast.Name) and function.id in self.nested:
            nested = self.nested[function.id].args
            for parameter in [*nested.posonlyargs, *nested.args]:
                self.link(parameter.arg, elements)
        elif isinstance(function, ast.Name) and self.is_builtin(function.id):
            if function.id not in known.PURE_FUNCTIONS:
                self.change(elements, inside=True)
        else:
            name = function.id if isinstance(function, ast.Name) else ""
            summary = None if name in self.local else self.mutations.summary(name)
            if summary is None or summary.changed:
                self.change(joined([elements, self.value(function)]), inside=True)

    def _pure_method(self, method: str) -> bool:
        return method in known.PURE_METHODS and method not in self.mutations.methods

    def _library(
        self, dotted: str, node: ast.Call, positional: Sequence[Value], given: Value
    ) -> Value:
        module, _, function = dotted.rpartition(".")
        root = dotted.split(".")[0]
        keywords = {keyword.arg for keyword in node.keywords}
        if keywords & {"out", "inplace", "copy", "stream", "file", "default", "cls", None}:
            return self._unknown(given)
        if dotted == "copy.deepcopy" or root in known.PURE_MODULES or dotted == "pickle.dumps":
            self.consume(given)
            if function in ("dump", "pprint", "pp"):
                self.change(joined(list(positional[1:])))  # a stream
            return {}
        if dotted == "functools.reduce" and node.args:
            self.call_back(node.args[0], parts(given))
            return parts(given)
        if dotted in known.PURE_LIBRARY or dotted in ("collections.Counter", "collections.deque"):
            self.consume(given)
            return held(given)
        if dotted == "collections.defaultdict" or module == "datetime":
            return held(given)
        if root in known.ARRAY_MODULES and function not in known.ARRAY_CHANGES:
            self.consume(given)
            if root == "numpy":  # the result may be given after the operands
                self.change(joined(list(positional[2:])))
            return parts(given) if function in known.ARRAY_VIEWS else held(given)
        if root == "logging" and function in known.LOG_METHODS:
            return {}
        return self._unknown(given)

    def _method(self, node: ast.Call, function: ast.Attribute, given: Value) -> Value:
        owner = self.value(function.value)
        method = function.attr
        changes = any(k.arg in ("inplace", "out", "copy", None) for k in node.keywords)
        plain = function.value
        of_module = isinstance(plain, ast.Name) and plain.id not in self.local
        if of_module and not (method in known.LOG_METHODS or method in known.PURE_METHODS):
            return self._unknown(joined([owner, given]))  # list.append(rows, 1)
        if method in self.mutations.methods or changes:
            return self._unknown(joined([owner, given]))
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if isinstance(argument, ast.Lambda):
                self.call_back(argument, parts(joined([owner, given])))
        for keyword in node.keywords:
            if keyword.arg == "key" and not isinstance(keyword.value, ast.Lambda):
                self.call_back(keyword.value, parts(owner))
        if method in known.PURE_METHODS:
            self.consume(given)
            if method in known.PLAIN_METHODS:
                return {}
            return held(owner) if method == "copy" else parts(joined([owner, given]))
        if method in known.CONTAINER_METHODS:
            self.change(owner)
            self.consume(given)
            self.store_in(function.value, given)
            return parts(joined([owner, given]))
        if method in known.LOG_METHODS and not owner:
            return {}
        return self._unknown(joined([owner, given]))


def _spread(node: ast.Call) -> bool:
    """Whether a call has ``*`` or ``**``, so that it is not plain what goes where."""
    return any(isinstance(argument, ast.Starred) for argument in node.args) or any(
        keyword.arg is None for keyword in node.keywords
    )


def _callback(node: ast.Call, name: str) -> ast.expr | None:
    """The function that a builtin calls."""
    place = known.CALLS_BACK.get(name)
    if isinstance(place, int):
        if name == "iter" and len(node.args) < 2:
            return None
        return node.args[place] if len(node.args) > place else None
    for keyword in node.keywords:
        if keyword.arg == place:
            return keyword.value
    return None
