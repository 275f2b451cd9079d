"""What ``current`` and other parts of the library become, each task in a process of its own."""

import pytest

from tests.cases import cases, for_metaflow
from tests.support.backend import run_workflow
from tests.support.metaflow_side import run_metaflow

CASES = {case.name: case for case in cases() if case.name.startswith(("current_", "library_"))}
WORKFLOWS = {
    "current_attributes": "current_attributes_flow",
    "current_functions": "current_functions_flow",
    "current_handed_on": "current_handed_on_flow",
    "library_exceptions": "exceptions_flow",
    "library_local_imports": "local_imports_flow",
    "library_parallel_map": "parallel_map_flow",
    "library_profile": "profile_flow",
}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_same_results(name: str) -> None:
    case = CASES[name]
    flow = case.flow()
    expected = run_metaflow(case.path, for_metaflow(flow, {}), flow_name=flow.name)
    found = run_workflow(case.module, WORKFLOWS[name], {})
    assert expected.error is None and found.error is None, found.error
    last = list(expected.steps.values())[-1][-1]
    assert found.outputs == {name: last[name] for name in found.outputs}
    public = {name for name in last if not name.startswith("_")}
    assert public - expected.constants == set(found.outputs)
