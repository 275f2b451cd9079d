"""Environment variables of a task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from codegen.lower.settings.target import Target


@dataclass
class Variables:
    """``values`` maps names to Python expressions."""

    values: dict[str, str] = field(default_factory=dict)

    def options(self, target: Target) -> Iterator[str]:
        """``environment=``, which sets them in the container."""
        if self.values:
            yield f"environment={self._constant(target)}"

    def wrappers(self, target: Target) -> Iterator[str]:
        """The prelude decorator that sets them in a local run."""
        if self.values:
            yield f"{target.symbols.use('environment')}({self._constant(target)})"

    def _constant(self, target: Target) -> str:
        pairs = ", ".join(f"{name!r}: {value}" for name, value in self.values.items())
        return target.constant("ENVIRONMENT", f"{{{pairs}}}")

    def comments(self) -> Iterator[str]:
        """None: the constant says it all."""
        yield from ()
