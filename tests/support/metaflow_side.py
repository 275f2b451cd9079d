"""Runs a flow under Metaflow's own local runtime, and reads what it stored."""

import json
import os
import pickle
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.processes import clean_environment, copied_folder, run_command
from tests.support.result import RunResult

if TYPE_CHECKING:
    from tests.support.metaflow_reader import Reading

_ROOT = Path(__file__).resolve().parents[2]

#: Variables with which Metaflow runs @conda and @pypi in the Python of this machine.
THIS_MACHINE = {
    "METAFLOW_DEFAULT_ENVIRONMENT": "fast-bakery",
    "PYTHONPATH": str(_ROOT / "tests" / "support" / "metaflow_extension"),
}
_FAILED = re.compile(
    r"Step (?P<task>\w+) \(task-id [^)]*\) failed[.:]"
    # a return without self.next()
    r"|step (?P<transition>\w+) was expected to transition to"
    r"|Switch step (?P<switch>\w+) should transition to"
)


def run_metaflow(
    flow: Path,
    parameters: dict[str, Any],
    *,
    flow_name: str,
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    timeout: float = 120.0,
) -> RunResult:
    """Run `flow` on this machine, in a copy of its folder and with a datastore of its own.

    Args:
        parameters: values by name; lists and dicts are handed over as JSON, None not at all,
            and a tuple as an option that is given once for each of its items.
        flow_name: name of the flow's class.
        environment: variables to add to those of this process.
        options: those that stand before the command, such as `--config`.
        timeout: seconds, after which the run is killed.

    Raises:
        TimeoutError: the run took longer.
        RuntimeError: the artifacts could not be read.
    """
    with (
        tempfile.TemporaryDirectory(prefix="metaflow-") as root,
        copied_folder(flow.parent) as folder,
    ):
        variables = {**_environment(Path(root)), **(environment or {})}
        run_id = Path(root, "run-id")
        command = [sys.executable, flow.name, "--no-pylint", *options, "run"]
        command += ["--run-id-file", str(run_id)]
        command += command_line(parameters)
        status, printed = run_command(command, cwd=folder, environment=variables, timeout=timeout)
        if not run_id.exists():  # refused before there was a run: wrong options, or Metaflow's lint
            return RunResult({}, None, _last_line(printed), printed)
        found = _read(folder / flow.name, flow_name, Path(root), run_id.read_text(), variables)
    if status == 0:
        failed_step = error = None
    else:
        failure = _FAILED.search(printed)
        failed_step = failure[failure.lastgroup or 0] if failure else None
        error = found.errors.get(failed_step or "") or _last_line(printed)
    return RunResult(
        found.steps,
        failed_step,
        error,
        printed,
        parents=found.parents,
        constants=found.constants,
    )


def _environment(root: Path) -> dict[str, str]:
    """The variables of a run with a datastore of its own."""
    return clean_environment() | {
        "METAFLOW_USER": "tester",
        "METAFLOW_HOME": str(root / "home"),  # where a configuration would be looked for
        "METAFLOW_DEFAULT_DATASTORE": "local",
        "METAFLOW_DEFAULT_METADATA": "local",
        "METAFLOW_DEFAULT_ENVIRONMENT": "local",
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(root),
        # Metaflow starts the nodes of a @parallel step with whatever is called python.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }


def command_line(parameters: dict[str, Any]) -> list[str]:
    """The options of parameter values."""
    options: list[str] = []
    for name, value in parameters.items():
        if value is not None:
            repeated = value if isinstance(value, tuple) else (value,)
            for item in repeated:
                text = json.dumps(item) if isinstance(item, list | dict) else str(item)
                options += [f"--{name}", text]
    return options


def _read(flow: Path, flow_name: str, root: Path, run: str, variables: dict[str, str]) -> "Reading":
    """Have the artifacts of a run read, by a process that has the flow's classes."""
    start = "from tests.support.metaflow_reader import main; main()"
    target = root / "reading.pickle"  # not a pipe, since the flow's module may print
    arguments = [str(flow), flow_name, str(root), run, str(target)]
    paths = [str(flow.parent), str(_ROOT), variables.get("PYTHONPATH", "")]
    status, printed = run_command(
        [sys.executable, "-c", start, *arguments],
        cwd=flow.parent,
        environment=variables | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        timeout=60.0,
    )
    if status:
        raise RuntimeError(f"cannot read the artifacts of {flow_name}:\n{printed}")
    reading: Reading = pickle.loads(target.read_bytes())
    return reading


def _last_line(printed: str) -> str:
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return lines[-1] if lines else "Metaflow failed without a word"
