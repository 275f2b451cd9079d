"""What a flow does under Metaflow, told by a stand-in for its local runtime: no processes, no
datastore on disk, and so a hundred times faster. Tests hold it against the real runtime.

Where the real runtime leaves something open, this one decides: the inputs of a static join come in
the order of their steps' names, those of a foreach by index; tasks run one after the other, in the
order in which they can start.
"""

import importlib
import os
import signal
import sys
import traceback
import types
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support.canonical import canonical
from tests.support.cheap_flowspec import (
    Options,
    Started,
    Store,
    constants_of,
    current,
    make_read_only,
    metaflow_parameters,
    options_of,
    parameters_of,
    persisted,
    stand_in,
)
from tests.support.metaflow_reader import Finished, arranged, is_artifact
from tests.support.metaflow_side import command_line
from tests.support.processes import copied_folder, in_child
from tests.support.result import RunResult, error_text

click: Any = importlib.import_module("metaflow._vendor.click")  # all untyped
metaflow_exception: Any = importlib.import_module("metaflow.exception")
metaflow_graph: Any = importlib.import_module("metaflow.graph")
metaflow_inputs: Any = importlib.import_module("metaflow.datastore.inputs")
metaflow_task: Any = importlib.import_module("metaflow.task")

_MOST_SPLITS = 100  # --max-num-splits


def run_cheap(
    flow: Path, parameters: dict[str, Any], *, flow_name: str, timeout: float = 60.0
) -> RunResult:
    """What `run_metaflow` returns for a flow, from a forked child of this process.

    Args:
        parameters: values by the names of the options, as for `run_metaflow`.

    Raises:
        TimeoutError: the run took longer.
        ChildError: the run ended its process.
    """
    with copied_folder(flow.parent) as folder:
        result, printed = in_child(
            simulate, flow.name, parameters, flow_name, folder=folder, timeout=timeout
        )
    return replace(result, stdout=printed)


def simulate(flow: str, parameters: dict[str, Any], flow_name: str) -> RunResult:
    """Run a flow in this process, whose modules it disturbs: call it in a child."""
    with stand_in():
        return _Run(Path(flow), parameters, flow_name).result()


class TimeoutException(Exception):
    """metaflow.plugins.timeout_decorator.TimeoutException."""


class _TaskError(Exception):
    """A task failed; the cause says why."""


class _RunError(Exception):
    """The run failed after a task that was done; type and text of the error."""


@dataclass(frozen=True)
class _Task:
    """A task that can start; with `nodes`, all the tasks of a `@parallel` step."""

    step: str
    inputs: list[Store]
    split: int | None = None
    nodes: int | None = None


_Place = tuple[str, tuple[int, ...], tuple[int, ...]]  # a step, and where in foreaches and loops


class _Run:
    def __init__(self, flow: Path, parameters: dict[str, Any], flow_name: str) -> None:
        self.code = compile(flow.read_bytes(), str(flow), "exec")
        self.given = parameters
        self.flow_name = flow_name
        self.filename = str(flow)
        self.graph: Any = None
        self.given_names: list[str] = []
        self.queue: deque[_Task] = deque()
        self.done: dict[_Place, Store] = {}
        self.finished: list[Finished] = []

    def result(self) -> RunResult:
        """The whole run; Metaflow's launcher first, which reads the parameters."""
        flow = self._load({})
        cls = type(flow)
        self.graph = metaflow_graph.FlowGraph(cls)
        try:
            constants = self._constants(cls)
        except click.ClickException as error:
            return RunResult({}, None, error.format_message(), "")
        try:
            given = self._given(flow, constants)
        except Exception as error:
            return self._ended(None, error_text(error))
        self.given_names = [name for name in given.objects if is_artifact(name)]
        self.queue.append(_Task(self.graph.start_step, [given]))
        while self.queue:
            task = self.queue.popleft()
            try:
                stores = self._execute(task, options_of(getattr(cls, task.step)))
            except _TaskError as failure:
                assert failure.__cause__ is not None
                return self._ended(task.step, error_text(failure.__cause__))
            for store in stores:
                self._note(task.step, store)
            try:
                self._follow(task, stores)
            except _RunError as failure:
                return self._ended(task.step, str(failure))
        return self._ended(None, None)

    def _ended(self, step: str | None, error: str | None) -> RunResult:
        steps, parents = arranged(self.finished)
        constants = frozenset(self.given_names)
        return RunResult(steps, step, error, "", parents=parents, constants=constants)

    def _note(self, step: str, store: Store) -> None:
        indices, _ = self._where(store)
        artifacts = {name: canonical(store[name]) for name in store.objects if is_artifact(name)}
        reached = tuple(store["_transition"][0]) if store["_transition"] else ()
        self.finished.append(Finished(step, indices, (len(self.finished), 0), artifacts, reached))

    @staticmethod
    def _where(store: Store) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The indices of a task in its foreaches, and of its rounds in loops."""
        stack = store["_foreach_stack"]
        return tuple(frame.index for frame in stack), tuple(store["_iteration_stack"])

    # ------------------------------------------------------------------ the launcher

    def _load(self, variables: dict[str, str]) -> Any:
        """The flow that the file makes when executed as `__main__`, as Metaflow's processes do."""
        os.environ.update(variables)
        module = types.ModuleType("__main__")
        vars(module).update(__file__=self.filename, __builtins__=__builtins__)
        vars(module).update(ForeachFrame=metaflow_task.ForeachFrame)  # put there by metaflow.util
        sys.modules["__main__"] = module
        sys.argv = [self.filename]
        try:
            exec(self.code, vars(module))
        except Started as started:
            return started.flow
        return getattr(module, self.flow_name)(use_cli=False)

    @staticmethod
    def _given(flow: Any, constants: dict[str, Any]) -> Store:
        """The artifacts of the pseudo task before the first step."""
        vars(flow).update(constants)
        return Store(persisted(flow))

    def _constants(self, cls: Any) -> dict[str, Any]:
        """FlowSpec._set_constants: the values of Parameters and of the class's own attributes."""
        parameters = parameters_of(cls)
        context: Any = types.SimpleNamespace(TYPE="local")
        metaflow_parameters.set_parameter_context(
            self.flow_name, lambda *_, **__: None, context, {}
        )
        for parameter in parameters.values():
            parameter.init()
        command = click.Command(
            "run",
            params=[
                click.Option(("--" + parameter.name,), **parameter.option_kwargs(True))
                for parameter in parameters.values()
            ],
        )
        found = command.make_context("run", command_line(self.given)).params
        values: dict[str, Any] = {}
        for attribute, parameter in parameters.items():
            value = found[parameter.name.replace("-", "_").lower()]
            if isinstance(value, metaflow_parameters.DeployTimeField):
                value = value()
            separator = parameter.separator
            values[attribute] = value.split(separator) if value and separator else value
        return values | {name: getattr(cls, name) for name in constants_of(cls, parameters)}

    # ------------------------------------------------------------------ a task

    def _execute(self, task: _Task, options: Options) -> list[Store]:
        """One task, in a process of its own as far as it can tell; again after a failure."""
        attempts = options.retries
        while True:
            try:
                tasks = [task] if task.nodes is None else _nodes(task, task.nodes)
                return [self._attempt(one, options, options.retries - attempts) for one in tasks]
            except BaseException as error:
                traceback.print_exc()
                if not attempts:
                    raise _TaskError from error
                attempts -= 1

    def _attempt(self, task: _Task, options: Options, attempt: int) -> Store:
        variables = dict(options.variables)
        if task.nodes is not None:
            variables["MF_PARALLEL_NUM_NODES"] = str(task.nodes)
            variables["MF_PARALLEL_NODE_INDEX"] = str(task.split)
        current.flow_name, current.step_name = self.flow_name, task.step
        current.retry_count = attempt
        with _own_environment():
            return self._run_step(task, self._load(variables), options)

    def _run_step(self, task: _Task, flow: Any, options: Options) -> Store:
        """MetaflowTask.run_step."""
        cls = type(flow)
        parameters = parameters_of(cls)
        constants = constants_of(cls, parameters)
        node = self.graph[task.step]
        join = self.graph[node.split_parents[-1]].type if node.type == "join" else None
        inputs = [_clone(cls, store) for store in task.inputs] if join else []
        for name in parameters:
            make_read_only(cls, name, task.inputs[0][name])
        for name in constants:
            make_read_only(cls, name, getattr(cls, name))
        flow._graph = self.graph
        flow._current_step, flow._success = task.step, False
        flow._task_ok = flow._exception = None
        self._place(flow, task, join)
        arguments = []
        if join:
            flow._datastore = Store({})
            flow._datastore.passdown_partial(task.inputs[0], [*parameters, *constants])
            arguments = [metaflow_inputs.Inputs(inputs)]
        else:
            flow._datastore = task.inputs[0]
        if options.parallel:
            _ = flow._parallel_ubf_iter.num_parallel  # fails in a step reached in another way
        error: Any = None
        try:
            with _limited(options.seconds):
                getattr(flow, task.step)(*arguments)
        except Exception as raised:
            if not options.catches or current.retry_count < options.retries:
                raise
            error = metaflow_exception.MetaflowExceptionWrapper(raised)
            flow._transition = (node.out_funcs, None)
        if options.variable:  # plugins/catch_decorator.py
            setattr(flow, options.variable, error)
        flow._success = flow._task_ok = True
        if task.nodes is not None:
            flow._transition = (node.out_funcs, None)  # _finalize_control_task
        return Store({**flow._datastore.objects, **persisted(flow)})

    def _place(self, flow: Any, task: _Task, join: str | None) -> None:
        """Metaflow's bookkeeping of where in foreaches and loops a task is."""
        node = self.graph[task.step]
        real = types.SimpleNamespace(flow=flow, ubf_context=None)
        cls = metaflow_task.MetaflowTask
        cls._init_foreach(real, task.step, join, task.inputs, task.split)
        recursive = node.type == "split-switch" and task.step in node.out_funcs
        cls._init_iteration(real, task.step, task.inputs, recursive)

    # ------------------------------------------------------------------ what comes next

    def _follow(self, task: _Task, stores: list[Store]) -> None:
        """NativeRuntime._queue_tasks: queue what can start after a task."""
        first = stores[0]
        for store in stores:
            indices, rounds = self._where(store)
            self.done[task.step, indices, rounds] = store
        targets, foreach = first["_transition"] or ([], None)
        self._check_transition(task.step, targets)
        if any(self.graph[target].type == "join" for target in targets):
            self._follow_join(targets[0], first)
        elif foreach and not first.is_none("_unbounded_foreach"):
            nodes = first["_parallel_ubf_iter"].num_parallel
            self.queue.append(_Task(targets[0], [first], nodes=nodes))
        elif foreach:
            splits = first["_foreach_num_splits"]
            if splits > _MOST_SPLITS:
                raise _RunError(f"TaskFailed: Foreach in step {task.step} yielded {splits} steps")
            for i in range(splits):
                self.queue.append(_Task(targets[0], [first], split=i))
        else:
            for target in targets:
                self.queue.append(_Task(target, [first]))

    def _check_transition(self, step: str, targets: list[str]) -> None:
        """What was called has to be what the code says."""
        expected = self.graph[step].out_funcs
        if self.graph[step].type == "split-switch":
            if len(targets) != 1 or targets[0] not in expected:
                raise _RunError(
                    f"MetaflowInternalError: Switch step {step} should transition to exactly one "
                    f"of {expected} at runtime, but got: {targets}"
                )
        elif targets != expected:
            raise _RunError(
                f"MetaflowInternalError: step {step} was expected to transition to {expected}, "
                f"but got: {targets}"
            )

    def _follow_join(self, target: str, store: Store) -> None:
        """Queue a join once all that it joins is done."""
        node = self.graph[target]
        split = self.graph[node.split_parents[-1]]
        indices, rounds = self._where(store)
        places = [indices]
        count = len(split.out_funcs)
        if split.type == "foreach":
            top = store["_foreach_stack"][-1]
            count = top.num_splits or store["_parallel_ubf_iter"].num_parallel
            places = [(*indices[:-1], i) for i in range(count)]
        keys: list[_Place] = [(step, place, rounds) for place in places for step in node.in_funcs]
        found = [self.done[key] for key in keys if key in self.done]
        if len(found) == count:
            self.queue.append(_Task(target, found))


def _clone(cls: Any, store: Store) -> Any:
    """One of the inputs of a join: a flow over the artifacts of a task."""
    flow = cls(use_cli=False)
    flow._datastore = store
    return flow


def _nodes(task: _Task, count: int) -> list[_Task]:
    """The tasks of a `@parallel` step; the first is Metaflow's control task."""
    return [replace(task, split=node) for node in range(count)]


@contextmanager
def _own_environment() -> Iterator[None]:
    """Undo what the context does to the environment variables."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    if not seconds:
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutException(f"ran for more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
