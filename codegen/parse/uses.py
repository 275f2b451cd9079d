"""Where code uses Metaflow's library, by Python's scopes: names that functions bind anew are
others, and functions may import Metaflow themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codegen.parse.names import metaflow_names, of_metaflow, resolve

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
#: What opens a scope of its own.
SCOPES = (*_FUNCTIONS, ast.Lambda, ast.ClassDef, *_COMPREHENSIONS)


@dataclass(frozen=True)
class Scope:
    """Local name → dotted name in Metaflow: ``names`` here, and ``outer`` in functions further
    inside, which do not see what the body of a class binds."""

    names: Mapping[str, str]
    outer: Mapping[str, str]

    def inside(self, node: ast.AST) -> Scope:
        """What the names mean in the body of a function, class or comprehension."""
        plain, imported = bound(node)
        names = {name: dotted for name, dotted in self.outer.items() if name not in plain}
        names.update({name: dotted for name, dotted in imported.items() if name not in plain})
        return Scope(names, self.outer if isinstance(node, ast.ClassDef) else names)


def outermost(names: Mapping[str, str]) -> Scope:
    """The scope of a module."""
    return Scope(names, names)


@dataclass(frozen=True)
class Use:
    """An expression that stands for something of Metaflow's, as long as it is.

    ``depth`` counts the functions around it in the code that was looked at: none of them runs when
    that is imported. An ``annotation`` says something to type checkers only.
    """

    node: ast.expr
    dotted: str
    depth: int
    annotation: bool


def uses(root: ast.AST, scope: Scope, depth: int = 0, annotation: bool = False) -> Iterator[Use]:
    """Each use of Metaflow in ``root``, which stands in ``scope``."""
    if isinstance(root, ast.expr):
        dotted = resolve(root, scope.names)
        if dotted is not None and isinstance(getattr(root, "ctx", None), ast.Load):
            yield Use(root, dotted, depth, annotation)
            return
    if isinstance(root, SCOPES):
        yield from _of_scope(root, scope, depth, annotation)
        return
    for name, child in _children(root):
        yield from uses(child, scope, depth, annotation or name in ("annotation", "returns"))


def _of_scope(root: ast.AST, scope: Scope, depth: int, annotation: bool) -> Iterator[Use]:
    """A function and its like: decorators, defaults and annotations belong to the scope around."""
    inside = scope.inside(root)
    deeper = depth + isinstance(root, (*_FUNCTIONS, ast.Lambda))
    for name, child in _children(root):
        own = name == "body" or isinstance(root, _COMPREHENSIONS)
        is_type = annotation or name == "returns"
        yield from uses(child, inside if own else scope, deeper if own else depth, is_type)


def body_uses(
    function: ast.FunctionDef | ast.AsyncFunctionDef, names: Mapping[str, str]
) -> Iterator[Use]:
    """Each use of Metaflow in the body of a function, whose own scope has the depth 0."""
    inside = outermost(names).inside(function)
    for statement in function.body:
        yield from uses(statement, inside)


def references(node: ast.AST, names: Mapping[str, str]) -> Iterator[tuple[ast.expr, str]]:
    """Each use of a Metaflow name below ``node``: the outermost expression and its dotted name."""
    for use in uses(node, outermost(names)):
        yield use.node, use.dotted


def only_metaflow(function: ast.AST, names: Mapping[str, str]) -> set[str]:
    """The names that stand for something of Metaflow's wherever they occur in a function."""
    found = [use.node for use in uses(function, outermost(names))]
    parts = {id(part) for node in found for part in ast.walk(node)}
    theirs, others = set[str](), set[str]()
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            (theirs if id(node) in parts else others).add(node.id)
        elif isinstance(node, SCOPES):
            plain, imported = bound(node)
            theirs |= set(imported)
            others |= plain
    return theirs - others


def s3_of_run(
    method: ast.FunctionDef, own: str | None, names: Mapping[str, str]
) -> Iterator[ast.expr]:
    """The ``self``, by its name ``own``, of each ``S3(run=self)`` in the body of a method, but not
    where a function inside calls something else so."""
    classes = {id(use.node) for use in body_uses(method, names) if use.dotted == "metaflow.S3"}
    if not classes:
        return
    inner = [node for node in ast.walk(method) if isinstance(node, SCOPES) and node is not method]
    others = {id(part) for node in inner if own in bound(node)[0] for part in ast.walk(node)}
    for node in (node for node in ast.walk(method) if id(node) not in others):
        if isinstance(node, ast.Call) and id(node.func) in classes:
            for word in node.keywords:
                if word.arg == "run" and isinstance(word.value, ast.Name) and word.value.id == own:
                    yield word.value


def clashes(function: ast.AST) -> Iterator[tuple[ast.alias, str]]:
    """The imports of Metaflow below a function whose names have another meaning there as well."""
    for node in ast.walk(function):
        if not isinstance(node, SCOPES):
            continue
        plain, imported = bound(node)
        for statement in _own(node):
            if isinstance(statement, (ast.Import, ast.ImportFrom)) and of_metaflow(statement):
                for alias in statement.names:
                    local = alias.asname or alias.name.split(".")[0]
                    if local in plain and local in imported:
                        yield alias, local


def bound(node: ast.AST) -> tuple[set[str], dict[str, str]]:
    """The names that a scope binds itself, and those that it imports from Metaflow."""
    plain: set[str] = set()
    imported: dict[str, str] = {}
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        plain |= {each.arg for each in ast.walk(arguments) if isinstance(each, ast.arg)}
    for part in _own(node):
        if isinstance(part, (ast.Import, ast.ImportFrom)) and of_metaflow(part):
            imported.update(metaflow_names([part]))
            if isinstance(part, ast.Import):
                others = (alias for alias in part.names if alias.name.split(".")[0] != "metaflow")
                plain |= {alias.asname or alias.name.split(".")[0] for alias in others}
        elif isinstance(part, (ast.Import, ast.ImportFrom)):
            plain |= {alias.asname or alias.name.split(".")[0] for alias in part.names}
        elif isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            plain.add(part.id)
        elif isinstance(part, (*_FUNCTIONS, ast.ClassDef)):
            plain.add(part.name)
        elif isinstance(part, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and part.name:
            plain.add(part.name)
        elif isinstance(part, ast.MatchMapping) and part.rest:
            plain.add(part.rest)
    return plain, imported


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of the scopes in it; functions and classes of it are
    there themselves, and so is what a comprehension names for the scope around it."""
    waiting: list[ast.AST] = []
    if isinstance(scope, _COMPREHENSIONS):
        waiting += [generator.target for generator in scope.generators]
    else:
        body = getattr(scope, "body", ())
        waiting += body if isinstance(body, Sequence) else [body]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _COMPREHENSIONS):
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    yield inner.target
        elif not isinstance(node, SCOPES):
            waiting += ast.iter_child_nodes(node)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The nodes below one, with the fields that they are in."""
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield name, child
