"""Random flows with @catch: the same artifacts are left by steps that fail, whatever the style.

`RANDOM_CATCH=480 pytest -m fuzz -k catch` tries more.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from codegen import translate
from tests.support.random_catch import with_catch
from tests.support.random_members import arguments, make_flow
from tests.support.random_runs import Outcome, errors_of, outcomes, report

BATCH = 15
BATCHES = 1
SAMPLE = range(12)
MOST_REFUSED = 0.35


def _source(seed: int) -> str:
    return with_catch(seed, make_flow(seed))


def _outcomes(seeds: Iterable[int], folder: Path) -> dict[int, Outcome]:
    return outcomes({seed: _source(seed) for seed in seeds}, folder, arguments)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_catch(batch: int, tmp_path: Path) -> None:
    found = _outcomes(range(batch * BATCH, (batch + 1) * BATCH), tmp_path)
    assert report(found) == ""


@pytest.mark.fuzz
@pytest.mark.parametrize("batch", range(int(os.environ.get("RANDOM_CATCH", "0")) // BATCH))
def test_many_random_catches(batch: int, tmp_path: Path) -> None:
    start = 1000 + batch * BATCH
    found = _outcomes(range(start, start + BATCH), tmp_path)
    assert report(found) == ""


def test_most_are_accepted() -> None:
    refused = [errors_of(translate(_source(seed), "flow.py")) for seed in SAMPLE]
    codes = [{found.code for found in errors} for errors in refused if errors]
    assert len(codes) / len(SAMPLE) < MOST_REFUSED, codes
    sources = [_source(seed) for seed in SAMPLE]
    assert sum("@catch" in source for source in sources) > len(SAMPLE) / 2
    assert sources == [_source(seed) for seed in SAMPLE]
