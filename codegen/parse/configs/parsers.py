"""Parsers of configs that are known by name: Metaflow's own, and those of libraries.

Source: metaflow/plugins/parsers.py and metaflow/plugins/pypi/parsers.py.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

_COMMENT = re.compile(r"\s+#.*$")
_CONDA_LINE = re.compile(r"^([A-Za-z0-9_\-\.]+)(\s*[=<>!~].+\s*)?$")


class Unparsable(Exception):
    """The text is not what the parser reads."""


def parse_json(text: str) -> Any:
    """What ``json.loads`` gives."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise Unparsable(f"is not valid JSON: {error}") from error


def parse_yaml(text: str) -> Any:
    """What ``yaml.safe_load`` gives."""
    import yaml

    try:
        return yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise Unparsable(f"is not valid YAML: {error}") from error


def parse_toml(text: str) -> Any:
    """What ``tomllib.loads`` gives."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise Unparsable(f"is not valid TOML: {error}") from error


def parse_literal(text: str) -> Any:
    """What ``ast.literal_eval`` gives."""
    try:
        return ast.literal_eval(text)
    except (MemoryError, SyntaxError, TypeError, ValueError) as error:
        raise Unparsable(f"is no Python literal: {error}") from error


def parse_requirements(text: str) -> Any:
    """The packages of a requirements.txt, with the version of Python that it may name."""
    found = _Packages()
    for line in _lines(text):
        if line != "-e file:.":  # Rye writes such lines
            found.add(line, " =")
    return found.result()


def parse_pyproject(text: str) -> Any:
    """The packages of a pyproject.toml: ``project.dependencies`` and ``requires-python``."""
    project = parse_toml(text).get("project", {})
    if not isinstance(project, dict):
        raise Unparsable("has a project that is no table")
    python, lines = project.get("requires-python"), project.get("dependencies", [])
    known = isinstance(lines, list) and all(isinstance(line, str) for line in lines)
    if not known or not isinstance(python, (str, type(None))):
        raise Unparsable("has a table [project] that is not as PEP 621 has it")
    found = _Packages()
    if python is not None:
        found.python = python.lstrip("=").strip()
    for line in lines:
        found.add(line.strip(), "=")
    return found.result()


def parse_conda(text: str) -> Any:
    """The packages of an environment.yml, of which only plain dependencies are read."""
    found = _Packages()
    inside = False
    for line in _lines(text):
        if line.lower().startswith("dependencies:"):
            inside = True
            continue
        inside = inside and line.startswith("-")
        if not inside:
            continue
        given = line.lstrip("-").strip()
        if given.endswith(":"):
            raise Unparsable(f"has the subsection {given!r}, which Metaflow does not read")
        match = _CONDA_LINE.match(given)
        if match is None:
            raise Unparsable(f"has the line {given!r}, which names no conda package")
        version = (match[2] or "").strip()
        if version.startswith("="):
            version = version.lstrip("=").strip()
        if match[1].lower() == "python":
            if found.python is not None and version:
                raise Unparsable(f"names several versions of Python: {given!r}")
            found.python = version
        else:
            found.packages[match[1]] = version
    return found.result()


class _Packages:
    def __init__(self) -> None:
        self.packages: dict[str, str] = {}
        self.python: str | None = None

    def add(self, line: str, stripped: str) -> None:
        """Add a requirement as PEP 508 has it; ``stripped`` characters go from its version."""
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            found = Requirement(line)
        except InvalidRequirement as error:
            raise Unparsable(f"has {line!r}, which is no requirement of PEP 508") from error
        if found.marker is not None:
            raise Unparsable(f"has environment markers, which Metaflow does not read: {line!r}")
        extras = f"[{','.join(sorted(found.extras))}]" if found.extras else ""
        url = f"@{found.url}" if found.url else ""
        version = str(found.specifier).lstrip(stripped)
        if found.name.lower() == "python":
            if self.python is not None and version:
                raise Unparsable(f"names several versions of Python: {line!r}")
            self.python = version or None
        else:
            self.packages[f"{found.name}{extras}{url}"] = version

    def result(self) -> dict[str, Any]:
        return {"packages": self.packages, "python": self.python}


def _lines(text: str) -> list[str]:
    """The lines of a file without comments and empty ones."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [_COMMENT.sub("", line).strip() for line in lines if not line.startswith("#")]
    return [line for line in lines if line]


_PYPI = "metaflow.plugins.pypi.parsers"

#: Dotted name → parser. Metaflow exports its own at the top of the package as well.
PARSERS: Mapping[str, Callable[[str], Any]] = {
    "json.loads": parse_json,
    "yaml.safe_load": parse_yaml,
    "tomllib.loads": parse_toml,
    "tomli.loads": parse_toml,
    "ast.literal_eval": parse_literal,
    "metaflow.plugins.parsers.yaml_parser": parse_yaml,
    f"{_PYPI}.requirements_txt_parser": parse_requirements,
    f"{_PYPI}.pyproject_toml_parser": parse_pyproject,
    f"{_PYPI}.conda_environment_yml_parser": parse_conda,
    "metaflow.yaml_parser": parse_yaml,
    "metaflow.requirements_txt_parser": parse_requirements,
    "metaflow.pyproject_toml_parser": parse_pyproject,
    "metaflow.conda_environment_yml_parser": parse_conda,
}
