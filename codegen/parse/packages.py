"""The modules beside the flow that the generated module imports, and whether Flyte finds them.

Flyte packs the folder that a module belongs to, which is the first one above it without an
``__init__.py``, and imports all modules from there (flytekit/tools/module_loader.py).
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from codegen.diagnostics import Diagnostics, Position
from codegen.parse.names import place
from codegen.parse.siblings import Siblings, Source

_Import = ast.Import | ast.ImportFrom


def local_modules(
    roots: Iterable[ast.AST], siblings: Siblings, diagnostics: Diagnostics
) -> tuple[str, ...]:
    """The files that code in the place of the flow's file needs, as paths from its folder.

    Reports imports that work where the flow stands, but not in what is registered.
    """
    found: dict[Source, None] = {}
    for node in _imports(roots):
        for module in siblings.imported(siblings.flow, node):
            if not siblings.needs_metaflow(module):
                _check(node, module, siblings, diagnostics)
                found.setdefault(module)
    waiting = list(found)
    while waiting:
        source = waiting.pop()
        for node in _imports([source.abstract]):
            for module in siblings.imported(source, node):
                if module not in found:
                    found[module] = None
                    waiting.append(module)
    return tuple(sorted(module.file for module in found))


def _imports(roots: Iterable[ast.AST]) -> Iterator[_Import]:
    for root in roots:
        for node in ast.walk(root):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield node


def _check(node: _Import, module: Source, siblings: Siblings, diagnostics: Diagnostics) -> None:
    assert siblings.folder is not None
    folder = root = siblings.folder.absolute()
    while (root / "__init__.py").is_file():
        root = root.parent
    package = root != folder
    relative = isinstance(node, ast.ImportFrom) and node.level > 0
    path = Path(os.path.normpath(folder / module.file))
    place_ = root.joinpath(*module.name.parts)
    beside = package and path.is_relative_to(root) and path.parent != root
    if beside if relative else path in (place_.with_suffix(".py"), place_ / "__init__.py"):
        return
    if relative and not package:
        why = "the folder of the flow is no package"
        advice = "Use an absolute import, or put an __init__.py beside the flow."
    elif package and not relative:
        why = "the folder of the flow is a package, so that Flyte imports from the folder above"
        advice = "Use a relative import, or remove the __init__.py beside the flow."
    else:
        why = "it is not in the folder of the flow, which is all that Flyte packs"
        advice = "Put the generated module beside it, or make the folders between packages."
    diagnostics.add(
        "MF703",
        Position(*place(node)),
        f"the registered workflow does not find {module.file}: {why}",
        advice,
    )
