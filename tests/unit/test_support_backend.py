"""Serialised workflows, executed one process for each attempt."""

from pathlib import Path

import pytest

from tests.support import samples
from tests.support.backend import run_workflow
from tests.support.canonical import canonical
from tests.support.flyte_side import run_flyte

# A table of rows: one dynamic makes a sub-workflow for each row, which maps over the columns.
TABLE = """
import functools
import os
from typing import NamedTuple

from flytekit import conditional, dynamic, map_task, task, workflow
from flytekit.exceptions.user import FlyteRecoverableException


@task(retries=1)
def cell(column: int, name: str, widths: list[int]) -> str:
    attempt = int(os.environ.get("FLYTE_ATTEMPT_NUMBER", "1"))
    if (name, column) == ("flaky", 1) and attempt == 0:
        raise FlyteRecoverableException("not yet")
    if (name, column) == ("broken", 1):
        raise FlyteRecoverableException(f"attempt {attempt}")
    return f"{name}{column}".ljust(widths[0])


class RowOutputs(NamedTuple):
    text: str
    cells: list[str]


@task
def joined(cells: list[str]) -> str:
    return "|".join(cells)


@workflow
def row(name: str, columns: list[int], widths: list[int]) -> RowOutputs:
    cells = map_task(functools.partial(cell, name=name, widths=widths))(column=columns)
    return RowOutputs(text=joined(cells=cells), cells=cells)


@dynamic
def foot(columns: list[int]) -> str:
    if not columns:
        return "nothing"
    return joined(cells=[str(column) for column in columns])


class RowsOutputs(NamedTuple):
    texts: list[str]
    cells: list[list[str]]
    foot: str


@dynamic(retries=3)
def rows(names: list[str], columns: list[int], widths: list[int]) -> RowsOutputs:
    outs = [row(name=name, columns=columns, widths=widths) for name in names]
    last = foot(columns=columns)
    return RowsOutputs([out.text for out in outs], [out.cells for out in outs], last)


@workflow
def table(names: list[str], columns: list[int] = [0, 1]) -> RowsOutputs:
    return rows(names=names, columns=columns, widths=[3])


@task
def pair(left: int, right: int) -> int:
    return left + right


@workflow
def pairs(left: list[int], right: list[int]) -> list[int]:
    return map_task(pair)(left=left, right=right)


@dynamic
def careless(cells: list[str]) -> int:
    return pair(left=joined(cells=cells), right=1)


@workflow
def misfit() -> int:
    return careless(cells=[])


@workflow
def choice(name: str) -> str:
    return (
        conditional("c")
        .if_(name == "a")
        .then(cell(column=1, name=name, widths=[1]))
        .else_()
        .then(cell(column=2, name=name, widths=[1]))
    )
"""


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
    assert run.attempts == {"n0": 2} and "exit code 9" in (run.error.message if run.error else "")


def test_outputs_keep_their_types(tmp_path: Path) -> None:
    changes = (("attempt < 1", "attempt < 0"), ("(name, attempt)", "{(name,): None, 1: {2.0}}"))
    module = samples.written(tmp_path, "typed.py", samples.RETRIED_MODULE, *changes)
    run = run_workflow(module, "retried_flow", {"name": "z"})
    assert run.outputs == {
        "attempts": canonical({("z",): None, 1: {2.0}}),
        "never": canonical(1),
    }


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return samples.written(tmp_path, "table.py", TABLE)


def test_dynamics_sub_workflows_and_map_tasks(table: Path) -> None:
    """Within each other; and an element is retried alone."""
    run = run_workflow(table, "table", {"names": ["flaky"]})
    assert run.error is None
    assert run.attempts == {
        "n0": 1,
        "n0/dn0/dn0[0]": 1,
        "n0/dn0/dn0[1]": 2,
        "n0/dn0/dn1": 1,
        "n0/dn1": 1,
        "n0/dn1/dn0": 1,
    }
    assert run.outputs == {
        "texts": canonical(["flaky0|flaky1"]),
        "cells": canonical([["flaky0", "flaky1"]]),
        "foot": canonical("0|1"),
    }
    assert run.outputs == run_flyte(table, "table", {"names": ["flaky"]}).outputs


def test_a_failing_element_ends_all(table: Path) -> None:
    """The dynamic task around it is not retried, whatever its own retries are."""
    run = run_workflow(table, "table", {"names": ["broken"], "columns": [1, 2]})
    assert run.attempts == {"n0": 1, "n0/dn0/dn0[0]": 2}
    assert run.failed_node == "n0/dn0/dn0[0]" and run.outputs == {}
    assert run.error is not None and "attempt 1" in run.error.summary


def test_dynamics_without_nodes_and_maps_without_elements(table: Path) -> None:
    run = run_workflow(table, "table", {"names": ["a"], "columns": []})
    assert run.attempts == {"n0": 1, "n0/dn0/dn1": 1, "n0/dn1": 1}
    assert run.outputs == {
        "texts": canonical([""]),
        "cells": canonical([[]]),
        "foot": canonical("nothing"),
    }


def test_what_the_backend_refuses(table: Path) -> None:
    unequal = run_workflow(table, "pairs", {"left": [1, 2], "right": [3]})
    assert unequal.failed_node == "n0" and unequal.attempts == {}
    assert unequal.error is not None and "different lengths" in unequal.error.message
    misfit = run_workflow(table, "misfit", {})
    assert misfit.failed_node == "n0" and misfit.attempts == {"n0": 1}
    assert misfit.error is not None
    assert misfit.error.message == "n0, dn1.left: string given where integer is expected"
    with pytest.raises(NotImplementedError, match="node n0 is"):
        run_workflow(table, "choice", {"name": "a"})
