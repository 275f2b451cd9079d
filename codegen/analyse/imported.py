"""Constants of the modules beside the flow, which the flow's file imports."""

from __future__ import annotations

import ast
from functools import partial
from typing import Any

from codegen.analyse.evaluate import CannotEvaluate, Evaluator
from codegen.analyse.scope import ModuleScope, module_scope
from codegen.parse.siblings import Other, Siblings, Source


class ImportedConstants:
    """The values of names such as ``CPU`` and ``settings.CPU``, by the sources of ``siblings``."""

    def __init__(self, siblings: Siblings) -> None:
        self.siblings = siblings
        self.scopes: dict[Source, ModuleScope] = {}

    def value(self, node: ast.expr) -> Any:
        """What a name of the flow's file stands for; raises CannotEvaluate."""
        return self._value(node, self.siblings.flow)

    def _value(self, node: ast.expr, user: Source) -> Any:
        found = self.siblings.follow(node, user)
        if not isinstance(found, Other) or found.source is user:
            raise CannotEvaluate(node)
        if found.source not in self.scopes:
            self.scopes[found.source] = module_scope(found.source.abstract.body)
        scope = self.scopes[found.source]
        if found.name not in scope.constants:
            raise CannotEvaluate(node)
        elsewhere = partial(self._value, user=found.source)
        return Evaluator(scope.constants, scope.builtin, elsewhere).value(ast.Name(found.name))
