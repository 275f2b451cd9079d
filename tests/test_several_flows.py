"""Several flows in one file: one module of all, or one that is chosen; and dropped decorators."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codegen import Options, translate
from codegen.cli import main

HEAD = "from metaflow import FlowSpec, Parameter, schedule, step\n\nLIMIT = 3\n"


def flow(
    name: str, first: str, *, base: str = "FlowSpec", body: str = "pass", end: str = ""
) -> str:
    last = f"    @step\n    def end(self):\n        {end or 'pass'}\n"
    return f"""

class {name}({base}):
    @step(start=True)
    def {first}(self):
        {body}
        self.next(self.end)

{last}"""


TWO = HEAD + flow("AFlow", "load", body="self.x = LIMIT") + flow("BFlow", "read", body="self.y = 1")


def run(folder: Path, source: str, *options: str) -> Result:
    path = folder / "flow.py"
    path.write_text(source, encoding="utf-8")
    return CliRunner().invoke(main, [str(path), *options])


def code(source: str, **options: str) -> str:
    result = translate(source, "flow.py", Options(**options))  # type: ignore[arg-type]
    assert result.code is not None, result.diagnostics
    return result.code


def defined(text: str) -> list[str]:
    return re.findall(r"^(?:def|class) (\w+)", text, re.MULTILINE)


def test_one_module_of_both() -> None:
    text = code(TWO)
    assert text.startswith('"""AFlow and BFlow as Flyte workflows.\n')
    assert "pyflyte run flyte_wf.py a_flow\n    pyflyte run flyte_wf.py b_flow\n" in text
    assert [name for name in defined(text) if name.islower()] == [
        "load", "end", "read", "a_flow", "b_flow",
    ]  # fmt: skip
    assert text.count("LIMIT = 3") == 1


def test_a_schedule_of_one_of_them() -> None:
    text = code(TWO.replace("class BFlow", "@schedule(daily=True)\nclass BFlow"))
    assert "b_flow_schedule = LaunchPlan.get_or_create(" in text
    assert "a_flow_schedule" not in text


def test_conflicts() -> None:
    source = HEAD + flow("AFlow", "load", end="print(1)") + flow("BFlow", "read", end="print(2)")
    result = translate(source, "flow.py")
    (found,) = result.diagnostics
    assert found.code == "MF004"
    assert "AFlow (line 6), BFlow (line 17); each has its own end" in found.message
    assert "--flow AFlow" in found.advice


def test_a_base_is_no_flow_of_its_own() -> None:
    source = HEAD + flow("Base", "load") + flow("AFlow", "read", base="Base")
    source = source.replace("(start=True)", "", 1)
    chosen = code(source + "\n    load = None\n")
    assert "def a_flow(" in chosen and "def base(" not in chosen
    assert "def base(" in code(
        source.replace("@step\n    def load", "@step(start=True)\n    def load"), flow="Base"
    )


@pytest.mark.parametrize("name", ["AFlow", "BFlow"])
def test_choose_one(name: str, tmp_path: Path) -> None:
    done = run(tmp_path, TWO, "--flow", name)
    assert done.exit_code == 0
    assert done.stdout.startswith(f'"""{name} as a Flyte workflow.')
    assert len(re.findall("^@workflow", done.stdout, re.MULTILINE)) == 1


def test_choose_an_unknown_one(tmp_path: Path) -> None:
    done = run(tmp_path, TWO, "--flow", "CFlow")
    assert done.exit_code == 1
    assert "MF004: the file defines no flow CFlow, but AFlow (line 6), BFlow (line" in done.stderr


def test_a_flow_that_uses_another() -> None:
    source = TWO.replace("LIMIT = 3", "LIMIT = 3\n\ndef other(): return BFlow")
    assert {found.code for found in translate(source, "flow.py").diagnostics} == {"MF506"}


DECORATED = """\
import tools
from metaflow import FlowSpec, pytorch_parallel, project, step


@project(name="x")
class TheFlow(FlowSpec):
    @pytorch_parallel(master_port=1)
    @tools.traced(deep=True)
    @step
    @pytorch_parallel
    def start(self):
        pass
"""


def test_dropped_decorators(tmp_path: Path) -> None:
    names = ("@pytorch_parallel", "traced", "project", "step")
    drop = [f"--drop-decorator={name}" for name in names]
    done = run(tmp_path, DECORATED, *drop)
    assert done.exit_code == 0
    assert re.findall(r"warning MF509: (@\S+) is", done.stderr) == [
        "@project", "@pytorch_parallel", "@tools.traced", "@pytorch_parallel",
    ]  # fmt: skip
    assert run(tmp_path, DECORATED, "--strict", *drop).exit_code == 1
    whole = run(tmp_path, DECORATED, *drop[::2], "--drop-decorator=tools.traced")
    assert whole.exit_code == 0
    assert "MF508" in run(tmp_path, DECORATED, *drop[1:]).stderr
