"""The task that settings are written for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from codegen.lower.names import Names, free
from codegen.symbols import Symbols


@dataclass
class Declarations:
    """Constants and functions of the module that several tasks may share: equal ones are there
    once."""

    names: Names
    _defined: dict[str, tuple[str, str]] = field(default_factory=dict)

    def name(self, wanted: str, text: str) -> str:
        """The name of the constant with the value ``text``, which is a Python expression; the
        first who asks for it names it."""
        return self.define(wanted, lambda name: f"{name} = {text}")

    def define(
        self, wanted: str, statement: Callable[[str], str], avoid: frozenset[str] = frozenset()
    ) -> str:
        """The name of what a statement defines, which is given that name; it is none of those to
        ``avoid``."""
        key = statement("_")
        if key not in self._defined:
            taken = self.names.module | {name for name, _ in self._defined.values()} | avoid
            name = free(wanted, taken)
            self._defined[key] = name, statement(name)
        return self._defined[key][0]

    def lines(self) -> tuple[str, ...]:
        """The statements but for imports, in the order in which they were asked for."""
        return tuple(text for _, text in self._defined.values() if not _is_import(text))

    def imports(self) -> tuple[str, ...]:
        """The import statements."""
        return tuple(text for _, text in self._defined.values() if _is_import(text))


def _is_import(statement: str) -> bool:
    return statement.startswith(("from ", "import "))


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
