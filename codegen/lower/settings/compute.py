"""What a task asks of the machine that it runs on.

Sources: flytekit's core/resources.py and core/task.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from codegen.diagnostics import Diagnostic, Position
from codegen.lower.settings.pods import Pod
from codegen.lower.settings.target import Target


@dataclass(frozen=True)
class Asked:
    """A number that a decorator asks for; ``given`` is how the source writes it, where
    None counts as 0."""

    number: Decimal
    given: int | float | str | None
    position: Position


@dataclass(frozen=True)
class Tmpfs:
    """A folder in memory: its size in MiB, if it has one of its own; ``named`` tells whether it
    is the folder for temporary files."""

    path: str
    size: int | None
    named: bool


@dataclass
class Compute:
    """From @resources, @kubernetes and @batch.

    ``asked`` has their numbers, by decorator and attribute; ``requests`` is what they mean
    together, by the arguments of ``Resources``, all of it a limit as well if ``guaranteed``.
    ``vendor`` makes the GPUs. A step with an ``image`` of its own gets no other.
    """

    asked: dict[str, dict[str, Asked]] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    guaranteed: bool = False
    vendor: str = "nvidia"
    shared_memory: str | None = None
    tmpfs: Tmpfs | None = None
    image: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    pod: Pod = field(default_factory=Pod)
    messages: list[Diagnostic] = field(default_factory=list)

    def options(self, target: Target) -> Iterator[str]:
        """``requests=`` and its like."""
        if self.requests and not self.pod.extended_resources:
            given = ", ".join(f"{name}={value!r}" for name, value in self.requests.items())
            resources = f"{target.symbols.use('Resources')}({given})"
            yield f"requests={resources}"
            if self.guaranteed:
                yield f"limits={resources}"
        if self.shared_memory is not None:
            yield f"shared_memory={self.shared_memory!r}"
        if self.image is not None:
            yield f"container_image={self.image!r}"
        if self.labels:
            yield f"labels={self.labels!r}"
        if self.annotations:
            yield f"annotations={self.annotations!r}"
        if self.pod.needed:
            text = self.pod.text(target.symbols, self.requests, self.guaranteed)
            yield f"pod_template={target.declarations.name(f'{target.step.upper()}_POD', text)}"

    def comments(self) -> Iterator[str]:
        """What Flyte does without, and what it needs."""
        for message in self.messages:
            yield from message.comment()
