"""Secrets as a cluster hands them to tasks: variables of containers, where none may be missing."""

import pytest

from tests.cases import GOLDEN
from tests.support.backend import run_workflow
from tests.support.flyte_side import run_flyte

MODULE = GOLDEN / "secrets_inline" / "flyte_wf.py"
WORKFLOW = "secrets_inline_flow"
SECRETS = {"SIGNING_KEY": "k3y", "MAIL_USER": "reports", "MAIL_PASSWORD": "secret"}


def test_secrets_reach_the_steps() -> None:
    """Those of a map task as well, and under a name that Flyte has no variables of."""
    run = run_workflow(MODULE, WORKFLOW, {}, environment=SECRETS)
    assert run.error is None, run.error
    local = run_flyte(MODULE, WORKFLOW, {}, environment=SECRETS)
    assert run.outputs == local.outputs and run.outputs


@pytest.mark.parametrize("missing", ["SIGNING_KEY", "MAIL_USER"])
def test_missing_secrets_fail_before_the_step(missing: str) -> None:
    """Once, although the step has a retry: waiting does not bring the secret."""
    given = {name: value for name, value in SECRETS.items() if name != missing}
    run = run_workflow(MODULE, WORKFLOW, {}, environment=given)
    assert run.attempts == {"n0": 1, "n1": 1} and run.failed_node == "n1"
    assert run.error is not None and run.error.kind == "NON_RECOVERABLE"
    assert f"no secret has set the variable {missing}" in run.error.summary
