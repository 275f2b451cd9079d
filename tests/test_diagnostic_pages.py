"""The pages of the messages say what is true: each example, translated, is told what its page
explains, and each corrected one is not."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen import Options, Translation, translate
from codegen.cli import main
from codegen.diagnostics import CODES, Severity

PAGES = Path(__file__).resolve().parents[1] / "docs" / "diagnostics"

#: Pages whose example cannot be shown as a Python file; they have tests of their own below.
NO_PYTHON = {
    "MF001",
    "MF005",
    "MF501",
    "MF509",
    "MF627",
    "MF641",
    "MF656",
    "MF659",
    "MF665",
    "MF674",
    "MF703",
}

#: Notes that come with every message on the main guard, on images and on secrets.
ALONGSIDE = {"MF620", "MF626", "MF701"}

_HEADINGS = ["## What it means", "## Example", "## What to do"]
_FENCE = re.compile(r"^```(?P<info>.*)\n(?P<body>(?:.*\n)*?)```$", re.MULTILINE)
_ROW = re.compile(r"^\| \[(MF\d{3})\]\((MF\d{3}\.md)\) \| (\w+) \| (.+) \|$", re.MULTILINE)

_FLOW = """\
from metaflow import FlowSpec, step


class TrainFlow(FlowSpec):
    @step
    def start(self):
        total = {}
        print(total)
"""


@dataclass(frozen=True)
class Page:
    """A page of the documentation, with the code blocks of one kind by their info string."""

    code: str
    text: str

    def blocks(self, info: str) -> list[str]:
        return [found["body"] for found in _FENCE.finditer(self.text) if found["info"] == info]


def page(code: str) -> Page:
    return Page(code, (PAGES / f"{code}.md").read_text(encoding="utf-8"))


def codes(result: Translation) -> set[str]:
    return {found.code for found in result.diagnostics}


def failed(result: Translation) -> bool:
    return any(found.severity is Severity.ERROR for found in result.diagnostics)


def test_every_code_has_a_page() -> None:
    assert {path.stem for path in PAGES.glob("MF*.md")} == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_form(code: str) -> None:
    severity, title = CODES[code]
    found = page(code)
    lines = found.text.splitlines()
    assert lines[:3] == [f"# {code} · {title}", "", f"Severity: {severity.value}"]
    outside = _FENCE.sub("", found.text).splitlines()
    assert [line for line in outside if line.startswith("## ")] == _HEADINGS
    assert found.text.endswith("\n") and not found.text.endswith("\n\n")
    assert [line for line in lines if line != line.rstrip() or len(line) > 100] == []
    assert len(lines) <= 45, "keep it short"
    kinds = {block["info"] for block in _FENCE.finditer(found.text)}
    assert kinds <= {"python", "python fixed", "text", "text fixed"}


@pytest.mark.parametrize("code", CODES)
def test_example(code: str) -> None:
    examples = page(code).blocks("python")
    assert len(examples) == (0 if code in NO_PYTHON else 1)
    for source in examples:
        result = translate(source, "flow.py")
        assert {code} <= codes(result) <= {code, *ALONGSIDE}
        assert (result.code is None) is failed(result)


@pytest.mark.parametrize("code", CODES)
def test_corrected_example(code: str) -> None:
    for source in page(code).blocks("python fixed"):
        result = translate(source, "flow.py")
        assert code not in codes(result)
        assert not failed(result)
        assert result.code is not None


def test_unreadable_source() -> None:
    source = _FLOW.format('"Zürich"').encode("latin-1")
    result = translate(source, "flow.py")
    assert codes(result) == {"MF001"}
    assert result.code is None
    (declared,) = page("MF001").blocks("text fixed")
    assert translate(declared.encode("latin-1") + source, "flow.py").diagnostics == ()
    assert codes(translate(_FLOW.format("'\0'"), "flow.py")) == {"MF001"}
    assert codes(translate(b"# coding: unknown\n", "flow.py")) == {"MF001"}


def test_deeply_nested_source() -> None:
    result = translate(_FLOW.format("1 + " * 3_000 + "1"), "flow.py")
    assert codes(result) == {"MF005"}
    assert result.code is None
    side_by_side = f"sum([{'1, ' * 3_000}1])"
    assert translate(_FLOW.format(side_by_side), "flow.py").diagnostics == ()


def test_dropped_decorator() -> None:
    (source,) = page("MF509").blocks("text")
    result = translate(source, "flow.py", Options(drop=("traced",)))
    assert codes(result) == {"MF509", "MF702"}
    assert result.code is not None and "traced" not in result.code
    assert codes(translate(source, "flow.py")) == {"MF502"}


def test_bad_registry() -> None:
    (source,) = page("MF620").blocks("python")
    for registry, found in (("https://ghcr.io/team", {"MF627"}), ("ghcr.io/team", set())):
        assert codes(translate(source, "flow.py", Options(registry=registry))) == found


def test_option_of_a_project() -> None:
    (source,) = page("MF641").blocks("text")
    result = translate(source, "flow.py", Options(production=True))
    assert codes(result) == {"MF641"} and result.code is None
    (fixed,) = page("MF641").blocks("text fixed")
    assert translate(fixed, "flow.py", Options(production=True)).diagnostics == ()


def test_option_without_a_config() -> None:
    (source,) = page("MF656").blocks("text")
    options = Options(config_value=(("cfg", "{}"),))
    result = translate(source, "flow.py", options)
    assert codes(result) == {"MF656"} and result.code is None
    (fixed,) = page("MF656").blocks("text fixed")
    assert translate(fixed, "flow.py", options).diagnostics == ()


def test_config_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    (source,), (fixed,) = page("MF659").blocks("text"), page("MF659").blocks("text fixed")
    assert translate(fixed, "flow.py").diagnostics == ()
    monkeypatch.setenv("METAFLOW_FLOW_CONFIG_VALUE", '{"cfg": {"rate": 0.2}}')
    result = translate(source, "flow.py")
    assert codes(result) == {"MF659"} and result.code is not None and "0.2" in result.code


def test_table_of_all_codes() -> None:
    rows = _ROW.findall((PAGES / "README.md").read_text(encoding="utf-8"))
    assert rows == [
        (code, f"{code}.md", severity.value, title) for code, (severity, title) in CODES.items()
    ]


@pytest.mark.parametrize("code", CODES)
def test_explain(code: str) -> None:
    shown = CliRunner().invoke(main, ["--explain", code.lower()])
    assert shown.exit_code == 0
    assert shown.output == page(code).text


def test_metaflow_that_is_kept() -> None:
    (source,), (fixed,) = page("MF674").blocks("text"), page("MF674").blocks("text fixed")
    kept = translate(source, "flow.py", Options(keep_metaflow=True))
    assert kept.code is not None and "MF674" in codes(kept)
    assert codes(translate(source, "flow.py")) == {"MF503"}
    assert translate(fixed, "flow.py", Options(keep_metaflow=True)).diagnostics == ()
