"""Names of Metaflow's library in code that stays: the helpers of the prelude in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import libcst as cst

from codegen.library import LIBRARY, known_part
from codegen.symbols import Symbols

_Node = TypeVar("_Node", bound=cst.CSTNode)


class Library:
    """Replaces them; ``names`` are the local names of Metaflow's library."""

    def __init__(self, names: Mapping[str, str], symbols: Symbols) -> None:
        self.names = {
            local: dotted
            for local, dotted in names.items()
            if any(f"{known}.".startswith(f"{dotted}.") for known in LIBRARY)
        }
        self.symbols = symbols
        #: The names that have been replaced so far.
        self.used: set[str] = set()

    def text(self, code: str) -> str:
        """The text of a module, or of a part of one."""
        if not any(name in code for name in self.names):
            return code
        return self.node(cst.parse_module(code)).code

    def node(self, node: _Node) -> _Node:
        """A piece of syntax."""
        if not self.names:
            return node
        changed = node.visit(_Replacer(self))
        assert isinstance(changed, type(node))
        return changed

    def expression(self, dotted: str) -> str:
        """What stands for a name that has a counterpart."""
        self.used.add(dotted)
        counterpart = LIBRARY[dotted]
        return counterpart.text.format(self.symbols.use(counterpart.helper))


class _Replacer(cst.CSTTransformer):
    def __init__(self, library: Library) -> None:
        super().__init__()
        self.library = library
        self.plain: set[int] = set()  # names that are no expressions

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self.plain.add(id(node.attr))

    def visit_Arg(self, node: cst.Arg) -> None:
        if node.keyword is not None:
            self.plain.add(id(node.keyword))

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if id(original_node) in self.plain:
            return updated_node
        return self._replaced(original_node, updated_node)

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return self._replaced(original_node, updated_node)

    def _replaced(
        self, original: cst.Attribute | cst.Name, updated: cst.Attribute | cst.Name
    ) -> cst.BaseExpression:
        dotted = self._dotted(original)
        if dotted is None or known_part(dotted) != dotted:
            return updated
        made = cst.parse_expression(self.library.expression(dotted))
        return made.with_changes(lpar=[*updated.lpar, *made.lpar], rpar=[*made.rpar, *updated.rpar])

    def _dotted(self, node: cst.BaseExpression) -> str | None:
        if isinstance(node, cst.Name):
            return self.library.names.get(node.value)
        if isinstance(node, cst.Attribute):
            owner = self._dotted(node.value)
            return f"{owner}.{node.attr.value}" if owner else None
        return None
