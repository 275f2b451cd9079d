"""Several flows of one file, as one module."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import libcst as cst

from codegen.diagnostics import Diagnostics
from codegen.flyte import FlyteModule, Function, Task
from codegen.model import Flow
from codegen.parse import report_several
from codegen.parse.names import binds


def merged(
    modules: Sequence[FlyteModule], flows: Sequence[Flow], diagnostics: Diagnostics
) -> FlyteModule | None:
    """One module of all; None if two of them have different things of one name."""
    first, *rest = modules
    if not rest:
        return first
    same = all(module.around == first.around for module in rest)
    common = first.around if same else ""  # it may say current.flow_name
    owners: dict[str, object] = {}
    clashes: dict[str, None] = {}
    for module in modules:
        for name, thing in _named(module, common):
            if owners.setdefault(name, thing) != thing:
                clashes[name] = None
    if clashes:
        report_several(flows, f"each has its own {', '.join(clashes)}", diagnostics)
        return None
    return replace(
        first,
        docstring=_docstring(modules, flows),
        code=common + _once(module.code.removeprefix(common) for module in modules),
        classes=_once(module.classes for module in modules),
        imports=tuple(dict.fromkeys(n for module in modules for n in module.imports)),
        declarations=tuple(dict.fromkeys(n for module in modules for n in module.declarations)),
        constants=tuple(dict.fromkeys(line for module in modules for line in module.constants)),
        blocks=_blocks(modules),
        more=tuple(module.workflow for module in rest),
        launch_plans=tuple(plan for module in modules for plan in module.launch_plans),
        project=next((module.project for module in modules if module.project), None),
        current=next((module.current for module in modules if module.current), None),
        early=any(module.early for module in modules),
    )


def _statements(text: str) -> list[str]:
    """The text of each statement, with its comments."""
    return [cst.Module(body=[statement]).code for statement in cst.parse_module(text).body]


def _once(texts: Iterable[str]) -> str:
    """All statements of the texts; those that are equal in two of them are there once."""
    return "".join(dict.fromkeys(found for text in texts for found in _statements(text)))


def _blocks(modules: Sequence[FlyteModule]) -> tuple[Task | Function, ...]:
    """All tasks and functions; those that are equal in two flows are there once."""
    found: list[Task | Function] = []
    for module in modules:
        found += [block for block in module.blocks if block not in found]
    return tuple(found)


def _named(module: FlyteModule, common: str) -> Iterator[tuple[str, object]]:
    """Each name that the module of one flow defines beside the code that it has in ``common``
    with the others, with what the name stands for."""
    texts = [
        module.code.removeprefix(common),
        module.classes,
        *module.constants,
        *module.declarations,
    ]
    for block in (*module.blocks, module.workflow):
        yield block.name, block
        if block.outputs is not None:
            yield block.outputs.name, block.outputs
        if isinstance(block, Task):
            texts += block.constants
    for plan in module.launch_plans:
        yield plan.variable, plan
    if module.project is not None:
        yield "@project", module.project
    if module.current is not None:
        yield "current", module.current
    for text in texts:
        for statement in ast.parse(text).body:
            for name in binds(statement):
                yield name, ast.unparse(statement)


def _docstring(modules: Sequence[FlyteModule], flows: Sequence[Flow]) -> str:
    """The docstrings of all, which differ in their titles and in how each workflow is run, and
    registered under its project."""
    names = [flow.name for flow in flows]
    title = f"{', '.join(names[:-1])} and {names[-1]} as Flyte workflows."
    lines = [module.docstring.split("\n") for module in modules]
    commands = {
        line: None
        for verb in ("run", "register")
        for each in lines
        for line in each
        if line.startswith(f"    pyflyte {verb} ")
    }
    _, *rest = lines[0]
    place = next(i for i, line in enumerate(rest) if line in commands)
    after = [line for line in rest[place:] if line not in commands]
    return "\n".join([title, *rest[:place], *commands, *after])
