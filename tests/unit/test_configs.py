"""Configs: declarations, where their values come from, and what uses them before a run."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen import Options, Translation, translate
from codegen.cli import main
from codegen.diagnostics import Severity
from codegen.parse.configs.parsers import PARSERS, Unparsable
from codegen.parse.configs.value import ConfigValue, expression, frozen, is_immutable, thawed
from tests.support.canonical import canonical

IMPORTS = (
    "from metaflow import Config, ConfigValue, FlowSpec, Parameter, config_expr, environment, "
    "kubernetes, project, resources, retry, schedule, step, yaml_parser\n"
    "import metaflow as mf\nimport json  # noqa\n"
)
VALUE = {
    "size": 2,
    "name": "inner",
    "tags": ["a", "b"],
    "sub": {"cpu": 3, "text": "t"},
    "none": None,
}


def source(
    members: str = "cfg = Config('cfg', default_value=VALUE)",
    start: str = "self.size = self.cfg.size",
    decorators: str = "",
    above: str = "",
    head: str = "",
) -> str:
    """A flow of two steps; VALUE stands for the usual value."""
    lines = [IMPORTS, head, above, "class TheFlow(FlowSpec):"]
    lines += [f"    {line}" for line in members.splitlines()]
    lines += [f"    {line}" for line in (*decorators.splitlines(), "@step", "def start(self):")]
    lines += [f"        {line}" for line in (*start.splitlines(), "self.next(self.end)")]
    lines += ["    @step", "    def end(self):", "        pass", ""]
    return "\n".join(line for line in lines if line.strip()).replace("VALUE", repr(VALUE))


def read(text: str, folder: Path | None = None, **options: Any) -> Translation:
    return translate(text, "flow.py", Options(folder=folder, **options))


def code(text: str, folder: Path | None = None, **options: Any) -> str:
    result = read(text, folder, **options)
    assert result.code is not None, result.diagnostics
    return result.code


def messages(text: str, folder: Path | None = None, **options: Any) -> list[str]:
    """Code and place of each message that is more than a note."""
    found = read(text, folder, **options).diagnostics
    return [f"{each.code} {each.message}" for each in found if each.severity is not Severity.NOTE]


def constant(text: str, name: str = "CFG") -> Any:
    """The value of a constant of a generated module."""
    for node in ast.parse(text).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if ast.unparse(target) == name:
                value = node.value
                return ast.literal_eval(value.args[0] if isinstance(value, ast.Call) else value)
    raise AssertionError(f"no {name} in\n{text}")


# ---------------------------------------------------------------------- where values come from


def test_default_value() -> None:
    made = code(source())
    assert constant(made) == VALUE
    assert '# Config("cfg") from default_value\nCFG = ConfigValue(' in made
    assert "configs are frozen" not in made


DECLARED = {
    "default_value='{\"a\": 1}'": {"a": 1},
    "default_value={'a': (1, 2), 3: 'x'}": {"a": [1, 2], "3": "x"},
    "default_value=dict(a=LIMIT * 2)": {"a": 8},
    "default_value={}": {},
    "default_value='null'": None,
    "default=None, default_value=None, required=False": None,
    "default_value={'a': 1}, required=True": {"a": 1},
    "default_value={'a': 1}, help='What', show_default=False, parser=None": {"a": 1},
    "None, {'a': 1}": {"a": 1},
    "default_value='text', plain=True": "text",
    "default_value={'a': 1}, plain=True": '{"a": 1}',
    "default_value='a: [1, x]', parser=yaml_parser": {"a": [1, "x"]},
    "default_value='a: 1', parser=mf.yaml_parser": {"a": 1},
    "default_value='a: 1', parser='.plugins.parsers.yaml_parser'": {"a": 1},
    "default_value='[1]', plain=True, parser=json.loads": [1],
    "default_value='7', plain=True, parser='json.loads'": 7,
    "default_value='a = 1', parser='tomllib.loads'": {"a": 1},
    "default_value='{1: (2,)}', parser='ast.literal_eval'": {1: (2,)},
}


@pytest.mark.parametrize("arguments", DECLARED)
def test_declarations(arguments: str) -> None:
    text = source(f"cfg = Config('cfg', {arguments})", "self.found = self.cfg", head="LIMIT = 4\n")
    assert constant(code(text)) == DECLARED[arguments]


@pytest.mark.parametrize(
    "declaration",
    [
        "cfg = mf.Config('cfg', default_value=VALUE)",
        "cfg: Config = Config(name='cfg', default_value=VALUE)",
        "cfg = Config(NAME, default_value=VALUE)",
    ],
)
def test_ways_to_declare(declaration: str) -> None:
    assert constant(code(source(declaration, head="NAME = 'cfg'"))) == VALUE


@pytest.mark.parametrize(
    ("head", "parser"),
    [
        (
            "try:\n    import tomllib\nexcept ImportError:\n    import tomli as tomllib",
            "tomllib.loads",
        ),
        (
            "try:\n    import tomllib\n    HOW = 'tomllib.loads'\n"
            "except ImportError:\n    HOW = 'toml.loads'",
            "HOW",
        ),
    ],
)
def test_parser_of_newer_pythons(head: str, parser: str) -> None:
    declaration = f"cfg = Config('cfg', default_value='a = 1', parser={parser})"
    assert constant(code(source(declaration, "self.found = self.cfg", head=f"{head}\n"))) == {
        "a": 1
    }


@pytest.mark.parametrize(
    "tried",
    ["import fast as json\n    HOW = 'json.loads'", "import tomllib\n    HOW = how()", "HOW = 'x'"],
)
def test_parser_that_a_run_tells(tried: str) -> None:
    head = f"try:\n    {tried}\nexcept Exception:\n    HOW = 'tomllib.loads'\n    OTHER = 1\n"
    declaration = "cfg = Config('cfg', default_value='a = 1', parser=HOW)"
    assert [text[:5] for text in messages(source(declaration, head=head))] == ["MF301"]


def test_private_import() -> None:
    text = (
        source()
        .replace(
            "import json", "from metaflow.user_configs.config_parameters import Config as Settings"
        )
        .replace("= Config(", "= Settings(")
    )
    assert constant(code(text)) == VALUE


BROKEN = {
    "Config()": "MF650 the Config has no name",
    "Config(7)": "MF650 the Config has no name",
    "Config('run-id')": "MF650 Metaflow's own options have taken the name 'run-id'",
    "Config('run_id')": "MF650 Metaflow's own options have taken the name 'run_id'",
    "Config('c', default='c.json', default_value={})": "MF650 the Config c has both",
    "Config('c', default=3)": "MF650 the default of the Config c is no path, but 3",
    "Config('c', default_value=[1])": "MF650 the default_value of the Config c is neither",
    "Config('c', separator=',')": "MF650 separator= of the Config c is not translated",
    "Config('c', **OPTIONS)": "MF650",
    "Config('c', default_value=unknown())": "MF301 unknown(), given to a Config, cannot be known",
    "Config('c', required=True)": "MF651 the Config c is required",
    "Config('c', default='c.json')": "MF652 the file 'c.json' of the Config c (default) cannot be",
    "Config('c', default='')": "MF652 the file '' of the Config c (default) cannot be read",
    "Config('c', default='.')": "MF652 the file '.' of the Config c (default) cannot be read",
    "Config('c', default_value='')": "MF653 the Config c is not valid JSON: Expecting value",
    "Config('c', default_value='[1]')": "MF653 the Config c is no mapping, but a list",
    "Config('c', default_value={'a': {1}})": "MF653 the default_value of the Config c is not JSON",
    "Config('c', default_value='-', parser=yaml_parser)": "MF653 the Config c is no mapping",
    "Config('c', default_value='', parser=yaml_parser)": "MF653 the Config c is no mapping, but nu",
    "Config('c', default_value='a: [', parser=yaml_parser)": "MF653 the Config c is not valid YAML",
    "Config('c', default_value='a: 2024-01-01', parser=yaml_parser)": "MF653 the Config c holds wh",
    "Config('c', default_value='a', parser='tomllib.loads')": "MF653 the Config c is not valid T",
    "Config('c', default_value='f()', parser='ast.literal_eval')": "MF653 the Config c is no Pytho",
    "Config('c', default_value='', parser=own)": "MF654 the parser own of the Config c is Python",
    "Config('c', default_value='', parser=lambda t: t)": "MF654 the parser lambda t: t of the",
    "Config('c', default_value='', parser='eval')": "MF654 the parser 'eval' of the Config c is",
    "Config('c', default_value='', parser=json.load)": "MF654 the parser json.load of the Config c",
    "Config('c', default=own)": "MF655 the default of the Config c is computed by a function",
    "Config('c', default_value=lambda c: {})": "MF655 the default_value of the Config c is compu",
}


@pytest.mark.parametrize("declaration", BROKEN)
def test_refused_declarations(declaration: str, tmp_path: Path) -> None:
    head = "OPTIONS = {'help': 'x'}\ndef own(text):\n    return {}\n"
    (found,) = messages(source(f"c = {declaration}", "pass", head=head), tmp_path)
    assert found.startswith(BROKEN[declaration])


def test_names() -> None:
    two = "a = Config('x', default_value={})\nb = Config('x', default_value={})"
    assert messages(source(two, "pass")) == ["MF650 two Configs are called 'x': a and b"]
    (found,) = messages(source("_a = Config('a', default_value={})", "pass"))
    assert found.startswith("MF650 Metaflow does not see the Config _a")
    assert messages(source("a = b = Config('a')", "pass"))[0].startswith("MF504")


def test_several_names_of_one_thing() -> None:
    text = source("cfg = Config('my-cfg', default_value=VALUE)")
    made = code(text, config_value=(("my-cfg", '{"size": 5}'),))
    assert constant(made) == {"size": 5} and '# Config("my-cfg") from --config-value' in made
    (found,) = messages(
        source("cfg = Config('my-cfg', default_value=VALUE)", "pass", "@resources(cpu=cfg.size)")
    )
    assert found.startswith("MF657 cfg.size looks for 'size' in the expression itself")


# ---------------------------------------------------------------------- files and options


def test_files_lie_beside_the_flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or where mf-codegen runs, as Metaflow's do; those beside the flow go first."""
    beside, here = tmp_path / "flows", tmp_path / "here"
    for folder, names in ((beside, ("a", "b")), (here, ("b", "c"))):
        folder.mkdir()
        for name in names:
            (folder / f"{name}.json").write_text(json.dumps({"from": folder.name}))
    monkeypatch.chdir(here)
    found = {
        name: constant(code(source(f"cfg = Config('cfg', default='{name}.json')"), beside))
        for name in ("a", "b", "c")
    }
    assert found == {"a": {"from": "flows"}, "b": {"from": "flows"}, "c": {"from": "here"}}


PATHS = {
    "os.path.join(os.path.dirname(__file__), 'sub', 'c.json')": "sub/c.json",
    "os.path.join(os.path.dirname(os.path.abspath(__file__)), 'c.json')": "c.json",
    "Path(__file__).parent / 'c.json'": "c.json",
    "str(Path(__file__).resolve().parent / 'sub' / 'c.json')": "sub/c.json",
    "Path(__file__).parent.joinpath('sub', 'c.json').as_posix()": "sub/c.json",
    "Path(__file__).parent.parent / HERE / 'c.json'": "../flows/c.json",
    "os.path.dirname(os.path.dirname(__file__)) + '/flows/c.json'": "../flows/c.json",
    "PLACE": "sub/c.json",
    "f'{HERE}.json'": "flows.json",
    "os.environ.get('NO_SUCH_VARIABLE', 'c.json')": "c.json",
}


@pytest.mark.parametrize("path", PATHS)
def test_paths(path: str, tmp_path: Path) -> None:
    """Of a module, as programs make them from where it is."""
    folder = tmp_path / "flows"
    for name in set(PATHS.values()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps({"size": 1}))
    head = (
        "import os\nfrom pathlib import Path\nHERE = 'flows'\n"
        "PLACE = os.path.join(os.path.dirname(__file__), 'sub', 'c.json')"
    )
    made = code(source(f"cfg = Config('cfg', default={path})", head=head), folder)
    assert constant(made) == {"size": 1}
    assert f'# Config("cfg") from {PATHS[path]}\n' in made


def test_a_default_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    text = source(
        "cfg = Config('cfg', default_value={'size': os.environ['SIZE']})", head="import os"
    )
    (found,) = messages(text)
    assert found.startswith("MF301")
    monkeypatch.setenv("SIZE", "4")
    result = read(text)
    assert result.code is not None and constant(result.code) == {"size": "4"}
    assert "MF606" in [each.code for each in result.diagnostics]


def test_the_origin_is_the_same_on_every_machine(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{}")
    made = code(source(), config=(("cfg", str(tmp_path / "c.json")),))
    assert 'Config("cfg") from c.json' in made and str(tmp_path) not in made
    assert "Its configs are frozen: cfg from c.json." in made


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(b'{"a": "\xff"}')
    (found,) = messages(source("c = Config('c', default='c.json')"), tmp_path)
    assert found.startswith("MF652") and "it is not UTF-8" in found


def test_options_go_before_defaults(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"size": 7}')
    text = source("cfg = Config('cfg', default='none.json', required=True)")
    assert constant(code(text, tmp_path, config=(("cfg", "c.json"),))) == {"size": 7}
    assert constant(code(text, config_value=(("cfg", '{"size": 8}'),))) == {"size": 8}
    twice = (("cfg", '{"size": 1}'), ("cfg", '{"size": 2}'))
    assert constant(code(text, config_value=twice)) == {"size": 2}, "the last one counts"


def test_options_go_through_the_parser() -> None:
    text = source("cfg = Config('cfg', parser=yaml_parser)")
    assert constant(code(text, config_value=(("cfg", "size: 3"),))) == {"size": 3}


def test_a_default_that_is_not_needed_is_not_computed() -> None:
    text = source("cfg = Config('cfg', default=lambda context: 'x')")
    assert constant(code(text, config_value=(("cfg", '{"size": 3}'),))) == {"size": 3}


def test_options_that_fit_nothing() -> None:
    found = messages(source(), config=(("cfg", "c.json"),), config_value=(("cfg", "{}"),))
    assert "MF656 cfg is given a file by --config and a value by --config-value" in found
    assert messages(source(), config=(("other", "c.json"),)) == [
        "MF656 --config names other, but the flow's Configs are cfg"
    ]
    assert messages(source("x = 1", "pass"), config_value=(("cfg", "{}"),)) == [
        "MF656 --config-value names cfg, but the flow has no Config"
    ]


def test_several_flows() -> None:
    other = source(
        "more = Config('more', default_value={'a': 1})", "self.more_a = self.more.a"
    ).replace("TheFlow", "OtherFlow")
    text = source() + other.removeprefix(IMPORTS.strip())
    for name in ("TheFlow", "OtherFlow"):
        found = read(text, flow=name, config_value=(("more", '{"a": 2}'),))
        assert (found.code is None) is (name == "TheFlow")
    both = [found.code for found in read(text, config_value=(("more", "{}"),)).diagnostics]
    assert both == ["MF004"], "each has its own start, but the option fits one of them"


def test_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"size": 7}')
    files, values = "METAFLOW_FLOW_CONFIG", "METAFLOW_FLOW_CONFIG_VALUE"
    monkeypatch.setenv(values, '{"cfg": {"size": 4}}')
    result = read(source())
    assert result.code is not None and constant(result.code) == {"size": 4}
    assert [found.code for found in result.diagnostics] == ["MF659"]
    assert f'Config("cfg") from {values}' in result.code
    made = code(source(), config_value=(("cfg", '{"size": 5}'),))
    assert constant(made) == {"size": 5}, "the command line goes first"
    monkeypatch.setenv(values, '{"cfg": "{\\"size\\": 6}"}')
    assert constant(code(source())) == {"size": 6}
    monkeypatch.delenv(values)
    monkeypatch.setenv(files, '{"cfg": "c.json"}')
    assert constant(code(source(), tmp_path)) == {"size": 7}
    assert messages(source(), tmp_path, config_value=(("cfg", "{}"),)) == [
        f"MF656 cfg is given a file by {files} and a value by --config-value"
    ]
    monkeypatch.setenv(files, '{"other": "c.json"}')
    assert messages(source()) == [f"MF656 {files} names other, but the flow's Configs are cfg"]
    for text in ("{", "[1]"):
        monkeypatch.setenv(files, text)
        (found,) = messages(source())
        assert found.startswith(f"MF656 the environment variable {files} is not JSON")
    assert messages(source("x = 1", "pass")) == [], "no Config, no look at it"


def test_command_line(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"size": 7}')
    more = "cfg = Config('cfg')\nmore = Config('more')"
    flow = tmp_path / "flow.py"
    flow.write_text(source(more, "self.size = self.cfg.size + self.more.size"))
    given = ["--config", "cfg", "c.json", "--config-value", "more", '{"size": 1}']
    result = CliRunner().invoke(main, [str(flow), *given])
    assert result.exit_code == 0, result.stderr
    assert constant(result.stdout) == {"size": 7} and constant(result.stdout, "MORE") == {"size": 1}
    assert "Its configs are frozen: cfg from c.json, more from --config-value." in result.stdout
    wrong = CliRunner().invoke(main, [str(flow), "--config", "cfg"])
    assert wrong.exit_code == 2


def test_nothing_of_a_config_gets_out_of_its_place(tmp_path: Path) -> None:
    """Neither by a name nor by a path nor by a value."""
    evil = "x\nimport os"
    (tmp_path / evil).write_text("{}")
    members = f"cfg = Config({evil!r}, default={evil!r})"
    value = {"size": "\n'''\\\"\"\"", "{{ py }}": "\ud800\u2028"}
    ways: list[dict[str, Any]] = [{}, {"config_value": ((evil, json.dumps(value)),)}]
    for options in ways:
        made = code(source(members), tmp_path, **options)
        assert made.encode("utf-8") and "\nimport os\n" not in made
        assert constant(made) == (value if options else {})


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
    )
)
def test_any_value_comes_back(value: dict[str, Any]) -> None:
    made = code(source(), config_value=(("cfg", json.dumps(value)),))
    for node in ast.parse(made).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CFG":
            assert isinstance(node.value, ast.Call)
            found = eval(ast.unparse(node.value.args[0]))
            assert canonical(found) == canonical(value)


# ---------------------------------------------------------------------- parsers


PARSED = {
    ("metaflow.requirements_txt_parser", "a==1\n# x\n-e file:.\nb>=2 # y\npython>=3.9\n"): {
        "packages": {"a": "1", "b": ">=2"}, "python": ">=3.9",
    },
    ("metaflow.requirements_txt_parser", "a @ https://x.org/a.whl\nb[one]==1"): {
        "packages": {"a@https://x.org/a.whl": "", "b[one]": "1"}, "python": None,
    },
    ("metaflow.pyproject_toml_parser", "[project]\nrequires-python='>=3.7,<4'\n"): {
        "packages": {}, "python": ">=3.7,<4",
    },
    ("metaflow.pyproject_toml_parser", "[project]\ndependencies=['a==1', 'b']\n"): {
        "packages": {"a": "1", "b": ""}, "python": None,
    },
    ("metaflow.pyproject_toml_parser", "x = 1"): {"packages": {}, "python": None},
    ("metaflow.conda_environment_yml_parser", "name: x\ndependencies:\n- a=1\n- python\nb: c"): {
        "packages": {"a": "1"}, "python": "",
    },
    ("metaflow.conda_environment_yml_parser", "dependencies:\n  - a>=1 # x\n\n  - b\n"): {
        "packages": {"a": ">=1", "b": ""}, "python": None,
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), PARSED)
def test_parsers_are_those_of_metaflow(name: str, text: str) -> None:
    import metaflow

    assert PARSERS[name](text) == PARSED[name, text]
    assert getattr(metaflow, name.removeprefix("metaflow."))(text) == PARSED[name, text]


UNPARSABLE = [
    ("requirements_txt_parser", "a ==== 1"),
    ("requirements_txt_parser", "a; python_version < '3'"),
    ("requirements_txt_parser", "python==3\npython==4"),
    ("pyproject_toml_parser", "[project"),
    ("pyproject_toml_parser", "[project]\ndependencies=['a b']"),
    ("pyproject_toml_parser", "[project]\ndependencies='a'"),
    ("pyproject_toml_parser", "project = 1"),
    ("pyproject_toml_parser", "[project]\nrequires-python=3"),
    ("conda_environment_yml_parser", "dependencies:\n- pip:\n"),
    ("conda_environment_yml_parser", "dependencies:\n- a b\n"),
    ("conda_environment_yml_parser", "dependencies:\n- python=3\n- python=4\n"),
    ("yaml_parser", "a: !!python/object:os.system x"),
    ("yaml_parser", "? {a: 1}\n: 1"),
]


@pytest.mark.parametrize(("name", "text"), UNPARSABLE)
def test_what_parsers_refuse(name: str, text: str) -> None:
    """So do Metaflow's, if by any error."""
    import metaflow

    with pytest.raises(Unparsable):
        PARSERS[f"metaflow.{name}"](text)
    if "dependencies='a'" not in text:  # which Metaflow reads letter by letter
        with pytest.raises(Exception):  # noqa: B017
            getattr(metaflow, name)(text)


def test_aliases_that_grow_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    text = source("cfg = Config('cfg', parser=yaml_parser)")
    (found,) = messages(text, config_value=(("cfg", "\n".join(lines)),))
    assert found.startswith("MF653 the Config cfg has more than 100000 entries")
    (found,) = messages(text, config_value=(("cfg", "a: &a [*a]"),))
    assert found.startswith("MF653")


# ---------------------------------------------------------------------- values


def test_values() -> None:
    value = {"a": [1, {"b": (2, None)}], "c": float("inf"), "d": -1.5, "e": True, "f": "x"}
    made = frozen(value)
    assert isinstance(made, ConfigValue) and isinstance(made["a"][1], ConfigValue)
    assert made == value and type(thawed(made)) is dict and type(thawed(made)["a"][1]) is dict
    assert eval(ast.unparse(expression(made))) == value
    assert not is_immutable(value, plain=False)
    assert is_immutable({"a": {"b": (1, "x", {"c": 2})}}, plain=False)
    assert not is_immutable({"a": 1}, plain=True) and is_immutable("text", plain=True)


# ---------------------------------------------------------------------- before a run


DECORATED = {
    "@resources(cpu=cfg.size)": 'cpu="2"',
    "@resources(cpu=cfg['size'])": 'cpu="2"',
    "@resources(cpu=cfg.sub['cpu'])": 'cpu="3"',
    "@resources(cpu=cfg.get('size'))": 'cpu="2"',
    "@resources(cpu=cfg[KEY])": 'cpu="2"',
    "@resources(cpu=cfg[cfg.key].cpu)": 'cpu="3"',
    "@resources(cpu=cfg['sub.cpu'])": 'cpu="3"',
    "@resources(**cfg.sub2)": 'cpu="5"',
    "@resources(cpu=1, **cfg.sub2)": 'cpu="5"',
    "@resources(cpu=cfg.size if KEY else cfg.sub)": 'cpu="2"',
    "@resources(cpu=config_expr('cfg.size + 1'))": 'cpu="3"',
    "@resources(cpu=mf.config_expr('cfg').size)": 'cpu="2"',
    "@resources(cpu=config_expr('cfg')['sub'].cpu)": 'cpu="3"',
    "@resources(cpu=config_expr(expr='cfg.size'))": 'cpu="2"',
    "@resources(cpu=config_expr('half(cfg.size * 4)'))": 'cpu="4"',
    "@resources(cpu=config_expr('cfg.get(\"zz\", 7)'))": 'cpu="7"',
    "@resources(cpu=config_expr('max(len(cfg.tags), cfg.sub[\"cpu\"])'))": 'cpu="3"',
    "@resources(cpu=config_expr('sum(1 for tag in cfg.tags if tag != KEY)'))": 'cpu="2"',
    '@resources(cpu=config_expr(\'getattr(cfg, "zz", 9) if hasattr(cfg, "tags") else 1\'))': "9",
    "@environment(vars=cfg.sub)": '{"cpu": "3", "text": "t"}',
    "@environment(vars={'A': cfg.size, 'B': f'{KEY}'})": '{"A": "2", "B": "size"}',
    "@environment(vars=dict(A=cfg.sub.text))": '{"A": "t"}',
    "@environment(vars={'A': config_expr('cfg.sub.text.upper()')})": '{"A": "T"}',
    "@environment(vars={'A': config_expr('f\"{cfg.size:03d}\"')})": '{"A": "002"}',
    "@environment(vars={'A': [cfg.size, (cfg.sub,)]})": "\"[2, ({'cpu': 3, 'text': 't'},)]\"",
    "@retry(**config_expr('{\"times\": cfg.size}'))": "retries=2",
    "@kubernetes(image=cfg.sub.text)": 'container_image="t"',
}


@pytest.mark.parametrize("decorator", DECORATED)
def test_decorators(decorator: str) -> None:
    value = {**VALUE, "key": "sub", "sub2": {"cpu": 5}}
    head = "KEY = 'size'\ndef half(number):\n    return number // 2\n"
    text = source(f"cfg = Config('cfg', default_value={value!r})", "pass", decorator, head=head)
    result = read(text)
    assert result.code is not None, result.diagnostics
    assert DECORATED[decorator] in result.code.split("class StartOutputs")[-1]


def test_decorators_of_the_flow() -> None:
    above = "@schedule(cron=config_expr('cfg.cron'))\n@project(name=config_expr('cfg').shop)\n"
    text = source(
        "cfg = Config('cfg', default_value={'cron': '5 4 * * *', 'shop': 'one'})",
        "pass",
        above=above.rstrip(),
    )
    made = code(text)
    assert 'CronSchedule(schedule="5 4 * * *")' in made and "--project one" in made
    assert "CFG" not in made, "no step uses it"


PARAMETERS = {
    "default=cfg.size": "p: int = 2",
    "default=cfg.sub.text, help=cfg.sub.text": 'p: str = "t"',
    "default=cfg.none": "p: str | None = None",
    "default=config_expr('cfg.size / 4')": "p: float = 0.5",
    "type=mf.JSONType, default=cfg.sub": 'p: str = \'{"cpu": 3, "text": "t"}\'',
    "**cfg.options": "p: int = 9",
    "default=1, **cfg.options": "p: int = 1",
    "default=None, **cfg.options": "p: int = 9",
}


@pytest.mark.parametrize("arguments", PARAMETERS)
def test_parameters(arguments: str) -> None:
    value = {**VALUE, "options": {"default": 9, "help": "Many"}}
    members = f"cfg = Config('cfg', default_value={value!r})\np = Parameter('p', {arguments})"
    assert PARAMETERS[arguments] in code(source(members, "self.found = self.p"))


MISUSED = {
    "@resources(cpu=cfg.size + 1)": "cfg has no value yet in cfg.size + 1",
    "@resources(cpu=-cfg.size)": "cfg has no value yet in -cfg.size",
    "@resources(cpu=int(cfg.size))": "cfg has no value yet in int(cfg.size)",
    "@resources(cpu=cfg.size or 1)": "cfg has no value yet in cfg.size or 1",
    "@resources(cpu=1 if cfg.size else 2)": "cfg has no value yet in 1 if cfg.size else 2",
    "@resources(cpu=f'{cfg.size}')": "cfg has no value yet in f'{cfg.size}'",
    "@resources(cpu=[*cfg.tags])": "cfg has no value yet in [*cfg.tags]",
    "@resources(cpu={cfg.size: 1})": "cfg has no value yet in {cfg.size: 1}",
    "@resources(cpu={cfg.size})": "cfg has no value yet in {cfg.size}",
    "@environment(vars={**cfg.sub})": "cfg has no value yet in {**cfg.sub}",
    "@environment(vars=cfg)": "@environment gets cfg as it is, which is no value here",
    "@resources(cpu=cfg.sub.items())": "cfg has no value yet in cfg.sub.items()",
    "@resources(cpu=cfg.values)": "cfg.values is a part of Metaflow's own object",
    "@resources(cpu=cfg.parser)": "cfg.parser is a part of Metaflow's own object",
    "@resources(cpu=cfg.tags[0])": "Metaflow looks up keys that are texts only, not 0",
    "@resources(cpu=cfg[unknown])": "Metaflow looks up keys that are texts only, not unknown",
    "@resources(cpu=cfg.zz)": "cfg.zz has no value: cfg has no key 'zz'",
    "@resources(cpu=cfg['odd-key'])": "cfg['odd-key'] has no value",
    "@resources(cpu=cfg['class'])": "'cfg.class', which Metaflow evaluates, is no Python",
    "@resources(cpu=cfg.none.x)": "cfg.none.x has no value: cfg.none is None",
    "@resources(cpu=config_expr('cfg.size').real)": "config_expr('cfg.size').real looks for 'real'",
    "@resources(cpu=config_expr('zz.size'))": "no Config of the flow is called zz",
    "@resources(cpu=config_expr(1))": "the expression of config_expr(1) cannot be known",
    "@resources(cpu=config_expr('open(cfg.tags)'))": "config_expr('open(cfg.tags)') has no value",
    "@resources(cpu=config_expr('{1, 2}'))": "config_expr('{1, 2}') gives a value that has no li",
    "@resources(**cfg.tags)": "cfg.tags is no mapping of arguments",
    "@resources(**{'cpu': cfg.size})": "cfg has no value yet in {'cpu': cfg.size}",
}


@pytest.mark.parametrize("decorator", MISUSED)
def test_misused(decorator: str) -> None:
    """At the place of what is wrong, in the step that it belongs to."""
    result = read(source(start="pass", decorators=decorator))
    (found,) = result.diagnostics
    assert found.code == "MF657" and MISUSED[decorator] in found.message
    assert found.step == "start"
    lines = source(start="pass", decorators=decorator).splitlines()
    assert lines[found.position.line - 1].strip() == decorator
    assert result.code is None


OTHERS = {
    "x = cfg.size": "the class attribute x uses cfg",
    "x = {'a': cfg.size}": "the class attribute x uses cfg",
    "x = config_expr('cfg.size')": "the class attribute x uses config_expr('cfg.size')",
    "x = cfg": "the class attribute x uses cfg",
    "def helper(self, x=cfg.size): return x": "a default of helper uses cfg",
    "def helper(self, *, x=cfg.size): return x": "a default of helper uses cfg",
}


@pytest.mark.parametrize("member", OTHERS)
def test_misused_in_the_class(member: str) -> None:
    (found,) = messages(source(f"cfg = Config('cfg', default_value=VALUE)\n{member}", "pass"))
    assert found.startswith(f"MF657 {OTHERS[member]}")


def test_wrappers_see_what_metaflow_hands_on() -> None:
    head = "def traced(label):\n    return lambda function: function\n"
    (found,) = messages(source(start="pass", decorators="@traced(cfg.size)", head=head))
    assert found.startswith("MF657 @traced uses cfg")


def test_unknown_keys_are_left_out() -> None:
    """Metaflow does nothing with them either; those that are written out it refuses."""
    value = {"cpu": 5, "cpus": 7}
    members = f"cfg = Config('cfg', default_value={value!r})"
    result = read(source(members, "pass", "@resources(**cfg)"))
    assert [found.code for found in result.diagnostics] == ["MF658"]
    assert result.code is not None and 'Resources(cpu="5"' in result.code
    (found,) = messages(source(members, "pass", "@resources(cpus=cfg.cpus)"))
    assert found.startswith("MF120 @resources has no attribute cpus")


def test_the_name_of_a_config() -> None:
    result = read(source(start="pass", decorators="@environment(vars={'A': cfg.name})"))
    (found,) = result.diagnostics
    assert found.code == "MF658" and "is the name of the Config itself, 'cfg'" in found.message
    assert result.code is not None and '{"A": "cfg"}' in result.code
    made = code(source(start="pass", decorators="@environment(vars={'A': cfg['name']})"))
    assert '{"A": "inner"}' in made


def test_arguments_that_cannot_be_known_without_a_config() -> None:
    (found,) = messages(source(start="pass", decorators="@resources(**OTHER)"))
    assert found == "MF301 the arguments of @resources cannot be known from the source"
    (found,) = messages(source("p = Parameter('p', **OTHER)", "pass"))
    assert found == "MF301 the arguments of the Parameter p cannot be known from the source"


CORES = {
    "{'cpu': 3}": 3,
    "{**SIZE, 'cpu': 4}": 4,
    "{'cpu': 4, **SIZE}": 2,
    "dict(SIZE, cpu=5)": 5,
    "dict(cpu=6, **{})": 6,
    "dict(**dict(cpu=SIZE['cpu'] + 1))": 3,
    "SIZE | {'cpu': 7}": 7,
    "OWN": 8,
    "team.SIZE": 9,
    "SIZES['large']": 10,
}


@pytest.mark.parametrize("mapping", CORES)
def test_mappings_of_arguments(mapping: str, tmp_path: Path) -> None:
    (tmp_path / "team.py").write_text("SIZE = {'cpu': 9}\n", encoding="utf-8")
    head = "import team\nSIZE = {'cpu': 2}\nSIZES = {'large': {'cpu': 10}}"
    text = source("OWN = {'cpu': 8}", "pass", f"@resources(**{mapping})", head=head)
    assert f'requests=Resources(cpu="{CORES[mapping]}"' in code(text, tmp_path)


REFUSED_MAPPINGS = {
    "SIZE, cpu=1": "MF120 @resources is given cpu twice",
    "SIZE, **{'cpu': 1}": "MF120 @resources is given cpu twice",
    "{'cpus': 1}": "MF120 @resources has no attribute cpus",
    "{1: 1}": "MF301 the arguments of @resources cannot be known from the source",
    "{**made}": "MF301 the arguments of @resources cannot be known from the source",
    "CHANGED": "MF301 the arguments of @resources cannot be known from the source",
    "{'cpu': made()}": "MF301 @resources(cpu=…) cannot be known from the source",
}


@pytest.mark.parametrize("mapping", REFUSED_MAPPINGS)
def test_mappings_that_are_refused(mapping: str) -> None:
    head = "SIZE = {'cpu': 2}\nCHANGED = {}\nCHANGED['cpu'] = 1\ndef made():\n    return {}"
    text = source("x = 1", "pass", f"@resources(**{mapping})", head=head)
    (found,) = messages(text)
    assert found.startswith(REFUSED_MAPPINGS[mapping])


# ---------------------------------------------------------------------- in steps


def test_constants_carry_comments() -> None:
    members = "# How to train.\ncfg = Config('cfg', default_value={'a': 1})  # see the wiki"
    made = code(source(members, "self.a = self.cfg.a"))
    lines = ["# How to train.", "# see the wiki", '# Config("cfg") from default_value']
    assert "\n".join([*lines, 'CFG = ConfigValue({"a": 1})']) in made


def test_names_that_are_taken() -> None:
    made = code(
        source(start="CFG = self.cfg.size\nself.size = CFG", head="class ConfigValue: pass")
    )
    assert "CFG_ = ConfigValue_(" in made and "CFG = CFG_.size" in made


TYPES = {
    "self.cfg.size": "int",
    "self.cfg['size']": "int",
    "self.cfg.sub.text": "str",
    "self.cfg.size / 2": "float",
    "self.cfg.tags": "Artifact",
    "self.cfg.none": "Artifact",
    "self.cfg.get('size')": "Artifact",
    "self.cfg.keys": "Artifact",
}


@pytest.mark.parametrize("value", TYPES)
def test_types(value: str) -> None:
    made = code(source(start=f"self.found = {value}"))
    assert f"found: {TYPES[value]}\n" in made


COPIES = {
    "self.found = self.cfg.size": False,
    "self.cfg.tags.append('c')": True,
    "tags = self.cfg.tags\ntags.append('c')": True,
    "change(self.cfg.tags)": True,
    "change(self.cfg)": True,
    "change(self.cfg.sub)": False,
    "change(**self.cfg.sub)": False,
    "self.found = build(self.cfg.tags)": False,
    "getattr(self, 'cfg').tags.append('c')": True,
}


@pytest.mark.parametrize("body", COPIES)
def test_a_step_that_may_change_a_list_has_a_copy(body: str) -> None:
    head = "def change(x=None, **more):\n    x.append(1)\ndef build(x):\n    return [*x]\n"
    made = code(source(start=body, head=head))
    assert ("cfg = copy.deepcopy(CFG)  # each task has its own" in made) is COPIES[body]


def test_a_config_is_read_only() -> None:
    (found,) = messages(source(start="self.cfg = 1"))
    assert found.startswith("MF202 self.cfg is read-only")


def test_foreach_over_a_mapping_is_no_surprise() -> None:
    text = source(start="pass").replace("self.next(self.end)", "self.next(self.one, foreach='cfg')")
    text = text.replace(
        "    @step\n    def end(self)",
        "    @step\n    def one(self):\n        self.next(self.join)\n    @step\n"
        "    def join(self, inputs):\n        self.next(self.end)\n    @step\n    def end(self)",
    )
    assert [found[:5] for found in messages(text)] == ["MF213"]


def test_class_of_the_values() -> None:
    made = code(source(start="self.known = isinstance(self.cfg.sub, ConfigValue)"))
    assert "known = isinstance(CFG.sub, ConfigValue)" in made


def test_a_step_that_changes_a_list_leaves_the_constant_alone() -> None:
    """Also where assigning the config itself is tried in another step, which fails."""
    text = source(start="self.cfg.tags.append('c')").replace(
        "        pass\n", "        self.cfg = 1\n"
    )
    assert "copy.deepcopy(CFG)" in code(text)


def test_a_function_as_default_sees_the_configs() -> None:
    members = "cfg = Config('cfg', default_value={'a': 1})\np = Parameter('p', default=DEFAULT)"
    asks = code(source(members.replace("DEFAULT", "lambda c: c.configs.cfg.a"), "self.x = self.p"))
    assert "'p', ConfigValue({'cfg': {'a': 1}})".replace("'", '"') in asks
    plain = code(source(members.replace("DEFAULT", "lambda c: c.user_name"), "self.x = self.p"))
    assert "ConfigValue" not in plain and "configs={}" in plain


def test_names_of_parameters() -> None:
    """Metaflow counts configs among them, and has them first where mutators see them."""
    members = "b = Parameter('b', default=1)\ncfg = Config('cfg', default_value={})"
    body = "self.names = current.parameter_names"
    text = source(
        f"z = Parameter('z', default=1)\n{members}", body, head="from metaflow import current"
    )
    assert 'names = ["b", "cfg", "z"]' in code(text)
    head = "from metaflow import FlowMutator, current\nclass m(FlowMutator):\n    pass\n"
    text = source(members, body, head=head, above="@m")
    assert 'names = ["cfg", "b"]' in code(text)


MUTATORS = """\
from metaflow import FlowMutator, StepMutator

class sized(FlowMutator):
    def mutate(self, flow):
        BODY

class given(StepMutator):
    def init(self, *args, **kwargs):
        self.value = args[0] if args else kwargs["value"]

    def mutate(self, step):
        step.add_decorator(resources, deco_kwargs={"cpu": self.value})
"""

OF_FLOWS = {
    "cpu = flow.cfg.size": 'cpu="2"',
    "cpu = flow.cfg['size']": 'cpu="2"',
    "cpu = dict(flow.configs)['cfg'].size": 'cpu="2"',
    "cpu = getattr(flow, 'cfg').sub.cpu": 'cpu="3"',
    "cpu = flow.cfg.get('zz', 4)": 'cpu="4"',
    "cpu = flow.cfg.to_dict()['size']": 'cpu="2"',
    "cpu = 5 if hasattr(flow.cfg, 'zz') else 6": 'cpu="6"',
    "cpu = len(flow.cfg.sub)": 'cpu="2"',
    "cpu = sum(1 for key in flow.cfg)": 'cpu="5"',
}


@pytest.mark.parametrize("body", OF_FLOWS)
def test_mutators_of_flows(body: str) -> None:
    added = "; flow.start.add_decorator(resources, deco_kwargs={'cpu': cpu})"
    head = MUTATORS.replace("BODY", body.replace("dict(flow.configs)['cfg']", "flow.cfg") + added)
    assert OF_FLOWS[body] in code(source(start="pass", above="@sized", head=head))


REFUSED_IN_MUTATORS = {
    "cpu = flow.cfg.zz": "flow.cfg has no key 'zz'",
    "flow.cfg['size'] = 1": "flow.cfg is changed, which a Config does not allow",
    "flow.cfg.update(size=1)": "flow.cfg is changed, which a Config does not allow",
    "flow.cfg.tags.append(1)": "flow.cfg.tags is changed",
    "cpu = flow.empty": "flow.empty cannot be known from the source",
    "cpu = flow.Upper": "flow.Upper cannot be known from the source",
}


@pytest.mark.parametrize("body", REFUSED_IN_MUTATORS)
def test_refused_in_mutators(body: str) -> None:
    members = (
        "cfg = Config('cfg', default_value=VALUE)\nempty = Config('empty', default_value={})\n"
        "Upper = Config('Upper', default_value={'a': 1})"
    )
    head = MUTATORS.replace("BODY", body)
    (found,) = messages(source(members, "pass", above="@sized", head=head))
    assert found.startswith("MF510") and REFUSED_IN_MUTATORS[body] in found


OF_STEPS = {
    "@given(value=cfg.size)": 'cpu="2"',
    "@given(value=cfg.sub.cpu)": 'cpu="3"',
    "@given(config_expr('cfg.size + 2'))": 'cpu="4"',
    "@given(**cfg.options)": 'cpu="8"',
    "@given(1 if cfg else 2)": None,
    "@given(cfg.size)": None,
    "@given(config_expr('cfg').size)": None,
}


@pytest.mark.parametrize("decorator", OF_STEPS)
def test_mutators_of_steps(decorator: str) -> None:
    """Metaflow takes a first argument like ``cfg.size`` for the step, and fails."""
    value = {**VALUE, "options": {"value": 8}}
    members = f"cfg = Config('cfg', default_value={value!r})"
    text = source(members, "pass", decorator, head=MUTATORS.replace("BODY", "pass"))
    expected = OF_STEPS[decorator]
    if expected is not None:
        assert expected in code(text)
    else:
        (found,) = messages(text)
        assert found.startswith("MF657")
