"""Both sides of the comparison where steps run many times, or not at all: foreach, branches,
switches and loops, on a translation written by hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import samples
from tests.support.backend import run_workflow
from tests.support.canonical import canonical
from tests.support.cheap_metaflow import run_cheap
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.support.result import Artifacts, RunResult
from tests.support.serialised import check_types, register_offline

FLOW = """
from metaflow import FlowSpec, step


class ShapesFlow(FlowSpec):
    @step
    def start(self):
        self.items = ["x", "yy", "zzz"]
        self.data = {"k": (1,)}
        self.next(self.body, foreach="items")

    @step
    def body(self):
        self.size = len(self.input)
        self.index_of = self.index
        if self.size == 2:
            self.even = True
        self.next(self.join)

    @step
    def join(self, inputs):
        self.sizes = [i.size for i in inputs]
        self.evens = [hasattr(i, "even") for i in inputs]
        self.merge_artifacts(inputs, include=["data"])
        self.next(self.spread)

    @step
    def spread(self):
        self.next(self.left, self.right)

    @step
    def left(self):
        self.total = sum(self.sizes)
        self.next(self.both)

    @step
    def right(self):
        self.total = -1
        self.next(self.both)

    @step
    def both(self, inputs):
        self.totals = (inputs.left.total, inputs.right.total)
        self.merge_artifacts(inputs, include=["data", "sizes"])
        self.tries = 0
        self.next(self.work)

    @step
    def work(self):
        self.tries += 1
        self.state = "again" if self.tries < 3 else "done"
        self.next({"again": self.work, "done": self.pick}, condition="state")

    @step
    def pick(self):
        self.kind = "big" if self.tries > 2 else "small"
        self.next({"big": self.big, "small": self.small}, condition="kind")

    @step
    def small(self):
        self.result = None
        self.next(self.end)

    @step
    def big(self):
        self.scale = 10
        self.next(self.prep, foreach="sizes")

    @step
    def prep(self):
        self.scaled = self.input * self.scale
        self.next(self.fit)

    @step
    def fit(self):
        self.score = (self.scaled, self.data["k"])
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.result = [i.score for i in inputs]
        self.merge_artifacts(inputs, include=["tries"])
        self.next(self.end)

    @step
    def end(self):
        self.final = (self.tries, self.result)


if __name__ == "__main__":
    ShapesFlow()
"""

MODULE = """
import functools
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple, get_type_hints

from flytekit import dynamic, map_task, task, workflow
from flytekit.models.literals import Literal
from flytekit.types.pickle.pickle import FlytePickleTransformer


class Packed:
    def __init__(self, value):
        self.value = value


class Unset:
    pass


class Pickled(FlytePickleTransformer):
    def __init__(self, load=True):
        super().__init__()
        self.load = load

    async def async_to_literal(self, ctx, python_val, python_type, expected):
        if isinstance(python_val, Literal):
            return python_val
        return await super().async_to_literal(ctx, python_val, python_type, expected)

    async def async_to_python_value(self, ctx, lv, expected_python_type):
        if not self.load:
            return lv
        return await super().async_to_python_value(ctx, lv, expected_python_type)


Artifact = Annotated[Any, Pickled()]
Reference = Annotated[Any, Pickled(load=False)]


def unpacked(value):
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    return value.value if isinstance(value, Packed) else value


def with_artifacts(fn):
    plain = {"next_step", "body_indices", "prep_indices"}

    @functools.wraps(fn)
    def call(**inputs):
        result = fn(**{name: unpacked(value) for name, value in inputs.items()})
        if not isinstance(result, tuple):
            return Packed(result)
        artifacts = {
            name: value
            for name, value in result._asdict().items()
            if name not in plain and not isinstance(value, Literal)
        }
        return result._replace(**{name: Packed(value) for name, value in artifacts.items()})

    return call


def repeat_step(most):
    def decorate(fn):
        @functools.wraps(fn)
        def call(**inputs):
            for _ in range(most):
                result = fn(**inputs)
                if result.next_step != fn.__name__:
                    return result
                inputs = {name: getattr(result, name) for name in inputs}
            return globals()[fn.__name__](**inputs)

        return call

    return decorate


class StartOutputs(NamedTuple):
    items: Artifact
    data: Artifact
    body_indices: list[int]


@task
@with_artifacts
def start() -> StartOutputs:
    items = ["x", "yy", "zzz"]
    return StartOutputs(items, {"k": (1,)}, list(range(len(items))))


@task
@with_artifacts
def body(index: int, items: Artifact) -> Artifact:
    even = {"even": True} if len(items[index]) == 2 else {}
    return SimpleNamespace(size=len(items[index]), index_of=index, **even)


class JoinOutputs(NamedTuple):
    sizes: Artifact
    evens: Artifact


@task
@with_artifacts
def join(inputs: list[Artifact], data: Artifact) -> JoinOutputs:
    return JoinOutputs([i.size for i in inputs], [hasattr(i, "even") for i in inputs])


@task
def spread() -> None:
    pass


class TotalOutputs(NamedTuple):
    total: Artifact


@task
@with_artifacts
def left(sizes: Artifact) -> TotalOutputs:
    return TotalOutputs(sum(sizes))


@task
@with_artifacts
def right() -> TotalOutputs:
    return TotalOutputs(-1)


class BothOutputs(NamedTuple):
    totals: Artifact
    tries: Artifact


@task
@with_artifacts
def both(left_total: Artifact, right_total_: Artifact) -> BothOutputs:
    return BothOutputs((left_total, right_total_), 0)


class WorkOutputs(NamedTuple):
    tries: Artifact
    state: Artifact
    data: Artifact
    next_step: str


@dynamic
@repeat_step(most=2)
@with_artifacts
def work(tries: Artifact, data: Reference) -> WorkOutputs:
    tries += 1
    state = "again" if tries < 3 else "done"
    return WorkOutputs(tries, state, data, {"again": "work", "done": "pick"}[state])


class PickOutputs(NamedTuple):
    kind: Artifact
    next_step: str


@task
@with_artifacts
def pick(tries: Artifact) -> PickOutputs:
    kind = "big" if tries > 2 else "small"
    return PickOutputs(kind, kind)


class SmallOutputs(NamedTuple):
    result: Artifact


@task
@with_artifacts
def small() -> SmallOutputs:
    return SmallOutputs(None)


class BigOutputs(NamedTuple):
    scale: Artifact
    prep_indices: list[int]


@task
@with_artifacts
def big(sizes: Artifact) -> BigOutputs:
    return BigOutputs(10, list(range(len(sizes))))


class PrepOutputs(NamedTuple):
    scaled: Artifact


@task
@with_artifacts
def prep(index: int, sizes: Artifact, scale: Artifact) -> PrepOutputs:
    return PrepOutputs(sizes[index] * scale)


class FitOutputs(NamedTuple):
    score: Artifact


@task
@with_artifacts
def fit(prep_index: int, scaled: Artifact, data: Artifact) -> FitOutputs:
    return FitOutputs((scaled, data["k"]))


@workflow
def prep_branch(index: int, sizes: Artifact, scale: Artifact, data: Artifact) -> FitOutputs:
    prep_out = prep(index=index, sizes=sizes, scale=scale)
    fit_out = fit(prep_index=index, scaled=prep_out.scaled, data=data)
    return FitOutputs(score=fit_out.score)


class PrepForeachOutputs(NamedTuple):
    score: list[Artifact]


@dynamic
def prep_foreach(
    prep_indices: list[int], sizes: Reference, scale: Reference, data: Reference
) -> PrepForeachOutputs:
    outs = [prep_branch(index=i, sizes=sizes, scale=scale, data=data) for i in prep_indices]
    return PrepForeachOutputs(score=[out.score for out in outs])


class GatherOutputs(NamedTuple):
    result: Artifact


@task
@with_artifacts
def gather(inputs_score: list[Artifact], tries: Artifact) -> GatherOutputs:
    return GatherOutputs(list(inputs_score))


class PickSwitchOutputs(NamedTuple):
    result: Artifact


@dynamic
def pick_switch(
    next_step: str, sizes: Reference, tries: Reference, data: Reference
) -> PickSwitchOutputs:
    if next_step == "small":
        return PickSwitchOutputs(result=small().result)
    big_out = big(sizes=sizes)
    out = prep_foreach(
        prep_indices=big_out.prep_indices, sizes=sizes, scale=big_out.scale, data=data
    )
    return PickSwitchOutputs(result=gather(inputs_score=out.score, tries=tries).result)


class EndOutputs(NamedTuple):
    final: Artifact


@task
@with_artifacts
def end(tries: Artifact, result: Artifact) -> EndOutputs:
    return EndOutputs((tries, result))


class ShapesFlowOutputs(NamedTuple):
    tries: Artifact
    result: Artifact
    final: Artifact


@workflow
def shapes_flow() -> ShapesFlowOutputs:
    start_out = start()
    body_out = map_task(functools.partial(body, items=start_out.items))(
        index=start_out.body_indices
    )
    join_out = join(inputs=body_out, data=start_out.data)
    spread_out = spread()
    left_out = left(sizes=join_out.sizes)
    right_out = right()
    join_out.sizes >> spread_out
    spread_out >> left_out.total
    spread_out >> right_out.total
    both_out = both(left_total=left_out.total, right_total_=right_out.total)
    work_out = work(tries=both_out.tries, data=start_out.data)
    pick_out = pick(tries=work_out.tries)
    switch_out = pick_switch(
        next_step=pick_out.next_step,
        sizes=join_out.sizes,
        tries=work_out.tries,
        data=work_out.data,
    )
    end_out = end(tries=work_out.tries, result=switch_out.result)
    return ShapesFlowOutputs(
        tries=work_out.tries, result=switch_out.result, final=end_out.final
    )
"""

RunModule = Callable[..., RunResult]


def on_metaflow(folder: Path, *changes: tuple[str, str]) -> RunResult:
    """Run the flow after replacing texts in it."""
    flow = samples.written(folder, "flow.py", FLOW, *changes)
    return run_cheap(flow, {}, flow_name="ShapesFlow")


@pytest.fixture(scope="module")
def metaflow(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return on_metaflow(tmp_path_factory.mktemp("flow"))


@pytest.fixture
def flyte(tmp_path: Path) -> RunModule:
    """Runs the translation after replacing texts in it."""

    def run(*changes: tuple[str, str]) -> RunResult:
        folder = tmp_path / "module"
        folder.mkdir(exist_ok=True)
        module = samples.written(folder, "flyte_wf.py", MODULE, *changes)
        return run_flyte(module, "shapes_flow", {})

    return run


def test_every_run_of_a_step_is_recorded(flyte: RunModule) -> None:
    result = flyte()
    assert result.error is None
    counts = {step: len(tables) for step, tables in result.steps.items()}
    once = ("start", "join", "spread", "left", "right", "both", "pick", "big", "gather", "end")
    assert counts == dict.fromkeys(("body", "work", "prep", "fit"), 3) | dict.fromkeys(once, 1)
    assert {step: len(tables) for step, tables in result.inputs.items()} == counts
    assert result.steps["body"][1] == {
        "size": canonical(2),
        "index_of": canonical(1),
        "even": canonical(True),
    }
    assert "even" not in result.steps["body"][0]
    assert [table["tries"] for table in result.inputs["work"]] == [canonical(n) for n in range(3)]
    # Read from its file, though the module never loads it.
    assert result.steps["work"][2]["data"] == canonical({"k": (1,)})


def test_equal_runs_do_not_differ(metaflow: RunResult, flyte: RunModule) -> None:
    assert metaflow.error is None
    assert compare(metaflow, flyte(), set()) == []


DIFFERENCES = {
    "of an element": (
        ("size=len(items[index])", "size=len(items[-1])"),
        "task body[0], output size: Metaflow has 1, Flyte 3",
    ),
    "set in one element only": (
        ('{"even": True} if len(items[index]) == 2 else {}', '{"even": True}'),
        "task body[0], output even: True, but Metaflow has no such artifact",
    ),
    "index": (
        ("index_of=index", "index_of=index + 1"),
        "task body[2], output index_of: Metaflow has 2, Flyte 3",
    ),
    "gathered namespaces": (
        ("[i.size for i in inputs]", "[i.size + 1 for i in inputs]"),
        "task join, output sizes: Metaflow has [1, 2, 3], Flyte [2, 3, 4]",
    ),
    "order of gathered elements": (
        ("[out.score for out in outs]", "[out.score for out in outs[::-1]]"),
        "task gather, input inputs_score[0] score: Metaflow has (10, (1,)), Flyte (30, (1,))",
    ),
    "number of gathered elements": (
        ("[out.score for out in outs]", "[out.score for out in outs[:2]]"),
        "task gather, input inputs_score: 2 for 3 of fit",
    ),
    "branch": (
        ("right_total_=right_out.total", "right_total_=left_out.total"),
        "task both, input right_total_: Metaflow has -1, Flyte 6",
    ),
    "round": (
        ("    tries += 1\n", "    tries += 1 + (tries == 1)\n"),
        "step work: ran 3 times under Metaflow, 2 under Flyte",
    ),
    "after the loop": (
        ("pick(tries=work_out.tries)", "pick(tries=both_out.tries)"),
        "task pick, input tries: Metaflow has 3, Flyte 0",
    ),
    "within a sub-workflow": (
        ("scaled=prep_out.scaled", "scaled=scale"),
        "task fit[1], input scaled: Metaflow has 20, Flyte 10",
    ),
    "branch of a switch": (
        ('{"again": "work", "done": "pick"}[state])', '"pick")'),
        "step small: ran 0 times under Metaflow, 1 under Flyte",
    ),
}


@pytest.mark.parametrize(("change", "line"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_finds(change: tuple[str, str], line: str, metaflow: RunResult, flyte: RunModule) -> None:
    found = compare(metaflow, flyte(change), set())
    assert line in found


def test_a_value_that_flyte_refuses_fails_the_mapped_step(flyte: RunModule) -> None:
    result = flyte(
        ("items: Artifact) -> Artifact:\n    even", "items: Artifact) -> int:\n    even")
    )
    assert result.failed_step == "body" and len(result.steps["body"]) == 2


def test_failures_of_one_among_many(tmp_path: Path, flyte: RunModule) -> None:
    """Which others are done by then is chance; what came before is not."""
    fails = 'raise ValueError("two")'
    expected = on_metaflow(tmp_path, ("self.even = True", fails))
    index_1 = ("    even = {", f"    if index == 1:\n        {fails}\n    even = {{")
    result = flyte(index_1)
    assert expected.failed_step == result.failed_step == "body"
    assert result.error == "ValueError: two" and len(result.steps["body"]) == 1
    assert compare(expected, result, set()) == []
    alone = {"start": expected.steps["start"]}
    assert compare(replace(expected, steps=alone), result, set()) == []
    later = flyte((index_1[0], index_1[1].replace("index == 1", "index == 2")))
    assert len(later.steps["body"]) == 2
    assert compare(replace(expected, steps=alone), later, set()) == []
    wrong = flyte(index_1, ('{"k": (1,)}, list', '{"k": (2,)}, list'))
    assert compare(expected, wrong, set()) == [
        "task start, output data: Metaflow has {'k': (1,)}, Flyte {'k': (2,)}"
    ]


def test_a_failing_round(tmp_path: Path, flyte: RunModule) -> None:
    fails = 'assert {} != 2, "two"'
    step = "        self.tries += 1\n"
    expected = on_metaflow(tmp_path, (step, f"{step}        {fails.format('self.tries')}\n"))
    result = flyte(("    tries += 1\n", f"    tries += 1\n    {fails.format('tries')}\n"))
    assert expected.failed_step == result.failed_step == "work"
    assert len(expected.steps["work"]) == len(result.steps["work"]) == 1
    assert len(result.inputs["work"]) == 2
    assert compare(expected, result, set()) == []


def run(
    steps: dict[str, list[dict[str, object]]],
    parents: dict[str, list[str]] | None = None,
    inputs: dict[str, list[dict[str, object]]] | None = None,
) -> RunResult:
    """A run in which these values were seen."""
    tables, given = (
        {step: [_described(table) for table in runs] for step, runs in (found or {}).items()}
        for found in (steps, inputs)
    )
    return RunResult(tables, None, None, "", inputs=given, parents=parents or {})


def _described(table: dict[str, object]) -> Artifacts:
    return {name: canonical(value) for name, value in table.items()}


# A switch within a foreach: the first and the third element take one branch, the second another.
SWITCH = run(
    {
        "start": [{"x": 0}],
        "choose": [{"x": 1}, {"x": 2}, {"x": 3}],
        "a": [{"x": 10}, {"x": 30}],
        "b": [{"x": 20}],
        "both": [{"x": 10, "y": 1}, {"x": 20, "y": 2}, {"x": 30, "y": 3}],
        "join": [{"z": 1}],
    },
    {
        "choose": ["start"],
        "a": ["choose"],
        "b": ["choose"],
        "both": ["a", "b"],
        "join": ["both"],
    },
)


def seen(
    metaflow: RunResult,
    inputs: dict[str, list[dict[str, object]]],
    unset: dict[str, list[frozenset[str]]] | None = None,
) -> list[str]:
    """What is found in the inputs of a run which is otherwise the same."""
    outputs = metaflow.steps[list(metaflow.steps)[-1]][-1]
    flyte = replace(run({}, {}, inputs), steps=metaflow.steps, outputs=outputs)
    return compare(metaflow, replace(flyte, unset_inputs=unset or {}), set())


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ({"both": [{"x": 10}, {"x": 20}, {"x": 30}]}, []),
        ({"both": [{"x": 2}]}, ["task both, input x: Metaflow has 10, Flyte 2"]),
        ({"choose": [{"x": 0}] * 3}, []),
        ({"a": [{"x": 1}, {"x": 3}]}, []),
        ({"a": [{"x": 1}, {"x": 10}]}, ["task a[1], input x: Metaflow has 1, Flyte 10"]),
        ({"join": [{"inputs_y": [1, 2, 3], "both_count": 3}]}, []),
        (
            {"join": [{"inputs_y_": [1, 2, 2]}]},
            ["task join, input inputs_y_[2] y_: Metaflow has 3, Flyte 2"],
        ),
        (
            {"join": [{"nothing": 1}]},
            ["task join, input nothing: 1, but Metaflow has no such artifact"],
        ),
    ],
)
def test_what_a_run_may_have_seen(
    inputs: dict[str, list[dict[str, object]]], found: list[str]
) -> None:
    assert seen(SWITCH, inputs) == found


def test_rounds_come_after_each_other() -> None:
    """Here two steps make the loop; in a foreach it is not clear where its elements begin."""
    steps: dict[str, list[dict[str, object]]] = {
        "start": [{"x": 0}],
        "check": [{"x": 0}, {"x": 1}, {"x": 2}],
        "work": [{"x": 1}, {"x": 2}],
        "end": [{"x": 2}],
    }
    parents = {"check": ["start", "work"], "work": ["check"], "end": ["check"]}
    metaflow = run(steps, parents)
    assert seen(metaflow, {"check": [{"x": 0}, {"x": 1}, {"x": 2}], "end": [{"x": 2}]}) == []
    assert seen(metaflow, {"check": [{"x": 1}, {"x": 2}, {"x": 2}], "end": [{"x": 1}]}) == [
        "task check[0], input x: Metaflow has 0, Flyte 1",
        "task check[1], input x: Metaflow has 1, Flyte 2",
        "task end, input x: Metaflow has 2, Flyte 1",
    ]
    twice = {**steps, "check": steps["check"] * 2, "work": steps["work"] * 2}
    assert seen(run(twice, parents), {"check": twice["check"]}) == []


def test_generated_names_may_also_be_artifacts() -> None:
    """Only under that very name they have to be equal to the artifact."""
    metaflow = run({"start": [{"row_count": 1, "index": 5, "_index_count": 2}]})
    ignored: dict[str, object] = {"index_": 0, "fit_indices": [0], "next_step": "a"}
    same = {"row_count": 1, "index": 5, "index_count": 2}
    assert compare(metaflow, run({"start": [{**ignored, **same}]}), {"row"}) == [
        "workflow output row_count: missing, Metaflow has 1",
        "workflow output index: missing, Metaflow has 5",
    ]
    other = {"row_count": 2, "index": 6, "index_count": 3}
    lines = compare(metaflow, run({"start": [{**ignored, **other}]}), set())
    assert lines[:3] == [
        "task start, output row_count: Metaflow has 1, Flyte 2",
        "task start, output index: Metaflow has 5, Flyte 6",
        "task start, output index_count: Metaflow has 2, Flyte 3",
    ]


class Unset:
    """As in a generated module."""


def test_unset_inputs_of_joins() -> None:
    static = run(
        {"start": [{}], "a": [{"x": 1}], "b": [{}], "join": [{}]},
        {"a": ["start"], "b": ["start"], "join": ["a", "b"]},
    )
    unset = {"join": [frozenset({"a_x", "b_x"})]}
    assert seen(static, {"join": [{}]}, unset) == ["task join, input a_x: unset, Metaflow has 1"]
    foreach = run(
        {"start": [{}], "fit": [{"x": 1}, {}, {"x": 3}], "join": [{}]},
        {"fit": ["start"], "join": ["fit"]},
    )
    assert seen(foreach, {"join": [{"inputs_x": [1, Unset(), Unset]}]}) == [
        "task join, input inputs_x[2] x: unset, Metaflow has 3",
    ]


def test_registers(tmp_path: Path) -> None:
    """With a map task, sub-workflows and dynamic tasks, whose nodes are not known yet."""
    registered = register_offline(samples.written(tmp_path, "flyte_wf.py", MODULE))
    assert check_types(registered) == []
    assert set(registered.workflows) == {"flyte_wf.prep_branch", "flyte_wf.shapes_flow"}


@pytest.mark.slow
def test_backend(tmp_path: Path) -> None:
    """One process for each task, element and round gives what one process gives."""
    module = samples.written(tmp_path, "flyte_wf.py", MODULE)
    result = run_workflow(module, "shapes_flow", {})
    assert result.error is None
    assert result.outputs == run_flyte(module, "shapes_flow", {}).outputs
    # The loop: two rounds in the first process, one in the second.
    assert [node for node in result.attempts if node.startswith("n7")] == ["n7", "n7/dn0"]
