"""Serialised workflows, executed one process for each attempt."""

from pathlib import Path

from tests.support import samples
from tests.support.backend import run_workflow
from tests.support.canonical import canonical
from tests.support.flyte_side import run_flyte


def test_results_are_those_of_a_local_run(tmp_path: Path) -> None:
    module = samples.written(tmp_path, "flyte_wf.py", samples.MODULE)
    run = run_workflow(module, "sample_flow", {"scale": 3.0})
    assert run.error is None and run.attempts == {"n0": 1, "n1": 1, "n2": 1}
    assert run.outputs == run_flyte(module, "sample_flow", {"scale": 3.0}).outputs


def test_only_recoverable_errors_are_retried(tmp_path: Path) -> None:
    module = samples.written(tmp_path, "retried.py", samples.RETRIED_MODULE)
    run = run_workflow(module, "retried_flow", {}, environment={"STRICT": "1"})
    assert run.attempts == {"n0": 2, "n1": 1}
    assert run.failed_node == "n1" and run.outputs == {}
    assert run.error is not None and run.error.kind == "NON_RECOVERABLE"
    assert run.error.summary == "ValueError: no ('x', 1)"


def test_retries_end(tmp_path: Path) -> None:
    """And a process that dies counts as one that may be retried."""
    changes = (
        ("attempt < 1", "attempt < 5"),
        ("retries=2)\n@boxed\ndef flaky", "retries=1)\n@boxed\ndef flaky"),
    )
    module = samples.written(tmp_path, "retried.py", samples.RETRIED_MODULE, *changes)
    run = run_workflow(module, "retried_flow", {"name": "y"})
    assert run.attempts == {"n0": 2} and run.error is not None
    assert (run.error.kind, run.error.summary) == (
        "RECOVERABLE",
        "FlyteRecoverableException: USER:Recoverable: error=not yet",
    )
    dying = (*changes, ('raise FlyteRecoverableException("not yet")', "os._exit(9)"))
    module = samples.written(tmp_path, "dying.py", samples.RETRIED_MODULE, *dying)
    run = run_workflow(module, "retried_flow", {})
    assert run.attempts == {"n0": 2} and "exit status 9" in (run.error.message if run.error else "")


def test_outputs_keep_their_types(tmp_path: Path) -> None:
    changes = (("attempt < 1", "attempt < 0"), ("(name, attempt)", "{(name,): None, 1: {2.0}}"))
    module = samples.written(tmp_path, "typed.py", samples.RETRIED_MODULE, *changes)
    run = run_workflow(module, "retried_flow", {"name": "z"})
    assert run.outputs == {
        "attempts": canonical({("z",): None, 1: {2.0}}),
        "never": canonical(1),
    }
