"""What ``pyflyte register`` would send for each generated module, and what Flyte's admin and
compiler would say about it."""

import ast
import copy
import functools
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from codegen import translate
from tests.cases import EXAMPLES, Case, cases
from tests.support.processes import clean_environment, run_command
from tests.support.serialised import Registered, check_cron, check_types, register_offline

CASES = {case.name: case for case in cases() if case.module.exists()}
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
    are the module's functions, under their names, and nothing else."""
    messages = registered(case.name)
    assert check_types(messages) == []
    for cron in crons(messages).values():
        check_cron(cron)
    assert set(messages.tasks) == {f"flyte_wf.{name}" for name in decorated(case.module, "task")}
    (workflow,) = decorated(case.module, "workflow")
    assert set(messages.workflows) == {f"flyte_wf.{workflow}"}
    plans = {f"flyte_wf.{workflow}": None, **dict.fromkeys(crons(messages))}
    assert set(messages.launch_plans) == set(plans)
    assert set(crons(messages)) <= {f"{workflow}_schedule"}
    check_order(messages, case)


def check_order(messages: Registered, case: Case) -> None:
    """Each node waits for the one before, as in a linear flow; and it runs the task of a step,
    under the step's own name if that can be: by its name Flyte finds the history of a task."""
    (workflow,) = messages.workflows.values()
    waiting = [node for node in workflow.template.nodes if node.HasField("task_node")]
    done = {"start-node", ""}
    order = []
    while waiting:
        ready = [node for node in waiting if set(node.upstream_node_ids) <= done]
        assert len(ready) == 1, "two steps of a linear flow would run at the same time"
        order.append(ready[0].task_node.reference_id.name)
        done.add(ready[0].id)
        waiting.remove(ready[0])
    tasks = [name.removeprefix("flyte_wf.").rstrip("_") for name in order]
    assert sorted(tasks) == sorted(step.rstrip("_") for step in case.flow().steps)


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
    kinds = ("task", "workflow")
    functions = [name for kind in kinds for name in decorated(module, kind)]
    assert functions
    for name in functions:
        assert f": generated_wf.{name} (Dry run" in printed
    plans = re.findall(r"Launch Plan: (\S+)", printed)
    assert any(plan.endswith("_schedule") for plan in plans)
    assert f"Successfully registered {len(functions) + len(plans)} entities" in printed
    assert "Traceback" not in printed and "WARNING" not in printed
