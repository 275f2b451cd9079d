"""Compares a run under Metaflow with the run of its translation under Flyte."""

from collections import Counter

from tests.support.canonical import Canonical, contrast, show
from tests.support.result import Artifacts, RunResult

_CUT = 100  # characters shown of a value that has no counterpart


def compare(metaflow: RunResult, flyte: RunResult, parameters: set[str]) -> list[str]:
    """List what differs between two runs that should be the same; empty if nothing does.

    Compared are: which steps ran and how often, the outputs of every task with that step's
    artifacts, the inputs of every task with what its step could see, the results of the workflow
    with the public artifacts of the last step, and where a failed run failed.

    A task may carry the name of its step with underscores appended; a field may also lack the
    leading underscore of its artifact, since fields of a NamedTuple cannot have one.

    Args:
        parameters: names of the flow's parameters, which both sides were given.
    """
    steps = {task: _step_of(task, metaflow) for task in {**flyte.steps, **flyte.inputs}}
    found = _compare_ends(metaflow, flyte, steps) + _compare_counts(metaflow, flyte, steps)
    for task, tables in flyte.steps.items():
        expected = metaflow.steps.get(steps[task], [])
        for i, (table, artifacts) in enumerate(zip(tables, expected, strict=False)):
            what = f"task {_nth(task, i, tables)}, output"
            found += _compare_table(what, table, artifacts)
            found += _compare_unset(what, flyte.unset_outputs, task, i, artifacts)
    for task, tables in flyte.inputs.items():
        for i, table in enumerate(tables):
            what = f"task {_nth(task, i, tables)}, input"
            visible = _visible(metaflow, steps[task], i, len(tables))
            if visible is not None:
                given = {
                    name: value
                    for name, value in table.items()
                    if not parameters & {name, name.rstrip("_"), name.rpartition("_")[0]}
                }
                found += _compare_table(what, given, visible)
                found += _compare_unset(what, flyte.unset_inputs, task, i, visible)
    if metaflow.error is None and flyte.error is None:
        found += _compare_results(metaflow, flyte, parameters)
    return found


def _compare_ends(metaflow: RunResult, flyte: RunResult, steps: dict[str, str]) -> list[str]:
    if metaflow.error is None and flyte.error is None:
        return []
    ends = []
    for name, run in (("Metaflow", metaflow), ("Flyte", flyte)):
        where = f"failed at {run.failed_step} with {run.error}"
        ends.append(f"{name} {where if run.error is not None else 'succeeded'}")
    failed = steps.get(flyte.failed_step or "", flyte.failed_step)
    same = (metaflow.error is None) == (flyte.error is None) and metaflow.failed_step == failed
    return [] if same else ["; ".join(ends)]


def _compare_counts(metaflow: RunResult, flyte: RunResult, steps: dict[str, str]) -> list[str]:
    counts: Counter[str] = Counter()
    for task, tables in flyte.steps.items():
        counts[steps[task]] += len(tables)
    expected = {step: len(tables) for step, tables in metaflow.steps.items()}
    return [
        f"step {step}: ran {expected.get(step, 0)} times under Metaflow, {counts[step]} under Flyte"
        for step in {**expected, **counts}
        if counts[step] != expected.get(step, 0)
        # Metaflow itself fails after a task that returns without a transition; the task is done.
        and (step != metaflow.failed_step or counts[step] > 1)
    ]


def _compare_results(metaflow: RunResult, flyte: RunResult, parameters: set[str]) -> list[str]:
    """Compare the workflow's results with what the last step leaves, both ways."""
    last = list(metaflow.steps.values())[-1][-1] if metaflow.steps else {}
    public = {name: value for name, value in last.items() if not name.startswith("_")}
    found = _compare_table("workflow output", flyte.outputs, public)
    returned = {name for field in flyte.outputs for name in _names(field, public)}
    given = parameters | metaflow.constants
    return found + [
        f"workflow output {name}: missing, Metaflow has {show(public[name])[:_CUT]}"
        for name in public
        if name not in returned | given
    ]


def _compare_table(what: str, fields: Artifacts, artifacts: Artifacts) -> list[str]:
    """Compare every field with the artifact that it stands for."""
    found = []
    for name, value in fields.items():
        candidates = [artifacts[artifact] for artifact in _names(name, artifacts)]
        if not candidates:
            found.append(f"{what} {name}: {show(value)[:_CUT]}, but Metaflow has no such artifact")
        elif value not in candidates:
            found.append(f"{what} {name}: {_differ(candidates[0], value)}")
    return found


def _compare_unset(
    what: str, unset: dict[str, list[frozenset[str]]], task: str, i: int, artifacts: Artifacts
) -> list[str]:
    """List the fields that are unset although Metaflow has a value for them."""
    found = []
    for name in sorted(unset[task][i]) if task in unset else []:
        for artifact in _names(name, artifacts)[:1]:
            found.append(f"{what} {name}: unset, Metaflow has {show(artifacts[artifact])[:_CUT]}")
    return found


def _differ(expected: Canonical, value: Canonical) -> str:
    left, right = contrast(expected, value)
    return f"Metaflow has {left}, Flyte {right}"


def _names(field: str, artifacts: Artifacts) -> list[str]:
    """The artifacts for which a field can stand, likeliest first."""
    plain = field.rstrip("_")
    names = dict.fromkeys([field, plain, f"_{field}", f"_{plain}"])
    return [name for name in names if name in artifacts]


def _step_of(task: str, metaflow: RunResult) -> str:
    """The step for which a task stands; the task's own name if there is none."""
    known = {*metaflow.steps, *metaflow.parents, metaflow.failed_step}
    plain = task.rstrip("_")
    return plain if plain in known and task not in known else task


def _visible(metaflow: RunResult, step: str, i: int, count: int) -> Artifacts | None:
    """The artifacts that the `i`th of `count` runs of a step starts with, None if not known here.

    Known where one parent ran once (or once for each run of the step); a join starts with none, and
    names its inputs by branch.
    """
    parents = metaflow.parents.get(step, [])
    tables = metaflow.steps.get(parents[0], []) if len(parents) == 1 else []
    if not parents and metaflow.steps and step == next(iter(metaflow.steps)):
        # The first step can only see what is given before it, and its own table holds that too.
        first = metaflow.steps[step][0]
        return {name: first[name] for name in metaflow.constants if name in first}
    if len(tables) == 1:
        return tables[0]
    return tables[i] if len(tables) == count else None


def _nth(task: str, i: int, tables: list[Artifacts]) -> str:
    return f"{task}[{i}]" if len(tables) > 1 else task
