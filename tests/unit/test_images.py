"""@conda and @pypi: the images that they become, held against what Metaflow installs."""

import ast
import importlib
import json
import platform
import shlex
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
from flytekit import ImageSpec
from flytekit.image_spec.default_builder import create_docker_context

from codegen import Options, Translation, translate
from codegen.lower.decorators.packages import _REGISTRY
from codegen.lower.settings.images import conda_requirement, image_name, pip_requirement
from tests.cases import GOLDEN
from tests.support.metaflow_side import THIS_MACHINE, run_metaflow
from tests.support.serialised import register_offline

pip: Any = importlib.import_module("metaflow.plugins.pypi.pip")  # all untyped
micromamba: Any = importlib.import_module("metaflow.plugins.pypi.micromamba")


def flow(base: str = "", head: str = "", **steps: str) -> str:
    """A flow with decorators on its class and its steps, which print; ``start`` and ``end`` are
    there in any case."""
    names = [*dict.fromkeys(name for name in ("start", *steps) if name != "end"), "end"]
    lines = ["from metaflow import *", textwrap.dedent(head), base, "class TheFlow(FlowSpec):"]
    for name, after in zip(names, [*names[1:], ""], strict=True):
        last = f"self.next(self.{after})" if after else "pass"
        lines += [f"    {steps.get(name, '')}", "    @step", f"    def {name}(self):"]
        lines += [f"        print({name!r})", f"        {last}"]
    return "\n".join([*lines, "if __name__ == '__main__':", "    TheFlow()", ""])


def translated(source: str, **options: Any) -> Translation:
    return translate(source, "flow.py", Options(**{"registry": "ghcr.io/team", **options}))


def code_of(source: str, **options: Any) -> str:
    result = translated(source, **options)
    assert result.code is not None, result.diagnostics
    return result.code


def codes(source: str, **options: Any) -> list[str]:
    found = {message.code for message in translated(source, **options).diagnostics}
    return sorted(found - {"MF701"})  # the main guard is left out


def constants(code: str) -> dict[str, Any]:
    """Name → keywords of its ImageSpec, or its text."""
    found: dict[str, Any] = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "ImageSpec":
                found[name] = {
                    keyword.arg: ast.literal_eval(keyword.value) for keyword in node.value.keywords
                }
            elif isinstance(node.value, ast.Constant) and name.endswith("IMAGE"):
                found[name] = node.value.value
    return found


def chosen(code: str) -> dict[str, str]:
    """Task → the text of its ``container_image``, where it has one."""
    found: dict[str, str] = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list[:1]:
                for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
                    if keyword.arg == "container_image":
                        found[node.name] = ast.unparse(keyword.value)
    return found


def images(source: str, **options: Any) -> dict[str, Any]:
    """Task → what its image is made of; None for the default image."""
    code = code_of(source, **options)
    specs, used = constants(code), chosen(code)
    assert set(specs) == set(used.values())  # none in vain
    tasks = [
        node.name
        for node in ast.parse(code).body
        if isinstance(node, ast.FunctionDef)
        and node.decorator_list
        and ast.unparse(node.decorator_list[0]).startswith("task")
    ]
    return {name: specs[used[name]] if name in used else None for name in tasks}


# ---------------------------------------------------------------------- as Metaflow has it


class _Command(Exception):
    """What a solver would run."""


def _refused(*arguments: Any) -> None:
    raise _Command(*arguments)


def pip_arguments(packages: dict[str, str]) -> list[str]:
    """What Metaflow gives to pip."""
    mamba: Any = type("Mamba", (), {"path_to_environment": lambda *_: "prefix"})()
    solver = pip.Pip(mamba)
    solver._get_resolved_python_version = lambda prefix: "3.11.9"
    solver.indices = lambda prefix: (None, [])
    solver._call = lambda prefix, command, env: _refused(command)
    with pytest.raises(_Command) as found:
        solver.solve("id", packages, "3.11.9", "linux-64")
    command: list[str] = found.value.args[0]
    return command[len(command) - len(packages) :]


def conda_arguments(packages: dict[str, str], python: str) -> list[str]:
    """What Metaflow gives to micromamba: the packages and Python."""
    solver = micromamba.Micromamba.__new__(micromamba.Micromamba)
    solver.info = lambda: {"channels": []}
    solver._call = lambda command, env: _refused(command)
    with pytest.raises(_Command) as found:
        solver.solve("id", packages, python, "linux-64")
    command: list[str] = found.value.args[0]
    return command[command.index("--channel=conda-forge") + 1 :]


def docker(spec: ImageSpec, folder: Path) -> tuple[list[str], list[str]]:
    """What a shell makes of the commands in flytekit's Dockerfile: the arguments of micromamba
    behind the channels, and the requirements for pip."""
    create_docker_context(spec, folder)
    text = (folder / "Dockerfile").read_text().replace("\\\n", " ")
    start = text.index("micromamba create")
    command = text[start : text.index("||", start)]
    script = f"micromamba() {{ printf '%s\\n' \"$@\"; }}\n{command}"
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, cwd=folder
    )
    arguments = done.stdout.splitlines()
    while "-c" in arguments:
        del arguments[: arguments.index("-c") + 2]
    return arguments, (folder / "requirements_uv.txt").read_text().splitlines()


_PYPI = (
    '@pypi(packages={"pandas": ">=2,<3", "six[x]": "2.3", "tool": "", "a": "~=1.16"})',
    '@pypi(packages={"thing": "@ git+https://github.com/team/thing@main", "old": "!=1.2"})',
    "@pypi",
    '@pypi(python="3.12.1")',
    "@pypi(disabled=True)",
    '@pypi(disabled="true")',
    '@pypi(disabled=False, packages={"numpy": "1.26.4"})',
    "",
)
_CONDA = (
    '@conda(packages={"pandas": ">=2,<3", "pytorch::pytorch": "2.4.1", "six": "=1.16"})',
    '@conda(packages={"scipy": 1.14, "a": "==0.6"}, libraries={"scipy": "1.13", "old": "1|2"})',
    "@conda",
    '@conda(python="3.12.1")',
    "@conda(disabled=True)",
    '@conda(disabled=False, packages={"numpy": "1.26.*"})',
    "",
)


@pytest.mark.parametrize(
    ("base", "decorators"),
    [
        ("", _PYPI),
        ('@pypi_base(packages={"numpy": "2.1.3"}, python="3.11.9")', _PYPI),
        ('@pypi_base(packages={"numpy": "2.1.3"}, disabled=True)', _PYPI),
        ("", _CONDA),
        ('@conda_base(packages={"numpy": "2.1.3"}, python="3.11.9")', _CONDA),
        (
            '@conda_base(libraries={"numpy": "2.1.3"}, python=3.11)',
            (*_CONDA, "@conda(python='3.10')"),
        ),
        # the Python of both, packages of one
        ('@conda_base(python="3.11.9")', (*_PYPI, "@conda(disabled=True)\n    @pypi", "@conda")),
        ('@pypi_base(packages={"numpy": "2.1.3"})', ('@conda(python="3.12.1")', "@conda", "")),
    ],
)
def test_images_are_metaflows(base: str, decorators: tuple[str, ...], tmp_path: Path) -> None:
    """Metaflow's own decorators say what each step needs, and its solvers what they run."""
    steps = {f"s{number}": text for number, text in enumerate(decorators)}
    source = flow(base, **steps)
    (tmp_path / "flow.py").write_text(source)
    told = tmp_path / "environments.json"
    variables = THIS_MACHINE | {"THIS_MACHINE_ENVIRONMENTS": str(told)}
    run = run_metaflow(tmp_path / "flow.py", {}, flow_name="TheFlow", environment=variables)
    assert told.exists(), run.stdout
    expected = json.loads(told.read_text())
    found = images(source)
    assert set(found) == {*steps, "start", "end"}
    assert any(found.values())
    for step, spec in found.items():
        asked = expected[step]
        wanted = {kind: asked.get(kind, {}).get("packages", {}) for kind in ("conda", "pypi")}
        for packages in wanted.values():
            packages.pop("requests", None)  # Metaflow's own need
        python = asked.get("conda", {}).get("python")
        own = python if python != _here() else None
        if spec is None:
            assert not any(wanted.values()) and own is None, (step, asked)
            continue
        image = ImageSpec(**spec)
        folder = tmp_path / step
        folder.mkdir()
        conda, requirements = docker(image, folder)
        assert conda[:1] == [f"python={own or _short()}"]
        assert conda[1:] == conda_arguments(wanted["conda"], "3.11")[:-1]
        assert requirements[:-1] == pip_arguments(wanted["pypi"])
        assert requirements[-1].startswith("flytekit==")  # the builder sees to that


def _here() -> str:
    return platform.python_version()


def _short() -> str:
    return ".".join(_here().split(".")[:2])


@pytest.mark.parametrize("base", ["", '@conda_base(packages={"numpy": "2"})', "@pypi_base"])
def test_mixed_packages_are_refused(base: str, tmp_path: Path) -> None:
    steps = {
        "": '@conda(packages={"numpy": "2"})\n    @pypi(packages={"pandas": "2.2.3"})',
        '@conda_base(packages={"numpy": "2"})': '@pypi(packages={"pandas": "2.2.3"})',
        # even without packages: Metaflow adds one of its own
        "@pypi_base": '@conda(packages={"numpy": "2"})',
    }
    source = flow(base, s0=steps[base])
    (tmp_path / "flow.py").write_text(source)
    run = run_metaflow(
        tmp_path / "flow.py", {}, flow_name="TheFlow", environment=dict(THIS_MACHINE)
    )
    assert "Mixing and matching PyPI packages and Conda packages" in run.stdout
    assert "MF121" in codes(source)


@pytest.mark.parametrize(
    ("version", "pypi", "conda"),
    [
        ("", "p", "p"),
        ("1.2", "p==1.2", "p==1.2"),
        (">=1,<2", "p>=1,<2", "p>=1,<2"),
        ("~=1.2", "p~=1.2", "p~=1.2"),
        ("!=1", "p!=1", "p!=1"),
        ("1.2.*", "p==1.2.*", "p==1.2.*"),
        ("@ git+https://x/y", "p@ git+https://x/y", None),
        ("==1.2", None, "p==1.2"),
        ("=1.2", None, "p=1.2"),
    ],
)
def test_requirements(version: str, pypi: str | None, conda: str | None) -> None:
    if pypi is not None:
        assert pip_requirement("p", version) == pypi
    if conda is not None:
        assert conda_requirement("p", version) == conda


# ---------------------------------------------------------------------- attributes


@pytest.mark.parametrize(
    ("decorator", "code"),
    [
        ("@pypi(packages=['numpy'])", "MF121"),
        ("@pypi(packages='numpy')", "MF121"),
        ("@pypi(packages=None)", "MF121"),
        ("@pypi(packages={'numpy': None})", "MF121"),
        ("@pypi(packages={'numpy': 1.26})", "MF121"),  # pip needs text
        ("@pypi(packages={'numpy': '==1.26'})", "MF121"),  # would be numpy====1.26
        ("@pypi(packages={'': '1'})", "MF121"),
        ("@pypi(packages={1: '1'})", "MF121"),
        ("@pypi(packages=wanted())", "MF301"),
        ("@pypi(packages={'numpy': os.environ['V']})", "MF301"),
        ("@pypi(python=3.11)", "MF121"),
        ("@pypi(python='>=3.10')", "MF121"),
        ("@pypi(python='three')", "MF121"),
        ("@pypi(python='3.8.20')", "MF622"),
        ("@pypi(python='2.7')", "MF622"),
        ("@pypi(python='3.13t')", "MF622"),
        ("@pypi(disabled='yes')", "MF121"),
        ("@pypi(disabled=1)", "MF121"),
        ("@pypi(libraries={})", "MF120"),
        ("@pypi('numpy')", "MF120"),
        ("@conda(packages={'numpy': True})", "MF121"),
        ("@conda(packages={'numpy': None})", "MF121"),
        ("@conda(libraries=['numpy'])", "MF121"),
        ("@conda(python=3.11)", "MF121"),
        ("@conda(python='3.9')", "MF622"),
        ("@conda(channels=['x'])", "MF120"),
        ("@conda\n    @conda", "MF120"),
    ],
)
def test_refused_attributes(decorator: str, code: str) -> None:
    source = flow(head="import os\ndef wanted(): return {}", start=decorator)
    result = translated(source)
    found = {message.code: message for message in result.diagnostics}
    assert code in found and result.code is None
    assert "@" in source.splitlines()[found[code].position.line - 1]  # at the decorator


@pytest.mark.parametrize("disabled", ["None", "False", "0", "''", "'false'", "'False'"])
def test_not_disabled(disabled: str) -> None:
    source = flow(start=f"@pypi(packages={{'numpy': '2'}}, disabled={disabled})")
    assert images(source)["start"]["packages"] == ["numpy==2"]


@pytest.mark.parametrize("name", ["conda", "pypi"])
def test_nothing_asked_for_is_the_default_image(name: str) -> None:
    found = images(flow(f"@{name}_base", start=f"@{name}", s1=f"@{name}(packages={{}}, python='')"))
    assert set(found.values()) == {None}


def test_values_are_constants_of_the_module() -> None:
    head = "VERSION = '2.1.3'\nPACKAGES = {'numpy': VERSION}\n"
    source = flow("@pypi_base(packages=PACKAGES)", head, s1="@pypi(python=f'3.{11}.9')")
    found = images(source)
    assert found["start"]["packages"] == ["numpy==2.1.3"]
    assert found["s1"]["python_version"] == "3.11.9"


# ---------------------------------------------------------------------- names


def test_equal_environments_are_one_image() -> None:
    source = flow(
        "@pypi_base(packages={'numpy': '2'})",
        s1="@pypi(packages={'pandas': '2.2.3'})",
        s2="@pypi(packages={'pandas': '2.2.3'})",
        s3="@pypi(packages={'numpy': '2'})",
        s5="@conda(packages={})\n    @pypi(packages={'pandas': '2.2.3', 'numpy': '2'})",
        s4="@pypi(packages={'numpy': '1.26.4'})",
    )
    used = chosen(code_of(source))
    assert used == {
        "start": "IMAGE",
        "s1": "S1_IMAGE",
        "s2": "S1_IMAGE",
        "s3": "IMAGE",
        "s5": "S1_IMAGE",
        "s4": "S4_IMAGE",
        "end": "IMAGE",
    }


def test_names_that_are_taken() -> None:
    head = "IMAGE = 'mine.png'\nclass ImageSpec: pass\nprint(IMAGE, ImageSpec)\n"
    code = code_of(flow("@pypi_base(packages={'numpy': '2'})", head))
    assert chosen(code) == {"start": "IMAGE_", "end": "IMAGE_"}
    assert "ImageSpec as ImageSpec_" in code
    assert "IMAGE_ = ImageSpec_(" in code


@pytest.mark.parametrize(
    ("workflow", "name"),
    [
        ("train_flow", "train-flow"),
        ("flow_", "flow"),
        ("flow_2__b", "flow-2-b"),
        ("größe_flow", "gr-e-flow"),
        ("流れ", "flow"),
    ],
)
def test_image_names(workflow: str, name: str) -> None:
    assert image_name(workflow) == name


# ---------------------------------------------------------------------- options


def test_registry() -> None:
    source = flow(start="@pypi(packages={'numpy': '2'})")
    assert images(source, registry="localhost:30000")["start"]["registry"] == "localhost:30000"
    assert "registry" not in images(source, registry=None)["start"]
    assert codes(source, registry=None) == ["MF620"]
    assert codes(source) == []
    assert codes(flow(), registry=None) == []  # no image, no registry


@pytest.mark.parametrize(
    "registry",
    ["ghcr.io/team", "GHCR.io/Team", "localhost:30000", "registry:5000/a/b", "docker.io/me", "",
     "https://ghcr.io/team", "ghcr.io/team/", "a b", "localhost:123456", "ghcr.io/té", "team"],
)  # fmt: skip
def test_registries_are_those_of_flytekit(registry: str) -> None:
    try:
        ImageSpec(name="x", registry=registry)
        taken = True
    except ValueError:
        taken = False
    source = flow(start="@pypi(packages={'numpy': '2'})")
    assert bool(_REGISTRY.fullmatch(registry.lower())) == taken or registry == ""
    assert ("MF627" in codes(source, registry=registry)) == (not taken or registry == "")


def test_image_for_tasks_that_choose_none() -> None:
    source = flow(s1="@pypi(packages={'numpy': '2'})", s2="@pypi(disabled=True)")
    code = code_of(source, image="ghcr.io/team/flow:1")
    assert chosen(code) == {
        "start": "DEFAULT_IMAGE",
        "s1": "S1_IMAGE",
        "s2": "DEFAULT_IMAGE",
        "end": "DEFAULT_IMAGE",
    }
    assert constants(code)["DEFAULT_IMAGE"] == "ghcr.io/team/flow:1"


def test_own_image_is_the_base_of_the_packages() -> None:
    """As in Metaflow, which installs the packages in a container of that image."""
    own = "@kubernetes(image='python:3.12-slim')"
    source = flow(
        "@pypi_base(packages={'numpy': '2'})",
        s1=own,
        s2=f"{own}\n    @pypi(packages={{'pandas': '2.2.3'}})",
        s3=f"{own}\n    @pypi(disabled=True)",
    )
    found = code_of(source, image="x:1")
    assert chosen(found) == {
        "start": "IMAGE",
        "s1": "S1_IMAGE",
        "s2": "S2_IMAGE",
        "s3": "'python:3.12-slim'",
        "end": "IMAGE",
    }
    specs = constants(found)
    assert specs["S1_IMAGE"]["base_image"] == specs["S2_IMAGE"]["base_image"] == "python:3.12-slim"
    assert specs["S1_IMAGE"]["packages"] == ["numpy==2"]
    assert specs["S2_IMAGE"]["packages"] == ["numpy==2", "pandas==2.2.3"]
    assert "base_image" not in specs["IMAGE"] and "DEFAULT_IMAGE" not in specs


# ---------------------------------------------------------------------- imports


_NUMPY = "@pypi(packages={'numpy': '2'})"


@pytest.mark.parametrize(
    ("head", "base", "steps", "lacking"),
    [
        ("import numpy\nX = numpy.pi", "", {"s1": _NUMPY}, ["start, end"]),
        ("import numpy as np\nX = np.pi", "", {"start": _NUMPY}, ["end"]),
        ("from numpy.linalg import norm\nX = norm", "", {"start": _NUMPY, "end": _NUMPY}, []),
        ("import numpy\nX = numpy.pi", "@pypi_base(packages={'numpy': '2'})", {}, []),
        ("import numpy\nX = numpy.pi", "", {}, []),  # no step names it: nothing to go by
        ("import numpy", "", {"s1": _NUMPY}, []),  # nothing uses it, so it is left out
        ("def f():\n    import numpy\n    return numpy", "", {"s1": _NUMPY}, []),
        (
            "import sklearn, yaml\nfrom PIL import Image\nX = sklearn, yaml, Image",
            "@conda_base(packages={'scikit-learn': '1', 'main::pyyaml': '6', 'Pillow': '11'})",
            {"s1": "@conda(disabled=True)"},
            ["s1"] * 3,
        ),
    ],
)
def test_imports(head: str, base: str, steps: dict[str, str], lacking: list[str]) -> None:
    result = translated(flow(base, head, **steps))
    found = [message for message in result.diagnostics if message.code == "MF621"]
    assert [message.message.rpartition(" of ")[2] for message in found] == lacking
    assert result.code is not None
    for step in {step for names in lacking for step in names.split(", ")}:
        above = result.code[: result.code.index(f"def {step}(")]
        assert "# MF621" in above[above.rindex("\n\n\n") :]  # the task says so


def test_imports_in_a_named_image_are_not_looked_at() -> None:
    source = flow(head="import numpy\nX = numpy.pi", s1=_NUMPY)
    assert codes(source, image="ghcr.io/team/with-numpy:1") == []
    source = flow(
        head="import numpy\nX = numpy.pi",
        start="@kubernetes(image='a:1')",
        s1=_NUMPY,
        end="@kubernetes(image='a:1')",
    )
    assert "MF621" not in codes(source)


# ---------------------------------------------------------------------- what is registered


def test_serialised() -> None:
    tasks = register_offline(GOLDEN / "conda_steps" / "flyte_wf.py").tasks
    names = {name.rpartition(".")[2]: task.template.container.image for name, task in tasks.items()}
    assert names["start"] == names["end"]
    assert names["left"] == names["right"]
    assert len({*names.values()}) == 3
    assert all(name.startswith("conda-steps-flow:") for name in names.values())
    tasks = register_offline(GOLDEN / "pypi_base" / "flyte_wf.py").tasks
    names = {name.rpartition(".")[2]: task.template.container.image for name, task in tasks.items()}
    assert names["end"] == "img:1"  # the default image
    assert all(names[step].startswith("ghcr.io/team/pypi-base-flow:") for step in ("start", "fit"))


def test_serialised_map_task() -> None:
    """Each element of a map task runs in the image of the task."""
    tasks = register_offline(GOLDEN / "pypi_imports" / "flyte_wf.py").tasks
    (mapped,) = (task for name, task in tasks.items() if "-arraynode" in name)
    single = tasks["flyte_wf.measure"]
    assert mapped.template.container.image == single.template.container.image
    assert single.template.container.image.startswith("pypi-imports-flow:")


def test_quoting_matters(tmp_path: Path) -> None:
    """Without quotes, the shell of flytekit's builder takes an operator for a redirection."""
    found, _ = docker(ImageSpec(name="x", conda_packages=["numpy>=2"]), tmp_path)
    assert "numpy>=2" not in found
    again = tmp_path / "again"
    again.mkdir()
    found, _ = docker(ImageSpec(name="x", conda_packages=[shlex.quote("numpy>=2")]), again)
    assert "numpy>=2" in found
