"""Decorators of a step that are not Metaflow's: functions that run in its place, and call it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable
from dataclasses import replace

from codegen.analyse.body.effects import OTHERS, Effects, Helpers
from codegen.analyse.body.facts import BodyFacts
from codegen.analyse.body.paths import NONE
from codegen.analyse.scope import ModuleScope
from codegen.model import Flow, Helper, MemberKind, Step, Wrapper

#: Statements that may keep a wrapper from calling the step once, or from failing with it.
_BRANCHES = (
    ast.AsyncFor, ast.AsyncWith, ast.BoolOp, ast.comprehension, ast.For, ast.If, ast.IfExp,
    ast.Match, ast.While, ast.With,
)  # fmt: skip


def wrapped(
    facts: BodyFacts, step: Step, flow: Flow, scope: ModuleScope, helpers: Helpers
) -> BodyFacts:
    """The facts of a step together with those of what wraps it."""
    sure = True
    for wrapper in step.wrappers:
        method = wrapper_method(wrapper, step, flow, scope)
        if method is not None:
            effects = helpers.called(method)
            sure = sure and is_transparent(method.node)
        else:
            effects = helpers.module_code()
            sure = sure and _returns_its_argument(scope.functions.get(wrapper.name))
        facts = _with(facts, effects, helpers)
    if not sure:
        facts = replace(facts, exits=tuple(replace(e, must=NONE) for e in facts.exits))
    reasons = tuple(
        (wrapper.position, f"@{wrapper.name} wraps the step") for wrapper in step.wrappers
    )
    return replace(facts, escapes=(*reasons, *facts.escapes))


def _with(facts: BodyFacts, effects: Effects, helpers: Helpers) -> BodyFacts:
    every = frozenset().union(*(found.may for found in facts.exits))
    more: frozenset[str] = frozenset()
    if effects.open_stores:
        more = helpers.mentioned | {OTHERS}
    reads = tuple(
        replace(read, assigned=read.assigned or read.name in every, late=True, indirect=True)
        for read in effects.reads
    )
    return replace(
        facts,
        reads=(*facts.reads, *reads),
        parameters=_joined(facts.parameters, effects.parameters),
        assigned=_joined(facts.assigned, sorted(effects.may)),
        mentioned=facts.mentioned | {read.name for read in reads} | (effects.members & {"name"}),
        exits=tuple(
            replace(
                found,
                must=(found.must - effects.gone) | effects.must,
                may=found.may | effects.may | more,
                gone=found.gone | effects.gone,
            )
            for found in facts.exits
        ),
        used=helpers.closure([*facts.used, *effects.used]),
        fixed=facts.fixed | effects.fixed,
        loose=facts.loose | effects.loose | more,
        possible=facts.possible | more,
        open_reads=facts.open_reads or effects.open_reads,
        open_stores=facts.open_stores or effects.open_stores,
        tables=facts.tables or effects.tables,
        whole=facts.whole or effects.whole,
    )


def _joined(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*one, *other]))


def wrapper_method(wrapper: Wrapper, step: Step, flow: Flow, scope: ModuleScope) -> Helper | None:
    """The function that a decorator puts in place of the step, with the flow as ``self``; None
    if that cannot be told."""
    function = scope.functions.get(wrapper.name)
    if function is None:
        return None
    node = copy.deepcopy(function)
    if wrapper.name in flow.module.generators:
        if len(node.args.args) < 3:
            return None  # reported where it is defined
        name = node.args.args[1].arg
    else:
        inner = [found for found in ast.walk(node) if isinstance(found, ast.FunctionDef)]
        node = inner[-1]  # breadth first, so the innermost
        if len(inner) == 1 or not node.args.args:
            return None
        name = node.args.args[0].arg
        around = inner[-2].args.args
        _call_plainly(node, around[0].arg if around else "", name)
    for found in ast.walk(node):
        if isinstance(found, ast.Name) and found.id == name:
            found.id = "self"
        elif isinstance(found, ast.arg) and found.arg == name:
            found.arg = "self"
    key = f"@{wrapper.name} {step.name}"
    return Helper(key, wrapper.position, node, step.cst, "", MemberKind.METHOD)


def _call_plainly(function: ast.FunctionDef, step: str, own: str) -> None:
    """Take the flow out of calls of the step, which is looked at by itself."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == step:
            node.args = [
                part for part in node.args if not (isinstance(part, ast.Name) and part.id == own)
            ]


def is_transparent(function: ast.FunctionDef) -> bool:
    """Whether a wrapper surely runs the step once, and fails if that fails."""
    generator = any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function))
    for node in ast.walk(function):
        branches = isinstance(node, _BRANCHES) or (isinstance(node, ast.Try) and node.handlers)
        if branches and any(_counts(part, generator) for part in ast.walk(node)):
            return False
        if isinstance(node, ast.YieldFrom):
            return False
        if isinstance(node, ast.Yield) and not (
            node.value is None
            or (isinstance(node.value, ast.Constant) and node.value.value is None)
        ):
            return False
    return True


def _counts(node: ast.AST, generator: bool) -> bool:
    """Whether it matters how often a part of a wrapper runs: it may run the step, or leave."""
    if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)):
        return True
    return not generator and isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def _returns_its_argument(function: ast.FunctionDef | None) -> bool:
    """Whether a decorator only looks at the step: it has no function of its own."""
    if function is None:
        return False
    return not any(
        isinstance(node, (ast.FunctionDef, ast.Lambda)) and node is not function
        for node in ast.walk(function)
    )


def sees_inputs(step: Step, flow: Flow, scope: ModuleScope) -> bool:
    """Whether a wrapper of a join does more with its inputs than to hand them on."""
    for wrapper in step.wrappers:
        method = wrapper_method(wrapper, step, flow, scope)
        if method is None:
            continue
        generator = wrapper.name in flow.module.generators
        names = {found.arg for found in method.node.args.args[2 if generator else 1 :]}
        calls = [node for node in ast.walk(method.node) if isinstance(node, ast.Call)]
        handed_on = {id(argument) for call in calls for argument in call.args}
        for node in ast.walk(method.node):
            if isinstance(node, ast.Name) and node.id in names:
                if generator or id(node) not in handed_on:
                    return True
    return False


def hides_step(wrapper: Wrapper, scope: ModuleScope) -> bool:
    """Whether what a decorator makes does not look like the step to Metaflow, which reads its
    source and its marks by way of ``functools.wraps``."""
    function = scope.functions.get(wrapper.name)
    if function is None or _returns_its_argument(function):
        return False
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    return not names & {"wraps", "update_wrapper", "__wrapped__"}


def must_go_on(step: Step, flow: Flow, scope: ModuleScope) -> bool:
    """Whether a wrapper may hide that a step never came to its ``self.next``, which fails in
    Metaflow unless a ``user_step_decorator`` hides it."""
    if step.transition is None:
        return False
    plain = [found for found in step.wrappers if found.name not in flow.module.generators]
    methods = [wrapper_method(found, step, flow, scope) for found in plain]
    return any(method is None or not is_transparent(method.node) for method in methods)
