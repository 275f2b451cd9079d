"""What only the dataflow tells of whether a step is the same with artifacts as local variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence, Set

from codegen.analyse.body import Ask, BodyFacts, Helpers
from codegen.analyse.body.effects import overridden_names
from codegen.analyse.configs import mutable_configs
from codegen.analyse.scope import ModuleScope
from codegen.analyse.values import Visit
from codegen.diagnostics import Position
from codegen.model import Flow, Helper, Step

#: Calls whose results no later call would change: builtins, and constructors of plain values.
_STEADY = frozenset(
    {
        "abs", "bool", "bytes", "complex", "date", "datetime", "Decimal", "dict", "divmod",
        "enumerate", "float", "Fraction", "fromkeys", "frozenset", "int", "len", "list", "max",
        "min", "Path", "PurePath", "pow", "range", "round", "set", "sorted", "str", "sum",
        "timedelta", "tuple", "zip",
    }
)  # fmt: skip
_STEADY_METHODS = frozenset(
    {"format", "join", "keys", "items", "lower", "split", "upper", "values"}
)


def fresh_constants(flow: Flow, scope: ModuleScope, changed: Set[str]) -> frozenset[str]:
    """The class constants that differ from task to task: those that steps change in place, and
    those whose value may be another one each time it is evaluated.

    In Metaflow every task has a process of its own, which evaluates the body of the class anew.
    """
    fresh = {
        constant.name
        for constant in flow.constants.values()
        if constant.name not in flow.configs
        and (
            (constant.name in changed and not _is_fixed(constant.value))
            or not _steady(constant.value, scope)
        )
    }
    helpers = [method.node for method in flow.methods if isinstance(method, Helper)]
    in_helpers = {
        node.attr
        for helper in helpers
        for node in ast.walk(helper)
        if isinstance(node, ast.Attribute)
    }
    # a step can have a copy of a config, unless helpers use it as well
    fresh |= mutable_configs(flow) & changed & in_helpers
    by_class = {  # what is looked up in the class cannot belong to a task
        node.attr
        for method in flow.methods
        for node in ast.walk(method.node)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("cls", flow.name)
    }
    before = -1
    while len(fresh) != before:  # what is computed from such a constant is another such
        before = len(fresh)
        for constant in flow.constants.values():
            names = {n.id for n in ast.walk(constant.value) if isinstance(n, ast.Name)}
            if names & fresh:
                fresh.add(constant.name)
    kept = by_class | overridden_names(flow)
    before = -1
    while len(kept) != before:  # what these are computed from must be there with the class
        before = len(kept)
        for constant in flow.constants.values():
            if constant.name in kept:
                kept |= {n.id for n in ast.walk(constant.value) if isinstance(n, ast.Name)}
    return frozenset(fresh - kept)


def _is_fixed(value: ast.expr) -> bool:
    """Whether nothing can change what an expression makes: numbers, texts, tuples of them."""
    parts = (
        ast.BinOp, ast.BoolOp, ast.Compare, ast.Constant, ast.FormattedValue, ast.JoinedStr,
        ast.Tuple, ast.UnaryOp, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
        ast.expr_context,
    )  # fmt: skip
    return all(isinstance(node, parts) for node in ast.walk(value))


def _steady(value: ast.expr, scope: ModuleScope) -> bool:
    for node in ast.walk(value):
        if isinstance(node, ast.Attribute) and node.attr == "environ":
            return False
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute):
            literal = isinstance(function.value, (ast.Constant, ast.Dict, ast.List))
            known = function.attr in _STEADY or (literal and function.attr in _STEADY_METHODS)
            if not known and ast.unparse(function) not in ("re.compile", "os.path.join"):
                return False
        elif not isinstance(function, ast.Name) or not (
            function.id in _STEADY and (scope.builtin(function.id) or function.id in scope.imports)
        ):
            return False
    return True


def shared_constants(
    flow: Flow, helpers: Helpers, facts: BodyFacts, step: Step, fresh: frozenset[str]
) -> Iterator[tuple[Position, str]]:
    """Helpers that need the constants of the task that calls them."""
    for name in sorted(facts.used & set(flow.helpers)):
        found = sorted(helpers.closure([name]) & fresh)
        if found:
            yield step.position, f"{name} uses {found[0]}, which each task has anew"


def answer(ask: Ask, visits: Sequence[Visit]) -> bool | None:
    """Whether an artifact is set where a step asks; None if it depends on the run."""
    if ask.must:
        return True
    here = [visit.reads.get(ask.name) for visit in visits]
    if all(slot is not None and slot.sure for slot in here) and not ask.gone:
        return True
    if not any(here) and not ask.may:
        return False
    return None


def local_problems(
    facts: BodyFacts, visits: Sequence[Visit], scope: ModuleScope
) -> Iterator[tuple[Position, str]]:
    """Where and why local variables would not behave like attributes."""
    open_question = False
    for ask in facts.asks:
        known = answer(ask, visits)
        open_question = open_question or known is None
        if known and not ask.plain:
            yield ask.position, "the default of a getattr that is never used does something"
    shadowed = "locals" in facts.names or "locals" in scope.bound
    kept = any(visit.join is not None and visit.join.kept for visit in visits)
    if shadowed and (open_question or kept or any(visit.unsure for visit in visits)):
        where = visits[0].step.position
        yield where, "artifacts may be unset, and locals() means something else here"
