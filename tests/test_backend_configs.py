"""Configs in the processes of a cluster: each has the constants of the module for itself, and
parts of them go from task to task."""

import pytest

from tests.cases import GOLDEN
from tests.support.backend import run_workflow
from tests.support.flyte_side import run_flyte


@pytest.mark.parametrize(
    ("case", "workflow"), [("config_steps", "inspect_flow"), ("config_parsers", "formats_flow")]
)
def test_the_same_as_a_local_run(case: str, workflow: str) -> None:
    module = GOLDEN / case / "flyte_wf.py"
    run = run_workflow(module, workflow, {}, timeout=120)
    assert run.error is None, run.error
    assert run.outputs == run_flyte(module, workflow, {}).outputs and run.outputs


def test_without_the_files_of_the_flow() -> None:
    """The registered module has all that it needs: no file of the flow, and no Metaflow."""
    module = GOLDEN / "config_parsers" / "flyte_wf.py"
    code = module.read_text(encoding="utf-8")
    assert "open(" not in code and "import yaml" not in code and "metaflow" not in code
