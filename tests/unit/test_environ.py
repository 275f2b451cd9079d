"""Arguments of decorators that depend on environment variables."""

import pytest

from codegen import translate
from tests.unit.sources import flow_source

_IMPORTS = "from metaflow import FlowSpec, retry, step"


def option(expression: str, head: str = "import os") -> tuple[str, list[str]]:
    """The first task's decorator, and the messages about its argument."""
    source = flow_source("print(1)", "pass", head=head, imports=_IMPORTS)
    mark = f"    @retry(times={expression}, minutes_between_retries=0)\n"
    source = source.replace("    @step\n    def start", f"{mark}    @step\n    def start")
    result = translate(source, "flow.py")
    lines = (result.code or "").splitlines()
    found = [d for d in result.diagnostics if d.code in ("MF301", "MF606")]
    if found:
        assert source.splitlines()[found[0].position.line - 1].startswith("    @retry(times=")
    first = next((line for line in lines if line.startswith("@task")), "")
    return first, [message.message for message in found]


@pytest.mark.parametrize(
    "expression",
    [
        'os.environ["TIMES"]',
        'int(os.environ["TIMES"])',
        'os.environ.get("TIMES")',
        'os.environ.get("TIMES", 1)',
        'int(os.getenv("TIMES", "1"))',
        'int(os.getenv("TI" + "MES") or 1)',
        "TIMES",
    ],
)
def test_set(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMES", "3")
    head = 'import os\nTIMES = int(os.environ.get("TIMES", "1"))'
    task, (message,) = option(expression, head)
    assert task == "@task(retries=3)"
    assert "the environment variable TIMES, which is set here" in message


def test_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIMES", raising=False)
    task, (message,) = option('int(os.environ.get("TIMES", "2"))')
    assert task == "@task(retries=2)" and "TIMES, which is not set here" in message
    task, (message,) = option('os.environ["TIMES"]')
    assert task == "" and "cannot be known" in message


@pytest.mark.parametrize(
    "head, expression",
    [
        ("from os import environ", 'environ["TIMES"]'),
        ("from os import getenv as env", 'env("TIMES")'),
        ("import os as system", 'system.environ.get("TIMES")'),
    ],
)
def test_imports(head: str, expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMES", "3")
    assert option(expression, head)[0] == "@task(retries=3)"


@pytest.mark.parametrize(
    "head, expression",
    [
        ("environ = {}", 'environ["TIMES"]'),  # not that of os
        ("import os", "os.environ[3]"),
        ("import os", "os.environ.get()"),
        ("import os", 'os.environ.setdefault("TIMES", "1")'),
        ("import os", 'os.environ.get("TIMES", default="1")'),
    ],
)
def test_refused(head: str, expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMES", "3")
    task, (message,) = option(expression, head)
    assert task == "" and "cannot be known from the source" in message
