"""Each argument of an IncludeFile: the input that it becomes, and what the steps read from it."""

import ast
import shutil
from pathlib import Path

import metaflow
import pytest

from codegen import Options, translate
from codegen.diagnostics import Severity
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.support.metaflow_side import run_metaflow
from tests.unit.sources import codes, flow_source, graph_source, module, task

IMPORTS = "import os\nfrom metaflow import FlowSpec, IncludeFile, Parameter, step"
HEAD = """
    import json
    from elsewhere import imported
    NAME = "rows.csv"
    PATH = os.path.join(os.path.dirname(__file__), "rows.csv")
    ENCODING = "latin-1"
    DOTTED = "shop.rows.parse"
    made = imported
    def beside(name): return name
    def computed(context): return "rows.csv"
    def parse(text): return text.split()
"""


def source(arguments: str, body: str = "print(self.n)", members: str = "") -> str:
    declared = f"{members}\nn = IncludeFile({arguments})".strip()
    return flow_source(body, "pass", head=HEAD, members=declared, imports=IMPORTS)


def signature(arguments: str) -> tuple[str, str | None]:
    """Type and default of the only input of the workflow; for a constant, what it is."""
    tree = ast.parse(module(source(arguments)))
    (found,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "the_flow")
    (argument,) = found.args.args
    assert argument.arg == "n" and argument.annotation is not None
    shown = ast.unparse(found.args.defaults[0]) if found.args.defaults else None
    constants = {
        ast.unparse(node.targets[0]): ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
    }
    return ast.unparse(argument.annotation), constants.get(shown or "", shown)


SIGNATURES: dict[str, tuple[str, str | None]] = {
    "'n'": ("FlyteFile | None", "None"),
    "name='n', default=None": ("FlyteFile | None", "None"),
    "'n', required=None": ("FlyteFile | None", "None"),
    "'n', required=False": ("FlyteFile | None", "None"),
    "'n', 0": ("FlyteFile | None", "None"),
    "'n', required=True": ("FlyteFile", None),
    "'n', True": ("FlyteFile", None),
    "'n', default='rows.csv'": ("FlyteFile", "FlyteFile('rows.csv')"),
    "'n', default='rows.csv', required=True": ("FlyteFile", "FlyteFile('rows.csv')"),
    "'n', default=NAME": ("FlyteFile", "FlyteFile(NAME)"),
    "'n', default='data/' + NAME": ("FlyteFile", "FlyteFile('data/' + NAME)"),
    "'n', default=PATH": ("FlyteFile", "FlyteFile(PATH)"),
    "'n', default=beside(NAME)": ("FlyteFile", "FlyteFile(beside(NAME))"),
    "'n', default=os.environ.get('ROWS')": ("FlyteFile", "FlyteFile(os.environ.get('ROWS'))"),
    "'n', default='~/rows.csv'": ("FlyteFile", "default_file('~/rows.csv')"),
    "'n', default=beside('~/' + NAME)": ("FlyteFile", "default_file(beside('~/' + NAME))"),
    "'n', default=computed": (
        "FlyteFile",
        "default_file(deploy_time(computed, 'TheFlow', 'n'))",
    ),
    "'n', default=lambda context: NAME": (
        "FlyteFile",
        "default_file(deploy_time(lambda context: NAME, 'TheFlow', 'n'))",
    ),
}


@pytest.mark.parametrize("arguments", SIGNATURES)
def test_signatures(arguments: str) -> None:
    assert signature(arguments) == SIGNATURES[arguments]


READS = {
    "'n', True": "n = Path(n_file).read_text(encoding='utf-8')",
    "'n', True, None, None": "n = Path(n_file).read_text(encoding='utf-8')",
    "'n', True, 1": "n = Path(n_file).read_text(encoding='utf-8')",
    "'n', True, 'no'": "n = Path(n_file).read_text(encoding='utf-8')",
    "'n', True, encoding='utf-16'": "n = Path(n_file).read_text(encoding='utf-16')",
    "'n', True, encoding=ENCODING": "n = Path(n_file).read_text(encoding='latin-1')",
    "'n', True, is_text=False": "n = Path(n_file).read_bytes()",
    "'n', True, 0, 'no encoding at all'": "n = Path(n_file).read_bytes()",
    "'n', True, is_text=False, parser=len": "n = len(Path(n_file).read_bytes())",
    "'n', True, parser=parse": "n = parse(Path(n_file).read_text(encoding='utf-8'))",
    "'n', True, parser=None": "n = Path(n_file).read_text(encoding='utf-8')",
    "'n', True, parser=json.loads": "n = json.loads(Path(n_file).read_text(encoding='utf-8'))",
    "'n', True, parser=DOTTED": "n = parse_(Path(n_file).read_text(encoding='utf-8'))",
    "'n', True, parser='flow.parse'": "n = parse(Path(n_file).read_text(encoding='utf-8'))",
    "'n', True, parser=lambda x: x": "n = parse_n(Path(n_file).read_text(encoding='utf-8'))",
    "'n'": "n = None if n_file is None else Path(n_file).read_text(encoding='utf-8')",
    "'n', parser=parse": (
        "n = None if n_file is None else parse(Path(n_file).read_text(encoding='utf-8'))"
    ),
}


@pytest.mark.parametrize("arguments", READS)
def test_reads(arguments: str) -> None:
    first = ast.parse(task(source(arguments), "start")).body[0]
    assert ast.unparse(first) == READS[arguments]


DEFINITIONS = {
    "lambda x: x + 'ä'": "def parse_n(x: str) -> Any:\n    return x + 'ä'",
    "lambda x, /, y=NAME, *z: sum(len(i) for i in (x, y, *z))": (
        "def parse_n(x: str, /, y: Any=NAME, *z: Any) -> Any:\n"
        "    return sum((len(i) for i in (x, y, *z)))"
    ),
    "lambda *, key=1, **more: None": (
        "def parse_n(*, key: str=1, **more: Any) -> Any:\n    return None"
    ),
}


@pytest.mark.parametrize("parser", DEFINITIONS)
def test_lambdas_are_functions(parser: str) -> None:
    tree = ast.parse(module(source(f"'n', True, is_text=True, parser={parser}")))
    (found,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "parse_n")
    found.body = found.body[1:]  # the docstring
    assert ast.unparse(found) == DEFINITIONS[parser]


def test_the_function_of_a_lambda_has_a_name_of_its_own() -> None:
    """Neither a step nor a local variable is called so."""
    steps = ("start: self.x = self.n\n> parse_n", "parse_n: parse_n_ = self.n\n> end", "end: pass")
    text = graph_source(
        *steps, members="n = IncludeFile('n', True, parser=lambda x: x)", imports=IMPORTS
    )
    code = module(text)
    assert "def parse_n__(x: str) -> Any:" in code and "def parse_n(" in code


def test_a_local_variable_hides_the_parser() -> None:
    text = source("'n', True, parser=json.loads", body="x = self.n\njson = 1\nprint(x, json)")
    code = module(text)
    assert "\nparse_n = json.loads\n" in code
    assert "n = parse_n(" in task(text, "start")


def test_import_for_a_dotted_name() -> None:
    """Under another name if the module has that one, here from the head."""
    code = module(source("'n', True, parser='shop.rows.parse'"))
    assert "from shop.rows import parse as parse_\n" in code
    assert "from shop.rows import other\n" in module(source("'n', True, parser='shop.rows.other'"))


REFUSED = {
    "": ["MF122"],
    "5": ["MF122"],
    "'tag'": ["MF122"],
    "'n', True, True, 'utf-8', '', None, 'x'": ["MF122"],
    "'n', name='n'": ["MF122"],
    "'n', default=5": ["MF122"],
    "'n', default=b'x'": ["MF122"],
    "'n', default=['rows.csv']": ["MF122"],
    "'n', default=''": ["MF661"],
    "'n', default='s3://bucket/rows.csv'": ["MF661"],
    "'n', default='{}'": ["MF661"],
    "'n', default=made": ["MF301"],
    "'n', default=imported": ["MF301"],
    "'n', default=os.sep": ["MF301"],
    "'n', encoding='utf-99'": ["MF122"],
    "'n', encoding='rot13'": ["MF122"],
    "'n', encoding=5": ["MF122"],
    "'n', encoding=''": ["MF122"],
    "'n', encoding=imported": ["MF301"],
    "'n', is_text=imported": ["MF301"],
    "'n', required=imported": ["MF301"],
    "'n', help=imported": ["MF301"],
    "'n', type=str": ["MF122"],
    "'n', separator=','": ["MF122"],
    "'n', multiple=True": ["MF304"],
    "'n', callback=print": ["MF304"],
    "'n', parser=5": ["MF122"],
    "'n', parser=''": ["MF122"],
    "'n', parser='loads'": ["MF122"],
    "'n', parser='json. loads'": ["MF122"],
    "'n', parser='.plugins.parsers.yaml_parser'": ["MF662"],
    "'n', parser='metaflow.plugins.parsers.yaml_parser'": ["MF662"],
    "'n', parser=FlowSpec": ["MF503"],
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refused(arguments: str) -> None:
    assert codes(source(arguments, body="pass")) == REFUSED[arguments]


NOTED = {
    "'n', separator=None": [],
    "'n', show_default=True": [],
    "'n', show_default=False": ["MF303"],
    "'n', default=NAME": ["MF660"],
    "'n', default=computed": ["MF302", "MF660"],
    "'other'": ["MF206"],
}


@pytest.mark.parametrize("arguments", NOTED)
def test_noted(arguments: str) -> None:
    found = codes(source(arguments, body="pass"))
    assert [code for code in found if code != "MF702"] == NOTED[arguments]


def test_positions() -> None:
    text = source("'n', default='s3://b', help='x'", body="pass")
    (found,) = translate(text).diagnostics
    line = text.splitlines()[found.position.line - 1]
    assert line[found.position.column - 1 :].startswith("'s3://b'")


BELONGS = {
    "a parser": ("def parse_it(text): return text", "parser=parse_it", "MF662"),
    "in a parser": ("SEP = ','", "parser=lambda text: text.split(SEP)", "MF662"),
    "a computed default": ("FOLDER = os.getcwd()", "default=os.path.join(FOLDER, 'x')", "MF301"),
    "a function as default": ("SEP = ','", "default=lambda context: SEP", "MF301"),
}


@pytest.mark.parametrize("case", BELONGS)
def test_names_of_the_class(case: str) -> None:
    """The class is gone; its constants may be as well."""
    member, argument, code = BELONGS[case]
    found = codes(source(f"'n', {argument}", body="pass", members=member))
    assert [each for each in found if each not in ("MF302", "MF660", "MF704")] == [code]


def test_a_constant_of_the_class_is_written_out() -> None:
    """Whatever becomes of the constant."""
    code = module(source("'n', default=DEFAULT", members="DEFAULT = 'x.csv'"))
    assert 'N_DEFAULT = FlyteFile("x.csv")' in code
    parameter = flow_source("print(self.p)", "pass", members="LIMIT = 5\np = Parameter('p', LIMIT)")
    assert "def the_flow(p: int = 5) ->" in module(parameter)


def test_help_is_in_the_docstring() -> None:
    assert "        n: The rows.\n" in module(source("'n', help='The rows.'"))


def test_names_of_parameters_are_unique() -> None:
    members = "a = IncludeFile('n')\nb = Parameter('N')"
    text = flow_source("pass", "pass", members=members, imports=IMPORTS)
    assert "MF122" in codes(text)


@pytest.mark.parametrize("imports", ["import metaflow as mf", "from metaflow import *"])
def test_other_imports(imports: str) -> None:
    name = "mf." if " as " in imports else ""
    text = flow_source("print(self.n)", "pass", members="n = IncludeFile('n', True)").replace(
        "from metaflow import FlowSpec, JSONType, Parameter, step", imports
    )
    for each in ("IncludeFile", "FlowSpec)", "@step"):
        text = text.replace(each, f"@{name}step" if each == "@step" else f"{name}{each}")
    assert "n = Path(n_file).read_text(" in module(text)
    renamed = source("'n', True").replace("IncludeFile", "Included")
    renamed = renamed.replace(
        "FlowSpec, Included", "FlowSpec\nfrom metaflow.includefile import IncludeFile as Included"
    ).replace("Included, Parameter, step", "Included\nfrom metaflow import Parameter, step")
    assert "n = Path(n_file).read_text(" in module(renamed)


def test_a_schedule_needs_a_default() -> None:
    def scheduled(arguments: str) -> str:
        text = source(arguments).replace("class TheFlow", "@schedule(daily=True)\nclass TheFlow")
        return text.replace("FlowSpec, Inc", "FlowSpec, schedule, Inc")

    assert "MF604" in codes(scheduled("'n', required=True"))
    assert "MF604" not in codes(scheduled("'n'"))
    assert "N_DEFAULT = default_file(NAME)" in module(scheduled("'n', default=NAME"))


def test_a_launch_plan_of_ones_own() -> None:
    """It looks at the default whenever the module is imported."""
    found = translate(source("'n', default=NAME"), options=Options(max_parallelism=2)).code
    assert found is not None and "N_DEFAULT = default_file(NAME)" in found


def test_modules_of_dotted_parsers(tmp_path: Path) -> None:
    """They are named as those beside the module; one that needs Metaflow is refused."""
    (tmp_path / "rows.py").write_text("def parse(text):\n    return text\n")
    text = source("'n', True, parser='rows.parse'")
    found = translate(text, options=Options(folder=tmp_path))
    assert found.code is not None and "It imports rows.py, which belongs beside it." in found.code
    (tmp_path / "rows.py").write_text("import metaflow\n\n\ndef parse(text):\n    return text\n")
    found = translate(text, options=Options(folder=tmp_path))
    errors = [each.code for each in found.diagnostics if each.severity is Severity.ERROR]
    assert errors == ["MF662"]


TUTORIALS = {"01-playlist/playlist.py": "PlayListFlow", "02-statistics/stats.py": "MovieStatsFlow"}


@pytest.mark.parametrize("file", TUTORIALS)
def test_tutorials(file: str, tmp_path: Path) -> None:
    """Metaflow's own tutorials, with an order of sets and a choice of movies that stay the same."""
    original = Path(metaflow.__file__).parent / "tutorials" / file
    folder = tmp_path / "tutorial"
    shutil.copytree(original.parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    flow = folder / original.name
    text = flow.read_text(encoding="utf-8")
    text = text.replace("shuffle(self.movies)", "self.movies.sort()")
    text = text.replace("choice(movies)", "movies[3]")
    text = text.replace("list(self.genres)", "sorted(self.genres)")
    flow.write_text(text, encoding="utf-8")
    result = translate(text, flow.name)
    assert result.code is not None, result.diagnostics
    module_ = folder / "flyte_wf.py"
    module_.write_text(result.code, encoding="utf-8")
    name = TUTORIALS[file]
    workflow = {"PlayListFlow": "play_list_flow", "MovieStatsFlow": "movie_stats_flow"}[name]
    expected = run_metaflow(flow, {}, flow_name=name)
    found = run_flyte(module_, workflow, {})
    assert expected.error is None, expected.stdout
    assert compare(expected, found, set(expected.constants)) == []
    assert found.warnings == []
