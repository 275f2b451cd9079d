"""The body of a task: what comes first, and what the step's own code becomes."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from dataclasses import replace

import libcst as cst

from codegen.analyse.body import Exit, report_escape
from codegen.analyse.body.wrappers import must_go_on
from codegen.analyse.dataflow import StepFlow, live_exits
from codegen.analyse.joins import only_merging
from codegen.flyte import OutputsType
from codegen.lower.body import (
    AskPlan,
    BodyPlan,
    MergePlan,
    own_returns,
    returns_text,
    rewrite,
    rewritten,
)
from codegen.lower.context import Context
from codegen.lower.inputs import join_prologue
from codegen.lower.step.exits import Exits
from codegen.model import Wrapper


class Body(Exits):
    """Puts the body together; ``first_read`` is the first line before it that reads a file."""

    def __init__(self, context: Context, step: StepFlow) -> None:
        super().__init__(context, step)
        self.first_read: int | None = None

    def _body(self, outputs: OutputsType | None) -> str:
        step = self.step
        prologue = self._prologue()
        if step.step.wrappers:
            return self._called(prologue)
        tried: list[str] = []
        start = self.first_read
        if step.facts.catch is not None and start is not None and not self.is_object:
            prologue, tried = prologue[:start], prologue[start:]
        by_node = {found.node: found for found in step.facts.exits if not found.caught}
        returns = tuple(
            self._replacement(node, by_node.get(node)) for node in own_returns(step.step.node)
        )
        final: tuple[str, ...] = ()
        if None in by_node:
            final = self._return(by_node[None])
        elif not live_exits(step.facts) and (outputs is not None or step.mapped):
            # never reached, but flytekit wants a task with outputs to have a return statement
            fields = [(self.context.fields[name], self._value(name)) for name in step.outputs]
            fields += [(field.name, field.name) for _, field in self.generated]
            if outputs is not None:
                final = (returns_text(outputs.name, fields),)
            elif fields:
                final = (returns_text(self.symbols.use("SimpleNamespace"), fields),)
        plan = BodyPlan(
            owner=self.step.step.owner,
            names=self._names_in_body(),
            returns=returns,
            final=final,
            prologue=tuple(prologue),
            expressions=self.expressions,
            asks=() if self.is_object else self._asks(),
            merges=self._merges(),
            unused=only_merging(step.step, step.facts.merges),
            catch=self._catch(tried),
        )
        function = self.context.library.step(step.step.cst, self.name, self.bound)
        return rewrite(replace(step.step, cst=function), plan)

    def _called(self, prologue: list[str]) -> str:
        """The body of a task that calls its step, a method under decorators of the author."""
        step = self.step.step
        context = self.context
        goes_on = must_go_on(step, self.flow, context.scope)
        final = ('vars(self)["__went_on__"] = True',) if goes_on else ()
        plan = BodyPlan(
            owner=step.owner,
            names={},
            returns=(),
            final=final,
            prologue=(),
            expressions=self.expressions,
            merges=self._merges(),
            unused=only_merging(step, self.step.facts.merges),
            method=True,
        )
        decorators = [
            cst.Decorator(cst.parse_expression(self._wrapper(wrapper))) for wrapper in step.wrappers
        ]
        method = step.cst.with_changes(
            body=rewritten(step, plan), decorators=decorators, leading_lines=[]
        )
        context.methods.setdefault(step.owner, []).append(method)
        given = step.node.args.args[1].arg if self.join is not None else ""
        call = f"self.{step.name}({given})"
        catch = self._catch()
        if catch is not None:
            parts = (*catch.first, call), catch.handler
            tried, handled = (textwrap.indent("\n".join(part), "    ") for part in parts)
            call = f"try:\n{tried}\nexcept Exception as {catch.error}:\n{handled}"
        lines = [*prologue, call]
        if goes_on:
            self.symbols.need("transitions")
            message = f"step {step.name} did not call self.next()"
            lines.append(
                f'if "__went_on__" not in vars(self):\n    raise RuntimeError({message!r})'
            )
        lines += self._return(Exit(None, frozenset(), self._any(), self._any()))
        return textwrap.indent("\n".join(lines), "    ")

    def _any(self) -> frozenset[str]:
        """What the method may set: all that the step returns."""
        return frozenset(self.step.outputs)

    def _wrapper(self, wrapper: Wrapper) -> str:
        """A decorator of the author's; a generator needs something that runs it."""
        if wrapper.name not in self.flow.module.generators:
            return ast.unparse(wrapper.node)
        given = [wrapper.name]
        if isinstance(wrapper.node, ast.Call):
            given += [ast.unparse(part) for part in wrapper.node.args]
            given += [
                f"{word.arg}={ast.unparse(word.value)}"
                if word.arg
                else f"**{ast.unparse(word.value)}"
                for word in wrapper.node.keywords
            ]
        return f"{self.symbols.use('around_step')}({', '.join(given)})"

    def _names_in_body(self) -> dict[str, str]:
        """What stands for attributes of self; outside the class, private ones need their names
        in full."""
        if not self.is_object:
            return self.local
        private = f"_{self.step.step.owner.lstrip('_')}__"
        mentioned = {*self.step.facts.mentioned, *self.step.facts.assigned, *self.step.facts.used}
        mentioned |= {found.name for found in self.step.facts.deletions}
        return {name: f"self.{name}" for name in mentioned if name.startswith(private)}

    def _prologue(self) -> list[str]:
        step, local = self.step, self.local
        lines: list[str] = []
        if "name" in step.facts.mentioned and not self.is_object:
            lines.append(f"{local['name']} = {self.flow.name!r}")
        for name in self._fresh():
            value = self._constant_value(name)
            copied = name in self.flow.configs
            why = "each task has its own" if copied else "evaluated in every task"
            lines.append(f"{local[name]} = {value}  # {why}")
        for name in self._guarded():
            unset = self.symbols.use("Unset", self.bound)
            why = "" if lines else "  # reading it must fail, as in Metaflow"
            lines.append(f"if {local[name]} is {unset}:{why}\n    del {local[name]}")
        for name in step.parameters:
            decode = self.context.plans[name].decode
            if self.first_read is None and decode is not None and decode.fails:
                self.first_read = len(lines)
            lines += self._decoded(name)
        if step.mapped:
            changed = {name for visit in step.visits for name in visit.changed}
            for name in (name for name in step.inputs if name in changed):
                copy = self.symbols.use("copy", self.bound)
                why = "  # a local run shares it among all elements"
                lines.append(f"{local[name]} = {copy}.deepcopy({local[name]}){why}")
        if self.join is not None and self.join.objects:
            self._check_builtins()
            given = {(i.source, i.key, i.number): i.name for i in self.inputs}
            parameters = {name: self._same(name) for name in self.join.parameters}
            argument = self.step.step.node.args.args[1].arg
            lines += join_prologue(self.context, self.join, argument, given, parameters, self.bound)
        if self.item:
            lines.append(self.item)
        if self.is_object:
            lines += self._object()
        return lines

    def _object(self) -> list[str]:
        """``self`` as an object with what the step takes."""
        step = self.step
        merged = {name for names in (self.join.wired if self.join else ()) for name in names}
        taken = [name for name in step.inputs if name not in merged]
        given = {name: self.local[name] for name in (*taken, *step.parameters)}
        used = {member.name for member in step.facts.members}
        frames = step.frames
        after: list[str] = []
        if "name" in step.facts.mentioned:
            given["name"] = repr(self.flow.name)
        if "index" in used:
            given["index"] = self._index(len(frames) - 1) if frames else "None"
        late = {frame.variable for frame in frames} & set(self.flow.helpers)
        if "input" in used and frames[-1:] and frames[-1].variable in late:
            self.symbols.need("merged attributes")
            after = [f"self.__load__(input={self._input()})"]
        elif "input" in used:
            given["input"] = self._input() if frames else "None"
        if "foreach_stack" in used:
            given["foreach_stack"] = f"lambda: {self._stack()}"
        if step.optional:
            self.symbols.use("Unset")
            self.symbols.need("unset attributes")
        gone = step.facts.deletions or any(found.gone for found in step.facts.exits)
        if gone and self.context.deletes:
            self.symbols.need("deleted attributes")
        if step.facts.tables:
            self.symbols.need("attributes as a dictionary")
        if step.facts.whole:
            self.symbols.need("a flow as a value")
        arguments = ", ".join(f"{name}={text}" for name, text in given.items())
        _, reason = step.reasons[0]
        why = textwrap.fill(
            f"keeps self: {reason}", 82, initial_indent="# ", subsequent_indent="# "
        )
        return [f"{why}\nself = {self.flow.name}({arguments})", *after]

    def _check_builtins(self) -> None:
        shadowed = (self.own | self.taken) & {"enumerate", "vars", "zip"}
        if shadowed:
            report_escape(
                self.step.step,
                self.step.step.position,
                f"{', '.join(sorted(shadowed))} means something else here than the builtin",
                self.context.diagnostics,
            )

    def use(self, name: str) -> str:
        """The name of something from a library or the prelude, which the body leaves alone."""
        return self.symbols.use(name, self.bound)

    def sees(self, node: ast.expr) -> bool:
        """Whether no local variable hides a name of an expression."""
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        return not names & self.bound

    def define(self, wanted: str, statement: Callable[[str], str]) -> str:
        """The name of what a statement of the module defines, which no body uses otherwise."""
        return self.context.declarations.define(wanted, statement, self.context.local)

    def _decoded(self, name: str) -> list[str]:
        """What makes the value of a Parameter from its input."""
        plan, local = self.context.plans[name], self.local[name]
        given = self.given["parameter", name, 0]
        lines: list[str] = []
        if plan.checked:
            missing = f"Missing option --{plan.input.name}"
            lines.append(f"if {given} is None:\n    raise ValueError({missing!r})")
        if plan.decode is not None:
            lines.append(plan.decode.statement(local, given, self))
        return lines

    def _asks(self) -> tuple[AskPlan, ...]:
        """What each ``hasattr`` and ``getattr`` of an artifact becomes, in source order."""
        plans = []
        for ask, answer in zip(self.step.facts.asks, self.step.asked, strict=True):
            local = self.local.get(ask.name) or self.members.texts[ask.name]
            unset = ""
            if answer is None and ask.name in self.asked_only:
                unset = self.symbols.use("Unset", self.bound)
            plans.append((ask.position, AskPlan(ask.name, local, answer, unset)))
        return tuple(plan for _, plan in sorted(plans, key=lambda pair: pair[0]))

    def _is_unset(self, name: str) -> str:
        """Whether the step has not set an artifact so far, an expression."""
        owner = "vars(self)" if self.is_object else "locals()"
        return f"{(name if self.is_object else self.local[name])!r} not in {owner}"

    def _merges(self) -> tuple[MergePlan, ...]:
        if self.join is None:
            return ()
        found = []
        for names, wired in zip(self.join.merges, self.join.wired, strict=True):
            lines = []
            for name in names:
                question = self._is_unset(name) if name in self.join.kept else ""
                lines.append((self._value(name), name, name in self.join.unsure, question))
                if name in self.join.unsure:
                    self.symbols.need("unset merges")
            helper = self.symbols.use("merge_artifact", self.bound) if lines else ""
            unset = self.symbols.use("Unset", self.bound) if any(u for _, _, u, _ in lines) else ""
            given = [name for name in wired if name in self.step.inputs]
            loads = ""
            if self.is_object and given:
                self.symbols.need("merged attributes")
                pairs = ", ".join(f"{name}={self.local[name]}" for name in given)
                loads = f"self.__load__({pairs})"
            found.append(MergePlan(helper, unset, tuple(lines), loads))
        return tuple(found)
