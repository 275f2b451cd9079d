"""Each form of Parameter: the input that it becomes, and the value that the steps see."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.support.cheap_metaflow import simulate
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.support.processes import in_child
from tests.unit.sources import codes, flow_source, module

HEAD = """
    import os
    from elsewhere import imported
    LIMIT = 5
    NAMES = ["a"]
    TABLE = {"k": 1.5}
    TEXT = f"{LIMIT} of 9"
    def computed(context): return "x"
    made = computed
    MUTABLE = {}
    MUTABLE["k"] = 1
    def build(): return 1
"""


def signature(arguments: str, attribute: str = "n") -> tuple[str, str, str | None]:
    """Name, type and default of the only input of the workflow."""
    source = flow_source("pass", "pass", head=HEAD, members=f"{attribute} = Parameter({arguments})")
    tree = ast.parse(module(source))
    found = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "the_flow"
    )
    (argument,) = found.args.args
    default = found.args.defaults[0] if found.args.defaults else None
    assert argument.annotation is not None
    shown = None if default is None else ast.unparse(default)
    return argument.arg, ast.unparse(argument.annotation), shown


SIGNATURES: dict[str, tuple[str, str | None]] = {
    "'n'": ("str | None", "None"),
    "'n', default=None": ("str | None", "None"),
    "'n', type=int": ("int | None", "None"),
    "'n', type=float": ("float | None", "None"),
    "'n', type=bool": ("bool | None", "None"),
    "'n', type=None": ("str | None", "None"),
    "name='n', type=int, default=5": ("int", "5"),
    "'n', 5, int": ("int", "5"),
    "'n', 5": ("int", "5"),
    "'n', default=-5": ("int", "-5"),
    "'n', default=1.5": ("float", "1.5"),
    "'n', default=True": ("bool", "True"),
    "'n', default='x'": ("str", "'x'"),
    "'n', default=''": ("str", "''"),
    "'n', default=LIMIT": ("int", "LIMIT"),
    "'n', default=LIMIT * 2": ("int", "LIMIT * 2"),
    "'n', default=TEXT": ("str", "TEXT"),
    "'n', default=TABLE['k']": ("float", "TABLE['k']"),
    "'n', type=float, default=5": ("float", "5.0"),
    "'n', type=int, default='5'": ("int", "5"),
    "'n', type=int, default=5.7": ("int", "5"),
    "'n', type=bool, default='yes'": ("bool", "True"),
    "'n', type=bool, default='0'": ("bool", "False"),
    "'n', type=str, default=0": ("str | None", "None"),
    "'n', default=float('inf')": ("float", "float('inf')"),
    "'n', default=str(LIMIT)": ("str", "'5'"),
    "'n', required=True": ("str", None),
    "'n', type=int, required=True": ("int", None),
    "'n', type=bool, required=True": ("bool | None", "None"),
    "'n', default=1, required=True": ("int", "1"),
    "'n', separator=','": ("str | None", "None"),
    "'n', separator=',', default='a,b'": ("str", "'a,b'"),
    "'n', help='Text', show_default=True": ("str | None", "None"),
    "'n', multiple=True": ("list[str] | None", "None"),
    "'n', multiple=True, type=int": ("list[int] | None", "None"),
}


@pytest.mark.parametrize("arguments", SIGNATURES)
def test_signatures(arguments: str) -> None:
    assert signature(arguments) == ("n", *SIGNATURES[arguments])


REFUSED = {
    "'n', type=complex": ["MF304"],
    "'n', type=os.PathLike": ["MF304"],
    "'n', type=imported": ["MF304"],
    "'n', default=(1, 2)": ["MF304"],
    "'n', default=b'x'": ["MF304"],
    "'n', default=2**70": ["MF304"],
    "'n', callback=print": ["MF304"],
    "'n', nargs=2": ["MF304"],
    "'n', type=list, multiple=True": ["MF304"],
    "'n', type=list, default=computed": ["MF304"],
    "'n', type=int, default='five'": ["MF122"],
    "'n', type=bool, default='maybe'": ["MF122"],
    "'n', type=bool, default='off'": ["MF122"],
    "'n', type=bool, default=1": ["MF122"],
    "'n', type=bool, default=' true '": ["MF122"],
    "'n', type=JSONType, default='{'": ["MF122"],
    "'n', type=dict, default=[1]": ["MF122"],
    "'n', type=int, separator=','": ["MF122"],
    "'n', default=5, separator=','": ["MF122"],
    "'n', separator=5": ["MF122"],
    "": ["MF122"],
    "5": ["MF122"],
    "'tag'": ["MF122"],
    "'run-id'": ["MF122"],
    "'run_id'": ["MF122"],
    "'n', 1, int, 'h', True, True, ','": ["MF122"],
    "*NAMES": ["MF122"],
    "'n', name='n'": ["MF122"],
    "**MUTABLE": ["MF301"],
    "'n', default=build()": ["MF301"],
    "'n', default=imported": ["MF301"],
    "'n', default=made": ["MF301"],
    "'n', type=JSONType, default=MUTABLE": ["MF301"],
    "'n', help=build()": ["MF301"],
    "build()": ["MF301"],
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refused(arguments: str) -> None:
    source = flow_source("pass", "pass", head=HEAD, members=f"n = Parameter({arguments})")
    found = [code for code in codes(source) if code not in ("MF206", "MF702")]
    assert found == REFUSED[arguments]


NOTED = {
    "n = Parameter('other')": ["MF206"],
    "n = Parameter('n', show_default=False)": ["MF303"],
    "n = Parameter('n', default=computed)": ["MF302"],
    "n = Parameter('n', default=lambda context: 'x')": ["MF302"],
    "n = Parameter('n', type=int, default=build())": ["MF302"],
    "n = Parameter('n', type=list, default=[1])": ["MF303"],
    "n = Parameter('n', multiple=True)": ["MF303"],
    "n = Parameter('n')\nm = Parameter('N')": ["MF122", "MF206"],
    "n: str = Parameter('n')": [],
}


@pytest.mark.parametrize("members", NOTED)
def test_notes(members: str) -> None:
    head = HEAD.replace("from elsewhere import imported", "").replace("import os", "")
    found = codes(flow_source("pass", "pass", head=head, members=members))
    assert [code for code in found if code != "MF207"] == NOTED[members]


@pytest.mark.parametrize("name", ["self", "ctx", "help", "node_id", "entity"])
def test_names_that_flytekit_cannot_take(name: str) -> None:
    found, _, _ = signature(f"'{name}'", name)
    assert found == f"{name}_"


# arguments and a value that is given; None for none
VALUES: list[tuple[str, Any, Any]] = [
    # what Metaflow's option takes, and what the workflow takes
    ("type=int, default=5", None, None),
    ("type=int, default=5", 7, 7),
    ("type=int", None, None),
    ("type=int", 7, 7),
    ("type=float, default=5", None, None),
    ("type=float", 1, 1.0),
    ("type=bool, default=True", False, False),
    ("type=bool", "yes", True),
    ("default='x'", "é", "é"),
    ("default='x'", "", ""),
    ("", None, None),
    ("type=str, default=0", None, None),
    ("type=str, default=0", "1", "1"),
    ("type=int, default='5'", None, None),
    ("type=int, default=5.7", None, None),
    ("separator=','", None, None),
    ("separator=','", "a,b", "a,b"),
    ("separator=',', default='a,b'", None, None),
    ("separator=',', default='a,b'", "", ""),
    ("type=JSONType, default='[1, 2.5]'", None, None),
    ("type=JSONType, default='[1, 2.5]'", '{"a": null}', '{"a": null}'),
    ("type=JSONType, default={'a': [1]}", None, None),
    ("type=JSONType, default={1: 2}", None, None),
    ("type=JSONType, default={1: 2}", "[]", "[]"),
    ("type=JSONType, default=(1, 2)", None, None),
    ("type=JSONType", None, None),
    ("type=JSONType", "3", "3"),
    ("type=JSONType, default='null'", None, None),
    ("type=list, default=[1, 'a']", None, None),
    ("type=dict, default={'a': 1}", None, None),
    ("default=[1]", None, None),
    ("default={'a': 1.5}", None, None),
    ("multiple=True", None, None),
    ("multiple=True", ("a", "b"), ["a", "b"]),
    ("multiple=True, type=int, default=(1, 2)", None, None),
    ("multiple=True, type=float", (1.5,), [1.5]),
    ("default=lambda context: context.parameter_name", None, None),
    ("default=computed", None, None),
    ("type=int, default=lambda context: 5", None, None),
    ("type=int, default=int('7')", None, None),
    ("default=LIMIT", None, None),
    ("default=TABLE['k']", None, None),
]


def test_values_are_those_of_metaflow(tmp_path: Path) -> None:
    """All forms in one flow, by click as Metaflow has it, and by the generated module."""
    members, lines = [], []
    for i, (arguments, _, _) in enumerate(VALUES):
        members.append(f"p{i} = Parameter('p{i}', {arguments})".replace(", )", ")"))
        lines.append(f"self.a{i} = self.p{i}")
    head = HEAD.replace("from elsewhere import imported", "").replace("import os", "")
    source = flow_source("\n".join(lines), "pass", head=head, members="\n".join(members))
    (tmp_path / "flow.py").write_text(source)
    (tmp_path / "flyte_wf.py").write_text(module(source))
    given = {f"p{i}": value for i, (_, value, _) in enumerate(VALUES) if value is not None}
    expected, _ = in_child(simulate, "flow.py", given, "TheFlow", folder=tmp_path)
    names = _inputs(module(source))
    inputs = {names[f"p{i}"]: value for i, (_, _, value) in enumerate(VALUES) if value is not None}
    found = run_flyte(tmp_path / "flyte_wf.py", "the_flow", inputs)
    assert expected.error is None and found.error is None
    assert compare(expected, found, {*names, *names.values()}) == []
    assert found.warnings == []


def _inputs(code: str) -> dict[str, str]:
    """Parameter → input of the workflow."""
    names: dict[str, str] = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef) and node.name == "the_flow":
            for argument in node.args.args:
                names[argument.arg.split("_")[0]] = argument.arg
    return names
