"""Names on the Flyte side: the flow's own where that is possible, free of collisions, stable."""

import ast
import builtins
from pathlib import Path

import pytest

from codegen.lower.names import (
    camel_case,
    field_names,
    free,
    global_names,
    local_names,
    snake_case,
)
from codegen.symbols import Symbols
from tests.support.cheap_metaflow import run_cheap
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.unit.sources import flow_source, module


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TrainFlow", "train_flow"), ("MLTrain", "ml_train"), ("HTTPToS3Flow", "http_to_s3_flow"),
        ("flow", "flow"), ("Flow2Go", "flow2_go"), ("X", "x"), ("Train_Flow", "train_flow"),
    ],
)  # fmt: skip
def test_snake_case(name: str, expected: str) -> None:
    assert snake_case(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("fit_model", "FitModel"), ("a", "A"), ("a__b", "AB"), ("x1_2", "X12")]
)
def test_camel_case(name: str, expected: str) -> None:
    assert camel_case(name) == expected


def test_free() -> None:
    assert free("a", {"b"}) == "a"
    assert free("a", {"a", "a_"}) == "a__"
    assert free("class", set()) == "class_"


def test_global_names() -> None:
    text = "import os\nx = y\ndef f(a):\n    b = a\n    global c\n    return [len(z), c, d.e]\n"
    assert global_names(text, "flow.py") == {"y", "len", "z", "c", "d"}


def test_field_names() -> None:
    names = ["a", "_b", "b_", "__c", "node", "ref", "_", "int"]
    found = field_names(names, ())
    assert found["a"] == "a" and found["b_"] == "b_" and found["int"] == "int"
    assert len(set(found.values())) == len(names)
    assert not any(field.startswith("_") for field in found.values())
    assert found["node"] != "node" and found["ref"] != "ref"
    assert field_names(["int"], ("annotations",))["int"] != "int"


def test_local_names() -> None:
    wanted = dict.fromkeys(["a", "b", "self", "l", "unused"])
    found = local_names(wanted, frozenset({"b"}), frozenset({"unused"}))
    assert found["a"] == "a"
    assert found["unused"] == "_unused"
    assert not {"b", "self", "l"} & set(found.values())
    assert len(set(found.values())) == len(wanted)


def test_local_names_keep_clear_of_each_other() -> None:
    found = local_names(dict.fromkeys(["a", "a_"]), frozenset({"a"}), frozenset())
    assert found["a_"] == "a_" and found["a"] not in ("a", "a_")


def _symbols(*taken: str, **imported: str) -> Symbols:
    return Symbols(frozenset(taken), frozenset(taken), imported, frozenset())


class TestSymbols:
    def test_free(self) -> None:
        symbols = _symbols()
        assert symbols.use("json") == "json"
        assert symbols.task == "task"
        assert symbols.imports() == ("import json", "from flytekit import task")

    def test_taken(self) -> None:
        symbols = _symbols("json", "json_", "task")
        assert symbols.use("json") == "json__"
        assert symbols.use("task") == "task_"
        assert symbols.imports() == (
            "import json as json__", "from flytekit import task as task_",
        )  # fmt: skip

    def test_imported_by_the_user(self) -> None:
        symbols = _symbols("json", "task", json="json", task="flytekit.task")
        assert (symbols.use("json"), symbols.use("task")) == ("json", "task")

    def test_avoided(self) -> None:
        symbols = _symbols()
        assert symbols.use("json", frozenset({"json"})) == "json_"
        assert symbols.use("json") == "json"

    def test_helpers_in_order(self) -> None:
        symbols = _symbols()
        symbols.use("Unset")
        symbols.use("Artifact")
        assert symbols.helpers() == ("Artifact", "Unset")

    def test_private_attributes_are_no_symbols(self) -> None:
        with pytest.raises(AttributeError):
            _ = _symbols()._nothing


def _bound(code: str) -> list[str]:
    """Names that the top level of a module binds, each as often as it does."""
    names: list[str] = []
    for node in ast.parse(code).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names += [(alias.asname or alias.name).split(".")[0] for alias in node.names]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return names


HEADS = [
    "def start(): return 1",
    "def the_flow(): return 1",
    "class StartOutputs: pass",
    "class Artifact: pass",
    "def with_artifacts(f): return f",
    "def task(f): return f\ndef workflow(f): return f",
    "NamedTuple = 1\nAny = 2\nAnnotated = 3\nCallable = 4\nget_type_hints = 5",
    "functools = 1\nFlytePickleTransformer = 2",
    "TheFlowOutputs = 1\nend = 2",
]


@pytest.mark.parametrize("head", HEADS)
def test_names_of_the_module_stay(head: str, tmp_path: Path) -> None:
    """Whatever the user's code is called, the module binds each name once, and works."""
    members = "n = Parameter('n', default=1)"
    body = "self.x = [self.n]\nself.start_out = 1\nif self.n > 1: self.m = 1"
    source = flow_source(body, "self.y = self.x", head=head, members=members)
    names = _bound(module(source))
    assert len(set(names)) == len(names)
    _same(source, tmp_path)


STEPS = sorted(
    name
    for name in dir(builtins)
    if name.islower() and not name.startswith("_") and name not in ("input", "next")
)


def test_steps_with_the_names_of_builtins(tmp_path: Path) -> None:
    """Generated code uses some builtins itself."""
    bodies = ["self.x = [1]\nself.i = 1\nself.s = 'a'\nself.f = 1.5\nself.b = True"]
    bodies += [f"if self.i > {i}: self.m{i} = self.i" for i in range(len(STEPS))]
    source = flow_source(*bodies, "self.z = self.x")
    for i, name in reversed(list(enumerate(STEPS, 1))):
        source = source.replace(f"def s{i}(", f"def {name}(").replace(
            f"self.next(self.s{i})", f"self.next(self.{name})"
        )
    _same(source, tmp_path)


LOCALS = [
    "locals",
    "Unset",
    "StartOutputs",
    "json",
    "task",
    "start",
    "the_flow",
    "Artifact",
    "list",
]


@pytest.mark.parametrize("name", LOCALS)
def test_locals_with_names_of_generated_code(name: str, tmp_path: Path) -> None:
    members = "n = Parameter('n', type=JSONType, default='[1]')"
    body = f"{name} = 5\nself.x = {name}\nself.{name if name != 'start' else 'y'} = self.n"
    _same(flow_source(body, "self.z = self.n", members=members), tmp_path)


@pytest.mark.parametrize(
    "name", ["locals", "Unset", "EndOutputs", "json", "StartOutputs", "_", "l"]
)
def test_artifacts_with_names_of_generated_code(name: str, tmp_path: Path) -> None:
    members = "n = Parameter('n', default=1)"
    body = f"if self.n > 2: self.{name} = 1\nif self.n: self.b = [1]"
    source = flow_source(body, f"if self.n > 2: self.c = self.{name}", members=members)
    _same(source, tmp_path)


@pytest.mark.parametrize("name", ["task", "json", "start_out", "Any", "str", "x", "_p"])
def test_parameters_with_names_of_generated_code(name: str, tmp_path: Path) -> None:
    members = f"{name} = Parameter('{name}', type=JSONType, default='[1]')"
    source = flow_source(f"self.x = self.{name}" if name != "x" else "self.y = self.x", "pass",
                         members=members)  # fmt: skip
    _same(source, tmp_path, name)


def _same(source: str, folder: Path, *parameters: str) -> None:
    (folder / "flow.py").write_text(source)
    (folder / "flyte_wf.py").write_text(module(source))
    workflow = [
        node
        for node in ast.parse(module(source)).body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(mark).startswith("workflow") for mark in node.decorator_list)
    ]
    expected = run_cheap(folder / "flow.py", {}, flow_name="TheFlow")
    found = run_flyte(folder / "flyte_wf.py", workflow[-1].name, {})
    assert expected.error is None, expected.stdout
    given = {"n", "n_json", *parameters, *(f"{name}_json" for name in parameters)}
    assert compare(expected, found, given) == []
