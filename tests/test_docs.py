"""The documentation says what is true: its excerpts are those of the golden cases, its links lead
somewhere, and the message that is too long to show by example comes as it says."""

import re
from pathlib import Path

import pytest

from codegen import translate
from tests.cases import GOLDEN

ROOT = GOLDEN.parent
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```python\n(?P<body>(?:.*\n)*?)```$", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<target>[^)#:]+)\)")

#: Documents whose Python is taken from golden cases.
EXCERPTS = [
    "cards.md",
    "configs.md",
    "environments.md",
    "flow_decorators.md",
    "graphs.md",
    "hardest.md",
    "helpers.md",
    "library.md",
    "include_files.md",
    "secrets.md",
]

#: How often the paths of switches may cross, two steps to each stage.
_STAGES = 12


def excerpts() -> list[tuple[str, int, str]]:
    """Every Python block: its document, its line there and its text."""
    found = []
    for name in EXCERPTS:
        text = (DOCS / name).read_text(encoding="utf-8")
        for block in _FENCE.finditer(text):
            found.append((name, text.count("\n", 0, block.start()) + 1, block["body"]))
    return found


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def pieces_of(text: str) -> list[list[str]]:
    """The lines of an excerpt, between those that say ``...``."""
    pieces: list[list[str]] = [[]]
    for line in lines_of(text):
        if line.strip() == "...":
            pieces.append([])
        else:
            pieces[-1].append(line)
    return [piece for piece in pieces if piece]


def found_at(piece: list[str], lines: list[str], start: int) -> int | None:
    """Where a piece ends in these lines, whatever the indentation of the whole."""
    for begin in range(start, len(lines) - len(piece) + 1):
        first = lines[begin]
        if first.strip() != piece[0].strip():
            continue
        more = len(first) - len(piece[0])
        there = lines[begin : begin + len(piece)]
        if more >= 0 and [line[more:] for line in there] == piece:
            if all(not line[:more].strip() for line in there):
                return begin + len(piece)
    return None


def holds(pieces: list[list[str]], lines: list[str]) -> bool:
    """Whether all pieces occur, in their order."""
    start = 0
    for piece in pieces:
        end = found_at(piece, lines, start)
        if end is None:
            return False
        start = end
    return True


@pytest.fixture(scope="module")
def golden() -> list[list[str]]:
    files = [*GOLDEN.glob("*/flow.py"), *GOLDEN.glob("*/flyte_wf.py")]
    return [lines_of(path.read_text("utf-8", errors="replace")) for path in files]


@pytest.mark.parametrize(("name", "line", "text"), excerpts())
def test_excerpt(name: str, line: int, text: str, golden: list[list[str]]) -> None:
    pieces = pieces_of(text)
    assert pieces
    assert any(holds(pieces, lines) for lines in golden), f"docs/{name}:{line} is in no golden case"


def test_every_document_has_excerpts() -> None:
    assert {name for name, _, _ in excerpts()} == set(EXCERPTS)


def test_pieces() -> None:
    lines = lines_of("class A:\n    def f(self):\n        g()\n\n        h()\n        i()\n")
    assert holds(pieces_of("def f(self):\n    g()\n    h()\n"), lines)
    assert holds(pieces_of("def f(self):\n    ...\n    i()\n"), lines)
    assert not holds(pieces_of("def f(self):\n    h()\n"), lines)
    assert not holds(pieces_of("i()\n...\ng()\n"), lines)
    assert not holds(pieces_of("def f(self):\ng()\n"), lines)


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda path: path.name
)
def test_links(path: Path) -> None:
    targets = [found["target"] for found in _LINK.finditer(path.read_text(encoding="utf-8"))]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def crossing(stages: int) -> str:
    """The flow that the page of MF501 describes: each step leads to both of the next stage."""
    lines = ["from metaflow import FlowSpec, step", "", "", "class TrainFlow(FlowSpec):"]
    names = [["start"], *([f"a{i}", f"b{i}"] for i in range(1, stages + 1)), ["end"]]
    for stage, following in zip(names[:-1], names[1:], strict=True):
        for name in stage:
            lines += ["    @step", f"    def {name}(self):", "        self.left = True"]
            cases = ", ".join(f"{i}: self.{target}" for i, target in enumerate(following))
            one = f"self.next(self.{following[0]})"
            many = f"self.next({{{cases}}}, condition='left')"
            lines += [f"        {many if len(following) > 1 else one}"]
    lines += ["    @step", "    def end(self):", "        print(self.left)"]
    return "\n".join(lines) + "\n"


def test_crossing_switches() -> None:
    page = (DOCS / "diagnostics" / "MF501.md").read_text(encoding="utf-8")
    assert f"{_STAGES} times" in page
    result = translate(crossing(_STAGES), "flow.py")
    assert [found.code for found in result.diagnostics] == ["MF501"]
    assert translate(crossing(6), "flow.py").diagnostics == ()
