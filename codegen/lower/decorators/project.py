"""``@project(name, branch, production)``: metaflow/plugins/project_decorator.py."""

from __future__ import annotations

import re
from typing import Any

from codegen.analyse.evaluate import unordered
from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import FlowSettings
from codegen.lower.settings.project import Project

_LONGEST = 128


def project(arguments: Arguments, settings: FlowSettings) -> None:
    """The project and its branch, with the options of mf-codegen that stand for Metaflow's."""
    options = settings.options
    name = arguments.value("name")
    if not name:
        raise arguments.refuse("name", "a project needs a name", "Write @project(name='…').")
    _check(arguments, "name", name)
    branch = _chosen(arguments, "branch", options.branch, None)
    production = _chosen(arguments, "production", options.production, False)
    if unordered(production):
        message = f"production={production!r} differs from run to run"
        raise arguments.refuse("production", message, "Write True or False.", "MF301")
    full: str | None = "prod" if production else None
    if branch:
        _check(arguments, "branch", branch)
        full = f"{'prod' if production else 'test'}.{branch}"
    given = {"branch": f"--branch={options.branch}", "production": "--production"}
    settings.project = Project(
        name=name,
        branch=full,
        production=repr(production),
        user_branch=branch is None and not production,
        given=tuple(
            text
            for option, text in given.items()
            if getattr(options, option) and option not in arguments.decorator.arguments
        ),
        position=arguments.decorator.position,
    )


def _chosen(arguments: Arguments, name: str, option: Any, default: Any) -> Any:
    """The attribute, else the option of the command line; both must not differ."""
    if name not in arguments.decorator.arguments:
        return option
    value = arguments.value(name)
    if option not in (default, value):
        raise arguments.refuse(
            name,
            f"{name} is {value!r} here, but the command line has another one with --{name}",
            f"Leave out --{name}, or the attribute.",
        )
    return value


def _check(arguments: Arguments, name: str, value: Any) -> None:
    """Metaflow's rule for names; a branch may stem from the command line."""
    if not isinstance(value, str) or re.search("[^a-z0-9_]", value):
        raise arguments.refuse(
            name,
            f"the {name} {value!r} has something else than lowercase letters, digits and _",
            "Use these characters only.",
        )
    if len(value) > _LONGEST:
        raise arguments.refuse(
            name,
            f"the {name} has {len(value)} characters",
            f"Use at most {_LONGEST}.",
        )
