"""@catch: where it stands, what it is given, and what a step has left when its error is caught."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from codegen import translate
from tests.unit.sources import codes, flow_source, module

IMPORTS = "from metaflow import FlowSpec, Parameter, catch, current, retry, step"


def source(decorator: str, body: str = "self.x = 1", after: str = "pass", members: str = "") -> str:
    """A flow whose first step has the decorator."""
    text = flow_source(body, after, members=members, imports=IMPORTS)
    return text.replace("    @step\n    def start", f"    {decorator}\n    @step\n    def start")


def task(code: str, name: str = "start") -> str:
    """The text of a task, with its decorators."""
    lines = code.splitlines()
    last = lines.index(next(line for line in lines if line.startswith(f"def {name}(")))
    first = last
    while lines[first - 1]:
        first -= 1
    while last + 1 < len(lines) and (not lines[last + 1] or lines[last + 1].startswith((" ", ")"))):
        last += 1
    return "\n".join(lines[first : last + 1]).strip()


ARGUMENTS = {
    "@catch": [],
    "@catch()": [],
    "@catch(var=None)": [],
    "@catch(var='')": [],
    "@catch(var='failed')": [],
    "@catch(var='fai' + 'led')": [],
    "@catch(print_exception=False)": [],
    "@catch(print_exception='no')": [],
    "@catch(var=name())": ["MF301"],
    "@catch(print_exception=name())": ["MF301"],
    "@catch(var='not a name')": ["MF121"],
    "@catch(var='class')": ["MF121"],
    "@catch(var=3)": ["MF121"],
    "@catch(var='__private')": ["MF121"],
    "@catch(var='limit')": ["MF121"],  # a Parameter
    "@catch(var='HEIGHT')": ["MF121"],  # a constant
    "@catch(var='end')": ["MF121"],
    "@catch(var='input')": ["MF121"],
    "@catch(var='name')": ["MF121"],
    "@catch(variable='x')": ["MF120"],
    "@catch('x')": ["MF120"],
    "@catch(var='x')\n    @catch(var='y')": ["MF120"],
}


@pytest.mark.parametrize("decorator", ARGUMENTS)
def test_arguments(decorator: str) -> None:
    members = "limit = Parameter('limit', default=1)\nHEIGHT = 2"
    found = codes(source(decorator, "self.x = self.HEIGHT", members=members))
    assert found == ARGUMENTS[decorator]


def test_position() -> None:
    text = source("@catch(print_exception=True, var='end')")
    (found,) = translate(text, "flow.py").diagnostics
    line = text.splitlines()[found.position.line - 1]
    assert line[found.position.column - 1 :].startswith("'end'")


PLACES = {
    "self.next(self.end)": [],
    "self.next(self.a, self.b)": [],
    "self.next(self.a, foreach='items')": ["MF120"],
    "self.next(self.a, num_parallel=2)": ["MF116", "MF120"],
    "self.next({'a': self.a, 'b': self.b}, condition='way')": ["MF120"],
}


@pytest.mark.parametrize("transition", PLACES)
def test_places_that_metaflow_refuses(transition: str) -> None:
    joined = "(self, inputs)" if "way" not in transition and "end" not in transition else "(self)"
    steps = {"a": "(self)", "b": "(self)", "join": joined, "end": "(self)"}
    if "self.b" not in transition:
        del steps["b"]
    if transition == "self.next(self.end)":
        steps = {"end": "(self)"}
    lines = [IMPORTS, "", "class TheFlow(FlowSpec):", "    @catch(var='failed')", "    @step"]
    lines += ["    def start(self):", "        self.items = [1]", "        self.way = 'a'"]
    lines.append(f"        {transition}")
    for name, arguments in steps.items():
        after = {"a": "join", "b": "join", "join": "end"}.get(name)
        lines += ["    @step", f"    def {name}{arguments}:"]
        lines.append(f"        self.next(self.{after})" if after else "        pass")
    assert codes("\n".join(lines) + "\n") == PLACES[transition]


def test_what_is_set_in_front_of_everything_is_still_unsure() -> None:
    """The first statement may be the one that fails."""
    code = task(module(source("@catch(var='failed')", "self.x = 1", "print(self.x)")))
    assert 'x=locals().get("x", Unset)' in code
    assert "failed=None" in code and "failed=failed" in code


def test_no_artifact_no_return() -> None:
    code = task(module(source("@catch", "print(1)")))
    assert code == (
        "# retries= has one more for @catch: it runs if the last attempt dies silently\n"
        "@task(retries=1)\n"
        "def start() -> None:\n"
        "    try:\n"
        "        check_attempt(times=0)\n"
        "        print(1)\n"
        "    except Exception as error:\n"
        "        caught(error, times=0)"
    )


def test_names_of_the_step() -> None:
    """Variables of the step keep their names."""
    code = task(module(source("@catch(var='failed')", "error = 1\ncaught = 2\nself.x = error")))
    assert "except Exception as error_:" in code
    assert re.search(r"failed = caught_+\(error_, times=0\)", code)


def test_the_variable_is_none_after_success() -> None:
    """Whatever the step has put there."""
    code = task(module(source("@catch(var='failed')", "self.failed = 3\nself.x = self.failed")))
    assert "x = failed" in code and "failed=None" in code and "failed=3" not in code


def test_changed_inputs_are_kept() -> None:
    text = flow_source(
        "self.rows = [1]", "self.rows.append(2)", "print(self.rows)", imports=IMPORTS
    )
    text = text.replace("    @step\n    def s1", "    @catch\n    @step\n    def s1")
    code = task(module(text), "s1")
    assert code.count("return S1Outputs(rows=rows)") == 2


def test_what_is_set_and_deleted_again() -> None:
    """The error may come between."""
    code = task(module(source("@catch", "self.x = 1\ndel self.x", "print(hasattr(self, 'x'))")))
    assert 'x=locals().get("x", Unset)' in code.split("except")[1]


def test_an_error_of_a_missing_artifact_is_that_of_metaflow() -> None:
    """It is an AttributeError there, which a later step may look at."""
    text = source("@catch(var='failed')", "self.x = 1 / 0", "pass")
    text = text.replace("    @step\n    def end", "    @catch(var='late')\n    @step\n    def end")
    text = text.replace("        pass", "        print(self.x)")
    assert "# keeps self: a handler asks whether x is set" in task(module(text), "end")


def test_a_return_without_a_transition() -> None:
    """The run fails in Metaflow's scheduler, where nothing is caught."""
    body = "if len('a') > 1:\n    return\nself.x = 1"
    assert codes(source("@catch", body)) == ["MF130", "MF131"]


def test_merges() -> None:
    lines = [IMPORTS, "", "class TheFlow(FlowSpec):"]
    for name, arguments, body in (
        ("start", "self", "self.next(self.a, self.b)"),
        ("a", "self", "self.x = 1; self.next(self.join)"),
        ("b", "self", "self.y = 1; self.next(self.join)"),
        ("join", "self, inputs", "self.merge_artifacts(inputs); self.next(self.end)"),
        ("end", "self", "pass"),
    ):
        lines += ["    @catch"] if name == "join" else []
        lines += ["    @step", f"    def {name}({arguments}):"]
        lines += [f"        {each}" for each in body.split("; ")]
    assert codes("\n".join(lines) + "\n") == ["MF210"]


@pytest.mark.parametrize("where", ["step", "helper", "function", "other"])
def test_retry_count(where: str) -> None:
    """The number of failed attempts, wherever it is asked for."""
    bodies = {
        "step": "self.x = current.retry_count",
        "helper": "self.x = self.count()",
        "function": "self.x = count()",
        "other": "self.x = metaflow.current.retry_count + 1",
    }
    head = "import metaflow\ndef count():\n    return current.retry_count"
    members = "def count(self):\n    return current.retry_count"
    code = module(flow_source(bodies[where], "pass", head=head, members=members, imports=IMPORTS))
    assert "current" not in code.replace("current.retry_count: how", "")
    assert "retry_count()" in task(code) or where in ("helper", "function")
    assert 'int(os.environ.get("FLYTE_ATTEMPT_NUMBER", LocalRun.failed_attempts))' in code


def test_a_variable_called_current() -> None:
    text = flow_source("current = 1\nself.x = current.retry_count", "pass", imports=IMPORTS)
    assert "x = current.retry_count" in task(module(text))


def test_attempts_are_known_in_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Metaflow, where current is the same for all threads of a task."""
    flow = flow_source(
        "with ThreadPoolExecutor() as pool:\n"
        "    self.seen = list(pool.map(lambda _: current.retry_count, range(2)))\n"
        "if self.seen[0] == 0: raise ValueError",
        "print(self.seen)",
        head="from concurrent.futures import ThreadPoolExecutor",
        imports=IMPORTS,
    )
    flow = flow.replace("    @step\n    def start", "    @retry(times=1)\n    @step\n    def start")
    (tmp_path / "threads_wf.py").write_text(module(flow), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    start: Any = importlib.import_module("threads_wf").start
    assert start().seen.value == [1, 1]
