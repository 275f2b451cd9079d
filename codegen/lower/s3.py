"""``metaflow.S3``: the parts that the prelude must have for it, and what has no counterpart.

Source: metaflow/plugins/datatools/s3/s3.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from codegen.diagnostics import Diagnostics, Position
from codegen.model import Flow, Step
from codegen.parse.names import place
from codegen.parse.uses import Use, body_uses, outermost, s3_of_run, uses
from codegen.symbols import Symbols

#: The part of the prelude's S3 → the methods that are in it.
_PARTS = {
    "S3Trees": ("get_all", "get_recursive"),
    "S3Reads": ("get", "get_many"),
    "S3Lists": ("list_paths", "list_recursive"),
    "S3Infos": ("info",),
    "S3Writes": ("put", "put_files", "put_many"),
}

#: What objects have in Metaflow beside what the prelude's have.
_ATTRIBUTES = frozenset(
    {"content_type", "encryption", "has_info", "last_modified", "metadata", "range_info"}
)
_ARGUMENTS = frozenset({"content_type", "metadata"})
_METHODS = frozenset({name for names in _PARTS.values() for name in names})


def note_s3(texts: Iterable[str], symbols: Symbols) -> None:
    """Ask for the parts of S3 that the author's code mentions."""
    if not symbols.uses("S3"):
        return
    text = "\n".join(texts)
    for part, names in _PARTS.items():
        if any(f".{name}" in text for name in names):
            symbols.need(part)


def check_s3(flow: Flow, s3root: str | None, diagnostics: Diagnostics) -> None:
    """Report what the prelude's S3 does not do; ``s3root`` is where the files of runs are."""
    names = flow.module.metaflow
    roots: list[tuple[ast.AST, list[Use], str | None]] = [
        (node, list(uses(node, outermost(names))), None)
        for node in (*flow.module.kept, *(each.node for each in flow.nested.values()))
    ]
    runs: set[int] = set()
    for method in flow.methods:
        step = method.name if isinstance(method, Step) else None
        roots.append((method.node, list(body_uses(method.node, names)), step))
        for own in s3_of_run(method.node, method.self_name, names):
            runs.add(id(own))
            if advice := _no_root(s3root):
                message = "S3(run=self) keeps files at a place that the source does not name"
                diagnostics.add("MF672", Position(*place(own)), message, advice, step)
    for root, found, step in roots:
        classes = {id(use.node) for use in found if use.dotted == "metaflow.S3"}
        for node, message, advice in _problems(root, classes, runs) if classes else ():
            diagnostics.add("MF672", Position(*place(node)), message, advice, step)


def _no_root(s3root: str | None) -> str:
    """What to do if the root of all runs' files is not known."""
    if s3root is None:
        return "Give the DATATOOLS_S3ROOT of your Metaflow with --s3root s3://bucket/data."
    if not re.fullmatch(r"s3://[^/]+(/.*)?", s3root):
        return f"Give a URL with --s3root, such as s3://bucket/data: {s3root!r} is none."
    return ""


def _problems(
    root: ast.AST, classes: set[int], runs: set[int]
) -> Iterator[tuple[ast.AST, str, str]]:
    for node in ast.walk(root):
        if isinstance(node, ast.Call) and id(node.func) in classes:
            given = [*node.args[1:], *(word.value for word in node.keywords if not _plain(word))]
            words = {word.arg: word.value for word in node.keywords}
            if id(words.get("run")) in runs and "s3root" in words:
                message = "with run=self, Metaflow does nothing with s3root"
                yield words["s3root"], message, "Remove one of the two."
            for value in (value for value in given if id(value) not in runs):
                yield (
                    value,
                    "of the arguments of S3, only s3root, tmproot and run=self are translated",
                    "Give the place in full, such as "
                    's3root=f"s3://bucket/data/{current.flow_name}/{current.run_id}".',
                )
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            for word in node.keywords if node.func.attr in _METHODS else ():
                if word.arg in _ARGUMENTS:
                    message = f"S3.{node.func.attr} has no argument {word.arg} here"
                    yield word.value, message, "Leave it out, or use fsspec or boto3 for it."
        elif isinstance(node, ast.Attribute) and node.attr in _ATTRIBUTES:
            if isinstance(node.ctx, ast.Load) and not _of_self(node):
                message = f"objects of S3 do not have {node.attr} here"
                yield (
                    node,
                    message,
                    "Use fsspec or boto3 for it, or another name if it is not S3's.",
                )
        elif isinstance(node, ast.Attribute) and node.attr == "info_many":
            yield node, "S3.info_many is not translated", "Call S3.info for each key."


def _plain(word: ast.keyword) -> bool:
    return word.arg in ("s3root", "tmproot")


def _of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"
