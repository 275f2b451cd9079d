"""A step to its task: the signature, and the body with artifacts as local variables."""

from __future__ import annotations

from codegen.analyse.regions import loops
from codegen.analyse.state import seed_statements
from codegen.flyte import Field, OutputsType, Task
from codegen.lower.body import header_comment
from codegen.lower.context import Context
from codegen.lower.settings import Target
from codegen.lower.settings.cards import check as check_cards
from codegen.lower.step.body import Body

#: Rounds of a loop that one pod runs before it starts the next.
ROUNDS = 50

#: Dynamic tasks that may nest in a local run: the name of each one's folder contains those of all
#: around it (flytekit/core/context_manager.py), and names of files end at 255 bytes.
_DEPTH = 28


def lower_step(context: Context, name: str) -> Task:
    """The task of one step; notes its inputs in the context."""
    return _Step(context, context.dataflow.steps[name]).task()


class _Step(Body):
    """The parts of the task around its body."""

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
