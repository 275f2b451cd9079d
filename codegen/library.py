"""What stands for parts of Metaflow's library in the generated code.

This is the one place for a name that is translated wherever it is used: in steps, in helpers and
in the code around the flow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Counterpart:
    """``helper`` is a helper of the prelude, ``text`` the expression with its name in it."""

    helper: str
    text: str = "{}"


#: Dotted name in Metaflow → what stands for it. No name is the beginning of another.
LIBRARY: Mapping[str, Counterpart] = {
    "metaflow.current.retry_count": Counterpart("retry_count", "{}()"),
}


def known_part(dotted: str) -> str | None:
    """The beginning of a dotted name that has a counterpart, if any."""
    parts = dotted.split(".")
    for end in range(len(parts), 1, -1):
        if ".".join(parts[:end]) in LIBRARY:
            return ".".join(parts[:end])
    return None
