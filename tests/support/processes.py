"""Run commands, and functions in forked children, so that no test leaves a trace in another."""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_CAPTURED = "captured.txt"


class ChildError(Exception):
    """A function failed in its child process; the text holds what it printed and the traceback."""


def clean_environment() -> dict[str, str]:
    """The environment variables of this process, without settings of Metaflow or Flyte.

    What flytekit has kept of earlier runs, in ~/.flyte, is of no use: their files are gone.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("METAFLOW_", "FLYTE_"))}
    return {**kept, "FLYTE_LOCAL_CACHE_OVERWRITE": "true"}


@contextmanager
def copied_folder(source: Path) -> Iterator[Path]:
    """Give a temporary copy of a folder, of the same name: a run cannot touch the original."""
    with tempfile.TemporaryDirectory(prefix="run-") as root:
        # Resolved: macOS's temporary folder is a link, and module paths are compared as text.
        target = Path(root).resolve() / source.resolve().name
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".metaflow"))
        yield target


def run_command(
    command: list[str], *, cwd: Path, environment: dict[str, str], timeout: float
) -> tuple[int, str]:
    """Run a command to its end; return its exit status and all it printed.

    Args:
        environment: all the variables that it sees.
        timeout: seconds after which the command and all that it started are killed.

    Raises:
        TimeoutError: it took longer.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a group to kill: a scheduler leaves its tasks behind
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{command[0]} ran for more than {timeout} s") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, output.decode(errors="replace")


def in_child(
    work: Callable[..., T], *arguments: object, folder: Path, timeout: float = 60.0
) -> tuple[T, str]:
    """Call `work(*arguments)` in a forked child; return its result and all it printed.

    The child inherits what is already imported here: much cheaper than a new interpreter.

    Args:
        work: its result has to be picklable without the modules of `folder`.
        folder: the working folder of the child, and the first place where it imports from.
        timeout: seconds after which the child is killed.

    Raises:
        ChildError: `work` raised, or the child died.
        TimeoutError: it took longer.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="child-") as scratch:
        captured = Path(scratch, _CAPTURED)
        child = context.Process(target=_serve, args=(sender, captured, folder, work, arguments))
        child.start()
        sender.close()  # or the pipe would stay open when the child dies
        try:
            if not receiver.poll(timeout):
                raise TimeoutError(f"{work.__name__} ran for more than {timeout} s")
            done, result = receiver.recv()
        except EOFError:
            child.join()
            done, result = False, f"the child died with exit code {child.exitcode}"
        finally:
            child.kill()
            child.join()
            receiver.close()
        printed = captured.read_text(errors="replace") if captured.exists() else ""
    if not done:
        raise ChildError(f"{printed}{result}")
    return result, printed


def _serve(
    sender: Connection,
    captured: Path,
    folder: Path,
    work: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> None:
    """The life of a child: take over its output, do the work, send the result."""
    try:
        with captured.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        # The objects in sys belong to the parent (to pytest, for example) and may be buffered.
        sys.stdout = open(1, "w", buffering=1, closefd=False)
        sys.stderr = open(2, "w", buffering=1, closefd=False)
        random.seed()  # a fork shares the state, and flytekit names its files by it
        sys.dont_write_bytecode = True
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        result = (True, work(*arguments))
    except BaseException:
        result = (False, traceback.format_exc())
    sys.stdout.flush()
    sys.stderr.flush()
    sender.send(result)
    sender.close()
