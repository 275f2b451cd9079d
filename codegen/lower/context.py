"""What the lowering of steps and of functions share: the flow, its names and its types."""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import libcst as cst

from codegen.analyse.body.syntax import attributes, identifiers
from codegen.analyse.dataflow import Dataflow, StepFlow
from codegen.analyse.scope import ModuleScope
from codegen.analyse.sequences import Stores, indexable
from codegen.analyse.values import Given, Index, Output, Value, Visit
from codegen.diagnostics import Diagnostics
from codegen.flyte import Field
from codegen.lower.library import Library
from codegen.lower.members import Members
from codegen.lower.names import AMBIGUOUS, Names, field_names, free
from codegen.lower.parameters import ParameterPlan
from codegen.lower.settings import FlowSettings, Settings
from codegen.lower.settings.target import Declarations
from codegen.model import Flow
from codegen.symbols import Symbols


@dataclass(frozen=True)
class TaskInput:
    """An input of a task, and what it is there for.

    ``source`` is ``"artifact"``, ``"parameter"``, ``"index"`` or ``"count"`` (of the foreach at
    that depth), ``"branch"`` (of a static join), ``"shared"``, ``"gathered"``, ``"elements"`` or
    ``"inputs"`` (of a foreach join); ``key`` is a name, ``number`` a depth or the number of a
    branch.
    """

    name: str
    type: str
    source: str
    key: str = ""
    number: int = 0
    default: str = ""

    def value(self, visit: Visit, given: Mapping[str, Given]) -> Value | None:
        """What it takes at one place of the step."""
        join = visit.join
        match self.source:
            case "artifact":
                slot = visit.reads.get(self.key)
                return slot.value if slot is not None else None
            case "parameter":
                return given[self.key]
            case "index":
                return visit.frames[self.number].index
            case "count":
                return visit.frames[self.number].count
        assert join is not None
        match self.source:
            case "branch":
                return join.attributes[self.number][self.key].value
            case "shared":
                return join.shared[self.key].value
        assert join.foreach is not None
        match self.source:
            case "gathered":
                element = join.attributes[0][self.key].value
                assert element is not None
                return join.foreach.gather(element)
            case "elements":
                return join.foreach.indices
        return join.foreach.results


@dataclass
class Context:
    """One flow on its way to its module.

    ``fields`` maps artifacts to the fields of outputs types, ``inputs`` has the inputs of each
    task that has been lowered, ``members`` what became of the other members of the class,
    ``methods`` are steps that became methods, by their class. ``whole`` are the settings of the
    flow, ``settings`` those of its steps, and ``declarations`` the constants that tasks share;
    ``library`` replaces what is left of Metaflow.
    """

    flow: Flow
    scope: ModuleScope
    stores: Stores
    dataflow: Dataflow
    plans: Mapping[str, ParameterPlan]
    whole: FlowSettings
    settings: Mapping[str, Settings]
    names: Names
    symbols: Symbols
    diagnostics: Diagnostics
    s3root: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    members: Members = field(init=False)
    library: Library = field(init=False)
    declarations: Declarations = field(init=False)
    methods: dict[str, list[cst.FunctionDef]] = field(default_factory=dict)
    inputs: dict[str, tuple[TaskInput, ...]] = field(default_factory=dict)

    @functools.cached_property
    def deletes(self) -> bool:
        """Whether any code of the flow deletes attributes."""
        roots = [*self.flow.module.kept, *(method.node for method in self.flow.methods)]
        return any(
            (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Del))
            or (isinstance(node, ast.Name) and node.id in ("delattr", "eval", "exec"))
            or (isinstance(node, ast.Attribute) and node.attr in ("pop", "__dict__"))
            for root in roots
            for node in ast.walk(root)
        )

    @functools.cached_property
    def local(self) -> frozenset[str]:
        """Every name that the code of the flow's classes mentions, attributes included: all that
        its tasks may call their variables."""
        nodes = [method.node for method in self.flow.methods]
        return frozenset(n for node in nodes for n in (*identifiers(node), *attributes(node)))

    def __post_init__(self) -> None:
        self.library = Library(self.flow, self.symbols, self.s3root)
        self.declarations = Declarations(self.names)
        self.members = Members(self.flow, self.dataflow, self.names, self.symbols)
        artifacts = dict.fromkeys(
            name for step in self.dataflow.steps.values() for name in step.outputs
        )
        artifacts.update(dict.fromkeys(self.dataflow.visible))
        self.fields = field_names(list(artifacts), self.flow.module.future)
        for name in self.dataflow.visible:
            if self.fields[name] != name:
                self._note_field(name)

    def _note_field(self, name: str) -> None:
        producer = next(s for s in self.dataflow.steps.values() if name in s.outputs)
        self.diagnostics.add(
            "MF206",
            producer.step.position,
            f"the artifact {name} is the output {self.fields[name]}, since flytekit cannot take "
            f"an output called {name}",
            "Nothing to do; rename the artifact to choose the name yourself.",
            producer.step.name,
        )

    def indexable(self, artifact: str) -> bool:
        """Whether an artifact surely takes an index."""
        return indexable(self.stores, self.scope, artifact)

    def type(self, artifact: str) -> str:
        """The type of an artifact between tasks."""
        return self.dataflow.kinds.get(artifact) or self.symbols.use("Artifact")

    def field(self, artifact: str) -> Field:
        """The field of an outputs type for an artifact."""
        name = self.fields[artifact]
        comment = "# noqa: E741" if name in AMBIGUOUS else ""
        if name in ("count", "index") and artifact in self.dataflow.kinds:  # tuple's own methods
            comment = "# type: ignore[assignment]"
        return Field(name, self.type(artifact), comment)

    def generated(self, value: Output) -> str:
        """The field for what no artifact is: the indices of a foreach, the step chosen."""
        return free(value.name, set(self.fields.values()))

    def generated_fields(
        self, step: StepFlow, visit: Visit | None = None
    ) -> list[tuple[Output, Field]]:
        """What a step returns beside its artifacts, at one of its places."""
        visit = visit or step.visits[0]
        found: list[tuple[Output, Field]] = []
        if visit.fans is not None:
            indices = visit.fans.indices
            found.append((indices, Field(self.generated(indices), self.symbols.list_of("int"))))
            count = visit.fans.frame.count
            if count.demanded:
                found.append((count, Field(self.generated(count), "int")))
        if visit.chosen is not None:
            found.append((visit.chosen, Field(self.generated(visit.chosen), "str")))
        return found

    def value_type(self, value: Value, reference: bool) -> str:
        """The type of a value as the input of a function, which may take a reference to it."""
        if isinstance(value, Given):
            return self.plans[value.name].input.type
        if isinstance(value, Index):
            return "int"
        visit = value.visit if isinstance(value, Output) else None
        if visit is not None and visit.fans is not None and visit.fans.indices is value:
            return self.symbols.list_of("int")
        if visit is not None and visit.chosen is value:
            return "str"
        if visit is not None and visit.fans is not None and visit.fans.frame.count is value:
            return "int"
        kind = self.dataflow.kinds.get(value.name)
        if kind is None and reference:
            self.symbols.need("reference")
            return self.symbols.use("Reference")
        return self.type(value.name)
