"""What names mean in the code of mutators, outside of its functions."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from codegen.analyse.evaluate import CannotEvaluate, Evaluator
from codegen.analyse.scope import ModuleScope, module_scope
from codegen.parse.mutators.use import Mutators
from codegen.parse.mutators.values import Named, located
from codegen.parse.names import is_main_guard, of_metaflow
from codegen.parse.siblings import Class, Library, Other, Source

_TYPES = frozenset({"bool", "dict", "float", "int", "list", "str", "tuple"})


@dataclass(frozen=True, eq=False)
class Scope:
    """The top level of a module, or the body of a class in it."""

    source: Source
    module: ModuleScope
    constants: Mapping[str, ast.expr]
    evaluator: Evaluator


class Scopes:
    """Reads the scopes of modules, each once; ``gone`` are classes that leave them.

    ``kept`` holds the objects that constants are bound to, and all that these hold: the steps see
    them too, so that a mutator must not change them.
    """

    def __init__(self, mutators: Mutators, gone: Collection[ast.ClassDef]) -> None:
        self.mutators = mutators
        self.gone = gone
        self.kept: dict[int, Any] = {}
        self._modules: dict[Source, Scope] = {}
        self._classes: dict[ast.ClassDef, Scope] = {}

    def of(self, source: Source) -> Scope:
        """The scope of a module."""
        if source not in self._modules:
            found = module_scope(
                node
                for node in source.abstract.body
                if node not in self.gone and not is_main_guard(node) and not _only_metaflow(node)
            )
            self._modules[source] = _scope(source, found, found.constants)
        return self._modules[source]

    def inside(self, found: Class) -> Scope:
        """The scope of the body of a class."""
        if found.node not in self._classes:
            module = self.of(found.source)
            constants = {**module.constants, **self.own(found)}
            self._classes[found.node] = _scope(found.source, module.module, constants)
        return self._classes[found.node]

    def own(self, found: Class) -> Mapping[str, ast.expr]:
        """The constants that a class itself defines."""
        return module_scope(found.node.body).constants

    def value(self, node: ast.Name, scope: Scope) -> Any:
        """What a name stands for; raises CannotEvaluate where the source does not tell."""
        if node.id in scope.constants:
            return self.keep(scope.evaluator.value(node))
        found = self.mutators.siblings.binding(scope.source, node.id)
        match found:
            case Library(dotted):
                return Named(node, dotted)
            case Class():
                return Named(node, mutator=self.mutators.of(found))
            case Other(source, name):
                theirs = self.of(source)
                if name in theirs.constants:
                    other = located(ast.Name(name, ast.Load()), node)
                    return self.keep(theirs.evaluator.value(other))
                if name in theirs.module.functions:
                    return Named(node)
        if node.id in _TYPES and scope.module.builtin(node.id):
            return Named(node)
        raise CannotEvaluate(node)

    def keep(self, value: Any) -> Any:
        """Note an object as one that mutators must not change, and give it back."""
        if isinstance(value, (dict, list)) and id(value) not in self.kept:
            self.kept[id(value)] = value
            for inner in value.values() if isinstance(value, dict) else value:
                self.keep(inner)
        elif isinstance(value, tuple):
            for inner in value:
                self.keep(inner)
        return value


def _only_metaflow(node: ast.stmt) -> bool:
    """Whether a statement imports names of Metaflow's, which are known by other means."""
    return isinstance(node, ast.ImportFrom) and of_metaflow(node)


def _scope(source: Source, module: ModuleScope, constants: Mapping[str, ast.expr]) -> Scope:
    return Scope(source, module, constants, Evaluator(constants, module.builtin))
