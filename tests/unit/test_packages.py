"""The modules beside the flow: which the generated module needs, and whether Flyte finds them."""

from pathlib import Path

import pytest

from codegen import Options, Translation, translate
from tests.unit.test_inheritance import files

SOURCE = """\
from metaflow import FlowSpec, step
{head}


class F(FlowSpec):
    @step
    def start(self):
        {body}
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def translated(folder: Path, head: str = "", body: str = "pass") -> Translation:
    folder.mkdir(exist_ok=True)
    result = translate(SOURCE.format(head=head, body=body), "flow.py", Options(folder=folder))
    assert result.code is not None, result.diagnostics
    return result


def docstring_line(result: Translation) -> str | None:
    """What the docstring of the module says about other files."""
    assert result.code is not None
    lines = result.code.split('"""')[1].splitlines()
    return next((line for line in lines if line.startswith("It imports")), None)


# the flow's import, modules beside it, what the docstring says
BESIDE: dict[str, tuple[str, dict[str, str], str | None]] = {
    "one": ("import tools", {"tools": "x = 1"}, "It imports tools.py, which belongs beside it."),
    "by way of others": (
        "from tools import x",
        {"tools": "import more\nx = 1", "more": "def f(): import last", "last": "import tools"},
        "It imports last.py, more.py and tools.py, which belong beside it.",
    ),
    "a package": (
        "from package import x",
        {"package__INIT": "from .a import x", "package__a": "x = 1"},
        "It imports package/__init__.py and package/a.py, which belong beside it.",
    ),
    "a module that nothing imports": ("import json", {"tools": "x = 1"}, None),
}


@pytest.mark.parametrize("name", BESIDE)
def test_files_beside_the_flow(name: str, tmp_path: Path) -> None:
    line, texts, expected = BESIDE[name]
    result = translated(files(tmp_path, **texts), f"{line}\nprint(len('x'))")
    assert docstring_line(result) == expected
    assert not [found for found in result.diagnostics if found.code == "MF703"]


NO_PACKAGE = "the folder of the flow is no package"
PACKAGE = "the folder of the flow is a package, so that Flyte imports from the folder above"
OUTSIDE = "it is not in the folder of the flow, which is all that Flyte packs"

# import, whether flows/ and the folder above are packages → why Flyte does not find it
PLACES: dict[tuple[str, bool, bool], str | None] = {
    ("from tools import x", False, False): None,
    ("from tools import x", True, False): PACKAGE,
    ("import tools", True, False): PACKAGE,
    ("from .tools import x", False, False): NO_PACKAGE,
    ("from . import tools", False, False): NO_PACKAGE,
    ("from .tools import x", True, False): None,
    ("from ..above import x", False, False): NO_PACKAGE,
    ("from ..above import x", True, False): OUTSIDE,
    ("from above import x", False, False): OUTSIDE,
    ("from ..above import x", True, True): None,
}

ADVICE = {
    NO_PACKAGE: "Use an absolute import, or put an __init__.py beside the flow.",
    PACKAGE: "Use a relative import, or remove the __init__.py beside the flow.",
    OUTSIDE: "Put the generated module beside it, or make the folders between packages.",
}


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_where_flyte_looks(place: tuple[str, bool, bool], inside: bool, tmp_path: Path) -> None:
    line, package, above = place
    files(tmp_path, above="x = 1", flows__tools="x = 1")
    if package:
        files(tmp_path, flows__INIT="")
    if above:
        files(tmp_path, INIT="")
    given = {"body": line} if inside else {"head": line}
    result = translated(tmp_path / "flows", **given)
    found = [each for each in result.diagnostics if each.code == "MF703"]
    why = PLACES[place]
    if why is None:
        assert not found
        return
    file = "../above.py" if "above" in line else "tools.py"
    ((message, advice, number),) = [(f.message, f.advice, f.position.line) for f in found]
    assert message == f"the registered workflow does not find {file}: {why}"
    assert advice == ADVICE[why]
    assert number == (8 if inside else 2)


def test_without_a_folder_nothing_is_known() -> None:
    result = translate(SOURCE.format(head="import tools", body="print(tools)"), "flow.py")
    assert docstring_line(result) is None
    assert not [found for found in result.diagnostics if found.code == "MF703"]


@pytest.mark.parametrize("head", ["import numpy", "import metaflow"])
def test_installed_packages_are_not_beside_the_flow(head: str, tmp_path: Path) -> None:
    """As for the tutorials, which come in the folder of Metaflow."""
    site = files(
        tmp_path / "site-packages",
        numpy="from metaflow import S3",
        metaflow__INIT="from .flowspec import FlowSpec",
        metaflow__flowspec="from metaflow import FlowSpec",
    )
    assert docstring_line(translated(site / "metaflow" / "tutorials", head)) is None
