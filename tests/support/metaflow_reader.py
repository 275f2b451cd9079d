"""Reads the artifacts of one Metaflow run, in an interpreter of its own.

The artifacts were pickled while the flow's classes were in `__main__`, and need them there again.
"""

import pickle
import sys
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


@dataclass(frozen=True)
class Reading:
    """See `RunResult`; `errors` maps each failed step to its error as far as Metaflow stored it."""

    steps: dict[str, list[Artifacts]]
    parents: dict[str, list[str]]
    constants: frozenset[str]
    errors: dict[str, str]


def read(flow_name: str, root: Path, run: str) -> Reading:
    """Read every task of a run; the classes of its artifacts must be in `__main__` already."""
    # Not by Metaflow's client: that hides private artifacts, and it is slow.
    datastore: Any = FlowDataStore
    store = datastore(
        flow_name, environment=None, storage_impl=LocalStorage, ds_root=str(root / ".metaflow")
    )
    steps: dict[str, list[Artifacts]] = {}
    parents: dict[str, list[str]] = {}
    constants: frozenset[str] = frozenset()
    errors: dict[str, str] = {}
    started: dict[str, int] = {}
    for task in sorted(store.get_task_datastores(run_id=run), key=_order):
        stored = [name for name, _ in task.items()]
        mine = [
            name for name in stored if name not in _INTERNAL and not name.startswith("_control_")
        ]
        if task.step_name == _PARAMETERS:
            constants = frozenset(mine)
            continue
        table = dict(task.load_artifacts([*mine, "_task_ok", "_exception", "_transition"]))
        if not table["_task_ok"]:
            errors[task.step_name] = _stored_error(table["_exception"])
            continue
        artifacts = {name: canonical(table[name]) for name in mine}
        steps.setdefault(task.step_name, []).append(artifacts)
        started.setdefault(task.step_name, int(task.task_id))
        for target in (table["_transition"] or ([],))[0]:
            found = parents.setdefault(target, [])
            if task.step_name not in found:
                found.append(task.step_name)
    ordered = {step: steps[step] for step in sorted(steps, key=started.__getitem__)}
    return Reading(ordered, parents, constants, errors)


def _order(task: Any) -> tuple[list[int], int]:
    """Tasks of a foreach by index, which ids do not follow where foreaches nest; others by id."""
    stack = dict(task.load_artifacts(["_foreach_stack"]))["_foreach_stack"]
    return [frame.index for frame in stack], int(task.task_id)


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
