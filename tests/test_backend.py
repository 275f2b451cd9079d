"""Translated flows as a cluster runs them: serialised, one process for each attempt of a task, and
files between them."""

import ast
import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codegen import translate
from codegen.lower.settings.attempts import Attempts
from tests.support.backend import Attempt, BackendRun, run_task, run_workflow
from tests.support.canonical import canonical
from tests.support.flyte_side import run_flyte
from tests.support.fuzz import budget
from tests.support.serialised import Registered, register_offline

#: Steps without inputs, each of which can be tried on its own. MARKER counts attempts.
ATTEMPTS = """\
import os
import sys
import time
from pathlib import Path

from metaflow import FlowSpec, environment, retry, step, timeout

IMPORTED = time.monotonic()
ATTEMPT = int(os.environ.get("FLYTE_ATTEMPT_NUMBER", "-1"))


def late():
    return f"{time.monotonic() - IMPORTED:.3f} seconds after import"


class AttemptsFlow(FlowSpec):
    @retry(times=2, minutes_between_retries=0)
    @step
    def start(self):
        if ATTEMPT < 2:
            raise KeyError("not yet")
        self.attempt = ATTEMPT
        self.next(self.once)

    @step
    def once(self):
        raise KeyError("only once")
        self.next(self.leaves)

    @retry(times=1, minutes_between_retries=0)
    @step
    def leaves(self):
        sys.exit(3)
        self.next(self.waits)

    @retry(times=1, minutes_between_retries=0.02)
    @step
    def waits(self):
        print(late())
        self.next(self.slow)

    @timeout(seconds=1)
    @step
    def slow(self):
        time.sleep(30)
        self.next(self.slow_again)

    @retry(times=1, minutes_between_retries=0)
    @timeout(seconds=1)
    @step
    def slow_again(self):
        if ATTEMPT == 0:
            time.sleep(30)
        self.tried = ATTEMPT
        self.next(self.waits_long)

    # the wait is not part of the time that the attempt has
    @retry(times=1, minutes_between_retries=0.03)
    @timeout(seconds=1)
    @step
    def waits_long(self):
        print(late())
        self.next(self.handle)

    @timeout(seconds=1)
    @step
    def handle(self):
        self.kept = "before"
        try:
            time.sleep(30)
        except Exception as error:
            self.caught_name = type(error).__name__
            self.caught_text = str(error)
        time.sleep(0.01)
        self.next(self.variables)

    @environment(vars={"MF_PATH": os.environ.get("MF_PATH", "") + ":x", "MF_NUMBER": 3})
    @step
    def variables(self):
        print("variables", os.environ["MF_PATH"], repr(os.environ["MF_NUMBER"]))
        self.next(self.end)

    @step
    def end(self):
        pass
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
    return module(tmp_path_factory.mktemp("attempts"), ATTEMPTS)


@pytest.fixture(scope="module")
def registered(path: Path) -> Registered:
    return register_offline(path)


Try = Callable[[str, int], Attempt]


@pytest.fixture
def attempt(path: Path, registered: Registered, tmp_path: Path) -> Try:
    """Makes one attempt at a step."""

    def run(step: str, number: int) -> Attempt:
        task = registered.tasks[f"flyte_wf.{step}"]
        scratch = tmp_path / f"{step}-{number}"
        scratch.mkdir()
        return run_task(task, {}, folder=path.parent, scratch=scratch, attempt=number, fresh=True)

    return run


def retries(registered: Registered, step: str) -> int:
    count = registered.tasks[f"flyte_wf.{step}"].template.metadata.retries.retries
    assert isinstance(count, int)
    return count


def failure(result: Attempt) -> tuple[str, str]:
    """Kind and text of the error."""
    assert result.error is not None, result.printed
    return result.error.kind, result.error.message


# ---------------------------------------------------------------------- @retry


def test_any_error_is_retried(attempt: Try, registered: Registered) -> None:
    """Flyte itself retries none but its own FlyteRecoverableException."""
    assert retries(registered, "start") == 2
    for number in (0, 1):
        kind, text = failure(attempt("start", number))
        assert kind == "RECOVERABLE"
        assert "KeyError('not yet')" in text
    last = attempt("start", 2)
    assert last.error is None and list(last.outputs) == ["attempt"]


def test_without_retry_there_is_one_attempt(attempt: Try, registered: Registered) -> None:
    assert retries(registered, "once") == 0
    kind, text = failure(attempt("once", 0))
    assert kind == "NON_RECOVERABLE" and "KeyError" in text and "only once" in text


def test_leaving_the_process_is_retried(attempt: Try) -> None:
    """As in Metaflow, where the exit status of the task is what counts."""
    kind, text = failure(attempt("leaves", 0))
    assert kind == "RECOVERABLE" and "exit status 3" in text


def seconds_after_import(result: Attempt) -> float:
    assert result.error is None, result.error
    line = next(line for line in result.printed.splitlines() if "seconds after import" in line)
    return float(line.split(" seconds")[0].split()[-1])


def test_wait_before_a_retry(attempt: Try) -> None:
    """And only there."""
    assert seconds_after_import(attempt("waits", 0)) < 1.2
    assert 1.2 <= seconds_after_import(attempt("waits", 1)) < 1.2 + 10


def test_exhausted_retries(tmp_path: Path) -> None:
    """Through the whole workflow: the node is tried three times, and its last error is the one
    that ends the run."""
    source = ATTEMPTS.replace("if ATTEMPT < 2", "if ATTEMPT < 5")
    source = source.replace('"not yet"', 'f"attempt {ATTEMPT}"')
    run = run_workflow(module(tmp_path, source), "attempts_flow", {})
    assert run.attempts == {"n0": 3} and run.failed_node == "n0"
    assert run.error is not None and run.error.kind == "NON_RECOVERABLE"
    assert "KeyError" in run.error.summary and "attempt 2" in run.error.summary


_COUNTED = """\
import os
from pathlib import Path

from metaflow import FlowSpec, retry, step


class CountedFlow(FlowSpec):
    @step
    def start(self):
        self.seen = []
        self.next(self.flaky)

    @retry(times=2, minutes_between_retries=0)
    @step
    def flaky(self):
        self.seen.append("once")
        counter = Path(os.environ["COUNTER"])
        with counter.open("a") as file:
            file.write("x")
        self.half = len(counter.read_text())
        if self.half < 3:
            raise KeyError(self.half)
        self.next(self.end)

    @step
    def end(self):
        self.all = (self.seen, self.half)
"""


def test_retried_workflow(tmp_path: Path) -> None:
    """Each attempt begins with the artifacts as the step before left them."""
    counter = tmp_path / "counter"
    environment = {"COUNTER": str(counter)}
    flow = module(tmp_path, _COUNTED)
    run = run_workflow(flow, "counted_flow", {}, environment=environment)
    assert run.error is None and run.attempts == {"n0": 1, "n1": 3, "n2": 1}
    assert counter.read_text() == "xxx"
    assert run.outputs == {
        "seen": canonical(["once"]),
        "half": canonical(3),
        "all": canonical((["once"], 3)),
    }


# ---------------------------------------------------------------------- @timeout, @environment


def test_timeout_stops_the_step(attempt: Try) -> None:
    kind, text = failure(attempt("slow", 0))
    assert kind == "NON_RECOVERABLE"
    assert "TimeoutException" in text and "slow" in text and "0:00:01" in text


def test_timeout_is_retried(attempt: Try) -> None:
    kind, text = failure(attempt("slow_again", 0))
    assert kind == "RECOVERABLE" and "TimeoutException" in text
    assert attempt("slow_again", 1).error is None


def test_waiting_does_not_count_as_running(attempt: Try) -> None:
    assert seconds_after_import(attempt("waits_long", 1)) >= 1.8


def test_timeout_can_be_caught(attempt: Try) -> None:
    result = attempt("handle", 0)
    assert result.error is None, result.error
    assert set(result.outputs) == {"kept", "caught_name", "caught_text"}


def test_environment_is_that_of_the_registration(attempt: Try) -> None:
    """The container has the variables; to compute and set them again would double what is added
    to a variable."""
    assert "variables :x '3'\n" in attempt("variables", 0).printed


# ---------------------------------------------------------------------- artifacts

_ARTIFACTS = """\
import json
from datetime import date, datetime

from metaflow import FlowSpec, JSONType, Parameter, step


class Model:
    def __init__(self, weights):
        self.weights = weights

    def __eq__(self, other):
        return type(self) is type(other) and self.weights == other.weights


class ArtifactsFlow(FlowSpec):
    options = Parameter("options", type=JSONType, default='{"depth": 2, "rates": [1, 0.5]}')
    flag = Parameter("flag", type=bool, default=False)

    @step
    def start(self):
        self.nothing = None
        self.pair = (1, (2.0, None), [()])
        self.by_number = {1: "a", 2.5: (True,), None: {}}
        self.model = Model({"w": (1, 2)})
        self.big = 2**70
        self.odd = [float("inf"), -0.0, b"\\\\x00", {1, 2}, date(2024, 2, 29), datetime(2024, 1, 1)]
        self.empty = []
        self.text = "naïve \\\\u65e5 \\\\0"
        self.number = 7
        if self.flag:
            self.extra = (self.flag,)
        self.options["depth"] += 1
        self.rate = self.options["rates"]
        self.next(self.used)

    @step
    def used(self):
        assert self.nothing is None and type(self.pair) is tuple and type(self.pair[1]) is tuple
        assert list(self.by_number) == [1, 2.5, None] and type(self.model) is Model
        self.model.weights["v"] = self.pair
        self.options["rates"].append(None)
        self.depth = self.options["depth"]
        self.seen = self.extra if self.flag else "unset"
        self.next(self.end)

    @step
    def end(self):
        assert self.model == Model({"w": (1, 2), "v": self.pair})
        self.last = (self.options, type(self.rate[0]).__name__, self.seen)
""".replace("\\\\", "\\")


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return module(tmp_path_factory.mktemp("artifacts"), _ARTIFACTS)


def on_both(path: Path, inputs: dict[str, Any]) -> BackendRun:
    """Across processes, after it was seen to be the same as in one."""
    run = run_workflow(path, "artifacts_flow", inputs)
    assert run.error is None, run.error
    local = run_flyte(path, "artifacts_flow", inputs)
    assert local.error is None
    assert run.outputs == local.outputs
    return run


def test_artifacts_survive(artifacts: Path) -> None:
    outputs = on_both(artifacts, {}).outputs
    expected = {
        "nothing": None,
        "pair": (1, (2.0, None), [()]),
        "by_number": {1: "a", 2.5: (True,), None: {}},
        "big": 2**70,
        "empty": [],
        "text": "naïve \u65e5 \0",
        "number": 7,
        "rate": [1, 0.5],
        # a Parameter is the same at the start of every step, whatever was done to it before
        "depth": 2,
        "seen": "unset",
        "last": ({"depth": 2, "rates": [1, 0.5]}, "int", "unset"),
    }
    assert {name: outputs[name] for name in expected} == {
        name: canonical(value) for name, value in expected.items()
    }
    assert outputs["model"][0] == "object" and "Model" in repr(outputs["model"])
    assert "extra" not in outputs  # unset all the way, though its type has no such value


def test_given_parameters_and_a_set_artifact(artifacts: Path) -> None:
    given = {"options": '{"depth": 10, "rates": [1.0]}', "flag": True}
    outputs = on_both(artifacts, given).outputs
    assert outputs["extra"] == outputs["seen"] == canonical((True,))
    assert outputs["last"] == canonical(({"depth": 10, "rates": [1.0]}, "float", (True,)))
    assert outputs["depth"] == canonical(10)


# ---------------------------------------------------------------------- deadlines


def check_net(net: timedelta, retries: int, wait: timedelta, limit: timedelta) -> None:
    """Flyte ends an attempt after the net, and the node, waits included, after twice the net."""
    everything = (retries + 1) * limit + retries * wait
    assert net >= limit + wait
    assert 2 * net >= everything
    # Startup counts too, so there is some room; but it stays a net for what hangs.
    room = timedelta(minutes=5)
    assert net >= limit + room
    assert net <= max(limit + wait + room, (everything + (retries + 1) * room) / 2) + room / 5


def test_deadlines_on_a_grid() -> None:
    limits = [1, 59, 60, 61, 3599, 3600, 3601, 5 * 3600]
    for retries, wait, limit in itertools.product(range(5), range(31), limits):
        settings = Attempts(
            retries=retries, wait=timedelta(minutes=wait), limit=timedelta(seconds=limit)
        )
        check_net(settings.net(), retries, settings.wait, timedelta(seconds=limit))


_DEADLINE = """\
from metaflow import FlowSpec, retry, step, timeout


class DeadlineFlow(FlowSpec):
    @retry(times={times}, minutes_between_retries={minutes})
    @timeout(seconds={seconds})
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def duration(node: ast.expr) -> timedelta:
    """The value of ``timedelta(unit=number)`` in a syntax tree."""
    assert isinstance(node, ast.Call) and ast.unparse(node.func) == "timedelta"
    return timedelta(**{str(unit.arg): ast.literal_eval(unit.value) for unit in node.keywords})


@pytest.mark.fuzz
@budget(15)
@given(
    times=st.integers(0, 4),
    minutes=st.integers(0, 30) | st.floats(0, 30, width=32),
    seconds=st.integers(1, 5 * 3600),
)
@example(times=4, minutes=30, seconds=18_000)
@example(times=0, minutes=30, seconds=1)
@example(times=1, minutes=1e-7, seconds=1)
@example(times=1, minutes=1 / 3, seconds=100)
def test_deadlines_in_the_module(times: int, minutes: float, seconds: int) -> None:
    """What stands in the module is what the flow says, and the net is wide enough for it."""
    code = translate(_DEADLINE.format(times=times, minutes=minutes, seconds=seconds)).code
    assert code is not None
    task = next(
        node
        for node in ast.parse(code).body
        if isinstance(node, ast.FunctionDef) and node.name == "start"
    )
    calls = {
        ast.unparse(call.func): {str(given.arg): given.value for given in call.keywords}
        for call in task.decorator_list
        if isinstance(call, ast.Call)
    }
    limits = next(
        call.args[0]
        for call in task.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "time_limit"
    )
    wait = timedelta(0)
    if times:
        assert ast.literal_eval(calls["task"]["retries"]) == times
        assert ast.literal_eval(calls["retry_any_error"]["times"]) == times
        if "wait" in calls["retry_any_error"]:
            wait = duration(calls["retry_any_error"]["wait"])
        assert abs(wait - timedelta(minutes=minutes)) <= timedelta(microseconds=1)
    else:
        assert "retries" not in calls["task"] and "retry_any_error" not in calls
    assert duration(limits) == timedelta(seconds=seconds)
    net = duration(calls["task"]["timeout"])
    check_net(net, times, timedelta(minutes=minutes), timedelta(seconds=seconds))
    assert net.total_seconds() == int(net.total_seconds())  # Flyte's protobuf and its console
