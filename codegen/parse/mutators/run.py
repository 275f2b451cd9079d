"""Runs the functions of mutators over what the source tells: a strict subset of Python, in which
every value is known. Nothing of the flow's code is executed by Python itself."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from codegen.parse.mutators.arguments import bound
from codegen.parse.mutators.expressions import Expressions, Frame, bound_locally
from codegen.parse.mutators.scope import Scope, Scopes
from codegen.parse.mutators.use import Mutator
from codegen.parse.mutators.values import Given, Named, Opaque, Refused, Unknown, located, placed
from codegen.parse.names import of_metaflow, resolve
from codegen.parse.siblings import Class

_MOST_STEPS = 20_000
_MOST_CALLS = 20
_LOGGING = frozenset({"critical", "debug", "error", "exception", "info", "log", "warning", "warn"})
_MODULES = ("logging", "warnings")


class Instance(Opaque):
    """A mutator with the arguments of its decorator."""

    def __init__(self, mutator: Mutator, given: Given, node: ast.AST, runner: Runner) -> None:
        self.mutator = mutator
        self.given = given
        self.node = node
        self.runner = runner
        self.attributes: dict[str, Any] = {}
        self.started = False

    def attribute(self, name: str, node: ast.AST) -> Any:
        """An attribute that a method has set, or a constant of the class."""
        return self.runner.attribute(self, name, node)

    def call(self, name: str, given: Given, node: ast.Call) -> Any:
        """A method of the class itself."""
        if name in self.attributes or self.mutator.method(name) is None:
            return super().call(name, given, node)
        return self.runner.run(self, name, given, node)


class _Returned(Exception):
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class _Broken(Exception):
    """``break``"""


class _Continued(Exception):
    """``continue``"""


class Runner:
    """Runs methods of mutators. ``parameter`` makes what ``Parameter(…)`` gives."""

    def __init__(self, scopes: Scopes, parameter: Callable[[Given, ast.Call], Any]) -> None:
        self.scopes = scopes
        self.parameter = parameter
        self._steps = 0
        self._calls = 0
        self._constants: dict[tuple[ast.ClassDef, str], Any] = {}
        self._defaults: dict[ast.expr, Any] = {}

    # ------------------------------------------------------------------ from outside

    def evaluated(self, node: ast.expr, scope: Scope) -> Any:
        """The value of an expression outside of functions."""
        return Expressions(Frame(scope), self).value(node)

    def arguments(self, decorator: ast.expr, scope: Scope) -> Given:
        """The arguments of a decorator."""
        if not isinstance(decorator, ast.Call):
            return Given()
        return Expressions(Frame(scope), self).given(decorator)

    def run(self, instance: Instance, name: str, given: Given, node: ast.AST) -> Any:
        """Run a method of a mutator, which need not be there."""
        found = instance.mutator.method(name)
        if found is None:
            return None
        owner, function = found
        return self._invoke(function, self.scopes.inside(owner), _method(instance, given), node)

    # ------------------------------------------------------------------ for expressions

    def count(self, node: ast.AST) -> None:
        """Note that something is done, so that no mutator runs for ever."""
        self._steps += 1
        if self._steps > _MOST_STEPS * 10:
            raise Refused(node, "it does more than can be followed")

    def called(self, node: ast.Call, frame: Frame) -> Any:
        """A call of a function of the module, or of ``Parameter``."""
        if not isinstance(node.func, (ast.Name, ast.Attribute)):
            return NotImplemented
        expressions = Expressions(frame, self)
        names = self.scopes.mutators.siblings.names(frame.scope.source)
        dotted = resolve(node.func, names)
        if isinstance(node.func, ast.Name) and node.func.id in frame.values:
            value = frame.values[node.func.id]
            dotted = value.dotted if isinstance(value, Named) else None
        elif _root(node.func) in frame.local:
            dotted = None
        if dotted == "metaflow.Parameter":
            return self.parameter(expressions.given(node), node)
        if dotted is not None:
            raise Refused(node, f"{dotted}(…) cannot be followed")
        if isinstance(node.func, ast.Name) and node.func.id not in frame.local:
            function = frame.scope.module.functions.get(node.func.id)
            if function is not None:
                given = expressions.given(node)
                return self._invoke(function, self.scopes.of(frame.scope.source), given, node)
        return NotImplemented

    def attribute(self, instance: Instance, name: str, node: ast.AST) -> Any:
        """An attribute of a mutator, or a constant of its class."""
        if name in instance.attributes:
            return instance.attributes[name]
        for each in instance.mutator.line:
            found = self._constant(each, name)
            if found is not NotImplemented:
                return found
        raise Refused(node, f"{ast.unparse(node)} is not set")

    def _constant(self, found: Class, name: str) -> Any:
        value = self.scopes.own(found).get(name)
        if value is None:
            return NotImplemented
        if (found.node, name) not in self._constants:
            frame = Frame(self.scopes.inside(found))
            self._constants[found.node, name] = Expressions(frame, self).value(value)
        return self._constants[found.node, name]

    # ------------------------------------------------------------------ functions

    def _invoke(self, function: ast.FunctionDef, outer: Scope, given: Given, node: ast.AST) -> Any:
        """Run a function that is defined where the names mean what ``outer`` tells."""
        if function.decorator_list:
            raise Refused(function.decorator_list[0], f"{function.name} is decorated")
        for inner in ast.walk(function):
            if isinstance(inner, (ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal)):
                raise Refused(inner, f"{function.name} is more than a plain function")
        if self._calls >= _MOST_CALLS:
            raise Refused(node, "functions call one another too deeply")
        frame = Frame(self.scopes.of(outer.source), bound_locally(function))
        frame.values.update(bound(function, given, node, lambda each: self._default(each, outer)))
        self._calls += 1
        try:
            _Block(frame, self).run(function.body)
        except _Returned as returned:
            return returned.value
        finally:
            self._calls -= 1
        return None

    def _default(self, node: ast.expr, scope: Scope) -> Any:
        if node not in self._defaults:
            self._defaults[node] = Expressions(Frame(scope), self).value(node)
        return self._defaults[node]


class _Block:
    """Runs the statements of one function."""

    def __init__(self, frame: Frame, runner: Runner) -> None:
        self.frame = frame
        self.runner = runner
        self.expressions = Expressions(frame, runner)

    def run(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.runner.count(statement)
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Pass():
                pass
            case ast.Expr():
                self._expression(node.value)
            case ast.Assign():
                value = self.expressions.value(node.value)
                for target in node.targets:
                    self._assign(target, value)
            case ast.AnnAssign():
                if node.value is not None:
                    self._assign(node.target, self.expressions.value(node.value))
            case ast.AugAssign():
                self._augmented(node)
            case ast.If():
                self.run(node.body if self.expressions.truth(node.test) else node.orelse)
            case ast.For():
                self._loop(node)
            case ast.Return():
                value = None if node.value is None else self.expressions.value(node.value)
                raise _Returned(value)
            case ast.Break():
                raise _Broken
            case ast.Continue():
                raise _Continued
            case ast.Assert():
                if not self.expressions.truth(node.test):
                    raise Refused(node, "its assertion fails")
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Raise():
                raise Refused(node, "it raises an exception, so that the flow does not run")
            case _:
                kind = type(node).__name__.lower()
                raise Refused(node, f"a statement of this kind ({kind}) is not followed")

    def _loop(self, node: ast.For) -> None:
        for item in self.expressions.items(node.iter):
            self.runner.count(node)
            self._assign(node.target, item)
            try:
                self.run(node.body)
            except _Continued:
                pass
            except _Broken:
                return
        self.run(node.orelse)

    def _expression(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant):
            return
        if isinstance(node, ast.Call) and self._shows(node.func):
            for inner in ast.walk(node):
                if inner is not node and isinstance(inner, ast.Call) and _acts(inner):
                    raise Refused(inner, "what is printed does something itself")
            return
        self.expressions.value(node)

    def _shows(self, function: ast.expr) -> bool:
        """Whether a function only prints or logs, which a translated flow does without."""
        if isinstance(function, ast.Name):
            return function.id == "print" and self.frame.builtin("print")
        if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
            return False
        name, module = function.value.id, self.frame.scope.module
        if function.attr not in _LOGGING:
            return False
        if name in self.frame.local:
            found = self.frame.values.get(name)
            return isinstance(found, Unknown) and found.module in _MODULES
        logger = ast.unparse(module.constants[name]) if name in module.constants else ""
        made = logger.startswith(("logging.getLogger(", "getLogger("))
        return made or module.imports.get(name) in _MODULES

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Attribute):
            owner = self.expressions.value(target.value)
            if not isinstance(owner, Instance):
                raise Refused(target, f"{ast.unparse(target)} is set")
            owner.attributes[target.attr] = value
        elif isinstance(target, ast.Subscript):
            owner = self.expressions.value(target.value)
            key = self.expressions.value(target.slice)
            try:
                self.expressions.changeable(owner, target.value)[key] = value
            except (TypeError, ValueError, IndexError) as error:
                raise Refused(target, f"{ast.unparse(target)} cannot be set") from error
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part, item in self.expressions.unpacked(target, value):
                self._assign(part.value if isinstance(part, ast.Starred) else part, item)
        else:
            self.expressions.assign(target, value)

    def _augmented(self, node: ast.AugAssign) -> None:
        load = placed(ast.parse(ast.unparse(node.target), mode="eval").body, node.target)
        old = self.expressions.value(load)
        if not isinstance(old, (dict, list)):
            made = located(ast.BinOp(load, node.op, node.value), node)
            self._assign(node.target, self.expressions.value(made))
            return
        self.expressions.changeable(old, node.target)
        value = self.expressions.value(node.value)
        if isinstance(old, list) and isinstance(value, (list, tuple)):
            old += [*value]
        elif isinstance(old, dict) and isinstance(value, dict):
            old |= value
        else:
            raise Refused(node, f"{ast.unparse(node)} is not followed")

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            name = (alias.asname or alias.name).split(".")[0]
            found: Any = Unknown(alias.name if isinstance(node, ast.Import) else "")
            here = ast.copy_location(ast.Name(name, ast.Load()), node)
            if of_metaflow(node) and isinstance(node, ast.ImportFrom):
                found = Named(here, f"{node.module}.{alias.name}", local=True)
            elif of_metaflow(node) and name == "metaflow":
                found = Named(here, "metaflow", local=True)
            self.frame.values[name] = found


def _method(instance: Instance, given: Given) -> Given:
    return Given([instance, *given.args], given.kwargs)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _acts(node: ast.Call) -> bool:
    """Whether a call may do more than give a value."""
    return isinstance(node.func, ast.Attribute) and (
        node.func.attr.startswith(("add_", "remove_", "append", "extend", "insert", "pop"))
        or node.func.attr in ("setdefault", "update")
        or (isinstance(node.func.value, ast.Name) and node.func.value.id == "self")
    )
