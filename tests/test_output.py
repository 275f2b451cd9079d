"""What a reviewer, a linter and a type checker see in the generated modules, and that nothing in a
flow's source can get out of its place there."""

import ast
import copy
import difflib
import functools
import inspect
import json
import keyword
import os
import re
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codegen import Options, translate
from codegen.parse.names import metaflow_names
from codegen.symbols import Symbols
from tests.cases import EXAMPLES, GOLDEN, Case, cases
from tests.support.fuzz import budget
from tests.support.processes import clean_environment

CASES = {case.name: case for case in cases() if case.module.exists()}
ROOT = GOLDEN.parent
RUFF = Path(sys.executable).with_name("ruff")
EVERY = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def module_of(case: Case) -> str:
    return case.module.read_text(encoding="utf-8")


def source_of(case: Case) -> str:
    """The text of a flow, whose file may have another encoding and other line endings."""
    with case.path.open("rb") as file:
        encoding, _ = tokenize.detect_encoding(file.readline)
    return case.path.read_text(encoding=encoding)


def translated(source: str, filename: str = "flow.py", options: Options | None = None) -> str:
    result = translate(source, filename, options)
    assert result.code is not None, result.diagnostics
    return result.code


# ---------------------------------------------------------------------- ruff and mypy


@functools.cache  # one run of ruff for all modules, one for all flows
def complaints() -> dict[str, dict[str, set[str]]]:
    """``flow`` or ``module`` → case → the rules that ruff finds broken in it."""
    found: dict[str, dict[str, set[str]]] = {"flow": {}, "module": {}}
    rules = "--isolated --no-cache --select E4,E7,E9,F,E,I,UP,B --target-version py310".split()
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES.values():
            for kind, text in (("flow", source_of(case)), ("module", module_of(case))):
                file = Path(folder, kind, f"{case.name}.py")
                file.parent.mkdir(exist_ok=True)
                file.write_text(text, encoding="utf-8")
                found[kind][case.name] = set()
        command = [str(RUFF), "check", *rules, "--output-format", "json", folder]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode in (0, 1), done.stderr
    for entry in json.loads(done.stdout):
        file = Path(entry["filename"])
        found[file.parent.name][file.stem].add(entry["code"])
    return found


@EVERY
def test_ruff(case: Case) -> None:
    """ruff finds nothing but what it also finds in the flow: that is the author's own code."""
    known = complaints()["flow"][case.name]
    # Imports are ours to sort; and what was the attribute of a loop is a variable now, which the
    # loop need not use.
    assert complaints()["module"][case.name] - (known - {"I001"}) - {"B007"} == set()


def test_ruff_looks_at_the_flows_too() -> None:
    """Otherwise the comparison would always be with nothing."""
    assert "E731" in complaints()["flow"]["nested_scopes"]


def type_errors() -> dict[str, list[tuple[int, str]]]:
    """Case → line and message of what ``mypy --strict`` finds in its module."""
    found: dict[str, list[tuple[int, str]]] = {name: [] for name in CASES}
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES.values():
            Path(folder, f"{case.name}.py").write_text(module_of(case), encoding="utf-8")
        options = ["--config-file=", "--strict", "--ignore-missing-imports", "--no-error-summary"]
        options += ["--allow-subclassing-any"]
        # flytekit has no types of its own, so its decorators are untyped for mypy.
        options += ["--disable-error-code=untyped-decorator", "--hide-error-context"]
        command = [sys.executable, "-m", "mypy", *options, "--cache-dir", f"{folder}/.cache"]
        command += [f"{name}.py" for name in CASES]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode in (0, 1) and not done.stderr, done.stdout + done.stderr
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"(?P<case>\w+)\.py:(?P<line>\d+): error: (?P<message>.+)", line)
        if match:
            found[match["case"]].append((int(match["line"]), match["message"]))
    return found


def user_lines(case: Case) -> set[int]:
    """Lines of the module that hold the author's code: bodies of steps, what stood around the
    flow, and the other members of its classes."""
    module = ast.parse(module_of(case))
    sources = [path for path in case.path.parent.rglob("*.py") if path != case.module]
    files = [ast.parse(path.read_bytes()) for path in sources]
    own = {name for file in files for node in file.body for name in bound(node)}
    classes = [node for file in files for node in file.body if isinstance(node, ast.ClassDef)]
    own |= {name for each in classes for node in each.body for name in bound(node)}
    lines: set[int] = set()
    for node in module.body:
        names = bound(node)
        if isinstance(node, ast.FunctionDef) and is_task(node):
            lines |= span(node.body[0].lineno, node)
        elif names & own or not names:
            lines |= span(node.lineno, node)
    return lines


def span(first: int, node: ast.stmt) -> set[int]:
    return set(range(first, (node.end_lineno or first) + 1))


def is_task(node: ast.FunctionDef) -> bool:
    called = node.decorator_list[0] if node.decorator_list else None
    called = called.func if isinstance(called, ast.Call) else called
    return isinstance(called, ast.Name) and called.id.rstrip("_") == "task"


def bound(node: ast.stmt) -> set[str]:
    """Names that a statement binds at the top level."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    return {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


#: Where the steps give no reason to complain, neither do the inputs that we decode in them.
TYPED = (
    "hello",
    "environment_vars",
    "parameter_multiple",
    "parameter_separator",
    "parameter_types",
    "retry_timeout_resources",
    "schedule_daily",
    "timeout_caught",
    "types_native",
)


def test_types() -> None:
    """All that is not the author's own code passes ``mypy --strict``.

    One test for all modules, since mypy is slow to start and quick to go on.
    """
    found = type_errors()
    # An input of a loop that only an earlier round can have set is None for mypy, and Unset for us.
    ours = {
        name: [
            (line, text)
            for line, text in errors
            if line not in user_lines(CASES[name])
            and not ('None"' in text and "| None = None" in module_of(CASES[name]))
        ]
        for name, errors in found.items()
    }
    assert {name: errors for name, errors in ours.items() if errors} == {}
    assert {name: found[name] for name in TYPED if found[name]} == {}
    # What the author's own code gives reason for is there: mypy did look into the steps.
    assert any("groups" in text for _, text in found["mutation_alias"])


# ---------------------------------------------------------------------- the same text every time

_EVERY_MODULE = """
import json, pathlib, sys
from codegen import Options, translate

def options(path):
    file = path.with_name("options.json")
    given = json.loads(file.read_text()) if file.exists() else {}
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    return Options(folder=path.parent, **{**given, **lists})

order = sorted(pathlib.Path(sys.argv[1]).glob("*/flow.py"), reverse=sys.argv[2] == "back")[::8]
for path in order:
    code = translate(path.read_bytes(), "flow.py", options(path)).code
    module = path.with_name("flyte_wf.py")
    if code != (module.read_text(encoding="utf-8") if module.exists() else None):
        print(path.parent.name)
print(len(order), "flows")
"""


def test_same_bytes_in_every_process() -> None:
    """Whatever the hash seed, and whatever was translated before in the same process."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _EVERY_MODULE, str(GOLDEN), order],
            env=clean_environment() | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for seed, order in (("1", "on"), ("2", "back"))
    ]
    count = (len(cases()) + 7) // 8  # each eighth, another one on the way back
    assert [process.communicate()[0] for process in running] == [f"{count} flows\n"] * 2


def test_same_bytes_twice_in_a_process() -> None:
    for name in ("monthly_report", "name_collisions", "environment_vars"):
        source = CASES[name].path.read_bytes()
        assert translate(source) == translate(source)


_SETS = ("{'b', 'a', 'c'}", "str({'b', 'a', 'c'})", "list({'b', 'a', 'c'})")
_ALL = """
import json, sys
from codegen import Options, translate

print([ascii(translate(source, "flow.py")) for source in json.load(sys.stdin)])
"""


def test_sets_bring_no_order_of_their_own() -> None:
    """Neither where the text of a value is computed here, nor anywhere else."""
    sources = [flow_source(variable=value) for value in _SETS]
    sources += [flow_source(default=value) for value in _SETS]
    printed = [
        ast.literal_eval(
            subprocess.run(
                [sys.executable, "-c", _ALL],
                input=json.dumps(sources),
                env=clean_environment() | {"PYTHONHASHSEED": seed},
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for seed in ("1", "2", "3")
    ]
    differ = [
        source for source, *results in zip(sources, *printed, strict=True) if len(set(results)) > 1
    ]
    assert differ == []


def test_place_of_the_flow_does_not_matter(tmp_path: Path) -> None:
    source = (EXAMPLES / "train.py").read_bytes()
    elsewhere = translate(source, str(tmp_path / "deep" / "train.py"))
    assert elsewhere == translate(source, "train.py")
    assert elsewhere == translate(source, "C:\\flows\\train.py")


@EVERY
def test_stands_alone(case: Case) -> None:
    """Neither Metaflow nor mf-codegen is imported, and nothing tells where the module was made."""
    code = module_of(case)
    roots = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(code))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [])
        + ([node.module or "."] if isinstance(node, ast.ImportFrom) else [])
    }
    kept = {"metaflow"} if case.options.keep_metaflow else set()  # inside of functions
    assert "flytekit" in roots and not roots & {"metaflow", "codegen", "mf_codegen", "."} - kept
    assert not re.search(r"^(from|import) metaflow", code, re.MULTILINE)
    assert re.search(r"\bmetaflow\b", code) is None or "metaflow" in source_of(case).replace(
        "from metaflow import", ""
    )
    for place in (ROOT, Path.home(), Path(tempfile.gettempdir()), Path(sys.prefix)):
        assert f"{place}{os.sep}" not in code


@EVERY
def test_nothing_is_defined_in_vain(case: Case) -> None:
    """Every helper, outputs type and constant that we add is used; ruff sees to imports only."""
    tree = ast.parse(module_of(case))
    own = {name for node in ast.parse(source_of(case)).body for name in bound(node)}
    used = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    added = {name for node in tree.body for name in bound(node)} - own
    entities = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list
    }
    plans = {name for name in added if name.endswith("_schedule")}
    assert added - used - entities - plans == set()


@EVERY
def test_helpers_are_short_and_say_why(case: Case) -> None:
    own = {name for node in ast.parse(source_of(case)).body for name in bound(node)}
    helpers = [
        node
        for node in ast.parse(module_of(case)).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and node.name.rstrip("_") in Symbols.HELPERS
        and node.name not in own
        and not (isinstance(node, ast.FunctionDef) and is_task(node))
    ]
    for node in helpers:
        assert ast.get_docstring(node), node.name
        assert (node.end_lineno or 0) - node.lineno + 1 <= 30, node.name


# ---------------------------------------------------------------------- small changes stay small


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if re.match(r"[+-](?![+-]{2} )", line)]


@pytest.mark.parametrize("case", list(CASES.values())[::4], ids=list(CASES)[::4])
def test_one_more_line_in_each_step(case: Case) -> None:
    """A line more before each ``self.next`` is a line more in each task, and nothing else."""
    if case.options.cache:
        pytest.skip("the version of the cache tells that the code has changed")
    source = source_of(case)
    probed, count = re.subn(
        r"^([ \t]*)(self\.next\(self\.\w+\))", r"\1'''probe'''; \2", source, flags=re.MULTILINE
    )
    changes = changed_lines(module_of(case), translated(probed, options=case.options))
    changes = [line for line in changes if line != "-    pass"]  # an empty body is no longer one
    assert all(line.startswith("+") and "probe" in line for line in changes), changes
    assert len(changes) <= count


_PLAIN = """\
from metaflow import FlowSpec, Parameter, resources, retry, schedule, step

SLOPE, INTERCEPT = 3.0, -2.0


@schedule(daily=True)
class TrainFlow(FlowSpec):
    rows = Parameter("rows", help="Number of points", default=200)

    @step
    def start(self):
        self.points = [(x, SLOPE * x + INTERCEPT) for x in range(self.rows)]
        self.next(self.train)

    # the expensive step
    @retry(times=2, minutes_between_retries=1)
    @resources(cpu=2, memory=4096)
    @step
    def train(self):
        self.model = fit(self.points[::5])
        self.next(self.end)

    @step
    def end(self):
        print(self.model)
"""


@pytest.mark.parametrize(
    ("old", "new", "most"),
    [
        ("SLOPE, INTERCEPT = 3.0", "SLOPE, INTERCEPT = 4.0", 2),
        ("[::5]", "[::6]", 2),
        ("default=200", "default=300", 2),
        ("times=2", "times=3", 4),  # Flyte's own count, and the wrapper's
        ("cpu=2", "cpu=3", 2),
        ("daily=True", "hourly=True", 4),  # the schedule, and the comment above it
        ("Number of", "Count of", 2),
        ("        print(", "        print()\n        print(", 1),
        ("the expensive", "the most expensive", 2),
    ],
    ids=lambda value: str(value).split("\n")[0].strip() if isinstance(value, str) else "",
)
def test_small_change(old: str, new: str, most: int) -> None:
    assert _PLAIN.count(old) == 1
    changes = changed_lines(translated(_PLAIN), translated(_PLAIN.replace(old, new)))
    assert 0 < len(changes) <= most, changes


def definitions(code: str) -> dict[str, str]:
    """Name → text without the body, of what a module defines."""
    found = {}
    for node in ast.parse(code).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = type(node).__name__
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.unparse(node.value)
    return found


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in list(CASES.values())[1::4]
        # the mutator of mutator_loop numbers the steps, with_option gives each one artifacts
        if re.search(r"self\.next\(self\.(end|finish)\)", source_of(case))
        and case.name not in ("mutator_loop", "with_option")
    ],
    ids=lambda case: str(case.name),
)
def test_another_step_renames_nothing(case: Case) -> None:
    """Flyte keeps the history of tasks, workflows and schedules by name."""
    source = source_of(case)
    last = next(step for step in case.flow().steps.values() if step.transition is None)
    if last.position.file:
        pytest.skip("the last step stands in another file")
    # Every way to the last step now leads over a new one, which stands before it in the class.
    changed = re.sub(rf"self\.next\(self\.{last.name}\)", "self.next(self.added_step)", source)
    lines = changed.splitlines(keepends=True)
    place = min(last.node.lineno, *(node.lineno for node in last.node.decorator_list)) - 1
    margin = re.sub(r"\S.*", "", lines[place].rstrip())
    names = metaflow_names(ast.parse(source).body)
    decorator = next(
        local if dotted == "metaflow.step" else f"{local}.step"
        for local, dotted in names.items()
        if dotted in ("metaflow.step", "metaflow")
    )
    lines[place:place] = [
        f"{margin}@{decorator}\n",
        f"{margin}def added_step(self):\n",
        f"{margin}    self.next(self.{last.name})\n",
    ]
    before, after = (
        definitions(module_of(case)),
        definitions(translated("".join(lines), options=case.options)),
    )
    # a mutator may decorate the new step too
    new = {name for name in set(after) - set(before) if not name.startswith("ADDED_STEP_")}
    assert new == {"added_step"}
    graphs = {name for name in before if name.endswith("_STEPS")}  # cards draw the new step too
    assert {name: after.get(name) for name in before if name not in graphs} == {
        name: text for name, text in before.items() if name not in graphs
    }


# ---------------------------------------------------------------------- source text stays in place

_FLOW = """\
from metaflow import FlowSpec, Parameter, environment, schedule, step


@schedule(daily=True, timezone={zone})
class TextFlow(FlowSpec):
    {docstring}
    text = Parameter('text', help={help}, default={default})

    @environment(vars={{'NAME': {variable}}})
    @step
    def start(self):
        {step}
        self.first = {artifact}
        self.next(self.end)

    @step
    def end(self):
        print(self.first, self.text)
"""


def flow_source(
    *,
    zone: str = "'Europe/Berlin'",
    docstring: str = "'A docstring.'",
    help: str = "'Help.'",
    default: str = "'default'",
    variable: str = "'value'",
    step: str = "'A step.'",
    artifact: str = "'artifact'",
) -> str:
    """A flow with these literals in it."""
    return _FLOW.format(
        zone=zone,
        docstring=docstring,
        help=help,
        default=default,
        variable=variable,
        step=step,
        artifact=artifact,
    )


def skeleton(code: str) -> str:
    """The syntax tree of a module without the content of its strings."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        for statement in without_docstring(node):
            assert not (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            ), "a string out of its place"
    return ast.dump(tree)


def without_docstring(node: ast.AST) -> Iterator[ast.stmt]:
    if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        yield from node.body


@functools.cache
def expected_skeleton() -> str:
    return skeleton(translated(flow_source()))


def parts(code: str) -> dict[str, ast.AST]:
    return {
        name: node
        for node in ast.parse(code).body
        for name in (
            [node.name] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else bound(node)
        )
    }


#: What has a meaning to Python, Jinja, Sphinx, black or a terminal.
_NASTY = (
    '"""', "'''", '"', "'", "\\", "\\\\", "\n", "\r", "\r\n", "\t", "\f", "\0", "\x1b[0m",
    "{{", "}}", "{%", "%}", "{#", "#}", "{% raw %}", "{{ py.task }}", "#", "# noqa", "# fmt: off",
    "# type: ignore", "\\N{DASH}", "\\x", "\\u12", "%s", "{0}", "${HOME}", "$(ls)",
    '"""\nimport os; os.system("x")\n"""', "'''\nimport os\n'''", "\n\nimport os\n",
    "\nArgs:\n    text: no", "    ", "  \n  ", "\u2028", "\x85", "\ufeff", "\u202e", "\ud800",
    "日本", "🎉", ";", ")", "):\n    pass\n", "\\\n",
)  # fmt: skip
_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.lists(st.sampled_from(_NASTY) | st.text(max_size=3), max_size=6).map("".join),
)
_AS_LITERAL: st.SearchStrategy[Callable[[str], str]] = st.sampled_from(
    [repr, ascii, lambda text: "('' " + repr(text) + ")", lambda text: repr(text) + " ''"]
)


def plain(text: str) -> str:
    """As a literal that ``ast`` takes for a docstring, in a file that can be saved as UTF-8."""
    return ascii(text)


@pytest.mark.fuzz
@budget(60)
@given(docstring=_TEXT, help=_TEXT, default=_TEXT, variable=_TEXT, step=_TEXT, literal=_AS_LITERAL)
@example(*[f"{text}x{text}" for text in ('"""', "'", "\\", "{{", "{%")], repr)
@example(*['"""\nimport os; os.system("x")\n"""'] * 5, repr)
@example(*["\\"] * 5, repr)
@example(*['"'] * 5, repr)
@example(*["\0\ud800"] * 5, ascii)
@example(*[" \n\t\f "] * 5, ascii)
@example('"""', "", "", "", "", repr)  # a docstring of one line
@example('x\\"', "", "", "", "", repr)
@example("x\\", "", "", "", "", repr)
def test_texts_survive(
    docstring: str,
    help: str,
    default: str,
    variable: str,
    step: str,
    literal: Callable[[str], str],
) -> None:
    source = flow_source(
        docstring=plain(docstring),
        help=literal(help),
        default=literal(default),
        variable=literal(variable),
        step=plain(step),
    )
    code = translated(source)
    assert skeleton(code) == expected_skeleton()
    code.encode("utf-8")  # or it could not be written
    found = parts(code)
    workflow, start = found["text_flow"], found["start"]
    assert isinstance(workflow, ast.FunctionDef) and isinstance(start, ast.FunctionDef)
    assert ast.literal_eval(workflow.args.defaults[0]) == default
    environment = found["START_ENVIRONMENT"]
    assert isinstance(environment, ast.Assign)
    assert ast.literal_eval(environment.value) == {"NAME": variable}
    shown = (ast.get_docstring(workflow) or "").split()
    expected = inspect.cleandoc(docstring).split()
    assert shown[: len(expected)] == expected
    assert shown[len(shown) - len(help.split()) :] == help.split()
    # black may only change the white space of a docstring
    assert (ast.get_docstring(start) or "").split() == step.split()


@pytest.mark.fuzz
@budget(40)
@given(zone=_TEXT, literal=_AS_LITERAL)
@example("\0", ascii)
@example("\ud800", ascii)
@example("\nimport os\n", repr)
@example("\u2028import os", repr)
@example("\rimport os", ascii)
def test_text_in_comments_stays_there(zone: str, literal: Callable[[str], str]) -> None:
    """A warning is repeated as a comment above the launch plan."""
    code = translated(flow_source(zone=literal(zone)))
    assert skeleton(code) == expected_skeleton()
    code.encode("utf-8")


@pytest.mark.fuzz
@budget(40)
@given(text=_TEXT.filter(lambda text: "\0" not in text), kind=st.sampled_from(["#", '"', "'"]))
@example("{{ x }} {% raw %}", "#")
@example("{# x", "'")
def test_text_that_is_kept_verbatim(text: str, kind: str) -> None:
    """Comments and literals of the author come out as they went in, wherever they stand."""
    line = "".join(char for char in text if char.isprintable()).encode("utf-8", "ignore").decode()
    if kind == "#":
        source = flow_source(step=f"pass  # {line}")
        source = source.replace("@schedule", f"# {line}\n@schedule").replace(
            "    text = P", f"    # {line}\n    text = P"
        )
        code = translated(f"# {line}\nA = 1  # {line}\n{source}")
        assert code.count(f"# {line}".rstrip()) >= 4 or "coding" in line
        return
    text = "{}{}{}".format(kind, line.replace("\\", "").replace(kind, ""), kind)
    code = translated(f"VALUE = {text}\n{flow_source(artifact=text)}")
    found = parts(code)
    value, start = found["VALUE"], found["start"]
    assert isinstance(value, ast.Assign) and isinstance(start, ast.FunctionDef)
    assert ast.literal_eval(value.value) == ast.literal_eval(text)
    first = next(node for node in start.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(first.value) == ast.literal_eval(text)


_NAME = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True) | st.sampled_from(
    [*Symbols.reserved(), *keyword.softkwlist, "self_", "print", "fn", "call", "inputs", "result"]
)


@pytest.mark.fuzz
@budget(60)
@given(artifact=_NAME, step=_NAME, parameter=_NAME)
@example("Artifact", "task", "with_artifacts")
@example("locals", "Unset", "workflow")
@example("_0", "a", "b")  # no name once the underscore is gone
@example("_class", "a", "b")
@example("_", "a", "b")
@example("__", "a", "_b")
@example("end_out", "start_out", "x")
def test_any_name(artifact: str, step: str, parameter: str) -> None:
    """Names of the flow may be those that the module needs itself: then one of them gives way."""
    source = f"""\
from metaflow import FlowSpec, Parameter, retry, step as step_of_flow


class NamesFlow(FlowSpec):
    {parameter} = Parameter("value", default=1)

    @step_of_flow
    def start(self):
        self.{artifact} = [self.{parameter}]
        self.next(self.{step})

    @retry(times=1, minutes_between_retries=1)
    @step_of_flow
    def {step}(self):
        self.{artifact}.append(self.{parameter})
        self.next(self.end)

    @step_of_flow
    def end(self):
        print(self.{artifact})
"""
    result = translate(source, "flow.py")
    if result.code is None:
        # Metaflow refuses some names; the flow itself must have said why.
        assert any(found.severity.value == "error" for found in result.diagnostics)
        return
    tree = ast.parse(result.code)
    tops = [name for node in tree.body for name in bound(node)]
    assert len(tops) == len(set(tops)), "a name is defined twice"
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert not imported & set(tops)
    assert (
        len(tasks := [n for n in tree.body if isinstance(n, ast.FunctionDef) and is_task(n)]) == 3
    )
    for node in tasks:
        names = [argument.arg for argument in node.args.args]
        assert len(names) == len(set(names))
        assert not {artifact, parameter} & set(names) & {"self"}


def test_the_checks_of_this_file_can_fail() -> None:
    """A string in the wrong place and a statement too many are seen."""
    code = translated(flow_source())
    with pytest.raises(AssertionError, match="out of its place"):
        skeleton(f"{code}\n'x'\n")
    assert skeleton(f"{code}\nimport os\n") != expected_skeleton()
    assert skeleton(code.replace("'A docstring.'", "'Another.'")) == expected_skeleton()
    assert copy.copy(expected_skeleton()) == skeleton(code)
