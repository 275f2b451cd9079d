"""Every shape of graph as a cluster runs it: one process for each attempt of a task, what dynamic
tasks make run on from their futures, and in the end what Metaflow has."""

from pathlib import Path
from typing import Any

import pytest

from codegen import translate
from tests.cases import Case, cases, for_flyte, for_metaflow
from tests.support.backend import BackendRun, run_workflow
from tests.support.canonical import canonical
from tests.support.cheap_metaflow import run_cheap
from tests.support.processes import in_child
from tests.support.result import Artifacts, RunResult
from tests.support.serialised import register_offline
from tests.test_equality import _interface

CASES = {case.name: case for case in cases()}
SLOW = pytest.mark.slow  # a process takes a second or two
MODULE = "flyte_wf.py"

#: Case, number of its run, and how many tasks, elements and rounds in pods of their own there are.
SUCCESSES = [
    ("loop_conditional", 0, 4),  # what is absent before the first round
    ("loop_state", 0, 4),
    ("foreach_empty", 0, 5),  # here two amounts are large enough
    ("merge_exclude", 0, 5),
    ("merge_conflict", 0, 5),
    ("foreach_list", 0, 6),
    ("foreach_mutated_items", 0, 10),
    ("foreach_conditional", 0, 7),
    ("foreach_sequences", 1, 10),
    ("nested_foreach_in_arm", 0, 9),
    ("nested_grid_search", 1, 10),
    ("nested_split_in_foreach", 0, 12),
    ("nested_three", 0, 20),
    ("switch_optional", 0, 6),
    ("switch_optional", 1, 6),
    ("switch_arm_foreach", 0, 10),
    ("switch_nested", 0, None),
    ("switch_nested", 2, None),
    ("switch_staged", 0, None),
    ("switch_staged", 1, None),
    ("switch_staged", 2, None),
    ("switch_in_split_arm", 0, None),
    ("switch_in_foreach", 0, 16),
    ("switch_in_foreach_tails", 0, 14),
    ("loop_list", 0, 7),  # with @retry each round has a pod of its own
    ("loop_in_foreach", 0, 10),
    ("parallel_nodes", 0, 6),
]
QUICK = {("loop_conditional", 0)}

#: Case, number of its run, and the error of the step at which it fails.
FAILURES = [
    ("foreach_empty", 1, "ValueError: foreach over amounts produced zero splits"),
    ("switch_no_case", 1, "RuntimeError: switch: grade_ is 1, not one of ['good', 'bad']"),
    ("merge_conflict", 1, "ValueError: merge_artifacts: the branches disagree on limits"),
    ("merge_conflict", 2, "ValueError: merge_artifacts: the branches disagree on limits"),
    ("loop_state", 1, "TimeoutError: train-17 does not finish"),
]


def both(case: Case, number: int) -> tuple[RunResult, BackendRun]:
    """A run of a golden case under Metaflow, and of its module on the backend."""
    flow, given = case.flow(), case.runs[number]["parameters"]
    expected = run_cheap(case.path, for_metaflow(flow, given), flow_name=flow.name)
    (workflow, inputs), _ = in_child(_interface, "flyte_wf", folder=case.path.parent)
    return expected, run_workflow(case.module, workflow, for_flyte(flow, inputs, given))


def results(expected: RunResult, given: set[str]) -> Artifacts:
    """What the workflow should return: the public artifacts of the last step, but no Parameters."""
    last = list(expected.steps.values())[-1][-1]
    hidden = given | expected.constants
    return {name: last[name] for name in last if name not in hidden and name[0] != "_"}


@pytest.mark.parametrize(
    ("name", "number", "attempts"),
    [
        pytest.param(*each, id=f"{each[0]}-{each[1]}", marks=() if each[:2] in QUICK else SLOW)
        for each in SUCCESSES
    ],
)
def test_same_results(name: str, number: int, attempts: int | None) -> None:
    expected, found = both(CASES[name], number)
    assert expected.error is None and found.error is None, found.error
    given = set(CASES[name].flow().parameters)
    outputs = {key: found.outputs[key] for key in found.outputs if key not in given}
    assert outputs == results(expected, given)
    assert set(found.attempts.values()) == {1}
    assert attempts is None or len(found.attempts) == attempts, found.attempts


@pytest.mark.parametrize(
    ("name", "number", "error"),
    [
        pytest.param(*each, id=f"{each[0]}-{each[1]}", marks=SLOW if each[1] > 1 else ())
        for each in FAILURES
    ],
)
def test_same_failure(name: str, number: int, error: str) -> None:
    """The node of the step fails at which Metaflow fails, for good."""
    expected, found = both(CASES[name], number)
    assert found.error is not None and found.failed_node is not None
    assert found.error.summary == error and found.error.kind == "NON_RECOVERABLE"
    workflows = register_offline(CASES[name].module).workflows.values()
    tasks = {node.id: node for flow in workflows for node in flow.template.nodes}
    task = tasks[found.failed_node].task_node.reference_id.name
    assert task == f"flyte_wf.{expected.failed_step}"
    assert found.attempts[found.failed_node] == 1


# ---------------------------------------------------------------------- flows made for this


def run(folder: Path, source: str, workflow: str, **environment: Any) -> BackendRun:
    """Translate a flow, and run its module on the backend."""
    result = translate(source, "flow.py")
    assert result.code is not None, result.diagnostics
    (folder / MODULE).write_text(result.code, encoding="utf-8")
    variables = {name: str(value) for name, value in environment.items()}
    return run_workflow(folder / MODULE, workflow, {}, environment=variables)


_FLAKY = """\
import os
from pathlib import Path

from metaflow import FlowSpec, retry, step


def attempt(name):
    with Path(os.environ["COUNTERS"], name).open("a+") as counter:
        counter.write("x")
        counter.seek(0)
        return len(counter.read())


class FlakyFlow(FlowSpec):
    @step
    def start(self):
        self.words = ["a", "b", "c"]
        self.seen = []
        self.next(self.work, foreach="words")

    @retry(times=2, minutes_between_retries=0)
    @step
    def work(self):
        self.seen.append(self.input)
        self.tried = attempt(self.input)
        if self.input == "b" and self.tried < FAILURES:
            raise ConnectionError(f"attempt {self.tried}")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.tried = [inp.tried for inp in inputs]
        self.seen = [inp.seen for inp in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.tried, self.seen)
"""


def test_an_element_is_tried_again(tmp_path: Path) -> None:
    """And only that one, with the artifacts as the step before left them."""
    found = run(tmp_path, _FLAKY.replace("FAILURES", "2"), "flaky_flow", COUNTERS=tmp_path)
    assert found.error is None, found.error
    assert found.attempts == {"n0": 1, "n1[0]": 1, "n1[1]": 2, "n1[2]": 1, "n2": 1, "n3": 1}
    assert found.outputs["tried"] == canonical([1, 2, 1])
    assert found.outputs["seen"] == canonical([["a"], ["b"], ["c"]])
    check_retries(tmp_path, {"n1": 2})


@pytest.mark.slow
def test_retries_of_an_element_are_exhausted(tmp_path: Path) -> None:
    found = run(tmp_path, _FLAKY.replace("FAILURES", "9"), "flaky_flow", COUNTERS=tmp_path)
    assert found.error is not None and found.failed_node == "n1[1]"
    assert found.error.summary == "ConnectionError: attempt 3"
    assert found.attempts["n1[1]"] == 3 and "n2" not in found.attempts


def check_retries(folder: Path, expected: dict[str, int]) -> None:
    """How often an element may be tried again is said by the node inside that of the map task."""
    found = {}
    for flow in register_offline(folder / MODULE).workflows.values():
        for template in (flow.template, *flow.sub_workflows):
            for node in template.nodes:
                if node.HasField("array_node"):
                    found[node.id] = node.array_node.node.metadata.retries.retries
    assert found == expected


_TWO_STEPS = """\
    @step
    def work(self):
        self.word = self.input
        self.next(self.store)

    @retry(times=2, minutes_between_retries=0)
    @step
    def store(self):
        self.tried = attempt(self.word)
        self.seen.append(self.word)
        if self.word == "b" and self.tried < 3:
            raise ConnectionError(f"attempt {self.tried}")
        self.next(self.join)
"""


@pytest.mark.slow
def test_a_step_of_a_branch_is_tried_again(tmp_path: Path) -> None:
    """Two steps for each element: a sub-workflow, of which one node fails."""
    head, _, rest = _FLAKY.partition("    @retry")
    source = head + _TWO_STEPS + rest[rest.index("\n    @step\n    def join") :]
    found = run(tmp_path, source, "flaky_flow", COUNTERS=tmp_path)
    assert found.error is None, found.error
    assert found.outputs["tried"] == canonical([1, 3, 1])
    assert found.outputs["seen"] == canonical([["a"], ["b"], ["c"]])
    again = {node: tries for node, tries in found.attempts.items() if tries > 1}
    assert list(again.values()) == [3] and next(iter(again)).startswith("n1/dn1/")


_INNER_EMPTY = """\
from metaflow import FlowSpec, step


class InnerEmptyFlow(FlowSpec):
    @step
    def start(self):
        self.groups = [[1], []]
        self.next(self.group, foreach="groups")

    @step
    def group(self):
        self.numbers = self.input
        self.next(self.number, foreach="numbers")

    @step
    def number(self):
        self.double = 2 * self.input
        self.next(self.inner)

    @step
    def inner(self, inputs):
        self.doubles = [inp.double for inp in inputs]
        self.next(self.outer)

    @step
    def outer(self, inputs):
        self.all = [inp.doubles for inp in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.all)
"""


@pytest.mark.slow
def test_an_inner_foreach_without_items(tmp_path: Path) -> None:
    """The step fails which would go over them, in its element."""
    found = run(tmp_path, _INNER_EMPTY, "inner_empty_flow")
    assert found.error is not None and found.failed_node == "n1/dn1/dn0"
    assert found.error.summary == "ValueError: foreach over numbers produced zero splits"
    assert found.error.kind == "NON_RECOVERABLE"


_LONG_LOOP = """\
import os
from pathlib import Path

from metaflow import FlowSpec, retry, step


class LongLoopFlow(FlowSpec):
    @step
    def start(self):
        self.total = 0
        self.pods = []
        self.next(self.count)

    @step
    def count(self):
        self.total += getattr(self, "last", 0)
        self.last = getattr(self, "last", 0) + 1
        if os.getpid() not in self.pods:
            self.pods.append(os.getpid())
        self.more = self.last < ROUNDS
        self.next({True: self.count, False: self.report}, condition="more")

    @step
    def report(self):
        self.pods = len(self.pods)
        self.next(self.end)

    @step
    def end(self):
        print(self.total, self.pods)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("rounds", "pods"), [(50, 1), (51, 2), (101, 3)])
def test_a_long_loop_takes_more_pods(rounds: int, pods: int, tmp_path: Path) -> None:
    found = run(tmp_path, _LONG_LOOP.replace("ROUNDS", str(rounds)), "long_loop_flow")
    assert found.error is None, found.error
    assert found.outputs["total"] == canonical(sum(range(rounds)))
    assert found.outputs["last"] == canonical(rounds)
    assert found.outputs["pods"] == canonical(pods)
    assert len(found.attempts) == 3 + pods, found.attempts


_FLAKY_ROUND = """\
    @retry(times=1, minutes_between_retries=0)
    @step
    def count(self):
        self.pods.append(len(self.pods))
        counter = Path(os.environ["COUNTERS"], str(len(self.pods)))
        counter.write_text((counter.read_text() if counter.exists() else "") + "x")
        if len(self.pods) == 2 and counter.read_text() == "x":
            raise ConnectionError("in the second round")
        self.more = len(self.pods) < 3
        self.next({True: self.count, False: self.report}, condition="more")

    @step
    def report"""


@pytest.mark.slow
def test_a_round_is_tried_again(tmp_path: Path) -> None:
    """Only the round that failed, and with the artifacts of the round before."""
    head, _, rest = _LONG_LOOP.partition("    @step\n    def count")
    source = head + _FLAKY_ROUND + rest.partition("    @step\n    def report")[2]
    found = run(tmp_path, source, "long_loop_flow", COUNTERS=tmp_path)
    assert found.error is None, found.error
    assert found.outputs["pods"] == canonical(3)
    assert [(tmp_path / str(n)).read_text() for n in (1, 2, 3)] == ["x", "xx", "x"]
    assert sorted(found.attempts.values()) == [1, 1, 1, 1, 1, 2], found.attempts
