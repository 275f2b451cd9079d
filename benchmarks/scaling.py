"""How the time for a translation grows with the length of the flow.

    python benchmarks/scaling.py [--max 5000] [--runs 3]

Linear flows of 10 to 5,000 steps, best of several runs in one process, split by stage. ``emit``
is given without black, which has a column of its own. A time per step that stays the same from
row to row means linear growth.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import black  # noqa: E402
from cold_start import flow  # noqa: E402

from codegen import pipeline  # noqa: E402

SIZES = (10, 100, 1_000, 5_000)

#: Column → the functions that the pipeline calls for this stage.
STAGES = {
    "parse": ("decode", "parse_flow"),
    "analyse": (
        "module_scope",
        "global_names",
        "check_graph",
        "analyse_linear",
        "live_exits",
    ),
    "lower": (
        "lower_parameters",
        "parameter_kinds",
        "read_decorators",
        "check_scheduled_inputs",
        "Names",
        "lower_linear",
    ),
    "emit": ("emit",),
}


class Clock:
    """Adds up the time that is spent in wrapped functions; what one calls inside another counts
    for the inner one only."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.stack: list[float] = []

    def wrapped(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, with its time added to a stage."""

        def timed(*arguments: Any, **options: Any) -> Any:
            self.stack.append(0.0)
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                passed = time.perf_counter() - start
                inner = self.stack.pop()
                self.spent[stage] = self.spent.get(stage, 0.0) + passed - inner
                if self.stack:
                    self.stack[-1] += passed

        return timed


def measured(source: bytes, runs: int) -> tuple[float, dict[str, float]]:
    """The best time for a translation, and where it went."""
    results = []
    for _ in range(runs):
        clock = Clock()
        before: list[tuple[Any, str, Any]] = []
        places = [(pipeline, name, stage) for stage, names in STAGES.items() for name in names]
        for owner, name, stage in [*places, (black, "format_str", "black")]:
            function = getattr(owner, name, None)
            if function is not None:  # stages come and go; what has no column is "other"
                before.append((owner, name, function))
                setattr(owner, name, clock.wrapped(stage, function))
        try:
            start = time.perf_counter()
            result = pipeline.translate(source, "flow.py")
            whole = time.perf_counter() - start
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)
        if result.code is None:
            sys.exit(f"the flow is refused: {result.diagnostics[:3]}")
        results.append((whole, clock.spent))
    return min(results, key=lambda found: found[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Times translations of longer and longer flows.")
    parser.add_argument("--max", type=int, default=SIZES[-1], help="largest number of steps")
    parser.add_argument("--runs", type=int, default=3, help="how often each is run (3)")
    arguments = parser.parse_args()
    gc.set_threshold(100_000, 50, 100)  # as the command line does
    columns = [*STAGES, "black", "other"]
    print("".join(f"{title:>9}" for title in ["steps", "lines", *columns, "total", "a step"]))
    pipeline.translate(flow(2), "flow.py")  # templates and regular expressions are compiled once
    for size in SIZES:
        if size > arguments.max:
            break
        source = flow(size - 2).encode()  # the first and the last are steps too
        whole, spent = measured(source, arguments.runs)
        spent["other"] = whole - sum(spent.values())
        times = "".join(f"{spent.get(column, 0.0):8.2f}s" for column in columns)
        lines = source.count(b"\n")
        print(f"{size:9,}{lines:9,}{times}{whole:8.2f}s{whole / size * 1000:7.2f}ms", flush=True)


if __name__ == "__main__":
    main()
