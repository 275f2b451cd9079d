"""A notebook's cells: which of them is a flow.

A cell under ``%%writefile`` is a file. Any other cell is a program of its own up to the end of its
flow: nothing else of the notebook is in the file that ``NBRunner`` makes of it and runs
(metaflow/runner/utils.py). The format is nbformat 4.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from codegen.diagnostics import Diagnostic, Diagnostics, Position
from codegen.magics import without_cell_magic, without_magics, written_file
from codegen.parse.module import bound_names
from codegen.parse.names import is_main_guard, metaflow_names, place, resolve
from codegen.source import parsed

_CLASS = re.compile(r"^class\s+(?P<name>\w+)\s*\(.*FlowSpec", re.MULTILINE)
_RUNNERS = frozenset({"metaflow.NBDeployer", "metaflow.NBRunner", "metaflow.Runner"})


@dataclass(frozen=True)
class Part:
    """The lines of one cell in a text that may have those of others above."""

    cell: int
    text: str


@dataclass(frozen=True)
class Program:
    """What can be translated: ``parts`` of which each continues the one before. ``file`` is what
    they are written to, ``messages`` came up when they were read, and ``flows`` are the names of
    the flows that they define."""

    parts: tuple[Part, ...]
    file: str | None
    flows: tuple[str, ...]
    messages: tuple[Diagnostic, ...] = ()

    @property
    def text(self) -> str:
        """The whole code."""
        return "\n".join(part.text for part in self.parts)

    @property
    def shown(self) -> str:
        """What messages call it."""
        cells = " and ".join(str(part.cell) for part in self.parts)
        return f"cell{'s' if len(self.parts) > 1 else ''} {cells}"

    def placed(self, position: Position) -> Position:
        """A place in the text, as the user of the notebook knows it."""
        if position.file or position.cell:
            return position
        line = position.line
        for part in self.parts:
            length = part.text.count("\n") + 1
            if line <= length or part is self.parts[-1]:
                return replace(position, line=line, cell=part.cell)
            line -= length
        return position


def is_notebook(text: str) -> bool:
    """Whether a source is a notebook, which is a JSON object with cells; a broken one at least is
    no Python code."""
    if not text.lstrip().startswith("{") or '"cells"' not in text:
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return parsed(text) is None
    return True


def read_notebook(text: str, name: str | None, diagnostics: Diagnostics) -> Program | None:
    """The program that defines the flow of this ``name``, or the only one that defines any."""
    cells = _cells(text, diagnostics)
    if cells is None:
        return None
    programs = [program for program in _programs(cells) if program.flows]
    named = [program for program in programs if name is None or name in program.flows]
    if not programs:
        diagnostics.add(
            "MF003",
            Position(1, 1),
            "no cell of the notebook defines a class that derives from metaflow.FlowSpec",
            "Give the notebook, or the Python file, that defines the flow.",
        )
        return None
    if len(named) != 1:
        listed = ", ".join(f"{', '.join(each.flows)} ({each.shown})" for each in programs)
        what = "several cells define flows" if name is None or named else f"no cell defines {name}"
        diagnostics.add(
            "MF004",
            Position(1, 1, cell=(named or programs)[-1].parts[0].cell),
            f"{what}: {listed}",
            _advice(programs),
        )
        return None
    (program,) = named
    return _complete(program, diagnostics)


def _advice(programs: list[Program]) -> str:
    names = [name for program in programs for name in program.flows]
    single = [name for name in names if names.count(name) == 1]
    if single:
        return f"Choose one with --flow {single[0]}."
    return "Delete the cells that are not to be translated."


def _cells(text: str, diagnostics: Diagnostics) -> list[tuple[int, str]] | None:
    """The number and text of each cell with code; cells of all kinds are counted, from 1."""
    place, advice = Position(1, 1), "Save it with Jupyter again."
    try:
        notebook = json.loads(text)
        version = notebook["nbformat"]
        if version == 4:
            return [
                (number, _source(cell))
                for number, cell in enumerate(notebook["cells"], 1)
                if cell["cell_type"] == "code"
            ]
        why = f"its format is nbformat {version}, not 4"
        advice = "Convert it with jupyter nbconvert --to notebook."
    except json.JSONDecodeError as error:
        place, why = Position(error.lineno, error.colno), error.msg
    except (KeyError, TypeError) as error:
        why = f"{type(error).__name__}: {error}"
    diagnostics.add("MF001", place, f"the notebook cannot be read: {why}", advice)
    return None


def _source(cell: dict[str, Any]) -> str:
    found = cell["source"]
    text = found if isinstance(found, str) else "".join(found)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _programs(cells: list[tuple[int, str]]) -> Iterator[Program]:
    """Each file that cells write, and each other cell."""
    files: dict[str, Program] = {}
    for number, text in cells:
        found = Diagnostics()
        target = written_file(text)
        code = without_cell_magic(text, found)
        if code is None:
            continue
        if target is None:
            code = without_magics(code, found)
            yield _program((Part(number, code),), None, found)
            continue
        file, appends = target
        before = files[file].parts if appends and file in files else ()
        files[file] = _program((*before, Part(number, code)), file, found)
    yield from files.values()


def _program(parts: tuple[Part, ...], file: str | None, found: Diagnostics) -> Program:
    program = Program(parts, file, (), tuple(found.found))
    return replace(program, flows=tuple(_flows(program.text)))


def _flows(text: str) -> list[str]:
    """The names of the classes that derive from FlowSpec, or from a flow of another module."""
    module = parsed(text)
    if module is None:
        return [found["name"] for found in _CLASS.finditer(text)]
    return [node.name for node in module.body if isinstance(node, ast.ClassDef) and _is_flow(node)]


def _is_flow(node: ast.ClassDef) -> bool:
    if any(ast.unparse(base).rpartition(".")[2] == "FlowSpec" for base in node.bases):
        return True
    marks = [
        mark.func if isinstance(mark, ast.Call) else mark
        for member in node.body
        if isinstance(member, ast.FunctionDef)
        for mark in member.decorator_list
    ]
    return bool(node.bases) and any(
        ast.unparse(mark).rpartition(".")[2] == "step" for mark in marks
    )


def _complete(program: Program, diagnostics: Diagnostics) -> Program | None:
    """The program as Metaflow runs it, with all messages about it."""
    for found in program.messages:
        diagnostics.found.append(replace(found, position=program.placed(found.position)))
    if diagnostics.failed:
        return None
    if program.file is not None:
        return program
    (part,) = program.parts
    module = parsed(part.text)
    if module is None:
        return program  # which is reported where it is translated
    names = metaflow_names(module.body)
    flows = [node for node in module.body if isinstance(node, ast.ClassDef) and _is_flow(node)]
    bases = [base for node in flows for base in node.bases]
    unknown = [
        base for base in bases if ast.unparse(base) == "FlowSpec" and "FlowSpec" not in names
    ]
    if unknown:
        diagnostics.add(
            "MF003",
            program.placed(Position(*place(unknown[0]))),
            "FlowSpec is not imported in this cell, and of the whole notebook NBRunner runs only "
            "this cell",
            "Import in the cell itself all that the flow needs.",
        )
        return None
    last = flows[-1]
    assert last.end_lineno is not None
    _note_rest(module.body[module.body.index(last) + 1 :], names, program, diagnostics)
    kept = part.text.split("\n")[: last.end_lineno]
    return replace(program, parts=(Part(part.cell, "\n".join([*kept, ""])),))


def _note_rest(
    rest: list[ast.stmt], names: dict[str, str], program: Program, diagnostics: Diagnostics
) -> None:
    """What stands behind the flow, but for what starts it and looks at its results."""
    runners = {name for name, dotted in names.items() if dotted in _RUNNERS}
    for node in rest:
        used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
        runs = any(resolve(call, names) in _RUNNERS for call in calls)
        if runs or used & runners:
            runners |= bound_names(node)
        elif not is_main_guard(node):
            diagnostics.add(
                "MF665",
                program.placed(Position(*place(node))),
                "the code behind the flow is left out: NBRunner runs the cell up to the end of "
                "its flow",
                "Move what the flow needs above its class.",
            )
            return
