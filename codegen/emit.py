"""The model of a module to text: templates for the shape, isort for the imports, black for the
layout. Nothing is decided here."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import black
import isort
import jinja2
import libcst as cst
from black.mode import Mode, TargetVersion

from codegen.diagnostics import Diagnostics
from codegen.flyte import FlyteModule, Function, Task
from codegen.model import ImportLine
from codegen.resources import folder
from codegen.symbols import Symbols

#: For the Pythons that run the module: black would guess them from the syntax in it, so that a
#: change in one place could change the layout of another.
_MODE = Mode(target_versions={TargetVersion.PY310})

#: Stands for the helpers after the first one, while black lays out what is around them.
_MORE_HELPERS = "class __MoreHelpers__:\n    pass"


def emit(module: FlyteModule, lines: Sequence[ImportLine], diagnostics: Diagnostics) -> str:
    """The text of a module; ``lines`` are the user's own imports, of which the used ones stay."""
    environment = _environment()
    py = module.symbols
    blocks = [_block(environment, block, py) for block in module.blocks]
    workflows = [_block(environment, each, py) for each in (module.workflow, *module.more)]
    workflow = "\n\n\n".join(workflows)
    launch_plans = [
        environment.get_template("launch_plan.py.jinja").render(plan=plan, py=py).strip()
        for plan in module.launch_plans
    ]
    prelude = _prelude(environment, module)
    parts = [
        module.code,
        module.classes,
        *prelude,
        *module.declarations,
        *blocks,
        *module.constants,
        workflow,
        *launch_plans,
    ]
    used = _names("\n\n".join(parts))
    imports = [f"from __future__ import {name}" for name in module.future]
    imports += _kept(lines, used, diagnostics)
    imports += module.imports
    imports += py.imports()
    text = environment.get_template("module.py.jinja").render(
        module=replace(module, code=_closed(module.code)),
        imports=_closed(_sorted("\n".join(imports))),
        prelude=[*prelude[:1], _MORE_HELPERS],
        blocks=blocks,
        workflow=workflow,
        launch_plans=launch_plans,
    )
    code = black.format_str(text, mode=_MODE)
    more = "".join(f"{_formatted(helper)}\n\n\n" for helper in prelude[1:])
    return code.replace(f"{_MORE_HELPERS}\n\n\n", more, 1)


@functools.cache
def _formatted(helper: str) -> str:
    """A helper as black lays it out. Most are the same in all modules, and cards have many."""
    return black.format_str(helper, mode=_MODE).rstrip("\n")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates", "templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # the output is Python, and values come as Python code
    )
    environment.filters["docstring"] = docstring
    environment.filters["repr"] = repr
    environment.filters["kind"] = lambda statement: type(statement).__name__
    return environment


def _closed(code: str) -> str:
    """The user's code with an end of the lines that black shall leave alone: where the author
    has it, it may be in the flow's class."""
    marks = re.findall(r"^# *(?:fmt: *(on|off)|yapf: *(enable|disable))", code, re.MULTILINE)
    opened = marks and set(marks[-1]) & {"off", "disable"}
    return code.rstrip("\n") + "\n# fmt: on\n" if opened else code


def _block(environment: jinja2.Environment, block: Task | Function, py: Symbols) -> str:
    """A task, or a function of nodes."""
    if isinstance(block, Task):
        return environment.get_template("task.py.jinja").render(task=block, py=py).strip()
    return environment.get_template("function.py.jinja").render(function=block, py=py).strip()


def _prelude(environment: jinja2.Environment, module: FlyteModule) -> list[str]:
    """The helpers in use; rendering one may ask for another."""
    rendered: dict[str, str] = {}
    while missing := [name for name in module.symbols.helpers() if name not in rendered]:
        for name in missing:
            paths = [f"prelude/{part}{name}.py.jinja" for part in ("", "cards/", "library/")]
            template = environment.select_template(paths)
            rendered[name] = template.render(py=module.symbols, module=module).strip()
    return [rendered[name] for name in module.symbols.helpers()]


def docstring(text: str, indent: int) -> str:
    """``text`` as a docstring that stands ``indent`` spaces deep, whatever it contains."""
    body = text.rstrip('"')
    quotes = '\\"' * (len(text) - len(body))  # none may meet the closing ones
    escaped = body.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + quotes
    escaped = "".join(
        char if char.isprintable() or char == "\n" else _escape(char) for char in escaped
    )
    lines = [line.rstrip() for line in escaped.split("\n")]
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    margin = " " * indent
    if len(lines) == 1:
        return f'"""{lines[0]}"""'
    inner = "\n".join([lines[0], *(f"{margin}{line}" if line else "" for line in lines[1:])])
    return f'"""{inner}\n{margin}"""'


def _escape(char: str) -> str:
    if char == "\t":
        return "    "
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def _names(text: str) -> frozenset[str]:
    """Every name that code mentions, in annotations that are strings as well."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"[\w.\[\], |]{1,200}", node.value):
                found |= set(re.findall(r"\w+", node.value))
    return frozenset(found)


def _kept(
    lines: Sequence[ImportLine], used: frozenset[str], diagnostics: Diagnostics
) -> Iterator[str]:
    """The user's imports whose names are in use; an author's ``noqa`` keeps a line as it is."""
    for line in lines:
        comment = line.cst.trailing_whitespace.comment
        if comment is not None and "noqa" in comment.value:
            yield cst.Module(body=[line.cst]).code.strip("\n")
            continue
        small = [part for part in (_narrowed(part, used) for part in line.cst.body) if part]
        if len(small) < len(line.cst.body) or any(part not in line.cst.body for part in small):
            gone = _gone(line.cst, small)
            diagnostics.add(
                "MF702",
                line.position,
                f"nothing in the generated module uses the import of {', '.join(gone)}",
                "Add a noqa comment to the import if it is there for what it does.",
            )
        for part in small:
            statement = line.cst.with_changes(
                body=[part.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)]
            )
            yield cst.Module(body=[statement]).code.strip("\n")


def _bound(alias: cst.ImportAlias) -> str:
    if alias.asname is not None:
        assert isinstance(alias.asname.name, cst.Name)
        return alias.asname.name.value
    name = alias.name
    while isinstance(name, cst.Attribute):
        assert isinstance(name.value, (cst.Attribute, cst.Name))
        name = name.value
    return name.value


def _narrowed(part: cst.BaseSmallStatement, used: frozenset[str]) -> cst.BaseSmallStatement | None:
    """An import statement without the names that nothing uses."""
    assert isinstance(part, (cst.Import, cst.ImportFrom))
    if isinstance(part.names, cst.ImportStar):
        return part
    kept = [alias for alias in part.names if _bound(alias) in used]
    if len(kept) == len(part.names):
        return part
    if not kept:
        return None
    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return part.with_changes(names=kept)


def _gone(line: cst.SimpleStatementLine, kept: Sequence[cst.BaseSmallStatement]) -> list[str]:
    def bound(parts: Sequence[cst.BaseSmallStatement]) -> list[str]:
        return [
            _bound(alias)
            for part in parts
            if isinstance(part, (cst.Import, cst.ImportFrom))
            and not isinstance(part.names, cst.ImportStar)
            for alias in part.names
        ]

    left = bound(kept)
    return [name for name in bound(line.body) if name not in left]


def _sorted(imports: str) -> str:
    return isort.code(imports, profile="black", line_length=88).strip("\n")
