"""Files as parameters, as a cluster hands them to containers."""

from pathlib import Path
from typing import Any

import pytest
from flytekit.types.file import FlyteFile

from tests.cases import Case, cases, for_metaflow
from tests.support.backend import run_task, run_workflow
from tests.support.metaflow_side import run_metaflow
from tests.support.serialised import register_offline

CASES = {case.name: case for case in cases() if case.name.startswith("include_")}
WORKFLOWS = {
    "include_deploy_time": "greet_flow",
    "include_graph": "parcel_flow",
    "include_optional": "sign_flow",
    "include_parsers": "orders_flow",
    "include_scheduled": "reminder_flow",
    "include_text": "glossary_flow",
}


def inputs_of(case: Case, run: dict[str, Any]) -> dict[str, Any]:
    """The values that a run gives; those that are files beside the flow as such."""
    given = run["parameters"].items()
    return {
        name: FlyteFile(str(case.path.parent / value))
        if isinstance(value, str) and (case.path.parent / value).is_file()
        else value
        for name, value in given
    }


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, number) for name in WORKFLOWS for number in range(len(CASES[name].runs))],
)
def test_same_results(name: str, number: int) -> None:
    case = CASES[name]
    run = case.runs[number]
    flow = case.flow()
    expected = run_metaflow(case.path, for_metaflow(flow, run["parameters"]), flow_name=flow.name)
    found = run_workflow(case.module, WORKFLOWS[name], inputs_of(case, run))
    assert expected.error is None and found.error is None, found.error
    last = list(expected.steps.values())[-1][-1]
    assert found.outputs == {name: last[name] for name in found.outputs}
    public = {name for name in last if not name.startswith("_")}
    assert public - expected.constants == set(found.outputs)


def test_containers_do_without_the_default(tmp_path: Path) -> None:
    """Although the launch plan of a schedule looks at it whenever the module is imported."""
    case = CASES["include_scheduled"]
    found = register_offline(case.module)
    plan = found.launch_plans["reminder_flow_schedule"].spec.default_inputs.parameters
    people = plan["people"].default
    assert Path(people.scalar.blob.uri).name == "people.txt"
    folder = tmp_path / "container"
    folder.mkdir()
    (folder / "flyte_wf.py").write_bytes(case.module.read_bytes())
    done = run_task(
        found.tasks["flyte_wf.start"],
        {"people_file": people},
        folder=folder,
        scratch=tmp_path / "scratch",
        attempt=0,
    )
    assert done.error is None, done.error
    assert [*done.outputs] == ["addresses"]
