"""The command line, with any file whatsoever: exit codes, streams, and nothing that is executed."""

import io
import json
import os
import random
import re
import stat
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given
from hypothesis import strategies as st

from codegen import __version__
from codegen.cli import main
from codegen.diagnostics import CODES
from tests.cases import GOLDEN, cases
from tests.support.fuzz import budget
from tests.support.processes import clean_environment

ROOT = GOLDEN.parent
HELLO = (GOLDEN / "hello" / "flow.py").read_text(encoding="utf-8")
CODE = (GOLDEN / "hello" / "flyte_wf.py").read_text(encoding="utf-8")
WARNED = (GOLDEN / "schedule_timezone" / "flow.py").read_text(encoding="utf-8")
SMALL = [
    path
    for path in sorted(GOLDEN.glob("*/flow.py"))
    if path.stat().st_size < 1_500  # the mutations of a small flow reach its every corner
]


def written(folder: Path, source: str | bytes, name: str = "flow.py") -> Path:
    path = folder / name
    path.write_bytes(source if isinstance(source, bytes) else source.encode("utf-8"))
    return path


def run(*arguments: object) -> Result:
    """In this process; an exception that the command lets through fails the test."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def start(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """In a process of its own."""
    environment = clean_environment() | {"PYTHONPATH": str(ROOT)} | options.pop("environment", {})
    command = [sys.executable, *options.pop("flags", ()), "-m", "codegen", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment, timeout=60, **options)


def codes(result: Result) -> list[str]:
    return re.findall(r"^\S.*: (?:error|warning|note) (MF\d{3}): ", result.stderr, re.MULTILINE)


def check_refused(result: Result, *expected: str) -> None:
    """Refused for these reasons, with nothing on standard output that could be taken for code."""
    assert result.exit_code == 1
    assert result.stdout == ""
    assert codes(result) == list(expected)
    assert "Traceback" not in result.stderr


def check_usage(result: Result, *words: str) -> None:
    """Wrong usage, and a message that tells what is wrong."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Usage: ")
    message = " ".join(result.stderr.split())  # click wraps lines where it likes
    for word in words:
        assert word in message
    assert "Traceback" not in result.stderr


# ---------------------------------------------------------------------- files that are no flows


def test_module_goes_to_standard_output(tmp_path: Path) -> None:
    result = run(written(tmp_path, HELLO))
    assert (result.exit_code, result.stdout, result.stderr) == (0, CODE, "")


@pytest.mark.parametrize("option", [[], ["-o", "flyte_wf.py"]])
def test_no_such_file(tmp_path: Path, option: list[str]) -> None:
    check_usage(run(tmp_path / "missing.py", *option), "missing.py", "No such file")


def test_folder(tmp_path: Path) -> None:
    check_usage(run(tmp_path), "is a folder")


def test_file_in_a_file(tmp_path: Path) -> None:
    check_usage(run(written(tmp_path, HELLO) / "flow.py"), "cannot be read", "Not a directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, HELLO)
    path.chmod(0)
    check_usage(run(path), "cannot be read", "Permission denied")


def test_name_with_strange_characters(tmp_path: Path) -> None:
    """Of the path, only the last part is in the module, and it stays within its docstring."""
    path = written(tmp_path, HELLO, 'it\'s """ {{ x }} \\N.py')
    result = run(path)
    assert result.exit_code == 0
    compile(result.stdout, "flyte_wf.py", "exec")
    assert str(tmp_path) not in result.stdout
    undecodable = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.py")
    Path(undecodable).write_text(HELLO, encoding="utf-8")
    done = start(undecodable)
    assert done.returncode == 0 and done.stderr == b""
    compile(done.stdout, "flyte_wf.py", "exec")


_UTF8 = HELLO.replace("hello, world", "naïve 日本")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        pytest.param(bytes(range(256)) * 8, "MF001", id="binary"),
        pytest.param(b"\x7fELF\x02\x01\x01" + b"\0" * 64, "MF001", id="program"),
        pytest.param(HELLO.replace("world", "wor\0ld").encode(), "MF001", id="nul"),
        pytest.param(f"{HELLO}\0".encode(), "MF001", id="nul-at-end"),
        pytest.param(b"\0" * 3, "MF001", id="nuls"),
        pytest.param(HELLO.replace("world", "caf\xe9").encode("latin-1"), "MF001", id="latin-1"),
        pytest.param(HELLO.encode("utf-16"), "MF001", id="utf-16"),
        pytest.param(HELLO.encode("utf-32-le"), "MF001", id="utf-32"),
        pytest.param(f"# coding: klingon\n{HELLO}".encode(), "MF001", id="unknown-cookie"),
        pytest.param(f"# coding: base64\n{HELLO}".encode(), "MF001", id="no-text-codec"),
        pytest.param(f"# coding: ascii\n{_UTF8}".encode(), "MF001", id="too-narrow-cookie"),
        pytest.param(f"\ufeff# coding: latin-1\n{HELLO}".encode(), "MF001", id="bom-and-cookie"),
        pytest.param(f"\ufeff\ufeff{HELLO}".encode(), "MF002", id="two-boms"),
        pytest.param(f'print "hello"\n{HELLO}'.encode(), "MF002", id="python-2-print"),
        pytest.param(
            f"try:\n    pass\nexcept E, e:\n    raise E, 'x'\n{HELLO}".encode(),
            "MF002",
            id="python-2-except",
        ),
        pytest.param(f"{HELLO}if".encode(), "MF002", id="cut-off"),
        pytest.param(f"{HELLO}\\".encode(), "MF002", id="ends-in-backslash"),
        pytest.param(f"{HELLO}'''".encode(), "MF002", id="open-string"),
        pytest.param(f"return\n{HELLO}".encode(), "MF002", id="return-outside"),
        pytest.param(f"def f(a, a): pass\n{HELLO}".encode(), "MF002", id="same-argument-twice"),
        pytest.param(f"from __future__ import braces\n{HELLO}".encode(), "MF002", id="future"),
        pytest.param(HELLO.replace("    @", "  \t@", 1).encode(), "MF002", id="mixed-indent"),
        pytest.param(b"X = " + b"1" * 5_000, "MF002", id="huge-number"),
        pytest.param(b"", "MF003", id="empty"),
        pytest.param(b"\n \n\t\n", "MF003", id="blank"),
        pytest.param(b"\xef\xbb\xbf", "MF003", id="only-a-bom"),
        pytest.param(b"x = 1\n", "MF003", id="no-flow"),
        pytest.param(b"class F: pass\n", "MF003", id="other-class"),
        pytest.param(CODE.encode(), "MF003", id="module-instead-of-flow"),
        pytest.param(
            b"if True:\n" + b" if x:\n".join(b" " * 0 for _ in range(2)), "MF002", id="if"
        ),
        pytest.param(b"(" * 100_000, "MF002", id="open-parentheses"),
        pytest.param(b"X = " + b"(" * 150 + b"1" + b")" * 150, "MF003", id="parentheses"),
        pytest.param(b"X = " + b"1 + " * 20_000 + b"1", "MF005", id="long-sum"),
        pytest.param(b"X = " + b"not " * 50_000 + b"1", "MF005", id="many-nots"),
        pytest.param(b"X = a" + b".b" * 20_000, "MF005", id="long-chain"),
        pytest.param(b"X = " + b"lambda: " * 2_000 + b"1", "MF005", id="lambdas"),
        pytest.param(b"if a: x\n" + b"elif a: x\n" * 5_000, "MF005", id="many-elifs"),
    ],
)
def test_refused(tmp_path: Path, source: bytes, code: str) -> None:
    check_refused(run(written(tmp_path, source)), code)


def test_long_sum_in_a_step(tmp_path: Path) -> None:
    long = HELLO.replace('"hello, world"', "1 + " * 20_000 + "1")
    assert long != HELLO
    check_refused(run(written(tmp_path, long)), "MF005")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows the syntax")
@pytest.mark.parametrize("line", ["type X = int", "def f[T](x: T) -> T: ..."])
def test_syntax_of_a_newer_python(tmp_path: Path, line: str) -> None:
    result = run(written(tmp_path, f"{line}\n{HELLO}"))
    check_refused(result, "MF002")
    assert "Run the flow with the Python that mf-codegen runs on" in result.stderr


# ---------------------------------------------------------------------- files that are flows


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(b"\xef\xbb\xbf" + HELLO.encode(), id="bom"),
        pytest.param(HELLO.replace("\n", "\r\n").encode(), id="crlf"),
        pytest.param(HELLO.replace("\n", "\r").encode(), id="cr"),
        pytest.param(HELLO.replace("\n\n", "\n\f\n").encode(), id="form-feeds"),
        pytest.param(HELLO.replace("    @step", "\f    @step").encode(), id="form-feed-in-line"),
        pytest.param(HELLO.rstrip("\n").encode(), id="no-newline"),
        pytest.param(HELLO.replace("    ", "\t").encode(), id="tabs"),
        pytest.param(f"#!/usr/bin/env python\n# coding: utf-8\n{HELLO}".encode(), id="shebang"),
    ],
)
def test_same_module(tmp_path: Path, source: bytes) -> None:
    """What is no part of the program is no part of its translation."""
    result = run(written(tmp_path, source))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == CODE


@pytest.mark.parametrize(
    ("encoding", "cookie"),
    [
        ("latin-1", "# -*- coding: latin-1 -*-"),
        ("utf-8", "# vim: set fileencoding=utf-8 :"),
        ("cp1252", "#!/usr/bin/python\n# coding=cp1252"),
        ("utf-8-sig", "# coding: utf-8"),
    ],
)
def test_encoding_is_honoured(tmp_path: Path, encoding: str, cookie: str) -> None:
    """PEP 263; the module is UTF-8 always, and says nothing of the flow's encoding."""
    source = f"{cookie}\n{HELLO.replace('world', 'Zürich é')}".encode(encoding)
    result = run(written(tmp_path, source))
    assert result.exit_code == 0
    assert '"hello, Zürich é"' in result.stdout
    assert "coding" not in result.stdout.replace("codegen", "")


def test_long_file(tmp_path: Path) -> None:
    lines = [f"V{i} = {i}\n" if i % 100 == 0 else f"# comment {i}\n" for i in range(100_000)]
    result = run(written(tmp_path, "".join(lines) + HELLO))
    assert result.exit_code == 0
    assert "\nV99900 = 99900\n" in result.stdout and "# comment 99999\n" in result.stdout


def test_long_file_without_a_flow(tmp_path: Path) -> None:
    lines = "".join(f"V{i} = {i}\n" for i in range(100_000))
    check_refused(run(written(tmp_path, lines)), "MF003")


_EFFECTS = """\
import os
import sys

open({marker!r}, "w").close()
os.system("touch {marker}")
"""


@pytest.mark.parametrize(
    "last", ["sys.exit('left')", "raise SystemExit(3)", "os._exit(4)", "1 / 0"]
)
def test_nothing_is_executed(tmp_path: Path, last: str) -> None:
    marker = tmp_path / "marker"
    effects = _EFFECTS.format(marker=str(marker))
    inside = f"open({str(marker)!r}, 'w')"
    source = HELLO.replace('"hello, world"', f"{inside}.name")
    source = source.replace("    @step", f"    @environment(vars={{'A': {inside}}})\n    @step", 1)
    source = source.replace("import FlowSpec", "import FlowSpec, Parameter, environment")
    parameter = f"\n    p = Parameter('p', default=lambda context: {inside}.name)\n\n    @env"
    path = written(tmp_path, effects + source.replace("    @env", parameter, 1) + f"\n{last}\n")
    (tmp_path / "metaflow.py").write_text(effects)  # nor what the file imports
    done = start(path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(str(marker).encode()) == 5  # all of them are there, as text
    assert not marker.exists()


# ---------------------------------------------------------------------- anything at all


def check_answer(result: Result) -> None:
    """What holds for every input: an exit code that means something, and code or nothing."""
    assert result.exit_code in (0, 1), result.stderr
    assert "Traceback" not in result.stderr
    if result.exit_code == 0:
        compile(result.stdout, "flyte_wf.py", "exec")
        result.stdout.encode("utf-8")
        assert not re.search(r": error MF", result.stderr)
    else:
        assert result.stdout == ""
        assert re.search(r": error MF\d{3}: ", result.stderr)
    assert set(codes(result)) <= set(CODES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all examples of a test: hypothesis has no use for one each."""
    return tmp_path_factory.mktemp("any")


@pytest.mark.fuzz
@budget(80)
@given(source=st.binary(max_size=200) | st.binary(max_size=40).map(lambda b: HELLO.encode() + b))
@example(source=b"\xff\xfe")
@example(source=b"\x0c")
@example(source=b"#coding:\xff")
@example(source=b"# coding: \n\n")
@example(source=f"# coding: utf-16\n{HELLO}".encode())
@example(source=f"# coding: utf-7\n{HELLO}".encode())
@example(source=f"# coding: unicode_escape\n{HELLO}".encode())
@example(source=f"# coding: rot13\n{HELLO}".encode())
@example(source=f"# coding: idna\n{HELLO}".encode())
@example(source=f"# coding: undefined\n{HELLO}".encode())
@example(source=f"# coding: hex\n{HELLO}".encode())
def test_any_bytes(folder: Path, source: bytes) -> None:
    check_answer(run(written(folder, source)))


@pytest.mark.fuzz
@budget(80)
@given(
    text=st.text(max_size=60),
    place=st.integers(0, len(HELLO)),
)
@example(text="\u2028", place=0)
@example(text="\x1a", place=len(HELLO))
def test_any_text_in_a_flow(folder: Path, text: str, place: int) -> None:
    source = HELLO[:place] + text + HELLO[place:]
    check_answer(run(written(folder, source.encode("utf-8"))))


def mutated(source: str, chance: random.Random) -> str:
    """With some lines or tokens left out, doubled or exchanged."""
    if chance.random() < 0.5:
        pieces = source.splitlines(keepends=True)
    else:
        # Tokens by their text, with the white space before them.
        pieces = re.findall(r"\s*(?:\w+|'[^'\n]*'|\"[^\"\n]*\"|.|\Z)", source, re.DOTALL)
    for _ in range(chance.randint(1, 3)):
        i, j = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        change = chance.randrange(4)
        if change == 0:
            del pieces[i]
        elif change == 1:
            pieces.insert(j, pieces[i])
        elif change == 2:
            pieces[i], pieces[j] = pieces[j], pieces[i]
        else:
            pieces[i] = pieces[j]
        if not pieces:
            break
    return "".join(pieces)


@pytest.mark.fuzz
@pytest.mark.parametrize("path", SMALL, ids=[path.parent.name for path in SMALL])
def test_mutated_flows(folder: Path, path: Path) -> None:
    """Half of a flow, or two flows in one: what one gets while editing."""
    with path.open("rb") as file:
        encoding, _ = tokenize.detect_encoding(file.readline)
    source = path.read_text(encoding=encoding)
    nights = int(os.environ.get("FUZZ", "0"))
    chance = random.Random(None if nights else path.parent.name)
    for _ in range(12 * nights or 3):
        mutant = mutated(source, chance)
        try:
            check_answer(run(written(folder, mutant.encode(encoding, "replace"))))
        except Exception as error:
            raise AssertionError(f"{error!r} for the flow\n{mutant}") from error


# ---------------------------------------------------------------------- options


def test_output_file(tmp_path: Path) -> None:
    flow, target = written(tmp_path, HELLO), tmp_path / "my_wf.py"
    result = run(flow, "-o", target)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert target.read_text(encoding="utf-8") == CODE.replace("flyte_wf.py", "my_wf.py")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow.py", "my_wf.py"]


def test_output_is_left_alone_if_it_is_current(tmp_path: Path) -> None:
    flow, target = written(tmp_path, HELLO), tmp_path / "flyte_wf.py"
    assert run(flow, "-o", target).exit_code == 0
    os.utime(target, (1_000_000_000, 1_000_000_000))
    before = target.stat()
    assert run(flow, "-o", target).exit_code == 0
    assert (target.stat().st_mtime, target.stat().st_ino) == (before.st_mtime, before.st_ino)
    target.write_text("changed")
    assert run(flow, "-o", target).exit_code == 0
    assert target.read_text(encoding="utf-8") == CODE


def test_output_has_the_rights_of_a_new_file(tmp_path: Path) -> None:
    target = tmp_path / "flyte_wf.py"
    assert run(written(tmp_path, HELLO), "-o", target).exit_code == 0
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~umask


def test_output_keeps_rights_and_links(tmp_path: Path) -> None:
    """A module that may not be read by others stays so, and a link goes on pointing to it."""
    flow, target, link = written(tmp_path, HELLO), tmp_path / "real_wf.py", tmp_path / "flyte_wf.py"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    assert run(flow, "-o", link).exit_code == 0
    assert link.is_symlink() and target.read_text(encoding="utf-8") == CODE
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_output_is_not_touched_by_a_refused_flow(tmp_path: Path) -> None:
    flow, target = written(tmp_path, "x = 1\n"), written(tmp_path, "old", "flyte_wf.py")
    check_refused(run(flow, "-o", target), "MF003")
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow.py", "flyte_wf.py"]


def test_output_to_a_folder(tmp_path: Path) -> None:
    check_usage(run(written(tmp_path, HELLO), "-o", tmp_path), "is a directory")


def test_output_into_a_missing_folder(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "flyte_wf.py"
    check_usage(run(written(tmp_path, HELLO), "-o", target), "cannot be written", "No such file")


def test_output_below_a_file(tmp_path: Path) -> None:
    flow = written(tmp_path, HELLO)
    check_usage(run(flow, "-o", flow / "flyte_wf.py"), "Not a directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_output_into_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    flow, closed = written(tmp_path, HELLO), tmp_path / "closed"
    closed.mkdir(mode=0o555)
    check_usage(run(flow, "-o", closed / "flyte_wf.py"), "cannot be written", "Permission denied")


def test_output_over_the_flow_itself(tmp_path: Path) -> None:
    """A slip of the finger must not cost the source."""
    flow = written(tmp_path, HELLO)
    check_usage(run(flow, "-o", flow))
    assert flow.read_text(encoding="utf-8") == HELLO


def test_output_over_something_that_is_no_text(tmp_path: Path) -> None:
    flow, target = written(tmp_path, HELLO), written(tmp_path, b"\xff\xfe", "flyte_wf.py")
    result = run(flow, "-o", target)
    check_usage(result, "cannot be read")
    assert target.read_bytes() == b"\xff\xfe"


@pytest.mark.parametrize("call", ["tempfile.mkstemp", "os.fdopen", "os.replace"])
def test_write_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    flow, target = written(tmp_path, HELLO), written(tmp_path, "old", "flyte_wf.py")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, full)
    check_usage(run(flow, "-o", target), "cannot be written", "No space left on device")
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow.py", "flyte_wf.py"]


@pytest.mark.parametrize("line_ends", ["\n", "\r\n"])
def test_check(tmp_path: Path, line_ends: str) -> None:
    flow, target = written(tmp_path, HELLO), tmp_path / "flyte_wf.py"
    missing = run(flow, "-o", target, "--check")
    assert (missing.exit_code, missing.stdout) == (1, "") and "is not current" in missing.stderr
    assert not target.exists()
    target.write_text(CODE, encoding="utf-8", newline=line_ends)
    current = run(flow, "-o", target, "--check")
    assert (current.exit_code, current.stdout, current.stderr) == (0, "", "")
    target.write_text(f"{CODE}# by hand\n", encoding="utf-8")
    stale = run(flow, "-o", target, "--check")
    assert (stale.exit_code, stale.stdout) == (1, "")
    assert str(target) in stale.stderr and "mf-codegen" in stale.stderr
    assert target.read_text(encoding="utf-8") == f"{CODE}# by hand\n"


def test_diff(tmp_path: Path) -> None:
    flow, target = written(tmp_path, HELLO), written(tmp_path, CODE, "flyte_wf.py")
    current = run(flow, "-o", target, "--diff")
    assert (current.exit_code, current.stdout, current.stderr) == (0, "", "")
    target.write_text(CODE.replace("hello, world", "bonjour"), encoding="utf-8")
    stale = run(flow, "-o", target, "--diff")
    assert (stale.exit_code, stale.stderr) == (1, "")
    lines = stale.stdout.splitlines()
    assert lines[0].startswith(f"--- {target}") and lines[1].startswith(f"+++ {target}")
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        '-    greeting = "bonjour"',
        '+    greeting = "hello, world"',
    ]
    assert "bonjour" in target.read_text(encoding="utf-8")


def test_diff_with_a_file_that_does_not_end_in_a_newline(tmp_path: Path) -> None:
    flow = written(tmp_path, HELLO)
    target = written(tmp_path, CODE.rstrip("\n"), "flyte_wf.py")
    stale = run(flow, "-o", target, "--diff")
    assert stale.exit_code == 1
    last = CODE.splitlines()[-1]
    assert f"-{last}\n\\ No newline at end of file\n+{last}\n" in stale.stdout


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_comparing_needs_a_file(tmp_path: Path, option: str) -> None:
    check_usage(run(written(tmp_path, HELLO), option), "-o")


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_comparing_a_refused_flow(tmp_path: Path, option: str) -> None:
    target = written(tmp_path, CODE, "flyte_wf.py")
    check_refused(run(written(tmp_path, ""), "-o", target, option), "MF003")


def test_strict(tmp_path: Path) -> None:
    flow = written(tmp_path, WARNED)
    lenient = run(flow)
    assert lenient.exit_code == 0 and codes(lenient) == ["MF601"] and lenient.stdout
    check_refused(run(flow, "--strict"), "MF601")
    target = tmp_path / "flyte_wf.py"
    check_refused(run(flow, "--strict", "-o", target), "MF601")
    assert not target.exists()
    assert run(written(tmp_path, HELLO), "--strict").exit_code == 0
    noted = run(GOLDEN / "parameter_names" / "flow.py", "--strict")
    assert noted.exit_code == 0 and "note MF206" in noted.stderr


def test_json_messages(tmp_path: Path) -> None:
    flow = written(tmp_path, WARNED)
    result = run(flow, "--format", "json")
    (message,) = json.loads(result.stderr)
    assert (message["code"], message["severity"]) == ("MF601", "warning")
    assert (message["file"], message["step"]) == (str(flow), None)
    line = WARNED.splitlines()[message["line"] - 1]
    assert line[message["column"] - 1 :].startswith(('"Europe', "timezone"))
    assert set(message) == {
        "file", "line", "column", "severity", "code", "message", "advice", "step",
    }  # fmt: skip
    several = run(GOLDEN / "name_collisions" / "flow.py", "--format", "json")
    assert len(json.loads(several.stderr)) == 4


def test_json_without_messages(tmp_path: Path) -> None:
    """A program that reads the messages must be able to read that there are none."""
    result = run(written(tmp_path, HELLO), "--format", "json")
    assert result.exit_code == 0 and json.loads(result.stderr) == []


def test_github_messages(tmp_path: Path) -> None:
    flow = written(tmp_path, WARNED)
    result = run(flow, "--format", "github")
    assert re.fullmatch(
        rf"::warning file={re.escape(str(flow))},line=4,col=\d+,title=MF601::[^\n]+\n",
        result.stderr,
    )
    refused = run(written(tmp_path, "", "100% a,b:c.py"), "--format", "github")
    assert refused.stderr.startswith("::error file=")
    assert "100%25 a%2Cb%3Ac.py,line=1,col=1,title=MF003::" in refused.stderr


def test_unknown_format(tmp_path: Path) -> None:
    check_usage(run(written(tmp_path, HELLO), "--format", "xml"), "text", "json", "github")


@pytest.mark.parametrize("code", ["MF003", "mf003", " Mf003 "])
def test_explain(code: str) -> None:
    result = run("--explain", code)
    assert result.exit_code == 0 and result.stderr == ""
    assert result.stdout.startswith("# MF003")


@pytest.mark.parametrize("code", ["MF999", "", "../README", "MF003/../MF004", "E501"])
def test_explain_something_unknown(code: str) -> None:
    check_usage(run("--explain", code), "there is no message")


def test_version_and_help() -> None:
    version = run("--version")
    assert version.exit_code == 0 and version.stdout == f"mf-codegen, version {__version__}\n"
    for option in ("--help", "-h"):
        shown = run(option)
        assert shown.exit_code == 0
        for word in (
            "-o,",
            "--check",
            "--diff",
            "--strict",
            "--format",
            "--explain",
            "Exit status",
        ):
            assert word in shown.stdout


def test_missing_argument_and_unknown_option(tmp_path: Path) -> None:
    check_usage(run(), "Missing argument 'FLOW'")
    check_usage(run(written(tmp_path, HELLO), "--no-such-option"), "No such option")
    check_usage(run(tmp_path / "a.py", tmp_path / "b.py"), "unexpected extra argument")


# ---------------------------------------------------------------------- processes


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}],
    ids=["locale", "io-encoding"],
)
def test_terminal_that_knows_ascii_only(tmp_path: Path, environment: dict[str, str]) -> None:
    """The module is UTF-8 whatever the terminal's encoding, since Python reads it as such; and
    messages come through somehow."""
    flow = written(tmp_path, WARNED.replace("Europe/Berlin", "Größe/日本"))
    done = start(flow, environment=environment)
    assert done.returncode == 0, done.stderr
    assert "Größe/日本" in done.stdout.decode("utf-8")
    assert b"MF601" in done.stderr and b"Traceback" not in done.stderr
    target = tmp_path / "flyte_wf.py"
    done = start(flow, "-o", target, environment=environment)
    assert done.returncode == 0 and "Größe/日本" in target.read_text(encoding="utf-8")
    target.write_text(CODE.replace("greeting", "grüß"), encoding="utf-8")
    done = start(flow, "-o", target, "--diff", environment=environment)
    assert done.returncode == 1 and "grüß" in done.stdout.decode("utf-8")
    assert b"Traceback" not in done.stderr
    named = written(tmp_path, "", "größe.py")
    done = start(named, environment=environment)
    assert done.returncode == 1 and b"MF003" in done.stderr and b"Traceback" not in done.stderr


def test_warnings_of_python_stay_away(tmp_path: Path) -> None:
    """Those about the flow's code come when the flow is run; here they have no place."""
    flow = written(tmp_path, HELLO.replace("class", 'X = 1 is 1\nY = "\\d"\n\n\nclass'))
    done = start(flow, flags=["-W", "always"])
    assert done.returncode == 0 and done.stderr == b""


def test_reader_that_goes_away(tmp_path: Path) -> None:
    """``mf-codegen flow.py | head -1`` ends without a word."""
    flow = written(tmp_path, HELLO.replace("hello, world", "x" * 200_000))
    command = f'"{sys.executable}" -m codegen "{flow}" | head -c 10'
    environment = clean_environment() | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, capture_output=True, env=environment, timeout=60)
    assert done.stdout == CODE[:10].encode() and done.stderr == b""


def test_the_flow_folder_cannot_shadow_what_is_imported(tmp_path: Path) -> None:
    """Modules beside the flow are not those that the translator means."""
    flow = written(tmp_path, HELLO)
    for name in ("ast", "black", "click", "jinja2", "libcst", "tokenize"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('imported')\n")
    done = start(flow, cwd=ROOT)
    assert done.returncode == 0 and done.stdout.decode("utf-8") == CODE


@pytest.mark.parametrize("option", [["--version"], ["--help"], ["--explain", "MF003"]])
def test_quick_answers_import_little(option: list[str]) -> None:
    done = start(*option, flags=["-X", "importtime"])
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "click" in imported and "codegen.cli" in imported
    heavy = {"libcst", "black", "jinja2", "isort", "flytekit", "metaflow", "codegen.pipeline"}
    assert imported & heavy == set()


def test_translating_imports_neither_side(tmp_path: Path) -> None:
    """Metaflow and flytekit need not even be installed."""
    done = start(written(tmp_path, HELLO), flags=["-X", "importtime"])
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert done.returncode == 0 and "libcst" in imported
    assert imported & {"flytekit", "flyteidl", "metaflow", "numpy", "pandas"} == set()


def test_the_checks_of_this_file_can_fail(tmp_path: Path) -> None:
    result = run(written(tmp_path, HELLO))
    with pytest.raises(AssertionError):
        check_refused(result, "MF003")
    assert io.StringIO(result.stdout).readline() == '"""HelloFlow as a Flyte workflow.\n'
    assert len(SMALL) >= 10 and len(cases()) > len(SMALL)
