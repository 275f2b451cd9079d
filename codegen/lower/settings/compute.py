"""What a task asks of the machine that it runs on.

Source: flytekit's core/resources.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from codegen.lower.settings.target import Target


@dataclass
class Compute:
    """``requests`` maps the arguments of ``Resources`` to their values."""

    requests: dict[str, str] = field(default_factory=dict)
    shared_memory: str | None = None

    def options(self, target: Target) -> Iterator[str]:
        """``requests=`` and its like."""
        if self.requests:
            given = ", ".join(f"{name}={value!r}" for name, value in self.requests.items())
            yield f"requests={target.symbols.use('Resources')}({given})"
        if self.shared_memory is not None:
            yield f"shared_memory={self.shared_memory!r}"

    def comments(self) -> Iterator[str]:
        """None yet."""
        yield from ()
