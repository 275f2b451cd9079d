"""Pairs the two syntax trees of a source: ``ast`` for analysis, libcst for text."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import libcst as cst

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


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
    """The comments, each with its ``#``, on lines that hold nothing else."""
    return tuple(line.comment.value for line in lines if line.comment)


def trailing(statement: Statement) -> tuple[str, ...]:
    """The comment behind a simple statement, as a tuple of none or one."""
    if isinstance(statement, cst.SimpleStatementLine):
        comment = statement.trailing_whitespace.comment
        return (comment.value,) if comment else ()
    return ()


def code(statements: Sequence[Statement]) -> str:
    """The text of statements at the margin, with their comments."""
    return cst.Module(body=list(statements), default_indent="    ").code
