"""What holds at a point of a body, and where paths meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Names = frozenset[str]
NONE: Names = frozenset()


@dataclass(frozen=True)
class State:
    """What holds at a point of the body. ``next`` tells which histories reach it: some that
    have called ``self.next``, some that have not; ``merges`` counts the calls of
    ``merge_artifacts`` that surely happened."""

    must: Names = NONE
    may: Names = NONE
    gone: Names = NONE
    touched: Names = NONE
    next: frozenset[bool] = frozenset({False})
    merges: int = 0

    def merge(self, other: State | None) -> State:
        if other is None:
            return self
        return State(
            self.must & other.must,
            self.may | other.may,
            self.gone | other.gone,
            self.touched & other.touched,
            self.next | other.next,
            min(self.merges, other.merges),
        )


def merged(states: Sequence[State | None]) -> State | None:
    """The state where several paths meet; None where none arrives."""
    result: State | None = None
    for state in states:
        if state is not None:
            result = state.merge(result)
    return result


@dataclass
class Loop:
    breaks: list[State | None] = field(default_factory=list)
    continues: list[State | None] = field(default_factory=list)
