"""Which names of a module stand for which parts of Metaflow's library."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from codegen.library import CARD_NAMES, CLIENT, EXCEPTIONS, PUBLIC, S3_MODULES

#: What ``from … import *`` brings, by module; metaflow/__init__.py brings all that it has.
_STARS: Mapping[str, Sequence[str]] = {
    "metaflow": tuple(PUBLIC),
    "metaflow.cards": CARD_NAMES,
    "metaflow.exception": EXCEPTIONS,
}

#: Longer names of what the package exports at its top.
_CANONICAL = {
    "metaflow.decorators.step": "metaflow.step",
    "metaflow.flowspec.FlowSpec": "metaflow.FlowSpec",
    "metaflow.metaflow_current.current": "metaflow.current",
    "metaflow.metaflow_profile.profile": "metaflow.profile",
    "metaflow.multicore_utils.parallel_imap_unordered": "metaflow.parallel_imap_unordered",
    "metaflow.multicore_utils.parallel_map": "metaflow.parallel_map",
    "metaflow.includefile.IncludeFile": "metaflow.IncludeFile",
    "metaflow.parameters.JSONType": "metaflow.JSONType",
    "metaflow.parameters.Parameter": "metaflow.Parameter",
    "metaflow.user_configs.config_parameters.Config": "metaflow.Config",
    "metaflow.user_configs.config_parameters.ConfigValue": "metaflow.ConfigValue",
    "metaflow.user_configs.config_parameters.config_expr": "metaflow.config_expr",
    **{f"metaflow.client.{name}": f"metaflow.{name}" for name in CLIENT},
    **{f"{module}.S3": "metaflow.S3" for module in S3_MODULES},
}


def place(node: ast.AST) -> tuple[int, int, str]:
    """Line and column, from 1, of a syntax node that has them, and the file that it is in."""
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
    return line, column, getattr(node, "file", "")


def mark_file(module: ast.Module, file: str) -> None:
    """Let ``place`` find the file of every node; those of the flow's own file have no mark."""
    for node in ast.walk(module):
        if hasattr(node, "lineno"):  # others, such as ast.Load(), are shared by all trees
            node.file = file  # type: ignore[attr-defined]


def count_characters(module: ast.Module, text: str) -> None:
    """Let the columns of all nodes count characters; Python's parser counts bytes of UTF-8."""
    if text.isascii():
        return
    lines = [line.encode("utf-8") for line in text.split("\n")]
    for node in ast.walk(module):
        column = getattr(node, "col_offset", None)
        if column is not None:
            line = lines[node.lineno - 1]  # type: ignore[attr-defined]
            node.col_offset = len(line[:column].decode("utf-8", "ignore"))  # type: ignore[attr-defined]


def mangled(attribute: str, owner: str) -> str:
    """The name under which Python stores an attribute that the body of a class mentions; code
    outside of classes has no ``owner``."""
    if owner and attribute.startswith("__") and not attribute.endswith("__"):
        return f"_{owner.lstrip('_')}{attribute}"
    return attribute


def source_name(name: str) -> str:
    """An attribute as the source has it, where Python has made it private to a class."""
    if name.startswith("_") and "__" in name[1:]:
        return name[name.index("__", 1) :] if not name.startswith("__") else name
    return name


def of_metaflow(node: ast.stmt) -> bool:
    """Whether a statement imports from the metaflow package (in part, for ``import a, b``)."""
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and (node.module or "").split(".")[0] == "metaflow"
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] == "metaflow" for alias in node.names)
    return False


def metaflow_names(statements: Iterable[ast.stmt]) -> dict[str, str]:
    """Local name → dotted name in Metaflow, for every import in ``statements`` and in blocks
    at their level."""
    names: dict[str, str] = {}
    statements = list(statements)
    for node in statements:
        if isinstance(node, (ast.If, ast.Try)):
            blocks = [node.body, node.orelse]
            if isinstance(node, ast.Try):
                blocks += [handler.body for handler in node.handlers] + [node.finalbody]
            for block in blocks:
                names.update(metaflow_names(block))
        if not of_metaflow(node):
            continue
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == "*":
                    others = (other for other in statements if other is not node)
                    own = {name for other in others for name in binds(other)}
                    starred = set(_STARS.get(node.module or "", ())) - own
                    names.update({name: f"{node.module}.{name}" for name in sorted(starred)})
                else:
                    dotted = f"{node.module}.{alias.name}"
                    names[alias.asname or alias.name] = resolve_dotted(dotted)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "metaflow":
                    names[alias.asname or "metaflow"] = alias.name if alias.asname else "metaflow"
    return names


def resolve(node: ast.expr, names: Mapping[str, str]) -> str | None:
    """The dotted Metaflow name that an expression like ``mf.step`` stands for, or None."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        base = resolve(node.value, names)
        return resolve_dotted(f"{base}.{node.attr}") if base else None
    return None


def resolve_dotted(dotted: str) -> str:
    """The name that the package itself has for something, if it has one."""
    return _CANONICAL.get(dotted, dotted)


_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def binds(node: ast.AST) -> Iterator[str]:
    """The names that a statement at the top level of a module binds there; ``*`` for a star."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.split(".")[0]
    elif isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif not isinstance(node, _SCOPES):
        if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name
        if isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        for child in ast.iter_child_nodes(node):
            yield from binds(child)


def is_main_guard(node: ast.stmt) -> bool:
    """Whether a statement is ``if __name__ == "__main__":``, either way round."""
    if not (isinstance(node, ast.If) and isinstance(node.test, ast.Compare)):
        return False
    sides = [node.test.left, *node.test.comparators]
    return (
        [type(operator) for operator in node.test.ops] == [ast.Eq]
        and any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
        and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
    )


def starts(node: ast.AST) -> str | None:
    """The class that a statement like ``TrainFlow()`` starts: it parses the command line."""
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
    ):
        return node.value.func.id
    return None


def assigned_pairs(
    target: ast.expr, value: ast.expr | None
) -> list[tuple[ast.expr, ast.expr | None]]:
    """Single targets with their values, where an unpacked tuple is written out."""
    if not isinstance(target, (ast.Tuple, ast.List)):
        return [(target.value if isinstance(target, ast.Starred) else target, value)]
    values: Sequence[ast.expr | None] = [None] * len(target.elts)
    if (
        isinstance(value, (ast.Tuple, ast.List))
        and len(value.elts) == len(target.elts)
        and not any(isinstance(part, ast.Starred) for part in [*target.elts, *value.elts])
    ):
        values = value.elts
    found: list[tuple[ast.expr, ast.expr | None]] = []
    for part, part_value in zip(target.elts, values, strict=True):
        found += assigned_pairs(part, part_value)
    return found
