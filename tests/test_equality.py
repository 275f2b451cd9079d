"""The same results: each golden flow under Metaflow's local runtime beside its module under
flytekit's local execution, every artifact of every step compared by value and type."""

import functools
import importlib
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from tests.cases import Case, cases, for_flyte, for_metaflow
from tests.support.cheap_metaflow import run_cheap
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.support.metaflow_side import THIS_MACHINE, run_metaflow
from tests.support.processes import in_child
from tests.support.result import RunResult

CASES = [case for case in cases() if case.module.exists()]


#: Cases with what the stand-in for Metaflow's runtime does not have, and some of the others: these
#: are run by the real one. The rest is by default run by the stand-in, as random flows are, in a
#: fifth of the time, and by the real one with -m slow.
REAL = (
    "bare_return_", "card_", "conda_", "config_", "current_", "exit_hook_", "flow_mutator", "hello",
    "include_", "library_", "ml_train", "mutator_", "project_", "pypi_", "retry_",
    "secrets_", "step_mutator", "timeout_", "trigger_", "unpicklable_", "user_step_", "with_option",
)  # fmt: skip


def _runs(case: Case) -> Iterator[ParameterSet]:
    """The first run of a case and those that fail are always made, the others with -m slow."""
    real = case.name.startswith(REAL)
    for number, run in enumerate(case.runs):
        always = number == 0 or "fails_at" in run
        marks = () if always and real else (pytest.mark.slow,)
        variables = dict(THIS_MACHINE) if case.name.startswith(("conda_", "pypi_")) else {}
        if case.options.decorate:  # as --with on Metaflow's command line
            variables["METAFLOW_DEFAULT_DECOSPECS"] = " ".join(case.options.decorate)
        given = [("--config", *pair) for pair in case.options.config]
        given += [("--config-value", *pair) for pair in case.options.config_value]
        metaflow = functools.partial(
            run_metaflow, environment=variables, options=[text for found in given for text in found]
        )
        yield pytest.param(case, run, metaflow, id=f"{case.name}-{number}", marks=marks)
        if always and not real:
            yield pytest.param(case, run, run_cheap, id=f"{case.name}-{number}-stand-in")


RUNS = [found for case in CASES for found in _runs(case)]


def _interface(stem: str) -> tuple[str, dict[str, Any]]:
    """The name of a module's workflow, and the types of its inputs."""
    from flytekit.core.workflow import PythonFunctionWorkflow

    module = importlib.import_module(stem)
    found = [v for v in vars(module).values() if isinstance(v, PythonFunctionWorkflow)]
    return found[-1].name.rsplit(".", 1)[-1], dict(found[-1].python_interface.inputs)


@pytest.mark.parametrize(("case", "run", "metaflow"), RUNS)
def test_equal(case: Case, run: dict[str, Any], metaflow: Callable[..., RunResult]) -> None:
    flow = case.flow()
    given = run["parameters"]
    expected = metaflow(case.path, for_metaflow(flow, given), flow_name=flow.name)
    (workflow, inputs), _ = in_child(_interface, "flyte_wf", folder=case.path.parent, timeout=60)
    exported = run.get("exported", {})  # secrets, where flytekit's local run looks for them
    found = run_flyte(case.module, workflow, for_flyte(flow, inputs, given), environment=exported)
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
