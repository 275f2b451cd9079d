"""Pairs the two syntax trees of a source: ``ast`` for analysis, libcst for text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

import libcst as cst

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement

#: Comments for tools, about the lines below them or about cells of an editor.
_LAYOUT = re.compile(r"#\s*(fmt|isort|yapf)\s*:|#\s*%%\s*$")
#: Comments for tools, about the line that they stand on.
_OF_A_LINE = re.compile(r"#\s*(fmt|isort|mypy|noqa|nosec|pragma|pylint|pyright|type|yapf)\b")


def paired(
    concrete: Sequence[cst.BaseStatement], abstract: Sequence[ast.stmt]
) -> Iterator[tuple[Statement, list[ast.stmt]]]:
    """Each statement line of libcst with the ``ast`` statements on it (``a; b`` are two)."""
    rest = iter(abstract)
    for statement in concrete:
        assert isinstance(statement, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
        size = len(statement.body) if isinstance(statement, cst.SimpleStatementLine) else 1
        yield statement, [next(rest) for _ in range(size)]


def comments(lines: Sequence[cst.EmptyLine]) -> tuple[str, ...]:
    """The comments, each with its ``#``, on lines that hold nothing else; without those that tell
    tools where lines begin that they leave alone, since the lines go elsewhere."""
    found = [line.comment.value for line in lines if line.comment]
    return tuple(text for text in found if not _LAYOUT.match(text))


def behind(line: cst.TrailingWhitespace) -> tuple[str, ...]:
    """The comment behind some code, as a tuple of none or one; without what tells tools about
    the line."""
    if line.comment is None or _OF_A_LINE.match(line.comment.value):
        return ()
    return (line.comment.value,)


def trailing(statement: Statement) -> tuple[str, ...]:
    """The comment behind a simple statement, as a tuple of none or one."""
    if isinstance(statement, cst.SimpleStatementLine):
        return behind(statement.trailing_whitespace)
    return ()


def code(statements: Sequence[Statement]) -> str:
    """The text of statements at the margin, with their comments."""
    return cst.Module(body=list(statements), default_indent="    ").code
