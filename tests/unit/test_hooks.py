"""@exit_hook: the same hooks run, in the same order, and change nothing for the run."""

from pathlib import Path
from typing import Any

import pytest

from codegen import Options, translate
from codegen.diagnostics import Diagnostic
from tests.support.backend import run_workflow
from tests.support.backend_task import run_task
from tests.support.canonical import canonical
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.support.metaflow_side import run_metaflow
from tests.support.serialised import Registered, register_offline
from tests.unit.sources import codes, flow_source, module

IMPORTS = "from metaflow import FlowSpec, Parameter, exit_hook, step"
HEAD = """
import os
import sys

def note(text):
    with open(os.environ["HOOK_LOG"], "a") as file:
        file.write(text + "\\n")

def one(): note("one")
def two(text="two"): note(text)
def three(run): note("three")
def broken():
    note("broken")
    raise ConnectionError("nobody listens")
def leaves():
    note("leaves")
    sys.exit(3)
"""


def source(*decorators: str, body: str = "self.x = 1", head: str = "", **more: str) -> str:
    """A flow under these, the first on top, with the functions above and those of `head`."""
    text = flow_source(body, "self.y = self.x", head=HEAD + head, imports=IMPORTS, **more)
    lines = "".join(f"@exit_hook({arguments})\n" for arguments in decorators)
    return text.replace("class TheFlow", f"{lines}class TheFlow")


def messages(text: str) -> list[Diagnostic]:
    return list(translate(text, "flow.py").diagnostics)


def registered(text: str, folder: Path) -> Registered:
    (folder / "flyte_wf.py").write_text(module(text), encoding="utf-8")
    return register_offline(folder / "flyte_wf.py")


# ---------------------------------------------------------------------- the same as Metaflow

FAIL = "self.x = 1\nif self.n > 1:\n    raise ValueError(self.n)"
EVERY = (
    "on_success=[one, 'two', broken, three], on_error=['three', leaves]",
    "on_success=('leaves',), on_error=[broken, one]",
)
RUNS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "success": (
        source(*EVERY, body=FAIL, members="n = Parameter('n', default=1)"),
        {},
        ["leaves", "one", "two", "broken", "three"],
    ),
    "error": (
        source(*EVERY, body=FAIL, members="n = Parameter('n', default=1)"),
        {"n": 2},
        ["broken", "one", "three", "leaves"],
    ),
    "only on_error": (source("on_error=[one]"), {}, []),
    "only on_success": (
        source("on_success=[one]", body=FAIL, members="n = Parameter('n', default=2)"),
        {},
        [],
    ),
    "optional inputs": (
        source(
            "on_error=[two]",
            body="self.x = self.a, self.b, self.c\nraise ValueError",
            members="a = Parameter('a')\nb = Parameter('b', type=float)\n"
            "c = Parameter('c', type=JSONType, default='[1]')",
        ).replace("import FlowSpec", "import FlowSpec, JSONType"),
        {},
        ["two"],
    ),
    "base flow": (
        source("on_success=[two]").replace(
            "@exit_hook", "@exit_hook(on_success=[one])\nclass Base(FlowSpec): pass\n\n@exit_hook"
        ).replace("TheFlow(FlowSpec)", "TheFlow(Base)"),
        {},
        ["two"],
    ),
    "two base flows": (
        source().replace(
            "class TheFlow(FlowSpec)",
            "@exit_hook(on_success=[one])\n@exit_hook(on_success=[leaves])\n"
            "class A(FlowSpec): pass\n\n@exit_hook(on_success=[two])\n"
            "class B(FlowSpec): pass\n\nclass TheFlow(B, A)",
        ),
        {},
        ["two", "leaves", "one"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_same_hooks(name: str, tmp_path: Path) -> None:
    text, parameters, expected = RUNS[name]
    (tmp_path / "flow.py").write_text(text, encoding="utf-8")
    (tmp_path / "flyte_wf.py").write_text(module(text), encoding="utf-8")
    logs = {side: tmp_path / side for side in ("metaflow", "flyte")}
    for log in logs.values():
        log.touch()
    metaflow = run_metaflow(
        tmp_path / "flow.py",
        parameters,
        flow_name="TheFlow",
        environment={"HOOK_LOG": str(logs["metaflow"])},
    )
    flyte = run_flyte(
        tmp_path / "flyte_wf.py",
        "the_flow",
        parameters,
        environment={"HOOK_LOG": str(logs["flyte"])},
    )
    assert compare(metaflow, flyte, {"n", "a", "b", "c"}) == []
    found = {side: log.read_text(encoding="utf-8").splitlines() for side, log in logs.items()}
    assert found == {"metaflow": expected, "flyte": expected}, metaflow.stdout
    assert flyte.warnings == []


# ---------------------------------------------------------------------- as a cluster runs it


def test_closing_node_in_a_container(tmp_path: Path) -> None:
    """Hooks that fail or leave their process do not fail the workflow."""
    text, parameters, expected = RUNS["success"]
    (tmp_path / "flyte_wf.py").write_text(module(text), encoding="utf-8")
    log = tmp_path / "log"
    run = run_workflow(
        tmp_path / "flyte_wf.py", "the_flow", parameters, environment={"HOOK_LOG": str(log)}
    )
    assert run.error is None and list(run.attempts.values()) == [1, 1, 1]
    assert run.outputs == {"x": canonical(1), "y": canonical(1)}
    assert log.read_text(encoding="utf-8").splitlines() == expected


def test_failure_handler_in_a_container(tmp_path: Path) -> None:
    """It gets what the workflow gets, here its defaults."""
    text, _, expected = RUNS["optional inputs"]
    found = registered(text, tmp_path)
    defaults = found.launch_plans["flyte_wf.the_flow"].spec.default_inputs.parameters
    log = tmp_path / "log"
    run = run_task(
        found.tasks["flyte_wf.the_flow_on_error"],
        {name: given.default for name, given in defaults.items()},
        folder=tmp_path,
        scratch=tmp_path / "scratch",
        environment={"HOOK_LOG": str(log)},
    )
    assert run.error is None, run.error
    assert log.read_text(encoding="utf-8").splitlines() == expected


# ---------------------------------------------------------------------- the module


def test_failure_handler_takes_the_inputs(tmp_path: Path) -> None:
    members = "a = Parameter('a', type=int, required=True)\nb = Parameter('b')"
    found = registered(source("on_error=[one]", members=members), tmp_path)
    workflow = found.workflows["flyte_wf.the_flow"].template
    failure = workflow.failure_node
    assert failure.task_node.reference_id.name == "flyte_wf.the_flow_on_error"
    bound = {given.var: given.binding.promise.var for given in failure.inputs}
    assert (
        bound
        == {"a": "a", "b": "b"}
        == {name: name for name in workflow.interface.inputs.variables}
    )
    handler = found.tasks["flyte_wf.the_flow_on_error"].template.interface.inputs.variables
    assert {name: handler[name].type for name in handler} == {
        name: found.type for name, found in workflow.interface.inputs.variables.items()
    }
    assert len(workflow.nodes) == 2


def test_closing_node_comes_last(tmp_path: Path) -> None:
    found = registered(source("on_success=[one]"), tmp_path)
    template = found.workflows["flyte_wf.the_flow"].template
    assert not template.HasField("failure_node")
    nodes = {node.task_node.reference_id.name: node for node in template.nodes}
    closing = nodes["flyte_wf.the_flow_on_success"]
    assert list(closing.upstream_node_ids) == [nodes["flyte_wf.end"].id]
    assert not closing.inputs and closing.id not in {
        output.binding.promise.node_id for output in template.outputs
    }


def test_closing_node_after_a_group(tmp_path: Path) -> None:
    """A workflow of 98 steps is as large as Flyte takes one, without the node of the hooks."""
    for decorators in ((), ("on_success=[one]",)):
        steps = ["self.x = 1"] + ["self.x += 1"] * 96 + ["print(self.x)"]
        text = flow_source(*steps, head=HEAD, imports=IMPORTS)
        lines = "".join(f"@exit_hook({arguments})\n" for arguments in decorators)
        text = text.replace("class TheFlow", f"{lines}class TheFlow")
        found = registered(text, tmp_path)
        sizes = [len(flow.template.nodes) for flow in found.workflows.values()]
        assert max(sizes) <= 98 and (len(sizes) > 1) is bool(decorators)


def test_functions_that_take_the_run() -> None:
    code = module(source("on_success=[three, two]"))
    assert "run_hooks(functools.partial(three, run=None), two)" in code
    head = "\ndef four(run=None): note('four')\ndef five(**more): note('five')\n"
    code = module(source("on_success=[four, five]", head=head))
    assert "run_hooks(four, five)" in code


def test_without_hooks_nothing_changes() -> None:
    assert "run_hooks" not in module(source())
    code = module(source("on_error=['missing']"))
    assert "run_hooks" not in code and "on_failure" not in code and "# MF643: this exit" in code


def test_lists_that_have_a_name() -> None:
    code = module(source("on_success=HOOKS + [two]", head="\nHOOKS = [one]\n"))
    assert "run_hooks(one, two)" in code


def test_the_file_as_a_module() -> None:
    assert "run_hooks(one)" in module(source("on_success=['flow.one']"))


def test_many_hooks_fit_into_lines() -> None:
    names = [f"a_hook_with_quite_a_long_name_{i}" for i in range(8)]
    head = "".join(f"\ndef {name}(): pass" for name in names)
    code = module(source(f"on_success=[{', '.join(names)}]", head=head))
    assert max(map(len, code.splitlines())) <= 88


def test_names_that_are_taken() -> None:
    head = "\ndef the_flow_on_success(): note('mine')\ndef run_hooks(): note('too')\n"
    code = module(source("on_success=[the_flow_on_success, run_hooks]", head=head))
    assert "def the_flow_on_success_() -> None:" in code
    assert "run_hooks_(the_flow_on_success, run_hooks)" in code


def test_image(tmp_path: Path) -> None:
    options = "options={'image': 'registry/hooks:1'}"
    found = registered(
        source(f"on_success=[one], {options}", f"on_error=[one], {options}"), tmp_path
    )
    images = {name: task.template.container.image for name, task in found.tasks.items()}
    assert images["flyte_wf.the_flow_on_success"] == "registry/hooks:1"
    assert images["flyte_wf.the_flow_on_error"] == "registry/hooks:1"
    assert images["flyte_wf.start"] == "img:1"


def test_image_of_the_start(tmp_path: Path) -> None:
    step = "    @step\n    def start"
    text = source("on_success=[one]").replace(step, f"    @kubernetes(image='r/start:1')\n{step}")
    found = registered(text.replace("import FlowSpec", "import FlowSpec, kubernetes"), tmp_path)
    images = {name: task.template.container.image for name, task in found.tasks.items()}
    assert images["flyte_wf.the_flow_on_success"] == "r/start:1"
    assert images["flyte_wf.end"] == "img:1"


def test_hooks_are_never_cached() -> None:
    result = translate(source("on_success=[one]", "on_error=[one]"), "flow.py", Options(cache=True))
    assert result.code is not None
    assert result.code.count("@task(cache=") == 2  # the steps


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", ["MF121"]),
        ("on_success=[]", ["MF121"]),
        ("on_success=None", ["MF121"]),
        ("on_success=[], on_error=()", ["MF121"]),
        ("on_success=one", ["MF121"]),
        ("on_success='one'", ["MF121"]),
        ("on_success=[3]", ["MF121"]),
        ("on_success=[None]", ["MF121"]),
        ("on_success=[one], on_error=0", ["MF121"]),
        ("on_success=[one], options=3", ["MF121"]),
        ("on_success=[one], options={'image': 3}", ["MF121"]),
        ("on_success=[one], options={'image': None}", []),
        ("on_success=[one], options={}", []),
        ("on_success=[one], options={'cpu': 3}", ["MF644"]),
        ("on_success=unknown()", ["MF301"]),
        ("on_success=[unknown()]", ["MF301"]),
        ("on_success=[one], options=unknown()", ["MF301"]),
        ("[one]", ["MF120", "MF121"]),
        ("on_failure=[one]", ["MF120", "MF121"]),
    ],
)
def test_arguments(arguments: str, expected: list[str]) -> None:
    assert codes(source(arguments, head="\ndef unknown(): pass")) == expected


@pytest.mark.parametrize(
    ("function", "hook", "expected"),
    [
        ("def h(run): note(run.id)", "h", ["MF642"]),
        ("def h(run=None): note(run)", "h", ["MF642"]),
        ("def h(**given): note(given)", "h", ["MF642"]),
        ("def h(*given): note(given)", "h", []),
        ("def h(run):\n    def inner(): note(run)", "h", ["MF642"]),
        ("def h(text): note(text)", "h", ["MF643"]),
        ("def h(run, text): note(text)", "h", ["MF643"]),
        ("def h(run, /): note('h')", "h", ["MF643"]),
        ("def h(*, run): note('h')", "h", ["MF643"]),
        ("def h(*, text): note(text)", "h", ["MF643"]),
        ("def h(*, text='h'): note(text)", "h", []),
        ("import functools\n@functools.cache\ndef h(): pass", "h", ["MF642"]),
        ("class h: pass", "h", ["MF642"]),
        ("from os import getcwd", "getcwd", ["MF642"]),
        ("import shutil", "shutil.which", ["MF642"]),
        ("import shutil", "'shutil.which'", ["MF642"]),
        ("h = 1", "'TheFlow.start'", ["MF643"]),
        ("h = 1", "'h2'", ["MF643"]),
        ("h = 1", "'h'", ["MF642"]),
        ("from shutil import *", "'which'", ["MF642"]),
        ("h = 1", "lambda: note('h')", ["MF643"]),
    ],
)
def test_functions(function: str, hook: str, expected: list[str]) -> None:
    text = source(f"on_success=[one, {hook}]", head=f"\n{function}\n")
    assert codes(text) == expected
    if "MF642" not in expected:
        assert f"run_hooks(one{'' if expected else ', h'})" in module(text)


def test_position_is_that_of_the_hook() -> None:
    (found,) = messages(source("on_success=[one, 'missing']"))
    line = found.position.line
    assert source("on_success=[one, 'missing']").splitlines()[line - 1].startswith("@exit_hook(")
    assert found.position.column == len("@exit_hook(on_success=[one, ") + 1


def test_current_is_not_there() -> None:
    head = "\ndef place(): return current.project_name\ndef h(): note(place())\n"
    text = source("on_error=[h]", head=head).replace("import FlowSpec", "import FlowSpec, current")
    text = text.replace("@exit_hook", "@project(name='x')\n@exit_hook")
    text = text.replace("import FlowSpec", "import FlowSpec, project")
    (found,) = messages(text)
    assert found.code == "MF642" and "is not there in the exit hook h" in found.message


def test_other_images() -> None:
    """All hooks of one event are one task."""
    text = source(
        "on_success=[one], options={'image': 'a:1'}", "on_success=[two], options={'image': 'b:1'}"
    )
    (found,) = messages(text)
    assert found.code == "MF644" and "here b:1, not a:1" in found.message
    assert "container_image='b:1'" in module(text).replace('"', "'")
