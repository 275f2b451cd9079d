"""Functions as values of attributes, which some decorators of flows take."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace

from codegen.lower.decorators.arguments import Arguments
from codegen.model import Argument
from codegen.parse.names import resolve

#: It makes a function that gives the name of an event when the flow is deployed.
_EVENT_NAME = "metaflow.namespaced_event_name"


@dataclass(frozen=True, repr=False)
class Function:
    """What ``shown`` stands for in the source; ``node`` is there if the module defines it."""

    shown: str
    node: ast.FunctionDef | None = None

    def __repr__(self) -> str:
        return self.shown  # in messages


def with_functions(
    arguments: Arguments, metaflow: Mapping[str, str], imported: bool = False
) -> Arguments:
    """The same arguments, in which functions evaluate to ``Function``.

    Whatever is ``imported`` may count as one. ``metaflow`` are the local names of Metaflow.
    """
    scope = arguments.scope
    names = [*scope.classes, *(scope.imports if imported else ())]
    known: dict[str, ast.expr] = {name: ast.Constant(Function(name)) for name in names}  # type: ignore[arg-type]
    for name, node in scope.functions.items():
        known[name] = ast.Constant(Function(name, node))  # type: ignore[arg-type]
    finder = _Finder(scope.imports if imported else {}, metaflow)
    found = {
        name: Argument(finder.visit(copy.deepcopy(argument.node)), argument.position)
        for name, argument in arguments.decorator.arguments.items()
    }
    return replace(
        arguments,
        decorator=replace(arguments.decorator, arguments=found),
        scope=replace(scope, constants={**known, **scope.constants}),
    )


class _Finder(ast.NodeTransformer):
    """Puts constants in the place of what is no name, but surely a function."""

    def __init__(self, imports: Mapping[str, str], metaflow: Mapping[str, str]) -> None:
        self.imports = imports
        self.metaflow = metaflow

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return self._function(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        module = isinstance(node.value, ast.Name) and node.value.id in self.imports
        return self._function(node) if module else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if resolve(node.func, self.metaflow) == _EVENT_NAME:
            return self._function(node)
        return self.generic_visit(node)

    def _function(self, node: ast.expr) -> ast.expr:
        made = ast.Constant(Function(ast.unparse(node)))  # type: ignore[arg-type]
        return ast.copy_location(made, node)
