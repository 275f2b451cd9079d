"""Executes a serialised workflow as Flyte's backend would: one process for each attempt of a task.

Values pass between tasks through files, by flytekit's own container entrypoint (`pyflyte-execute`).
So far for workflows whose nodes are all tasks, run one after another.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.core.errors_pb2 import ContainerError, ErrorDocument
from flyteidl.core.literals_pb2 import Literal, LiteralMap
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import Literal as LiteralModel

from tests.support.boxes import described
from tests.support.flyte_side import load
from tests.support.processes import clean_environment, copied_folder, in_child, run_command
from tests.support.result import Artifacts
from tests.support.serialised import Registered, register_offline
from tests.support.wiring import START, promised

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
    """The end of one attempt: outputs, or an error.

    Attributes:
        printed: all that its process printed.
    """

    outputs: Literals
    error: TaskError | None
    printed: str


@dataclass(frozen=True)
class BackendRun:
    """The end of a workflow.

    Attributes:
        outputs: its results, out of their boxes; empty if it failed.
        attempts: how often each node was tried, in the order of execution.
        failed_node: id of the node that failed.
        error: the error of its last attempt.
    """

    outputs: Artifacts
    attempts: dict[str, int]
    failed_node: str | None = None
    error: TaskError | None = None


def run_workflow(
    module: Path,
    workflow: str,
    inputs: Mapping[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> BackendRun:
    """Register and execute `workflow` of `module`, in a copy of the module's folder.

    Args:
        inputs: values of the workflow's inputs; the rest take their defaults.
        environment: variables that every task sees besides those of its container.
        timeout: seconds for each attempt.

    Raises:
        ChildError: the module cannot be registered, or a value cannot be converted.
        NotImplementedError: the workflow has nodes which are not tasks, or indexes into outputs.
        TimeoutError: an attempt took longer.
    """
    with copied_folder(module.parent) as folder, tempfile.TemporaryDirectory() as scratch:
        registered = register_offline(folder / module.name)
        name = f"{module.stem}.{workflow}"
        given, _ = in_child(_to_literals, module.stem, workflow, dict(inputs), folder=folder)
        defaults = registered.launch_plans[name].spec.default_inputs.parameters
        literals = {
            **{key: value.default for key, value in defaults.items() if value.HasField("default")},
            **{key: Literal.FromString(data) for key, data in given.items()},
        }
        execution = _Execution(registered, folder, Path(scratch), dict(environment or {}), timeout)
        template = registered.workflows[name].template
        failed = execution.run(template, literals)
        if failed is not None:
            return BackendRun({}, execution.attempts, *failed)
        results = execution.bound(template.outputs)
        data = {key: value.SerializeToString() for key, value in results.items()}
        outputs, _ = in_child(_to_values, module.stem, workflow, data, folder=folder)
    return BackendRun(outputs, execution.attempts)


def run_task(
    task: TaskSpec,
    inputs: Mapping[str, Literal],
    *,
    folder: Path,
    scratch: Path,
    attempt: int = 0,
    environment: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> Attempt:
    """Make one attempt at a serialised task, with the command in its container.

    Args:
        folder: where the task's module lies.
        scratch: an empty folder for this attempt; holds its outputs as long as they are needed.
        attempt: FLYTE_ATTEMPT_NUMBER, 0 for the first.
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
        "FLYTE_ATTEMPT_NUMBER": str(attempt),
        **(environment or {}),
    }
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    status, printed = run_command(command, cwd=folder, environment=variables, timeout=timeout)
    if (results / "error.pb").exists():
        document = ErrorDocument.FromString((results / "error.pb").read_bytes()).error
        kind = ContainerError.Kind.Name(document.kind)
        return Attempt({}, TaskError(kind, document.message), printed)
    if status or not (results / "outputs.pb").exists():
        # Whatever ends a container from outside may be retried, such as lack of memory.
        return Attempt({}, TaskError("RECOVERABLE", f"exit status {status}\n{printed}"), printed)
    outputs = LiteralMap.FromString((results / "outputs.pb").read_bytes())
    return Attempt(dict(outputs.literals), None, printed)


@dataclass
class _Execution:
    """A workflow at work.

    Attributes:
        values: the outputs of every node that is done, and the workflow's inputs.
    """

    registered: Registered
    folder: Path
    scratch: Path
    environment: dict[str, str]
    timeout: float
    attempts: dict[str, int] = field(default_factory=dict)
    values: dict[str, Literals] = field(default_factory=dict)

    def run(self, template: Any, inputs: Literals) -> tuple[str, TaskError] | None:
        """Run all nodes, each as soon as those before it are done; return the first failure."""
        self.values = {START: inputs, "": inputs}
        waiting = [node for node in template.nodes if node.id not in (START, "end-node")]
        while waiting:
            node = next(node for node in waiting if self.is_ready(node))
            waiting.remove(node)
            result = self.run_node(node)
            if result.error:
                return node.id, result.error
            self.values[node.id] = result.outputs
        return None

    def is_ready(self, node: Any) -> bool:
        """Whether all is done that a node waits for."""
        sources = {source for each in node.inputs for source in promised(each.binding)}
        return {*node.upstream_node_ids, *sources} <= self.values.keys()

    def run_node(self, node: Any) -> Attempt:
        """Try a task until it succeeds, fails for good, or has used up its retries."""
        if node.WhichOneof("target") != "task_node":
            raise NotImplementedError(f"node {node.id} is no task")
        task = self.registered.tasks[node.task_node.reference_id.name]
        retries = node.metadata.retries.retries or task.template.metadata.retries.retries
        attempt = 0
        while True:
            self.attempts[node.id] = attempt + 1
            result = run_task(
                task,
                self.bound(node.inputs),
                folder=self.folder,
                scratch=self.scratch / node.id / str(attempt),
                attempt=attempt,
                environment=self.environment,
                timeout=self.timeout,
            )
            may_retry = result.error is not None and result.error.kind == "RECOVERABLE"
            if not may_retry or attempt == retries:
                return result
            attempt += 1

    def bound(self, bindings: Any) -> Literals:
        """The values that are bound, by variable."""
        return {each.var: self.value(each.binding) for each in bindings}

    def value(self, binding: Any) -> Literal:
        """The value to which a binding refers."""
        form = binding.WhichOneof("value")
        if form == "promise":
            if binding.promise.attr_path:
                raise NotImplementedError(f"an index into {binding.promise.var}")
            return self.values[binding.promise.node_id][binding.promise.var]
        literal = Literal()
        if form == "scalar":
            literal.scalar.CopyFrom(binding.scalar)
        elif form == "collection":
            literal.collection.SetInParent()  # there even if it is empty
            literal.collection.literals.extend(map(self.value, binding.collection.bindings))
        else:
            literal.map.SetInParent()
            for key, item in binding.map.bindings.items():
                literal.map.literals[key].CopyFrom(self.value(item))
        return literal


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


def _to_literals(module: str, workflow: str, inputs: dict[str, Any]) -> dict[str, bytes]:
    """In a child: convert Python values to the types of the workflow's inputs."""
    flow = getattr(load(module), workflow)
    context = FlyteContextManager.current_context()
    literals = {}
    for name, value in inputs.items():
        kinds = flow.python_interface.inputs[name], flow.interface.inputs[name].type
        literal = TypeEngine.to_literal(context, value, *kinds)
        literals[name] = literal.to_flyte_idl().SerializeToString()
    return literals


def _to_values(module: str, workflow: str, literals: dict[str, bytes]) -> Artifacts:
    """In a child: convert the workflow's outputs to Python values, and describe them."""
    flow = getattr(load(module), workflow)
    context = FlyteContextManager.current_context()
    values = {}
    for name, data in literals.items():
        literal = LiteralModel.from_flyte_idl(Literal.FromString(data))
        kind = flow.python_interface.outputs[name]
        values[name] = TypeEngine.to_python_value(context, literal, kind)
    return described(values)
