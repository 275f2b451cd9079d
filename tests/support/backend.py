"""Executes a serialised workflow as Flyte's backend would: one process for each attempt of a task.

Values pass between tasks through files. Nodes run tasks (dynamic ones too), map tasks and
sub-workflows, one after another; other kinds of nodes are refused.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.core.literals_pb2 import Literal
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import Literal as LiteralModel

from tests.support.backend_task import Attempt, Literals, TaskError, run_task
from tests.support.boxes import described
from tests.support.flyte_side import load
from tests.support.processes import copied_folder, in_child
from tests.support.result import Artifacts
from tests.support.serialised import Registered, register_offline
from tests.support.wiring import START, check_futures, promised

__all__ = ["Attempt", "BackendRun", "TaskError", "run_task", "run_workflow"]


@dataclass(frozen=True)
class BackendRun:
    """The end of a workflow.

    Nodes are named by path: `n1` is a node of the workflow, `n1/n0` one of the sub-workflow that it
    runs, `n1/dn0` one that a dynamic task made, and `n1[2]` the third element of a map task.

    Attributes:
        outputs: its results, out of their boxes; empty if it failed.
        attempts: how often each node was tried, in the order of execution.
        failed_node: the node that failed.
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
        NotImplementedError: the workflow needs something that is not executed here, such as a
            branch node, a launch plan, or an index into an output.
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
        execution = _Execution(folder, Path(scratch), dict(environment or {}), timeout)
        try:
            results = execution.run(
                registered.workflows[name].template, literals, _Known.of(registered, name)
            )
        except _NodeFailed as failure:
            return BackendRun({}, execution.attempts, failure.node, failure.error)
        data = {key: value.SerializeToString() for key, value in results.items()}
        outputs, _ = in_child(_to_values, module.stem, workflow, data, folder=folder)
    return BackendRun(outputs, execution.attempts)


class _NodeFailed(Exception):
    """A node failed for good, and the workflow with it."""

    def __init__(self, node: str, error: TaskError) -> None:
        super().__init__(node)
        self.node = node
        self.error = error


@dataclass(frozen=True)
class _Known:
    """The tasks and sub-workflows to which nodes may refer, by name."""

    tasks: Mapping[str, TaskSpec]
    workflows: Mapping[str, Any]

    @classmethod
    def of(cls, registered: Registered, workflow: str) -> "_Known":
        """Those of a registered workflow, which brings its own sub-workflows."""
        subs = registered.workflows[workflow].sub_workflows
        return cls(registered.tasks, {sub.id.name: sub for sub in subs})

    @classmethod
    def made(cls, futures: Any) -> "_Known":
        """Those of a dynamic task: it brings all that its nodes refer to."""
        tasks = {task.id.name: TaskSpec(template=task) for task in futures.tasks}
        return cls(tasks, {sub.id.name: sub for sub in futures.subworkflows})


@dataclass
class _Execution:
    """A workflow at work.

    Attributes:
        attempts: see `BackendRun`.
    """

    folder: Path
    scratch: Path
    environment: dict[str, str]
    timeout: float
    attempts: dict[str, int] = field(default_factory=dict)

    def run(self, graph: Any, inputs: Literals, known: _Known, path: str = "") -> Literals:
        """Run all nodes of a workflow, or of what a dynamic task made; return its outputs.

        Args:
            path: what stands before the ids of the nodes.

        Raises:
            _NodeFailed: at the first failure.
        """
        values = {START: inputs, "": inputs}
        waiting = [node for node in graph.nodes if node.id not in (START, "end-node")]
        while waiting:
            node = next(node for node in waiting if _is_ready(node, values))
            waiting.remove(node)
            given = _bound(node.inputs, values)
            values[node.id] = self.run_node(node, given, known, path + node.id)
        return _bound(graph.outputs, values)

    def run_node(self, node: Any, inputs: Literals, known: _Known, path: str) -> Literals:
        """Run what a node stands for, with these inputs."""
        kind = node.WhichOneof("target")
        if kind == "task_node":
            return self.run_attempts(node, inputs, known, path)
        if kind == "array_node":
            return self.run_elements(node.array_node, inputs, known, path)
        if kind == "workflow_node" and node.workflow_node.HasField("sub_workflow_ref"):
            template = known.workflows[node.workflow_node.sub_workflow_ref.name]
            return self.run(template, inputs, known, f"{path}/")
        raise NotImplementedError(f"node {path} is neither a task nor a sub-workflow")

    def run_elements(self, array: Any, inputs: Literals, known: _Known, path: str) -> Literals:
        """Run a map task, element by element; collect each output in a list."""
        if array.node.WhichOneof("target") != "task_node" or array.min_success_ratio != 1:
            raise NotImplementedError(f"node {path} is more than a plain map task")
        task = known.tasks[array.node.task_node.reference_id.name].template
        lengths = {
            len(literal.collection.literals)
            for name, literal in inputs.items()
            if literal.HasField("collection") and name not in array.bound_inputs
        }
        if len(lengths) != 1:
            what = "input arrays have different lengths" if lengths else "no input array provided"
            raise _NodeFailed(path, TaskError("NON_RECOVERABLE", what))
        outputs = {name: Literal() for name in task.interface.outputs.variables}
        for collected in outputs.values():
            collected.collection.SetInParent()  # a list even if it is empty
        for index in range(*lengths):
            element = f"{path}[{index}]"
            # All inputs: the command itself picks what belongs to its element.
            results = self.run_attempts(array.node, inputs, known, element, index)
            for name, collected in outputs.items():
                collected.collection.literals.append(results[name])
        return outputs

    def run_attempts(
        self, node: Any, inputs: Literals, known: _Known, path: str, index: int | None = None
    ) -> Literals:
        """Try a task until it succeeds, fails for good, or has used up its retries."""
        task = known.tasks[node.task_node.reference_id.name]
        retries = node.metadata.retries.retries or task.template.metadata.retries.retries
        # Without brackets, which fsspec takes for a pattern.
        scratch = self.scratch / path.replace("[", "/").replace("]", "")
        attempt = 0
        while True:
            self.attempts[path] = attempt + 1
            result = run_task(
                task,
                inputs,
                folder=self.folder,
                scratch=scratch / str(attempt),
                attempt=attempt,
                index=index,
                environment=self.environment,
                timeout=self.timeout,
            )
            if result.futures is not None:
                return self.run_futures(task, result.futures, path)
            if result.error is None:
                return result.outputs
            if result.error.kind != "RECOVERABLE" or attempt == retries:
                raise _NodeFailed(path, result.error)
            attempt += 1

    def run_futures(self, task: TaskSpec, futures: Any, path: str) -> Literals:
        """Run what a dynamic task made; a failure in there is never retried by the task itself."""
        problems = check_futures(futures, task.template.interface.outputs, path)
        if problems:
            raise _NodeFailed(path, TaskError("NON_RECOVERABLE", "\n".join(problems)))
        return self.run(futures, {}, _Known.made(futures), f"{path}/")


def _is_ready(node: Any, values: Mapping[str, Literals]) -> bool:
    """Whether all is done that a node waits for."""
    sources = {source for each in node.inputs for source in promised(each.binding)}
    return {*node.upstream_node_ids, *sources} <= values.keys()


def _bound(bindings: Any, values: Mapping[str, Literals]) -> Literals:
    """The values that are bound, by variable."""
    return {each.var: _value(each.binding, values) for each in bindings}


def _value(binding: Any, values: Mapping[str, Literals]) -> Literal:
    """The value to which a binding refers."""
    form = binding.WhichOneof("value")
    if form == "promise":
        if binding.promise.attr_path:
            raise NotImplementedError(f"an index into {binding.promise.var}")
        return values[binding.promise.node_id][binding.promise.var]
    literal = Literal()
    if form == "scalar":
        literal.scalar.CopyFrom(binding.scalar)
    elif form == "collection":
        literal.collection.SetInParent()  # there even if it is empty
        literal.collection.literals.extend(
            _value(each, values) for each in binding.collection.bindings
        )
    else:
        literal.map.SetInParent()
        for key, item in binding.map.bindings.items():
            literal.map.literals[key].CopyFrom(_value(item, values))
    return literal


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
