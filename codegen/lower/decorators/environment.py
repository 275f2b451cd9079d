"""``@environment(vars={…})``: metaflow/plugins/environment_decorator.py."""

from __future__ import annotations

import ast
import contextlib

from codegen.analyse.evaluate import CannotEvaluate, evaluate, unordered
from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import Settings


def environment(arguments: Arguments, settings: Settings) -> None:
    """Variables with their values as text; what is no constant stays an expression."""
    argument = arguments.decorator.arguments.get("vars")
    if argument is None:
        return
    node = argument.node
    if isinstance(node, ast.Name):
        node = arguments.scope.constants.get(node.id, node)
    if not isinstance(node, ast.Dict) or None in node.keys:
        value = arguments.value("vars")
        if not isinstance(value, dict) or unordered(value):
            raise arguments.refuse("vars", "vars is no dictionary", "Write vars={'NAME': 'value'}.")
        settings.variables.values.update(
            (str(name), repr(str(item))) for name, item in value.items()
        )
        return
    for key, item in zip(node.keys, node.values, strict=True):
        assert key is not None
        try:
            name = arguments.scope.value(key)
        except CannotEvaluate as error:
            raise arguments.refuse(
                "vars",
                f"the name {ast.unparse(key)} cannot be known from the source",
                "Write the names of the variables as literals.",
                "MF301",
            ) from error
        text = f"str({ast.unparse(item)})"
        with contextlib.suppress(CannotEvaluate):
            known = evaluate(item, arguments.scope.constants, arguments.scope.builtin)
            text = text if unordered(known) else repr(str(known))
        settings.variables.values[str(name)] = text
