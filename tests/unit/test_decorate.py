"""--with: decorators that the command line adds to all steps."""

import pytest

from codegen import Options, translate
from tests.unit.sources import flow_source

IMPORTS = "from metaflow import FlowSpec, retry, step"
SOURCE = flow_source("self.x = 1", "print(self.x)", imports=IMPORTS)


def options_of_tasks(*specifications: str, source: str = SOURCE) -> list[str]:
    """What stands above each task."""
    result = translate(source, "flow.py", Options(decorate=specifications))
    assert result.code is not None, result.diagnostics
    lines = result.code.splitlines()
    return [line for line in lines if line.startswith("@task")]


def test_every_step() -> None:
    assert options_of_tasks("retry:times=2,minutes_between_retries=0") == ["@task(retries=2)"] * 2


@pytest.mark.parametrize(
    "specification", ["retry", "retry:", "retry:times=3", 'retry:times="3"', "retry: times = 3"]
)
def test_values(specification: str) -> None:
    """JSON, else a number, else text; without arguments the defaults."""
    assert options_of_tasks(specification) == ["@task(retries=3)"] * 2


def test_the_source_goes_first() -> None:
    source = SOURCE.replace(
        "    @step\n    def start", "    @retry(times=1)\n    @step\n    def start"
    )
    expected = ["@task(retries=1)", "@task(retries=4)"]
    assert options_of_tasks("retry:times=4", "retry:times=2", source=source) == expected


def test_values_with_commas() -> None:
    """A comma separates only in front of another KEY=."""
    variables = '{"A": 1, "B": "x,y"}'
    code = translate(SOURCE, "flow.py", Options(decorate=(f"environment:vars={variables}",))).code
    assert code is not None and '{"A": "1", "B": "x,y"}' in code


@pytest.mark.parametrize(
    "specification, code, message",
    [
        ("bogus", "MF120", "--with bogus: Metaflow has no step decorator 'bogus'"),
        ("schedule", "MF120", "--with schedule: Metaflow has no step decorator 'schedule'"),
        ("retry:times", "MF120", "--with retry:times: its arguments are not written as KEY=VALUE"),
        ("retry:attempts=1", "MF120", "@retry has no attribute attempts"),
        ("retry:times=9", "MF121", "@retry: times=9, but Metaflow allows at most 4 retries"),
        ("retry:times=many", "MF121", "@retry: 'many' is not a whole number"),
    ],
)
def test_refused(specification: str, code: str, message: str) -> None:
    result = translate(SOURCE, "flow.py", Options(decorate=(specification,)))
    assert result.code is None
    assert {(found.code, found.message) for found in result.diagnostics} == {(code, message)}


def test_inherited_steps() -> None:
    """A step of a base stays itself, and what overrides it stays apart."""
    source = """\
from metaflow import FlowSpec, step


class Base(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.end)

    @step
    def end(self):
        print("base", self.x)


class TheFlow(Base):
    @step
    def end(self):
        super().end()
        print("own")
"""
    assert options_of_tasks("retry:times=1", source=source) == ["@task(retries=1)"] * 2
    plain = translate(source, "flow.py").code
    changed = translate(source, "flow.py", Options(decorate=("retry:times=1",))).code
    assert plain is not None and changed is not None
    assert (
        plain[plain.index("class Base") : plain.index("class StartOutputs")]
        == (changed[changed.index("class Base") : changed.index("class StartOutputs")])
    )
