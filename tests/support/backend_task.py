"""One attempt at a serialised task: a process of its own, with the command in the container.

Values come and go through files, by flytekit's own entrypoints (`pyflyte-execute`, and
`pyflyte-map-execute` for an element of a map task).
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.core.dynamic_job_pb2 import DynamicJobSpec
from flyteidl.core.errors_pb2 import ContainerError, ErrorDocument
from flyteidl.core.literals_pb2 import Literal, LiteralMap

from tests.support.processes import ChildError, clean_environment, in_child, run_command

Literals = dict[str, Literal]


@dataclass(frozen=True)
class TaskError:
    """Why an attempt failed.

    Attributes:
        kind: "RECOVERABLE" (another attempt may follow) or "NON_RECOVERABLE".
        message: the traceback as Flyte reports it, or what the process printed if it died.
    """

    kind: str
    message: str

    @property
    def summary(self) -> str:
        """Type and message of the exception."""
        return self.message.rpartition("Message:\n")[2].strip()


@dataclass(frozen=True)
class Attempt:
    """The end of one attempt: outputs, or an error, or what a dynamic task wants to be run.

    Attributes:
        printed: all that its process printed.
        futures: the nodes that give the outputs, if it is a dynamic task that made any.
    """

    outputs: Literals
    error: TaskError | None
    printed: str
    futures: DynamicJobSpec | None = None


def run_task(
    task: TaskSpec,
    inputs: Mapping[str, Literal],
    *,
    folder: Path,
    scratch: Path,
    attempt: int = 0,
    index: int | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    fresh: bool = False,
) -> Attempt:
    """Make one attempt at a serialised task, with the command in its container.

    The process is a fork of this one, which has flytekit imported and no module of a flow, and
    runs the command's entry point; a ``fresh`` one is started from nothing, in ten times the time.

    Args:
        folder: where the task's module lies.
        scratch: an empty folder for this attempt; holds its outputs as long as they are needed.
        attempt: FLYTE_ATTEMPT_NUMBER, 0 for the first.
        index: which element a map task is to work on; its inputs are those of all elements.
        environment: variables for the process, besides those of the container.
        timeout: seconds.

    Raises:
        NotImplementedError: the task is more than a container.
        TimeoutError: the attempt took longer.
    """
    container = task.template.container
    if not container.args:
        raise NotImplementedError(f"{task.template.id.name} has no plain container")
    results = scratch / "results"
    results.mkdir(parents=True)
    given = scratch / "inputs.pb"
    given.write_bytes(LiteralMap(literals=inputs).SerializeToString())
    paths = {
        "{{.input}}": str(given),
        "{{.outputPrefix}}": str(results),
        "{{.rawOutputDataPrefix}}": str(scratch / "raw"),
        "{{.checkpointOutputPrefix}}": str(scratch / "checkpoint"),
        "{{.prevCheckpointPrefix}}": '""',
    }
    program, *arguments = [paths.get(argument, argument) for argument in container.args]
    variables = {
        **clean_environment(),
        **{pair.key: pair.value for pair in container.env},
        **_identity(task.template.id),
        **_element(index),
        "FLYTE_ATTEMPT_NUMBER": str(attempt),
        **(environment or {}),
    }
    if fresh:
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        status, printed = run_command(command, cwd=folder, environment=variables, timeout=timeout)
    else:
        status, printed = _forked(program, arguments, variables, folder, timeout)
    if (results / "error.pb").exists():
        document = ErrorDocument.FromString((results / "error.pb").read_bytes()).error
        kind = ContainerError.Kind.Name(document.kind)
        return Attempt({}, TaskError(kind, document.message), printed)
    if not status and (results / "futures.pb").exists():
        futures = DynamicJobSpec.FromString((results / "futures.pb").read_bytes())
        return Attempt({}, None, printed, futures)
    if status or not (results / "outputs.pb").exists():
        # Whatever ends a container from outside may be retried, such as lack of memory.
        return Attempt({}, TaskError("RECOVERABLE", f"exit status {status}\n{printed}"), printed)
    outputs = LiteralMap.FromString((results / "outputs.pb").read_bytes())
    return Attempt(dict(outputs.literals), None, printed)


def _forked(
    program: str, arguments: list[str], variables: dict[str, str], folder: Path, timeout: float
) -> tuple[int, str]:
    """Exit status of a command and what it printed."""
    try:
        return in_child(_enter, program, arguments, variables, folder=folder, timeout=timeout)
    except ChildError as error:
        return 1, str(error)


def _enter(program: str, arguments: list[str], variables: dict[str, str]) -> int:
    """In a child: what the script of an installed command does."""
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = [program, *arguments]
    (found,) = entry_points(group="console_scripts", name=program)
    try:
        found.load()()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _identity(task: Any) -> dict[str, str]:
    """The variables by which a container knows what it runs."""
    return {
        "FLYTE_INTERNAL_EXECUTION_ID": "execution",
        "FLYTE_INTERNAL_EXECUTION_PROJECT": task.project,
        "FLYTE_INTERNAL_EXECUTION_DOMAIN": task.domain,
        "FLYTE_INTERNAL_TASK_PROJECT": task.project,
        "FLYTE_INTERNAL_TASK_DOMAIN": task.domain,
        "FLYTE_INTERNAL_TASK_NAME": task.name,
        "FLYTE_INTERNAL_TASK_VERSION": task.version,
    }


def _element(index: int | None) -> dict[str, str]:
    """The variables by which a container knows its place in a map task."""
    if index is None:
        return {}
    name = "FLYTE_K8S_ARRAY_INDEX"
    return {"BATCH_JOB_ARRAY_INDEX_VAR_NAME": name, name: str(index)}
