"""What a join takes from its branches, and what its calls of ``merge_artifacts`` come to.

Source of the rules: metaflow/flowspec.py (merge_artifacts), metaflow/datastore/inputs.py. Where
an artifact has one source, merging it is a matter of wiring; only what several branches have set
is compared when the join runs.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from dataclasses import replace

from codegen.analyse.body import OTHERS, Ask, BodyFacts, Merge
from codegen.analyse.configs import config_texts
from codegen.analyse.evaluate import CannotEvaluate, evaluate
from codegen.analyse.inputs import Attribute, InputsUse
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.analyse.values import Branch, ForeachPlan, JoinPlan, Slot
from codegen.diagnostics import Diagnostics, Position
from codegen.model import Flow, Helper, Step
from codegen.parse.names import place as position_of

#: Attributes of an input that Metaflow computes, and that are not translated.
_COMPUTED = frozenset({"cmd", "foreach_stack", "merge_artifacts", "next", "script_name"})


def plan_join(
    flow: Flow,
    step: Step,
    facts: BodyFacts,
    use: InputsUse,
    branches: tuple[Branch, ...],
    foreach: ForeachPlan | None,
    caught: Sequence[Collection[str]],
    scope: ModuleScope,
    diagnostics: Diagnostics,
) -> tuple[JoinPlan, dict[str, Slot], BodyFacts]:
    """What the join takes, the artifacts that merging gives it, and its facts with the names
    that it has to compare as if it assigned them; ``caught`` are the steps of each branch that are
    under @catch."""
    planner = _Planner(flow, step, facts, use, branches, foreach, caught, scope, diagnostics)
    planner.check_use()
    planner.attributes()
    for number, merge in enumerate(facts.merges):
        planner.merge(number, merge)
    return planner.result()


def only_merging(step: Step, merges: Sequence[Merge]) -> frozenset[str]:
    """The local names that stand for one value, and that only ``include`` and ``exclude`` of
    ``merge_artifacts`` use."""
    arguments = [
        argument
        for merge in merges
        for argument in (merge.argument("exclude", 1), merge.argument("include", 2))
        if argument is not None
    ]
    merging = {id(node) for argument in arguments for node in ast.walk(argument)}
    loads: dict[str, set[int]] = {}
    for node in ast.walk(step.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            loads.setdefault(node.id, set()).add(id(node))
    return frozenset(
        name
        for name, values in local_bindings(step.node).items()
        if len(values) == 1 and values[0] is not None and name in loads and loads[name] <= merging
    )


#: Where metaflow/plugins/catch_decorator.py keeps an exception beside the artifact of ``var=``.
_CAUGHT = "_catch_exception"


class _Planner:
    def __init__(
        self,
        flow: Flow,
        step: Step,
        facts: BodyFacts,
        use: InputsUse,
        branches: tuple[Branch, ...],
        foreach: ForeachPlan | None,
        caught: Sequence[Collection[str]],
        scope: ModuleScope,
        diagnostics: Diagnostics,
    ) -> None:
        self.flow = flow
        self.step = step
        self.facts = facts
        self.use = use
        self.branches = branches
        self.foreach = foreach
        self.caught = caught
        self.scope = scope
        self.diagnostics = diagnostics
        self.join = JoinPlan(branches, foreach, tuple({} for _ in branches))
        self.wired: dict[str, Slot] = {}
        self.compared: dict[str, bool] = {}
        self.kept: set[str] = set()
        self.set_by: dict[str, int] = {}

    def _error(self, code: str, place: Position, message: str, advice: str) -> None:
        self.diagnostics.add(code, place, message, advice, self.step.name)

    # ------------------------------------------------------------------ inputs

    def check_use(self) -> None:
        """Uses of ``inputs`` that fail, or that cannot be followed."""
        for place in self.use.sized:
            self._error(
                "MF211",
                place,
                f"len({self.use.argument}) fails in Metaflow: the inputs of a join have no length",
                f"Use len(list({self.use.argument})).",
            )
        for place in self.use.opened:
            self._error(
                "MF211",
                place,
                "this looks into an input, which in Metaflow is a flow with much else in it",
                "Read its artifacts by name.",
            )
        for place in self.use.kept:
            self._error(
                "MF211",
                place,
                "this makes an input an artifact, which Metaflow refuses to store at the end of "
                "the step",
                "Store the artifacts of the input that you need.",
            )
        if self.use.rebound:
            self._error(
                "MF211",
                self.step.position,
                f"{self.use.argument} is given another value in this step",
                "Use another name for the local variable.",
            )
        for name, place in self.use.branches:
            self._branch(name, place)
        self._check_helpers()
        if self.foreach is not None and len(self.branches[0].tails) > 1:
            self.diagnostics.add(
                "MF212",
                self.step.position,
                f"several steps lead here ({', '.join(self.branches[0].tails)}): Metaflow groups "
                "the inputs by step, in an order that varies; here they come by index",
                "Do not depend on the order, or let the paths meet in a step before the join.",
                self.step.name,
            )

    def _check_helpers(self) -> None:
        """The inputs of a foreach are a list, which has no attributes for a helper to read."""
        tails = set(self.branches[0].tails) if self.foreach is not None else set()
        helpers = [method for method in self.flow.methods if isinstance(method, Helper)]
        for helper in helpers if self.use.loose != frozenset() else ():
            for node in ast.walk(helper.node):
                named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                if named and isinstance(node, ast.Attribute) and node.attr in tails:
                    self._error(
                        "MF211",
                        Position(*position_of(node)),
                        f"a helper asks the inputs for .{node.attr}, which here are a list",
                        "Give the helper that input, or ask in the join itself.",
                    )

    def _branch(self, name: str, place: Position) -> int | None:
        """The number of the branch that ``inputs.name`` means."""
        for number, branch in enumerate(self.branches):
            if name in branch.tails:
                if len(branch.tails) == 1:
                    return number
                self._error(
                    "MF211",
                    place,
                    f"inputs.{name} exists only if the run came through {name}, and not "
                    f"{' or '.join(tail for tail in branch.tails if tail != name)}",
                    "Let the paths meet in a step before the join, and use its name.",
                )
                return None
        self._error(
            "MF211",
            place,
            f"inputs.{name} fails: no step {name} leads to this join",
            f"The steps before it are {', '.join(t for b in self.branches for t in b.tails)}.",
        )
        return None

    def attributes(self) -> None:
        """What the body reads of its inputs."""
        self.join.objects = self.use.mentioned and (self.foreach is not None or not self.use.plain)
        for attribute in self.use.attributes:
            self._attribute(attribute)
        loose = self.use.loose
        for number, branch in enumerate(self.branches):
            for name in branch.environment.slots:
                if loose is None or name in loose:
                    self._need(number, name)
        for name in (*self.flow.parameters, *self.flow.configs):
            if loose is None or name in loose:
                self.join.parameters[name] = None
        if self.foreach is not None:
            self.join.index = self.join.index or loose is None or "index" in loose
            if loose is None or "input" in loose:
                self._input(None)

    def _same(self) -> dict[str, None]:
        """What all tasks have: Parameters, and public constants of the class."""
        constants = [name for name in self.flow.constants if not name.startswith("_")]
        return dict.fromkeys([*self.flow.parameters, *constants])

    def _attribute(self, found: Attribute) -> None:
        name = found.name
        if name in self._same():
            self.join.parameters[name] = None
            return
        if name in _COMPUTED or name in self.flow.steps or name.startswith("_current"):
            self._error(
                "MF503",
                found.position,
                f"{name} of an input is not translated",
                "Do without it, or keep this flow on Metaflow for now.",
            )
            return
        if name in ("index", "input"):
            self._element(name, found)
            return
        if found.branch is not None:
            chosen = self._branch(found.branch, found.position)
            numbers = [chosen] if chosen is not None else []
        else:
            numbers = list(range(len(self.branches)))
        having = [n for n in numbers if name in self.branches[n].environment.slots]
        for number in having:
            self._need(number, name)
        asked = any(other.asked and other.name == name for other in self.use.attributes)
        if asked or len(having) == len(numbers):
            return
        without = [n for n in numbers if n not in having]
        reasons = " and ".join(self._lacks(n, name) for n in without)
        if having:
            self.diagnostics.add(
                "MF209",
                found.position,
                f"not every input has {name} ({reasons}): reading it there fails, as in Metaflow",
                "Read it of the inputs that have it, or use getattr with a default.",
                self.step.name,
            )
        else:
            self._error(
                "MF208",
                found.position,
                f"no input has {name} ({reasons}), so reading it fails",
                f"Set self.{name} in a step before the join, or correct the name.",
            )

    def _element(self, name: str, found: Attribute) -> None:
        """``input.index`` and ``input.input`` of a foreach."""
        if self.foreach is None:
            self._error(
                "MF503",
                found.position,
                f"{name} of an input of a static join is not translated",
                f"Use self.{name} of the join.",
            )
        elif name == "index":
            self.join.index = True
        else:
            self._input(found)

    def _input(self, found: Attribute | None) -> None:
        """``input.input``, looked up in the list as the branch leaves it."""
        assert self.foreach is not None
        variable = self.foreach.frame.variable
        if variable is not None and variable in self.flow.parameters:
            self.join.parameters[variable] = None
        elif variable in self.branches[0].environment.slots:
            known = variable in self.join.shared
            self._need(0, variable)
            if variable in self.join.shared and not known:
                self.join.hidden = variable
        elif variable is not None:
            if found is not None:
                self._error(
                    "MF211",
                    found.position,
                    f"the list self.{variable} is no longer there at the end of the branch, so "
                    "that Metaflow has no input for it",
                    "Keep the element in an artifact of the branch.",
                )
            return
        self.join.input = True

    def _lacks(self, number: int, name: str) -> str:
        branch = self.branches[number]
        loss = branch.environment.lost.get(name)
        where = " or ".join(branch.tails)
        if loss is None:
            return f"nothing sets it on the way to {where}"
        return f"{loss.setter} sets it, and the join {loss.join!r} loses it on the way to {where}"

    def _need(self, number: int, name: str) -> None:
        """An object for a branch must have this artifact."""
        slot = self.branches[number].environment.slots[name]
        assert slot.value is not None
        if self.foreach is not None and slot.value.home is not self.foreach.inner:
            self.join.shared[name] = slot
            self.join.hidden = None if self.join.hidden == name else self.join.hidden
        else:
            self.join.attributes[number][name] = slot

    # ------------------------------------------------------------------ merge_artifacts

    def merge(self, number: int, merge: Merge) -> None:
        """One call of ``merge_artifacts``."""
        self.join.merges.append(())
        if not merge.plain:
            self._refuse(merge, "it does not surely run, or runs behind a return")
            return
        unknown = {keyword.arg for keyword in merge.node.keywords} - {
            "inputs", "exclude", "include",
        }  # fmt: skip
        subset = merge.argument("inputs", 0)
        if subset is None or unknown or len(merge.node.args) > 3:
            self._refuse(merge, "its arguments are not those of merge_artifacts")
            return
        try:
            exclude = self._names(merge.argument("exclude", 1))
            include = self._names(merge.argument("include", 2))
        except CannotEvaluate:
            self._refuse(merge, "the names in include or exclude cannot be known from the source")
            return
        if include and exclude:
            self._refuse(merge, "Metaflow refuses include and exclude together")
            return
        numbers = self._subset(subset)
        known = list(range(len(self.branches))) if numbers is None else numbers
        every = dict.fromkeys(name for n in known for name in self.branches[n].environment.slots)
        for name in include:
            if name not in every and not self._is_set(name, merge):
                reasons = " and ".join(self._lacks(n, name) for n in known)
                self._refuse(merge, f"no input has {name} ({reasons})")
        compared = []
        for name in every:
            if (include and name not in include) or name in exclude:
                continue
            if self._is_set(name, merge):
                continue
            kept = name in merge.may
            if kept:
                self.kept.add(name)
            if self._merged(name, known, numbers is not None, bool(include), kept):
                if name == OTHERS:
                    self._refuse(
                        merge, "the names of what the branches set are known in a run only"
                    )
                compared.append(name)
            self.set_by[name] = number
        self.join.merges[-1] = tuple(compared)
        if not include and _CAUGHT not in exclude:
            self._check_caught(merge, known)

    def _check_caught(self, merge: Merge, numbers: Sequence[int]) -> None:
        """Metaflow stores each exception that @catch catches under a name of its own as well, so
        that inputs with different ones cannot be merged."""
        caught = [self.caught[number] for number in numbers if self.caught[number]]
        if caught and (self.foreach is not None or len(caught) > 1):
            steps = ", ".join(sorted(frozenset().union(*caught)))
            self.diagnostics.add(
                "MF216",
                merge.position,
                f"where @catch has caught errors in several inputs ({steps}), this merge fails in "
                f"Metaflow, whose own artifact {_CAUGHT} differs; here it goes on",
                f"Nothing to do. To go on in Metaflow too, put {_CAUGHT!r} into exclude.",
                self.step.name,
            )

    def _refuse(self, merge: Merge, why: str) -> None:
        self._error(
            "MF210",
            merge.position,
            f"this merge_artifacts fails in Metaflow or cannot be followed: {why}",
            "Call it once, in the join itself, with literal lists of names.",
        )

    def _names(self, node: ast.expr | None) -> tuple[str, ...]:
        if node is None:
            return ()
        value = evaluate(node, self._constants(), self.scope.builtin)
        if value is None:
            return ()
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise CannotEvaluate(node)
        return tuple(str(name) for name in value)

    def _constants(self) -> dict[str, ast.expr]:
        """The constants of the module and of the class, and local names of literals that only
        calls of ``merge_artifacts`` look at."""
        known = dict(self.scope.constants)
        for name, constant in self.flow.constants.items():
            known[f"{self.step.self_name}.{name}"] = constant.value
        known.update(config_texts(self.flow, self.step.self_name))
        local = local_bindings(self.step.node)
        for name in local:
            known.pop(name, None)
        for name in only_merging(self.step, self.facts.merges):
            value = local[name][0]
            assert value is not None
            known[name] = value
        return known

    def _is_set(self, name: str, merge: Merge) -> bool:
        return name in merge.must or name in self.set_by or name in self.flow.parameters

    def _subset(self, node: ast.expr) -> list[int] | None:
        """The numbers of the branches that an expression means; None if only a run can tell."""
        every = list(range(len(self.branches)))
        if isinstance(node, ast.Name) and node.id == self.use.argument:
            return every
        if self.foreach is not None:
            return None
        if isinstance(node, (ast.List, ast.Tuple)):
            found: list[int] = []
            for part in node.elts:
                if (
                    isinstance(part, ast.Attribute)
                    and isinstance(part.value, ast.Name)
                    and part.value.id == self.use.argument
                ):
                    number = self._branch(part.attr, Position(part.lineno, part.col_offset + 1))
                    found += [number] if number is not None else []
                    continue
                return None
            return found
        return None

    def _merged(
        self, name: str, numbers: Sequence[int], whole: bool, required: bool, kept: bool
    ) -> bool:
        """Merge one artifact; True if its values must be compared in the run. What the step may
        have set is ``kept`` there."""
        slots = [
            self.branches[n].environment.slots[name]
            for n in numbers
            if name in self.branches[n].environment.slots
        ]
        values = {slot.value for slot in slots}
        single = len(values) == 1
        if self.foreach is not None:
            value = slots[0].value
            assert value is not None
            single = value.home is not self.foreach.inner
        elif not whole:
            single = single and len(slots) == len(numbers) and all(slot.sure for slot in slots)
        single = single and not (required and not any(slot.sure for slot in slots))
        if single and not kept:
            self.wired[name] = Slot(slots[0].value, any(slot.sure for slot in slots))
            return False
        for number in numbers:
            if name in self.branches[number].environment.slots:
                self._need(number, name)
        surely = [slot.sure for slot in slots]
        everywhere = all(surely) and len(slots) == len(numbers)
        self.compared[name] = required or everywhere or (whole and any(surely))
        return True

    # ------------------------------------------------------------------ the result

    def result(self) -> tuple[JoinPlan, dict[str, Slot], BodyFacts]:
        """The plan; names that are compared count as assigned by the join."""
        self.join.wired = [
            tuple(name for name in self.wired if self.set_by[name] == number)
            for number in range(len(self.facts.merges))
        ]
        self.join.unsure = frozenset(name for name, sure in self.compared.items() if not sure)
        self.join.kept = frozenset(self.kept)
        if self.compared:
            self.join.objects = True
        self._check_early_reads()
        sure = frozenset(name for name, is_sure in self.compared.items() if is_sure)
        exits = tuple(
            replace(found, must=found.must | sure, may=found.may | self.compared.keys())
            for found in self.facts.exits
        )
        reads = tuple(read for read in self.facts.reads if read.name not in self.compared)
        facts = replace(
            self.facts,
            exits=exits,
            reads=reads,
            asks=tuple(map(self._asked, self.facts.asks)),
            assigned=tuple(dict.fromkeys([*self.facts.assigned, *self.compared])),
            used=self.facts.used | (self.join.parameters.keys() & self.flow.constants.keys()),
        )
        return self.join, self.wired, facts

    def _asked(self, ask: Ask) -> Ask:
        """A question after an artifact that has been compared is one after an assigned one."""
        sure = self.compared.get(ask.name)
        if sure is None or ask.merges <= self.set_by[ask.name]:
            return ask
        return replace(ask, must=ask.must or sure, may=True)

    def _check_early_reads(self) -> None:
        for read in self.facts.reads:
            number = self.set_by.get(read.name)
            early = number is not None and read.merges <= number
            if early and not (read.late or read.assigned or read.indirect):
                self._error(
                    "MF208",
                    read.position,
                    f"self.{read.name} is read before merge_artifacts brings it back",
                    "Call merge_artifacts first.",
                )
