"""The code of several modules as that of one."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping, Sequence

import libcst as cst

from codegen.diagnostics import Diagnostics, Position
from codegen.model import ImportLine, ModuleCode
from codegen.parse.concrete import code
from codegen.parse.imports import narrowed
from codegen.parse.module import Kept, Part
from codegen.parse.names import binds, place
from codegen.parse.siblings import Source

#: Builtins that make an object which may change, and so must not be shared by two modules.
_CHANGING = frozenset({"bytearray", "defaultdict", "deque", "dict", "list", "set"})
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)

#: What each name of a module is bound to: one text for each binding, equal for equal things.
_Meanings = dict[str, list[str]]


def together(parts: Sequence[Part], filename: str, diagnostics: Diagnostics) -> ModuleCode:
    """The code of the last part, which is the flow's own file, behind that of the others."""
    own = parts[-1]
    meanings = [_meanings(part) for part in parts]
    _check_names(parts, meanings, diagnostics)
    _check_builtins(parts, meanings, diagnostics)
    for part in parts[:-1]:
        _check_file(part, diagnostics)
    seen: dict[str, list[str]] = {}
    imports: list[ImportLine] = []
    body: list[tuple[str, str]] = []
    kept: list[ast.stmt] = []
    for part, found in zip(parts, meanings, strict=True):
        lines = [line for each in part.imports if (line := _new_names(each, part, seen))]
        imports += [_import_line(line) for line in lines]
        rest = [each for each in part.body if not _repeated(each, found, seen)]
        body.append((part.source.file or filename, code([each.cst for each in rest])))
        kept += [node for each in (*lines, *rest) for node in each.nodes]
        seen.update(found)
    return ModuleCode(
        header=own.header,
        docstring=own.docstring,
        future=tuple(dict.fromkeys(name for part in parts for name in part.future)),
        imports=tuple(imports),
        body=_text(body),
        kept=tuple(kept),
        metaflow={
            **{n: d for part in parts[:-1] for n, d in part.metaflow.items() if n in _used(part)},
            **own.metaflow,
        },
        guarded=own.guarded,
        generators=frozenset().union(*(part.generators for part in parts)),
    )


def _text(bodies: Sequence[tuple[str, str]]) -> str:
    """The code of all files, each under a comment that names it; one alone needs none."""
    filled = [(file, text) for file, text in bodies if text.strip()]
    if [file for file, _ in filled] == [file for file, _ in bodies[-1:]]:
        return filled[0][1]
    return "\n\n".join(f"# from {file}\n\n{text.strip(chr(10))}\n" for file, text in filled)


def _import_line(line: Kept) -> ImportLine:
    assert isinstance(line.cst, cst.SimpleStatementLine)
    return ImportLine(line.cst, Position(*place(line.nodes[0])))


# ---------------------------------------------------------------------- what names mean


def _meanings(part: Part) -> _Meanings:
    """What each name at the top level of a module is bound to."""
    found: _Meanings = {}
    for name in _used(part) & set(part.metaflow):
        found[name] = [f"import {part.metaflow[name]}"]
    for node in part.nodes:
        for name, meaning in _bound(node, part.source):
            found.setdefault(name, []).append(meaning)
    for node in part.classes:
        found.setdefault(node.name, []).append(f"class {part.source.file}:{node.name}")
    return found


def _bound(node: ast.stmt, source: Source) -> list[tuple[str, str]]:
    if isinstance(node, ast.Import):
        return [
            (alias.asname or alias.name.split(".")[0], f"import {_imported(alias)}")
            for alias in node.names
        ]
    if isinstance(node, ast.ImportFrom):
        base = source.target(node)
        return [
            (alias.asname or alias.name, f"import {base}.{alias.name}")
            for alias in node.names
            if alias.name != "*"
        ]
    text = ast.unparse(node)
    return [(name, text) for name in dict.fromkeys(binds(node)) if name != "*"]


def _imported(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.split(".")[0]


def _used(part: Part) -> set[str]:
    """The names that some code of a module mentions, the flow's classes included."""
    return {
        node.id
        for statement in (*part.nodes, *part.classes)
        for node in ast.walk(statement)
        if isinstance(node, ast.Name)
    }


def _shared(statement: ast.stmt) -> bool:
    """Whether two modules that have the same statement may as well have its object together."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return True
    return not any(
        isinstance(node, _DISPLAYS)
        or (isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in _CHANGING)
        for node in ast.walk(statement)
    )


def _new_names(line: Kept, part: Part, seen: Mapping[str, list[str]]) -> Kept | None:
    """An import statement without what another module has imported already."""
    assert isinstance(line.cst, cst.SimpleStatementLine)
    small: list[cst.BaseSmallStatement] = []
    nodes: list[ast.stmt] = []
    for piece, node in zip(line.cst.body, line.nodes, strict=True):
        assert isinstance(node, (ast.Import, ast.ImportFrom))
        stays = [
            alias.name == "*" or seen.get(name) != [meaning] or _imports_below(alias, node)
            for alias, (name, meaning) in zip(
                node.names, _bound(node, part.source) or [("*", "")], strict=True
            )
        ]
        left = narrowed((piece, node), stays)
        if left is not None:
            small.append(left[0])
            nodes.append(left[1])
    if not small:
        return None
    if small == list(line.cst.body):
        return line
    small[-1] = small[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    return Kept(line.cst.with_changes(body=small), tuple(nodes))


def _imports_below(alias: ast.alias, node: ast.Import | ast.ImportFrom) -> bool:
    """``import a.b`` binds ``a`` as ``import a.c`` does, but not to the same effect."""
    return isinstance(node, ast.Import) and not alias.asname and "." in alias.name


def _repeated(line: Kept, found: _Meanings, seen: Mapping[str, list[str]]) -> bool:
    """Whether another module has a statement already, with the same names alone."""
    names = {name for node in line.nodes for name in binds(node)} - {"*"}
    return bool(names) and all(seen.get(name) == found[name] for name in names)


# ---------------------------------------------------------------------- what does not go together


def _check_names(
    parts: Sequence[Part], meanings: Sequence[_Meanings], diagnostics: Diagnostics
) -> None:
    """Each name can be bound once in the module that all become."""
    for i, (later, mine) in enumerate(zip(parts, meanings, strict=True)):
        for earlier, theirs in zip(parts[:i], meanings[:i], strict=True):
            unequal = [n for n in mine if n in theirs and mine[n] != theirs[n]]
            changing = [
                name
                for node in later.nodes
                if not _shared(node)
                for name in binds(node)
                if mine.get(name) == theirs.get(name, [])
            ]
            names = sorted({*unequal, *changing})
            if names:
                diagnostics.add(
                    "MF505",
                    _place_of(names[0], later),
                    f"{later.source.shown} and {earlier.source.shown} become one module, and both "
                    f"have their own {', '.join(names)}",
                    "Rename one of each, or import it from the other file.",
                )


def _check_builtins(
    parts: Sequence[Part], meanings: Sequence[_Meanings], diagnostics: Diagnostics
) -> None:
    """A name of one module must not replace the builtin that another one uses."""
    for user, mine in zip(parts, meanings, strict=True):
        wanted = (_used(user) & set(dir(builtins))) - set(mine) - user.taken
        for other, theirs in zip(parts, meanings, strict=True):
            names = sorted(wanted & set(theirs)) if other is not user else []
            if names:
                diagnostics.add(
                    "MF505",
                    _place_of(names[0], other),
                    f"{other.source.shown} and {user.source.shown} become one module, and only one "
                    f"of them has its own {', '.join(names)} in place of the builtin",
                    "Rename it.",
                )


def _check_file(part: Part, diagnostics: Diagnostics) -> None:
    """``__file__`` of a module in another folder is not that of the module which it becomes."""
    if "/" not in part.source.file:
        return
    for statement in (*part.nodes, *part.classes):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id == "__file__":
                diagnostics.add(
                    "MF505",
                    Position(*place(node)),
                    f"{part.source.file} becomes part of the module, which has another __file__",
                    "Move the code that uses it to a module that does not need Metaflow.",
                )


def _place_of(name: str, part: Part) -> Position:
    """Where a module binds a name, or mentions it."""
    for node in (*part.nodes, *part.classes):
        if name in set(binds(node)):
            return Position(*place(node))
    return Position(1, 1, part.source.file)
