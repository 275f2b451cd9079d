"""Parsers of included files that are given by name, which Metaflow imports when it reads a file."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codegen.diagnostics import Diagnostics, Position
from codegen.model import IncludeFile
from codegen.parse.names import place
from codegen.parse.siblings import Siblings


def parser_imports(
    files: Iterable[IncludeFile], siblings: Siblings, filename: str, diagnostics: Diagnostics
) -> list[ast.ImportFrom]:
    """The imports that stand for such names, but of the flow's own file. Reports those of modules
    that need Metaflow."""
    imports = []
    for file in files:
        argument = file.arguments.get("parser")
        node = argument.node if argument is not None else None
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        module, _, function = node.value.rpartition(".")
        if not module.strip(".") or f"{module}.py" == filename:
            continue
        made = ast.copy_location(ast.ImportFrom(module, [ast.alias(function)], 0), node)
        made.file = place(node)[2]  # type: ignore[attr-defined]
        found = siblings.imported(siblings.flow, made)
        needing = [each for each in found if siblings.needs_metaflow(each)]
        if needing:
            diagnostics.add(
                "MF662",
                Position(*place(node)),
                f"the parser {node.value} is in {needing[0].file}, which needs Metaflow, and the "
                "generated module is without",
                "Move the function to a module of its own.",
            )
        imports.append(made)
    return imports
