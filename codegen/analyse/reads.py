"""Reports reads and deletions of artifacts that fail, or that cannot be the same with locals."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.analyse.body import BodyFacts, Deletion, Read, report_escape
from codegen.analyse.values import Environment, Slot, Visit
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Step


def report_reads(
    visit: Visit, facts: BodyFacts, places: Sequence[Environment], diagnostics: Diagnostics
) -> list[tuple[Position, str]]:
    """Report what a step reads and deletes though it is not set in any of its ``places``.

    Returns where and why local variables would not behave like attributes.
    """
    reporter = _Reporter(visit.step, facts, _joined(places), diagnostics)
    for read in facts.reads:
        reporter.read(read)
    for deletion in facts.deletions:
        reporter.deletion(deletion)
    for ask in facts.asks:
        reporter.ask(ask.name, ask.position, ask.inner and not ask.must)
    reporter.inputs(visit)
    return reporter.reasons


def _joined(places: Sequence[Environment]) -> Environment:
    """What holds at one of several places, surely only if at all of them."""
    if len(places) == 1:
        return places[0]
    result = Environment()
    for name in dict.fromkeys(name for place in places for name in place.slots):
        slots = [place.slots.get(name) for place in places]
        known = next(slot for slot in slots if slot is not None)
        sure = all(slot is not None and slot.sure for slot in slots)
        result.slots[name] = Slot(known.value, sure)
    for place in places:
        result.lost.update(place.lost)
    return result


class _Reporter:
    def __init__(
        self, step: Step, facts: BodyFacts, environment: Environment, diagnostics: Diagnostics
    ) -> None:
        self.step = step
        self.facts = facts
        self.slots = environment.slots
        self.lost = environment.lost
        self.diagnostics = diagnostics
        self.reasons: list[tuple[Position, str]] = []

    def read(self, read: Read) -> None:
        slot = self.slots.get(read.name)
        maybe_here = read.assigned or (read.late and read.name in self.facts.assigned)
        if read.guarded and not (slot is not None and slot.sure):
            if not read.indirect:  # else it has a reason of its own
                self._needs_self(read.position, f"a handler asks whether {read.name} is set")
        elif slot is None and not maybe_here and not self._asks(read.name):
            if self.facts.catch is not None:
                self._needs_self(read.position, f"@catch catches that nothing sets {read.name}")
            elif read.indirect:
                self._missing_in_helper(read)
            else:
                self._missing(read)
        elif read.name in self.lost and not (slot is not None and slot.sure):
            loss = self.lost[read.name]
            self.diagnostics.add(
                "MF209",
                read.position,
                f"self.{read.name} may be unset here: {loss.setter} sets it, but the join "
                f"{loss.join!r} loses it on some paths",
                f"Merge it in {loss.join}, or assign it there.",
                self.step.name,
            )

    def _missing_in_helper(self, read: Read) -> None:
        """A helper may never get to the place that reads it."""
        self.diagnostics.add(
            "MF209",
            read.position,
            f"self.{read.name} is not set in step {self.step.name}, which uses this helper: if "
            "the run gets here from there, it fails, here as in Metaflow",
            f"Set self.{read.name} before, or give the helper what it needs as an argument.",
            self.step.name,
        )

    def _missing(self, read: Read) -> None:
        loss = self.lost.get(read.name)
        if loss is None:
            self.diagnostics.add(
                "MF201",
                read.position,
                f"no earlier step sets self.{read.name}, so reading it fails",
                f"Set self.{read.name} in an earlier step, or correct the name.",
                self.step.name,
            )
            return
        self.diagnostics.add(
            "MF208",
            read.position,
            f"self.{read.name} was set in {loss.setter} and lost at the join {loss.join!r}, so "
            "reading it fails",
            f"Merge it in {loss.join} with self.merge_artifacts, or assign it there.",
            self.step.name,
        )

    def ask(self, name: str, position: Position, inner: bool) -> None:
        slot = self.slots.get(name)
        deleted = any(found.name == name for found in self.facts.deletions)
        if inner and (
            deleted
            or (slot is None and name in self.facts.assigned)
            or (slot is not None and not slot.sure and self._plain(name))
        ):
            self._needs_self(position, f"a nested scope asks whether {name} is set")

    def _asks(self, name: str) -> bool:
        return any(ask.name == name for ask in self.facts.asks)

    def _plain(self, name: str) -> bool:
        return any(read.name == name for read in self.facts.reads) and (
            name not in self.facts.guarded
        )

    def inputs(self, visit: Visit) -> None:
        """``self.input`` is looked up when it is first read, in the list as it is then."""
        looked_up = [m for m in self.facts.members if m.name != "index"]
        for frame in visit.frames:
            name = frame.variable
            if name is None or not looked_up:
                continue
            assigned = [name in member.may for member in looked_up]
            surely = [name in member.must for member in looked_up]
            if any(assigned) and not all(surely) and name not in self.facts.looked_up:
                self._refuse(
                    looked_up[0].position,
                    f"self.{name}, of which self.input is an element, is assigned before on some "
                    "paths only",
                )
            if (
                name in self.slots
                and visit.join is not None
                and not all(member.merges for member in looked_up)
            ):
                self._refuse(
                    looked_up[0].position,
                    f"self.input is read before merge_artifacts brings back self.{name}",
                )

    def deletion(self, deletion: Deletion) -> None:
        inherited = deletion.name in self.slots
        if deletion.guarded and not (deletion.touched and inherited and deletion.last):
            self._needs_self(deletion.position, "a handler asks whether it can be deleted")
        elif not inherited and not deletion.assigned:
            self.diagnostics.add(
                "MF205",
                deletion.position,
                f"self.{deletion.name} is not set here, so deleting it fails",
                "Remove the del statement, or correct the name.",
                self.step.name,
            )
        elif inherited and not deletion.touched:
            self.diagnostics.add(
                "MF205",
                deletion.position,
                f"self.{deletion.name} comes from an earlier step and this step has not surely "
                "read it, so Metaflow fails to delete it",
                "Remove the del statement: it would not delete the artifact anyway.",
                self.step.name,
            )
        elif inherited and not deletion.last:
            self._needs_self(
                deletion.position,
                f"after this del, Metaflow would load {deletion.name} anew from the earlier step",
            )

    def _needs_self(self, place: Position, reason: str) -> None:
        self.reasons.append((place, reason))

    def _refuse(self, place: Position, reason: str) -> None:
        report_escape(self.step, place, reason, self.diagnostics)
