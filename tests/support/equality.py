"""Compares a run under Metaflow with the run of its translation under Flyte."""

import re
from collections import Counter

from tests.support.boxes import attributes, is_unset
from tests.support.canonical import Canonical, contrast, show
from tests.support.result import Artifacts, RunResult

_CUT = 100  # characters shown of a value that has no counterpart
_GENERATED = re.compile(r"(index|next_step|\w+_(index|indices|count))_*")


def compare(metaflow: RunResult, flyte: RunResult, parameters: set[str]) -> list[str]:
    """List what differs between two runs that should be the same; empty if nothing does.

    Compared are: which steps ran and how often, the outputs of every task with that step's
    artifacts, the inputs of every task with what its step could see, the results of the workflow
    with the public artifacts of the last step, and where a failed run failed.

    A task may carry the name of its step with underscores appended; a field may also lack the
    leading underscore of its artifact, since fields of a NamedTuple cannot have one. Fields such as
    `index` and `next_step` may be no artifacts at all. Inputs of a join are the artifacts of its
    parents: `inputs` and `inputs_x` list those of all elements of a foreach, `parent_x` is the `x`
    of one branch.

    If a run fails while several tasks may be at work, only those are compared that were surely done
    before.

    Args:
        parameters: names of the flow's parameters, which both sides were given.
    """
    steps = {task: _step_of(task, metaflow) for task in {**flyte.steps, **flyte.inputs}}
    settled = _settled(metaflow, flyte, {*steps.values()})
    found = _compare_ends(metaflow, flyte, steps)
    found += _compare_counts(metaflow, flyte, steps, settled)
    for task, tables in flyte.steps.items():
        expected = metaflow.steps.get(steps[task], []) if steps[task] in settled else []
        for i, (table, artifacts) in enumerate(zip(tables, expected, strict=False)):
            what = f"task {_nth(task, i, tables)}, output"
            found += _compare_table(what, table, artifacts)
            found += _compare_unset(what, _unset(flyte.unset_outputs, task, i), artifacts)
    for task, tables in flyte.inputs.items():
        given = [_without(table, parameters) for table in tables]
        for i in range(len(tables) if steps[task] in settled else 0):
            unset = _unset(flyte.unset_inputs, task, i)
            found += _compare_inputs(metaflow, steps[task], task, given, i, unset)
    if metaflow.error is None and flyte.error is None:
        found += _compare_results(metaflow, flyte, parameters)
    return found


def _without(table: Artifacts, parameters: set[str]) -> Artifacts:
    """The fields of a table that are not parameters."""
    return {
        name: value
        for name, value in table.items()
        if not parameters & {name, name.rstrip("_"), name.rpartition("_")[0]}
    }


def _unset(tables: dict[str, list[frozenset[str]]], task: str, i: int) -> frozenset[str]:
    return tables[task][i] if task in tables else frozenset()


def _settled(metaflow: RunResult, flyte: RunResult, steps: set[str]) -> set[str]:
    """The steps of which both runs must have seen the same.

    When a branch or an element of a foreach fails, chance decides which others are done.
    """
    runs = [*metaflow.steps.values(), *flyte.inputs.values()]
    targets = Counter(parent for parents in metaflow.parents.values() for parent in parents)
    in_line = all(len(tables) == 1 for tables in runs) and all(n == 1 for n in targets.values())
    if metaflow.error is None or in_line:
        return {*metaflow.steps, *steps}
    before = _ancestors(metaflow, metaflow.failed_step or "")
    return {step for step in before if len(metaflow.steps.get(step, [])) == 1}


def _ancestors(metaflow: RunResult, step: str) -> set[str]:
    """All steps that lead to a step: itself among them if it is in a loop."""
    found: set[str] = set()
    waiting = [step]
    while waiting:
        new = set(metaflow.parents.get(waiting.pop(), [])) - found
        found |= new
        waiting += new
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


def _compare_counts(
    metaflow: RunResult, flyte: RunResult, steps: dict[str, str], settled: set[str]
) -> list[str]:
    counts: Counter[str] = Counter()
    for task, tables in flyte.steps.items():
        counts[steps[task]] += len(tables)
    expected = {step: len(tables) for step, tables in metaflow.steps.items()}
    return [
        f"step {step}: ran {expected.get(step, 0)} times under Metaflow, {counts[step]} under Flyte"
        for step in {**expected, **counts}
        if step in settled
        and counts[step] != expected.get(step, 0)
        # Metaflow itself fails after a task that returns without a transition; the task is done.
        and (step != metaflow.failed_step or counts[step] > 1)
    ]


def _compare_results(metaflow: RunResult, flyte: RunResult, parameters: set[str]) -> list[str]:
    """Compare the workflow's results with what the last step leaves, both ways."""
    last = list(metaflow.steps.values())[-1][-1] if metaflow.steps else {}
    public = {name: value for name, value in last.items() if not name.startswith("_")}
    found = _compare_table("workflow output", flyte.outputs, public, may_be_generated=False)
    returned = {name for field in flyte.outputs for name in _names(field, public)}
    given = parameters | metaflow.constants
    return found + [
        f"workflow output {name}: missing, Metaflow has {show(public[name])[:_CUT]}"
        for name in public
        if name not in returned | given
    ]


def _compare_inputs(
    metaflow: RunResult,
    step: str,
    task: str,
    tables: list[Artifacts],
    i: int,
    unset: frozenset[str],
) -> list[str]:
    """Compare the inputs of the `i`th run of a step with what it could see.

    Args:
        tables: those of all runs.
        unset: names of the inputs that were unset.
    """
    what = f"task {_nth(task, i, tables)}, input"
    of_join = _compare_gathered(metaflow, step, what, tables, i)
    of_join |= _compare_branches(metaflow, step, what, tables, i, unset)
    ends = []
    for visible in _visible(metaflow, step, i, len(tables)):
        found = [line for name in sorted(unset) for line in of_join.get(name, ())]
        for name, value in tables[i].items():
            problems = _compare_table(what, {name: value}, visible)
            found += of_join.get(name, problems) if problems else []
        ends.append(found + _compare_unset(what, unset, visible))
    return min(ends, key=len, default=[])


def _compare_gathered(
    metaflow: RunResult, step: str, what: str, tables: list[Artifacts], i: int
) -> dict[str, list[str]]:
    """Compare, by name, the inputs which list something of each element of a foreach."""
    parents = metaflow.parents.get(step, [])
    runs = metaflow.steps.get(parents[0], []) if len(parents) == 1 else []
    compared: dict[str, list[str]] = {}
    for name in tables[i] if runs else ():
        gathers = name.rstrip("_") == "inputs" or name.startswith("inputs_")
        if gathers and all(table.get(name, ("",))[0] == "list" for table in tables):
            lists = [table[name][1] for table in tables]
            first = sum(map(len, lists[:i]))
            found = compared[name] = []
            if sum(map(len, lists)) == len(runs):
                for k, item in enumerate(lists[i]):
                    fields = {name.removeprefix("inputs_"): item}
                    if name.rstrip("_") == "inputs":
                        fields = attributes(item) or {}
                    unset = frozenset(field for field, value in fields.items() if is_unset(value))
                    given = {field: fields[field] for field in fields if field not in unset}
                    where = f"{what} {name}[{k}]"
                    found += _compare_table(where, given, runs[first + k])
                    found += _compare_unset(where, unset, runs[first + k])
            elif len(tables) == 1:
                found.append(f"{what} {name}: {len(lists[0])} for {len(runs)} of {parents[0]}")
    return compared


def _compare_branches(
    metaflow: RunResult,
    step: str,
    what: str,
    tables: list[Artifacts],
    i: int,
    unset: frozenset[str],
) -> dict[str, list[str]]:
    """Compare, by name, the inputs which are named after a parent and one of its artifacts."""
    compared: dict[str, list[str]] = {}
    parents = metaflow.parents.get(step, [])
    for parent in parents:
        runs = metaflow.steps.get(parent, [])
        runs = [runs[i]] if len(runs) == len(tables) else runs
        for name in (*tables[i], *unset):
            field = name.removeprefix(f"{parent}_")
            visible = [run for run in runs if field != name and _names(field, run)]
            given = [value for run in visible for value in _candidates(field, run)]
            if name in unset and given and len(visible) == len(runs):
                found = [f"{what} {name}: unset, Metaflow has {show(given[0])[:_CUT]}"]
            elif name in unset or not given or tables[i][name] in given:
                found = []
            else:
                found = [f"{what} {name}: {_differ(given[0], tables[i][name])}"]
            if given:
                compared[name] = min(found, compared.get(name, found), key=len)
    # A branch with a switch in it goes by the name of one of the steps that may end it, and what
    # one branch has is merged under its own name.
    several = len(parents) > 1 and not _loop(metaflow, step)
    for name in tables[i].keys() - compared.keys():
        fields = [name, *(name[at + 1 :] for at, char in enumerate(name) if char == "_")]
        runs = [run for parent in parents for run in metaflow.steps.get(parent, [])]
        given = [value for run in runs for field in fields for value in _candidates(field, run)]
        value = tables[i][name]
        each = value[1] if value[0] == "list" else [value]
        each = [item for item in each if not is_unset(item)]
        if several and (value in given or all(item in given for item in each)):
            compared[name] = []
    return compared


def _compare_table(
    what: str, fields: Artifacts, artifacts: Artifacts, *, may_be_generated: bool = True
) -> list[str]:
    """Compare every field with the artifact that it stands for."""
    found = []
    for name, value in fields.items():
        candidates = _candidates(name, artifacts)
        known = name in artifacts or f"_{name}" in artifacts
        if value in candidates or (may_be_generated and not known and _GENERATED.fullmatch(name)):
            continue
        if not candidates:
            found.append(f"{what} {name}: {show(value)[:_CUT]}, but Metaflow has no such artifact")
        else:
            found.append(f"{what} {name}: {_differ(candidates[0], value)}")
    return found


def _candidates(name: str, artifacts: Artifacts) -> list[Canonical]:
    """The values for which a field can stand, likeliest first."""
    return [artifacts[artifact] for artifact in _names(name, artifacts)]


def _compare_unset(what: str, unset: frozenset[str], artifacts: Artifacts) -> list[str]:
    """List the fields that are unset although Metaflow has a value for them."""
    found = []
    for name in sorted(unset):
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


def _visible(metaflow: RunResult, step: str, i: int, count: int) -> list[Artifacts]:
    """What the `i`th of `count` runs of a step may have started with: one of these tables.

    One, where it is clear after which run of which parent it came; none, if that left nothing. A
    join starts with no artifacts at all, but may be given those on which its parents agree.
    """
    parents = metaflow.parents.get(step, [])
    if not parents and metaflow.steps and step == next(iter(metaflow.steps)):
        # The first step can only see what is given before it, and its own table holds that too.
        first = metaflow.steps[step][0]
        return [{name: first[name] for name in metaflow.constants if name in first}]
    loop = {step, *parents} & _loop(metaflow, step)
    runs = {parent: metaflow.steps.get(parent, []) for parent in parents}
    tables = [table for each in runs.values() for table in each]
    if not loop and all(len(each) == count for each in runs.values()):
        return [each[i] for each in runs.values()]
    if step not in loop:
        return tables[-1:] if count == 1 and _leaves_loop(metaflow, step) else tables
    outside = [table for parent in parents if parent not in loop for table in runs[parent]]
    inside = [table for parent in parents if parent in loop for table in runs[parent]]
    if len(outside) > 1 or len(loop & {*parents}) > 1 or len(inside) < count - 1:
        return tables
    # Each round comes after the one before, unless it is the first (of an element of a foreach).
    return [inside[i - 1], *outside] if i else outside


def _loop(metaflow: RunResult, step: str) -> set[str]:
    """The steps of the loop in which a step is; none if it is in none."""
    before = _ancestors(metaflow, step)
    return {each for each in before if step in before and step in _ancestors(metaflow, each)}


def _leaves_loop(metaflow: RunResult, step: str) -> bool:
    """Whether a step is the only way out of a loop, and was gone once."""
    parents = metaflow.parents.get(step, [])
    loop = _loop(metaflow, parents[0]) if len(parents) == 1 else set()
    exits = [
        target
        for target, sources in metaflow.parents.items()
        if loop & {*sources} and target not in loop
    ]
    return exits == [step] and len(metaflow.steps.get(step, [])) <= 1


def _nth(task: str, i: int, tables: list[Artifacts]) -> str:
    return f"{task}[{i}]" if len(tables) > 1 else task
