"""The names of the module as the analyses see them: what they are bound to, where it is plain."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from codegen.analyse.evaluate import evaluate
from codegen.model import Flow

_BUILTINS = frozenset(dir(builtins))
#: Builtins that change nothing of what they are given.
_ONLY_READING = frozenset(
    {"bool", "dict", "frozenset", "len", "list", "max", "min", "print", "repr", "set", "sorted"}
    | {"str", "sum", "tuple"}
)
#: Modules of the standard library that flows import in ``try``, as older Pythons lack them. Of
#: those that mf-codegen knows, 3.10 lacks tomllib, for which flows then take its forerunners.
_SINCE_LATELY = frozenset({"tomllib", "zoneinfo"})


@dataclass(frozen=True)
class ModuleScope:
    """Names bound exactly once at the top level of the module, and all that are bound at all;
    ``elsewhere`` gives the values of constants that it imports."""

    constants: dict[str, ast.expr]
    functions: dict[str, ast.FunctionDef]
    classes: dict[str, ast.ClassDef]
    imports: dict[str, str]
    bound: frozenset[str]
    star: bool = False
    elsewhere: Callable[[ast.expr], Any] | None = None

    def value(self, node: ast.expr) -> Any:
        """The value of an expression that runs when the module is imported; raises
        CannotEvaluate."""
        return evaluate(node, self.constants, self.builtin, self.elsewhere)

    def builtin(self, name: str, local: Iterable[str] = ()) -> bool:
        """Whether ``name`` surely means the builtin where ``local`` names are bound as well;
        after ``from module import *`` no name does."""
        if self.star or name in self.bound or name in local:
            return False
        return name in _BUILTINS


def module_scope(statements: Iterable[ast.stmt]) -> ModuleScope:
    """The scope that the kept statements of a module make."""
    kept = [part for statement in statements for part in _run(statement)]
    bindings: dict[str, list[ast.AST]] = {}
    for node in kept:
        for name, origin in _bindings(node):
            bindings.setdefault(name, []).append(origin)
    rebound = {
        name
        for node in kept
        for inner in ast.walk(node)
        if isinstance(inner, ast.Global)
        for name in inner.names
    }
    changed = {name for node in kept for name in _changed(node, bindings)}
    constants: dict[str, ast.expr] = {}
    functions: dict[str, ast.FunctionDef] = {}
    classes: dict[str, ast.ClassDef] = {}
    imports: dict[str, str] = {}
    for name, origins in bindings.items():
        origin = origins[0]
        if len(origins) > 1 or name in rebound:
            continue
        if name in changed and isinstance(origin, ast.expr) and not _immutable(origin):
            continue
        if isinstance(origin, ast.FunctionDef):
            functions[name] = origin
        elif isinstance(origin, ast.ClassDef):
            classes[name] = origin
        elif isinstance(origin, ast.expr):
            constants[name] = origin
    for node in kept:
        for name, dotted in imported(node):
            if len(bindings.get(name, [])) == 1:
                imports[name] = dotted
    star = "*" in bindings
    return ModuleScope(constants, functions, classes, imports, frozenset(bindings), star)


def _run(statement: ast.stmt) -> list[ast.stmt]:
    """The statements that surely run for one: of ``try`` around imports of modules that older
    Pythons lack, its body."""
    if not isinstance(statement, ast.Try) or not all(map(_cannot_fail, statement.body)):
        return [statement]
    run = [*statement.body, *statement.orelse, *statement.finalbody]
    bound = {name for part in run for name, _ in _bindings(part)}
    handled = [part for handler in statement.handlers for part in handler.body]
    instead = {name for part in handled for name, _ in _bindings(part)}
    return run if instead <= bound else [statement]


def _cannot_fail(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import):
        return all(alias.name in _SINCE_LATELY for alias in statement.names)
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
        return all(isinstance(target, ast.Name) for target in statement.targets)
    return False


def class_scope(scope: ModuleScope, flow: Flow) -> ModuleScope:
    """What names mean in the body of the flow's class."""
    own = {name: constant.value for name, constant in flow.constants.items()}
    return replace(scope, constants={**scope.constants, **own}, bound=scope.bound | set(own))


def _immutable(value: ast.expr) -> bool:
    """Whether an expression surely makes a number, text or truth value."""
    parts = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Constant, ast.JoinedStr, ast.FormattedValue)
    return isinstance(value, parts) and not any(
        isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Call))
        for node in ast.walk(value)
    )


def _changed(statement: ast.stmt, bound: Container[str]) -> Iterator[str]:
    """Names whose objects some code of the module may change; ``bound`` are names of its own."""
    for node in ast.walk(statement):
        owner: ast.expr | None = None
        if isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
            owner = node.value
        elif isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            for argument in node.args if called in bound or called not in _ONLY_READING else ():
                if isinstance(argument, ast.Name):
                    yield argument.id
        while isinstance(owner, (ast.Subscript, ast.Attribute)):
            owner = owner.value
        if isinstance(owner, ast.Name):
            yield owner.id


def imported(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Bound name and dotted origin for each alias of an import statement."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, alias.name
            else:
                yield alias.name.split(".")[0], alias.name.split(".")[0]
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"


def _bindings(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    """Each name that a top-level statement binds, with what it is bound to if that is plain."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, node
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for name, _ in imported(node):
            yield name, node
    elif isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
        for target in node.targets:
            assert isinstance(target, ast.Name)
            yield target.id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        if node.value is not None:
            yield node.target.id, node.value
    else:
        yield from _inner(node)


def _inner(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Names bound somewhere inside a compound statement: what they are is not plain."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, (ast.Store, ast.Del)):
            yield child.id, node
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child.name, node
            continue
        elif isinstance(child, (ast.Import, ast.ImportFrom)):
            for name, _ in imported(child):
                yield name, node
        elif isinstance(child, ast.ExceptHandler) and child.name:
            yield child.name, node
        yield from _inner(child)


def local_bindings(function: ast.AST) -> dict[str, list[ast.expr | None]]:
    """Each name bound anywhere below a function, with the values of its plain assignments.

    None stands for a binding whose value is not plain: a loop variable, an argument, an import.
    """
    found: dict[str, list[ast.expr | None]] = {}
    plain: set[ast.AST] = set()
    for node in ast.walk(function):
        value: ast.expr | None
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            value = node.value
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(value)
                    plain.add(target)
    for node in ast.walk(function):
        if node in plain or node is function:
            continue
        names: list[str] = []
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names = [node.id]
        elif isinstance(node, ast.arg):
            names = [node.arg]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.alias):
            names = [(node.asname or node.name).split(".")[0]]
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names = [node.name]
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            names = node.names
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            names = [node.name]
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names = [node.rest]
        for name in names:
            found.setdefault(name, []).append(None)
    return found
