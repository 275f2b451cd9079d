"""Random flows with members: what the translator accepts does the same under Metaflow and Flyte.

A seed makes a flow with helper methods, properties, constants, base classes and attributes whose
names are computed. `RANDOM_MEMBERS=480 pytest -m fuzz -k members` tries more.
"""

import ast
import importlib
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codegen import translate
from tests.support.processes import in_child
from tests.support.random_members import FEATURES, arguments, make_flow
from tests.support.random_runs import FLOW, Outcome, errors_of, outcomes, report, with_planted

BATCH = 15
BATCHES = 2
MOST_REFUSED = 0.2
MOST_FAILING = 0.3
LEAST = 0.25  # of the tasks in either style
SAMPLE = range(40)  # of flows that are not translated, or not all

# A text of each feature that flows may have.
_TEXTS = {
    "helpers": "def count_all(self)",
    "constants": "self.COLUMNS",
    "properties": "@owner.setter",
    "dynamic": "getattr(self, ",
    "unbounded": "setattr(self, f'x_{w}'",
    "vars": "vars(self)",
    "functions": "bump(self, ",
    "nested": "def add(v)",
    "deleted": "del self.",
    "stored": "self.callback = ",
    "bases": "super().",
}
_SHAPES = ("foreach=", "condition=", "merge_artifacts(", "inputs[0]", "self.arm_")

# What tasks take that cannot be compared: the carrier of artifacts that the flow does not name, on
# its way into a join, and private attributes of the class, which hide an artifact of that name.
_NOT_COMPARED = re.compile(
    r"task \w+(\[\d+\])?, input \w*(_other_artifacts|_rate|_cache|_seen)(\[\d+\])?[ :]"
)


def _outcomes(seeds: Iterable[int], folder: Path) -> dict[int, Outcome]:
    found = outcomes({seed: make_flow(seed) for seed in seeds}, folder, arguments)
    return {seed: replace(one, problems=_compared(one)) for seed, one in found.items()}


def _compared(outcome: Outcome) -> list[str]:
    return [problem for problem in outcome.problems if not _NOT_COMPARED.match(problem)]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_members(batch: int, tmp_path: Path) -> None:
    found = _outcomes(range(batch * BATCH, (batch + 1) * BATCH), tmp_path)
    assert report(found) == ""


@pytest.mark.fuzz
@pytest.mark.parametrize("batch", range(int(os.environ.get("RANDOM_MEMBERS", "0")) // BATCH))
def test_many_random_members(batch: int, tmp_path: Path) -> None:
    start = int(os.environ.get("RANDOM_MEMBERS_SEED", "1000")) + batch * BATCH
    found = _outcomes(range(start, start + BATCH), tmp_path)
    assert report(found) == ""


def _styles(module: str) -> Counter[bool]:
    """How many tasks of a module keep an object for self, and how many do without."""
    tasks = [
        function
        for function in ast.walk(ast.parse(module))
        if isinstance(function, ast.FunctionDef)
        and "task" in map(ast.unparse, function.decorator_list)
    ]
    return Counter("    self = " in ast.unparse(function) for function in tasks)


def test_most_random_members_are_accepted() -> None:
    """Otherwise the tests above would say little; and tasks are of both styles."""
    codes, styles = Counter[str](), Counter[bool]()
    refused = 0
    for seed in SAMPLE[:20]:
        result = translate(make_flow(seed), "flow.py")
        errors = errors_of(result)
        refused += bool(errors)
        codes.update({error.code for error in errors})
        styles += _styles(result.code or "")
    assert refused / 20 < MOST_REFUSED, codes
    assert "MF002" not in codes
    assert min(styles[True], styles[False]) / styles.total() > LEAST, styles


def test_a_wrong_translation_is_found(tmp_path: Path) -> None:
    """The property can fail: a module that returns something else does not pass."""
    problems = with_planted(1, make_flow(1), tmp_path, arguments)
    assert any("planted" in line for line in problems)


# ---------------------------------------------------------------------- the generator


def _checked(seeds: list[int]) -> dict[int, str | None]:
    """In a child: the failures of flows under the stand-in; Metaflow's own lint before."""
    from tests.support.cheap_metaflow import simulate

    lint: Any = importlib.import_module("metaflow.lint")
    errors = {}
    for seed in seeds:
        source = Path(f"flow_{seed}.py").read_text(encoding="utf-8")
        lint.linter.run_checks(getattr(importlib.import_module(f"flow_{seed}"), FLOW)._graph)
        errors[seed] = simulate(f"flow_{seed}.py", arguments(seed, source), FLOW).error
    return errors


def test_metaflow_accepts_random_members(tmp_path: Path) -> None:
    """They pass its lint, and few fail."""
    for seed in SAMPLE:
        (tmp_path / f"flow_{seed}.py").write_text(make_flow(seed), encoding="utf-8")
    errors, _ = in_child(_checked, list(SAMPLE), folder=tmp_path)
    failing = [error for error in errors.values() if error is not None]
    assert 0 < len(failing) / len(SAMPLE) < MOST_FAILING, failing


def test_random_members_have_all_features() -> None:
    sources = [make_flow(seed) for seed in SAMPLE]
    assert _TEXTS.keys() == FEATURES.keys()
    for text in (*_TEXTS.values(), *_SHAPES):
        assert any(text in source for source in sources), text
    assert sources == [make_flow(seed) for seed in SAMPLE]
    assert all(source.count("@step") < 26 for source in sources)
