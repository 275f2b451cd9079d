"""@project: names that the translation knows, and Metaflow's rules for them."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from codegen import Options, translate
from codegen.diagnostics import Diagnostic
from tests.support.canonical import canonical
from tests.support.flyte_side import run_flyte
from tests.support.metaflow_side import run_metaflow
from tests.support.processes import clean_environment, run_command
from tests.unit.sources import codes, flow_source, module

IMPORTS = "from metaflow import FlowSpec, Parameter, current, project, step"
ALL = """\
self.found = [
    current.project_name,
    current.branch_name,
    current.is_production,
    current.is_user_branch,
    current.project_flow_name,
]
"""
HEAD = "NAME = 'shop'\ndef unknown(): pass\n"


def source(arguments: str = "(name='shop')", body: str = ALL, head: str = "", **more: str) -> str:
    text = flow_source(body, "pass", head=HEAD + head, imports=IMPORTS, **more)
    return text.replace("class TheFlow", f"@project{arguments}\nclass TheFlow")


def translated(text: str, **options: Any) -> str:
    result = translate(text, "flow.py", Options(**options))
    assert result.code is not None, result.diagnostics
    return result.code


def messages(text: str, **options: Any) -> list[Diagnostic]:
    return list(translate(text, "flow.py", Options(**options)).diagnostics)


def class_body(code: str) -> list[str]:
    """The lines of the class with the names, without its docstring and comments."""
    lines = code.split("class Project:\n")[1].split("\n\n\n")[0].splitlines()
    return [line.strip() for line in lines[1:] if line.strip() and "#" not in line]


# ---------------------------------------------------------------------- the same as Metaflow

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "user": ("(name='shop')", {}),
    "empty branch": ("(name='shop', branch='')", {}),
    "no branch": ("(name='shop', branch=None, production=None)", {}),
    "test": ("(name='shop', branch='new_prices')", {}),
    "prod": ("(name='shop', production=True)", {}),
    "prod branch": ("(name='shop', branch='b', production=1)", {}),
    "branch as option": ("(name='shop')", {"branch": "fix_42"}),
    "production as option": ("(name='shop')", {"production": True}),
    "both as options": ("(name='shop')", {"branch": "x", "production": True}),
    "production as both": ("(name='shop', production=True)", {"production": True}),
    "branch as both": ("(name='shop', branch='x')", {"branch": "x"}),
    "a default as option": ("(name='shop', production=True)", {"production": False}),
}


#: Two of them are always run, the others with -m slow.
ALWAYS = ("user", "both as options")


@pytest.mark.parametrize(
    "case",
    [pytest.param(name, marks=() if name in ALWAYS else (pytest.mark.slow,)) for name in CASES],
)
def test_same_names(case: str, tmp_path: Path) -> None:
    arguments, options = CASES[case]
    (tmp_path / "flow.py").write_text(source(arguments), encoding="utf-8")
    given = {f"METAFLOW_{name.upper()}": str(value) for name, value in options.items() if value}
    expected = run_metaflow(tmp_path / "flow.py", {}, flow_name="TheFlow", environment=given)
    (tmp_path / "flyte_wf.py").write_text(translated(source(arguments), **options))
    user = {"METAFLOW_USER": "tester"}  # as the other side has it
    found = run_flyte(tmp_path / "flyte_wf.py", "the_flow", {}, environment=user)
    assert expected.failed_step is None and found.error is None, (expected.stdout, found.error)
    assert found.outputs["found"] == expected.steps["end"][0]["found"]


@pytest.mark.parametrize(
    ("variables", "user"),
    [
        ({"USER": "root", "USERNAME": "eva"}, "eva"),
        ({"SUDO_USER": "ada", "USER": "root"}, "ada"),
        ({"METAFLOW_USER": "bob", "SUDO_USER": "ada"}, "bob"),
        ({"METAFLOW_OWNER": "root", "METAFLOW_USER": "bob"}, "root"),
        ({"METAFLOW_OWNER": "", "USER": "eva"}, ""),
        ({"USER": "root"}, "None"),
    ],
)
def test_user(variables: dict[str, str], user: str, tmp_path: Path) -> None:
    """The rule of metaflow/util.py, get_username, in the order of its variables."""
    variables = {**dict.fromkeys(("SUDO_USER", "USERNAME", "USER"), ""), **variables}
    (tmp_path / "flyte_wf.py").write_text(translated(source()), encoding="utf-8")
    found = run_flyte(tmp_path / "flyte_wf.py", "the_flow", {}, environment=variables)
    branch = f"user.{user}"
    names_found = ["shop", branch, False, True, f"shop.{branch}.TheFlow"]
    assert found.outputs["found"] == canonical(names_found)
    script = (
        "from metaflow.plugins.project_decorator import format_name\n"
        "from metaflow.util import get_username\n"
        "print(format_name('TheFlow', 'shop', False, None, get_username())[0])"
    )
    environment = {**clean_environment(), **variables}
    command = [sys.executable, "-c", script]
    done = run_command(command, cwd=tmp_path, environment=environment, timeout=60)
    assert done == (0, f"shop.{branch}.TheFlow\n")


# ---------------------------------------------------------------------- the module


def test_names_are_in_one_place() -> None:
    code = translated(source("(name=NAME, branch='b')"), production=True)
    assert class_body(code) == [
        'name = "shop"',
        'branch = "prod.b"',
        "is_production = True",
        "is_user_branch = False",
        'flow_name = f"{name}.{branch}.TheFlow"',
    ]
    assert '"""What current says of @project with --production."""' in code
    assert "Project.name,\n        Project.branch,\n        Project.is_production," in code


def test_unused_names_leave_nothing() -> None:
    code = translated(source(body="self.x = 1"))
    assert "Project" not in code and codes(source(body="self.x = 1")) == []


def test_user_branch_is_a_warning_where_it_is_used() -> None:
    (found,) = messages(source())
    assert (found.code, found.position.line) == ("MF640", 6)
    assert "--branch NAME or --production" in found.advice
    assert "# MF640: the branch is that of whoever" in translated(source())
    assert codes(source(body="self.x = current.is_user_branch")) == []
    assert codes(source(body="self.x = current.project_flow_name")) == ["MF640"]


@pytest.mark.parametrize(
    ("arguments", "options", "expected"),
    [
        ("(name='shop')", {}, "--project shop --domain development"),
        ("(name='my_shop_')", {"branch": "x"}, "--project my-shop --domain development"),
        ("(name='shop')", {"production": True}, "--project shop --domain production"),
        ("(name='shop', branch='b', production=True)", {}, "--project shop --domain production"),
        (f"(name='{'ab_' * 40}')", {}, f"--project {'ab-' * 21}".rstrip("-") + " --domain"),
        ("(name='_')", {}, "pyflyte register --domain development flyte_wf.py"),
    ],
)
def test_register_command(arguments: str, options: dict[str, Any], expected: str) -> None:
    code = translated(source(arguments, body="self.x = 1"), **options)
    (line,) = (line for line in code.splitlines() if "pyflyte register" in line)
    assert expected in line


def test_names_everywhere() -> None:
    """In functions, methods, nested functions, and under another name of current."""
    code = translated(
        source(
            "(name='shop', production=True)",
            body="def inner():\n    return mf.current.branch_name\nself.a = inner(), self.b(), c()",
            head="def c():\n    return f'{mf.current.project_name}'\nimport metaflow as mf",
            members="def b(self):\n    return current.is_production",
        )
    )
    for text in ("return Project.branch", "return Project.is_production", "{Project.name}"):
        assert text in code


def test_a_class_of_the_same_name() -> None:
    code = translated(source(head="class Project: pass"))
    assert "class Project_:" in code and "Project_.name" in code


def test_cached_results_belong_to_a_branch() -> None:
    """A task that uses a name of the project has another cache version on another branch."""
    text = source(body="self.x = f()\nself.y = 1", head="def f():\n    return current.branch_name")
    text = text.replace("self.next(self.end)", "self.next(self.middle)").replace(
        "    @step\n    def end", "    @step\n    def middle(self):\n        self.next(self.end)\n"
        "\n    @step\n    def end",
    )  # fmt: skip
    first, second = (
        re.findall(r'Cache\(version="(\w+)"\)', translated(text, cache=True, branch=branch))
        for branch in ("a", "b")
    )
    assert len(first) == 3
    assert [one == other for one, other in zip(first, second, strict=True)] == [False, True, True]


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", ["MF121"]),
        ("()", ["MF121"]),
        ("(name='')", ["MF121"]),
        ("(name=None)", ["MF121"]),
        ("(name=5)", ["MF121"]),
        ("(name='My_Shop')", ["MF121"]),
        ("(name='a-b')", ["MF121"]),
        (f"(name='{'a' * 129}')", ["MF121"]),
        (f"(name='{'a' * 128}')", []),
        ("(name='a', branch='A')", ["MF121"]),
        ("(name='a', branch='user.eva')", ["MF121"]),
        ("(name='a', branch=3)", ["MF121"]),
        (f"(name='a', branch='{'a' * 129}')", ["MF121"]),
        ("(name=unknown())", ["MF301"]),
        ("(name='a', branch=unknown())", ["MF301"]),
        ("(name='a', production=unknown())", ["MF301"]),
        ("(name='a', production={1, 2})", ["MF301"]),
        ("('a')", ["MF120", "MF121"]),
        ("(name='a', flow='b')", ["MF120"]),
    ],
)
def test_refused(arguments: str, expected: list[str]) -> None:
    assert codes(source(arguments, body="self.x = 1")) == expected


@pytest.mark.parametrize(
    ("arguments", "options", "column"),
    [
        ("(name='a', branch='x')", {"branch": "y"}, 27),
        ("(name='a', branch=None)", {"branch": "y"}, 27),
        ("(name='a', production=False)", {"production": True}, 31),
        ("(name='a')", {"branch": "A.b"}, 2),
    ],
)
def test_options_that_are_refused(
    arguments: str, options: dict[str, Any], column: int, tmp_path: Path
) -> None:
    """Metaflow refuses the same."""
    text = source(arguments, body="self.x = 1")
    (found,) = messages(text, **options)
    assert (found.code, found.position.column) == ("MF121", column)
    (tmp_path / "flow.py").write_text(text, encoding="utf-8")
    given = {f"METAFLOW_{name.upper()}": str(value) for name, value in options.items()}
    run = run_metaflow(tmp_path / "flow.py", {}, flow_name="TheFlow", environment=given)
    assert run.error is not None and not run.steps


def test_options_without_project() -> None:
    text = flow_source("pass", "pass")
    assert [m.code for m in messages(text, branch="x", production=True)] == ["MF641", "MF641"]
    assert [m.code for m in messages(text, production=True)] == ["MF641"]
    assert messages(text, production=False) == []


@pytest.mark.parametrize(
    "name", ["project_name", "branch_name", "is_production", "is_user_branch", "project_flow_name"]
)
def test_names_without_project(name: str) -> None:
    text = flow_source(
        f"self.x = current.{name}", "f()", head=f"def f():\n    return current.{name}",
        imports=IMPORTS,
    )  # fmt: skip
    found = messages(text)
    assert [(m.code, m.position.line) for m in found] == [("MF503", 3), ("MF503", 9)]
    assert "has no @project" in found[0].message


@pytest.mark.parametrize(
    "head",
    [
        "NAME2 = current.project_name",
        "class C:\n    name = current.project_name",
        "def f(name=current.project_name): pass",
        "def f(*, name=current.project_name): pass",
        "if current.is_production:\n    pass",
    ],
)
def test_names_while_importing(head: str) -> None:
    (found,) = messages(source("(name='a', production=True)", body="self.x = 1", head=head))
    assert found.code == "MF503" and "when the module is imported" in found.message


@pytest.mark.parametrize(
    "members", ["NAME2 = current.project_name", "class _C:\n    name = current.project_name"]
)
def test_names_in_the_class(members: str) -> None:
    text = source("(name='a', production=True)", body="self.x = 1", members=members)
    assert "MF503" in [m.code for m in messages(text)]


def test_names_in_functions_of_the_head_are_there() -> None:
    text = source(
        "(name='a', branch='b')", body="self.x = f()", head="f = lambda: current.branch_name"
    )
    assert "f = lambda: Project.branch" in module(text)


# ---------------------------------------------------------------------- mutators

MUTATED = """\
from metaflow import FlowMutator, FlowSpec, current, project, step


class InProject(FlowMutator):
    def pre_mutate(self, mutable_flow):
        mutable_flow.add_decorator({added})


@InProject
class TheFlow(FlowSpec):
    @step
    def start(self):
        self.found = current.branch_name
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    TheFlow()
"""


@pytest.mark.slow
def test_project_of_a_mutator(tmp_path: Path) -> None:
    """Metaflow does not look at a branch that stands beside the name of the decorator."""
    branches = {
        '"project:name=shop,branch=b"': "test.b",
        'project, deco_kwargs={"name": "shop", "branch": "b"}': "test.b",
        '"project", deco_kwargs={"name": "shop", "branch": "b"}': "user.tester",
    }
    for added, branch in branches.items():
        (tmp_path / "flow.py").write_text(MUTATED.format(added=added), encoding="utf-8")
        run = run_metaflow(tmp_path / "flow.py", {}, flow_name="TheFlow")
        assert run.steps["end"][0]["found"] == canonical(branch)


def test_branch_of_a_mutator() -> None:
    *fine, beside = (
        MUTATED.format(added=added)
        for added in (
            '"project:name=shop,branch=b"',
            'project, deco_kwargs={"name": "shop", "branch": "b"}',
            '"project", deco_kwargs={"name": "shop", "branch": "b", "production": True}',
        )
    )
    for text in fine:
        assert 'branch = "test.b"' in translated(text)
    (found,) = messages(beside)
    assert found.code == "MF120" and "branch and production beside its name" in found.message


# ---------------------------------------------------------------------- several flows

TWO = """\
from metaflow import FlowSpec, current, project, step


def place():
    return current.branch_name


@project(name="shop", production=True)
class AFlow(FlowSpec):
    @step
    def start(self):
        self.x = place()
        self.next(self.end)

    @step
    def end(self):
        pass


@project(name="shop", production=True)
class BFlow(FlowSpec):
    @step(start=True)
    def read(self):
        self.y = place()
        self.next(self.last)

    @step(end=True)
    def last(self):
        pass
"""


def test_several_flows_of_a_project() -> None:
    code = translated(TWO)
    assert code.count("class Project:") == 1 and code.count("def place") == 1
    assert code.count("pyflyte register --project shop --domain production") == 1
    assert "flow_name" not in code


def test_flows_of_several_projects() -> None:
    """They cannot share what the module says of its project."""
    other = TWO.replace('"shop", production=True)\nclass B', '"bank")\nclass B')
    assert [m.code for m in messages(other) if m.code != "MF640"] == ["MF004"]
    assert 'name = "bank"' in translated(other, flow="BFlow")
    unused = other.replace("current.branch_name", "'x'").replace("current, ", "")
    code = translated(unused)
    assert "--project shop --domain production" in code and "--project bank" in code


def test_flow_names_differ() -> None:
    text = TWO.replace("return current.branch_name", "return current.project_flow_name")
    assert [m.code for m in messages(text)] == ["MF004"]
    assert 'BFlow"' in translated(text, flow="BFlow")
