"""What a flow imports from `metaflow` while the cheap runtime runs it.

Everything that steps can observe is Metaflow's own code; only what stores artifacts and what reads
decorators is not.
"""

import hashlib
import importlib
import os
import pickle
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

metaflow_current: Any = importlib.import_module("metaflow.metaflow_current")  # all untyped
metaflow_datastore: Any = importlib.import_module("metaflow.datastore.exceptions")
metaflow_decorators: Any = importlib.import_module("metaflow.decorators")
metaflow_exception: Any = importlib.import_module("metaflow.exception")
metaflow_flowspec: Any = importlib.import_module("metaflow.flowspec")
metaflow_parameters: Any = importlib.import_module("metaflow.parameters")
_Real: Any = metaflow_flowspec.FlowSpec

_PROTOCOL = 4  # plugins/datastores/serializers/pickle_serializer.py
_CODE = (types.MethodType, types.FunctionType, metaflow_parameters.Parameter)


class Store:
    """The artifacts of one task: what Metaflow's code asks of a TaskDataStore, in memory."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def __contains__(self, name: str) -> bool:
        return name in self.objects

    def __getitem__(self, name: str) -> Any:
        return pickle.loads(self.objects[name])

    def is_none(self, name: str) -> bool:
        """Whether an artifact is absent or None."""
        return name not in self.objects or self[name] is None

    def items(self) -> Iterator[tuple[str, str]]:
        """Names and the keys of contents, as `merge_artifacts` compares them."""
        for name, pickled in self.objects.items():
            yield name, hashlib.sha1(pickled).hexdigest()

    def passdown_partial(self, origin: "Store", names: list[str]) -> None:
        """Take some artifacts over from another task, unread."""
        found = {name: origin.objects[name] for name in names if name in origin.objects}
        self.objects.update(found)


class Started(SystemExit):
    """What ends the main guard, where Metaflow would parse the command line: it has the flow."""

    def __init__(self, flow: Any) -> None:
        super().__init__()
        self.flow = flow


class FlowSpec:
    """metaflow/flowspec.py, as far as a step can see it."""

    _EPHEMERAL = _Real._EPHEMERAL
    _graph: Any = None

    def __init__(self, use_cli: bool = True) -> None:
        self.name = type(self).__name__
        self._datastore: Store | None = None
        self._transition: tuple[list[str], str | None] | None = None
        self._cached_input: dict[str, Any] = {}
        if use_cli:
            raise Started(self)

    __getattr__ = _Real.__getattr__
    __getstate__ = _Real.__getstate__
    __str__ = _Real.__str__
    _find_input = _Real._find_input
    _get_foreach_item_value = _Real._get_foreach_item_value
    _validate_ubf_step = _Real._validate_ubf_step
    cmd = _Real.cmd
    foreach_stack = _Real.foreach_stack
    index = _Real.index
    input = _Real.input
    merge_artifacts = _Real.merge_artifacts
    next = _Real.next

    @property
    def script_name(self) -> str:
        """The file of the flow."""
        return os.path.basename(sys.argv[0])


class Current:
    """`metaflow.current`, as far as tests need it."""

    flow_name = ""
    step_name = ""
    retry_count = 0

    @property
    def parallel(self) -> Any:
        """The nodes of a `@parallel` step, from the same variables as in Metaflow."""
        return metaflow_current.Parallel(
            main_ip=os.environ.get("MF_PARALLEL_MAIN_IP", "127.0.0.1"),
            num_nodes=int(os.environ.get("MF_PARALLEL_NUM_NODES", "1")),
            node_index=int(os.environ.get("MF_PARALLEL_NODE_INDEX", "0")),
            control_task_id=os.environ.get("MF_PARALLEL_CONTROL_TASK_ID"),
        )


current = Current()


@dataclass
class Options:
    """What the decorators of a step ask for."""

    retries: int = 0
    seconds: int = 0
    variables: dict[str, str] = field(default_factory=dict)
    parallel: bool = False
    catches: bool = False
    variable: str | None = None


def options_of(function: Any) -> Options:
    """The options of a step; decorators fill them in."""
    if not hasattr(function, "cheap_options"):
        function.cheap_options = Options()
    options: Options = function.cheap_options
    return options


def _decorator(read: Callable[..., None]) -> Callable[..., Any]:
    """A Metaflow decorator, with or without arguments; for classes too."""

    def decorate(target: Any = None, **attributes: Any) -> Any:
        def mark(marked: Any) -> Any:
            if not isinstance(marked, type):
                read(options_of(marked), **attributes)
            return marked

        return mark(target) if target is not None else mark

    return decorate


def _retry(options: Options, times: Any = 3, minutes_between_retries: Any = 2) -> None:
    options.retries = int(times)


def _timeout(options: Options, seconds: Any = 0, minutes: Any = 0, hours: Any = 0) -> None:
    options.seconds = int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def _environment(options: Options, vars: Any = None) -> None:
    options.variables = {name: str(value) for name, value in (vars or {}).items()}


def _parallel(options: Options) -> None:
    options.parallel = True


def _catch(options: Options, var: Any = None, print_exception: Any = True) -> None:
    options.catches, options.variable = True, var


def _ignore(options: Options, **attributes: Any) -> None:
    pass


_DECORATORS: dict[str, Callable[..., None]] = {
    "catch": _catch,
    "environment": _environment,
    "parallel": _parallel,
    "resources": _ignore,
    "retry": _retry,
    "schedule": _ignore,
    "timeout": _timeout,
}


@contextmanager
def stand_in() -> Iterator[None]:
    """Let `import metaflow` find the stand-in, as long as the context lasts."""
    module = types.ModuleType("metaflow")
    vars(module).update(
        FlowSpec=FlowSpec,
        step=metaflow_decorators.step,
        current=current,
        Parameter=metaflow_parameters.Parameter,
        JSONType=metaflow_parameters.JSONType,
        **{name: _decorator(read) for name, read in _DECORATORS.items()},
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


def pickled(name: str, value: Any) -> bytes:
    """An artifact as it is stored (TaskDataStore.save_artifacts).

    Raises:
        MetaflowException: it cannot be.
    """
    try:
        return pickle.dumps(value, protocol=_PROTOCOL)
    except TypeError as error:
        raise metaflow_datastore.UnpicklableArtifactException(name) from error
    except metaflow_exception.MetaflowException:
        raise
    except Exception as error:
        raise metaflow_datastore.DataException(
            f"Serializer PickleSerializer failed on artifact '{name}': "
            f"{type(error).__name__}: {error}"
        ) from error


def persisted(flow: Any) -> dict[str, bytes]:
    """TaskDataStore.persist: every attribute but code, each pickled by itself.

    That includes what only the class has, if it is private: public constants are properties then.
    """
    found: list[tuple[str, Any]] = []
    for name in dir(flow):
        if name.startswith("__") or name in flow._EPHEMERAL or name == "name":
            continue
        if isinstance(getattr(type(flow), name, None), property):
            continue
        value = getattr(flow, name)
        if not isinstance(value, _CODE):
            found.append((name, value))
    stored: dict[str, bytes] = {}
    for name, value in reversed(found):
        if not name.startswith("_"):
            delattr(flow, name)  # fails for a class in the class, as in Metaflow
        stored[name] = pickled(name, value)
    return stored


def parameters_of(cls: Any) -> dict[str, Any]:
    """The Parameters of a flow by attribute."""
    found = {name: getattr(cls, name) for name in dir(cls)}
    kind = metaflow_parameters.Parameter
    return {name: value for name, value in found.items() if isinstance(value, kind)}


def constants_of(cls: Any, parameters: dict[str, Any]) -> list[str]:
    """task.py, _init_parameters: public attributes of the class that are no code."""
    excluded = {*_Real._NON_PARAMETERS, *parameters}
    kinds = (types.MethodType, types.FunctionType, property, type)
    return [
        name
        for name in dir(cls)
        if name[0] != "_" and name not in excluded and not isinstance(getattr(cls, name), kinds)
    ]


def make_read_only(cls: Any, name: str, value: Any) -> None:
    """Have every flow of the class show a value that cannot be assigned."""

    def refuse(_: Any, __: Any) -> None:
        raise AttributeError("Flow level attributes and Parameters are not modifiable")

    get = value if callable(value) else (lambda _: value)
    setattr(cls, name, property(fget=get, fset=refuse))
