"""What stands around the flow's classes, sorted into what stays and what only Metaflow needs."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from codegen.diagnostics import Diagnostics, Position
from codegen.library import advice, kept_part, known_part
from codegen.parse.concrete import Statement, comments, paired
from codegen.parse.imports import Imports, Line
from codegen.parse.names import (
    is_main_guard,
    place,
    resolve,
    starts,
)
from codegen.parse.siblings import Siblings, Source
from codegen.parse.uses import clashes, outermost, uses

#: Lines that speak to a tool that reads the source file, not to the reader (PEP 263, shebang).
_FILE_MARKS = re.compile(r"^#!|^#.*?coding[:=]")


@dataclass(frozen=True)
class Cut:
    """What leaves the code of modules: the ``classes`` of the flow with other flows, of which
    ``flows`` are the names, and the imports of the modules that become part of it; Metaflow's
    client does if it is to ``keep``."""

    classes: frozenset[ast.ClassDef]
    flows: frozenset[str]
    inlined: tuple[Source, ...]
    keep: bool = False


@dataclass(frozen=True)
class Kept:
    """A statement line that stays, in both trees."""

    cst: Statement
    nodes: tuple[ast.stmt, ...]


@dataclass(frozen=True)
class Part:
    """What stays of one module: import statements of its head, and its ``body``. ``classes`` are
    the statements that leave it, ``taken`` the names that it imports from other parts,
    ``generators`` functions that were under ``@user_step_decorator``."""

    source: Source
    header: tuple[str, ...]
    docstring: str | None
    future: tuple[str, ...]
    imports: tuple[Kept, ...]
    body: tuple[Kept, ...]
    classes: tuple[ast.ClassDef, ...]
    metaflow: Mapping[str, str]
    guarded: frozenset[str]
    taken: frozenset[str]
    generators: frozenset[str]

    @property
    def nodes(self) -> tuple[ast.stmt, ...]:
        """All statements that stay."""
        return tuple(node for kept in (*self.imports, *self.body) for node in kept.nodes)


def read_part(
    source: Source,
    concrete: cst.Module,
    siblings: Siblings,
    cut: Cut,
    diagnostics: Diagnostics,
) -> Part:
    """Sort the statements of a module; everything but flows, their start and Metaflow stays."""
    own = source is siblings.flow
    names = siblings.names(source)
    rewriter = Imports(source, siblings, cut.inlined, cut.classes, diagnostics)
    docstring: str | None = None
    future: list[str] = []
    imports: list[Kept] = []
    body: list[Kept] = []
    guarded: set[str] = set()
    imported: set[str] = set()
    bound: set[str] = set()
    classes: list[ast.ClassDef] = []
    generators: set[str] = set()
    for statement, nodes in paired(concrete.body, source.abstract.body):
        first = nodes[0]
        if first is source.abstract.body[0] and _is_docstring(first):
            docstring = ast.get_docstring(source.abstract)
            continue
        if isinstance(first, ast.ClassDef) and first in cut.classes:
            classes.append(first)
            continue
        if is_main_guard(first):
            if own:  # that of another module never runs
                guarded |= bound_names(first)
                _note_guard(first, cut.flows, diagnostics)
            continue
        if isinstance(first, ast.ImportFrom) and first.module == "__future__":
            future += [alias.name for alias in first.names]
            continue
        kept = _left(statement, nodes, rewriter, cut.flows)
        if kept is None:
            continue
        if _is_generator(kept.nodes[0], names):
            kept = _plain_generator(kept, names, diagnostics)
            generators |= bound_names(kept.nodes[0]) & {getattr(kept.nodes[0], "name", "")}
        head = not body and all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in nodes)
        names_bound = {name for node in kept.nodes for name in bound_names(node)}
        bound |= names_bound
        head = head and not names_bound & imported  # the order counts where a name is bound anew
        imported |= names_bound
        (imports if head and isinstance(kept.cst, cst.SimpleStatementLine) else body).append(kept)
    body = [*_renames(rewriter), *body]
    kept_nodes = [node for kept in (*imports, *body) for node in kept.nodes]
    only_guarded = frozenset(guarded - bound)
    gone = {node.name for node in classes} | rewriter.gone
    for node in kept_nodes:
        _refuse_metaflow(node, names, gone, only_guarded, cut.keep, diagnostics)
    rewriter.check(kept_nodes, classes)
    return Part(
        source=source,
        header=tuple(line for line in comments(concrete.header) if not _FILE_MARKS.match(line)),
        docstring=docstring,
        future=tuple(future),
        imports=tuple(imports),
        body=tuple(body),
        classes=tuple(classes),
        metaflow=names,
        guarded=only_guarded,
        taken=frozenset(rewriter.taken),
        generators=frozenset(generators),
    )


_GENERATOR = "metaflow.user_step_decorator"
_SKIP = "metaflow.USER_SKIP_STEP"


def _is_generator(node: ast.stmt, names: Mapping[str, str]) -> bool:
    """Whether a statement defines a function under ``@user_step_decorator``."""
    return isinstance(node, ast.FunctionDef) and any(
        resolve(found, names) == _GENERATOR for found in node.decorator_list
    )


def _plain_generator(kept: Kept, names: Mapping[str, str], diagnostics: Diagnostics) -> Kept:
    """Such a function without Metaflow: ``USER_SKIP_STEP`` is an empty dictionary."""
    node, function = kept.nodes[0], kept.cst
    assert isinstance(node, ast.FunctionDef) and isinstance(function, cst.FunctionDef)
    if len(node.args.args) not in (3, 4):
        diagnostics.add(
            "MF120",
            Position(*place(node)),
            f"{node.name} does not take step_name, flow, inputs and perhaps attributes",
            "Give the generator these three or four arguments.",
        )
    for found in ast.walk(node):
        if isinstance(found, ast.Yield) and not _is_choice(found.value, names):
            diagnostics.add(
                "MF502",
                Position(*place(found)),
                f"@{node.name} changes what self.next() gets, which the workflow cannot",
                "Yield nothing, an empty dictionary, or a function that replaces the step.",
            )
    stay = [
        (ours, theirs)
        for ours, theirs in zip(function.decorators, node.decorator_list, strict=True)
        if resolve(theirs, names) != _GENERATOR
    ]
    skip = {name for name, dotted in names.items() if dotted == _SKIP}
    plain = function.with_changes(decorators=[ours for ours, _ in stay])
    node.decorator_list = [theirs for _, theirs in stay]
    made = plain.visit(_EmptyDictionaries(skip))
    assert isinstance(made, cst.FunctionDef)
    changed = _Emptied(skip).visit(node)
    return Kept(made, (changed,))


def _is_choice(value: ast.expr | None, names: Mapping[str, str]) -> bool:
    """Whether what a generator yields is surely nothing, a way to skip the step, or a function."""
    match value:
        case None | ast.Constant(value=None) | ast.Dict(keys=[]) | ast.Lambda():
            return True
        case ast.IfExp():
            return _is_choice(value.body, names) and _is_choice(value.orelse, names)
        case ast.Name() | ast.Attribute():
            return resolve(value, names) in (None, _SKIP)
    return False


class _EmptyDictionaries(cst.CSTTransformer):
    def __init__(self, names: Collection[str]) -> None:
        super().__init__()
        self.names = names

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return cst.Dict([]) if original_node.value in self.names else updated_node


class _Emptied(ast.NodeTransformer):
    def __init__(self, names: Collection[str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self.names:
            return node
        return ast.copy_location(ast.Dict(keys=[], values=[]), node)


def _renames(rewriter: Imports) -> list[Kept]:
    """``from base_flow import limit as most``, where ``limit`` is defined above."""
    found: list[Kept] = []
    for node in rewriter.renames.values():
        statement = cst.parse_statement(ast.unparse(node))
        assert isinstance(statement, cst.SimpleStatementLine)
        found.append(Kept(statement, (node,)))
    return found


def refuse_clashes(node: ast.AST, step: str | None, diagnostics: Diagnostics) -> None:
    """Report imports of Metaflow in functions that are not all that their names mean there."""
    for alias, name in clashes(node):
        diagnostics.add(
            "MF503",
            Position(*place(alias)),
            f"{name} is imported from Metaflow and set otherwise as well, so what it is depends on "
            "the run",
            "Give the two different names.",
            step,
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


def _note_guard(guard: ast.stmt, flows: Collection[str], diagnostics: Diagnostics) -> None:
    assert isinstance(guard, ast.If)
    rest = [node for node in guard.body if starts(node) not in flows]
    rest = [node for node in rest if not isinstance(node, ast.Pass)]
    if rest or guard.orelse:
        diagnostics.add(
            "MF701",
            Position(*place((rest or guard.orelse)[0])),
            "the code under the main guard is left out: it belongs to Metaflow's command line",
            "If the steps rely on it, move it above the guard.",
        )


def _left(
    statement: Statement, nodes: Sequence[ast.stmt], rewriter: Imports, flows: Collection[str]
) -> Kept | None:
    """A statement line without the start of flows, and with the imports that stay; None if
    nothing is left."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return Kept(statement, tuple(nodes))
    lines: list[Line] = []
    for part, node in zip(statement.body, nodes, strict=True):
        line: Line | None = (part, node)
        if starts(node) in flows or (rewriter.inlines and _is_all(node)):
            line = None
        elif isinstance(part, (cst.Import, cst.ImportFrom)):
            line = rewriter.rewritten(part, node)
        if line is not None:
            lines.append(line)
    if not lines:
        return None
    small = [part for part, _ in lines]
    if small != list(statement.body):
        small[-1] = small[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        statement = statement.with_changes(body=small)
    return Kept(statement, tuple(node for _, node in lines))


def _is_all(node: ast.stmt) -> bool:
    """Whether a statement sets ``__all__``, which says what a star import of the module takes."""
    return isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and "__all__" in {
        name.id for name in ast.walk(node) if isinstance(name, ast.Name)
    }


def _refuse_metaflow(
    node: ast.stmt,
    names: Mapping[str, str],
    gone: Collection[str],
    guarded: frozenset[str],
    keep: bool,
    diagnostics: Diagnostics,
) -> None:
    """Code that stays cannot use Metaflow, or the flow's classes: the module does without."""
    for use in uses(node, outermost(names)):
        in_function = use.depth > 0 and isinstance(node, (ast.FunctionDef, ast.ClassDef))
        kept = keep and in_function and kept_part(use.dotted)
        if not (known_part(use.dotted) or use.annotation or kept):
            diagnostics.add(
                "MF503",
                Position(*place(use.node)),
                f"{use.dotted} is used outside the flow, and the generated module has no Metaflow",
                advice(
                    use.dotted,
                    "Move what depends on Metaflow out of this file, or do without it.",
                ),
            )
    refuse_clashes(node, None, diagnostics)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id in guarded:
            refuse_guarded(inner, None, diagnostics)
        if isinstance(inner, ast.Name) and inner.id in gone:
            diagnostics.add(
                "MF506",
                Position(*place(inner)),
                f"{inner.id} is used outside its own body, and the generated module has no such "
                "class",
                "Pass what is needed as plain values, or move the code under the main guard.",
            )
