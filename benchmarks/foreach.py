"""What a foreach costs when its module is run locally, and how its join grows with the items.

    python benchmarks/foreach.py [--items 100 1000] [--joins 1000 5000 10000 20000] [--megabytes 5]

A big artifact is shared by all items, each item makes two small values, and the join collects
them. With one step between the foreach and the join, the module has a map task; with two, a
dynamic task that runs a sub-workflow for each item. Each run is a process of its own; its files
are those that flytekit writes for artifacts, in the end and not one by one. A time per item that
stays the same from row to row means linear growth.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import importlib
import io
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

HEAD = '''\
"""Something for each item, beside a table that all of them read."""

from metaflow import FlowSpec, Parameter, step


class ItemsFlow(FlowSpec):
    """One task for each item."""

    count = Parameter("count", help="How many items", default=10)
    size = Parameter("size", help="Bytes of the table", default=1000)

    @step
    def start(self):
        self.table = bytes(range(256)) * (self.size // 256)
        self.items = list(range(self.count))
        self.next(self.first, foreach="items")
'''
ONE = """
    @step
    def first(self):
        self.word = f"item {self.input}"
        self.value = self.table[self.input % len(self.table)]
        self.next(self.join)
"""
TWO = """
    @step
    def first(self):
        self.word = f"item {self.input}"
        self.next(self.second)

    @step
    def second(self):
        self.value = self.table[len(self.word)]
        self.next(self.join)
"""
TAIL = """
    @step
    def join(self, inputs):
        self.words = [inp.word for inp in inputs]
        self.total = sum(inp.value for inp in inputs)
        self.by_item = {inp.input: inp.value for inp in inputs}
        self.merge_artifacts(inputs, include=["table"])
        self.next(self.end)

    @step
    def end(self):
        print(len(self.words), self.total, len(self.by_item), len(self.table))


if __name__ == "__main__":
    ItemsFlow()
"""
BODIES = {1: ONE, 2: TWO}


def flow(steps: int) -> str:
    """The source of a flow whose foreach has one or two steps."""
    return HEAD + BODIES[steps] + TAIL


def write_modules(folder: Path) -> None:
    """Translate both flows: ``items_1.py`` and ``items_2.py``."""
    from codegen import translate

    for steps in BODIES:
        result = translate(flow(steps), "flow.py")
        if result.code is None:
            sys.exit(f"the flow is refused: {result.diagnostics[:3]}")
        (folder / f"items_{steps}.py").write_text(result.code, encoding="utf-8")


def run(folder: Path, steps: int, items: int, size: int) -> tuple[float, int, int, int, int]:
    """Run a module in this process.

    Returns:
        Seconds; files, bytes and big files in the folder for artifacts; the most memory in MB.
    """
    import resource

    from flytekit.core.context_manager import FlyteContextManager
    from flytekit.core.data_persistence import FileAccessProvider

    workflow = loaded(folder, steps).items_flow
    raw, local = folder / f"raw_{steps}_{items}", folder / f"local_{steps}_{items}"
    storage = FileAccessProvider(local_sandbox_dir=str(local), raw_output_prefix=str(raw))
    context = FlyteContextManager.current_context().with_file_access(storage)
    with FlyteContextManager.with_context(context), contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        results = workflow(count=items, size=size)
        seconds = time.perf_counter() - start
    if len(results.words.value) != items:
        sys.exit(f"{len(results.words.value)} results for {items} items")
    sizes = [path.stat().st_size for path in raw.rglob("*") if path.is_file()]
    big = sum(each >= size // 2 for each in sizes)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return seconds, len(sizes), sum(sizes), big, memory


def loaded(folder: Path, steps: int) -> Any:
    """The translated flow as a module."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module(f"items_{steps}")


def join_call(folder: Path, steps: int, items: int) -> Callable[[], Any]:
    """A call of the join's function, with what a run would hand to it."""
    module = loaded(folder, steps)
    packed = module.Packed
    words, values = [f"item {i}" for i in range(items)], [i % 256 for i in range(items)]
    given: dict[str, Any] = {"items": packed(list(range(items)))}
    if steps == 1:
        given["inputs"] = [
            packed(SimpleNamespace(word=word, value=value))
            for word, value in zip(words, values, strict=True)
        ]
    else:
        given["inputs_word"] = words
        given["inputs_value"] = [packed(value) for value in values]
    wanted = module.join.python_interface.inputs
    if set(wanted) != set(given):
        sys.exit(f"the join takes {list(wanted)}")
    # The function changes neither, but the boxes are emptied: each call gets its own lists.
    data = pickle.dumps(given)
    return functools.partial(lambda inputs: module.join.task_function(**inputs), pickle.loads(data))


def join_seconds(folder: Path, steps: int, items: int, runs: int) -> float:
    """The best time of a join's function."""
    times = []
    for _ in range(runs):
        call = join_call(folder, steps, items)
        gc.collect()
        gc.disable()  # as timeit does: its rare full collections would hide what grows
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
        gc.enable()
    return min(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Times a foreach whose module is run locally.")
    parser.add_argument("--items", type=int, nargs="*", default=[100, 300], help="(100 300)")
    parser.add_argument("--joins", type=int, nargs="*", default=[1_000, 5_000, 10_000, 20_000])
    parser.add_argument("--megabytes", type=float, default=5, help="the shared artifact (5)")
    parser.add_argument("--runs", type=int, default=3, help="how often a join is called (3)")
    parser.add_argument("--steps", type=int, nargs="*", default=list(BODIES), help="(1 2)")
    parser.add_argument("--one", nargs=2, metavar=("FOLDER", "ITEMS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    size = int(arguments.megabytes * 1_000_000)
    if arguments.one:  # a process of its own
        folder, items = arguments.one
        print(*run(Path(folder), arguments.steps[0], int(items), size))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_modules(folder)
        titles = ["steps", "items", "seconds", "an item", "files", "MB", "big files", "memory"]
        print("".join(f"{title:>11}" for title in titles))
        for steps in arguments.steps:
            for items in arguments.items:
                print(row(folder, steps, items, size), flush=True)
        print("\n" + "".join(f"{title:>11}" for title in ["steps", "items", "join", "an item"]))
        for steps in arguments.steps:
            for items in arguments.joins:
                seconds = join_seconds(folder, steps, items, arguments.runs)
                times = f"{seconds * 1000:8.1f} ms{seconds / items * 1e6:8.2f} us"
                print(f"{steps:11}{items:11,}{times}", flush=True)


def row(folder: Path, steps: int, items: int, size: int) -> str:
    """A run in a process of its own, as a line of the table."""
    command = [sys.executable, __file__, "--one", str(folder), str(items), "--steps", str(steps)]
    command += ["--megabytes", str(size / 1_000_000)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, *counts = output.split()
    files, data, big, memory = map(int, counts)
    spent = float(seconds)
    return (
        f"{steps:11}{items:11,}{spent:10.2f}s{spent / items * 1000:8.1f} ms"
        f"{files:11,}{data / 1e6:11.1f}{big:11,}{memory:8,} MB"
    )


if __name__ == "__main__":
    main()
