"""The body of a step as the body of a task: artifacts become local variables.

Everything that is not ``self`` stays as its author wrote it, comments and layout included.
"""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from codegen.model import Step
from codegen.parse.names import mangled

_ONE_LINE = cst.SimpleStatementLine


@dataclass(frozen=True)
class Replacement:
    """What stands for a ``return`` of the step: a statement, after the returned expression if
    that does something."""

    statement: str
    evaluate: bool = False


@dataclass(frozen=True)
class BodyPlan:
    """How to rewrite one body.

    ``names`` maps artifacts and Parameters to local names; ``returns`` has a replacement for each
    ``return`` in source order; ``final`` is the statement at the end, None if the end is never
    reached or there is nothing to return; ``prologue`` goes first.
    """

    flow: str
    names: Mapping[str, str]
    returns: tuple[Replacement, ...]
    final: str | None
    prologue: tuple[str, ...]


def own_returns(node: ast.FunctionDef) -> list[ast.Return]:
    """The ``return`` statements of a function itself, in source order."""

    def inside(parent: ast.AST) -> Iterator[ast.Return]:
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Return):
                yield child
            if not isinstance(
                child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
            ):
                yield from inside(child)

    return sorted(inside(node), key=lambda found: (found.lineno, found.col_offset))


def rewrite(step: Step, plan: BodyPlan) -> str:
    """The text of the body, indented by four spaces, without a trailing newline."""
    function = step.cst.visit(_Rewriter(step, plan))
    assert isinstance(function, cst.FunctionDef)
    block = _block(function.body)
    statements = list(block.body)
    at = 1 if statements and _is_docstring(statements[0]) else 0
    statements[at:at] = [cst.parse_statement(text) for text in plan.prologue]
    if plan.final is not None and step.transition is None:
        statements.append(cst.parse_statement(plan.final))
    if not statements:
        statements = [cst.parse_statement("pass")]
    kept = cst.IndentedBlock(body=statements, footer=block.footer)
    shell = cst.FunctionDef(cst.Name("_"), cst.Parameters(), kept)
    text = cst.Module(body=[shell], default_indent="    ").code
    return text.split("\n", 1)[1].rstrip()


def header_comment(step: Step) -> tuple[str, ...]:
    """The comment behind ``def step(self):``, as a tuple of none or one."""
    body = step.cst.body
    if isinstance(body, cst.IndentedBlock) and body.header.comment is not None:
        return (body.header.comment.value,)
    return ()


def _is_docstring(statement: cst.BaseStatement) -> bool:
    return (
        isinstance(statement, _ONE_LINE)
        and len(statement.body) == 1
        and isinstance(statement.body[0], cst.Expr)
        and isinstance(statement.body[0].value, (cst.SimpleString, cst.ConcatenatedString))
    )


def _block(suite: cst.BaseSuite) -> cst.IndentedBlock:
    if isinstance(suite, cst.IndentedBlock):
        return suite
    assert isinstance(suite, cst.SimpleStatementSuite)
    return cst.IndentedBlock(
        body=[_ONE_LINE(suite.body, trailing_whitespace=suite.trailing_whitespace)]
    )


def _small(text: str) -> cst.BaseSmallStatement:
    line = cst.parse_statement(text)
    assert isinstance(line, _ONE_LINE)
    return line.body[0]


class _Rewriter(cst.CSTTransformer):
    """Replaces ``self.x``, transitions and returns; leaves nested functions their returns."""

    def __init__(self, step: Step, plan: BodyPlan) -> None:
        super().__init__()
        self.step = step
        self.plan = plan
        self.self_name = step.self_name
        self.returns = list(plan.returns)
        self.depth = -1
        self.shadows = 0
        self.classes = 0
        self.removed: list[cst.SimpleStatementLine] = []
        self.tail = step.cst.body.body[-1] if step.transition is not None else None

    # ------------------------------------------------------------------ scopes

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        if node is self.step.cst:
            self.depth = 0
            return True
        self.depth += 1
        return True

    # Decorators and defaults belong to the scope around a function, its body to its own.

    def visit_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self.shadows += node is not self.step.cst and self._shadows(node.params)

    def leave_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self.shadows -= node is not self.step.cst and self._shadows(node.params)

    def visit_Lambda_body(self, node: cst.Lambda) -> None:
        self.shadows += self._shadows(node.params)

    def leave_Lambda_body(self, node: cst.Lambda) -> None:
        self.shadows -= self._shadows(node.params)

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self.depth -= 1
        return updated_node

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.depth += 1
        self.classes += 1

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef:
        self.depth -= 1
        self.classes -= 1
        return updated_node

    def _shadows(self, parameters: cst.Parameters) -> bool:
        every = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
        for star in (parameters.star_arg, parameters.star_kwarg):
            if isinstance(star, cst.Param):
                every.append(star)
        return any(parameter.name.value == self.self_name for parameter in every)

    # ------------------------------------------------------------------ artifacts

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        attribute = unicodedata.normalize("NFKC", original_node.attr.value)
        name = mangled(attribute, self.plan.flow)
        if self.shadows or not (
            isinstance(original_node.value, cst.Name)
            and original_node.value.value == self.self_name
        ):
            # outside the class, Python no longer mangles the private names of other objects
            kept = attribute if self.classes else name
            return (
                updated_node.with_changes(attr=cst.Name(kept))
                if kept != attribute
                else updated_node
            )
        local = self.plan.names.get(name)
        if local is None:  # self.next and its targets: the statement goes as a whole
            return updated_node
        return cst.Name(local, lpar=updated_node.lpar, rpar=updated_node.rpar)

    def leave_FormattedStringExpression(
        self,
        original_node: cst.FormattedStringExpression,
        updated_node: cst.FormattedStringExpression,
    ) -> cst.BaseFormattedStringContent | cst.FlattenSentinel[cst.BaseFormattedStringContent]:
        """``{self.x=}`` shows its own source, which must stay what it was."""
        equal = original_node.equal
        if equal is None or original_node.expression.deep_equals(updated_node.expression):
            return updated_node
        source = cst.Module([]).code_for_node(
            original_node.with_changes(conversion=None, format_spec=None)
        )
        shown = source.strip("{}").replace("{", "{{").replace("}", "}}")
        plain = updated_node.conversion is None and updated_node.format_spec is None
        return cst.FlattenSentinel(
            [
                cst.FormattedStringText(shown),
                updated_node.with_changes(
                    equal=None, conversion="r" if plain else updated_node.conversion
                ),
            ]
        )

    # ------------------------------------------------------------------ statements

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        if self.depth > 0:
            return updated_node
        before, small = self._statements(
            original_node.body, updated_node.body, original_node is self.tail
        )
        if not small and not before:
            return self._removed(updated_node)
        line = updated_node.with_changes(body=small)
        if not before:
            return line
        first, *others = (_ONE_LINE([statement]) for statement in before)
        first = first.with_changes(leading_lines=updated_node.leading_lines)
        return cst.FlattenSentinel([first, *others, line.with_changes(leading_lines=[])])

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.BaseSuite:
        if self.depth > 0:
            return updated_node
        tail = original_node.body[-1] is self.tail
        before, small = self._statements(original_node.body, updated_node.body, tail)
        lines = [_ONE_LINE([statement]) for statement in [*before, *small]]
        if not lines and original_node is not self.step.cst.body:
            lines = [_ONE_LINE([cst.Pass()])]
        if len(lines) == len(original_node.body) and not before:
            return updated_node.with_changes(body=small)
        return cst.IndentedBlock(body=lines, header=updated_node.trailing_whitespace)

    def _removed(self, line: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
        """A line of which only its comments are left; its block takes them over."""
        comment = line.trailing_whitespace.comment
        lines = [entry for entry in line.leading_lines if entry.comment is not None]
        if comment is not None:
            lines.append(cst.EmptyLine(comment=comment))
        removed = _ONE_LINE([cst.Pass()], leading_lines=lines)
        self.removed.append(removed)
        return removed

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        """Removed lines leave their comments to what follows, and a block is never empty."""
        if self.depth > 0:
            return updated_node
        statements: list[cst.BaseStatement] = []
        comments: list[cst.EmptyLine] = []
        for statement in updated_node.body:
            assert isinstance(statement, (_ONE_LINE, cst.BaseCompoundStatement))
            if any(statement is removed for removed in self.removed):
                comments += statement.leading_lines
            else:
                lines = [*comments, *statement.leading_lines]
                statements.append(statement.with_changes(leading_lines=lines))
                comments = []
        if not statements and original_node is not self.step.cst.body:
            statements = [cst.parse_statement("pass")]
        footer = [*comments, *updated_node.footer]
        return updated_node.with_changes(body=statements, footer=footer)

    def _statements(
        self,
        original: Sequence[cst.BaseSmallStatement],
        updated: Sequence[cst.BaseSmallStatement],
        tail: bool,
    ) -> tuple[list[cst.BaseSmallStatement], list[cst.BaseSmallStatement]]:
        """What goes on lines before, and what stays on this one."""
        before: list[cst.BaseSmallStatement] = []
        small: list[cst.BaseSmallStatement] = []
        for position, (old, new) in enumerate(zip(original, updated, strict=True)):
            if self._is_next(old):
                last = tail and position == len(original) - 1
                if last and self.plan.final is not None:
                    small.append(_small(self.plan.final))
            elif self._only_annotates(old):
                continue
            elif isinstance(old, cst.Return):
                replacement = self.returns.pop(0)
                assert isinstance(new, cst.Return)
                if replacement.evaluate and new.value is not None:
                    before += [*small, _evaluated(new.value)]
                    small = []
                small.append(_small(replacement.statement))
            else:
                small.append(new)
        if small:
            small[-1] = small[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        return [_plain(statement) for statement in before], small

    def _only_annotates(self, node: cst.BaseSmallStatement) -> bool:
        """``self.x: int`` for an artifact that this step does not touch otherwise."""
        return (
            isinstance(node, cst.AnnAssign)
            and node.value is None
            and isinstance(node.target, cst.Attribute)
            and isinstance(node.target.value, cst.Name)
            and node.target.value.value == self.self_name
            and mangled(node.target.attr.value, self.plan.flow) not in self.plan.names
        )

    def _is_next(self, node: cst.BaseSmallStatement) -> bool:
        return (
            isinstance(node, cst.Expr)
            and isinstance(node.value, cst.Call)
            and isinstance(node.value.func, cst.Attribute)
            and node.value.func.attr.value == "next"
            and isinstance(node.value.func.value, cst.Name)
            and node.value.func.value.value == self.self_name
        )


def _plain(statement: cst.BaseSmallStatement) -> cst.BaseSmallStatement:
    return statement.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)


def _evaluated(value: cst.BaseExpression) -> cst.BaseSmallStatement:
    """The returned expression as a statement: Metaflow evaluates it and drops the result."""
    if isinstance(value, cst.Call):
        return cst.Expr(value)
    return cst.Assign([cst.AssignTarget(cst.Name("_"))], value)


def returns_text(outputs: str, fields: Sequence[tuple[str, str]]) -> str:
    """``return Outputs(field=value, …)``."""
    return f"return {outputs}({', '.join(f'{name}={value}' for name, value in fields)})"
