"""What a step returns for its transition: the indices of a foreach, the choice of a switch."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Mapping

from codegen.analyse.body import attribute_of
from codegen.analyse.dataflow import StepFlow
from codegen.lower.context import Context
from codegen.lower.names import free
from codegen.model import Shape
from codegen.parse.names import mangled


def transition_values(
    context: Context,
    step: StepFlow,
    value_of: Callable[[str], str],
    expressions: Mapping[str, str],
    bound: frozenset[str],
) -> tuple[list[str], list[str]]:
    """The expressions for the generated fields of a step, in the order of the fields, and the
    statements that must come before them.

    ``value_of`` tells what the body calls an artifact; ``expressions`` stand for other texts of the
    source.
    """
    transition = step.step.transition
    if transition is None:
        return [], []
    symbols = context.symbols
    match transition.shape:
        case Shape.FOREACH:
            name = transition.foreach
            assert name is not None
            items = expressions.get(f"{step.step.self_name}.{name}") or value_of(name)
            call = f"{symbols.use('foreach_indices', bound)}({name!r}, {items})"
            return _counted(context, step, call, bound)
        case Shape.PARALLEL:
            assert transition.count is not None
            rename = _Rename(step.step.owner, step.step.self_name, value_of, expressions)
            count = ast.unparse(rename.visit(copy.deepcopy(transition.count)))
            call = f"{symbols.use('foreach_indices', bound)}('num_parallel', range({count}))"
            return _counted(context, step, call, bound)
        case Shape.SWITCH:
            name = transition.condition
            assert name is not None
            cases = ", ".join(
                f"{ast.unparse(key)}: {context.names.tasks[target]!r}"
                for key, target in transition.cases
            )
            value = expressions.get(f"{step.step.self_name}.{name}") or value_of(name)
            call = symbols.use("switch_to", bound)
            return [], [f"{call}({name!r}, {value}, {{{cases}}})"]
    return [], []


def _counted(
    context: Context, step: StepFlow, call: str, bound: frozenset[str]
) -> tuple[list[str], list[str]]:
    """The indices of a foreach, and how many they are if anything asks for that."""
    plan = step.visits[0].fans
    assert plan is not None
    if not plan.frame.count.demanded:
        return [], [call]
    name = free(context.generated(plan.indices), bound)
    return [f"{name} = {call}"], [name, f"len({name})"]


class _Rename(ast.NodeTransformer):
    """``self.x`` to its local name."""

    def __init__(
        self,
        owner: str,
        self_name: str,
        value_of: Callable[[str], str],
        expressions: Mapping[str, str],
    ) -> None:
        self.owner = owner
        self.self_name = self_name
        self.value_of = value_of
        self.expressions = expressions

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Replace an attribute of self."""
        text = self.expressions.get(ast.unparse(node))
        if text is not None:
            return ast.parse(text, mode="eval").body
        attribute = attribute_of(node, self.self_name)
        if attribute is None:
            return self.generic_visit(node)
        return ast.parse(self.value_of(mangled(attribute, self.owner)), mode="eval").body
