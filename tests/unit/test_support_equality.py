"""Both sides of the comparison, and the comparison, on a translation written by hand."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import samples
from tests.support.canonical import canonical
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.support.metaflow_side import run_metaflow
from tests.support.result import RunResult

RunModule = Callable[..., RunResult]
SCALE = {"scale"}
PICKLED = "WARNING: Unsupported Type typing.Any foun"  # flytekit's, once for each type


@pytest.fixture(scope="module")
def metaflow(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    flow = samples.written(tmp_path_factory.mktemp("flow"), "flow.py", samples.FLOW)
    return run_metaflow(flow, {"scale": 3.0}, flow_name="SampleFlow")


@pytest.fixture
def flyte(tmp_path: Path) -> RunModule:
    """Runs the translation after replacing texts in it."""

    def run(*changes: tuple[str, str], **parameters: Any) -> RunResult:
        module = samples.written(tmp_path, "flyte_wf.py", samples.MODULE, *changes)
        return run_flyte(module, "sample_flow", {"scale": 3.0, **parameters})

    return run


def test_metaflow_side(metaflow: RunResult) -> None:
    assert (metaflow.failed_step, metaflow.error) == (None, None)
    assert list(metaflow.steps) == ["start", "sum", "end"]
    assert metaflow.parents == {"sum": ["start"], "end": ["sum"]}
    assert metaflow.constants == {"scale", "UNIT"}
    assert "label: 10.0 kg" in metaflow.stdout
    (start,), (end,) = metaflow.steps["start"], metaflow.steps["end"]
    assert start["by_id"] == canonical({1: "a", 2: "b"})
    assert end["by_id"] == canonical({1: "a", 2: "b", 3: None})
    assert end["missing"] == canonical([float("nan"), -0.0])
    names = {"pair", "nothing", "missing", "by_id", "_secret", "total", "model", "label"}
    assert end.keys() == names | {"scale", "UNIT"}


def test_flyte_side(flyte: RunModule) -> None:
    result = flyte()
    assert (result.failed_step, result.error) == (None, None)
    assert list(result.steps) == ["start", "sum_", "end"]
    assert result.inputs["sum_"] == [
        {
            "pair": canonical((1, 2.5)),
            "secret": canonical(7),
            "by_id": canonical({1: "a", 2: "b"}),  # as it was before the task changed it
            "scale": canonical(3.0),
        }
    ]
    assert result.unset_outputs["start"] == result.unset_inputs["sum_"] == [{"bonus"}]
    assert "bonus" not in result.steps["start"][0] and "bonus" not in result.outputs
    assert result.outputs["nothing"] == canonical(None)
    assert result.outputs["label"] == canonical("10.0 kg")
    assert "label: 10.0 kg" in result.stdout
    assert [warning[:41] for warning in result.warnings] == [PICKLED]


def test_equal_runs_do_not_differ(metaflow: RunResult, flyte: RunModule) -> None:
    assert compare(metaflow, flyte(), SCALE) == []


DIFFERENCES = {
    "list for tuple": (
        ("pair = (1, 2.5)", "pair = [1, 2.5]"),
        "task start, output pair: Metaflow has (1, 2.5), Flyte [1, 2.5]",
    ),
    "bool for int": (
        ("pair = (1, 2.5)", "pair = (True, 2.5)"),
        "workflow output pair: Metaflow has (1, 2.5), Flyte (True, 2.5)",
    ),
    "order of keys": (
        ('{1: "a", 2: "b"}', '{2: "b", 1: "a"}'),
        "task sum_, input by_id: Metaflow has {1: 'a', 2: 'b'}, Flyte {2: 'b', 1: 'a'}",
    ),
    "private artifact": (
        ('{1: "a", 2: "b"}, 7,', '{1: "a", 2: "b"}, 8,'),
        "task start, output secret: Metaflow has 7, Flyte 8",
    ),
    "stale input": (
        ("by_id=start_out.by_id,\n", "by_id=start_out.missing,\n"),
        "task sum_, input by_id: Metaflow has {1: 'a', 2: 'b'}, Flyte [nan, -0.0]",
    ),
    "unset output": (
        ("pair, None, missing,", "pair, None, Unset,"),
        "task start, output missing: unset, Metaflow has [nan, -0.0]",
    ),
    "unset input": (
        ('{1: "a", 2: "b"}, 7,', "Unset, 7,"),
        "task sum_, input by_id: unset, Metaflow has {1: 'a', 2: 'b'}",
    ),
    "class": (
        ('Model({"w": (total,)})', '{"w": (total,)}'),
        "failed at end with AttributeError: 'dict' object has no attribute 'weights'",
    ),
    "missing output": (
        ("    nothing: Any\n    missing: Any\n    by_id: Any\n    total: float\n", ""),
        "'nothing'",
    ),
    "no such artifact": (
        ("bonus: Any\n\n\n@task", "bonus: Any\n    extra: int = 4\n\n\n@task"),
        "task start, output extra: 4, but Metaflow has no such artifact",
    ),
}


@pytest.mark.parametrize(("change", "line"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_finds(change: tuple[str, str], line: str, metaflow: RunResult, flyte: RunModule) -> None:
    assert any(line in found for found in compare(metaflow, flyte(change), SCALE))


def test_finds_outputs_and_steps_that_are_missing(metaflow: RunResult, flyte: RunModule) -> None:
    result = flyte()
    outputs = {name: value for name, value in result.outputs.items() if name != "nothing"}
    assert compare(metaflow, replace(result, outputs=outputs), SCALE) == [
        "workflow output nothing: missing, Metaflow has None"
    ]
    extra = {**result.outputs, "more": canonical(1)}
    assert compare(metaflow, replace(result, outputs=extra), SCALE) == [
        "workflow output more: 1, but Metaflow has no such artifact"
    ]
    steps = {**result.steps, "end": result.steps["end"] * 2}
    twice = replace(result, steps=steps)
    assert compare(metaflow, twice, SCALE) == [
        "step end: ran 1 times under Metaflow, 2 under Flyte"
    ]


def test_failures_are_compared_by_step(tmp_path: Path) -> None:
    flow = samples.written(tmp_path, "flow.py", samples.FAILING_FLOW)
    module = samples.written(tmp_path, "flyte_wf.py", samples.FAILING_MODULE)
    expected = run_metaflow(flow, {}, flow_name="FailingFlow")
    result = run_flyte(module, "failing_flow", {})
    for run in (expected, result):
        assert (run.failed_step, list(run.steps)) == ("pick", ["start"])
        assert run.error == "IndexError: tuple index out of range"
    assert compare(expected, result, set()) == []

    other = replace(result, failed_step="start")
    assert compare(expected, other, set()) == [
        "Metaflow failed at pick with IndexError: tuple index out of range; "
        "Flyte failed at start with IndexError: tuple index out of range"
    ]
    succeeded = replace(result, failed_step=None, error=None)
    assert "Flyte succeeded" in compare(expected, succeeded, set())[0]
    assert "Metaflow succeeded" in compare(succeeded, expected, set())[0]


def test_failures_outside_of_a_step(tmp_path: Path) -> None:
    flow = samples.written(
        tmp_path, "flow.py", samples.FAILING_FLOW, ("self.next(self.pick)", "pass")
    )
    refused = run_metaflow(flow, {}, flow_name="FailingFlow")
    assert refused.failed_step is None and refused.error and refused.steps == {}
    module = tmp_path / "broken.py"
    module.write_text("import nowhere_to_be_found")
    broken = run_flyte(module, "flow", {})
    assert broken.failed_step is None
    assert broken.error == "ModuleNotFoundError: No module named 'nowhere_to_be_found'"


def test_a_value_that_flyte_refuses_fails_its_task(flyte: RunModule) -> None:
    result = flyte(('{1: "a", 2: "b"}, 7,', '{1: "a", 2: "b"}, 7.5,'))
    assert result.failed_step == "start" and "start" not in result.steps
    assert "Expected value of type <class 'int'>" in (result.error or "")


def test_flyte_warnings_are_collected(flyte: RunModule) -> None:
    warning = "\nimport warnings\nwarnings.warn('at import', stacklevel=1)\n"
    logged = "\nimport logging\nlogging.getLogger('flytekit.x').warning('logged %s', 1)\n"
    found = flyte(("class Unset:", f"{warning}{logged}\nclass Unset:")).warnings
    expected = ["UserWarning: at import", "WARNING: logged 1", PICKLED]
    assert [warning[:41] for warning in found] == expected


def test_runs_see_neither_settings_nor_each_other(
    flyte: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYTE_ATTEMPT_NUMBER", "3")
    asserted = "import os\n    assert 'FLYTE_ATTEMPT_NUMBER' not in os.environ\n"
    result = flyte(("    pair = (1", f"    {asserted}    pair = (1"))
    assert result.error is None
    assert os.environ["FLYTE_ATTEMPT_NUMBER"] == "3"
