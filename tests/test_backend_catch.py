"""@catch with @retry and @timeout as a cluster runs them: one process for each attempt, and the
attempt after the last one where that died without an error."""

from pathlib import Path

import pytest

from codegen import translate
from tests.support.backend import run_workflow
from tests.support.canonical import canonical
from tests.support.serialised import Registered, register_offline

STEPS = """\
import os
import signal
import sys
import time

from metaflow import FlowSpec, catch, current, retry, step, timeout


class CaughtFlow(FlowSpec):
    @catch(var="error")
    @step
    def start(self):
        self.at_start = current.retry_count
        raise KeyError("plain")
        self.next(self.again)

    @catch(var="again_error")
    @retry(times=2, minutes_between_retries=0)
    @step
    def again(self):
        self.at_again = current.retry_count
        if current.retry_count < 3:
            raise KeyError("again")
        self.next(self.slow)

    @catch(var="slow_error")
    @retry(times=1, minutes_between_retries=0)
    @timeout(seconds=1)
    @step
    def slow(self):
        self.at_slow = current.retry_count
        time.sleep(30)
        self.next(self.killed)

    @catch(var="killed_error")
    @retry(times=1, minutes_between_retries=0)
    @step
    def killed(self):
        self.at_killed = current.retry_count
        os.kill(os.getpid(), signal.SIGKILL)
        self.next(self.leaves)

    @catch
    @step
    def leaves(self):
        sys.exit(3)
        self.next(self.end)

    @catch(var="end_error", print_exception=False)
    @step
    def end(self):
        raise ValueError("quiet")
"""


def module(folder: Path, source: str) -> Path:
    """A flow's translation, in a folder of its own."""
    result = translate(source, "flow.py")
    assert result.code is not None, result.diagnostics
    path = folder / "flyte_wf.py"
    path.write_text(result.code, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return module(tmp_path_factory.mktemp("caught"), STEPS)


@pytest.fixture(scope="module")
def registered(path: Path) -> Registered:
    return register_offline(path)


def test_attempts(registered: Registered) -> None:
    """One more than @retry asks for."""
    counts = {
        name.rpartition(".")[2]: task.template.metadata.retries.retries
        for name, task in registered.tasks.items()
    }
    assert counts == {"start": 1, "again": 3, "slow": 2, "killed": 2, "leaves": 1, "end": 1}


def test_in_processes(path: Path) -> None:
    """A process that is killed writes no error: the attempt after the last one says so, and does
    not run the code of the step."""
    run = run_workflow(path, "caught_flow", {}, timeout=240)
    assert run.error is None, run.error
    assert list(run.attempts.values()) == [1, 3, 2, 3, 2, 1]
    silent = "no result after 2 attempts, and no error in the code"
    assert run.outputs == {
        "at_start": canonical(0),
        "error": ("caught", "builtins.KeyError", "'plain'"),
        "at_again": canonical(2),
        "again_error": ("caught", "builtins.KeyError", "'again'"),
        "at_slow": canonical(1),
        "slow_error": ("caught", "TimeoutException"),
        "killed_error": ("caught", "builtins.RuntimeError", silent),
        "end_error": ("caught", "builtins.ValueError", "quiet"),
    }
    # at_killed is not among them, as no attempt came to its end


SHAPES = """\
from metaflow import FlowSpec, catch, current, retry, step


class ShapesFlow(FlowSpec):
    @step
    def start(self):
        self.items = [0, 1, 2]
        self.next(self.single, self.several)

    @step
    def single(self):
        self.next(self.mapped, foreach="items")

    @catch(var="error")
    @retry(times=1, minutes_between_retries=0)
    @step
    def mapped(self):
        self.seen = (self.input, current.retry_count)
        if self.input > current.retry_count:
            raise ValueError(self.input)
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.seen = [found.seen for found in inputs]
        self.errors = [found.error and found.error.exception for found in inputs]
        self.next(self.meet)

    @step
    def several(self):
        self.next(self.first, foreach="items")

    @step
    def first(self):
        self.item = self.input
        self.next(self.second)

    @catch(var="error")
    @retry(times=1, minutes_between_retries=0)
    @step
    def second(self):
        self.seen = (self.item, current.retry_count)
        if self.item > current.retry_count:
            raise ValueError(self.item)
        self.next(self.collect)

    @step
    def collect(self, inputs):
        self.seen = [found.seen for found in inputs]
        self.errors = [found.error and found.error.exception for found in inputs]
        self.next(self.meet)

    @step
    def meet(self, inputs):
        self.all = [inputs.gather.seen, inputs.gather.errors]
        self.both = [inputs.collect.seen, inputs.collect.errors]
        self.next(self.end)

    @step
    def end(self):
        print(self.all)
"""


@pytest.mark.slow
def test_map_tasks_and_sub_workflows(tmp_path: Path) -> None:
    """Each element has attempts of its own, in a map task and in a sub-workflow."""
    run = run_workflow(module(tmp_path, SHAPES), "shapes_flow", {}, timeout=240)
    expected = canonical([[(0, 0), (1, 1), (2, 1)], [None, None, "2"]])
    assert run.error is None
    assert {name: run.outputs[name] for name in ("all", "both")} == {
        "all": expected,
        "both": expected,
    }
    assert sorted(run.attempts.values()) == [1] * (len(run.attempts) - 4) + [2] * 4
