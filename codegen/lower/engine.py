"""What the user asks of Flyte itself, beyond what the flow says: caching, interruptible machines.

Source: flytekit's core/cache.py and core/workflow.py.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from codegen.flyte import FlyteModule, Function, Task
from codegen.options import Options
from codegen.parse.names import binds

#: Digits of a cache version: enough that no two versions of a task are ever the same.
_DIGITS = 12


def with_engine_options(module: FlyteModule, options: Options) -> FlyteModule:
    """The module with the options of the command line that are Flyte's own."""
    if options.interruptible:
        first, *rest = (_interruptible(each) for each in (module.workflow, *module.more))
        module = replace(module, workflow=first, more=tuple(rest))
    if options.cache:
        known = _definitions([module.code, module.classes, *module.declarations])
        if module.project is not None:
            known[module.symbols.use("Project")] = repr(module.project)
        module = replace(
            module,
            blocks=tuple(
                _cached(block, known, module)
                if isinstance(block, Task) and not block.hook
                else block
                for block in module.blocks
            ),
        )
    return module


def _interruptible(workflow: Function) -> Function:
    return replace(workflow, options=(*workflow.options, "interruptible=True"))


def _cached(task: Task, known: Mapping[str, str], module: FlyteModule) -> Task:
    """A task whose cache version is a digest of its own code and of all that it uses."""
    signature = [f"{given.name}: {given.type} = {given.default}" for given in task.inputs]
    outputs = [f"{made.name}: {made.type}" for made in task.outputs.fields] if task.outputs else []
    own = [task.name, task.body, *signature, *outputs, *task.constants, *task.wrappers]
    used: dict[str, str] = {}
    code = [*own, *module.seeds]
    _collect(ast.parse(f"def _():\n{task.body}"), known, used)
    for line in (*task.constants, *module.seeds):
        _collect(ast.parse(line), known, used)
    code += [used[name] for name in sorted(used)]
    version = hashlib.sha256("\n".join(code).encode()).hexdigest()[:_DIGITS]
    option = f"cache={module.symbols.use('Cache')}(version={version!r})"
    return replace(task, options=(*task.options, option))


def _definitions(texts: Iterable[str]) -> dict[str, str]:
    """The text of what the module itself binds, by name: as it stands, since what ``ast.unparse``
    makes of it depends on the version of Python."""
    found: dict[str, str] = {}
    for text in texts:
        lines = text.splitlines()
        for statement in ast.parse(text).body:
            marks = getattr(statement, "decorator_list", [])
            first = min([statement.lineno, *(mark.lineno for mark in marks)])
            own = "\n".join(lines[first - 1 : statement.end_lineno])
            for name in binds(statement):
                found[name] = found.get(name, "") + own
    return found


def _collect(node: ast.AST, known: Mapping[str, str], used: dict[str, str]) -> None:
    """All definitions that code uses, through others as well."""
    for found in ast.walk(node):
        if isinstance(found, ast.Name) and found.id in known and found.id not in used:
            used[found.id] = known[found.id]
            _collect(ast.parse(known[found.id]), known, used)
