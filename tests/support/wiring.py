"""Checks the wiring of serialised workflows as the compiler in Flyte's backend does.

flytekit checks little of it, so a module may register and never run.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flyteidl.core.identifier_pb2 import Identifier
from flyteidl.core.interface_pb2 import TypedInterface
from flyteidl.core.types_pb2 import (
    BINARY,
    BOOLEAN,
    DATETIME,
    DURATION,
    FLOAT,
    INTEGER,
    NONE,
    STRING,
    STRUCT,
    LiteralType,
)
from flyteidl.core.workflow_pb2 import WorkflowTemplate

from tests.support.castable import castable, describe, is_optional

if TYPE_CHECKING:
    from tests.support.serialised import Registered

START = "start-node"
_ENDS = (START, "end-node")
_PRIMITIVES = {
    "integer": INTEGER,
    "float_value": FLOAT,
    "string_value": STRING,
    "boolean": BOOLEAN,
    "datetime": DATETIME,
    "duration": DURATION,
}

Types = dict[str, LiteralType]


def check_types(registered: "Registered") -> list[str]:
    """List what the backend would refuse in the registered workflows; empty if nothing.

    Looked at are types along every edge, of constants and in conditions; unknown nodes, outputs,
    tasks and workflows; duplicate node ids; inputs and outputs that are unbound or bound twice;
    cycles; constants in files, which only the registering machine has. What a dynamic task will
    run is not known yet: see `check_futures`.
    """
    tasks = {name: spec.template for name, spec in registered.tasks.items()}
    plans = {
        name: registered.workflows[plan.spec.workflow_id.name].template
        for name, plan in registered.launch_plans.items()
        if plan.spec.workflow_id.name in registered.workflows
    }
    found = []
    for spec in registered.workflows.values():
        subs = {sub.id.name: sub for sub in spec.sub_workflows}
        for template in (spec.template, *spec.sub_workflows):
            found += _Checker(tasks, plans, subs).check(template)
    return list(dict.fromkeys(found))  # a sub-workflow comes with every workflow that uses it


def check_futures(futures: Any, outputs: Any, name: str) -> list[str]:
    """List what the backend would refuse in the nodes that a dynamic task made.

    Args:
        futures: the `DynamicJobSpec`; has to bring all tasks and sub-workflows that it refers to.
        outputs: the task's declared outputs, a `VariableMap`.
        name: stands before what is found.
    """
    template = WorkflowTemplate(
        id=Identifier(name=name),
        interface=TypedInterface(outputs=outputs),
        nodes=futures.nodes,
        outputs=futures.outputs,
    )
    tasks = {task.id.name: task for task in futures.tasks}
    subs = {sub.id.name: sub for sub in futures.subworkflows}
    found = _Checker(tasks, {}, subs, takes_files=True).check(template)
    for sub in futures.subworkflows:
        found += _Checker(tasks, {}, subs).check(sub)
    return found


@dataclass
class _Checker:
    """Checks one workflow; collects what is wrong in `found`.

    Attributes:
        tasks: all tasks by name.
        plans: the workflows behind all launch plans, by the plan's name.
        subs: the workflow's sub-workflows by name.
        takes_files: whether a constant may lie in a file.
        outputs: types of the outputs of each node, those of the workflow's inputs among them.
    """

    tasks: Mapping[str, Any]
    plans: Mapping[str, Any]
    subs: Mapping[str, Any]
    takes_files: bool = False
    name: str = ""
    found: list[str] = field(default_factory=list)
    outputs: dict[str, Types] = field(default_factory=dict)

    def check(self, template: Any) -> list[str]:
        """Check a workflow's template; return what is wrong."""
        self.name = template.id.name
        nodes = [node for node in template.nodes if node.id not in _ENDS]
        for name, count in Counter(node.id for node in nodes).items():
            if count > 1:
                self.report(name, f"{count} nodes have this id")
        inputs = _types(template.interface.inputs)
        self.outputs = {START: inputs, "": inputs}
        interfaces = [self.interface(node) for node in nodes]
        for node, (_, outputs) in zip(nodes, interfaces, strict=True):
            aliases = {alias.alias: outputs[alias.var] for alias in node.output_aliases}
            self.outputs[node.id] = outputs | aliases
        for node, (expected, _) in zip(nodes, interfaces, strict=True):
            self.check_node(node, expected)
        wanted = _types(template.interface.outputs)
        self.check_bindings("outputs", template.outputs, wanted)
        self.check_cycles(nodes)
        return self.found

    def report(self, where: str, what: str) -> None:
        """Note something wrong."""
        self.found.append(f"{self.name}, {where}: {what}")

    def interface(self, node: Any) -> tuple[Types | None, Types]:
        """Types of a node's inputs (None for a branch: they feed its conditions) and outputs."""
        kind = node.WhichOneof("target")
        if kind == "task_node":
            return self.declared(node, self.tasks.get(node.task_node.reference_id.name))
        if kind == "workflow_node":
            reference = node.workflow_node
            if reference.WhichOneof("reference") == "sub_workflow_ref":
                return self.declared(node, self.subs.get(reference.sub_workflow_ref.name))
            return self.declared(node, self.plans.get(reference.launchplan_ref.name))
        if kind == "array_node":
            inputs, outputs = self.interface(node.array_node.node)
            if not node.array_node.is_original_sub_node_interface.value:
                return inputs, outputs
            bound = set(node.array_node.bound_inputs)
            return _lists(inputs or {}, bound), _lists(outputs, set())
        if kind == "branch_node":
            arms = [self.interface(arm)[1] for arm in _arms(node)]
            common = set.intersection(*(set(arm) for arm in arms))
            return None, {name: kind for name, kind in arms[0].items() if name in common}
        self.report(node.id, f"nodes of kind {kind} are not checked")
        return None, {}

    def declared(self, node: Any, template: Any) -> tuple[Types | None, Types]:
        """Types of the interface of a template, None if what the node runs was not registered."""
        if template is None:
            self.report(node.id, "refers to a task or workflow that is not registered")
            return None, {}
        return _types(template.interface.inputs), _types(template.interface.outputs)

    def check_node(self, node: Any, expected: Types | None) -> None:
        """Check the inputs of a node, and those of the arms of a branch."""
        for name in node.upstream_node_ids:
            if name not in self.outputs:
                self.report(node.id, f"waits for unknown node {name}")
        if expected is not None:
            self.check_bindings(node.id, node.inputs, expected)
        if node.WhichOneof("target") == "branch_node":
            for arm in _arms(node):
                self.check_node(arm, self.interface(arm)[0])
            self.check_arms(node)
            for block in (node.branch_node.if_else.case, *node.branch_node.if_else.other):
                self.check_condition(node, block.condition)

    def check_arms(self, node: Any) -> None:
        """The outputs that all arms share must have one type."""
        first, *others = [self.interface(arm)[1] for arm in _arms(node)]
        for other in others:
            for name in first.keys() & other.keys():
                if not (castable(first[name], other[name]) and castable(other[name], first[name])):
                    self.report(node.id, f"the arms disagree on the type of {name}")

    def check_condition(self, node: Any, condition: Any) -> None:
        """Both sides of a comparison must have the same type."""
        if condition.WhichOneof("expr") == "conjunction":
            self.check_condition(node, condition.conjunction.left_expression)
            self.check_condition(node, condition.conjunction.right_expression)
            return
        comparison = condition.comparison
        left = self.operand(node, comparison.left_value)
        right = self.operand(node, comparison.right_value)
        if left is not None and right is not None and left != right:
            self.report(node.id, f"compares {describe(left)} with {describe(right)}")

    def operand(self, node: Any, operand: Any) -> LiteralType | None:
        """Type of one side of a comparison, if it has one."""
        if operand.WhichOneof("val") == "primitive":
            return LiteralType(simple=_PRIMITIVES[operand.primitive.WhichOneof("value")])
        for binding in node.inputs:
            promise = binding.binding.promise
            if binding.var == operand.var and binding.binding.HasField("promise"):
                return self.outputs.get(promise.node_id, {}).get(promise.var)
        return None

    def check_bindings(self, where: str, bindings: Iterable[Any], expected: Types) -> None:
        """Check that every input (or output) is bound, once, to something of its type."""
        counts: Counter[str] = Counter()
        for binding in bindings:
            counts[binding.var] += 1
            if binding.var not in expected:
                self.report(where, f"there is no {binding.var} to bind")
            else:
                problem = self.mismatch(binding.binding, expected[binding.var])
                if problem:
                    self.report(f"{where}.{binding.var}", problem)
        for name, kind in expected.items():
            if counts[name] > 1:
                self.report(where, f"{name} is bound {counts[name]} times")
            if not counts[name] and not is_optional(kind):
                self.report(where, f"{name} is not bound")

    def mismatch(self, binding: Any, expected: LiteralType) -> str | None:
        """Say why a binding does not fit the type, None if it does."""
        form = binding.WhichOneof("value")
        if form == "promise":
            return self.promise_mismatch(binding.promise, expected)
        if form == "scalar":
            if binding.scalar.HasField("blob") and not self.takes_files:
                return "a constant in a file of the machine that registers the workflow"
            given = _scalar_type(binding.scalar)
            return None if given is None or castable(given, expected) else _clash(given, expected)
        if expected.HasField("union_type"):
            fitting = [v for v in expected.union_type.variants if not self.mismatch(binding, v)]
            return None if len(fitting) == 1 else f"fits {len(fitting)} of {describe(expected)}"
        element = {"collection": "collection_type", "map": "map_value_type"}.get(form or "")
        if element is None or not expected.HasField(element):
            return f"a {form} for {describe(expected)}"
        bound = getattr(binding, form).bindings
        items = bound.values() if form == "map" else bound
        problems = [self.mismatch(item, getattr(expected, element)) for item in items]
        return next(filter(None, problems), None)

    def promise_mismatch(self, promise: Any, expected: LiteralType) -> str | None:
        """The same for the output of another node, or a part of it."""
        outputs = self.outputs.get(promise.node_id)
        if outputs is None:
            return f"unknown node {promise.node_id}"
        if promise.var not in outputs:
            return f"node {promise.node_id or START} has no output {promise.var}"
        given = outputs[promise.var]
        for attribute in promise.attr_path:
            form = given.WhichOneof("type")
            if form in ("collection_type", "map_value_type"):
                given = getattr(given, form)
            elif attribute.string_value in given.structure.dataclass_type:
                given = given.structure.dataclass_type[attribute.string_value]
            elif given.structure.dataclass_type:
                return f"{promise.var} has no field {attribute.string_value}"
        return None if castable(given, expected) else _clash(given, expected)

    def check_cycles(self, nodes: list[Any]) -> None:
        """Remove nodes whose upstream nodes are all removed; what stays waits for itself."""
        waiting = {
            node.id: {*node.upstream_node_ids, *_sources(node.inputs)} - {"", START}
            for node in nodes
        }
        while waiting:
            ready = [name for name, before in waiting.items() if not before & waiting.keys()]
            if not ready:
                self.report(", ".join(sorted(waiting)), "never start: their inputs form a cycle")
                return
            for name in ready:
                del waiting[name]


def _arms(node: Any) -> list[Any]:
    """The nodes of which a branch runs one."""
    choice = node.branch_node.if_else
    arms = [choice.case.then_node, *(block.then_node for block in choice.other)]
    return arms + ([choice.else_node] if choice.HasField("else_node") else [])


def _sources(bindings: Iterable[Any]) -> Iterator[str]:
    """Ids of the nodes whose outputs are bound."""
    for binding in bindings:
        yield from promised(binding.binding)


def promised(binding: Any) -> Iterator[str]:
    """Ids of the nodes on whose outputs a binding depends."""
    form = binding.WhichOneof("value")
    if form == "promise":
        yield binding.promise.node_id
    elif form == "collection":
        for item in binding.collection.bindings:
            yield from promised(item)
    elif form == "map":
        for item in binding.map.bindings.values():
            yield from promised(item)


def _types(variables: Any) -> Types:
    """Types by name, sorted: maps in protobuf have another order in every process."""
    return {name: variable.type for name, variable in sorted(variables.variables.items())}


def _lists(types: Types, bound: set[str]) -> Types:
    """What an array node takes (or gives) if each of its elements takes `types`."""
    return {
        name: kind if name in bound else LiteralType(collection_type=kind)
        for name, kind in types.items()
    }


def _scalar_type(scalar: Any) -> LiteralType | None:
    """Type of a constant, None if it is of a kind that is not checked here."""
    form = scalar.WhichOneof("value")
    if form == "primitive":
        return LiteralType(simple=_PRIMITIVES[scalar.primitive.WhichOneof("value")])
    if form == "none_type":
        return LiteralType(simple=NONE)
    if form == "generic":
        return LiteralType(simple=STRUCT)
    if form == "binary":
        return LiteralType(simple=STRUCT if scalar.binary.tag == "msgpack" else BINARY)
    if form == "blob":
        return LiteralType(blob=scalar.blob.metadata.type)
    if form == "union":
        kind: LiteralType = scalar.union.type
        return kind
    return None


def _clash(given: LiteralType, expected: LiteralType) -> str:
    return f"{describe(given)} given where {describe(expected)} is expected"
