"""The image that a task runs in.

Sources: metaflow/plugins/pypi for the decorators; flytekit's image_spec for what becomes of them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from codegen.diagnostics import Diagnostic, Position
from codegen.lower.settings.target import Target

#: flytekit's builder always asks it, and first (image_spec/default_builder.py).
_DEFAULT_CHANNEL = "conda-forge"


@dataclass(frozen=True)
class Packages:
    """From one @conda, @pypi, @conda_base or @pypi_base, which stands at ``position``."""

    packages: Mapping[str, str]
    python: str | None
    disabled: bool | None
    position: Position

    def over(self, base: Packages | None) -> Packages:
        """The packages of a step together with those of the flow, which give way."""
        if base is None:
            return self
        return Packages(
            {**base.packages, **self.packages},
            self.python or base.python,
            base.disabled if self.disabled is None else self.disabled,
            self.position,
        )


@dataclass(frozen=True)
class Environment:
    """What an image holds: ``conda`` and ``pip`` map packages to versions, which come on top of
    the image ``base`` if there is one."""

    conda: Mapping[str, str]
    pip: Mapping[str, str]
    python: str | None
    position: Position
    base: str | None = None

    @property
    def same(self) -> tuple[object, ...]:
        """What makes it one environment; the order of packages does not matter."""
        packages = (tuple(sorted(each.items())) for each in (self.conda, self.pip))
        return (*packages, self.python, self.base)

    def arguments(self) -> Iterator[str]:
        """The arguments of ``ImageSpec`` for the packages."""
        if self.base is not None:
            yield f"base_image={self.base!r}"
        if self.conda:
            specs = [conda_requirement(*each) for each in self.conda.items()]
            quoted = [shlex.quote(spec) for spec in specs]
            why = "" if specs == quoted else "  # quoted: the image's builder is a shell\n"
            yield f"conda_packages=[{why}{', '.join(map(repr, quoted))}]"
            named = dict.fromkeys(name.rpartition("::")[0] for name in self.conda)
            channels = [name for name in named if name not in ("", _DEFAULT_CHANNEL)]
            if channels:
                yield f"conda_channels={channels!r}"
        if self.pip:
            yield f"packages={[pip_requirement(*each) for each in self.pip.items()]!r}"
        if self.python is not None:
            yield f"python_version={self.python!r}"


def conda_requirement(package: str, version: str) -> str:
    """As Metaflow gives it to micromamba (plugins/pypi/micromamba.py)."""
    if not version:
        return package
    return re.sub("==(?=[<=>!~])", "", f"{package}=={version}")


def pip_requirement(package: str, version: str) -> str:
    """As Metaflow gives it to pip (plugins/pypi/pip.py)."""
    if not version or version.startswith(("<", ">", "!", "~", "@")):
        return f"{package}{version}"
    return f"{package}=={version}"


@dataclass
class Images:
    """From @conda and @pypi: what the step's own decorators say, and with those of the flow its
    ``environment``, which is ``shared`` if it is that of the flow. ``default`` is the image of
    tasks that choose none, if there is one."""

    conda: Packages | None = None
    pypi: Packages | None = None
    environment: Environment | None = None
    shared: bool = False
    registry: str | None = None
    default: str | None = None
    warnings: list[Diagnostic] = field(default_factory=list)

    def options(self, target: Target) -> Iterator[str]:
        """``container_image=``."""
        if self.environment is not None:
            wanted = "IMAGE" if self.shared else target.names.constant(target.step, "IMAGE")
            yield f"container_image={target.declarations.name(wanted, self._spec(target))}"
        elif self.default is not None:
            name = target.declarations.name("DEFAULT_IMAGE", repr(self.default))
            yield f"container_image={name}"

    def _spec(self, target: Target) -> str:
        """All images of a flow have one name: flytekit makes the tag of what is in them."""
        assert self.environment is not None
        arguments = [f"name={image_name(target.names.workflow)!r}"]
        if self.registry is not None:
            arguments.append(f"registry={self.registry!r}")
        arguments += self.environment.arguments()
        return f"{target.symbols.use('ImageSpec')}({', '.join(arguments)})"

    def comments(self) -> Iterator[str]:
        """What the image lacks."""
        for warning in self.warnings:
            yield from warning.comment()


def image_name(workflow: str) -> str:
    """The name of a workflow as one that registries take."""
    return re.sub(r"[^a-z0-9]+", "-", workflow.lower()).strip("-") or "flow"
