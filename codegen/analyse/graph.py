"""The graph of a flow and Metaflow's own rules for it (METAFLOW: graph.py, lint.py).

The rules are checked in Metaflow's order of meaning, but all that apply are reported, where
Metaflow stops at the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codegen.diagnostics import Diagnostics, Position
from codegen.model import PARALLEL_DECORATORS, Flow, Shape, Step

_RESERVED = frozenset({"name", "next", "input", "index", "cmd"})
_FANS_OUT = (Shape.SPLIT, Shape.FOREACH, Shape.PARALLEL)


@dataclass(frozen=True)
class Graph:
    """The steps of a flow that Metaflow accepts, with its entry and its terminal step."""

    steps: Mapping[str, Step]
    start: str
    end: str


def check_graph(flow: Flow, diagnostics: Diagnostics) -> Graph | None:
    """The graph, or None where Metaflow would refuse the flow (its rules as MF1xx)."""
    checker = _Checker(flow, diagnostics)
    return checker.graph()


class _Checker:
    def __init__(self, flow: Flow, diagnostics: Diagnostics) -> None:
        self.flow = flow
        self.steps = flow.steps
        self.diagnostics = diagnostics
        self.failed = False

    def graph(self) -> Graph | None:
        for step in self.steps.values():
            self._name(step)
        start = self._terminal("start", "MF102")
        end = self._terminal("end", "MF103")
        if start is None or end is None:
            return None
        for step in self.steps.values():
            self._arguments(step, end)
            self._transition(step, end)
            self._parallel(step)
        if self.failed:
            return None
        self._degree(start)
        if self._acyclic():
            self._orphans(start)
            self._balance(start, end)
            self._conditional_joins(end)
        return None if self.failed else Graph(self.steps, start, end)

    def _refuse(self, code: str, place: Position, step: str, message: str, advice: str) -> None:
        self.failed = True
        self.diagnostics.add(code, place, message, advice, step)

    def _successors(self, step: Step, end: str) -> tuple[str, ...]:
        """The targets of a step, without the edge of a switch to itself."""
        if step.transition is None or step.name == end:
            return ()
        targets = step.transition.targets
        if step.transition.shape is Shape.SWITCH:
            return tuple(target for target in targets if target != step.name)
        return targets

    def _is_join(self, name: str) -> bool:
        return self.steps[name].argument_count == 2

    def _name(self, step: Step) -> None:
        if step.name in _RESERVED:
            self._refuse(
                "MF101",
                step.position,
                step.name,
                f"Metaflow reserves the name {step.name!r}: a step cannot have it",
                "Give the step another name.",
            )
        elif re.search("[^a-z0-9_]", step.name) or step.name.startswith("_"):
            self._refuse(
                "MF107",
                step.position,
                step.name,
                f"Metaflow refuses the step name {step.name!r}",
                "Use lowercase ASCII letters, digits and underscores, with a letter first.",
            )

    def _terminal(self, kind: str, code: str) -> str | None:
        """The start or end step: the annotated one, else the one that is called so."""
        if len(self.steps) == 1:
            return next(iter(self.steps))
        annotated = [
            step
            for step in self.steps.values()
            if (step.annotated_start if kind == "start" else step.annotated_end)
        ]
        if len(annotated) > 1:
            listed = ", ".join(step.name for step in annotated)
            self._refuse(
                code,
                annotated[1].position,
                annotated[1].name,
                f"several steps carry @step({kind}=True): {listed}",
                f"Leave @step({kind}=True) on one step.",
            )
            return None
        if annotated:
            name = annotated[0].name
            if name != kind and kind in self.steps:
                self._refuse(
                    "MF104",
                    self.steps[kind].position,
                    kind,
                    f"{name} is marked as the {kind} step, but a step is called {kind!r} as well",
                    f"Rename the step {kind!r}, or remove @step({kind}=True) from {name}.",
                )
            return name
        if kind in self.steps:
            return kind
        self.failed = True
        self.diagnostics.add(
            code,
            self.flow.position,
            f"the flow has no {kind} step",
            f"Call a step {kind!r}, or mark one with @step({kind}=True).",
        )
        return None

    def _arguments(self, step: Step, end: str) -> None:
        if step.argument_count == 0:
            self._refuse(
                "MF108",
                step.position,
                step.name,
                f"step {step.name} lacks the argument self",
                "Write def name(self), or def name(self, inputs) for a join.",
            )
        elif step.argument_count > 2:
            self._refuse(
                "MF108",
                step.position,
                step.name,
                f"step {step.name} has {step.argument_count} arguments",
                "A step takes self, and a join takes self and inputs.",
            )
        elif step.argument_count == 2 and step.name != end:
            transition = step.transition
            if transition is not None and transition.shape is not Shape.LINEAR:
                self._refuse(
                    "MF108",
                    step.position,
                    step.name,
                    f"step {step.name} is a join and fans out as well",
                    "Join in one step, and fan out in the next.",
                )

    def _transition(self, step: Step, end: str) -> None:
        if step.name == end:
            if step.transition is not None or step.invalid_next is not None:
                place = step.transition.position if step.transition else step.invalid_next
                assert place is not None
                self._refuse(
                    "MF106",
                    place,
                    step.name,
                    f"the end step {step.name} has a transition",
                    "Remove the self.next() call.",
                )
            if step.argument_count > 1:
                self._refuse(
                    "MF106",
                    step.position,
                    step.name,
                    f"the end step {step.name} takes inputs, but cannot be a join",
                    "Add a join step before it.",
                )
            return
        if step.invalid_next is not None:
            self._refuse(
                "MF110",
                step.invalid_next,
                step.name,
                "this self.next() has none of the forms that Metaflow knows",
                "Write self.next(self.a), self.next(self.a, self.b), "
                "self.next(self.a, foreach='x') or self.next({'k': self.a, …}, condition='x').",
            )
        elif step.transition is None:
            self._refuse(
                "MF109",
                step.position,
                step.name,
                f"step {step.name} does not end in a transition",
                "Make self.next(…) the last statement of the step, outside any block.",
            )
        else:
            for target in step.transition.targets:
                if target not in self.steps:
                    self._refuse(
                        "MF111",
                        step.transition.position,
                        step.name,
                        f"the transition leads to {target}, which is not a step",
                        "Name a method under @step.",
                    )
            if step.transition.shape is Shape.SWITCH and len(step.transition.cases) < 2:
                self._refuse(
                    "MF115",
                    step.transition.position,
                    step.name,
                    "a switch needs at least two cases",
                    "Use self.next(self.a) where there is nothing to choose; equal keys such as 1 "
                    "and True count as one.",
                )

    def _parallel(self, step: Step) -> None:
        """``num_parallel=`` and ``@parallel`` go together, and a join follows."""
        transition = step.transition
        if transition is None:
            return
        for target in transition.targets:
            if target in self.steps and _parallel(self.steps[target]) != (
                transition.shape is Shape.PARALLEL
            ):
                self._refuse(
                    "MF116",
                    transition.position,
                    step.name,
                    f"num_parallel and @parallel go together, but {target} has only one of them",
                    "Call a step under @parallel with num_parallel=, and no other step.",
                )
        follower = self.steps.get(transition.targets[0])
        if _parallel(step) and follower is not None and follower.argument_count != 2:
            self._refuse(
                "MF116",
                transition.position,
                step.name,
                f"{follower.name} follows a step under @parallel, but is not a join",
                "Give the next step the argument inputs.",
            )

    def _degree(self, start: str) -> None:
        for step in self.steps.values():
            if step.transition is not None and start in step.transition.targets:
                self._refuse(
                    "MF105",
                    step.transition.position,
                    step.name,
                    f"the transition leads back to the start step {start}",
                    "Nothing may lead to the start step.",
                )

    def _acyclic(self) -> bool:
        """Depth first, without recursion: a flow may have thousands of steps."""
        done: set[str] = set()
        for root in self.steps:
            path: dict[str, None] = {}
            stack: list[tuple[str, Iterator[str]]] = []
            if root not in done:
                stack.append((root, iter(self._targets(root))))
                path[root] = None
            while stack:
                name, targets = stack[-1]
                target = next(targets, None)
                if target is None:
                    stack.pop()
                    del path[name]
                    done.add(name)
                elif target in path:
                    names = list(path)
                    cycle = " -> ".join([*names[names.index(target) :], target])
                    transition = self.steps[name].transition
                    assert transition is not None
                    self._refuse(
                        "MF112",
                        transition.position,
                        name,
                        f"the steps form a loop: {cycle}",
                        "Only a switch may loop, and only to its own step.",
                    )
                    return False
                elif target not in done:
                    stack.append((target, iter(self._targets(target))))
                    path[target] = None
        return True

    def _targets(self, name: str) -> tuple[str, ...]:
        return self._successors(self.steps[name], "")

    def _orphans(self, start: str) -> None:
        seen = {start}
        ahead = [start]
        while ahead:
            for target in self._targets(ahead.pop()):
                if target not in seen:
                    seen.add(target)
                    ahead.append(target)
        for name, step in self.steps.items():
            if name not in seen:
                self._refuse(
                    "MF113",
                    step.position,
                    name,
                    f"no path leads from the start step to {name}",
                    "Lead a transition to it, or remove it.",
                )

    def _balance(self, start: str, end: str) -> None:
        """Each join closes the innermost split, and gets each of its branches once.

        The stack of a step holds, for each open split, the splitting step and the branch.
        """
        arrivals: dict[str, set[tuple[tuple[str, str], ...]]] = {}
        inside: dict[str, tuple[tuple[str, str], ...]] = {}
        seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
        ahead: list[tuple[str, tuple[tuple[str, str], ...]]] = [(start, ())]
        while ahead:
            name, stack = ahead.pop()
            if (name, stack) in seen:
                continue
            seen.add((name, stack))
            step = self.steps[name]
            if name == end:
                if stack:
                    self._unbalanced(step, f"the split in {stack[-1][0]} is not joined before it")
                continue
            if self._is_join(name):
                arrivals.setdefault(name, set()).add(stack)
                if not stack:
                    self._unbalanced(step, "there is no split that it could join")
                    continue
                stack = stack[:-1]
            elif inside.setdefault(name, stack) != stack:
                self._unbalanced(step, "it belongs to more than one branch")
                continue
            assert step.transition is not None
            fans_out = step.transition.shape in _FANS_OUT
            if len(set(step.transition.targets)) < len(step.transition.targets):
                self._unbalanced(step, "a split leads to the same step twice")
            for target in self._successors(step, end):
                branch = ((name, target),) if fans_out else ()
                if branch and self._is_join(target):
                    self._unbalanced(
                        self.steps[target], f"{name} leads to it without a step between"
                    )
                ahead.append((target, stack + branch))
        for name, stacks in arrivals.items():
            self._joined(name, stacks)

    def _joined(self, name: str, stacks: set[tuple[tuple[str, str], ...]]) -> None:
        step = self.steps[name]
        if len({stack[:-1] for stack in stacks}) > 1 or any(not stack for stack in stacks):
            if all(stacks):
                self._unbalanced(step, "it joins branches of unrelated splits")
            return
        splits = {stack[-1][0] for stack in stacks}
        if len(splits) > 1:
            self._unbalanced(
                step, f"it joins branches of several splits: {', '.join(sorted(splits))}"
            )
            return
        split = self.steps[splits.pop()]
        assert split.transition is not None
        missing = set(split.transition.targets) - {stack[-1][1] for stack in stacks}
        if missing:
            listed = ", ".join(sorted(missing))
            self._unbalanced(step, f"the branch {listed} of the split in {split.name} is missing")

    def _unbalanced(self, step: Step, what: str) -> None:
        self._refuse(
            "MF114",
            step.position,
            step.name,
            f"splits and joins do not match at {step.name}: {what}",
            "Join every branch of a split in one step, innermost split first.",
        )

    def _conditional_joins(self, end: str) -> None:
        for step in self.steps.values():
            if step.transition is None or step.transition.shape is not Shape.SWITCH:
                continue
            for target in self._successors(step, end):
                if self._is_join(target):
                    self._refuse(
                        "MF117",
                        step.transition.position,
                        step.name,
                        f"the switch leads straight into the join {target}",
                        "Put a step between the switch and the join.",
                    )


def _parallel(step: Step) -> bool:
    return any(decorator.name in PARALLEL_DECORATORS for decorator in step.decorators)
