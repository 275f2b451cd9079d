"""Runs a generated module under flytekit's local execution, and records its tasks' values."""

import functools
import importlib
import inspect
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, MappingProxyType
from typing import Any
from unittest import mock

# Imported here, once, so that the children which run the modules inherit it.
from flytekit.core.base_task import PythonTask
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.data_persistence import FileAccessProvider
from flytekit.core.python_function_task import PythonFunctionTask

from tests.support.boxes import described, named_outputs, task_outputs, unset_in
from tests.support.processes import clean_environment, copied_folder, in_child
from tests.support.result import Artifacts, RunResult, error_text


def run_flyte(
    module: Path,
    workflow: str,
    parameters: dict[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> RunResult:
    """Run `workflow` of `module` on this machine, in a copy of the module's folder.

    Values are taken out of their boxes, and unset artifacts are left out. Every element of a map
    task is a run of the mapped task, and every round of a loop is one of the looping task. Other
    `@dynamic` tasks are not recorded, nor are sub-workflows: they only drive tasks.

    Args:
        parameters: arguments of the workflow.
        environment: variables to add to those of this process.
        timeout: seconds, after which the run is killed.

    Raises:
        TimeoutError: the run took longer.
        ChildError: the run ended its process, or its values cannot be described.
    """
    with copied_folder(module.parent) as folder:
        result, printed = in_child(
            _run,
            module.stem,
            workflow,
            parameters,
            dict(environment or {}),
            folder=folder,
            timeout=timeout,
        )
    return replace(result, stdout=printed)


def load(module: str) -> Any:
    """Import a module anew, whatever else was imported under its name."""
    sys.modules.pop(module, None)
    importlib.invalidate_caches()
    return importlib.import_module(module)


@contextmanager
def scratch_storage() -> Iterator[None]:
    """Let flytekit keep its files in a temporary folder, as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="flyte-") as folder:
        storage = FileAccessProvider(local_sandbox_dir=folder, raw_output_prefix=f"{folder}/raw")
        context = FlyteContextManager.current_context()
        with FlyteContextManager.with_context(context.with_file_access(storage)):
            yield


_Table = tuple[Artifacts, frozenset[str]]  # the values that are set, and the names of the others


@dataclass
class _Recorder:
    """Notes what tasks take and give; its methods stand in for those of flytekit's task classes.
    The `hooks` are tasks that stand for no step."""

    steps: dict[str, list[_Table]] = field(default_factory=dict)
    inputs: dict[str, list[_Table]] = field(default_factory=dict)
    failed_step: str | None = None
    error: str | None = None
    hooks: frozenset[str] = frozenset()

    def execute(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Around the call of a task's function, for each element of a map task too."""

        def recorded(task: Any, /, **inputs: Any) -> Any:
            call: Callable[..., Any] = functools.partial(original, task)
            if not _is_dynamic(task) and _step_of(task) not in self.hooks:
                call = self.run(task, call)
            try:
                return call(**inputs)
            except BaseException as error:
                self.failed(_step_of(task), error)
                raise

        return recorded

    def run(self, task: Any, function: Callable[..., Any]) -> Callable[..., Any]:
        """Around a function whose calls are the runs of a step."""
        step = _step_of(task)

        @functools.wraps(function)
        def recorded(**inputs: Any) -> Any:
            tables = self.steps.setdefault(step, [])
            # Before the call, which may change them in place.
            self.inputs.setdefault(step, []).append(_table(inputs))
            result = function(**inputs)
            tables.append(_table(task_outputs(result, task.python_interface)))
            return result

        return recorded

    def watch_rounds(self, module: Any) -> None:
        """Record what the decorator of loops calls again and again within a dynamic task."""
        rounds = next(
            (named for name, named in vars(module).items() if _is_rounds(name, named)), None
        )
        if rounds is None:
            return
        for task in vars(module).values():
            if isinstance(task, PythonFunctionTask) and _is_dynamic(task):
                for wrapper in _wrappers(task.task_function):
                    if _is_within(wrapper.__code__, rounds.__code__):
                        step = wrapper.__wrapped__
                        cell = next(c for c in wrapper.__closure__ if c.cell_contents is step)
                        cell.cell_contents = self.run(task, step)

    def dispatch_execute(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Around that and the conversion of inputs and outputs, which may fail as well."""

        def recorded(task: Any, /, *arguments: Any, **options: Any) -> Any:
            step = _step_of(task)
            before = len(self.steps.get(step, ()))
            try:
                return original(task, *arguments, **options)
            except BaseException as error:
                if self.failed_step is None and len(self.steps.get(step, ())) > before:
                    self.steps[step].pop()  # its function had returned
                self.failed(step, error)
                raise

        return recorded

    def failed(self, step: str, error: BaseException) -> None:
        """Note the first error: outer tasks and flytekit only wrap it."""
        if self.failed_step is None:
            self.failed_step, self.error = step, error_text(error)


def _run(
    module: str,
    workflow: str,
    parameters: dict[str, Any],
    variables: Mapping[str, str] = MappingProxyType({}),
) -> RunResult:
    """In the child: import, run, describe."""
    recorder = _Recorder(
        hooks=frozenset(f"{workflow}_{event}" for event in ("on_success", "on_error"))
    )
    outputs: Artifacts = {}
    error: str | None = None
    execute = recorder.execute(PythonFunctionTask.execute)
    dispatch = recorder.dispatch_execute(PythonTask.dispatch_execute)
    with (
        _collected_warnings() as collected,
        scratch_storage(),
        # FLYTE_ATTEMPT_NUMBER, for one, would tell a module that it runs on a cluster.
        mock.patch.dict(os.environ, {**clean_environment(), **variables}, clear=True),
        mock.patch.object(PythonFunctionTask, "execute", execute),
        mock.patch.object(PythonTask, "dispatch_execute", dispatch),
    ):
        try:
            loaded = load(module)
            recorder.watch_rounds(loaded)
            flow = getattr(loaded, workflow)
            outputs = described(named_outputs(flow(**parameters), flow.python_interface))
            # what travels without a name of its own includes private artifacts
            outputs = {name: value for name, value in outputs.items() if name[0] != "_"}
        except (Exception, SystemExit) as failure:
            error = recorder.error or error_text(failure)
    return RunResult(
        steps={step: values for step, values in _part(recorder.steps, 0).items() if values},
        failed_step=recorder.failed_step if error else None,
        error=error,
        stdout="",
        inputs=_part(recorder.inputs, 0),
        unset_outputs=_part(recorder.steps, 1),
        unset_inputs=_part(recorder.inputs, 1),
        outputs=outputs,
        warnings=collected,
    )


def _table(values: dict[str, Any]) -> _Table:
    return described(values), unset_in(values)


def _part(recorded: dict[str, list[_Table]], index: int) -> dict[str, list[Any]]:
    return {step: [table[index] for table in tables] for step, tables in recorded.items()}


def _step_of(task: Any) -> str:
    """Name of the function of a task; of a map task, that of the task which it maps."""
    return str(getattr(task, "python_function_task", task).name).rpartition(".")[2]


def _is_dynamic(task: Any) -> bool:
    return task.execution_mode is not PythonFunctionTask.ExecutionBehavior.DEFAULT


def _wrappers(function: Any) -> Iterator[Any]:
    """The functions that `functools.wraps` put around another, outermost first."""
    while hasattr(function, "__wrapped__"):
        yield function
        function = function.__wrapped__


def _is_within(code: CodeType, outer: CodeType) -> bool:
    """Whether a function is defined inside of another one."""
    inner = [constant for constant in outer.co_consts if isinstance(constant, CodeType)]
    return code in inner or any(_is_within(code, each) for each in inner)


def _is_rounds(name: str, value: object) -> bool:
    """Whether a member of a module is the decorator of its loops, renamed or not."""
    return name.rstrip("_") == "repeat_step" and inspect.isfunction(value)


class _Collector(logging.Handler):
    """Appends the records of a logger to a list, as text."""

    def __init__(self, collected: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.collected = collected

    def emit(self, record: logging.LogRecord) -> None:
        self.collected.append(f"{record.levelname}: {record.getMessage()}")


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """Collect what flytekit logs from WARNING up, and the warnings that Python shows by default."""
    collected: list[str] = []
    logger = logging.getLogger("flytekit")
    logger.setLevel(logging.WARNING)
    logger.addHandler(_Collector(collected))

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        collected.append(f"{category.__name__}: {message}")

    with warnings.catch_warnings():
        warnings.resetwarnings()
        hidden = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
        for category in hidden:
            warnings.simplefilter("ignore", category)
        warnings.showwarning = show
        yield collected
