"""A step to its task: the signature, and the body with artifacts as local variables."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace

import libcst as cst

from codegen.analyse.body import OTHERS, Exit, report_escape, returns_next
from codegen.analyse.body.wrappers import must_go_on
from codegen.analyse.dataflow import StepFlow, live_exits
from codegen.analyse.joins import only_merging
from codegen.analyse.regions import loops
from codegen.analyse.scope import local_bindings
from codegen.analyse.state import seed_statements
from codegen.flyte import Field, OutputsType, Task
from codegen.lower.body import (
    AskPlan,
    BodyPlan,
    CatchPlan,
    MergePlan,
    Replacement,
    header_comment,
    own_returns,
    returns_text,
    rewrite,
    rewritten,
)
from codegen.lower.context import Context, TaskInput
from codegen.lower.inputs import join_inputs, join_prologue
from codegen.lower.members import named
from codegen.lower.names import free, local_names
from codegen.lower.settings import Target
from codegen.lower.settings.cards import check as check_cards
from codegen.lower.transitions import transition_values
from codegen.model import Wrapper
from codegen.parse.module import bound_names

#: Rounds of a loop that one pod runs before it starts the next.
ROUNDS = 50

#: Dynamic tasks that may nest in a local run: the name of each one's folder contains those of all
#: around it (flytekit/core/context_manager.py), and names of files end at 255 bytes.
_DEPTH = 28


def lower_step(context: Context, name: str) -> Task:
    """The task of one step; notes its inputs in the context."""
    return _Step(context, context.dataflow.steps[name]).task()


class _Step:
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
        self.item = ""
        self.first_read: int | None = None  # of the prologue's lines, one that reads a file
        self.expressions = self._expressions()

    # ------------------------------------------------------------------ signature

    def task(self) -> Task:
        """The whole task."""
        context, name = self.context, self.name
        settings = context.settings[name]
        context.inputs[name] = self.inputs
        target = self._target()
        outputs = self._outputs_type()
        body = self._body(outputs)
        options, wrappers = settings.options(target), self._wrappers(target)
        return Task(
            name=context.names.tasks[name],
            decorator=self.symbols.use("dynamic" if loops(self.step.step) else "task"),
            comments=(*self.step.step.comments, *header_comment(self.step.step))
            + settings.comments(),
            constants=tuple(target.constants),
            options=options,
            wrappers=wrappers,
            inputs=tuple(Field(i.name, i.type, default=i.default) for i in self.inputs),
            outputs=outputs,
            returns=self._returns(outputs),
            body=body,
        )

    def _target(self) -> Target:
        """What the settings of the step are written for."""
        context, cards = self.context, self.context.settings[self.name].cards
        check_cards(cards, self.step.mapped, self.name, context.diagnostics)
        return Target(
            self.name,
            context.names,
            self.symbols,
            context.declarations,
            tuple(given.name for given in self.inputs if given.source == "parameter"),
            self.step.mapped,
            loops(self.step.step),
        )

    def _wrappers(self, target: Target) -> tuple[str, ...]:
        settings = self.context.settings[self.name]
        wrappers = settings.wrappers(target)
        if self.context.library.current.running:
            wrappers = (f"{self.symbols.use('in_step')}({self.name!r})", *wrappers)
        if loops(self.step.step):
            # what is retried or timed is one round, so that each gets a pod of its own
            most = 1 if settings.attempts.repeated else ROUNDS
            self._note_loop(most)
            renamed = {
                self.context.fields[key]: self.given["artifact", key, 0]
                for key in self.step.inputs
                if key in self.step.outputs
                and self.context.fields[key] != self.given["artifact", key, 0]
            }
            more = "".join(f", {name}={given!r}" for name, given in renamed.items())
            chosen = self.step.visits[0].chosen
            assert chosen is not None
            if self.context.generated(chosen) != chosen.name:
                self.symbols.need("choice")
                more = f", choice={self.context.generated(chosen)!r}{more}"
            wrappers = (f"{self.symbols.use('repeat_step')}({most}{more})", *wrappers)
        if self.context_seeds:
            wrappers = (*wrappers, self.symbols.use("seeded"))
        pickled = [*self.step.inputs, *self.step.outputs]
        if self.join is not None:
            pickled += [name for branch in self.join.attributes for name in branch]
            pickled += self.join.shared
        natives = self.context.dataflow.kinds
        mapped = self.step.mapped and self.step.outputs
        if mapped or any(name not in natives for name in pickled):
            wrappers = (*wrappers, self.symbols.use("with_artifacts"))
        return wrappers

    def _note_loop(self, most: int) -> None:
        transition = self.step.step.transition
        assert transition is not None
        each = "one round" if most == 1 else f"up to {most} rounds"
        self.context.diagnostics.add(
            "MF214",
            transition.position,
            f"the step leads back to itself: each pod runs {each} and then starts the next, and "
            f"flytekit nests {_DEPTH} of them in a local run, which makes {most * _DEPTH} rounds",
            "Write a longer loop as a loop within the step.",
            self.name,
        )

    @property
    def context_seeds(self) -> tuple[str, ...]:
        """The statements of the module that seed random numbers."""
        return seed_statements(self.flow.module.kept)

    def _outputs_type(self) -> OutputsType | None:
        if self.step.mapped or not (self.step.outputs or self.generated):
            return None
        self.symbols.use("NamedTuple")
        fields = [self.context.field(name) for name in self.step.outputs]
        fields += [field for _, field in self.generated]
        return OutputsType(self.context.names.outputs[self.name], tuple(fields))

    def _returns(self, outputs: OutputsType | None) -> str:
        if outputs is not None:
            return outputs.name
        if self.step.mapped and self.step.outputs:
            self.symbols.need("maps")
            return self.symbols.use("Artifact")
        return "None"

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

    # ------------------------------------------------------------------ body

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

    def _catch(self, tried: Sequence[str] = ()) -> CatchPlan | None:
        """What becomes of an error under @catch, in the body or the statements before it that are
        ``tried`` with it."""
        facts, attempts = self.step.facts, self.context.settings[self.name].attempts
        if facts.catch is None:
            return None
        error = free("error", self.bound | facts.names)
        times = f"times={attempts.retries}"
        more = ""
        if not attempts.shows:
            self.symbols.need("silent catch")
            more = ", show=False"
        call = f"{self.symbols.use('caught', self.bound)}({error}, {times}{more})"
        if facts.catch.variable is not None:
            call = f"{self._failure} = {call}"
        (found,) = (found for found in facts.exits if found.caught)
        check = f"{self.symbols.use('check_attempt', self.bound)}({times})"
        return CatchPlan(error, (check, *tried), (call, *self._return(found)))

    @property
    def _failure(self) -> str:
        """The local variable that holds the error which @catch has caught."""
        catch = self.step.facts.catch
        assert catch is not None and catch.variable is not None
        return self.local[catch.variable]

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

    def _same(self, name: str) -> str:
        """A Parameter or constant of the class, which an input of a join has as well."""
        if name not in self.flow.constants:
            return self.local[name]
        if name in self._fresh():
            return self.local[name]
        return self.members.texts.get(name) or self._constant_value(name)

    def _constant_value(self, name: str) -> str:
        """The expression of a class constant, with what stands for others in it."""
        if name in self.members.configs:
            return self.members.copy_of(name)
        names = {**self.members.texts, **{other: self.local[other] for other in self._fresh()}}
        return named(self.members.locals[name], names)

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

    # ------------------------------------------------------------------ self.index and its like

    def _expressions(self) -> dict[str, str]:
        """What stands for expressions of the source other than artifacts."""
        step, own = self.step, self.step.step.self_name
        found: dict[str, str] = {}
        used = set() if self.is_object else {member.name for member in step.facts.members}
        frames = step.frames
        if not self.is_object:
            for name, text in self._member_texts().items():
                shown = self._unmangled(name)
                for owner in (own, *(found_class.name for found_class in self.flow.classes)):
                    found[f"{owner}.{shown}"] = text
            for name in self._fresh():
                found[f"{own}.{self._unmangled(name)}"] = self.local[name]
        if "index" in used:
            depth = len(frames) - 1
            found[f"{own}.index"] = self._index(depth) if frames else "None"
        if "input" in used:
            found[f"{own}.input"] = self._input() if frames else "None"
        if "foreach_stack" in used:
            found[f"{own}.foreach_stack()"] = self._stack()
        for text in step.facts.parallel:
            depth = len(frames) - 1
            is_index = text.endswith("node_index")
            found[text] = self._index(depth) if is_index else self._elements(depth)
        if self.join is not None:
            argument = step.step.node.args.args[1].arg
            if self.join.foreach is not None:
                for tail in self.join.branches[0].tails:
                    found[f"{argument}.{tail}"] = f"{argument}[-1]"
            elif not self.join.objects:
                for number, branch in enumerate(self.join.branches):
                    for key in self.join.attributes[number]:
                        shown = self._unmangled(key)
                        text = f"{argument}.{branch.label}.{shown}"
                        found[text] = self.given["branch", key, number]
                    for key in self.join.parameters:
                        found[f"{argument}.{branch.label}.{key}"] = self._same(key)
        return found

    def _stack(self) -> str:
        rows = [
            f"({self._index(depth)}, {self._count(depth)}, {self._item(depth)})"
            for depth in range(len(self.step.frames))
        ]
        return f"[{', '.join(rows)}]"

    def _unmangled(self, name: str) -> str:
        prefix = f"_{self.step.step.owner.lstrip('_')}__"
        return f"__{name[len(prefix) :]}" if name.startswith(prefix) else name

    def _index(self, depth: int) -> str:
        return self.given["index", self.step.frames[depth].target, depth]

    def _elements(self, depth: int) -> str:
        return self.given["count", self.step.frames[depth].target, depth]

    def _count(self, depth: int) -> str:
        """The number of elements in ``foreach_stack()``, which parallel nodes do not have."""
        parallel = self.step.frames[depth].variable is None
        return "None" if parallel else self._elements(depth)

    def _input(self) -> str:
        """``self.input``: once, or for a list that the step replaces, where it stands; else a
        local variable."""
        depth = len(self.step.frames) - 1
        text = self._item(depth)
        name = self.step.frames[depth].variable
        count = sum(
            isinstance(node, ast.Attribute) and node.attr == "input"
            for node in ast.walk(self.step.step.node)
        )
        facts = self.step.facts
        if self.is_object:
            return text
        later = name in facts.assigned and name not in facts.looked_up
        once = count == 1 and name not in facts.assigned
        if text == "None" or name is None or later or once or self.join is not None:
            return text
        item = free("item", self.bound | self.step.facts.names)
        self.item = f"{item} = {text}"
        return item

    def _item(self, depth: int) -> str:
        """The element of the foreach at a depth; None where its list is not there."""
        name = self.step.frames[depth].variable
        if name is None:
            return self._index(depth)
        index = self._index(depth)
        if name in self.flow.constants:
            return f"{self._constant(name)}[{index}]"
        if name in self.flow.helpers:
            return f"{self.symbols.use('item_at', self.bound)}(self.{name}, {index})"
        known = name in self.step.parameters or name in self.step.inputs
        if not known and name not in self.step.facts.assigned:
            return "None"
        if self.context.indexable(name):
            return f"{self.local[name]}[{index}]"
        return f"{self.symbols.use('item_at', self.bound)}({self.local[name]}, {index})"

    def _constant(self, name: str) -> str:
        """The text of a class constant in the prologue."""
        return self.local.get(name) or self.members.texts[name]

    # ------------------------------------------------------------------ questions and merges

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

    def _merges(self) -> tuple[MergePlan, ...]:
        if self.join is None:
            return ()
        found = []
        for names, wired in zip(self.join.merges, self.join.wired, strict=True):
            lines = []
            for name in names:
                lines.append((self._value(name), name, name in self.join.unsure))
                if name in self.join.unsure:
                    self.symbols.need("unset merges")
            helper = self.symbols.use("merge_artifact", self.bound) if lines else ""
            unset = self.symbols.use("Unset", self.bound) if any(u for *_, u in lines) else ""
            given = [name for name in wired if name in self.step.inputs]
            loads = ""
            if self.is_object and given:
                self.symbols.need("merged attributes")
                pairs = ", ".join(f"{name}={self.local[name]}" for name in given)
                loads = f"self.__load__({pairs})"
            found.append(MergePlan(helper, unset, tuple(lines), loads))
        return tuple(found)

    # ------------------------------------------------------------------ exits

    def _replacement(self, node: ast.Return, found: Exit | None) -> Replacement:
        step = self.step
        evaluate = (
            node.value is not None
            and not isinstance(node.value, ast.Constant)
            and not returns_next(node, step.step.self_name)
        )
        if found is None or not found.reachable:
            return Replacement(("return",), evaluate)
        if found.fails:
            transition = step.step.transition
            assert transition is not None
            target = transition.targets[0]
            message = f"step {self.name} returned without self.next(self.{target})"
            return Replacement((f"raise RuntimeError({message!r})",), evaluate)
        return Replacement(self._return(found) or ("return",), evaluate)

    def _return(self, found: Exit) -> tuple[str, ...]:
        """The statements at an exit; none where there is nothing to return or to check."""
        step, context = self.step, self.context
        before, values = transition_values(context, step, self._value, self.expressions, self.bound)
        fields = [(context.fields[name], self._output(name, found)) for name in step.outputs]
        if step.mapped:
            if not fields:
                return ()
            unsure = [name for name in step.outputs if name in step.unsure]
            call = "set_artifacts" if unsure else "SimpleNamespace"
            plain = [(name, text) for name, (_, text) in zip(step.outputs, fields, strict=True)]
            if unsure:
                self.symbols.use("Unset")
            return (returns_text(self.symbols.use(call, self.bound), plain),)
        fields += [
            (field.name, value) for (_, field), value in zip(self.generated, values, strict=True)
        ]
        if not fields:
            return ()
        return (*before, returns_text(context.names.outputs[self.name], fields))

    def _output(self, name: str, found: Exit) -> str:
        """The value of an output at an exit; ``locals()`` tells whether it has one."""
        step, local = self.step, self._value(name)
        catch = step.facts.catch
        if catch is not None and name == catch.variable:
            return self._failure if found.caught else "None"
        if name == OTHERS and self.is_object:
            return "self.__others__()"
        if self.is_object:
            given = name in step.inputs and name not in step.optional and name not in found.gone
            if name in found.must or given:
                return local
            return f"getattr(self, {name!r}, {self.symbols.use('Unset', self.bound)})"
        passed = name in step.inputs and name not in self._guarded()
        if name in found.must or (passed and name not in found.gone):
            return local
        unset = self.symbols.use("Unset", self.bound)
        if name not in found.may and name not in step.inputs:
            return unset
        return f"locals().get({local!r}, {unset})"
