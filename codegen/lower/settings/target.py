"""The task that settings are written for."""

from __future__ import annotations

from dataclasses import dataclass, field

from codegen.lower.names import Names, free
from codegen.symbols import Symbols


@dataclass
class Declarations:
    """Constants of the module that several tasks may share: equal ones are there once."""

    names: Names
    _named: dict[str, str] = field(default_factory=dict)

    def name(self, wanted: str, text: str) -> str:
        """The name of the constant with the value ``text``, which is a Python expression; the
        first who asks for it names it."""
        if text not in self._named:
            taken = self.names.module | set(self._named.values())
            self._named[text] = free(wanted, taken)
        return self._named[text]

    def lines(self) -> tuple[str, ...]:
        """The assignments, in the order in which they were asked for."""
        return tuple(f"{name} = {text}" for text, name in self._named.items())


@dataclass(frozen=True)
class Target:
    """The task of one ``step``; ``constants`` are assignments that stand right above it.

    ``parameters`` are the inputs that are Parameters; ``mapped`` tells that a map task runs it,
    ``loops`` that it leads back to itself.
    """

    step: str
    names: Names
    symbols: Symbols
    declarations: Declarations
    parameters: tuple[str, ...] = ()
    mapped: bool = False
    loops: bool = False
    constants: list[str] = field(default_factory=list)

    def constant(self, what: str, text: str) -> str:
        """The name of a constant of this task's own, such as ``FIT_ENVIRONMENT``."""
        name = self.names.constant(self.step, what)
        line = f"{name} = {text}"
        if line not in self.constants:
            self.constants.append(line)
        return name
