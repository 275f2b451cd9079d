"""Every attribute of every decorator of Metaflow counts: it changes the module, or a message at its
place says why not; and the documentation has a row for it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from codegen import Translation, translate
from codegen.parse import table

DOCS = Path(__file__).resolve().parents[1] / "docs"

EVERY: Mapping[str, Mapping[str, Any]] = {**table.STEP_DECORATORS, **table.FLOW_DECORATORS}
ATTRIBUTES = [(name, attribute) for name, known in EVERY.items() for attribute in known]

#: What a decorator needs beside the attribute that is tried.
NEEDED = {
    "airflow_external_task_sensor": {"external_dag_id": "'daily'"},
    "airflow_s3_key_sensor": {"bucket_key": "'s3://bids/today/done'"},
    "exit_hook": {"on_error": "[hook]"},
    "project": {"name": "'weather'"},
    "secrets": {"sources": "[{'type': 'inline', 'id': 'x', 'options': {'env_vars': {'A': '1'}}}]"},
    "timeout": {"minutes": "90"},
    "trigger": {"event": "'data'"},
    "trigger_on_finish": {"flow": "'Upstream'"},
}
#: Attributes that go with some others only.
TOGETHER = {
    ("batch", "tmpfs_tempdir"): {"use_tmpfs": "True"},
    ("batch", "tmpfs_path"): {"use_tmpfs": "True"},
    ("batch", "swappiness"): {"max_swap": "100"},
    ("batch", "log_options"): {"log_driver": "'fluentd'"},
    ("kubernetes", "gpu_vendor"): {"gpu": "1"},
    ("kubernetes", "tmpfs_tempdir"): {"use_tmpfs": "True"},
    ("kubernetes", "tmpfs_path"): {"use_tmpfs": "True"},
    ("project", "branch"): {"production": "True"},
}
#: Instead of these, as both may not be given.
INSTEAD = {("trigger", "events"): "event", ("trigger_on_finish", "flows"): "flow"}

#: Decorators that are refused as a whole.
REFUSED = {
    "airflow_external_task_sensor", "airflow_internal", "airflow_s3_key_sensor",
    "argo_workflows_internal", "pytorch_parallel", "step_functions_internal",
    "unbounded_test_foreach_internal",
}  # fmt: skip

#: Decorators of which a warning says that the module does without them.
LEFT_OUT = {"trigger": {"MF645"}, "trigger_on_finish": {"MF646"}}

FLOW = """\
from metaflow import FlowSpec, {name}, step

from elsewhere import unknowable


def hook():
    print(unknowable)


{above_flow}class TheFlow(FlowSpec):
{above_step}    @step
    def start(self):
        self.x = unknowable
        self.next(self.end)

    @step
    def end(self):
        print(self.x)
"""


def given(name: str, arguments: Mapping[str, str]) -> tuple[str, Translation]:
    """A flow with the decorator, an argument a line, and its translation."""
    lines = [f"    {key}={value}," for key, value in arguments.items()]
    text = "\n".join([f"@{name}(", *lines, ")\n"]) if lines else f"@{name}\n"
    on_step = name in table.STEP_DECORATORS
    step = "".join(f"    {line}\n" for line in text.splitlines()) if on_step else ""
    source = FLOW.format(name=name, above_flow="" if on_step else text, above_step=step)
    return source, translate(source, "flow.py")


def arguments_of(name: str, attribute: str, value: str) -> dict[str, str]:
    """The arguments of a decorator with the one that is tried last."""
    others = {**NEEDED.get(name, {}), **TOGETHER.get((name, attribute), {})}
    others.pop(attribute, None)
    others.pop(INSTEAD.get((name, attribute), ""), None)
    return {**others, attribute: value}


def without(attribute: str, arguments: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in arguments.items() if name != attribute}


def is_refused(result: Translation) -> bool:
    """Whether a message says that the decorator has no counterpart."""
    codes = {found.code for found in result.diagnostics}
    return result.code is None and bool(codes & {"MF502", "MF508", "MF647"})


def told(source: str, result: Translation, attribute: str) -> bool:
    """Whether a message stands at the argument."""
    lines = source.splitlines()
    return any(
        lines[found.position.line - 1].strip().startswith(f"{attribute}=")
        for found in result.diagnostics
    )


@pytest.mark.parametrize("name", EVERY)
def test_unknown_attribute(name: str) -> None:
    source, result = given(name, {**NEEDED.get(name, {}), "bogus": "1"})
    assert result.code is None
    if name in REFUSED:
        assert is_refused(result)
    else:
        assert told(source, result, "bogus")
        assert any(f"@{name} has no attribute bogus" in d.message for d in result.diagnostics)


@pytest.mark.parametrize(("name", "attribute"), ATTRIBUTES)
def test_value_that_cannot_be_known(name: str, attribute: str) -> None:
    """Whoever ignores the attribute has nothing to say about it."""
    source, result = given(name, arguments_of(name, attribute, "unknowable()"))
    if name in REFUSED:
        assert is_refused(result) or told(source, result, attribute)
        return
    kept = result.code is not None and "unknowable()" in result.code
    if name in LEFT_OUT and attribute == "options":
        assert {found.code for found in result.diagnostics} & LEFT_OUT[name]
        return
    assert kept or told(source, result, attribute), result.diagnostics


UNUSUAL = ["-7", "'odd value'", "['odd']", "{'odd': 'value'}"]


@pytest.mark.parametrize(("name", "attribute"), ATTRIBUTES)
def test_unusual_values(name: str, attribute: str) -> None:
    """Each makes another module, or a message; of two truth values, the one that is no default."""
    default = EVERY[name][attribute]
    plain = given(name, without(attribute, arguments_of(name, attribute, "")))[1].code
    for value in [repr(not default)] if isinstance(default, bool) else UNUSUAL:
        source, result = given(name, arguments_of(name, attribute, value))
        if name in REFUSED:
            assert is_refused(result) or told(source, result, attribute)
            continue
        changed = result.code is not None and result.code != plain
        assert changed or result.diagnostics, (value, source)


PAGES = {
    **dict.fromkeys(("batch", "kubernetes", "resources"), "compute.md"),
    **dict.fromkeys(("conda", "conda_base", "pypi", "pypi_base"), "environments.md"),
    "card": "cards.md",
    "secrets": "secrets.md",
    **dict.fromkeys(
        table.FLOW_DECORATORS.keys() - {"conda_base", "pypi_base"}, "flow_decorators.md"
    ),
}


@pytest.mark.parametrize("name", EVERY)
def test_documented(name: str) -> None:
    index = (DOCS / "decorators.md").read_text(encoding="utf-8")
    page = (DOCS / PAGES.get(name, "decorators.md")).read_text(encoding="utf-8")
    assert f"`@{name}" in index or f"`@{name}" in page
    if name in REFUSED:
        return
    missing = [one for one in EVERY[name] if not re.search(rf"`[^`]*\b{one}\b[^`]*`", page)]
    assert missing == []
