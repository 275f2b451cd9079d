"""Names of Metaflow's library in code that stays: their counterparts in their place."""

from __future__ import annotations

import ast
from typing import TypeVar

import libcst as cst

from codegen.library import LIBRARY, kept_part, known_part
from codegen.lower.current import OF_CURRENT, Current, Place, flow_uses
from codegen.lower.fstrings import shown_first
from codegen.model import Flow
from codegen.parse.names import resolve_dotted
from codegen.parse.uses import outermost
from codegen.symbols import Symbols

_Node = TypeVar("_Node", bound=cst.CSTNode)

_OF_CARDS = ("metaflow.cards.", "metaflow.current.card")


class Library:
    """Replaces them, and removes the imports of Metaflow inside of functions."""

    def __init__(self, flow: Flow, symbols: Symbols, s3root: str | None = None) -> None:
        self.flow = flow
        self.s3root = s3root
        self.names = flow.module.metaflow
        self.keep = flow.module.keep
        self.symbols = symbols
        self.current = Current(flow, symbols)
        #: The names that have been replaced so far.
        self.used: set[str] = set()
        #: Whether the code that stands ``first`` in the module needs helpers at its import.
        self.early = False

    def text(self, code: str, first: bool = True) -> str:
        """The text of a module, or of a part of one."""
        if "metaflow" not in code and not any(name in code for name in self.names):
            return code
        early = self.early
        text = self._replaced(cst.parse_module(code), "", frozenset()).code
        self.early = self.early if first else early
        return text

    def step(self, function: cst.FunctionDef, name: str, local: frozenset[str]) -> cst.FunctionDef:
        """The function of a step, in which the names ``local`` mean something else."""
        return self._replaced(function, name, local)

    def _replaced(self, node: _Node, step: str, local: frozenset[str]) -> _Node:
        changed = node.visit(_Replacer(self, step, local))
        assert isinstance(changed, type(node))
        return changed

    def expression(self, dotted: str, place: Place) -> str:
        """What stands for a name that has a counterpart."""
        self.used.add(dotted)
        if dotted.startswith(OF_CURRENT):
            found = self.current.expression(dotted.removeprefix(OF_CURRENT), place)
            if found is not None:
                return found
        if dotted not in LIBRARY:  # in an annotation
            return self.symbols.use("Any", place.local)
        counterpart = LIBRARY[dotted]
        return counterpart.text.format(self.symbols.use(counterpart.helper, place.local))

    def place_of_run(self) -> str:
        """Where Metaflow's ``S3(run=self)`` keeps the files of a run, an expression."""
        assert self.s3root is not None, "MF672 has reported it"
        root = self.s3root.rstrip("/").replace("{", "{{").replace("}", "}}")
        return f'f"{root}/{self.flow.name}/{{{self.symbols.use("run_id")}()}}"'


def uses_library(flow: Flow) -> bool:
    """Whether any code of a flow uses parts of Metaflow's library beside cards."""
    return any(
        known_part(use.dotted) is not None and not use.dotted.startswith(_OF_CARDS)
        for use, _ in flow_uses(flow)
    )


class _Replacer(cst.CSTTransformer):
    def __init__(self, library: Library, step: str, local: frozenset[str]) -> None:
        super().__init__()
        self.library = library
        self.step = step
        self.local = local
        self.scopes = [outermost(library.names)]
        self.depth = -1 if step else 0  # the function of a step is where it begins
        self.top = ""
        self.plain: set[int] = set()  # names that are no expressions
        self.annotations = 0
        self.quotes: list[str] = []
        self.kept: dict[str, None] = {}  # imports that the function around needs

    # ------------------------------------------------------------------ scopes

    def _enter(self, node: cst.CSTNode, function: bool = True) -> None:
        self.scopes.append(self.scopes[-1].inside(_abstract(node)))
        self.depth += function

    def _leave(self, function: bool = True) -> None:
        self.scopes.pop()
        self.depth -= function

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.plain.add(id(node.name))
        self._begin(node.name.value)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.plain.add(id(node.name))
        self._begin(node.name.value)

    def _begin(self, name: str) -> None:
        if len(self.scopes) == 1:
            self.top = name

    def visit_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._enter(node)

    def leave_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._leave()

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        """A function on its own imports what is kept of Metaflow: other tasks need not have it."""
        if self.depth > 0 or not self.kept:
            return updated_node
        block = updated_node.body
        texts = sorted(self.kept, key=lambda text: (text.startswith("from"), text))
        lines = [cst.parse_statement(text) for text in texts]
        self.kept = {}
        if isinstance(block, cst.SimpleStatementSuite):
            rest = cst.SimpleStatementLine(block.body)
            return updated_node.with_changes(body=cst.IndentedBlock([*lines, rest]))
        at = 1 if updated_node.get_docstring() is not None else 0
        body = [*block.body[:at], *lines, *block.body[at:]]
        return updated_node.with_changes(body=block.with_changes(body=body))

    def visit_Lambda_body(self, node: cst.Lambda) -> None:
        self._enter(node)

    def leave_Lambda_body(self, node: cst.Lambda) -> None:
        self._leave()

    def visit_ClassDef_body(self, node: cst.ClassDef) -> None:
        self._enter(node, function=False)

    def leave_ClassDef_body(self, node: cst.ClassDef) -> None:
        self._leave(function=False)

    def visit_ListComp(self, node: cst.ListComp) -> None:
        self._enter(node, function=False)

    def visit_SetComp(self, node: cst.SetComp) -> None:
        self._enter(node, function=False)

    def visit_DictComp(self, node: cst.DictComp) -> None:
        self._enter(node, function=False)

    def visit_GeneratorExp(self, node: cst.GeneratorExp) -> None:
        self._enter(node, function=False)

    def leave_ListComp(
        self, original_node: cst.ListComp, updated_node: cst.ListComp
    ) -> cst.BaseExpression:
        self._leave(function=False)
        return updated_node

    def leave_SetComp(
        self, original_node: cst.SetComp, updated_node: cst.SetComp
    ) -> cst.BaseExpression:
        self._leave(function=False)
        return updated_node

    def leave_DictComp(
        self, original_node: cst.DictComp, updated_node: cst.DictComp
    ) -> cst.BaseExpression:
        self._leave(function=False)
        return updated_node

    def leave_GeneratorExp(
        self, original_node: cst.GeneratorExp, updated_node: cst.GeneratorExp
    ) -> cst.BaseExpression:
        self._leave(function=False)
        return updated_node

    # ------------------------------------------------------------------ what is no expression

    def visit_Param(self, node: cst.Param) -> None:
        self.plain.add(id(node.name))

    def visit_NameItem(self, node: cst.NameItem) -> None:
        self.plain.add(id(node.name))

    def visit_Arg(self, node: cst.Arg) -> None:
        if node.keyword is not None:
            self.plain.add(id(node.keyword))

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self.annotations += 1

    def leave_Annotation(
        self, original_node: cst.Annotation, updated_node: cst.Annotation
    ) -> cst.Annotation:
        self.annotations -= 1
        return updated_node

    # ------------------------------------------------------------------ imports

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
        module = original_node.module
        if original_node.relative or module is None or _root(module) != "metaflow":
            return updated_node
        return cst.RemoveFromParent()

    def leave_Import(
        self, original_node: cst.Import, updated_node: cst.Import
    ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
        stay = [alias for alias in updated_node.names if _root(alias.name) != "metaflow"]
        if len(stay) == len(updated_node.names):
            return updated_node
        if not stay:
            return cst.RemoveFromParent()
        stay[-1] = stay[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(names=stay)

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.BaseSuite:
        return updated_node if updated_node.body else updated_node.with_changes(body=[cst.Pass()])

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        """No block begins with the empty line that stood behind an import."""
        if len(updated_node.body) == len(original_node.body) or not updated_node.body:
            return updated_node
        first, *rest = updated_node.body
        assert isinstance(first, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
        lines = list(first.leading_lines)
        while lines and lines[0].comment is None:
            del lines[0]
        return updated_node.with_changes(body=[first.with_changes(leading_lines=lines), *rest])

    # ------------------------------------------------------------------ expressions

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        self.plain.add(id(node.attr))
        return self._found(node) is None and not self._is_node(node)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """``S3(run=self)`` names its place."""
        if self._dotted(original_node.func) != "metaflow.S3":
            return updated_node
        arguments = [
            argument.with_changes(
                keyword=cst.Name("s3root"), value=self._parsed(self.library.place_of_run())
            )
            if argument.keyword is not None and argument.keyword.value == "run"
            else argument
            for argument in updated_node.args
        ]
        return updated_node.with_changes(args=arguments)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if id(original_node) in self.plain:
            return updated_node
        return self._expression(original_node, updated_node)

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return self._expression(original_node, updated_node)

    def _expression(
        self, original: cst.Attribute | cst.Name, updated: cst.Attribute | cst.Name
    ) -> cst.BaseExpression:
        dotted = self._found(original)
        if dotted is None:
            self._keep(original)
            return updated
        place = Place(self.step, self.depth, self.top, self.local)
        text = self.library.expression(dotted, place)
        if self.library.current.at_import(place):
            found = (part for part in ast.walk(ast.parse(text)) if isinstance(part, ast.Name))
            is_helper = self.library.symbols.is_helper
            self.library.early |= any(is_helper(part.id) for part in found)
        made = self._parsed(text)
        return made.with_changes(lpar=[*updated.lpar, *made.lpar], rpar=[*made.rpar, *updated.rpar])

    def _parsed(self, text: str) -> cst.BaseExpression:
        """An expression, with quotes that the f-string around it allows."""
        if self.quotes and self.quotes[-1] in text:
            text = text.translate({ord("'"): '"', ord('"'): "'"})
        return cst.parse_expression(text)

    def _found(self, node: cst.Attribute | cst.Name) -> str | None:
        """The name in Metaflow that an expression stands for as a whole, if it is replaced."""
        dotted = self._dotted(node)
        if dotted is None:
            return None
        if self._is_node(node):
            return None
        part = known_part(dotted)
        is_type = part is None and self.annotations > 0
        return dotted if part == dotted or is_type else None

    def _keep(self, node: cst.Attribute | cst.Name) -> None:
        """Note the import that a part of Metaflow needs which stays."""
        dotted = self._dotted(node)
        if not self.library.keep or dotted is None or not kept_part(dotted):
            return
        local = _root(node)
        origin = self.scopes[-1].names[local]
        module, _, name = origin.rpartition(".")
        imported = f"from {module} import {name}" if module else f"import {name}"
        self.kept[imported if name == local else f"{imported} as {local}"] = None

    def _is_node(self, node: cst.BaseExpression) -> bool:
        dotted = self._dotted(node)
        return dotted is not None and self.library.current.is_node(dotted, self.step)

    def _dotted(self, node: cst.BaseExpression) -> str | None:
        if isinstance(node, cst.Name):
            return self.scopes[-1].names.get(node.value)
        if isinstance(node, cst.Attribute):
            owner = self._dotted(node.value)
            return resolve_dotted(f"{owner}.{node.attr.value}") if owner else None
        return None

    # ------------------------------------------------------------------ f-strings

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        self.quotes.append(node.end)

    def leave_FormattedString(
        self, original_node: cst.FormattedString, updated_node: cst.FormattedString
    ) -> cst.BaseExpression:
        self.quotes.pop()
        if all(isinstance(part, cst.FormattedStringText) for part in updated_node.parts):
            return _plain_string(original_node, updated_node)
        return updated_node

    def leave_FormattedStringExpression(
        self,
        original_node: cst.FormattedStringExpression,
        updated_node: cst.FormattedStringExpression,
    ) -> cst.BaseFormattedStringContent | cst.FlattenSentinel[cst.BaseFormattedStringContent]:
        if original_node.expression.deep_equals(updated_node.expression):
            return updated_node
        if original_node.equal is not None:
            return shown_first(original_node, updated_node)
        value = updated_node.expression
        plain = updated_node.conversion is None and updated_node.format_spec is None
        if plain and isinstance(value, cst.SimpleString):
            return cst.FormattedStringText(str(value.evaluated_value))
        return updated_node


def _plain_string(
    original: cst.FormattedString, updated: cst.FormattedString
) -> cst.FormattedString | cst.SimpleString:
    """An f-string that has nothing left to fill in, as a string like any other."""
    if all(isinstance(part, cst.FormattedStringText) for part in original.parts):
        return updated
    text = "".join(
        part.value for part in updated.parts if isinstance(part, cst.FormattedStringText)
    )
    if "{" in text or "}" in text:
        return updated
    prefix = updated.start.rstrip("'\"").translate({ord("f"): None, ord("F"): None})
    return cst.SimpleString(
        f"{prefix}{updated.end}{text}{updated.end}", lpar=updated.lpar, rpar=updated.rpar
    )


def _abstract(node: cst.CSTNode) -> ast.AST:
    """The node of a scope in Python's own syntax tree."""
    code = cst.Module([]).code_for_node(node)
    if isinstance(node, cst.BaseExpression):
        return ast.parse(f"({code})", mode="eval").body
    return ast.parse(code).body[0]


def _root(node: cst.BaseExpression) -> str:
    """The first part of a dotted name."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""
