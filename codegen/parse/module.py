"""What stands around the flow class, sorted into what stays and what only Metaflow needs."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

import libcst as cst

from codegen.diagnostics import Diagnostics, Position
from codegen.model import ImportLine, ModuleCode
from codegen.parse.concrete import Statement, code, comments, paired
from codegen.parse.names import of_metaflow, place, references

#: Lines that speak to a tool that reads the source file, not to the reader (PEP 263, shebang).
_FILE_MARKS = re.compile(r"^#!|^#.*?coding[:=]")


def parse_module(
    concrete: cst.Module,
    abstract: ast.Module,
    flow: ast.ClassDef,
    names: Mapping[str, str],
    diagnostics: Diagnostics,
) -> ModuleCode:
    """Sort the module's statements; everything but the flow, its start and Metaflow stays."""
    docstring: str | None = None
    future: list[str] = []
    imports: list[ImportLine] = []
    body: list[Statement] = []
    kept: list[ast.stmt] = []
    guarded: set[str] = set()
    imported: set[str] = set()
    bound: set[str] = set()
    for statement, nodes in paired(concrete.body, abstract.body):
        first = nodes[0]
        if first is abstract.body[0] and _is_docstring(first):
            docstring = ast.get_docstring(abstract)
            continue
        if first is flow:
            continue
        if is_main_guard(first):
            guarded |= bound_names(first)
            _note_guard(first, flow.name, diagnostics)
            continue
        if isinstance(first, ast.ImportFrom) and first.module == "__future__":
            future += [alias.name for alias in first.names]
            continue
        kept_line = _without_metaflow(statement, nodes, flow.name)
        if kept_line is None:
            continue
        kept_statement, kept_nodes = kept_line
        kept += kept_nodes
        head = not body and all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in nodes)
        names_bound = {name for node in kept_nodes for name in bound_names(node)}
        bound |= names_bound
        head = head and not names_bound & imported  # the order counts where a name is bound anew
        imported |= names_bound
        if head and isinstance(kept_statement, cst.SimpleStatementLine):
            imports.append(ImportLine(kept_statement, Position(*place(first))))
        else:
            body.append(kept_statement)
    only_guarded = frozenset(guarded - bound)
    for node in kept:
        _refuse_metaflow(node, names, flow.name, only_guarded, diagnostics)
    return ModuleCode(
        header=tuple(line for line in comments(concrete.header) if not _FILE_MARKS.match(line)),
        docstring=docstring,
        future=tuple(future),
        imports=tuple(imports),
        body=code(body),
        kept=tuple(kept),
        metaflow=names,
        guarded=only_guarded,
    )


def is_main_guard(node: ast.stmt) -> bool:
    """Whether a statement is ``if __name__ == "__main__":``, either way round."""
    if not (isinstance(node, ast.If) and isinstance(node.test, ast.Compare)):
        return False
    sides = [node.test.left, *node.test.comparators]
    return (
        [type(operator) for operator in node.test.ops] == [ast.Eq]
        and any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
        and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
    )


def refuse_guarded(node: ast.Name, step: str | None, diagnostics: Diagnostics) -> None:
    """Report the use of a name that only the main guard sets."""
    diagnostics.add(
        "MF507",
        Position(*place(node)),
        f"only the main guard sets {node.id}, and the generated module has no guard",
        "Move the code that sets it above the guard.",
        step,
    )


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _starts_flow(node: ast.AST, flow: str) -> bool:
    """``TrainFlow()``: parses the command line and runs the flow."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == flow
    )


def bound_names(node: ast.AST) -> set[str]:
    """Every name that ``node`` binds, and the code below it."""
    found: set[str] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            found.add(child.id)
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(child.name)
        elif isinstance(child, ast.alias):
            found.add(child.asname or child.name.split(".")[0])
    return found


def _note_guard(guard: ast.stmt, flow: str, diagnostics: Diagnostics) -> None:
    assert isinstance(guard, ast.If)
    rest = [node for node in guard.body if not _starts_flow(node, flow)]
    rest = [node for node in rest if not isinstance(node, ast.Pass)]
    if rest or guard.orelse:
        diagnostics.add(
            "MF701",
            Position(*place((rest or guard.orelse)[0])),
            "the code under the main guard is left out: it belongs to Metaflow's command line",
            "If the steps rely on it, move it above the guard.",
        )


def _without_metaflow(
    statement: Statement, nodes: Sequence[ast.stmt], flow: str
) -> tuple[Statement, list[ast.stmt]] | None:
    """A statement line without the flow's start and imports of Metaflow; None if none is left."""
    stays = [not (_starts_flow(node, flow) or of_metaflow(node)) for node in nodes]
    if not isinstance(statement, cst.SimpleStatementLine) or all(stays):
        return (statement, list(nodes)) if all(stays) else None
    small: list[cst.BaseSmallStatement] = []
    left: list[ast.stmt] = []
    for part, node, keep in zip(statement.body, nodes, stays, strict=True):
        if keep:
            small.append(part)
            left.append(node)
        elif isinstance(part, cst.Import):
            others = [name for name in part.names if _root(name.name) != "metaflow"]
            if others:
                others[-1] = others[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
                small.append(part.with_changes(names=others))
                assert isinstance(node, ast.Import)
                names = [name for name in node.names if name.name.split(".")[0] != "metaflow"]
                left.append(ast.copy_location(ast.Import(names=names), node))
    if not small:
        return None
    small[-1] = small[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    return statement.with_changes(body=small), left


def _root(name: cst.Attribute | cst.Name) -> str:
    while isinstance(name, cst.Attribute):
        assert isinstance(name.value, (cst.Attribute, cst.Name))
        name = name.value
    return name.value


def _refuse_metaflow(
    node: ast.stmt,
    names: Mapping[str, str],
    flow: str,
    guarded: frozenset[str],
    diagnostics: Diagnostics,
) -> None:
    """Code that stays cannot use Metaflow, or the flow class, which the module does not have."""
    for used, dotted in references(node, names):
        diagnostics.add(
            "MF503",
            Position(*place(used)),
            f"{dotted} is used outside the flow, and the generated module has no Metaflow",
            "Move what depends on Metaflow out of this file, or do without it.",
        )
    for inner in ast.walk(node):
        if inner is not node and isinstance(inner, ast.stmt) and of_metaflow(inner):
            diagnostics.add(
                "MF503",
                Position(*place(inner)),
                "Metaflow is imported inside other code, and the generated module has no Metaflow",
                "Import at the top of the file what the flow itself needs; drop the rest.",
            )
        if isinstance(inner, ast.Name) and inner.id in guarded:
            refuse_guarded(inner, None, diagnostics)
        if isinstance(inner, ast.Name) and inner.id == flow:
            diagnostics.add(
                "MF506",
                Position(*place(inner)),
                f"{flow} is used outside its own body, and the generated module has no such class",
                "Pass what is needed as plain values, or move the code under the main guard.",
            )
