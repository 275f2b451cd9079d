"""What a task is given, and what its body calls it."""

from __future__ import annotations

import re

from codegen.analyse.dataflow import StepFlow
from codegen.analyse.scope import local_bindings
from codegen.lower.context import Context, TaskInput
from codegen.lower.inputs import join_inputs
from codegen.lower.names import free, local_names
from codegen.parse.module import bound_names


class Given:
    """The inputs of the task of a step, and the local names of artifacts and Parameters."""

    def __init__(self, context: Context, step: StepFlow) -> None:
        self.context = context
        self.flow = context.flow
        self.step = step
        self.name = step.step.name
        self.symbols = context.symbols
        self.join = step.join
        self.taken = frozenset(n for node in self.flow.module.kept for n in bound_names(node))
        self.generated = context.generated_fields(step)
        self.is_object = bool(step.reasons)
        self.members = context.members
        self.local = self._local_names()
        own = frozenset(local_bindings(step.step.node))
        self.bound = own | frozenset(self.local.values())
        self.own = own
        self.asked_only = self._asked_only()
        self.inputs = self._inputs()
        self.bound |= frozenset(given.name for given in self.inputs)
        self.bound |= frozenset(text.partition(".")[0] for text in self._member_texts().values())
        self.given = {(given.source, given.key, given.number): given.name for given in self.inputs}

    def _local_names(self) -> dict[str, str]:
        """Local variables for all artifacts and Parameters of a step."""
        step = self.step
        wanted = dict.fromkeys(
            [
                *step.inputs,
                *step.parameters,
                *step.facts.assigned,
                *sorted(step.facts.mentioned),
                *(ask.name for ask in step.facts.asks if ask.name not in self.flow.members),
                *self._fresh(),
            ]
        )
        generated = {self.context.names.outputs[self.name], "locals", "Unset", "_"}
        generated |= {re.split(r"\W", text)[0] for text in self._member_texts().values()}
        if self.join is not None:
            generated |= {"enumerate", "vars", "zip", self.step.step.node.args.args[1].arg}
        read = {*step.inputs, *step.outputs, *step.facts.mentioned}
        unused = frozenset(name for name in step.facts.assigned if name not in read)
        return local_names(wanted, step.facts.names | generated, unused)

    def _value(self, name: str) -> str:
        """What the body calls an artifact or Parameter."""
        return f"self.{name}" if self.is_object else self.local[name]

    def _member_texts(self) -> dict[str, str]:
        """What stands for the members of the class that the body uses without an object."""
        if self.is_object:
            return {}
        texts = self.members.texts
        used = self.step.facts.used | self._looked_up()
        return {name: text for name, text in texts.items() if name in used}

    def _looked_up(self) -> frozenset[str]:
        """The constants that ``self.input`` is an element of."""
        members = {member.name for member in self.step.facts.members}
        names = {
            frame.variable for frame in self.step.frames if members & {"input", "foreach_stack"}
        }
        return frozenset(name for name in names if name and name in self.flow.constants)

    def _fresh(self) -> list[str]:
        """The constants that the task evaluates for itself, those first that others need."""
        if self.is_object:
            return []
        used = set(self.step.facts.used | self._looked_up())
        copied = self.context.dataflow.copied.get(self.name, frozenset())
        return [name for name in (*self.members.locals, *sorted(copied)) if name in used]

    def _asked_only(self) -> frozenset[str]:
        """Inputs that may be unset and that the step reads only where it has asked whether they
        are, or has set them itself."""
        facts = self.step.facts
        if self.is_object:
            return frozenset()
        names = {ask.name for ask in facts.asks} & set(self.step.inputs)
        names -= {read.name for read in facts.reads} - facts.guarded
        names -= {found.name for found in facts.deletions}
        return frozenset(names - {ask.name for ask in facts.asks if not ask.plain})

    def _inputs(self) -> tuple[TaskInput, ...]:
        context, step = self.context, self.step
        taken = set(step.facts.names) | set(self.local.values())
        found = [
            TaskInput(self.local[name], context.type(name), "artifact", name)
            for name in step.inputs
            if name not in step.absent
        ]
        if self.join is not None:
            argument = step.step.node.args.args[1].arg
            join_given = join_inputs(context, self.join, argument, taken - {argument})
            taken |= {given.name for given in join_given}
            found += join_given
        for depth, frame in enumerate(step.frames):
            last = depth == len(step.frames) - 1
            needed = any(frame.index in visit.needs for visit in step.visits)
            if needed or (step.mapped and last):
                name = free("index" if last else frame.index.name, taken)
                taken.add(name)
                found.append(TaskInput(name, "int", "index", frame.target, depth))
            if any(frame.count in visit.needs for visit in step.visits):
                name = free(frame.count.name, taken)
                taken.add(name)
                found.append(TaskInput(name, "int", "count", frame.target, depth))
        for name in step.parameters:
            plan = context.plans[name]
            given = self.local[name]
            if plan.decode is not None:
                given = free(f"{given.rstrip('_')}_{plan.decode.suffix}", taken)
                taken.add(given)
            found.append(TaskInput(given, plan.input.type, "parameter", name))
        for name in step.inputs:
            if name in step.absent:
                self.symbols.need("absent")
                self.symbols.use("Unset")
                kind = f"{context.type(name)} | None"
                found.append(TaskInput(self.local[name], kind, "artifact", name, default="None"))
        return tuple(found)

    def _guarded(self) -> list[str]:
        """The inputs that may be unset and that the body reads or deletes: it must see them so."""
        if self.is_object:
            return []
        facts = self.step.facts
        touched = facts.mentioned | {found.name for found in facts.deletions}
        touched |= {ask.name for ask in facts.asks}
        touched -= self.asked_only
        optional = self.step.optional
        return [name for name in self.step.inputs if name in optional and name in touched]

    def _unmangled(self, name: str) -> str:
        prefix = f"_{self.step.step.owner.lstrip('_')}__"
        return f"__{name[len(prefix) :]}" if name.startswith(prefix) else name
