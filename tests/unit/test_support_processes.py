"""Forked children and commands: what they hand back, and how they end."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.support.processes import ChildError, copied_folder, in_child, run_command


def test_a_child_returns_its_result_and_output(tmp_path: Path) -> None:
    def work(number: int) -> tuple[int, str]:
        print("to stdout")
        os.system("echo from a command")
        return number + 1, os.getcwd()

    result, printed = in_child(work, 1, folder=tmp_path)
    assert result == (2, str(tmp_path))
    assert printed.splitlines() == ["to stdout", "from a command"]


def test_a_child_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "only_here.py").write_text("value = 5")

    def work() -> int:
        import only_here  # type: ignore[import-not-found]

        os.environ["ONLY_HERE"] = "1"
        return int(only_here.value)

    assert in_child(work, folder=tmp_path)[0] == 5
    assert "only_here" not in sys.modules and "ONLY_HERE" not in os.environ
    assert [path.name for path in tmp_path.iterdir()] == ["only_here.py"]


def test_errors_come_back_as_text(tmp_path: Path) -> None:
    def work() -> None:
        print("before")
        raise LookupError("nowhere")

    with pytest.raises(ChildError, match=r"(?s)before.*LookupError: nowhere"):
        in_child(work, folder=tmp_path)


def test_the_death_of_a_child_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="exit code 3"):
        in_child(os._exit, 3, folder=tmp_path)


def test_children_and_commands_are_stopped_in_time(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        in_child(time.sleep, 60, folder=tmp_path, timeout=0.2)
    with pytest.raises(TimeoutError):
        # The command waits for another, which must not outlive it.
        command = ["sh", "-c", "sleep 60 & wait"]
        run_command(command, cwd=tmp_path, environment={"PATH": os.environ["PATH"]}, timeout=0.2)
    assert time.monotonic() - started < 5


def test_a_copied_folder_goes_away(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("original")
    with copied_folder(tmp_path) as folder:
        (folder / "file.txt").write_text("changed")
        assert folder.name == tmp_path.name
    assert not folder.exists() and (tmp_path / "file.txt").read_text() == "original"
