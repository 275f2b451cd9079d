"""Constants of modules beside the flow, in arguments of decorators and Parameters."""

from pathlib import Path

import pytest

from codegen import Options, Translation, translate
from tests.unit.test_inheritance import files

SOURCE = """\
from metaflow import FlowSpec, Parameter, resources, step
{head}


class F(FlowSpec):
    rate = Parameter("rate", default={value})

    @resources(cpu={value})
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        print(self.rate)
"""
SETTINGS = """\
from limits import MOST
import limits as others

CPU = 4
MORE = CPU * others.LEAST
ALL = {"cpu": MOST}
CHANGED = [1]
CHANGED.append(2)
TWICE = 1
TWICE = 2


def count():
    return 3
"""
LIMITS = """\
LEAST = 2
MOST = 16
AROUND = settings.CPU
"""


def translated(folder: Path, head: str, value: str) -> Translation:
    files(folder, settings=SETTINGS, limits=LIMITS, team__limits=LIMITS)
    return translate(SOURCE.format(head=head, value=value), "flow.py", Options(folder=folder))


#: Import and expression → the number that it stands for. The default of a Parameter stays as it
#: is written; only a call becomes its result.
KNOWN = {
    ("from settings import CPU", "CPU"): 4,
    ("from settings import CPU as cores", "cores + 1"): 5,
    ("from settings import *", "CPU"): 4,
    ("import settings", "settings.CPU"): 4,
    ("import settings as s", "s.MORE"): 8,
    ("from settings import ALL", "ALL['cpu']"): 16,
    ("from settings import others", "others.LEAST"): 2,
    ("from team import limits", "limits.MOST"): 16,
    ("import team.limits", "team.limits.MOST"): 16,
    ("from team.limits import MOST", "max(MOST, 1)"): 16,
    ("from .settings import CPU", "CPU"): 4,
    ("from settings import CPU\n\nCORES = CPU", "CORES"): 4,
}


@pytest.mark.parametrize(("head", "value"), KNOWN)
def test_known(head: str, value: str, tmp_path: Path) -> None:
    result = translated(tmp_path, head, value)
    assert result.code is not None, result.diagnostics
    assert f'requests=Resources(cpu="{KNOWN[head, value]}", mem="4096M")' in result.code
    default = KNOWN[head, value] if "(" in value else value.replace("'", '"')
    assert f"def f(rate: int = {default})" in result.code


UNKNOWN = {
    ("from settings import CHANGED", "CHANGED[0]"),
    ("from settings import TWICE", "TWICE"),
    ("from settings import count", "count"),
    ("from settings import CPU, nothing", "nothing"),
    ("import settings", "settings.nothing"),
    ("from settings import CPU\n\nCPU = object()", "CPU"),
    ("from limits import AROUND", "AROUND"),
    ("import os", "os.sep"),
}


@pytest.mark.parametrize(("head", "value"), sorted(UNKNOWN))
def test_unknown(head: str, value: str, tmp_path: Path) -> None:
    result = translated(tmp_path, head, value)
    assert {found.code for found in result.diagnostics} >= {"MF301"}
    assert result.code is None


def test_without_a_folder_nothing_is_known() -> None:
    source = SOURCE.format(head="from settings import CPU", value="CPU")
    assert "MF301" in {found.code for found in translate(source, "flow.py").diagnostics}
