"""``{x=}`` in f-strings, where ``x`` becomes something else."""

from __future__ import annotations

import libcst as cst


def shown_first(
    original: cst.FormattedStringExpression, updated: cst.FormattedStringExpression
) -> cst.FlattenSentinel[cst.BaseFormattedStringContent]:
    """The source of an expression, which must stay what it was, before its value."""
    source = cst.Module([]).code_for_node(original.with_changes(conversion=None, format_spec=None))
    shown = source.strip("{}").replace("{", "{{").replace("}", "}}")
    plain = updated.conversion is None and updated.format_spec is None
    return cst.FlattenSentinel(
        [
            cst.FormattedStringText(shown),
            updated.with_changes(equal=None, conversion="r" if plain else updated.conversion),
        ]
    )
