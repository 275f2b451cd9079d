"""The values that are given to configs from outside the flow: on the command line, or in
Metaflow's environment variables. Source: metaflow/user_configs/config_options.py."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.diagnostics import Diagnostics, Position

_ADVICE = "Give each Config of the flow once: --config NAME FILE or --config-value NAME JSON."

#: The options, each with the variable that stands for it where it is not given.
FILES = ("--config", "METAFLOW_FLOW_CONFIG")
VALUES = ("--config-value", "METAFLOW_FLOW_CONFIG_VALUE")


@dataclass(frozen=True)
class ConfigOptions:
    """What the command line gives: names with files and with text; files are looked for in
    ``folder``, else where the translation runs."""

    files: Sequence[tuple[str, str]] = ()
    values: Sequence[tuple[str, str]] = ()
    folder: Path | None = None


@dataclass(frozen=True)
class GivenConfig:
    """The value of one config: a ``file`` or else text, and which of the names in ``FILES`` and
    ``VALUES`` gives it."""

    text: str
    is_file: bool
    source: str


def given_configs(
    options: ConfigOptions,
    names: Collection[str],
    others: Collection[str],
    where: Position,
    diagnostics: Diagnostics,
) -> dict[str, GivenConfig]:
    """What is given to the configs with these ``names``; reports what fits neither them nor those
    of ``others``, which are flows in the same file."""
    found: dict[str, GivenConfig] = {}
    for sources, pairs, is_file in ((FILES, options.files, True), (VALUES, options.values, False)):
        option, variable = sources
        source = option if pairs or not names else variable
        for name, text in pairs or _variable(source, names, where, diagnostics):
            if name not in names and name in others:
                continue
            if name not in names:
                listed = ", ".join(sorted(set(names)))
                has = f"the flow's Configs are {listed}" if names else "the flow has no Config"
                message = f"{source} names {name}, but {has}"
                diagnostics.add("MF656", where, message, _ADVICE)
            elif name in found and found[name].is_file is not is_file:
                message = f"{name} is given a file by {found[name].source} and a value by {source}"
                diagnostics.add("MF656", where, message, _ADVICE)
            else:
                found[name] = GivenConfig(text, is_file, source)
    return found


def _variable(
    variable: str, names: Collection[str], where: Position, diagnostics: Diagnostics
) -> list[tuple[str, str]]:
    """The pairs in a variable of the environment; a flow without configs does not look there."""
    text = os.environ.get(variable) if names else None
    if not text:
        return []
    try:
        pairs = json.loads(text)
        if not isinstance(pairs, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        message = f"the environment variable {variable} is not JSON as Metaflow wants it: {error}"
        diagnostics.add("MF656", where, message, 'Write it like {"name": …}, or unset it.')
        return []
    return [(k, v if isinstance(v, str) else json.dumps(v)) for k, v in pairs.items()]
