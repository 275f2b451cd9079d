"""What a linear flow does under Metaflow, told by a stand-in for its runtime: no processes, no
datastore on disk, and so a hundred times faster. Tests hold it against the real runtime."""

import ast
import importlib
import os
import pickle
import signal
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.canonical import canonical
from tests.support.processes import copied_folder, in_child
from tests.support.result import Artifacts, RunResult, error_text

click: Any = importlib.import_module("metaflow._vendor.click")  # untyped, both of them
real: Any = importlib.import_module("metaflow.parameters")

_PROTOCOL = 4  # plugins/datastores/serializers/pickle_serializer.py
_INTERNAL = ("_success", "_task_ok", "_exception", "_transition", "_current_step")


def run_cheap(
    flow: Path, parameters: dict[str, Any], *, flow_name: str, timeout: float = 60.0
) -> RunResult:
    """What `run_metaflow` returns for a linear flow, from a forked child of this process.

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
    with _stand_in():
        return _Run(Path(flow), parameters, flow_name).result()


class FlowSpec:
    """metaflow/flowspec.py, as far as a step of a linear flow can see it."""

    _EPHEMERAL = frozenset({"_EPHEMERAL", "_datastore", "_steps", "index", "input", *_INTERNAL})
    _datastore: "dict[str, bytes] | None" = None
    _current_step = ""
    _transition: "tuple[list[str], None] | None" = None
    name = ""

    def __init__(self, use_cli: bool = True) -> None:
        raise SystemExit  # in the main guard: there is no command line to parse

    def __getattr__(self, name: str) -> Any:
        stored = self._datastore
        if stored and name in stored:
            value = pickle.loads(stored[name])
            setattr(self, name, value)
            return value
        raise AttributeError(f"Flow {self.name} has no attribute '{name}'")

    @property
    def index(self) -> None:
        """None outside of a foreach."""

    @property
    def input(self) -> None:
        """None outside of a foreach."""

    @property
    def script_name(self) -> str:
        """The file of the flow."""
        return os.path.basename(sys.argv[0])

    def foreach_stack(self) -> list[Any]:
        """Empty outside of a foreach."""
        return []

    def next(self, *targets: Any, **keywords: Any) -> None:
        """Note the transition; Metaflow allows one."""
        if self._transition is not None:
            raise InvalidNextException(
                f"Multiple self.next() calls detected in step *{self._current_step}*. "
                "Call self.next() only once."
            )
        if keywords or len(targets) != 1 or not isinstance(targets[0], types.MethodType):
            raise InvalidNextException(f"not a linear transition: {targets} {keywords}")
        self._transition = ([targets[0].__func__.__name__], None)


class InvalidNextException(Exception):
    """metaflow.flowspec.InvalidNextException."""


class TimeoutException(Exception):
    """metaflow.plugins.timeout_decorator.TimeoutException."""


@dataclass
class _Options:
    """What the decorators of a step ask for."""

    start: bool = False
    end: bool = False
    retries: int = 0
    seconds: int = 0
    variables: dict[str, str] = field(default_factory=dict)


def _options(function: Any) -> _Options:
    if not hasattr(function, "cheap_options"):
        function.cheap_options = _Options()
    options: _Options = function.cheap_options
    return options


def _step(function: Any = None, *, start: bool = False, end: bool = False) -> Any:
    def mark(marked: Any) -> Any:
        options = _options(marked)
        options.start, options.end = start, end
        marked.is_step = True
        return marked

    return mark(function) if function is not None else mark


def _decorator(read: Callable[..., None]) -> Callable[..., Any]:
    """A Metaflow decorator, with or without arguments; for classes too."""

    def decorate(target: Any = None, **attributes: Any) -> Any:
        def mark(marked: Any) -> Any:
            if not isinstance(marked, type):
                read(_options(marked), **attributes)
            return marked

        return mark(target) if target is not None else mark

    return decorate


def _retry(options: _Options, times: Any = 3, minutes_between_retries: Any = 2) -> None:
    options.retries = int(times)


def _timeout(options: _Options, seconds: Any = 0, minutes: Any = 0, hours: Any = 0) -> None:
    options.seconds = int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def _environment(options: _Options, vars: Any = None) -> None:
    options.variables = {name: str(value) for name, value in (vars or {}).items()}


def _ignore(options: _Options, **attributes: Any) -> None:
    pass


@contextmanager
def _stand_in() -> Iterator[None]:
    """Let `import metaflow` find the stand-in, as long as the context lasts."""
    module = types.ModuleType("metaflow")
    decorators: dict[str, Callable[..., None]] = {
        "retry": _retry,
        "timeout": _timeout,
        "environment": _environment,
        "resources": _ignore,
        "schedule": _ignore,
    }
    vars(module).update(
        FlowSpec=FlowSpec,
        step=_step,
        Parameter=real.Parameter,
        JSONType=real.JSONType,
        **{name: _decorator(read) for name, read in decorators.items()},
    )
    arguments = sys.argv
    before = {name: sys.modules.get(name) for name in ("metaflow", "__main__")}
    sys.modules["metaflow"] = module
    try:
        yield
    finally:
        sys.argv = arguments
        for name, known in before.items():
            if known is not None:
                sys.modules[name] = known


class _Failed(Exception):
    """A step failed; the cause says why."""


class _Run:
    def __init__(self, flow: Path, parameters: dict[str, Any], flow_name: str) -> None:
        self.code = compile(flow.read_bytes(), str(flow), "exec")
        self.tails = _transitions(ast.parse(flow.read_bytes()), flow_name)
        self.given = parameters
        self.flow_name = flow_name
        self.filename = str(flow)
        self.steps: dict[str, list[Artifacts]] = {}
        self.parents: dict[str, list[str]] = {}

    def result(self) -> RunResult:
        """The whole run; Metaflow's launcher first, which reads the parameters."""
        cls = self._load({})
        try:
            constants = self._constants(cls)
        except click.ClickException as error:
            return RunResult({}, None, error.format_message(), "")
        table = {name: _pickled(value) for name, value in constants.items()}
        names = frozenset(table)
        name: str | None = self._entry(cls)
        end = self._terminal(cls)
        while name is not None:
            options = _options(getattr(cls, name))
            try:
                table, reached = self._task(name, table, names, options)
            except _Failed as failure:
                assert failure.__cause__ is not None
                return self._ended(name, error_text(failure.__cause__), names)
            self.steps.setdefault(name, []).append(
                {key: canonical(pickle.loads(value)) for key, value in table.items()}
            )
            expected = None if name == end else self.tails[name]
            if reached != expected:
                message = f"step {name} was expected to transition to {expected}"
                return self._ended(name, f"MetaflowInternalError: {message}", names)
            if reached is not None:
                self.parents[reached] = [name]
            name = reached
        return self._ended(None, None, names)

    def _ended(self, step: str | None, error: str | None, constants: frozenset[str]) -> RunResult:
        return RunResult(self.steps, step, error, "", parents=self.parents, constants=constants)

    def _entry(self, cls: Any) -> str:
        return _marked(cls, "start") or "start"

    def _terminal(self, cls: Any) -> str:
        return _marked(cls, "end") or "end"

    def _load(self, variables: dict[str, str]) -> Any:
        """Execute the flow's file as Metaflow's processes do, each as its `__main__`."""
        os.environ.update(variables)
        module = types.ModuleType("__main__")
        vars(module).update(__file__=self.filename, __builtins__=__builtins__)
        sys.modules["__main__"] = module
        sys.argv = [self.filename]
        try:
            exec(self.code, vars(module))
        except SystemExit:
            pass
        return getattr(module, self.flow_name)

    def _constants(self, cls: Any) -> dict[str, Any]:
        """FlowSpec._set_constants: the values of Parameters and of the class's own attributes."""
        parameters = _parameters(cls)
        context: Any = types.SimpleNamespace(TYPE="local")
        real.set_parameter_context(self.flow_name, lambda *_, **__: None, context, {})
        for parameter in parameters.values():
            parameter.init()
        command = click.Command(
            "run",
            params=[
                click.Option(("--" + parameter.name,), **parameter.option_kwargs(True))
                for parameter in parameters.values()
            ],
        )
        found = command.make_context("run", _arguments(self.given)).params
        values: dict[str, Any] = {}
        for attribute, parameter in parameters.items():
            value = found[parameter.name.replace("-", "_").lower()]
            if isinstance(value, real.DeployTimeField):
                value = value()
            separator = parameter.separator
            values[attribute] = value.split(separator) if value and separator else value
        return values | {name: getattr(cls, name) for name in _class_constants(cls, parameters)}

    def _task(
        self, name: str, table: dict[str, bytes], constants: frozenset[str], options: _Options
    ) -> tuple[dict[str, bytes], str | None]:
        """One step, in a process of its own as far as it can tell; again after a failure."""
        attempts = options.retries
        while True:
            environment = dict(os.environ)
            try:
                return self._attempt(name, table, constants, options)
            except BaseException as error:
                traceback.print_exc()
                if not attempts:
                    raise _Failed from error
                attempts -= 1
            finally:
                os.environ.clear()
                os.environ.update(environment)

    def _attempt(
        self, name: str, table: dict[str, bytes], constants: frozenset[str], options: _Options
    ) -> tuple[dict[str, bytes], str | None]:
        cls = self._load(options.variables)
        parameters = _parameters(cls)
        for attribute in parameters:
            _read_only(cls, attribute, pickle.loads(table[attribute]))
        for attribute in _class_constants(cls, parameters):
            _read_only(cls, attribute, getattr(cls, attribute))
        flow = cls.__new__(cls)
        flow.name = self.flow_name
        flow._current_step = name
        flow._transition = None
        flow._datastore = table
        with _limited(options.seconds):
            getattr(flow, name)()
        reached = flow._transition[0][0] if flow._transition else None
        return {**table, **_persisted(flow)}, reached


def _arguments(given: dict[str, Any]) -> list[str]:
    from tests.support.metaflow_side import _options as options

    return options(given)


def _parameters(cls: Any) -> dict[str, Any]:
    found = {name: getattr(cls, name) for name in dir(cls)}
    return {name: value for name, value in found.items() if isinstance(value, real.Parameter)}


def _class_constants(cls: Any, parameters: dict[str, Any]) -> list[str]:
    """task.py, _init_parameters: public attributes of the class that are no code."""
    excluded = {"cmd", "foreach_stack", "index", "input", "script_name", "name", *parameters}
    kinds = (types.MethodType, types.FunctionType, property, type)
    return [
        name
        for name in dir(cls)
        if name[0] != "_" and name not in excluded and not isinstance(getattr(cls, name), kinds)
    ]


def _read_only(cls: Any, name: str, value: Any) -> None:
    def refuse(_: Any, __: Any) -> None:
        raise AttributeError("Flow level attributes and Parameters are not modifiable")

    get = value if callable(value) else (lambda _: value)
    setattr(cls, name, property(fget=get, fset=refuse))


def _persisted(flow: Any) -> dict[str, bytes]:
    """TaskDataStore.persist: every attribute but code, each pickled by itself."""
    found: list[tuple[str, Any]] = []
    for name in dir(flow):
        if name.startswith("__") or name in flow._EPHEMERAL or name == "name":
            continue
        if isinstance(getattr(type(flow), name, None), property):
            continue
        value = getattr(flow, name)
        if not isinstance(value, types.MethodType | types.FunctionType | real.Parameter):
            found.append((name, value))
    return {name: _pickled(value) for name, value in reversed(found)}


def _pickled(value: Any) -> bytes:
    return pickle.dumps(value, protocol=_PROTOCOL)


def _marked(cls: Any, kind: str) -> str | None:
    """The step under `@step(start=True)` or `@step(end=True)`; of a single step, that one."""
    steps = [name for name in dir(cls) if hasattr(getattr(cls, name, None), "is_step")]
    if len(steps) == 1:
        return steps[0]
    return next((name for name in steps if getattr(_options(getattr(cls, name)), kind)), None)


def _transitions(module: ast.Module, flow_name: str) -> dict[str, str]:
    """Step → the target of the `self.next` that stands last in it, as graph.py finds it."""
    found: dict[str, str] = {}
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name == flow_name:
            for member in node.body:
                last = member.body[-1] if isinstance(member, ast.FunctionDef) else None
                match last:
                    case ast.Expr(
                        ast.Call(ast.Attribute(attr="next"), [ast.Attribute(attr=target)])
                    ):
                        assert isinstance(member, ast.FunctionDef)
                        found[member.name] = target
    return found


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
