"""Values on their way through a flow: what makes them, and in which function of the module.

The workflow is the outermost scope; a foreach with a body of several steps and the arms of a
switch are scopes of their own. A value is demanded where it is used. Where that lies deeper than
the value's own scope, it becomes an input of every function between; where what makes it lies
deeper, it becomes an output of the function there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from codegen.model import Step


@dataclass(eq=False)
class Scope:
    """The inside of a function. ``inputs`` are the values that it takes from around; the arms of
    a switch share theirs."""

    parent: Scope | None = None
    inputs: dict[Value, None] = field(default_factory=dict)


@dataclass(eq=False)
class Value:
    """Something with a name that a scope has once; ``demanded`` if anything uses it."""

    name: str
    home: Scope
    demanded: bool = False


@dataclass(eq=False)
class Given(Value):
    """A Parameter."""


@dataclass(eq=False)
class Index(Value):
    """The number of an element of a foreach."""


@dataclass(eq=False)
class Output(Value):
    """An artifact as a step leaves it. ``setter`` is the step's name."""

    visit: Visit | None = None


@dataclass(eq=False)
class Phi(Value):
    """An artifact after a switch: as the arm that ran leaves it, None where it has none."""

    switch: SwitchPlan | None = None
    arms: tuple[Value | None, ...] = ()


@dataclass(eq=False)
class Gathered(Value):
    """An artifact of all elements of a foreach, as a list."""

    foreach: ForeachPlan | None = None
    element: Value | None = None


@dataclass(eq=False)
class Exported(Value):
    """An artifact that the steps of a group leave."""

    group: GroupPlan | None = None
    element: Value | None = None


@dataclass(frozen=True)
class Slot:
    """The value that an artifact has at some point, and whether it surely has one. Without a
    ``value``, only an earlier round of a loop can have set it."""

    value: Value | None
    sure: bool


@dataclass(frozen=True)
class Loss:
    """``join`` has dropped an artifact that ``setter`` had set."""

    setter: str
    join: str


@dataclass
class Environment:
    """The artifacts at some point, in the order of their first assignment, and those lost; and the
    steps under @catch on the way."""

    slots: dict[str, Slot] = field(default_factory=dict)
    lost: dict[str, Loss] = field(default_factory=dict)
    caught: frozenset[str] = frozenset()

    def copy(self) -> Environment:
        """The same artifacts, for another branch."""
        return Environment(dict(self.slots), dict(self.lost), self.caught)


@dataclass(frozen=True)
class Frame:
    """A foreach around a step: the name of its list (None for ``num_parallel``), the index, and
    the number of elements."""

    target: str
    variable: str | None
    index: Index
    count: Output


@dataclass(frozen=True)
class Branch:
    """What a join gets from one branch: the names of the steps that may come last in it, and the
    artifacts there."""

    tails: tuple[str, ...]
    environment: Environment

    @property
    def label(self) -> str:
        """The name of the branch in generated code, by which branches are ordered as well."""
        return min(self.tails)


@dataclass
class JoinPlan:
    """What a join takes from its inputs.

    ``attributes`` has an entry for each branch (a foreach has one): the artifacts that its object
    must have. ``shared`` are those of a foreach that its body leaves as they were before it,
    ``parameters`` are Parameters and constants of the class. ``merges`` has, for each call of
    ``merge_artifacts``, the names that must be compared when it runs; those in ``unsure`` may turn
    out to be unset, and those in ``kept`` may be set before, and are left alone then. ``wired`` are
    those that come from one source. ``index`` and ``input`` tell whether these are read of an
    input, ``objects`` whether the body needs objects for its inputs at all, ``copied`` are those
    shared that it may change. ``hidden`` is the list of the foreach if it is there for their
    ``input`` only.
    """

    branches: tuple[Branch, ...]
    foreach: ForeachPlan | None
    attributes: tuple[dict[str, Slot], ...]
    shared: dict[str, Slot] = field(default_factory=dict)
    parameters: dict[str, None] = field(default_factory=dict)
    merges: list[tuple[str, ...]] = field(default_factory=list)
    wired: list[tuple[str, ...]] = field(default_factory=list)
    unsure: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    index: bool = False
    input: bool = False
    objects: bool = True
    copied: frozenset[str] = frozenset()
    hidden: str | None = None


@dataclass(eq=False)
class Visit:
    """A step at one place of the region tree.

    ``reads`` are the artifacts that it takes, ``needs`` what else it does: indices and lengths of
    foreaches. ``outputs`` are the artifacts that it may leave, of which it may have changed those
    in ``changed`` in place. ``fans`` is the foreach that it begins, ``chosen`` the name of the step
    that it leads to if it is a switch.
    """

    step: Step
    scope: Scope
    frames: tuple[Frame, ...]
    reads: dict[str, Slot] = field(default_factory=dict)
    needs: dict[Value, None] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    outputs: dict[str, Output] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    join: JoinPlan | None = None
    fans: ForeachPlan | None = None
    chosen: Output | None = None


@dataclass(eq=False)
class SplitPlan:
    """The arms of a static split."""

    arms: tuple[Plan, ...]


@dataclass(eq=False)
class GroupPlan:
    """Steps in a sub-workflow of their own, and what they leave."""

    inner: Scope
    body: Plan = ()
    exports: list[Exported] = field(default_factory=list)


@dataclass(eq=False)
class ForeachPlan:
    """The body of a foreach, in the scope ``inner``; ``mapped`` if it is one step that a map task
    can run. ``gathered`` are the artifacts of the body that are used behind it, ``results`` is the
    list of all that the map task returns."""

    split: Visit
    target: str
    inner: Scope
    indices: Output
    frame: Frame
    mapped: bool
    body: Plan = ()
    gathered: dict[Value, Gathered] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.inner.parent is not None
        self.results = Value("results", self.inner.parent)

    def gather(self, element: Value) -> Gathered:
        """The list of what all elements have for a value of the body."""
        assert self.inner.parent is not None
        if element not in self.gathered:
            self.gathered[element] = Gathered(
                element.name, self.inner.parent, foreach=self, element=element
            )
        return self.gathered[element]


@dataclass(frozen=True)
class ArmPlan:
    """An arm of a switch: the step that leads into it, its scope and content."""

    target: str
    scope: Scope
    body: Plan


@dataclass(eq=False)
class SwitchPlan:
    """The arms of a switch. ``chosen`` is the name of the step that it leads to."""

    visit: Visit
    outer: Scope
    inputs: dict[Value, None]
    chosen: Output
    arms: tuple[ArmPlan, ...] = ()
    phis: dict[str, Phi] = field(default_factory=dict)


PlanItem = Visit | SplitPlan | ForeachPlan | SwitchPlan | GroupPlan
Plan = Sequence[PlanItem]


def demand(value: Value, scope: Scope) -> None:
    """A value is used in a scope."""
    if value.home is not scope:
        assert scope.parent is not None, value.name
        scope.inputs.setdefault(value)
        demand(value, scope.parent)
        return
    if value.demanded:
        return
    value.demanded = True
    if isinstance(value, Phi):
        assert value.switch is not None
        for arm, inner in zip(value.switch.arms, value.arms, strict=True):
            if inner is not None:
                demand(inner, arm.scope)
    elif isinstance(value, Exported):
        assert value.group is not None and value.element is not None
        demand(value.element, value.group.inner)
    elif isinstance(value, Gathered):
        assert value.foreach is not None and value.element is not None
        demand(value.element, value.foreach.inner)


def demand_plan(plan: Plan, given: Mapping[str, Given]) -> None:
    """Every step of a plan uses what it takes."""
    for item in plan:
        match item:
            case Visit():
                _demand_visit(item, given)
            case SplitPlan():
                for arm in item.arms:
                    demand_plan(arm, given)
            case GroupPlan():
                demand_plan(item.body, given)
            case ForeachPlan():
                demand(item.indices, item.split.scope)
                demand_plan(item.body, given)
            case SwitchPlan():
                demand(item.chosen, item.outer)
                for case in item.arms:
                    demand_plan(case.body, given)


def _demand_visit(visit: Visit, given: Mapping[str, Given]) -> None:
    for slot in visit.reads.values():
        if slot.value is not None:
            demand(slot.value, visit.scope)
    for value in visit.needs:
        demand(value, visit.scope)
    for name in visit.parameters:
        demand(given[name], visit.scope)
    join = visit.join
    if join is None:
        return
    for branch in join.attributes:
        for slot in branch.values():
            assert slot.value is not None
            value = join.foreach.gather(slot.value) if join.foreach else slot.value
            demand(value, visit.scope)
    for slot in join.shared.values():
        assert slot.value is not None
        demand(slot.value, visit.scope)
    if join.foreach is not None and join.objects and not any(join.attributes):
        demand(join.foreach.indices, visit.scope)
