"""What @project makes known: metaflow/plugins/project_decorator.py."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.diagnostics import Diagnostic, Diagnostics, Position
from codegen.flyte import ProjectNames
from codegen.library import PROJECT_NAMES
from codegen.model import Flow
from codegen.parse.names import place
from codegen.parse.uses import Use, outermost, uses
from codegen.symbols import Symbols

#: Characters of the name of a project in Flyte, which is a label of a host name (RFC 1123).
_LONGEST = 63

#: These say where a run belongs, so they differ from user to user.
_OF_USER = {"metaflow.current.branch_name", "metaflow.current.project_flow_name"}


@dataclass
class Project:
    """``branch`` is None where it is that of the user; ``production`` is a Python expression.

    ``given`` are the options of mf-codegen that count, ``position`` is that of the decorator.
    """

    name: str
    branch: str | None
    production: str
    user_branch: bool
    given: tuple[str, ...]
    position: Position
    warning: Diagnostic | None = None

    @property
    def register(self) -> str:
        """Options of ``pyflyte register``, with a space behind."""
        label = self.name.replace("_", "-").strip("-")[:_LONGEST].rstrip("-")
        production = self.branch is not None and self.branch.split(".")[0] == "prod"
        domain = "production" if production else "development"
        return f"{f'--project {label} ' if label else ''}--domain {domain} "

    def names(self, flow: str, symbols: Symbols) -> ProjectNames:
        """What stands for ``current`` in the module; ``flow`` is empty if it needs no name."""
        shown = f" with {' '.join(self.given)}" if self.given else ""
        if self.branch is None:
            branch = f'f"user.{{{symbols.use("metaflow_user")}()}}"'
        else:
            branch = repr(self.branch)
        return ProjectNames(
            docstring=f"What current says of @project{shown}.",
            name=repr(self.name),
            branch=branch,
            is_production=self.production,
            is_user_branch=repr(self.user_branch),
            flow_name=f'f"{{name}}.{{branch}}.{flow}"' if flow else "",
            comments=tuple(self.warning.comment()) if self.warning else (),
        )


def check_project_names(flow: Flow, project: Project | None, diagnostics: Diagnostics) -> None:
    """Report names of ``current`` that are not there, or that nobody but a run can tell."""
    early: list[ast.AST] = [*flow.module.kept, *(found.node for found in flow.nested.values())]
    early += [constant.value for constant in flow.constants.values()]
    for root in early:
        for use, dotted in _uses(root, flow):
            if use.depth:
                continue
            diagnostics.add(
                "MF503",
                Position(*place(use.node)),
                f"{dotted} is not there when the module is imported, as Metaflow sets it later",
                "Move it into a step, or into a function that the steps call.",
            )
    roots = [*early, *(method.node for method in flow.methods)]
    found = [use for root in roots for use in _uses(root, flow)]
    if project is None:
        for use, dotted in found:
            diagnostics.add(
                "MF503",
                Position(*place(use.node)),
                f"{dotted} is not there, as {flow.name} has no @project",
                "Add @project(name='…') above the flow.",
            )
    elif project.branch is None and any(dotted in _OF_USER for _, dotted in found):
        project.warning = diagnostics.add(
            "MF640",
            project.position,
            "the branch is that of whoever runs the workflow, and a container on Flyte does not "
            "know who that is",
            "Translate it with --branch NAME or --production, or name the user with "
            "pyflyte run --env METAFLOW_OWNER=….",
        )


def _uses(root: ast.AST, flow: Flow) -> Iterator[tuple[Use, str]]:
    """Each use of a name that @project sets."""
    for use in uses(root, outermost(flow.module.metaflow)):
        found = next(
            (name for name in PROJECT_NAMES if f"{use.dotted}.".startswith(f"{name}.")), None
        )
        if found is not None:
            yield use, found
