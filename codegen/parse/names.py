"""Which names of a module stand for which parts of Metaflow's library."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

#: What ``from metaflow import *`` brings (metaflow/__init__.py).
STAR = (
    "Config", "DataArtifact", "DeployedFlow", "Deployer", "Flow", "FlowMutator", "FlowSpec",
    "IncludeFile", "JSONType", "Metaflow", "NBDeployer", "NBRunner", "Parameter", "Run", "Runner",
    "S3", "Step", "StepMutator", "Task", "UserStepDecorator", "airflow_external_task_sensor",
    "airflow_s3_key_sensor", "batch", "card", "catch", "conda", "conda_base", "config_expr",
    "current", "default_metadata", "default_namespace", "environment", "exit_hook",
    "get_metadata", "get_namespace", "kubernetes", "metadata", "namespace", "parallel",
    "parallel_imap_unordered", "parallel_map", "profile", "project", "pypi", "pypi_base",
    "pytorch_parallel", "resources", "retry", "schedule", "secrets", "step", "timeout", "trigger",
    "trigger_on_finish", "user_step_decorator",
)  # fmt: skip

#: Longer names of what the package exports at its top.
_CANONICAL = {
    "metaflow.decorators.step": "metaflow.step",
    "metaflow.flowspec.FlowSpec": "metaflow.FlowSpec",
    "metaflow.parameters.JSONType": "metaflow.JSONType",
    "metaflow.parameters.Parameter": "metaflow.Parameter",
}


def place(node: ast.AST) -> tuple[int, int]:
    """Line and column, from 1, of a syntax node that has them."""
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1


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


def mangled(attribute: str, flow: str) -> str:
    """The name under which Python stores an attribute that the body of a class mentions."""
    if attribute.startswith("__") and not attribute.endswith("__"):
        return f"_{flow.lstrip('_')}{attribute}"
    return attribute


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
                    names.update({name: f"{node.module}.{name}" for name in STAR})
                else:
                    dotted = f"{node.module}.{alias.name}"
                    names[alias.asname or alias.name] = _CANONICAL.get(dotted, dotted)
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
        dotted = f"{base}.{node.attr}"
        return _CANONICAL.get(dotted, dotted) if base else None
    return None


def references(node: ast.AST, names: Mapping[str, str]) -> Iterator[tuple[ast.expr, str]]:
    """Each use of a Metaflow name below ``node``: the outermost expression and its dotted name."""
    if isinstance(node, ast.expr):
        resolved = resolve(node, names)
        if resolved and isinstance(getattr(node, "ctx", None), ast.Load):
            yield node, resolved
            return
    for child in ast.iter_child_nodes(node):
        yield from references(child, names)
