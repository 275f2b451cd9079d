"""``current``: what its attributes become in each place, and what is said about them."""

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from codegen import translate
from codegen.diagnostics import Diagnostic, Severity
from codegen.library import CURRENT
from tests.support.flyte_side import run_flyte
from tests.support.metaflow_side import run_metaflow
from tests.support.processes import clean_environment, run_command
from tests.unit.sources import codes, flow_source

IMPORTS = "from metaflow import FlowSpec, Parameter, current, parallel, project, step, trigger"


def source(body: str, head: str = "", members: str = "", last: str = "pass") -> str:
    return flow_source(body, last, head=head, members=members, imports=IMPORTS)


def translated(text: str) -> str:
    result = translate(text)
    assert result.code is not None, result.diagnostics
    return result.code


def found(text: str, code: str) -> list[Diagnostic]:
    return [message for message in translate(text).diagnostics if message.code == code]


def value(code: str, name: str) -> str:
    """What a variable is set to."""
    (text,) = re.findall(rf"^    {name} = (.+)$", code, re.MULTILINE)
    return str(text).replace('"', "'")


# ---------------------------------------------------------------------- in each place

VALUES = {
    "flow_name": ("'TheFlow'", "'TheFlow'"),
    "is_running_flow": ("True", "True"),
    "namespace": ("'user:' + metaflow_user()", "'user:' + metaflow_user()"),
    "origin_run_id": ("None", "None"),
    "parameter_names": ("['alpha']", "['alpha']"),
    "pathspec": ("pathspec('TheFlow')", "pathspec('TheFlow')"),
    "retry_count": ("retry_count()", "retry_count()"),
    "run.id": ("current_context().execution_id.name", "run_id()"),
    "run.pathspec": ("'TheFlow/' + current_context().execution_id.name", "'TheFlow/' + run_id()"),
    "run_id": ("current_context().execution_id.name", "run_id()"),
    "step_name": ("'start'", "Running.step"),
    "tags": ("set()", "set()"),
    "task.id": ("Running.task", "Running.task"),
    "task.pathspec": ("pathspec('TheFlow')", "pathspec('TheFlow')"),
    "task_id": ("Running.task", "Running.task"),
    "tempdir": (
        "os.environ.get('METAFLOW_TEMPDIR', '.')", "os.environ.get('METAFLOW_TEMPDIR', '.')",
    ),
    "username": ("metaflow_user()", "metaflow_user()"),
}  # fmt: skip


def test_all_are_there() -> None:
    assert set(VALUES) == set(CURRENT)


@pytest.mark.parametrize("name", VALUES)
def test_value_in_steps_and_functions(name: str) -> None:
    step, function = VALUES[name]
    head = f"def ask():\n    in_ask = current.{name}\n    return in_ask"
    body = f"where = current.{name}\nself.x = where, ask(), self.helper(), lambda: 1"
    members = "alpha = Parameter('alpha', default=1)\n"
    members += f"def helper(self):\n    in_helper = current.{name}\n    return in_helper"
    code = translated(source(body, head, members))
    assert value(code, "where") == step
    assert value(code, "in_ask") == value(code, "in_helper") == function
    nested = translated(source(f"f = lambda: current.{name}\nself.x = f()", members=members))
    inside = function if "current_context" in step else step
    assert value(nested, "f").replace("(", "").replace(")", "") == (
        f"lambda: {inside}".replace("(", "").replace(")", "")
    )


def test_tasks_say_which_they_are_only_where_that_is_asked() -> None:
    assert "in_step" not in translated(source("self.x = current.step_name, current.run_id"))
    assert "in_step" not in translated(source("f()", head="def f(): return current.run_id"))
    assert "@in_step('start')" in translated(source("self.x = current.task_id")).replace('"', "'")
    code = translated(source("f()", head="def f(): return current.step_name"))
    assert code.count("@in_step(") == 2 and "task_id" not in code


def test_where_the_module_is_imported() -> None:
    head = "A = current.run_id\nB = current.is_running_flow\nC = [current.step_name]"
    code = translated(source("self.x = A, B, C", head=head))
    assert "A = None\nB = False\nC = [None]" in code and "Current" not in code


def test_what_may_run_at_import_is_careful() -> None:
    head = "def where():\n    return current.flow_name\n\nWHERE = where()"
    code = translated(source("self.x = WHERE", head=head))
    assert "return current.flow_name" in code and "where the module is imported" in code
    assert code.index("class Current") < code.index("def where")


@pytest.mark.parametrize("run", [run_metaflow, run_flyte], ids=["metaflow", "flyte"])
def test_values_at_import(run: Any, tmp_path: Path) -> None:
    head = (
        "def where():\n    return (current.flow_name, current.is_running_flow, current.step_name)\n"
        "\nWHERE = where()"
    )
    flow = tmp_path / "flow.py"
    flow.write_text(source("self.x = WHERE, where()", head=head))
    if run is run_metaflow:
        steps = run_metaflow(flow, {}, flow_name="TheFlow").steps
    else:
        (tmp_path / "flyte_wf.py").write_text(translated(flow.read_text()))
        steps = run_flyte(tmp_path / "flyte_wf.py", "the_flow", {}).steps
    assert "('none', 'None'), ('bool', False), ('none', 'None')" in str(steps["start"][0]["x"])
    assert "('str', 'TheFlow'), ('bool', True), ('str', 'start')" in str(steps["start"][0]["x"])


# ---------------------------------------------------------------------- tasks and their names


def task_ids(folder: Path, **variables: str) -> str:
    """What two runs of a task in one process print."""
    text = source("print('id', current.task_id)")
    (folder / "flyte_wf.py").write_text(translated(text))
    command = [sys.executable, "-c", "import flyte_wf as m; m.start(); m.start()"]
    environment = {**clean_environment(), **variables}
    status, printed = run_command(command, cwd=folder, environment=environment, timeout=60)
    assert status == 0, printed
    return printed


def test_task_ids(tmp_path: Path) -> None:
    """One for each task; on a cluster the pod is in it, and not the attempt."""
    assert "id local-1\nid local-2\n" in task_ids(tmp_path)


@pytest.mark.parametrize("attempt", ["0", "12"])
def test_task_ids_of_pods(attempt: str, tmp_path: Path) -> None:
    printed = task_ids(tmp_path, FLYTE_ATTEMPT_NUMBER=attempt, HOSTNAME=f"f6a1-n0-{attempt}")
    assert "id f6a1-n0-1\nid f6a1-n0-2\n" in printed


# ---------------------------------------------------------------------- by name, and handed on

ASKED = {
    "self.x = current.get('trigger')": [],
    "self.x = current.get('run_id', 1)": ["run_id"],
    "self.x = 'step_name' in current": ["step_name"],
    "self.x = 'step_name' not in current": ["step_name"],
    "self.x = getattr(current, 'flow_name')": ["flow_name"],
    "self.x = hasattr(current, 'nonsense')": [],
    "self.x = [current.get('username'), current.get('no')]": ["username"],
}


@pytest.mark.parametrize("body", ASKED)
def test_asked_by_name(body: str) -> None:
    code = translated(source(body))
    assert "class Current:" in code
    table = re.search(r"^CURRENT: .*?^}$", code, re.MULTILINE | re.DOTALL)
    names = re.findall(r'^    "(\w+)":', table[0], re.MULTILINE) if table else []
    assert names == ASKED[body]
    ast.parse(code)


@pytest.mark.parametrize(
    "body",
    [
        "f(current)",
        "name = 'x'\nself.x = current.get(name)",
        "x = [current]",
        "c = current\nc.run_id",
    ],
)
def test_handed_on(body: str) -> None:
    code = translated(source(body, head="def f(x): return x"))
    names = {name for name in CURRENT if "." not in name}
    assert all(f'"{name}": ' in code for name in names)
    assert "has no counterpart on Flyte" in code
    assert len(found(source(body, head="def f(x): return x"), "MF670")) == 1


# ---------------------------------------------------------------------- messages

MESSAGES = {
    "self.x = current.step_name": [],
    "self.x = current.run_id": ["MF670"],
    "self.x = current.run.id, current.run_id": ["MF670"],
    "self.x = current.task_id, current.pathspec": ["MF670", "MF670"],
    "self.x = current.tags": ["MF670"],
    "self.x = current.nonsense": ["MF671"],
    "self.x = current.trigger.event": ["MF671"],
    "self.x = current.is_parallel": ["MF671"],
    "self.x = current.parallel.num_nodes": ["MF671"],
    "self.x = current.parallel": ["MF671"],
    "self.x = current.run": ["MF503"],
    "self.x = current.run.tags": ["MF503"],
    "self.x = current.task.data.y": ["MF503"],
    "self.x = current.graph": ["MF503"],
    "self.x = current.graph_info['doc']": ["MF503"],
    "self.x = current.spot_termination_notice": ["MF503"],
    "self.x = current.get('run')": ["MF503"],
    "self.x = getattr(current, 'task')": ["MF503"],
    "self.x = current._flow_name": ["MF503"],
    "self.x = current.__class__": ["MF503"],
    "self.x = current.project_name": ["MF503"],
    "current.step_name = 'x'": ["MF673"],
    "current.mine = 1": ["MF673"],
    "del current.mine": ["MF673"],
    "current.count += 1": ["MF673"],
}


@pytest.mark.parametrize("body", MESSAGES)
def test_messages(body: str) -> None:
    assert codes(source(body)) == MESSAGES[body]


def test_the_place_of_messages() -> None:
    (message,) = found(source("pass", last="self.x = current.nonsense.more"), "MF671")
    assert (message.position.line, message.position.column) == (13, 18)
    assert message.step == "end" and message.severity is Severity.WARNING


def test_a_flow_with_a_trigger() -> None:
    """There the attribute may be there, in Metaflow."""
    text = source("self.x = current.trigger.event.name")
    text = text.replace("class TheFlow", "@trigger(event='e')\nclass TheFlow")
    assert found(text, "MF503") and not found(text, "MF671")


NODES = """
from metaflow import FlowSpec, current, parallel, step


def number():
    return {function}


class TheFlow(FlowSpec):
    @step
    def start(self):
        self.a = {start}
        self.next(self.each, num_parallel=2)

    @parallel
    @step
    def each(self):
        self.b = {each}
        self.next(self.join)

    @step
    def join(self, inputs):
        self.c = [inp.b for inp in inputs]
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        ("start", "current.parallel.num_nodes", []),
        ("start", "current.parallel.control_task_id", []),
        ("start", "current.is_parallel", ["MF508"]),
        ("start", "current.parallel", ["MF508"]),
        ("each", "current.parallel.num_nodes", []),
        ("each", "current.is_parallel", []),
        ("each", "current.parallel.main_ip", ["MF508"]),
        ("each", "current.parallel", ["MF508"]),
        ("each", "current.get('is_parallel')", ["MF508"]),
        ("each", "[current]", ["MF508"]),
        ("function", "current.parallel.node_index", ["MF508"]),
    ],
)
def test_parallel_nodes(place: str, text: str, expected: list[str]) -> None:
    texts = dict.fromkeys(("function", "start", "each"), "1") | {place: text}
    result = translate(NODES.format(**texts))
    errors = [m.code for m in result.diagnostics if m.severity is Severity.ERROR]
    assert errors == expected, result.diagnostics
    if place == "start" and not expected:
        assert result.code is not None
        assert "a = 1\n" in result.code or "a = None\n" in result.code
