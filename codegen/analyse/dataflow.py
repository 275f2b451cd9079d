"""Artifacts as dataflow: what each step takes from earlier ones and gives to later ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.analyse.body import BodyFacts, Deletion, Exit, Read, report_escape
from codegen.analyse.mutation import Mutations
from codegen.analyse.scope import ModuleScope
from codegen.analyse.types import Kind, artifact_kinds
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Flow, Step


@dataclass(frozen=True)
class StepFlow:
    """The artifacts on their way into and out of one step.

    ``optional`` are the inputs that may be unset when the step begins, ``unsure`` the outputs
    that may be unset when it ends.
    """

    step: Step
    facts: BodyFacts
    inputs: tuple[str, ...]
    optional: frozenset[str]
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    unsure: frozenset[str]


@dataclass(frozen=True)
class Dataflow:
    """The steps in order, the native types, and the artifacts visible at the last step."""

    steps: tuple[StepFlow, ...]
    kinds: Mapping[str, str]
    visible: tuple[str, ...]


def live_exits(facts: BodyFacts) -> tuple[Exit, ...]:
    """The exits at which a body really returns its artifacts."""
    return tuple(found for found in facts.exits if found.reachable and not found.fails)


def analyse_linear(
    flow: Flow,
    steps: Sequence[Step],
    bodies: Mapping[str, BodyFacts],
    scope: ModuleScope,
    parameters: Mapping[str, Kind | None],
    diagnostics: Diagnostics,
) -> Dataflow:
    """The dataflow of a flow whose steps follow one another."""
    kinds = artifact_kinds(flow, steps, scope, parameters)
    mutations = Mutations(flow, steps, scope)
    forward = _Forward(flow, kinds, mutations, diagnostics)
    planned = [forward.step(step, bodies[step.name]) for step in steps]
    visible = tuple(name for name in forward.sure if not name.startswith("_"))
    live = set(visible)
    result: list[StepFlow] = []
    for plan in reversed(planned):
        outputs = tuple(
            name for name in plan.outputs if name in plan.facts.assigned or name in live
        )
        exits = live_exits(plan.facts)
        surely = frozenset.intersection(*(found.must for found in exits)) if exits else frozenset()
        live = (live - surely) | set(plan.inputs)
        result.append(
            StepFlow(
                plan.step,
                plan.facts,
                plan.inputs,
                plan.optional,
                plan.parameters,
                outputs,
                plan.unsure,
            )
        )
    unsure = {name for plan in planned for name in plan.unsure}
    native = {name: kind for name, kind in kinds.items() if name not in unsure}
    return Dataflow(tuple(reversed(result)), native, visible)


class _Forward:
    """Walks the steps in order. ``sure`` has every artifact that may be set by then, in order of
    its first assignment, and whether it surely is."""

    def __init__(
        self,
        flow: Flow,
        kinds: Mapping[str, str],
        mutations: Mutations,
        diagnostics: Diagnostics,
    ) -> None:
        self.flow = flow
        self.kinds = kinds
        self.mutations = mutations
        self.diagnostics = diagnostics
        self.sure: dict[str, bool] = {}

    def step(self, step: Step, facts: BodyFacts) -> StepFlow:
        self._report(step, facts)
        entry = dict(self.sure)
        exits = live_exits(facts)
        restored = {deletion.name for deletion in facts.deletions if deletion.name in entry}
        changed = self.mutations.changed(step, self.kinds) & set(entry) - restored
        read = {found.name for found in facts.reads} & set(entry)
        assigned = {name for found in exits for name in found.may} - restored
        if not exits:
            assigned = set(facts.assigned) - restored
        written = assigned | (changed & read)
        outputs = [name for name in entry if name in written]
        outputs += [name for name in facts.assigned if name in written and name not in entry]
        passed = {
            name
            for name in written
            if name in entry and any(name not in found.must for found in exits)
        }
        inputs = tuple(name for name in entry if name in read | passed)
        unsure = {
            name
            for name in outputs
            if not all(
                name in found.must or (entry.get(name, False) and name not in found.gone)
                for found in exits
            )
        }
        for name in outputs:
            self.sure[name] = name not in unsure
        return StepFlow(
            step,
            facts,
            inputs,
            frozenset(name for name in inputs if not entry[name]),
            tuple(name for name in self.flow.parameters if name in facts.parameters),
            tuple(outputs),
            frozenset(unsure),
        )

    def _report(self, step: Step, facts: BodyFacts) -> None:
        for read in facts.reads:
            self._check_read(step, facts, read)
        for deletion in facts.deletions:
            self._check_deletion(step, deletion)

    def _needs_self(self, step: Step, place: Position, reason: str) -> None:
        report_escape(step, place, reason, self.diagnostics)

    def _check_read(self, step: Step, facts: BodyFacts, read: Read) -> None:
        maybe_here = read.assigned or (read.late and read.name in facts.assigned)
        if read.guarded and not self.sure.get(read.name, False):
            self._needs_self(step, read.position, f"a handler asks whether {read.name} is set")
        elif read.name not in self.sure and not maybe_here:
            self.diagnostics.add(
                "MF201",
                read.position,
                f"no earlier step sets self.{read.name}, so reading it fails",
                f"Set self.{read.name} in an earlier step, or correct the name.",
                step.name,
            )

    def _check_deletion(self, step: Step, deletion: Deletion) -> None:
        inherited = deletion.name in self.sure
        if not inherited and not deletion.assigned:
            self.diagnostics.add(
                "MF205",
                deletion.position,
                f"self.{deletion.name} is not set here, so deleting it fails",
                "Remove the del statement, or correct the name.",
                step.name,
            )
        elif inherited and not deletion.touched:
            self.diagnostics.add(
                "MF205",
                deletion.position,
                f"self.{deletion.name} comes from an earlier step and this step has not surely "
                "read it, so Metaflow fails to delete it",
                "Remove the del statement: it would not delete the artifact anyway.",
                step.name,
            )
        elif inherited and not deletion.last:
            self._needs_self(
                step,
                deletion.position,
                f"after this del, Metaflow would load {deletion.name} anew from the earlier step",
            )
