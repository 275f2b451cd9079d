"""Artifacts as dataflow: what each step takes from earlier ones and gives to later ones.

A walk over the region tree keeps the artifacts that each point can see. A split gives every arm a
copy, a join begins with none, the arms of a switch meet in one of them, and a loop carries what
it changes from round to round.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from codegen.analyse.body import OTHERS, BodyFacts, Exit, Helpers, attribute_of, report_escape
from codegen.analyse.body.wrappers import sees_inputs
from codegen.analyse.configs import changeable_configs, mutable_configs
from codegen.analyse.inputs import inputs_use
from codegen.analyse.joins import plan_join
from codegen.analyse.mutation import Mutations
from codegen.analyse.reads import report_reads
from codegen.analyse.regions import (
    Foreach,
    Group,
    Region,
    Split,
    Switch,
    inside_foreach,
    loops,
    steps_of,
)
from codegen.analyse.scope import ModuleScope
from codegen.analyse.style import (
    answer,
    fresh_constants,
    local_problems,
    shared_constants,
)
from codegen.analyse.types import Kind, artifact_kinds
from codegen.analyse.values import (
    ArmPlan,
    Branch,
    Environment,
    Exported,
    ForeachPlan,
    Frame,
    Given,
    GroupPlan,
    Index,
    JoinPlan,
    Loss,
    Output,
    Phi,
    Plan,
    PlanItem,
    Scope,
    Slot,
    SplitPlan,
    SwitchPlan,
    Value,
    Visit,
    demand,
    demand_plan,
)
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Flow, Shape, Step
from codegen.parse.names import assigned_pairs, mangled


@dataclass(frozen=True)
class StepFlow:
    """The artifacts on their way into and out of one step, at all its places together.

    ``optional`` are the inputs that may be unset when the step begins, ``absent`` those of them
    that only an earlier round of a loop can have set; ``unsure`` are the outputs that may be
    unset when it ends. ``asked`` answers each question in the body whether an artifact is set:
    True, False, or None where it depends. ``mapped`` tells that a map task runs the step;
    ``reasons`` where and why it needs an object for ``self``, if it does.
    """

    step: Step
    facts: BodyFacts
    visits: tuple[Visit, ...]
    inputs: tuple[str, ...]
    optional: frozenset[str]
    absent: frozenset[str]
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    unsure: frozenset[str]
    asked: tuple[bool | None, ...]
    mapped: bool
    reasons: tuple[tuple[Position, str], ...]

    @property
    def join(self) -> JoinPlan | None:
        """What it takes from its inputs, if it is a join."""
        return self.visits[0].join

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The foreaches around it, outermost first."""
        return self.visits[0].frames


@dataclass(frozen=True)
class Dataflow:
    """The flow as a tree of visits, its steps in order, the native types, and the artifacts
    visible at the last step with what makes them; ``fresh`` are the class constants that each
    task must evaluate for itself, ``stateless`` the members that need no class. ``copied`` has, for
    each step, other configs that it may change, so that it needs a copy."""

    plan: Plan
    scope: Scope
    steps: Mapping[str, StepFlow]
    kinds: Mapping[str, str]
    visible: Mapping[str, Slot]
    given: Mapping[str, Given]
    fresh: frozenset[str]
    stateless: frozenset[str]
    copied: Mapping[str, frozenset[str]]


def live_exits(facts: BodyFacts) -> tuple[Exit, ...]:
    """The exits at which a body really returns its artifacts."""
    return tuple(found for found in facts.exits if found.reachable and not found.fails)


def analyse_dataflow(
    flow: Flow,
    region: Region,
    bodies: Mapping[str, BodyFacts],
    helpers: Helpers,
    scope: ModuleScope,
    parameters: Mapping[str, Kind | None],
    required: Sequence[str],
    diagnostics: Diagnostics,
) -> Dataflow:
    """The dataflow of a flow; ``required`` are Parameters that the first step must see."""
    steps = list({step.name: step for step in steps_of(region)}.values())
    inside = frozenset(step.name for step in inside_foreach(region))
    loose = frozenset().union(*(facts.loose for facts in bodies.values()))
    kinds = artifact_kinds(flow, steps, scope, parameters, inside, loose)
    mutations = Mutations(flow, steps, scope, helpers)
    forward = _Forward(flow, bodies, scope, kinds, mutations, helpers, tuple(required), diagnostics)
    top = Scope()
    environment = Environment()
    plan = forward.region(region, environment, top, ())
    reasons: dict[str, list[tuple[Position, str]]] = {}
    fresh = fresh_constants(flow, scope, forward.constants)
    for name, found in forward.visits.items():
        facts = forward.facts[name]
        more = report_reads(found[0], facts, forward.places[name], diagnostics)
        reasons[name] = [*facts.escapes, *more, *local_problems(facts, found, scope)]
        reasons[name] += shared_constants(flow, helpers, facts, found[0].step, fresh)
    visible = {name: slot for name, slot in environment.slots.items() if not name.startswith("_")}
    given = {name: Given(name, top) for name in flow.parameters}
    for slot in visible.values():
        assert slot.value is not None
        demand(slot.value, top)
    demand_plan(plan, given)
    visits = forward.visits
    mapped = set(_mapped(plan))
    planned = {
        name: _step_flow(
            flow, forward.facts[name], found, found[0] in mapped, forward.order, reasons[name]
        )
        for name, found in visits.items()
    }
    unsure = {name for visit in forward.every for name in visit.unsure}
    unsure |= {
        name for visit in forward.every for name in visit.reads if not visit.reads[name].sure
    }
    unsure |= forward.unsure
    native = {name: kind for name, kind in kinds.items() if name not in unsure}
    stateless = frozenset(name for name in flow.members if _stateless(helpers, name, fresh))
    copied = {name: found - fresh for name, found in forward.copied.items()}
    return Dataflow(plan, top, planned, native, visible, given, fresh, stateless, copied)


def _stateless(helpers: Helpers, name: str, fresh: frozenset[str]) -> bool:
    """Whether a member that steps use is the same outside the class."""
    used = helpers.known(name)
    return used and helpers.stateless(name) and not helpers.closure([name]) & fresh


def _mapped(plan: Plan) -> Iterator[Visit]:
    for item in plan:
        match item:
            case SplitPlan():
                for arm in item.arms:
                    yield from _mapped(arm)
            case ForeachPlan():
                if item.mapped:
                    assert isinstance(item.body[0], Visit)
                    yield item.body[0]
                yield from _mapped(item.body)
            case GroupPlan():
                yield from _mapped(item.body)
            case SwitchPlan():
                for case in item.arms:
                    yield from _mapped(case.body)


def _step_flow(
    flow: Flow,
    facts: BodyFacts,
    visits: list[Visit],
    mapped: bool,
    order: Mapping[str, int],
    reasons: list[tuple[Position, str]],
) -> StepFlow:
    """One step at all its places."""
    first = visits[0]
    inputs = sorted({name for visit in visits for name in visit.reads}, key=order.__getitem__)
    demanded = {
        name for visit in visits for name, output in visit.outputs.items() if output.demanded
    }
    candidates = dict.fromkeys(name for visit in visits for name in visit.outputs)
    keeps = set() if mapped else set(facts.assigned)
    keeps |= {name for merged in (first.join.merges if first.join else ()) for name in merged}
    outputs = [name for name in candidates if name in demanded or name in keeps]
    optional = {
        name
        for name in inputs
        for visit in visits
        if name not in visit.reads or not visit.reads[name].sure
    }
    absent = {
        name
        for name in inputs
        for visit in visits
        if name not in visit.reads or visit.reads[name].value is None
    }
    parameters = {name for visit in visits for name in visit.parameters}
    return StepFlow(
        first.step,
        facts,
        tuple(visits),
        tuple(inputs),
        frozenset(optional),
        frozenset(absent),
        tuple(name for name in flow.parameters if name in parameters),
        tuple(outputs),
        frozenset(name for visit in visits for name in visit.unsure),
        tuple(answer(ask, visits) for ask in facts.asks),
        mapped,
        tuple(sorted(reasons, key=lambda reason: reason[0])),
    )


class _Forward:
    """Walks the region tree in order. ``visits`` has the places of each step."""

    def __init__(
        self,
        flow: Flow,
        bodies: Mapping[str, BodyFacts],
        scope: ModuleScope,
        kinds: Mapping[str, str],
        mutations: Mutations,
        helpers: Helpers,
        required: tuple[str, ...],
        diagnostics: Diagnostics,
    ) -> None:
        self.flow = flow
        self.helpers = helpers
        self.bodies = bodies
        self.scope = scope
        self.kinds = kinds
        self.mutations = mutations
        self.required = required
        self.diagnostics = diagnostics
        self.visits: dict[str, list[Visit]] = {}
        self.places: dict[str, list[Environment]] = {}
        self.facts: dict[str, BodyFacts] = dict(bodies)
        self.order: dict[str, int] = {}
        self.unsure: set[str] = set()
        self.constants: set[str] = set()
        self.copied: dict[str, frozenset[str]] = {}

    @property
    def every(self) -> Iterator[Visit]:
        """All visits."""
        return (visit for visits in self.visits.values() for visit in visits)

    def region(
        self, region: Region, environment: Environment, scope: Scope, frames: tuple[Frame, ...]
    ) -> Plan:
        """Plan the items of a region; ``environment`` becomes what holds behind them."""
        plan: list[PlanItem] = []
        branches: tuple[Branch, ...] = ()
        foreach: ForeachPlan | None = None
        for item in region:
            match item:
                case Step():
                    if item.argument_count == 2 and branches:
                        plan.append(self._join(item, branches, foreach, environment, scope, frames))
                        branches, foreach = (), None
                    else:
                        plan.append(self._visit(item, environment, scope, frames))
                case Split():
                    split, branches = self._split(item, environment, scope, frames)
                    plan.append(split)
                case Group():
                    group = GroupPlan(Scope(scope))
                    group.body = self.region(item.body, environment, group.inner, frames)
                    _export(environment, group)
                    plan.append(group)
                case Foreach():
                    inner = environment.copy()
                    foreach = self._foreach(item, plan[-1], inner, scope, frames)
                    branches = (Branch(tails(item.body), inner),)
                    plan.append(foreach)
                case Switch():
                    plan.append(self._switch(item, plan[-1], environment, scope, frames))
        return plan

    # ------------------------------------------------------------------ regions

    def _split(
        self, item: Split, environment: Environment, scope: Scope, frames: tuple[Frame, ...]
    ) -> tuple[SplitPlan, tuple[Branch, ...]]:
        bundles = [GroupPlan(Scope(scope)) for _ in item.bundles]
        sizes = zip(bundles, item.bundles, strict=True)
        owners = [bundle for bundle, size in sizes for _ in range(size)]
        arms: list[Plan] = []
        branches: list[Branch] = []
        for number, arm in enumerate(item.arms):
            owner = owners[number] if owners else None
            inner = environment.copy()
            arms.append(self.region(arm, inner, owner.inner if owner else scope, frames))
            if owner is not None:
                _export(inner, owner)
            branches.append(Branch(tails(arm), inner))
        for bundle in bundles:
            own = [arm for arm, owner in zip(arms, owners, strict=True) if owner is bundle]
            bundle.body = (SplitPlan(tuple(own)),)
        plan = SplitPlan(tuple((bundle,) for bundle in bundles) if bundles else tuple(arms))
        return plan, tuple(sorted(branches, key=lambda branch: branch.label))

    def _foreach(
        self,
        item: Foreach,
        split: PlanItem,
        environment: Environment,
        scope: Scope,
        frames: tuple[Frame, ...],
    ) -> ForeachPlan:
        assert isinstance(split, Visit) and item.step.transition is not None
        inner = Scope(scope)
        target = item.step.transition.targets[0]
        first = item.body[0]
        mapped = len(item.body) == 1 and isinstance(first, Step) and not loops(first)
        indices = Output(f"{target}_indices", split.scope, visit=split)
        index = Index(f"{target}_index", inner)
        count = Output(f"{target}_count", split.scope, visit=split)
        frame = Frame(target, item.step.transition.foreach, index, count)
        plan = ForeachPlan(split, target, inner, indices, frame, mapped)
        split.fans = plan
        plan.body = self.region(item.body, environment, inner, (*frames, frame))
        return plan

    def _switch(
        self,
        item: Switch,
        visit: PlanItem,
        environment: Environment,
        scope: Scope,
        frames: tuple[Frame, ...],
    ) -> SwitchPlan:
        assert isinstance(visit, Visit) and visit.chosen is not None
        plan = SwitchPlan(visit, scope, {}, visit.chosen)
        arms: list[ArmPlan] = []
        ends: list[Environment] = []
        for target, arm in item.arms:
            inner = Scope(scope, plan.inputs)
            end = environment.copy()
            body = self.region(arm, end, inner, frames)
            arms.append(ArmPlan(target, inner, body))
            ends.append(end)
        plan.arms = tuple(arms)
        names = dict.fromkeys(name for end in ends for name in end.slots)
        before = environment.slots
        environment.slots = {}
        for name in names:
            slots = [end.slots.get(name) for end in ends]
            values = {slot.value if slot else None for slot in slots}
            if len(values) == 1 and name in before and before[name].value in values:
                environment.slots[name] = before[name]
                continue
            found = tuple(slot.value if slot else None for slot in slots)
            phi = Phi(name, scope, switch=plan, arms=found)
            plan.phis[name] = phi
            sure = all(slot is not None and slot.sure for slot in slots)
            if not sure:
                self.unsure.add(name)
            environment.slots[name] = Slot(phi, sure)
        for end in ends:
            environment.lost.update(end.lost)
            environment.caught |= end.caught
        return plan

    # ------------------------------------------------------------------ steps

    def _join(
        self,
        step: Step,
        branches: tuple[Branch, ...],
        foreach: ForeachPlan | None,
        environment: Environment,
        scope: Scope,
        frames: tuple[Frame, ...],
    ) -> Visit:
        """A join sees only what it merges and assigns."""
        use = inputs_use(self.flow, step, self.scope)
        if step.wrappers:  # the step is a method, which gets its inputs as they are
            seen = sees_inputs(step, self.flow, self.scope)
            use = replace(use, plain=False, mentioned=True, loose=None if seen else use.loose)
        facts = self.bodies[step.name]
        caught = [branch.environment.caught - environment.caught for branch in branches]
        join, merged, facts = plan_join(
            self.flow, step, facts, use, branches, foreach, caught, self.scope, self.diagnostics
        )
        if join.shared:
            changed = self.mutations.changed_inputs(step, [*join.shared, "input"])
            if foreach is not None and "input" in changed:
                changed |= {foreach.frame.variable or ""}
            join.copied = changed & frozenset(join.shared)
        self._check_looked_up(step, facts, join, frames)
        lost = dict(environment.lost)
        for branch in branches:
            lost.update(branch.environment.lost)
            for name, slot in branch.environment.slots.items():
                lost[name] = Loss(setter_of(slot.value), step.name)
            environment.caught |= branch.environment.caught
        environment.caught = environment.caught if facts.merges else frozenset()
        environment.slots = dict(merged)
        environment.lost = {name: loss for name, loss in lost.items() if name not in merged}
        visit = self._visit(step, environment, scope, frames, facts, join)
        if join.parameters:
            names = {*visit.parameters, *join.parameters}
            visit.parameters = tuple(name for name in self.flow.parameters if name in names)
        return visit

    def _check_looked_up(
        self, step: Step, facts: BodyFacts, join: JoinPlan, frames: tuple[Frame, ...]
    ) -> None:
        """``self.input`` of a join whose merge brings its list back only perhaps, or later."""
        compared = {name for names in join.merges for name in names}
        looked_up = [member for member in facts.members if member.name != "index"]
        for frame in frames:
            late = any(not member.merges for member in looked_up)
            if frame.variable in compared and looked_up and (late or frame.variable in join.unsure):
                report_escape(
                    step,
                    looked_up[0].position,
                    f"whether self.{frame.variable}, of which self.input is an element, is there "
                    "depends on the run",
                    self.diagnostics,
                )

    def _visit(
        self,
        step: Step,
        environment: Environment,
        scope: Scope,
        frames: tuple[Frame, ...],
        facts: BodyFacts | None = None,
        join: JoinPlan | None = None,
    ) -> Visit:
        facts = facts if facts is not None else self.bodies[step.name]
        facts = self._with_properties(step, facts, frames)
        self.facts[step.name] = facts
        for merge in facts.merges if join is None else ():
            self.diagnostics.add(
                "MF210",
                merge.position,
                "merge_artifacts is called in a step that is no join, where Metaflow refuses it",
                "Call it in the join.",
                step.name,
            )
        if loops(step):
            self._carry(step, facts, environment, scope, frames)
        visit = Visit(step, scope, frames, join=join)
        self._take(visit, facts, environment)
        self.places.setdefault(step.name, []).append(environment.copy())
        after = self._leave(visit, facts, environment)
        for name, slot in after.items():
            self.order.setdefault(name, len(self.order))
            if slot.value is not None:
                environment.slots[name] = slot
                environment.lost.pop(name, None)
        if not self.visits:
            visit.parameters = tuple(
                name
                for name in self.flow.parameters
                if name in visit.parameters or name in self.required
            )
        self.visits.setdefault(step.name, []).append(visit)
        if step.transition is not None and step.transition.shape is Shape.SWITCH:
            visit.chosen = Output("next_step", scope, visit=visit)
        if facts.catch is not None:
            environment.caught |= {step.name}
        for name in _generators(step):
            if name in visit.outputs:  # to store it fails, whether or not a step reads it
                visit.outputs[name].demanded = True
        if loops(step):
            for name in visit.outputs:
                if name in visit.reads:
                    visit.outputs[name].demanded = True
            for name in [name for name, slot in environment.slots.items() if slot.value is None]:
                del environment.slots[name]
        return visit

    def _with_properties(
        self, step: Step, facts: BodyFacts, frames: tuple[Frame, ...]
    ) -> BodyFacts:
        """The facts of a step whose ``self.input`` is an element of a property."""
        names = {member.name for member in facts.members}
        looked_up = frames if "foreach_stack" in names else frames[-1:] if "input" in names else ()
        for frame in looked_up:
            name = frame.variable
            if name is not None and name in self.flow.helpers:
                effects = self.helpers.method(name)
                reason = f"self.input is an element of the property {name}"
                facts = replace(
                    facts,
                    reads=(*facts.reads, *effects.reads),
                    parameters=(*facts.parameters, *effects.parameters),
                    used=facts.used | self.helpers.closure([name]),
                    escapes=(*facts.escapes, (step.position, reason)),
                )
        return facts

    def _carry(
        self,
        step: Step,
        facts: BodyFacts,
        environment: Environment,
        scope: Scope,
        frames: tuple[Frame, ...],
    ) -> None:
        """Let a looping step see what earlier rounds leave; this only makes less sure."""
        while True:
            trial = Visit(step, scope, frames)
            self._take(trial, facts, environment)
            stable = True
            for name, slot in self._leave(trial, facts, environment).items():
                known = environment.slots.get(name)
                self.order.setdefault(name, len(self.order))
                if known is None:
                    environment.slots[name] = Slot(None, False)
                    self.unsure.add(name)
                    stable = False
                elif known.sure and not slot.sure:
                    environment.slots[name] = replace(known, sure=False)
                    self.unsure.add(name)
                    stable = False
            if stable:
                return

    def _take(self, visit: Visit, facts: BodyFacts, environment: Environment) -> None:
        """What a step needs of what it can see."""
        entry = environment.slots
        self._members(visit, facts, entry)
        visit.parameters = tuple(
            name
            for name in self.flow.parameters
            if name in facts.parameters or name in visit.parameters
        )
        restored = {d.name for d in facts.deletions if d.name in entry and d.last}
        variable = visit.frames[-1].variable if visit.frames else None
        changed = self.mutations.changed(visit.step, self.kinds, variable)
        self.constants |= changed & set(self.flow.constants)
        known = self.copied.get(visit.step.name, frozenset())
        if facts.open_reads:
            own = mutable_configs(self.flow)
        else:
            own = changeable_configs(self.flow, visit.step)
        self.copied[visit.step.name] = known | (changed & own)
        read = {found.name for found in facts.reads} | {found.name for found in facts.asks}
        if facts.open_reads:
            read |= set(entry)
        if facts.open_reads and facts.whole:
            changed |= set(entry) - set(self.kinds)
        if facts.open_stores:
            read |= {OTHERS}
        visit.changed = changed & set(entry) - restored
        read |= set(visit.reads)
        exits = live_exits(facts)
        assigned = {name for found in exits for name in found.may} - restored
        if not exits:
            assigned = set(facts.assigned) - restored - facts.dropped
        written = assigned | (visit.changed & read)
        passed = {
            name
            for name in written
            if name in entry and any(name not in found.must for found in exits)
        }
        visit.reads = {name: slot for name, slot in entry.items() if name in read or name in passed}
        names = [name for name in entry if name in written]
        fresh = [*facts.assigned, *sorted(facts.possible)]
        names += [name for name in fresh if name in written and name not in entry]
        visit.outputs = {name: Output(name, visit.scope, visit=visit) for name in names}

    def _leave(self, visit: Visit, facts: BodyFacts, environment: Environment) -> dict[str, Slot]:
        """The artifacts that a step may have set or changed, as it leaves them."""
        entry = environment.slots
        exits = live_exits(facts)

        def sure(name: str) -> bool:
            inherited = name in entry and entry[name].sure
            return all(
                name in found.must or (inherited and name not in found.gone) for found in exits
            )

        visit.unsure = frozenset(name for name in visit.outputs if not sure(name))
        return {
            name: Slot(output, name not in visit.unsure) for name, output in visit.outputs.items()
        }

    def _members(self, visit: Visit, facts: BodyFacts, entry: Mapping[str, Slot]) -> None:
        """What ``self.index``, ``self.input`` and ``self.foreach_stack()`` stand for."""
        used = {member.name for member in facts.members}
        frames = visit.frames
        if frames and used & {"index", "input"}:
            visit.needs[frames[-1].index] = None
        if facts.parallel:
            visit.needs[frames[-1].index] = None
            if any(name.endswith("num_nodes") for name in facts.parallel):
                visit.needs[frames[-1].count] = None
        if "foreach_stack" in used:
            for frame in frames:
                visit.needs[frame.index] = None
                if frame.variable is not None:
                    visit.needs[frame.count] = None
        looked_up = frames if "foreach_stack" in used else frames[-1:] if "input" in used else ()
        for frame in looked_up:
            name = frame.variable
            if name is None:
                continue
            if name in self.flow.parameters:
                visit.parameters = (*visit.parameters, name)
            elif name in entry:
                visit.reads[name] = entry[name]
                if not entry[name].sure:
                    report_escape(
                        visit.step,
                        visit.step.position,
                        f"the list self.{name} of its foreach may be unset",
                        self.diagnostics,
                    )


def _generators(step: Step) -> set[str]:
    """The artifacts that a step sets to generators, which cannot be pickled."""
    found: set[str] = set()
    for node in ast.walk(step.node):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            pairs = [pair for target in targets for pair in assigned_pairs(target, node.value)]
            for target, value in pairs:
                attribute = attribute_of(target, step.self_name)
                if attribute is not None and isinstance(value, ast.GeneratorExp):
                    found.add(mangled(attribute, step.owner))
    return found


def _export(environment: Environment, group: GroupPlan) -> None:
    """What the steps of a group have set belongs to the scope around it from now on."""
    assert group.inner.parent is not None
    for name, slot in environment.slots.items():
        if slot.value is not None and slot.value.home is group.inner:
            value = Exported(name, group.inner.parent, group=group, element=slot.value)
            group.exports.append(value)
            environment.slots[name] = replace(slot, value=value)


def tails(region: Region) -> tuple[str, ...]:
    """The names of the steps that may come last in a region, sorted."""
    last = region[-1]
    if isinstance(last, Group):
        return tails(last.body)
    if isinstance(last, Switch):
        found = {name for _, arm in last.arms for name in tails(arm)}
        return tuple(sorted(found))
    assert isinstance(last, Step)
    return (last.name,)


def setter_of(value: Value | None) -> str:
    """The name of a step that sets an artifact to this value."""
    while not isinstance(value, Output):
        if isinstance(value, Phi):
            value = next(arm for arm in value.arms if arm is not None)
        else:
            assert isinstance(value, Exported)
            value = value.element
    assert isinstance(value, Output) and value.visit is not None
    return value.visit.step.name
