"""A linear flow with its dataflow to the model of its module."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping

from codegen import __version__
from codegen.analyse.body import Exit, report_escape, returns_next
from codegen.analyse.dataflow import Dataflow, StepFlow, live_exits
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.analyse.state import seed_statements
from codegen.diagnostics import Diagnostics
from codegen.flyte import (
    Field,
    FlyteModule,
    LaunchPlan,
    Node,
    OutputsType,
    Task,
    Workflow,
)
from codegen.lower.body import (
    BodyPlan,
    Replacement,
    header_comment,
    own_returns,
    returns_text,
    rewrite,
)
from codegen.lower.decorators import STEP_DECORATORS, Arguments, Settings
from codegen.lower.decorators.arguments import Refused
from codegen.lower.names import AMBIGUOUS, Names, field_names, free, local_names
from codegen.lower.parameters import ParameterPlan, refuse_metaflow
from codegen.lower.schedule import ATTRIBUTES, Schedule, lower_schedule
from codegen.model import Decorator, Flow
from codegen.parse.module import bound_names
from codegen.symbols import Symbols


def read_decorators(
    flow: Flow, scope: ModuleScope, diagnostics: Diagnostics
) -> tuple[dict[str, Settings], Schedule | None]:
    """The settings of each step, and the flow's schedule; reports every decorator it cannot."""
    settings: dict[str, Settings] = {}
    for step in flow.steps.values():
        settings[step.name] = Settings()
        for decorator in step.decorators:
            if decorator.name not in STEP_DECORATORS:
                _unknown(decorator, diagnostics, step.name)
                continue
            known, read = STEP_DECORATORS[decorator.name]
            arguments = Arguments(decorator, scope, diagnostics, step.name)
            arguments.check(known)
            refuse_metaflow(decorator.arguments.values(), flow, diagnostics)
            try:
                read(arguments, settings[step.name])
            except Refused:
                pass  # reported where it was found
    schedule: Schedule | None = None
    for decorator in flow.decorators:
        if decorator.name != "schedule":
            _unknown(decorator, diagnostics, None)
            continue
        arguments = Arguments(decorator, scope, diagnostics, None)
        arguments.check(ATTRIBUTES)
        refuse_metaflow(decorator.arguments.values(), flow, diagnostics)
        try:
            schedule = lower_schedule(arguments)
        except Refused:
            pass  # reported where it was found
    return settings, schedule


def _unknown(decorator: Decorator, diagnostics: Diagnostics, step: str | None) -> None:
    diagnostics.add(
        "MF502",
        decorator.position,
        f"@{decorator.name} is not translated yet",
        "Remove it, or keep this flow on Metaflow for now.",
        step,
    )


def check_scheduled_inputs(
    flow: Flow,
    plans: Mapping[str, ParameterPlan],
    schedule: Schedule | None,
    diagnostics: Diagnostics,
) -> None:
    """A schedule gives no inputs, so each needs a default (Metaflow's schedulers refuse it too)."""
    if schedule is None:
        return
    for plan in plans.values():
        if plan.required:
            diagnostics.add(
                "MF604",
                flow.parameters[plan.attribute].position,
                f"the flow has a schedule, which cannot give the required {plan.attribute}",
                "Give the Parameter a default.",
            )


def lower_linear(
    flow: Flow,
    dataflow: Dataflow,
    plans: Mapping[str, ParameterPlan],
    settings: Mapping[str, Settings],
    schedule: Schedule | None,
    names: Names,
    symbols: Symbols,
    diagnostics: Diagnostics,
    module_name: str,
) -> FlyteModule:
    """The module for a flow whose steps follow one another."""
    lowering = _Lowering(flow, dataflow, plans, settings, names, symbols, diagnostics)
    tasks = tuple(lowering.task(step) for step in dataflow.steps)
    workflow = lowering.workflow()
    launch_plans: tuple[LaunchPlan, ...] = ()
    if schedule is not None:
        symbols.use("LaunchPlan")
        symbols.use("CronSchedule")
        launch_plans = (
            LaunchPlan(
                names.launch_plan,
                names.workflow,
                repr(schedule.cron),
                (
                    f"# @schedule({schedule.shown})",
                    *(line for warning in schedule.warnings for line in warning.comment()),
                ),
            ),
        )
    return FlyteModule(
        header=flow.module.header,
        docstring=_module_docstring(flow, names.workflow, plans, module_name),
        future=flow.module.future,
        imports=(),
        code=flow.module.body,
        helpers=symbols.helpers(),
        seeds=lowering.seeds,
        constants=tuple(line for plan in plans.values() for line in plan.constants),
        tasks=tasks,
        workflow=workflow,
        launch_plans=launch_plans,
        symbols=symbols,
    )


def _module_docstring(
    flow: Flow, workflow: str, plans: Mapping[str, ParameterPlan], module_name: str
) -> str:
    required = "".join(f" --{p.input.name} …" for p in plans.values() if p.required)
    lines = [
        f"{flow.name} as a Flyte workflow.",
        "",
        f"Generated by mf-codegen {__version__} from {flow.filename}: change it there.",
        "",
        f"    pyflyte run {module_name} {workflow}{required}",
        f"    pyflyte register {module_name}",
    ]
    if flow.module.docstring:
        lines += ["", flow.module.docstring]
    return "\n".join(lines)


class _Lowering:
    def __init__(
        self,
        flow: Flow,
        dataflow: Dataflow,
        plans: Mapping[str, ParameterPlan],
        settings: Mapping[str, Settings],
        names: Names,
        symbols: Symbols,
        diagnostics: Diagnostics,
    ) -> None:
        self.taken = frozenset(name for node in flow.module.kept for name in bound_names(node))
        self.flow = flow
        self.dataflow = dataflow
        self.plans = plans
        self.settings = settings
        self.names = names
        self.symbols = symbols
        self.diagnostics = diagnostics
        artifacts = dict.fromkeys(name for step in dataflow.steps for name in step.outputs)
        self.fields = field_names(list(artifacts), flow.module.future)
        for name in dataflow.visible:
            if self.fields[name] != name:
                self._note_field(name)
        self.inputs: dict[str, dict[str, str]] = {}
        self.seeds = seed_statements(flow.module.kept)

    def _note_field(self, name: str) -> None:
        producer = next(step for step in self.dataflow.steps if name in step.outputs)
        self.diagnostics.add(
            "MF206",
            producer.step.position,
            f"the artifact {name} is the output {self.fields[name]}, since flytekit cannot take "
            f"an output called {name}",
            "Nothing to do; rename the artifact to choose the name yourself.",
            producer.step.name,
        )

    def _type(self, artifact: str) -> str:
        return self.dataflow.kinds.get(artifact) or self.symbols.use("Artifact")

    # ------------------------------------------------------------------ tasks

    def task(self, step: StepFlow) -> Task:
        """The task of one step."""
        name = step.step.name
        settings = self.settings[name]
        parameters = list(step.parameters)
        if step is self.dataflow.steps[0]:
            parameters += [
                p for p, plan in self.plans.items() if plan.checked and p not in parameters
            ]
        outputs_type = self._outputs_type(step)
        local = self._local_names(step, parameters)
        given = self._input_names(step, parameters, local)
        self.inputs[name] = given
        inputs = [Field(given[artifact], self._type(artifact)) for artifact in step.inputs]
        inputs += [Field(given[p], self.plans[p].input.type) for p in parameters]
        constant = self.names.constant(name, "ENVIRONMENT")
        constants: tuple[str, ...] = ()
        if settings.variables:
            pairs = ", ".join(f"{key!r}: {value}" for key, value in settings.variables.items())
            constants = (f"{constant} = {{{pairs}}}",)
        wrappers = settings.wrappers(self.symbols, constant)
        if self.seeds:
            wrappers = (*wrappers, self.symbols.use("seeded"))
        if any(name not in self.dataflow.kinds for name in (*step.inputs, *step.outputs)):
            wrappers = (*wrappers, self.symbols.use("with_artifacts"))
        return Task(
            name=self.names.tasks[name],
            comments=(*step.step.comments, *header_comment(step.step), *settings.comments()),
            constants=constants,
            options=settings.options(self.symbols, constant),
            wrappers=wrappers,
            inputs=tuple(inputs),
            outputs=outputs_type,
            body=self._body(step, local, given, parameters, outputs_type),
        )

    def _field(self, artifact: str) -> Field:
        name = self.fields[artifact]
        comment = "# noqa: E741" if name in AMBIGUOUS else ""
        if name in ("count", "index") and artifact in self.dataflow.kinds:  # tuple's own methods
            comment = "# type: ignore[assignment]"
        return Field(name, self._type(artifact), comment)

    def _outputs_type(self, step: StepFlow) -> OutputsType | None:
        if not step.outputs:
            return None
        self.symbols.use("NamedTuple")
        return OutputsType(
            self.names.outputs[step.step.name],
            tuple(self._field(name) for name in step.outputs),
        )

    def _local_names(self, step: StepFlow, parameters: list[str]) -> dict[str, str]:
        """Local variables for all artifacts and Parameters of a step."""
        wanted = dict.fromkeys(
            [*step.inputs, *parameters, *step.facts.assigned, *sorted(step.facts.mentioned)]
        )
        generated = {self.names.outputs[step.step.name], "locals", "Unset", "_"}
        read = {*step.inputs, *step.outputs, *step.facts.mentioned}
        unused = frozenset(name for name in step.facts.assigned if name not in read)
        return local_names(wanted, step.facts.names | generated, unused)

    def _input_names(
        self, step: StepFlow, parameters: list[str], local: Mapping[str, str]
    ) -> dict[str, str]:
        """The inputs of the task; one that is decoded has a name of its own."""
        given = {name: local[name] for name in (*step.inputs, *parameters)}
        taken = set(step.facts.names) | set(local.values())
        for parameter in parameters:
            decode = self.plans[parameter].decode
            if decode is not None:
                given[parameter] = free(f"{local[parameter].rstrip('_')}_{decode.suffix}", taken)
                taken.add(given[parameter])
        return given

    def _body(
        self,
        step: StepFlow,
        local: Mapping[str, str],
        given: Mapping[str, str],
        parameters: list[str],
        outputs_type: OutputsType | None,
    ) -> str:
        bound = frozenset(local_bindings(step.step.node)) | frozenset(local.values())
        prologue: list[str] = []
        if "name" in step.facts.mentioned:
            prologue.append(f"{local['name']} = {self.flow.name!r}")
        for name in _guarded(step):
            unset = self.symbols.use("Unset", bound)
            why = "" if prologue else "  # reading it must fail, as in Metaflow"
            prologue.append(f"if {local[name]} is {unset}:{why}\n    del {local[name]}")
        for parameter in parameters:
            plan = self.plans[parameter]
            if plan.checked:
                missing = f"Missing option --{plan.input.name}"
                prologue.append(
                    f"if {local[parameter]} is None:\n    raise ValueError({missing!r})"
                )
            if plan.decode is not None:
                names = (local[parameter], given[parameter])
                text = plan.decode.statement(*names, "json")
                if "json.loads(" in text:
                    text = plan.decode.statement(*names, self.symbols.use("json", bound))
                prologue.append(text)
        by_node = {found.node: found for found in step.facts.exits}
        returns = tuple(
            self._replacement(node, by_node.get(node), step, local, bound)
            for node in own_returns(step.step.node)
        )
        final: str | None = None
        if None in by_node:
            final = self._return(by_node[None], step, local, bound)
        elif not live_exits(step.facts) and outputs_type is not None:
            # never reached, but flytekit wants a task with outputs to have a return statement
            fields = [(self.fields[name], local[name]) for name in step.outputs]
            final = returns_text(outputs_type.name, fields)
        body = BodyPlan(self.flow.name, local, returns, final, tuple(prologue))
        return rewrite(step.step, body)

    def _replacement(
        self,
        node: ast.Return,
        found: Exit | None,
        step: StepFlow,
        local: Mapping[str, str],
        bound: frozenset[str],
    ) -> Replacement:
        evaluate = (
            node.value is not None
            and not isinstance(node.value, ast.Constant)
            and not returns_next(node, step.step.self_name)
        )
        if found is None or not found.reachable:
            return Replacement("return", evaluate)
        if found.fails:
            transition = step.step.transition
            assert transition is not None
            target = transition.targets[0]
            message = f"step {step.step.name} returned without self.next(self.{target})"
            return Replacement(f"raise RuntimeError({message!r})", evaluate)
        return Replacement(self._return(found, step, local, bound) or "return", evaluate)

    def _return(
        self, found: Exit, step: StepFlow, local: Mapping[str, str], bound: frozenset[str]
    ) -> str | None:
        """The return statement at an exit, None where the task has no outputs."""
        if not step.outputs:
            return None
        fields = [
            (self.fields[name], self._output(name, found, step, local[name], bound))
            for name in step.outputs
        ]
        return returns_text(self.names.outputs[step.step.name], fields)

    def _output(
        self, name: str, found: Exit, step: StepFlow, local: str, bound: frozenset[str]
    ) -> str:
        """The value of an output at an exit; ``locals()`` tells whether it has one."""
        passed = name in step.inputs and name not in _guarded(step)
        if name in found.must or (passed and name not in found.gone):
            return local
        unset = self.symbols.use("Unset", bound)
        if name not in found.may and name not in step.inputs:
            return unset
        if "locals" in bound or "locals" in self.taken:
            report_escape(
                step.step,
                step.step.position,
                f"{name} may be unset at its end, and locals() means something else here",
                self.diagnostics,
            )
        return f"locals().get({local!r}, {unset})"

    # ------------------------------------------------------------------ workflow

    def workflow(self) -> Workflow:
        """The workflow that wires each artifact from its producer to its consumers."""
        self.symbols.use("task")
        self.symbols.use("workflow")
        taken = {plan.input.name for plan in self.plans.values()} | self.names.module
        variables: dict[str, str] = {}
        for step in self.dataflow.steps:
            variables[step.step.name] = free(f"{self.names.tasks[step.step.name]}_out", taken)
            taken.add(variables[step.step.name])
        nodes: list[Node] = []
        orders: list[tuple[str, str]] = []
        used: set[str] = set()
        source: dict[str, str] = {}
        producer: dict[str, str] = {}
        before: StepFlow | None = None
        for step in self.dataflow.steps:
            name = step.step.name
            arguments = tuple(
                (local, source.get(key) or self.plans[key].input.name)
                for key, local in self.inputs[name].items()
            )
            used |= {producer[key] for key in self.inputs[name] if key in producer}
            if before is not None and before.step.name not in {
                producer[key] for key in step.inputs
            }:
                orders.append((self._promise(before, variables), self._promise(step, variables)))
                used |= {before.step.name, name}
            nodes.append(Node(variables[name], self.names.tasks[name], arguments))
            for artifact in step.outputs:
                source[artifact] = f"{variables[name]}.{self.fields[artifact]}"
                producer[artifact] = name
            before = step
        used |= {producer[name] for name in self.dataflow.visible}
        outputs: OutputsType | None = None
        if self.dataflow.visible:
            self.symbols.use("NamedTuple")
            outputs = OutputsType(
                self.names.workflow_outputs,
                tuple(self._field(name) for name in self.dataflow.visible),
            )
        return Workflow(
            name=self.names.workflow,
            comments=self.flow.comments,
            docstring=self._docstring(),
            inputs=tuple(plan.input for plan in self.plans.values()),
            nodes=tuple(
                node if step.step.name in used else Node(None, node.task, node.arguments)
                for node, step in zip(nodes, self.dataflow.steps, strict=True)
            ),
            orders=tuple(orders),
            outputs=outputs,
            returns=tuple((self.fields[a], source[a]) for a in self.dataflow.visible),
        )

    def _promise(self, step: StepFlow, variables: Mapping[str, str]) -> str:
        """What ``>>`` takes for a node: one of its outputs, since on the tuple of all of them
        flytekit's ``>>`` does nothing (core/promise.py, create_task_output)."""
        variable = variables[step.step.name]
        return f"{variable}.{self.fields[step.outputs[0]]}" if step.outputs else variable

    def _docstring(self) -> str:
        lines = [self.flow.docstring or f"{self.flow.name}."]
        helped = [plan for plan in self.plans.values() if plan.help]
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


def _guarded(step: StepFlow) -> list[str]:
    """The inputs that may be unset and that the body reads or deletes: it must see them so."""
    touched = step.facts.mentioned | {deletion.name for deletion in step.facts.deletions}
    return [name for name in step.inputs if name in step.optional and name in touched]


#: Columns of a line that black fills.
_WIDTH = 88
