"""How long one waits for ``mf-codegen flow.py``, and for what.

    python benchmarks/cold_start.py [--runs 10] [FLOW]

Every number is the best of several runs, in a new process each: other programs can only make a
run slower. Without FLOW, a flow of about 100 lines is translated.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: What the translator cannot do without.
LIBRARIES = "import libcst, jinja2, black"
TRANSLATOR = "import codegen.cli, codegen.pipeline"

HEAD = '''\
"""Numbers, step by step."""

import math

from metaflow import FlowSpec, Parameter, retry, step


class NumbersFlow(FlowSpec):
    """A chain of small steps."""

    scale = Parameter("scale", help="A factor", default=2.0)

    @step
    def start(self):
        """Begin."""
        self.values = [self.scale * number for number in range(100)]
        self.next(self.step_0)
'''
STEP = '''
    @retry(times=2, minutes_between_retries=1)
    @step
    def step_{number}(self):
        """Do something with the values."""
        total = sum(math.sqrt(value) for value in self.values)
        self.total_{number} = total / len(self.values)
        self.next(self.{after})
'''
END = '''
    @step
    def end(self):
        """Show the last result."""
        print(self.total_{last})


if __name__ == "__main__":
    NumbersFlow()
'''


def flow(steps: int) -> str:
    """The source of a linear flow with that many steps between the first and the last."""
    names = [f"step_{number}" for number in range(1, steps)] + ["end"]
    middle = (STEP.format(number=number, after=name) for number, name in enumerate(names))
    return HEAD + "".join(middle) + END.format(last=steps - 1)


def best(command: Sequence[str], runs: int) -> float:
    """The shortest time that a command took, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Times a cold run of mf-codegen.")
    parser.add_argument("flow", nargs="?", type=Path, help="a flow of about 100 lines if left out")
    parser.add_argument("--runs", type=int, default=10, help="how often each is run (10)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "flow.py")
        source = arguments.flow.read_bytes() if arguments.flow else flow(9).encode()
        path.write_bytes(source)
        python = [sys.executable]

        def measured(*command: str) -> float:
            return best([*python, *command], arguments.runs)

        nothing = measured("-c", "pass")
        libraries = measured("-c", LIBRARIES)
        translator = measured("-c", TRANSLATOR)
        version = measured("-m", "codegen", "--version")
        whole = measured("-m", "codegen", str(path))
    lines = source.count(b"\n")
    print(f"Python {sys.version.split()[0]}, a flow of {lines} lines, best of {arguments.runs}\n")
    print(f"mf-codegen flow.py         {whole * 1000:8.0f} ms")
    print(f"  start of the interpreter {nothing * 1000:8.0f} ms")
    print(f"  imports                  {(translator - nothing) * 1000:8.0f} ms")
    print(f"  work                     {(whole - translator) * 1000:8.0f} ms")
    print(f"mf-codegen --version       {version * 1000:8.0f} ms")
    print(f"{LIBRARIES:26} {libraries * 1000:8.0f} ms\n")
    print(f"{whole / libraries:.2f} times the time that its libraries take to import")


if __name__ == "__main__":
    main()
