"""The region tree to functions of nodes: the workflow, a sub-workflow for each element of a
foreach, and dynamic tasks for what only a run can tell.

Each value is wired from what makes it to what takes it. Steps between which no data flows keep
Metaflow's order.
"""

from __future__ import annotations

import ast
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from codegen.analyse.dataflow import StepFlow, setter_of
from codegen.analyse.values import (
    Exported,
    ForeachPlan,
    Gathered,
    Given,
    GroupPlan,
    Phi,
    Plan,
    PlanItem,
    Scope,
    SplitPlan,
    SwitchPlan,
    Value,
    Visit,
)
from codegen.flyte import (
    Choice,
    Each,
    Field,
    Function,
    FunctionInput,
    Node,
    Order,
    OutputsType,
    Return,
    Statement,
    Task,
)
from codegen.lower.context import Context, TaskInput
from codegen.lower.hooks import failure_task, success_task
from codegen.lower.names import free
from codegen.lower.parameters import FLYTE_RESERVED
from codegen.lower.step import lower_step
from codegen.model import Step

#: Columns of a line that black fills.
_WIDTH = 88


def lower_functions(context: Context) -> tuple[list[Task | Function], Function]:
    """The tasks with their sub-workflows and dynamic tasks, and the workflow itself."""
    lowering = _Lowering(context)
    lowering.tasks(context.dataflow.plan)
    workflow = lowering.workflow()
    return lowering.blocks(context.dataflow.plan) + lowering.hooks, workflow


@dataclass
class _Body:
    """A function in the making: its nodes, what they need of each other, what each value is.

    ``variables`` are the names of nodes, ``used`` those that something refers to.
    """

    scope: Scope
    texts: dict[Value, str]
    names: set[str]
    makers: dict[Value, str] = field(default_factory=dict)
    nodes: list[tuple[str, Node | Each]] = field(default_factory=list)
    sources: dict[str, set[str]] = field(default_factory=dict)
    promises: dict[str, str] = field(default_factory=dict)
    orders: list[tuple[str, str]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def variable(self, name: str) -> str:
        """A free name for the result of a node."""
        found = free(f"{name}_out", self.names)
        self.names.add(found)
        return found

    def text(self, value: Value) -> str:
        """The expression for a value, which is thereby used."""
        if value in self.makers:
            self.used.add(self.makers[value])
        return self.texts[value]

    def statements(self) -> list[Statement]:
        """The nodes, then the orders, in which one mentions only what it needs to."""
        for first, second in self.orders:
            self.used |= {first, second}
        made: list[Statement] = []
        for variable, node in self.nodes:
            keeps = variable if variable in self.used else None
            if isinstance(node, Each):
                made.append(Each(keeps, node.element, node.elements, node.node))
            else:
                made.append(Node(keeps, node.task, node.arguments, node.mapped))
        made += [
            Order(self.promises[first], self.promises[second], number == 0)
            for number, (first, second) in enumerate(self.orders)
        ]
        return made


class _Lowering:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.symbols = context.symbols
        self.names = context.names
        self.steps: Mapping[str, StepFlow] = context.dataflow.steps
        self.lowered: dict[str, Task] = {}
        self.functions: dict[int, list[Function]] = {}
        self.hooks: list[Task | Function] = []

    # ------------------------------------------------------------------ blocks

    def tasks(self, plan: Plan) -> None:
        """Lower the steps, in order; functions need to know what their tasks take."""
        for item in plan:
            match item:
                case Visit():
                    name = item.step.name
                    if name not in self.lowered:
                        self.lowered[name] = lower_step(self.context, name)
                case SplitPlan():
                    for arm in item.arms:
                        self.tasks(arm)
                case ForeachPlan() | GroupPlan():
                    self.tasks(item.body)
                case SwitchPlan():
                    for case in item.arms:
                        self.tasks(case.body)

    def blocks(self, plan: Plan) -> list[Task | Function]:
        """Each task where its step comes first, and functions behind the last of theirs."""
        found: list[Task | Function] = []
        for item in plan:
            match item:
                case Visit():
                    task = self.lowered.pop(item.step.name, None)
                    if task is not None:
                        found.append(task)
                case SplitPlan():
                    for arm in item.arms:
                        found += self.blocks(arm)
                case ForeachPlan() | GroupPlan():
                    found += self.blocks(item.body)
                    found += self.functions.get(id(item), [])
                case SwitchPlan():
                    for case in item.arms:
                        found += self.blocks(case.body)
                    found += self.functions.get(id(item), [])
        return found

    # ------------------------------------------------------------------ functions

    def workflow(self) -> Function:
        """The workflow that a user runs."""
        context = self.context
        self.symbols.use("task")
        self.symbols.use("workflow")
        texts: dict[Value, str] = {
            given: context.plans[name].input.name for name, given in context.dataflow.given.items()
        }
        taken = {plan.input.name for plan in context.plans.values()} | self.names.module
        body = _Body(context.dataflow.scope, texts, taken)
        _, last = self._items(context.dataflow.plan, body)
        inputs = tuple(plan.input for plan in context.plans.values())
        options = self._hooks(inputs, last, body)
        visible = context.dataflow.visible
        returns = []
        for name, slot in visible.items():
            assert slot.value is not None
            returns.append((context.fields[name], body.text(slot.value)))
        outputs: OutputsType | None = None
        statements = body.statements()
        if visible:
            self.symbols.use("NamedTuple")
            fields = tuple(context.field(name) for name in visible)
            outputs = OutputsType(self.names.workflow_outputs, fields)
            statements.append(Return(outputs.name, tuple(returns)))
        return Function(
            self.symbols.use("workflow"),
            self.names.workflow,
            context.flow.comments
            + tuple(line for warning in context.whole.warnings for line in warning.comment()),
            self._docstring(),
            inputs,
            outputs,
            tuple(statements),
            public=True,
            options=options,
        )

    def _hooks(
        self, inputs: tuple[FunctionInput, ...], last: Sequence[str], body: _Body
    ) -> tuple[str, ...]:
        """Add what runs after the last nodes; returns the options of the workflow."""
        start = next(iter(self.lowered.values()))
        success = success_task(self.context, start)
        failure = failure_task(self.context, start, inputs)
        self.hooks += [task for task in (success, failure) if task is not None]
        if success is not None:
            variable = body.variable(success.name)
            self._add(body, variable, Node(variable, success.name, ()), [])
            self._promise(body, variable, [])
            body.orders += [(before, variable) for before in last]
        return (f"on_failure={failure.name}",) if failure is not None else ()

    def _docstring(self) -> str:
        lines = [self.context.flow.docstring or f"{self.context.flow.name}."]
        helped = [plan for plan in self.context.plans.values() if plan.help]
        if helped:
            lines += ["", "Args:"]
            for plan in helped:
                lines += textwrap.wrap(
                    f"{plan.input.name}: {plan.help}",
                    width=_WIDTH - 4,
                    initial_indent=" " * 4,
                    subsequent_indent=" " * 8,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
        return "\n".join(lines)

    def _inputs(
        self, values: Sequence[Value], dynamic: bool, own: Mapping[Value, str] | None = None
    ) -> tuple[dict[Value, str], tuple[FunctionInput, ...], set[str]]:
        """Names and types of what a function takes; ``own`` come first under their names."""
        taken = (set(self.names.module) - self.names.parameters) | FLYTE_RESERVED
        texts: dict[Value, str] = {}
        inputs: list[FunctionInput] = []
        ordered = [value for value in values if value not in (own or {})]
        ordered.sort(key=lambda value: isinstance(value, Given))
        for value in [*(own or {}), *ordered]:
            wanted = (own or {}).get(value) or self._input_name(value)
            name = free(wanted, taken)
            taken.add(name)
            texts[value] = name
            inputs.append(FunctionInput(name, self.context.value_type(value, dynamic)))
        return texts, tuple(inputs), taken

    def _input_name(self, value: Value) -> str:
        if isinstance(value, Given):
            return self.context.plans[value.name].input.name
        return value.name.lstrip("_") or "x"

    def _outputs(self, function: str, fields: Sequence[Field]) -> OutputsType | None:
        if not fields:
            return None
        self.symbols.use("NamedTuple")
        return OutputsType(self.names.outputs_of(function), tuple(fields))

    # ------------------------------------------------------------------ items

    def _items(self, plan: Plan, body: _Body) -> tuple[list[str], list[str]]:
        """Add the nodes of a plan; returns those that begin it and those that end it."""
        first: list[str] = []
        last: list[str] = []
        for item in plan:
            begins, ends = self._item(item, body)
            if not first:
                first = begins
            for after in begins:
                for before in last:
                    if before not in body.sources[after]:
                        body.orders.append((before, after))
            last = ends
        return first, last

    def _item(self, item: PlanItem, body: _Body) -> tuple[list[str], list[str]]:
        match item:
            case Visit():
                node = self._visit(item, body)
                return [node], [node]
            case SplitPlan():
                begins: list[str] = []
                ends: list[str] = []
                for arm in item.arms:
                    first, last = self._items(arm, body)
                    begins += first
                    ends += last
                return begins, ends
            case ForeachPlan():
                node = self._map(item, body) if item.mapped else self._foreach(item, body)
                return [node], [node]
            case GroupPlan():
                node = self._group(item, body)
                return [node], [node]
            case SwitchPlan():
                node = self._switch(item, body)
                return [node], [node]

    def _add(self, body: _Body, variable: str, node: Node | Each, values: Sequence[Value]) -> None:
        body.nodes.append((variable, node))
        body.sources[variable] = {body.makers[value] for value in values if value in body.makers}

    def _visit(self, visit: Visit, body: _Body) -> str:
        """The node of a step."""
        step = self.steps[visit.step.name]
        task = self.names.tasks[visit.step.name]
        variable = body.variable(task)
        arguments, values = self._arguments(visit, body)
        self._add(body, variable, Node(variable, task, tuple(arguments)), values)
        self._yields(visit, step, variable, body)
        return variable

    def _yields(self, visit: Visit, step: StepFlow, variable: str, body: _Body) -> None:
        """What others can take of the node of a step."""
        for name, output in visit.outputs.items():
            if name in step.outputs:
                body.texts[output] = f"{variable}.{self.context.fields[name]}"
                body.makers[output] = variable
        for value, _ in self.context.generated_fields(step, visit):
            body.texts[value] = f"{variable}.{self.context.generated(value)}"
            body.makers[value] = variable
        self._promise(body, variable, self._field_names(step))

    def _field_names(self, step: StepFlow) -> list[str]:
        names = [self.context.fields[name] for name in step.outputs]
        return names + [field.name for _, field in self.context.generated_fields(step)]

    def _promise(self, body: _Body, variable: str, fields: Sequence[str]) -> None:
        """What ``>>`` takes for a node: one of its outputs, since on the tuple of all of them
        flytekit's ``>>`` does nothing (core/promise.py, create_task_output)."""
        body.promises[variable] = f"{variable}.{fields[0]}" if fields else variable

    def _arguments(
        self, visit: Visit, body: _Body, without: str = ""
    ) -> tuple[list[tuple[str, str]], list[Value]]:
        """The arguments of a step's task, and the values in them."""
        arguments: list[tuple[str, str]] = []
        values: list[Value] = []
        for given in self.context.inputs[visit.step.name]:
            if given.name == without:
                continue
            value = given.value(visit, self.context.dataflow.given)
            if value is None:
                continue  # its default says that it is unset
            arguments.append((given.name, body.text(value)))
            values.append(value)
        return arguments, values

    def _map(self, foreach: ForeachPlan, body: _Body) -> str:
        """A map task over the indices; what all elements share is bound."""
        visit = foreach.body[0]
        assert isinstance(visit, Visit)
        step = self.steps[visit.step.name]
        task = self.names.tasks[visit.step.name]
        variable = body.variable(task)
        self.symbols.use("map_task")
        own = self._own_index(visit)
        bound, values = self._arguments(visit, body, without=own.name)
        if bound:
            self.symbols.use("functools")
        indices = body.text(foreach.indices)
        node = Node(variable, task, ((own.name, indices),), tuple(bound))
        self._add(body, variable, node, [*values, foreach.indices])
        if step.outputs:
            body.texts[foreach.results] = variable
            body.makers[foreach.results] = variable
        self._promise(body, variable, [])
        return variable

    def _own_index(self, visit: Visit) -> TaskInput:
        depth = len(visit.frames) - 1
        inputs = self.context.inputs[visit.step.name]
        return next(i for i in inputs if i.source == "index" and i.number == depth)

    def _foreach(self, foreach: ForeachPlan, body: _Body) -> str:
        """A sub-workflow for an element, and a dynamic task that calls it for each."""
        context, target = self.context, self.names.tasks[foreach.target]
        branch_name = self.names.function(f"{target}_branch")
        foreach_name = self.names.function(f"{target}_foreach")
        taken = list(foreach.inner.inputs)
        index = foreach.frame.index
        own: dict[Value, str] = {index: "index"} if index.demanded else {}
        texts, inputs, names = self._inputs(taken, False, own)
        branch_body = _Body(foreach.inner, dict(texts), names)
        self._items(foreach.body, branch_body)
        gathered = [g for g in foreach.gathered.values() if g.demanded]
        fields = self._unique_fields(gathered)
        returns = []
        for value, name in fields.items():
            assert value.element is not None
            returns.append((name, branch_body.text(value.element)))
        statements = branch_body.statements()
        outputs = self._outputs(
            branch_name,
            [Field(name, context.type(value.name)) for value, name in fields.items()],
        )
        if outputs is not None:
            statements.append(Return(outputs.name, tuple(returns)))
        branch = Function(
            self.symbols.use("workflow"),
            branch_name,
            (),
            self._about(f"What follows {foreach.split.step.name} for one element."),
            inputs,
            outputs,
            tuple(statements),
        )
        dynamic = self._dynamic_foreach(foreach, foreach_name, branch, texts, fields)
        self.functions[id(foreach)] = [branch, dynamic]
        variable = body.variable(foreach_name)
        outer = self._dynamic_inputs(foreach)
        arguments = [(name, body.text(value)) for value, name in outer[0].items()]
        self._add(
            body,
            variable,
            Node(variable, foreach_name, tuple(arguments)),
            list(outer[0]),
        )
        for value, name in fields.items():
            body.texts[value] = f"{variable}.{name}"
            body.makers[value] = variable
        self._promise(body, variable, list(fields.values()))
        return variable

    def _unique_fields(self, gathered: Sequence[Gathered]) -> dict[Gathered, str]:
        return {value: self.context.fields[value.name] for value in gathered}

    def _dynamic_inputs(
        self, foreach: ForeachPlan
    ) -> tuple[dict[Value, str], tuple[FunctionInput, ...], set[str]]:
        values = [v for v in foreach.inner.inputs if v is not foreach.indices]
        return self._inputs(values, True, {foreach.indices: foreach.indices.name})

    def _dynamic_foreach(
        self,
        foreach: ForeachPlan,
        name: str,
        branch: Function,
        taken: Mapping[Value, str],
        fields: Mapping[Gathered, str],
    ) -> Function:
        texts, inputs, names = self._dynamic_inputs(foreach)
        index = free("index", names)
        each = free("branch", names | {index})
        many = free("branches", names | {index})
        arguments = [
            (param, index if value is foreach.frame.index else texts[value])
            for value, param in taken.items()
        ]
        call = Node(None, branch.name, tuple(arguments))
        variable = many if fields else None
        element = index if foreach.frame.index in taken else "_"
        statements: list[Statement] = [Each(variable, element, texts[foreach.indices], call)]
        outputs = self._outputs(
            name,
            [
                Field(f, self.symbols.list_of(self.context.type(value.name)))
                for value, f in fields.items()
            ],
        )
        if outputs is not None:
            lists = [(f, f"[{each}.{f} for {each} in {many}]") for f in fields.values()]
            statements.append(Return(outputs.name, tuple(lists)))
        split = foreach.split.step
        return Function(
            self.symbols.use("dynamic"),
            name,
            (),
            self._about(f"{split.name}: {_transition_text(split)}."),
            inputs,
            outputs,
            tuple(statements),
        )

    def _group(self, group: GroupPlan, body: _Body) -> str:
        """A sub-workflow for some of the steps of a workflow that has too many."""
        first = _first(group.body)
        name = self.names.function(f"{self.names.tasks[first]}_part")
        texts, inputs, names = self._inputs(list(group.inner.inputs), False)
        inner = _Body(group.inner, dict(texts), names)
        self._items(group.body, inner)
        fields = self._export_fields([value for value in group.exports if value.demanded])
        returns = []
        for value, field_name in fields.items():
            assert value.element is not None
            returns.append((field_name, inner.text(value.element)))
        statements = inner.statements()
        types = [Field(f, self.context.type(value.name)) for value, f in fields.items()]
        outputs = self._outputs(name, types)
        if outputs is not None:
            statements.append(Return(outputs.name, tuple(returns)))
        self.functions[id(group)] = [
            Function(
                self.symbols.use("workflow"),
                name,
                (),
                f"The steps from {first} on: Flyte takes at most 100 nodes in one workflow.",
                inputs,
                outputs,
                tuple(statements),
            )
        ]
        variable = body.variable(name)
        arguments = [(param, body.text(value)) for value, param in texts.items()]
        self._add(body, variable, Node(variable, name, tuple(arguments)), list(texts))
        for value, field_name in fields.items():
            body.texts[value] = f"{variable}.{field_name}"
            body.makers[value] = variable
        self._promise(body, variable, list(fields.values()))
        return variable

    def _export_fields(self, exports: Sequence[Exported]) -> dict[Exported, str]:
        """The fields of what a group leaves; branches may leave artifacts of the same name."""
        counts = Counter(value.name for value in exports)
        taken: set[str] = set()
        fields: dict[Exported, str] = {}
        for value in exports:
            name = self.context.fields[value.name]
            if counts[value.name] > 1:
                name = f"{setter_of(value)}_{name}"
            fields[value] = free(name, taken)
            taken.add(fields[value])
        return fields

    def _switch(self, switch: SwitchPlan, body: _Body) -> str:
        """A dynamic task with an ``if`` for each arm."""
        step = switch.visit.step
        name = self.names.function(f"{self.names.tasks[step.name]}_switch")
        values = [v for v in switch.inputs if v is not switch.chosen]
        chosen_name = self.context.generated(switch.chosen)
        texts, inputs, names = self._inputs(values, True, {switch.chosen: chosen_name})
        phis = [phi for phi in switch.phis.values() if phi.demanded]
        outputs = self._outputs(name, [self.context.field(phi.name) for phi in phis])
        arms: list[tuple[str, tuple[Statement, ...]]] = []
        for number, arm in enumerate(switch.arms):
            inner = _Body(arm.scope, dict(texts), set(names))
            self._items(arm.body, inner)
            returns = tuple(
                (self.context.fields[phi.name], self._arm_value(phi, number, inner)) for phi in phis
            )
            made = inner.statements()
            if outputs is not None:
                made.append(Return(outputs.name, returns))
            arms.append((self.names.tasks[arm.target], tuple(made)))
        function = Function(
            self.symbols.use("dynamic"),
            name,
            (),
            self._about(f"{step.name}: {_transition_text(step)}."),
            inputs,
            outputs,
            (Choice(texts[switch.chosen], tuple(arms)),),
        )
        self.functions[id(switch)] = [function]
        variable = body.variable(name)
        taken = [(param, body.text(value)) for value, param in texts.items()]
        self._add(body, variable, Node(variable, name, tuple(taken)), list(texts))
        for phi in phis:
            body.texts[phi] = f"{variable}.{self.context.fields[phi.name]}"
            body.makers[phi] = variable
        self._promise(body, variable, [self.context.fields[phi.name] for phi in phis])
        return variable

    def _arm_value(self, phi: Phi, number: int, body: _Body) -> str:
        value = phi.arms[number]
        if value is None:
            return f"{self.symbols.use('Packed')}({self.symbols.use('Unset')})"
        return body.text(value)

    def _about(self, text: str) -> str:
        return "\n".join(textwrap.wrap(text, width=_WIDTH - 10, break_long_words=False))


def _first(plan: Plan) -> str:
    """The name of the step with which a plan begins."""
    first = plan[0]
    while not isinstance(first, Visit):
        assert isinstance(first, (SplitPlan, GroupPlan))
        first = first.arms[0][0] if isinstance(first, SplitPlan) else first.body[0]
    return first.step.name


def _transition_text(step: Step) -> str:
    """``self.next(…)`` as the step has it, on one line."""
    text = ast.unparse(step.node.body[-1])
    return text if '"' in text else text.replace("'", '"')
