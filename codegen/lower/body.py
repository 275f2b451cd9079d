"""The body of a step as the body of a task: artifacts become local variables.

Everything that is not ``self`` stays as its author wrote it, comments and layout included.
"""

from __future__ import annotations

import ast
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst

from codegen.lower.fstrings import shown_first
from codegen.model import Step
from codegen.parse.names import mangled

_ONE_LINE = cst.SimpleStatementLine

#: Columns that a comment in the body of a task may fill.
_COLUMNS = 82


@dataclass(frozen=True)
class Replacement:
    """What stands for a ``return`` of the step: statements, after the returned expression if
    that does something."""

    statements: tuple[str, ...]
    evaluate: bool = False


@dataclass(frozen=True)
class AskPlan:
    """What stands for ``hasattr(self, "x")`` or ``getattr(self, "x", …)``: ``answer`` tells
    whether it is set, None if a run must tell, by ``unset`` where the marker may be in ``local``.
    """

    artifact: str
    local: str
    answer: bool | None
    unset: str


@dataclass(frozen=True)
class MergePlan:
    """What stands for a call of ``merge_artifacts``: ``helper`` compares each of ``names``, which
    are local name, artifact, whether it may turn out to be ``unset``, and the question whether the
    step has not set it, if that is one; ``loads`` is a statement after that, if any."""

    helper: str
    unset: str
    names: tuple[tuple[str, str, bool, str], ...]
    loads: str = ""


@dataclass(frozen=True)
class CatchPlan:
    """A body in a ``try`` block: ``first`` are its first statements, ``handler`` those after an
    exception that is called ``error``."""

    error: str
    first: tuple[str, ...]
    handler: tuple[str, ...]

    def around(self, body: cst.IndentedBlock) -> cst.Try:
        """The whole statement."""
        text = f"try:\n    pass\nexcept Exception as {self.error}:\n    pass\n"
        shell = cst.ensure_type(cst.parse_statement(text), cst.Try)
        first, handler = (
            [cst.parse_statement(line) for line in lines] for lines in (self.first, self.handler)
        )
        (clause,) = shell.handlers
        return shell.with_changes(
            body=body.with_changes(body=[*first, *body.body]),
            handlers=[clause.with_changes(body=cst.IndentedBlock(handler))],
        )


@dataclass(frozen=True)
class BodyPlan:
    """How to rewrite one body.

    ``owner`` is the class that the step belongs to. ``names`` maps artifacts and Parameters to
    local names; ``returns`` has a replacement for each
    ``return`` in source order; ``final`` are the statements at the end, none if the end is never
    reached or there is nothing to return; ``prologue`` goes first. ``expressions`` maps dotted
    names of the source to what stands for them; ``asks`` and ``merges`` are in source order.
    ``unused`` are local names that nothing but calls of ``merge_artifacts`` looked at. In a
    ``method``, which stays one, each transition becomes ``final`` and a return stays. If errors
    are caught, ``catch`` says how.
    """

    owner: str
    names: Mapping[str, str]
    returns: tuple[Replacement, ...]
    final: tuple[str, ...]
    prologue: tuple[str, ...]
    expressions: Mapping[str, str] = field(default_factory=dict)
    asks: tuple[AskPlan, ...] = ()
    merges: tuple[MergePlan, ...] = ()
    unused: frozenset[str] = frozenset()
    method: bool = False
    catch: CatchPlan | None = None


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
    block = rewritten(step, plan)
    shell = cst.FunctionDef(cst.Name("_"), cst.Parameters(), block)
    text = cst.Module(body=[shell], default_indent="    ").code
    return text.split("\n", 1)[1].rstrip()


def rewritten(step: Step, plan: BodyPlan) -> cst.IndentedBlock:
    """The body as a block of statements."""
    function = step.cst.visit(_Rewriter(step, plan))
    assert isinstance(function, cst.FunctionDef)
    block = _block(function.body)
    statements = list(block.body)
    at = 1 if statements and _is_docstring(statements[0]) else 0
    first, statements = statements[:at], statements[at:]
    first += [cst.parse_statement(text) for text in plan.prologue]
    if step.transition is None and not plan.method:
        statements += [cst.parse_statement(text) for text in plan.final]
    if plan.catch is not None:
        body = cst.IndentedBlock(body=statements, footer=block.footer)
        return cst.IndentedBlock(body=[*first, plan.catch.around(body)])
    statements = [*first, *statements]
    if not statements:
        statements = [cst.parse_statement("pass")]
    return cst.IndentedBlock(body=statements, footer=block.footer)


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
        self.asks = list(plan.asks)
        self.asked: dict[int, AskPlan] = {}
        self.answers: list[cst.BaseExpression] = []
        self.merges = list(plan.merges)
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
        expression = self.plan.expressions.get(_dotted(original_node))
        if expression is not None and not self.shadows:
            return _parenthesized(cst.parse_expression(expression), updated_node)
        attribute = unicodedata.normalize("NFKC", original_node.attr.value)
        name = mangled(attribute, self.plan.owner)
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
        return _parenthesized(cst.parse_expression(local), updated_node)

    def visit_Call(self, node: cst.Call) -> None:
        """Questions are answered in source order, and the outer one of two begins first."""
        if self._is_ask(node) and not self.shadows:
            self.asked[id(node)] = self.asks.pop(0)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        stack = f"{self.self_name}.foreach_stack"
        if _dotted(original_node.func) == stack and f"{stack}()" in self.plan.expressions:
            made = cst.parse_expression(self.plan.expressions[f"{stack}()"])
            return _parenthesized(made, updated_node)
        if _dotted(original_node.func) == "super" and not original_node.args:
            return cst.parse_expression(f"super({self.plan.owner}, {self.self_name})")
        plan = self.asked.pop(id(original_node), None)
        if plan is None:
            return updated_node
        assert isinstance(original_node.func, cst.Name)
        default = updated_node.args[2].value if len(updated_node.args) > 2 else None
        made = _answered(plan, original_node.func.value == "hasattr", default)
        made = _parenthesized(made, updated_node)
        self.answers.append(made)
        return made

    def _is_ask(self, node: cst.Call) -> bool:
        if not isinstance(node.func, cst.Name) or node.func.value not in ("getattr", "hasattr"):
            return False
        if len(node.args) < 2 or any(arg.keyword or arg.star for arg in node.args):
            return False
        owner, name = (argument.value for argument in node.args[:2])
        return (
            isinstance(owner, cst.Name)
            and owner.value == self.self_name
            and isinstance(name, (cst.SimpleString, cst.ConcatenatedString))
            and name.evaluated_value in {plan.artifact for plan in self.plan.asks}
        )

    def leave_FormattedStringExpression(
        self,
        original_node: cst.FormattedStringExpression,
        updated_node: cst.FormattedStringExpression,
    ) -> cst.BaseFormattedStringContent | cst.FlattenSentinel[cst.BaseFormattedStringContent]:
        equal = original_node.equal
        if equal is None or original_node.expression.deep_equals(updated_node.expression):
            return updated_node
        return shown_first(original_node, updated_node)

    # ------------------------------------------------------------------ statements

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        if self.depth > 0:
            return updated_node
        if self._is_merge(original_node.body[0]):
            return self._merged(original_node, updated_node)
        if self._is_unused(original_node):
            return self._removed(updated_node)
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

    def _is_unused(self, line: cst.SimpleStatementLine) -> bool:
        """``names = [...]`` for an argument of ``merge_artifacts``."""
        match line.body:
            case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))])]:
                return name in self.plan.unused
        return False

    def _merged(
        self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """A line with ``merge_artifacts``: a comment, and what must be compared in the run."""
        plan = self.merges.pop(0)
        source = " ".join(cst.Module([]).code_for_node(original.body[0]).split())
        comments = textwrap.wrap(source, _COLUMNS, break_long_words=False, break_on_hyphens=False)
        leading = list(updated.leading_lines)
        leading += [cst.EmptyLine(comment=cst.Comment(f"# {line}")) for line in comments]
        call = updated.body[0]
        assert isinstance(call, cst.Expr) and isinstance(call.value, cst.Call)
        if not plan.names and not plan.loads:
            return self._removed(updated.with_changes(leading_lines=leading))
        inputs = cst.Module([]).code_for_node(call.value.args[0].value)
        lines: list[cst.BaseStatement] = []
        for local, name, unsure, question in plan.names:
            required = ", required=False" if unsure else ""
            texts = [f"{local} = {plan.helper}({name!r}, {inputs}{required})"]
            if unsure:
                texts.append(f"if {local} is {plan.unset}:\n    del {local}")
            if question:
                texts = [f"if {question}:\n" + textwrap.indent("\n".join(texts), "    ")]
            lines += map(cst.parse_statement, texts)
        if plan.loads:
            lines.append(cst.parse_statement(plan.loads))
        lines[0] = lines[0].with_changes(leading_lines=leading)
        return cst.FlattenSentinel(lines)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        """An answer that is an argument of its own needs no parentheses."""
        value = updated_node.value
        if value is not original_node.value and any(value is made for made in self.answers):
            return updated_node.with_changes(value=value.with_changes(lpar=[], rpar=[]))
        return updated_node

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
            if self._is_next(old) and self.plan.method:
                small += map(_small, self.plan.final)
            elif self._is_next(old):
                if tail and position == len(original) - 1 and self.plan.final:
                    *first, last = [_small(text) for text in self.plan.final]
                    if first:
                        before += [*small, *first]
                        small = []
                    small.append(last)
            elif self._only_annotates(old):
                continue
            elif isinstance(old, cst.Return) and self.plan.method:
                leaves = old.value is not None and self._is_next(cst.Expr(old.value))
                small += map(_small, (*self.plan.final, "return")) if leaves else [new]
            elif isinstance(old, cst.Return):
                replacement = self.returns.pop(0)
                assert isinstance(new, cst.Return)
                if replacement.evaluate and new.value is not None:
                    before += [*small, _evaluated(new.value)]
                    small = []
                *first, last = [_small(text) for text in replacement.statements]
                if first:
                    before += [*small, *first]
                    small = []
                small.append(last)
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
            and mangled(node.target.attr.value, self.plan.owner) not in self.plan.names
        )

    def _is_next(self, node: cst.BaseSmallStatement) -> bool:
        return self._calls(node, "next")

    def _is_merge(self, node: cst.BaseSmallStatement) -> bool:
        return self._calls(node, "merge_artifacts")

    def _calls(self, node: cst.BaseSmallStatement, method: str) -> bool:
        return (
            isinstance(node, cst.Expr)
            and isinstance(node.value, cst.Call)
            and _dotted(node.value.func) == f"{self.self_name}.{method}"
        )


def _dotted(node: cst.BaseExpression) -> str:
    """``a.b.c``, or nothing for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        owner = _dotted(node.value)
        return f"{owner}.{node.attr.value}" if owner else ""
    return ""


def _parenthesized(made: cst.BaseExpression, like: cst.Attribute | cst.Call) -> cst.BaseExpression:
    """An expression with the parentheses that the one in its place has."""
    return made.with_changes(lpar=[*like.lpar, *made.lpar], rpar=[*made.rpar, *like.rpar])


def _answered(
    plan: AskPlan, whether: bool, default: cst.BaseExpression | None
) -> cst.BaseExpression:
    """What ``hasattr`` (``whether``) or ``getattr`` of an artifact comes to."""
    local = cst.parse_expression(plan.local)
    if plan.answer is not None and whether:
        return cst.Name(str(plan.answer))
    if plan.answer is True or (default is None and not whether):
        return local
    if plan.answer is False:
        assert default is not None
        return default
    if plan.unset and whether:
        return _in_parentheses(cst.parse_expression(f"{plan.local} is not {plan.unset}"))
    if plan.unset:
        assert default is not None
        test = cst.parse_expression(f"{plan.local} is {plan.unset}")
        return _in_parentheses(cst.IfExp(test=test, body=default, orelse=local))
    if whether:
        return _in_parentheses(cst.parse_expression(f"{plan.local!r} in locals()"))
    assert default is not None
    call = cst.ensure_type(cst.parse_expression(f"locals().get({plan.local!r}, None)"), cst.Call)
    return call.with_changes(args=[call.args[0], cst.Arg(default)])


def _in_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


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
