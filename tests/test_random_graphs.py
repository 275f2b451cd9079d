"""Random flows over graphs: whatever the translator accepts does the same under Metaflow and Flyte.

A seed makes a flow of splits, foreaches, switches and loops, nested in each other, which pass
artifacts on and fail now and then. `RANDOM_GRAPHS=5000 pytest -m fuzz` tries more.
"""

import importlib
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from codegen import translate
from tests.support.cheap_metaflow import run_cheap
from tests.support.metaflow_side import run_metaflow
from tests.support.processes import in_child
from tests.support.random_graphs import arguments, make_flow
from tests.support.random_runs import FLOW, Outcome, errors_of, outcomes, report, with_planted

BATCH = 16
BATCHES = 3
MOST_REFUSED = 0.15
MOST_FAILING = 0.15
SAMPLE = range(40)  # of flows that are not translated, or not all

_SHAPES = {
    "split": "self.next(self.",
    "foreach": "foreach=",
    "switch": "condition=",
    "loop": "self.round_",
    "nodes": "num_parallel=",
    "merge": "merge_artifacts(inputs)",
    "include": "include=[",
    "exclude": "exclude=[",
    "lost": "getattr(self, ",
    "stack": "self.foreach_stack()",
}


def _outcomes(seeds: Iterable[int], folder: Path) -> dict[int, Outcome]:
    return outcomes({seed: make_flow(seed) for seed in seeds}, folder, arguments)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_graphs(batch: int, tmp_path: Path) -> None:
    found = _outcomes(range(batch * BATCH, (batch + 1) * BATCH), tmp_path)
    assert report(found) == ""


@pytest.mark.fuzz
@pytest.mark.parametrize("batch", range(int(os.environ.get("RANDOM_GRAPHS", "0")) // BATCH))
def test_many_random_graphs(batch: int, tmp_path: Path) -> None:
    start = int(os.environ.get("RANDOM_GRAPHS_SEED", "1000")) + batch * BATCH
    found = _outcomes(range(start, start + BATCH), tmp_path)
    assert report(found) == ""


def test_most_random_graphs_are_accepted() -> None:
    """Otherwise the tests above would say little."""
    codes = Counter[str]()
    refused = 0
    for seed in SAMPLE[:20]:
        errors = errors_of(translate(make_flow(seed), "flow.py"))
        refused += bool(errors)
        codes.update({error.code for error in errors})
    assert refused / 20 < MOST_REFUSED, codes
    assert "MF002" not in codes


def test_a_wrong_translation_is_found(tmp_path: Path) -> None:
    """The property can fail: a module that returns something else does not pass."""
    problems = with_planted(3, make_flow(3), tmp_path, arguments)
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


def test_metaflow_accepts_random_graphs(tmp_path: Path) -> None:
    """They pass its lint, and few fail."""
    for seed in SAMPLE:
        (tmp_path / f"flow_{seed}.py").write_text(make_flow(seed), encoding="utf-8")
    errors, _ = in_child(_checked, list(SAMPLE), folder=tmp_path)
    failing = [error for error in errors.values() if error is not None]
    assert 0 < len(failing) / len(SAMPLE) < MOST_FAILING, failing


def test_random_graphs_have_all_shapes() -> None:
    sources = [make_flow(seed) for seed in SAMPLE]
    for name, text in _SHAPES.items():
        assert any(text in source for source in sources), name
    assert sources == [make_flow(seed) for seed in SAMPLE]
    assert all(source.count("@step") < 26 for source in sources)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 20, 105])
def test_stand_in_is_faithful(seed: int, tmp_path: Path) -> None:
    """Order of hashes and luck with processes aside, random graphs do the same in real Metaflow."""
    source = make_flow(seed)
    flow = tmp_path / "flow.py"
    flow.write_text(source, encoding="utf-8")
    given = arguments(seed, source)
    expected = run_metaflow(flow, given, flow_name=FLOW)
    found = run_cheap(flow, given, flow_name=FLOW)
    assert found.failed_step == expected.failed_step
    assert (found.error is None) == (expected.error is None)
    if expected.error is None:
        assert found.steps == expected.steps
        assert found.parents == expected.parents
    assert found.constants == expected.constants
