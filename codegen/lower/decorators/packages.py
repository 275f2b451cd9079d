"""``@conda``, ``@pypi``, ``@conda_base`` and ``@pypi_base``: metaflow/plugins/pypi."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from codegen.analyse.scope import imported
from codegen.diagnostics import Diagnostic, Diagnostics, Position
from codegen.lower.decorators.arguments import Arguments
from codegen.lower.keep import steps_with_metaflow, with_metaflow
from codegen.lower.settings import FlowSettings, Settings
from codegen.lower.settings.images import Environment, Packages
from codegen.model import Flow
from codegen.parse.names import place

#: The oldest Python that generated modules and flytekit run on.
_OLDEST = (3, 10)

#: What flytekit takes, when it has made lower-case of it (image_spec.py).
_REGISTRY = re.compile(r"(localhost:\d{1,5}|[a-z\d._-]+(:\d{1,5})?)(/[\w.-]+)*")

#: Package → the module that it installs, where the names differ.
_MODULES = {
    "beautifulsoup4": "bs4",
    "opencv-python": "cv2",
    "opencv-python-headless": "cv2",
    "pillow": "pil",
    "psycopg2-binary": "psycopg2",
    "py-opencv": "cv2",
    "py-xgboost": "xgboost",
    "python-dateutil": "dateutil",
    "python-graphviz": "graphviz",
    "pytorch": "torch",
    "pyyaml": "yaml",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
}


def conda(arguments: Arguments, settings: Settings) -> None:
    """The conda packages of a step."""
    settings.images.conda = _packages(arguments)


def pypi(arguments: Arguments, settings: Settings) -> None:
    """The Python packages of a step."""
    settings.images.pypi = _packages(arguments)


def conda_base(arguments: Arguments, settings: FlowSettings) -> None:
    """The conda packages of all steps."""
    settings.conda = _packages(arguments)


def pypi_base(arguments: Arguments, settings: FlowSettings) -> None:
    """The Python packages of all steps."""
    settings.pypi = _packages(arguments)


def _packages(arguments: Arguments) -> Packages:
    name = arguments.decorator.name
    packages = _versions(arguments, "packages")
    if name.startswith("conda"):
        packages = {**_versions(arguments, "libraries"), **packages}
    return Packages(
        packages, _python(arguments), _disabled(arguments), arguments.decorator.position
    )


def _versions(arguments: Arguments, attribute: str) -> dict[str, str]:
    """Package → version; conda takes a number for one, pip does not."""
    found = arguments.value(attribute, {})
    kinds = (str, int, float) if arguments.decorator.name.startswith("conda") else (str,)
    if not isinstance(found, dict):
        raise arguments.refuse(
            attribute,
            f"{attribute} is no dictionary",
            f"Write {attribute}={{'pandas': '2.2.3'}}.",
        )
    for package, version in found.items():
        if not isinstance(package, str) or not package.strip():
            raise arguments.refuse(
                attribute, f"{package!r} is no name of a package", "Write it as text."
            )
        wrong = not isinstance(version, kinds) or isinstance(version, bool)
        if wrong or str(version).startswith("=") and kinds == (str,):
            raise arguments.refuse(
                attribute,
                f"{version!r} is no version of {package}",
                "Write it as text, such as '2.2.3', '>=2,<3', or '' for any version.",
            )
    return {package: str(version) for package, version in found.items()}


def _python(arguments: Arguments) -> str | None:
    """The version of Python; none means the one that the workflow is registered with."""
    python = arguments.value("python")
    if not python:
        return None
    if arguments.decorator.name == "conda_base":
        python = str(python)  # CondaFlowDecorator.init
    match = isinstance(python, str) and re.fullmatch(r"(\d+(?:\.\d+){0,2})(\.\*)?(t?)", python)
    if not match:
        raise arguments.refuse(
            "python", f"{python!r} is no version of Python", "Write it as text: python='3.11.9'."
        )
    numbers = tuple(int(part) for part in match[1].split("."))
    if match[3] or numbers[:2] < _OLDEST[: len(numbers)]:
        raise arguments.refuse(
            "python",
            f"Flyte's tasks do not run on Python {python}",
            f"Give a version from {'.'.join(map(str, _OLDEST))} on, with the global lock.",
            "MF622",
        )
    return str(python)


def _disabled(arguments: Arguments) -> bool | None:
    """Text counts as well: conda_environment.py."""
    value = arguments.value("disabled")
    known = {"true": True, "false": False}
    if not value:
        return None if value is None else False
    if str(value).lower() not in known:
        raise arguments.refuse(
            "disabled", f"{value!r} is neither True nor False", "Write disabled=True, or nothing."
        )
    return known[str(value).lower()]


# ---------------------------------------------------------------------- all of a flow


def settle_images(
    flow: Flow, whole: FlowSettings, settings: Mapping[str, Settings], diagnostics: Diagnostics
) -> None:
    """The image of each step, now that all decorators are known."""
    base = _environment(whole.conda, whole.pypi, None, diagnostics, None)
    known = {} if base is None else {base.same: base}
    keeping = steps_with_metaflow(flow, diagnostics)
    for name, each in settings.items():
        images, compute = each.images, each.compute
        conda, pypi = _merged(images.conda, whole.conda), _merged(images.pypi, whole.pypi)
        own = images.conda is not None or images.pypi is not None
        found = _environment(conda, pypi, compute.image, diagnostics, name if own else None)
        images.registry = whole.options.registry
        if name in keeping:
            image = compute.image or whole.options.image
            found = with_metaflow(found, image, flow.steps[name].position)
        if found is not None:
            images.environment = known.setdefault(found.same, found)
            images.shared = images.environment is base or keeping == set(flow.steps)
            compute.image = None  # it is the base of the step's image
        elif compute.image is None:
            images.default = whole.options.image
    environments = {
        name: each.images.environment
        for name, each in settings.items()
        # nobody knows what is in an image that is only named
        if each.compute.image is None and (each.images.environment or whole.options.image is None)
    }
    _check_registry(environments, whole, diagnostics)
    for step, warning in _lacking(flow, environments, diagnostics):
        settings[step].images.warnings.append(warning)


def _merged(own: Packages | None, base: Packages | None) -> Packages | None:
    return base if own is None else own.over(base)


def _environment(
    conda: Packages | None,
    pypi: Packages | None,
    image: str | None,
    diagnostics: Diagnostics,
    step: str | None,
) -> Environment | None:
    """What get_environment of conda_environment.py makes of both; None for nothing."""
    given = [found for found in (pypi, conda) if found is not None]
    if any(found.disabled for found in given):
        return None
    if pypi is not None and conda is not None and conda.packages:
        diagnostics.add(
            "MF121",
            max(pypi.position, conda.position),
            "@conda and @pypi are both given, and Metaflow does not mix their packages",
            "Ask for all packages of a step with one of them.",
            step,
        )
        return None
    python = next((found.python for found in given if found.python), None)
    packages = {name: found for each in given for name, found in each.packages.items()}
    if not packages and python is None:
        return None
    kinds = (packages, {}) if pypi is None else ({}, packages)
    return Environment(*kinds, python, given[0].position, image)


def _check_registry(
    environments: Mapping[str, Environment | None], whole: FlowSettings, diagnostics: Diagnostics
) -> None:
    """Where the images go."""
    first = next((found for found in environments.values() if found is not None), None)
    registry = whole.options.registry
    if first is None:
        return
    if registry is None:
        diagnostics.add(
            "MF620",
            first.position,
            "no registry is given for the images of tasks, so a cluster cannot pull them",
            "Give it with --registry, such as --registry ghcr.io/team.",
        )
    elif not _REGISTRY.fullmatch(registry.lower()):
        diagnostics.add(
            "MF627",
            first.position,
            f"flytekit does not take {registry!r} for a registry",
            "Give --registry a host and a path, such as ghcr.io/team or localhost:30000.",
        )


def _lacking(
    flow: Flow, environments: Mapping[str, Environment | None], diagnostics: Diagnostics
) -> Iterator[tuple[str, Diagnostic]]:
    """Steps with what their images lack: each task imports the whole module with its imports."""
    modules = {
        step: _modules(found) if found is not None else frozenset[str]()
        for step, found in environments.items()
    }
    known = frozenset[str]().union(*modules.values())
    used = _used(flow) if known else frozenset[str]()
    for node in flow.module.kept:
        for name, dotted in imported(node):
            module = dotted.partition(".")[0]
            lacking = [step for step, found in modules.items() if module.lower() not in found]
            if module.lower() in known and name in used and lacking:
                warning = diagnostics.add(
                    "MF621",
                    Position(*place(node)),
                    f"each task imports {module} with the module, but it is not in the image of "
                    f"{', '.join(lacking)}",
                    "Import it in the steps that use it, or let all steps have it, by @pypi_base "
                    "or @conda_base.",
                )
                yield from ((step, warning) for step in lacking)


def _used(flow: Flow) -> frozenset[str]:
    """Names that the code which stays mentions; nothing else is imported."""
    roots = [*flow.module.kept, *(method.node for method in flow.methods)]
    return frozenset(
        node.id for root in roots for node in ast.walk(root) if isinstance(node, ast.Name)
    )


def _modules(environment: Environment) -> frozenset[str]:
    """The modules that its packages install, in lower case, as far as their names tell."""
    return frozenset(_names({**environment.conda, **environment.pip}))


def _names(packages: Mapping[str, Any]) -> Iterator[str]:
    for package in packages:
        name = re.split(r"[\[@\s]", package.rpartition("::")[2])[0].lower()
        yield _MODULES.get(name, name.replace("-", "_").replace(".", "_"))
