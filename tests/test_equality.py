"""The same results: each golden flow under Metaflow's local runtime beside its module under
flytekit's local execution, every artifact of every step compared by value and type."""

import importlib
import typing
from pathlib import Path
from typing import Any

import pytest

from tests.cases import Case, cases, for_flyte, for_metaflow
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.support.metaflow_side import run_metaflow
from tests.support.processes import in_child

CASES = [case for case in cases() if case.module.exists()]


def _marks(number: int, run: dict[str, Any]) -> tuple[pytest.MarkDecorator, ...]:
    """The first run of each case and those that fail are always made, the others with -m slow."""
    return () if number == 0 or "fails_at" in run else (pytest.mark.slow,)


RUNS = [
    pytest.param(case, run, id=f"{case.name}-{number}", marks=_marks(number, run))
    for case in CASES
    for number, run in enumerate(case.runs)
]


def _interface(stem: str) -> tuple[str, dict[str, Any]]:
    """The name of a module's workflow, and the types of its inputs."""
    from flytekit.core.workflow import PythonFunctionWorkflow

    module = importlib.import_module(stem)
    found = [v for v in vars(module).values() if isinstance(v, PythonFunctionWorkflow)]
    return found[-1].name.rsplit(".", 1)[-1], dict(found[-1].python_interface.inputs)


@pytest.mark.parametrize(("case", "run"), RUNS)
def test_equal(case: Case, run: dict[str, Any]) -> None:
    flow = case.flow()
    given = run["parameters"]
    expected = run_metaflow(case.path, for_metaflow(flow, given), flow_name=flow.name)
    (workflow, inputs), _ = in_child(_interface, "flyte_wf", folder=case.path.parent, timeout=60)
    found = run_flyte(case.module, workflow, for_flyte(flow, inputs, given))
    assert expected.failed_step == run.get("fails_at"), expected.stdout
    assert compare(expected, found, {*flow.parameters, *flow.members}) == []
    assert found.warnings == []


def test_interface_types_are_known(tmp_path: Path) -> None:
    """The harness reads ``X | None`` types from a real interface, not from strings."""
    (tmp_path / "tiny.py").write_text(
        "from flytekit import workflow\n\n\n@workflow\ndef wf(x: int | None = None) -> None:\n"
        '    """Nothing."""\n'
    )
    (name, inputs), _ = in_child(_interface, "tiny", folder=tmp_path, timeout=60)
    assert name == "wf" and typing.get_args(inputs["x"]) == (int, type(None))
