"""Metaflow's library: every name is classified, found wherever it is used, and replaced there."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codegen import Options, translate
from codegen.diagnostics import Diagnostic
from codegen.library import (
    CARD_NAMES,
    CLIENT,
    CURRENT,
    CURRENT_DECORATED,
    CURRENT_REFUSED,
    EXCEPTIONS,
    LIBRARY,
    PUBLIC,
    Fate,
    advice,
    known_part,
)
from codegen.parse.table import STEP_DECORATORS
from codegen.parse.uses import body_uses, only_metaflow, outermost, uses
from codegen.symbols import Symbols
from tests.cases import GOLDEN
from tests.unit.sources import codes, flow_source

IMPORTS = "from metaflow import FlowSpec, Parameter, current, step\nimport metaflow as mf"

_ASK = """
import inspect, json, metaflow, metaflow.cards, metaflow.exception
from metaflow.metaflow_current import Current

def public(names):
    return sorted(name for name in names if not name.startswith("_"))

print(json.dumps({
    "metaflow": public(dir(metaflow)),
    "cards": public(dir(metaflow.cards)),
    "exception": public(dir(metaflow.exception)),
    "current": public(name for name, value in vars(Current).items() if isinstance(value, property)),
}))
"""


@pytest.fixture(scope="module")
def names() -> dict[str, list[str]]:
    """The public names of the installed Metaflow."""
    done = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def source(body: str, head: str = "", members: str = "") -> str:
    return flow_source(body, "pass", head=head, members=members, imports=IMPORTS)


def messages(text: str) -> tuple[Diagnostic, ...]:
    return translate(text).diagnostics


def translated(text: str) -> str:
    result = translate(text)
    assert result.code is not None, result.diagnostics
    return result.code


def task(text: str) -> str:
    """The body of the first task of a module."""
    (found,) = (n for n in ast.parse(text).body if getattr(n, "name", "") == "start")
    assert isinstance(found, ast.FunctionDef)
    return ast.unparse(found.body)  # type: ignore[arg-type]


# ---------------------------------------------------------------------- all names


def test_every_name_is_classified(names: dict[str, list[str]]) -> None:
    """A new release of Metaflow that adds a name fails here."""
    assert set(names["metaflow"]) - set(PUBLIC) == set()
    assert set(PUBLIC) - set(names["metaflow"]) == set()


def test_names_of_cards_and_exceptions(names: dict[str, list[str]]) -> None:
    assert set(CARD_NAMES) == set(names["cards"])
    assert set(EXCEPTIONS) == set(names["exception"])


def test_attributes_of_current(names: dict[str, list[str]]) -> None:
    """What the class has, and what Metaflow's own code adds to it by _update_env."""
    ours = {name for name in CURRENT if "." not in name} | CURRENT_REFUSED
    assert set(names["current"]) <= ours
    import importlib.util

    spec = importlib.util.find_spec("metaflow")
    assert spec is not None and spec.origin is not None
    added: set[str] = set()
    for path in Path(spec.origin).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "current._update_env" in text else ():
            match node:
                case ast.Call(func=ast.Attribute(attr="_update_env"), args=[ast.Dict(keys=keys)]):
                    added |= {str(key.value) for key in keys if isinstance(key, ast.Constant)}
    assert {"card", "trigger", "is_parallel", "project_name"} <= added
    assert added <= ours | CURRENT_DECORATED


def test_what_is_translated_has_a_counterpart() -> None:
    for name, fate in PUBLIC.items():
        parts = {known for known in LIBRARY if f"{known}.".startswith(f"metaflow.{name}.")}
        if fate is Fate.TRANSLATED:
            assert parts, name
        elif fate is not Fate.FLOW and name not in ("os", "sys"):
            beside = {"exception", "multicore_utils", "plugins"}
            assert not parts or name in beside, (name, parts)
    for counterpart in LIBRARY.values():
        assert counterpart.helper in {*Symbols.HELPERS, *Symbols.LIBRARY}


@pytest.mark.parametrize("name", [n for n, f in PUBLIC.items() if f in (Fate.KEPT, Fate.REFUSED)])
def test_what_is_refused(name: str) -> None:
    if name in ("os", "sys"):
        assert codes(source(f"self.x = mf.{name}.sep is None")) == []
        return
    found = [m for m in messages(source(f"self.x = mf.{name}")) if m.code == "MF503"]
    assert found and f"metaflow.{name}" in found[0].message and found[0].step == "start"


def test_step_decorators_are_part_of_the_flow() -> None:
    known = {name for name in STEP_DECORATORS if name in PUBLIC}
    assert known and all(PUBLIC[name] is Fate.FLOW for name in known)


def test_advice_is_exact() -> None:
    for name in (
        *CLIENT,
        "Runner",
        "Deployer",
        "plugins.datatools.Local",
        "integrations.ArgoEvent",
    ):
        assert "keep this flow on Metaflow" not in advice(f"metaflow.{name}"), name
    assert "FlyteRemote" in advice("metaflow.Flow") and "FlyteRemote" in advice("metaflow.Run.x")
    assert "launch plan" in advice("metaflow.Runner")


def test_the_documentation_lists_every_name() -> None:
    text = (GOLDEN.parent / "docs" / "library.md").read_text(encoding="utf-8")
    modules = {"os", "sys", "EXT_PKG"}
    for name, fate in PUBLIC.items():
        if fate in (Fate.TRANSLATED, Fate.KEPT) or (fate is Fate.REFUSED and name[0].isupper()):
            assert f"`{name}" in text or f".{name}`" in text or name in modules, name
    for name in CURRENT | CURRENT_REFUSED | CURRENT_DECORATED:
        assert f"`{name}`" in text, name


def test_the_longest_known_part() -> None:
    assert known_part("metaflow.current.run_id.upper") == "metaflow.current.run_id"
    assert known_part("metaflow.current.run.id") == "metaflow.current.run.id"
    assert known_part("metaflow.current.run.tags") == "metaflow.current"
    assert known_part("metaflow.cards.Table.from_dataframe") == "metaflow.cards.Table"
    assert known_part("metaflow.Flow") is None and known_part("metaflow") is None


# ---------------------------------------------------------------------- scopes

NAMES = {"current": "metaflow.current", "mf": "metaflow", "S3": "metaflow.S3"}

SCOPES = {
    "current.x": ["metaflow.current.x@0"],
    "mf.current.x.y": ["metaflow.current.x.y@0"],
    "f = lambda: current.x": ["metaflow.current.x@1"],
    "f = lambda current: current.x": [],
    "f = lambda x=current.y: x": ["metaflow.current.y@0"],
    "[current for current in []]": [],
    "[x for x in [current.y]]": ["metaflow.current.y@0"],
    "def f(current): return current.x": [],
    "def f(*current, **mf): return current, mf": [],
    "def f(x: S3 = current.y) -> S3: return 1": [
        "metaflow.S3@0:", "metaflow.current.y@0", "metaflow.S3@0:",
    ],
    "def f():\n    for current in []: pass\n    return current.x": [],
    "def f():\n    with a as current: pass\n    return mf.x": ["metaflow.x@1"],
    "def f():\n    global current\n    return current.x": ["metaflow.current.x@1"],
    "def f():\n    from metaflow import Run as current\n    return current.x": ["metaflow.Run.x@1"],
    "def f():\n    def g(): return current.x\n    current = 1": [],
    "def f():\n    import metaflow.cards as c\n    c.Table()": ["metaflow.cards.Table@1"],
    "def f():\n    [current := 1 for _ in x]\n    return current.x": [],
    "def f():\n    import os, metaflow\n    return metaflow.current": ["metaflow.current@1"],
    "class C:\n    current = 1\n    a = current.x": [],
    "class C:\n    current = 1\n    def f(self): return current.x": ["metaflow.current.x@1"],
    "class C(S3):\n    x: S3 = S3()": ["metaflow.S3@0", "metaflow.S3@0:", "metaflow.S3@0"],
    "def f():\n    match x:\n        case {**current}: current.x": [],
    "def f():\n    try: pass\n    except E as current: current.x": [],
    "@S3.x\ndef f(): pass": ["metaflow.S3.x@0"],
}  # fmt: skip


@pytest.mark.parametrize("text", SCOPES)
def test_uses(text: str) -> None:
    (node,) = ast.parse(text).body
    found = sorted(uses(node, outermost(NAMES)), key=lambda u: (u.node.lineno, u.node.col_offset))
    shown = [f"{use.dotted}@{use.depth}{':' if use.annotation else ''}" for use in found]
    assert sorted(shown) == sorted(SCOPES[text])


def test_uses_of_a_body() -> None:
    text = "@S3\ndef f(self, mf):\n    from metaflow import Flow\n    return Flow, current, mf.x"
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef)
    found = [(use.dotted, use.depth) for use in body_uses(node, NAMES)]
    assert sorted(found) == [("metaflow.Flow", 0), ("metaflow.current", 0)]


# ---------------------------------------------------------------------- replaced

BODIES = {
    "self.x = f'{current.step_name}'": "x = 'start'",
    "self.x = f'{current.step_name!r}'": "x = f\"{'start'!r}\"",
    'self.x = f"<{current.step_name:>9}>"': "x = f\"<{'start':>9}>\"",
    "self.x = rf'\\d{current.flow_name}'": "x = '\\\\dTheFlow'",
    "self.x = f'{{}} {current.flow_name}'": "x = f'{{}} TheFlow'",
    "self.x = 'a' f'{current.flow_name}' 'b'": "x = 'aTheFlowb'",
    "self.x = (current.flow_name).lower()": "x = 'TheFlow'.lower()",
    "self.x = dict(current=current.flow_name)": "x = dict(current='TheFlow')",
    "self.x = mf.metaflow_current.current.flow_name": "x = 'TheFlow'",
    "self.current = current.step_name\nprint(self.current)": "current_ = 'start'\nprint(current_)",
    "from metaflow import current as c\nself.x = c.step_name": "x = 'start'",
    "if True: import metaflow\nself.x = 1": "if True:\n    pass\nx = 1",
    "x: mf.Run = None\nself.x = x": "x: Any = None\nx_ = x",
}


@pytest.mark.parametrize("body", BODIES)
def test_in_steps(body: str) -> None:
    assert BODIES[body] in task(translated(source(body)))


@pytest.mark.parametrize("quote", ["'", '"', "'''", '"""'])
def test_quotes_in_f_strings(quote: str) -> None:
    """Until Python 3.12, the quotes of an f-string cannot stand in it."""
    code = translated(
        source(f"self.x = f{quote}{{current.step_name:>7}}{{current.tempdir}}{quote}")
    )
    line = next(line for line in code.splitlines() if "TEMPDIR" in line)
    ast.parse(line.strip(), feature_version=(3, 10))
    inner = '"' if quote[0] == "'" else "'"
    assert len(quote) == 3 or f"{inner}start{inner}" in line


CLASHES = {
    "if self.name:\n    from metaflow import current\nelse:\n    current = 1\nself.x = current": 1,
    "def f():\n    from metaflow import current\n    for current in []: pass\nf()": 1,
    "from metaflow import current\nfrom metaflow import current\nself.x = current.step_name": 0,
}


@pytest.mark.parametrize("body", CLASHES)
def test_imports_that_are_not_all_a_name_means(body: str) -> None:
    found = [m for m in messages(source(body)) if "set otherwise" in m.message]
    assert len(found) == CLASHES[body]


def test_annotations_do_without_metaflow() -> None:
    head = "def f(run: mf.Run, flow: 'mf.Flow' = None) -> list[mf.Task]:\n    return [run]"
    code = translated(source("self.x = f(1)", head=head))
    assert "def f(run: Any, flow: 'mf.Flow' = None) -> list[Any]:" in code.replace('"', "'")


def test_code_that_needs_the_prelude_at_once() -> None:
    head = "from metaflow.exception import MetaflowException\nclass Bad(MetaflowException): pass"
    code = translated(source("self.x = str(Bad('b'))", head=head))
    assert code.index("class MetaflowException") < code.index("class Bad")
    later = (
        "from metaflow.exception import MetaflowException\ndef f(): raise MetaflowException('x')"
    )
    code = translated(source("f()", head=later))
    assert code.index("def f") < code.index("class MetaflowException")


def test_names_are_reserved_only_where_they_are_used() -> None:
    """A step may be called profile; where the library is used, it gets another name."""
    three = flow_source("self.x = 1", "self.y = 2", "pass", imports=IMPORTS)
    three = three.replace("s1", "profile")
    assert "def profile(" in translated(three)
    assert "MF206" not in codes(three)


def test_star_import_gives_way_to_own_names() -> None:
    head = "from metaflow import *\nimport os\ndef profile(x): return x"
    code = translated(flow_source("self.x = profile(os.sep)", "pass", imports=head))
    assert "x = profile(os.sep)" in code and "import os" in code and "PROFILE" not in code


# ---------------------------------------------------------------------- S3

S3_HEAD = "from metaflow import S3"

S3_BODIES = {
    "with S3() as s3: self.x = s3.get('s3://b/k').text": [],
    "with S3('tmp', s3root='s3://b/k') as s3: pass": [],
    "with S3(run=self) as s3: pass": ["MF672"],
    "with S3(bucket='b', prefix='p') as s3: pass": ["MF672", "MF672"],
    "with S3('.', 'b') as s3: pass": ["MF672"],
    "with S3(**{}) as s3: pass": ["MF672"],
    "with S3(role='r') as s3: pass": ["MF672"],
    "with S3() as s3: s3.put('s3://b/k', 'x', content_type='y')": ["MF672"],
    "with S3() as s3: self.x = s3.get('s3://b/k').last_modified": ["MF672"],
    "with S3() as s3: s3.info_many([])": ["MF672"],
    "from metaflow.datatools import S3 as T\nT(run=1)": ["MF672"],
    "from metaflow.plugins.datatools.s3 import S3GetObject as T\nT()": ["MF503"],
    "from metaflow.plugins.datatools import Local as T\nT()": ["MF503"],
}


@pytest.mark.parametrize("body", S3_BODIES)
def test_what_s3_does(body: str) -> None:
    found = [c for c in codes(source(body, head=S3_HEAD)) if c in ("MF503", "MF672")]
    assert found == S3_BODIES[body]


def test_s3_has_only_what_is_used() -> None:
    code = translated(source("with S3() as s3: s3.put('s3://b/k', 'x')", head=S3_HEAD))
    assert "class S3(S3Writes)" in code and "S3Reads" not in code
    code = translated(source("with S3() as s3: s3.get_all()", head=S3_HEAD))
    assert "class S3(S3Trees)" in code and "class S3Reads" in code and "S3Writes" not in code


def test_files_of_the_run() -> None:
    options = Options(s3root="s3://lake/{x}/")
    for body in (
        "with S3(run=self, tmproot='t') as s3: self.x = s3.list_paths()",
        "from metaflow.datatools import S3 as T\ndef f(): return T(tmproot='t', run=self)\nf()",
    ):
        result = translate(source(body, head=S3_HEAD), "flow.py", options)
        assert result.code is not None, result.diagnostics
        assert 's3root=f"s3://lake/{{x}}/TheFlow/{run_id()}"' in result.code
        assert "self" not in result.code.partition("def start")[2]  # it only named the run


@pytest.mark.parametrize(
    ("s3root", "argument"),
    [
        ("s3://b", "run=self, prefix='p'"), ("s3://b", "run=self.x"),
        ("s3://b", "'.', 'b', 'p', self"), ("s3://", "run=self"), ("b/p", "run=self"),
        (None, "run=self"), ("s3://b", "run=self, s3root='s3://x/y'"),
    ],
)  # fmt: skip
def test_places_that_are_not_known(s3root: str | None, argument: str) -> None:
    text = source(f"self.x = 1\nwith S3({argument}) as s3: pass", head=S3_HEAD)
    result = translate(text, "flow.py", Options(s3root=s3root))
    assert {each.code for each in result.diagnostics} >= {"MF672"}


def test_another_self_is_no_run() -> None:
    body = "class Store:\n    def put(self): S3(run=self)\nself.x = Store"
    result = translate(source(body, head=S3_HEAD), "flow.py", Options(s3root="s3://b"))
    assert "MF672" in {each.code for each in result.diagnostics}


def test_names_that_are_only_metaflows() -> None:
    text = (
        "def f(self, x):\n    from metaflow.cards import Table\n    x.append(Table(current))\n"
        "    return lambda S3: S3"
    )
    assert only_metaflow(ast.parse(text).body[0], NAMES) == {"Table", "current"}


# ---------------------------------------------------------------------- --keep-metaflow

KEEP = Options(keep_metaflow=True)
READS = "def read(name):\n    return mf.Run(name)"


def kept(text: str, **more: Any) -> str:
    result = translate(text, "flow.py", Options(keep_metaflow=True, **more))
    assert result.code is not None, result.diagnostics
    return result.code


def images(code: str) -> dict[str, str]:
    """Task → the image that it asks for."""
    found = re.findall(r"^@task\((.*?)\)\n(?:@.*\n)*def (\w+)", code, re.MULTILINE)
    named = {
        ast.unparse(node.targets[0]): ast.unparse(node.value).replace("'", '"')
        for node in ast.parse(code).body
        if isinstance(node, ast.Assign)
    }
    names = {task: re.findall(r"container_image=(\w+)", options) for options, task in found}
    return {task: named[name[0]] for task, name in names.items() if name}


def test_kept_in_a_step() -> None:
    code = kept(source("self.x = mf.Flow('F').latest_run.id"))
    assert "    import metaflow as mf\n\n    x = mf.Flow" in code
    assert images(code) == {"start": 'ImageSpec(name="the-flow", packages=["metaflow"])'}


def test_kept_in_a_function() -> None:
    code = kept(source("self.x = read('F/1')", head=READS))
    assert "def read(name):\n    import metaflow as mf\n" in code
    assert set(images(code)) == {"start", "end"} and "\nIMAGE = " in code


def test_kept_on_top_of_other_images() -> None:
    body = "from metaflow import Task\nself.x = Task('F/1/s/2')"
    image = images(kept(source(body), image="team/base:1"))["start"]
    assert 'base_image="team/base:1"' in image and '["metaflow"]' in image
    text = source(body).replace("    @step\n    def start", "    @PYPI\n    @step\n    def start")
    text = text.replace("@PYPI", "@mf.pypi(packages={'requests': '2.0'})")
    image = images(kept(text))["start"]
    assert '["requests==2.0", "metaflow"]' in image


KEPT = {
    "self.x = mf.Flow('F')": ["MF674"],
    "self.x = mf.get_metadata()": ["MF674"],
    "self.x = mf.Runner('f.py')": ["MF503"],
    "self.x = mf.current.run": ["MF503"],
    "self.x = mf.metaflow_config.USER": ["MF503"],
    "self.x = 1": [],
}


@pytest.mark.parametrize("body", KEPT)
def test_what_is_kept(body: str) -> None:
    found = [m.code for m in translate(source(body), "flow.py", KEEP).diagnostics]
    assert [code for code in found if code != "MF620"] == KEPT[body]


@pytest.mark.parametrize("head", ["mf.namespace(None)", "F = lambda: mf.Flow('F')", "X = mf.Run"])
def test_nothing_is_kept_outside_of_functions(head: str) -> None:
    """There it would be imported in all tasks, whatever their image."""
    found = [m.code for m in translate(source("pass", head=head), "flow.py", KEEP).diagnostics]
    assert "MF503" in found
