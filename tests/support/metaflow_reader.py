"""Reads the artifacts of one Metaflow run, in an interpreter of its own.

The artifacts were pickled while the flow's classes were in `__main__`, and need them there again.
"""

import pickle
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaflow.datastore.flow_datastore import FlowDataStore
from metaflow.flowspec import FlowSpec
from metaflow.plugins.datastores.local_storage import LocalStorage

from tests.support.canonical import canonical
from tests.support.result import Artifacts

_PARAMETERS = "_parameters"  # the pseudo step that holds what is given before the first step
_INTERNAL = {
    "name",
    "_catch_exception",
    "_configs_processed",
    "_current_step",
    "_exception",
    "_foreach_num_splits",
    "_foreach_stack",
    "_foreach_values",
    "_foreach_var",
    "_graph_info",
    "_iteration_stack",
    "_parallel_ubf_iter",
    "_success",
    "_task_ok",
    "_transition",
    "_unbounded_foreach",
}
_READ = ("_task_ok", "_exception", "_transition", "_foreach_stack")


@dataclass(frozen=True)
class Reading:
    """See `RunResult`; `errors` maps each failed step to its error as far as Metaflow stored it."""

    steps: dict[str, list[Artifacts]]
    parents: dict[str, list[str]]
    constants: frozenset[str]
    errors: dict[str, str]


@dataclass(frozen=True)
class Finished:
    """A task that succeeded.

    Attributes:
        indices: where it is in the foreaches around it, outermost first.
        started: its place in the order in which tasks started.
        reached: the steps to which it led.
    """

    step: str
    indices: tuple[int, ...]
    started: tuple[int, ...]
    artifacts: Artifacts
    reached: tuple[str, ...]


def is_artifact(name: str) -> bool:
    """Whether a stored name is the flow's own, not Metaflow's bookkeeping."""
    return name not in _INTERNAL and not name.startswith("_control_")


def arranged(tasks: Iterable[Finished]) -> tuple[dict[str, list[Artifacts]], dict[str, list[str]]]:
    """`steps` and `parents` of a `RunResult`.

    Tasks of one step come by their indices, which starts do not follow where foreaches nest, and
    rounds of a loop as they started. Steps come by first start, the parents of a step by name.
    """
    steps: dict[str, list[Artifacts]] = {}
    parents: dict[str, set[str]] = {}
    started: dict[str, tuple[int, ...]] = {}
    for task in sorted(tasks, key=lambda task: (task.indices, task.started)):
        steps.setdefault(task.step, []).append(task.artifacts)
        started[task.step] = min(task.started, started.get(task.step, task.started))
        for target in task.reached:
            parents.setdefault(target, set()).add(task.step)
    ordered = {step: steps[step] for step in sorted(steps, key=started.__getitem__)}
    return ordered, {step: sorted(found) for step, found in parents.items()}


def read(flow_name: str, root: Path, run: str) -> Reading:
    """Read every task of a run; the classes of its artifacts must be in `__main__` already."""
    # Not by Metaflow's client: that hides private artifacts, and it is slow.
    datastore: Any = FlowDataStore
    store = datastore(
        flow_name, environment=None, storage_impl=LocalStorage, ds_root=str(root / ".metaflow")
    )
    finished: list[Finished] = []
    constants: frozenset[str] = frozenset()
    errors: dict[str, str] = {}
    for task in store.get_task_datastores(run_id=run):
        mine = [name for name, _ in task.items() if is_artifact(name)]
        if task.step_name == _PARAMETERS:
            constants = frozenset(mine)
            continue
        table = dict(task.load_artifacts([*mine, *_READ]))
        if not table["_task_ok"]:
            errors[task.step_name] = _stored_error(table["_exception"])
            continue
        artifacts = {name: canonical(table[name]) for name in mine}
        indices = tuple(frame.index for frame in table["_foreach_stack"])
        started = tuple(map(int, re.findall(r"\d+", task.task_id)))  # 7, and 7_node_1
        reached = tuple((table["_transition"] or ([],))[0])
        finished.append(Finished(task.step_name, indices, started, artifacts, reached))
    steps, parents = arranged(finished)
    return Reading(steps, parents, constants, errors)


def main() -> None:
    """Read the run that the arguments name (FLOW.py CLASS ROOT RUN), pickle it to a TARGET."""
    flow, flow_name, root, run, target = sys.argv[1:]
    _load_as_main(Path(flow))
    Path(target).write_bytes(pickle.dumps(read(flow_name, Path(root), run)))


def _load_as_main(flow: Path) -> None:
    """Execute the flow file as `__main__`, up to where it would start the flow's command line."""

    def stop(*_: object, **__: object) -> None:
        raise SystemExit

    # Metaflow itself puts classes into __main__ when imported: it must stay the same module.
    names = vars(sys.modules["__main__"])
    names["__file__"] = str(flow)
    sys.argv = [str(flow)]
    flow_spec: Any = FlowSpec
    original, flow_spec.__init__ = flow_spec.__init__, stop
    try:
        exec(compile(flow.read_bytes(), str(flow), "exec"), names)
    except SystemExit:
        pass
    finally:
        flow_spec.__init__ = original


def _stored_error(wrapper: Any) -> str:
    """Type and message of a stored exception, in the form of `error_text`."""
    if wrapper is None:
        return ""
    return f"{wrapper.type.rpartition('.')[2]}: {wrapper.exception}"
