"""The package as users install it: built from the checkout, and used without the checkout."""

import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from codegen import __version__, translate
from codegen.diagnostics import CODES
from tests.cases import EXAMPLES, GOLDEN
from tests.support.processes import clean_environment

ROOT = GOLDEN.parent


def run(*command: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """In a process that cannot see the checkout."""
    environment = clean_environment() | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables}
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment,
        timeout=120,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    try:
        import hatchling  # noqa: F401
    except ImportError:
        offline = []  # pip fetches it
    else:
        offline = ["--no-build-isolation", "--no-index"]
    pip = [sys.executable, "-m", "pip", "--no-cache-dir", "wheel", "--quiet", "--no-deps"]
    done = run(*pip, *offline, "--wheel-dir", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    done = run(*pip, "--target", target, wheel, cwd=target)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def test_contents(wheel: Path) -> None:
    """The package, its templates and its pages; no tests, no golden flows, nothing at the top
    level that could meet another package there."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    assert {name.split("/")[0] for name in names} == {
        "codegen",
        f"mf_codegen-{__version__}.dist-info",
    }
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "codegen").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    templates = {str(path.relative_to(ROOT)) for path in (ROOT / "templates").rglob("*.jinja")}
    assert templates
    assert {name.removeprefix("codegen/") for name in names if name.endswith(".jinja")} == templates
    pages = {f"codegen/pages/{code}.md" for code in CODES}
    assert pages <= set(names)
    assert "codegen/py.typed" in names  # "Typing :: Typed"
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = f"mf_codegen-{__version__}.dist-info"
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode("utf-8"))
        entries = archive.read(f"{info}/entry_points.txt").decode("utf-8")
        licences = [name for name in archive.namelist() if name.startswith(f"{info}/licenses/")]
    assert (metadata["Name"], metadata["Version"]) == ("mf-codegen", __version__)
    assert metadata["License-Expression"] == "Apache-2.0" and licences
    assert metadata["Requires-Python"] == ">=3.10"
    assert "mf-codegen = codegen.cli:main" in entries
    needed = {
        re.split("[^a-z0-9]", requirement)[0]
        for requirement in metadata.get_all("Requires-Dist", [])
        if "extra ==" not in requirement
    }
    # Neither Metaflow nor flytekit: the first is only read, the second only written.
    readers = {"packaging", "pyyaml", "tomli"}  # of the formats of configs
    assert needed == {"black", "click", "isort", "jinja2", "libcst", *readers}
    assert str(metadata.get_payload()).strip()  # the README


@pytest.mark.parametrize("way", ["module", "script"])
def test_translates(installed: Path, tmp_path: Path, way: str) -> None:
    """From another folder, with the same result as in the checkout."""
    flow = tmp_path / "train.py"
    flow.write_bytes((EXAMPLES / "train.py").read_bytes())
    command = ["-m", "codegen"] if way == "module" else [str(installed / "bin" / "mf-codegen")]
    done = run(sys.executable, *command, flow, cwd=tmp_path, PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stderr
    assert done.stdout == translate(flow.read_bytes(), "train.py").code


def test_runs_from_the_installed_files(installed: Path, tmp_path: Path) -> None:
    """Otherwise the other tests here would test the checkout once more."""
    script = "import codegen.resources as r; print(r.__file__); print(r.folder('pages', 'x'))"
    done = run(sys.executable, "-c", script, cwd=tmp_path, PYTHONPATH=str(installed))
    paths = [Path(line).resolve() for line in done.stdout.splitlines()]
    assert len(paths) == 2 and all(installed.resolve() in path.parents for path in paths)


def test_explains(installed: Path, tmp_path: Path) -> None:
    done = run(
        sys.executable,
        "-m",
        "codegen",
        "--explain",
        "MF101",
        cwd=tmp_path,
        PYTHONPATH=str(installed),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (ROOT / "docs" / "diagnostics" / "MF101.md").read_text(encoding="utf-8")
