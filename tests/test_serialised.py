"""What ``pyflyte register`` would send for each generated module, and what Flyte's admin and
compiler would say about it."""

import ast
import copy
import functools
import itertools
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from codegen import translate
from codegen.model import Flow
from tests.cases import EXAMPLES, Case, cases
from tests.support.processes import clean_environment, run_command
from tests.support.serialised import Registered, check_cron, check_types, register_offline

CASES = {case.name: case for case in cases() if case.module.exists()}
MAP = re.compile(r"flyte_wf\.map_(\w+)_[0-9a-f]{32}-arraynode")  # of a task in its module
PYFLYTE = Path(sys.executable).with_name("pyflyte")
SCHEDULES = {
    "schedule_aws": "0 10 * * 1-5",  # 2-6 there, where Sunday is 1
    "schedule_cron": "30 6 * * 1-5",
    "schedule_daily": "0 0 * * *",
    "schedule_hourly": "0 * * * *",
    "schedule_off": None,
    "schedule_timezone": "0 8 * * *",
    "schedule_weekly": "0 0 * * 0",
}


@functools.cache  # every test of a module looks at the same messages
def registered(name: str) -> Registered:
    return register_offline(CASES[name].module)


def task(case: str, name: str) -> Any:
    return registered(case).tasks[f"flyte_wf.{name}"].template


def crons(messages: Registered) -> dict[str, str]:
    """Launch plan → its schedule, where it has one."""
    schedules = {
        name: plan.spec.entity_metadata.schedule for name, plan in messages.launch_plans.items()
    }
    return {
        name: schedule.cron_schedule.schedule
        for name, schedule in schedules.items()
        if schedule.WhichOneof("ScheduleExpression") is not None
    }


def decorated(module: Path, decorator: str) -> list[str]:
    """Names of the functions under ``@decorator`` or ``@decorator(…)``, however it is imported."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    local = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "flytekit"
        for alias in node.names
        if alias.name == decorator
    }
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for each in node.decorator_list
        if isinstance(called := each.func if isinstance(each, ast.Call) else each, ast.Name)
        and called.id in local
    ]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_registers(case: Case) -> None:
    """The wiring is one that Flyte compiles, the schedules are ones that it runs, and the entities
    are the module's functions, under their names, and nothing else (but one for each map)."""
    messages = registered(case.name)
    assert check_types(messages) == []
    for cron in crons(messages).values():
        check_cron(cron)
    tasks = [name for kind in ("task", "dynamic") for name in decorated(case.module, kind)]
    maps = {name: MAP.fullmatch(name) for name in messages.tasks if name.endswith("-arraynode")}
    assert set(messages.tasks) - set(maps) == {f"flyte_wf.{name}" for name in tasks}
    assert all(found is not None and found[1] in tasks for found in maps.values())
    # The last workflow of a module is that of the flow, before it come parts of it.
    *parts, workflow = decorated(case.module, "workflow")
    assert set(messages.workflows) == {f"flyte_wf.{name}" for name in (*parts, workflow)}
    plans = {*messages.workflows, *crons(messages)}
    assert set(messages.launch_plans) == plans
    assert set(crons(messages)) <= {f"{workflow}_schedule"}
    # Each step is one task, under the step's own name if that can be: by its name Flyte finds the
    # history of a task.
    steps = Counter(step.rstrip("_") for step in case.flow().steps)
    assert not steps - Counter(name.rstrip("_") for name in tasks)
    check_order(messages, f"flyte_wf.{workflow}", case.flow())


def check_order(messages: Registered, workflow: str, flow: Flow) -> None:
    """A node waits for another if and only if its steps come after those of the other. Not seen are
    steps which dynamic tasks will run, and orders within them."""
    after = {step: reached(step, successors(flow)) for step in flow.steps}
    spec = messages.workflows[workflow]
    subs = {sub.id.name: sub for sub in spec.sub_workflows}
    for template in (spec.template, *spec.sub_workflows):
        runs = {node.id: steps_of(node, subs, flow) for node in template.nodes}
        upstream = {node.id: set(node.upstream_node_ids) for node in template.nodes}
        before = {node: reached(node, upstream) for node in runs}
        for (first, these), (second, those) in itertools.permutations(runs.items(), 2):
            follows = {then in after[step] for step in these for then in those}
            if True in follows:
                assert first in before[second], f"{second} {those} may run before {first} {these}"
            elif len(these) == len(those) == 1:
                assert first not in before[second], f"{second} {those} waits for {first} {these}"


def successors(flow: Flow) -> dict[str, set[str]]:
    """The steps to which each step leads."""
    steps = flow.steps.items()
    return {name: set(step.transition.targets if step.transition else ()) for name, step in steps}


def reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    """What can be reached from somewhere, by one edge or more."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = edges.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def steps_of(node: Any, subs: dict[str, Any], flow: Flow) -> set[str]:
    """The steps that a node is seen to run, through sub-workflows."""
    if node.HasField("array_node"):
        return steps_of(node.array_node.node, subs, flow)
    if node.HasField("workflow_node"):
        template = subs[node.workflow_node.sub_workflow_ref.name]
        return {step for inner in template.nodes for step in steps_of(inner, subs, flow)}
    name = node.task_node.reference_id.name
    mapped = MAP.fullmatch(name)
    task = mapped[1] if mapped else name.removeprefix("flyte_wf.")
    plain = {step.rstrip("_"): step for step in flow.steps}
    return {plain[task.rstrip("_")]} if task.rstrip("_") in plain else set()


@pytest.mark.parametrize("name", ["monthly_report", "name_collisions"])
def test_does_not_depend_on_the_place(name: str, tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere" / "flyte_wf.py"
    copied.parent.mkdir()
    shutil.copyfile(CASES[name].module, copied)
    assert settled(register_offline(copied)) == settled(registered(name))


def settled(messages: Registered) -> Registered:
    """Without the order in which flytekit lists the nodes before a node: that of addresses."""
    result = copy.deepcopy(messages)
    for spec in result.workflows.values():
        for node in spec.template.nodes:
            node.upstream_node_ids.sort()
    return result


def test_retries() -> None:
    counts = {
        step: task("retry_timeout_resources", step).metadata.retries.retries
        for step in ("start", "train", "evaluate", "end")
    }
    assert counts == {"start": 3, "train": 2, "evaluate": 0, "end": 3}
    # What a node says goes before what its task says.
    (workflow,) = registered("retry_timeout_resources").workflows.values()
    nodes = [node for node in workflow.template.nodes if node.HasField("task_node")]
    assert {
        node.task_node.reference_id.name.removeprefix("flyte_wf."): node.metadata.retries.retries
        for node in nodes
    } == counts


def test_timeouts() -> None:
    """Flyte's propeller reads the deadline from the node, not from the task."""
    (workflow,) = registered("retry_timeout_resources").workflows.values()
    seconds = {
        node.task_node.reference_id.name.removeprefix("flyte_wf."): node.metadata.timeout.seconds
        for node in workflow.template.nodes
        if node.HasField("task_node")
    }
    assert (seconds["start"], seconds["end"]) == (0, 0)
    # 1 h 30 min 30 s, three times, with two waits of 5 minutes: half of that and then some
    assert 5430 + 300 <= seconds["train"] and 3 * 5430 + 2 * 300 <= 2 * seconds["train"]
    assert 600 <= seconds["evaluate"] < 2 * 600 + 600


@pytest.mark.parametrize(
    ("case", "step", "expected"),
    [
        ("retry_timeout_resources", "start", {}),
        ("retry_timeout_resources", "train", {"CPU": "4", "MEMORY": "16000M"}),
        ("retry_timeout_resources", "evaluate", {"CPU": "2", "MEMORY": "2048M"}),
        ("resources_all", "start", {"CPU": "0.5", "MEMORY": "4096M"}),
        (
            "resources_all",
            "train",
            {"CPU": "8", "MEMORY": "32000M", "GPU": "1", "EPHEMERAL_STORAGE": "20480M"},
        ),
        (
            "resources_all",
            "pack",
            {"CPU": "1", "MEMORY": "500M", "EPHEMERAL_STORAGE": "10240M"},
        ),
        ("resources_all", "end", {"CPU": "1", "MEMORY": "4096M"}),
    ],
)
def test_resources(case: str, step: str, expected: dict[str, str]) -> None:
    asked = task(case, step).container.resources
    kind = type(asked).ResourceName
    assert {kind.Name(entry.name): entry.value for entry in asked.requests} == expected
    assert not asked.limits  # Metaflow's default is "burstable"


def test_shared_memory() -> None:
    sizes = {
        step: task("resources_all", step).extended_resources.shared_memory.size_limit
        for step in ("start", "train", "pack", "end")
    }
    assert sizes == {"start": "", "train": "2048Mi", "pack": "", "end": ""}


def test_environment() -> None:
    variables = {
        step: {pair.key: pair.value for pair in task("environment_vars", step).container.env}
        for step in ("start", "after", "end")
    }
    assert variables == {
        "start": {
            "MFGEN_TEXT": "some words",
            "MFGEN_INT": "3",
            "MFGEN_FLOAT": "0.5",
            "MFGEN_BOOL": "True",
            "MFGEN_EMPTY": "",
            "MFGEN_QUOTED": 'it\'s "quoted" $HOME {x}',
            "MFGEN_STAGE": "stage-test",
        },
        "after": {"MFGEN_TEXT": "other words"},
        "end": {},
    }


@pytest.mark.parametrize(("case", "cron"), SCHEDULES.items(), ids=SCHEDULES)
def test_schedule(case: str, cron: str | None) -> None:
    messages = registered(case)
    name = f"{case}_flow_schedule"
    assert crons(messages) == ({} if cron is None else {name: cron})
    if cron is not None:
        spec = messages.launch_plans[name].spec
        assert spec.workflow_id.name == f"flyte_wf.{case}_flow"
        # A schedule gives no inputs, so the workflow must be able to start without.
        (workflow,) = messages.workflows.values()
        inputs = workflow.template.interface.inputs.variables
        given = spec.default_inputs.parameters
        assert all(given[variable].HasField("default") for variable in inputs)


def test_every_schedule_is_looked_at() -> None:
    assert {name for name in CASES if name.startswith("schedule_")} == set(SCHEDULES)


@pytest.mark.parametrize(
    "flow",
    [EXAMPLES / "train.py", CASES["monthly_report"].path, CASES["data_pipeline"].path],
    ids=["train", "monthly_report", "data_pipeline"],
)
def test_pyflyte_register(flow: Path, tmp_path: Path) -> None:
    """The real command, without a server."""
    module = tmp_path / "generated_wf.py"
    code = translate(flow.read_bytes(), flow.name).code
    assert code is not None
    module.write_text(code, encoding="utf-8")
    options = "--dry-run --copy none --version v1 -p project -d development --image img:1".split()
    command = [str(PYFLYTE), "register", *options, module.name]
    environment = clean_environment() | {"HOME": str(tmp_path), "NO_COLOR": "1"}
    status, printed = run_command(command, cwd=tmp_path, environment=environment, timeout=60)
    assert status == 0, printed
    kinds = ("task", "dynamic", "workflow")
    functions = [name for kind in kinds for name in decorated(module, kind)]
    assert functions
    for name in functions:
        assert f": generated_wf.{name} (Dry run" in printed
    plans = re.findall(r"Launch Plan: (\S+)", printed)
    assert any(plan.endswith("_schedule") for plan in plans)
    assert f"Successfully registered {len(functions) + len(plans)} entities" in printed
    assert "Traceback" not in printed and "WARNING" not in printed
