"""Random flows over graphs: splits, foreaches, switches and loops that pass artifacts on.

A seed makes a tree of regions, and steps that write, change and read artifacts as a data scientist
would. It is tracked what is surely set and what may differ between branches, so that most flows
succeed; a few have one place that may fail.
"""

import ast
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

_NAMES = {
    "int": ["total", "count", "score", "best"],
    "float": ["ratio", "loss"],
    "str": ["label", "title", "note"],
    "bool": ["ready", "found"],
    "none": ["missing"],
    "list": ["rows", "values", "history"],
    "words": ["names", "tags"],
    "dict": ["config", "counts"],
    "tuple": ["pair", "shape"],
    "record": ["summary", "model"],
}
_KINDS = list(_NAMES)
_READ_AS = {"int": ("int", "round")}  # the counter of a loop is only read
_STEPS = "prep load clean check train report filter rank".split()
_MOST_STEPS = 24
_PARAMETERS = {
    "n": ("int", "default=2"),
    "mode": ("str", 'default="fast"'),
    "flag": ("bool", "default=False"),
    "given": ("list", 'default="[4, 2]", type=JSONType'),
}
_VALUES: dict[str, list[Any]] = {
    "n": [0, 3, 7],
    "mode": ["fast", "slow"],
    "flag": [True, False],
    "given": [[3], [5, 1, 1]],
}
_PLANTS = ("lost", "conflict", "empty", "no case", "raise")
_HEAD = '''\
from metaflow import FlowSpec, JSONType, Parameter, current, parallel, step

SCALE = 3


def scale(value, by=2):
    return value * by + SCALE


def longest(words):
    return max(words, key=len, default="")


class RandomFlow(FlowSpec):
    """A flow of no particular use."""
'''


def make_flow(seed: int, depth: int = 4) -> str:
    """The source of a flow `RandomFlow`, with regions nested up to `depth`."""
    return _Maker(seed).flow(depth)


def arguments(seed: int, source: str) -> dict[str, Any]:
    """Values for some of the Parameters of a flow."""
    chooser = random.Random(seed)
    return {
        name: chooser.choice(values)
        for name, values in _VALUES.items()
        if f"    {name} = Parameter(" in source and chooser.random() < 0.5
    }


@dataclass(frozen=True)
class _Var:
    """An artifact at one point: tasks where its `version` is the same have the same value."""

    kind: str
    version: str
    sure: bool = True


@dataclass(frozen=True)
class _Frame:
    """A foreach around a step: where its list is, and the kind of its items."""

    name: str
    kind: str


@dataclass
class _Scope:
    """What a step can see when it starts; while it is written, what it has done so far."""

    vars: dict[str, _Var] = field(default_factory=dict)
    frames: tuple[_Frame, ...] = ()

    def copy(self) -> "_Scope":
        return _Scope(dict(self.vars), self.frames)

    def inner(self, frame: _Frame) -> "_Scope":
        return _Scope(dict(self.vars), (*self.frames, frame))

    def sure(self, *kinds: str) -> list[str]:
        return [name for name, var in self.vars.items() if var.sure and var.kind in kinds]


@dataclass(frozen=True)
class _Arrival:
    """A transition to a step: where from, in which branch of the split that a join closes."""

    step: str
    branch: int
    scope: _Scope


class _Maker:
    """Writes one flow."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.parameters: dict[str, str] = {}
        self.steps: dict[str, list[str]] = {}
        self.arrivals: dict[str, list[_Arrival]] = {}
        self.scope = _Scope()
        self.branch = 0
        self.in_loop = False
        self.open = 0  # splits and foreaches around
        self.serial = 0
        self.named = 2  # start and end
        self.ever: dict[str, str] = {}
        self.plant = self.pick(*_PLANTS) if self.chance(0.2) else ""

    # ------------------------------------------------------------------ choosing

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def fresh(self) -> str:
        self.serial += 1
        return str(self.serial)

    def planted(self, what: str) -> bool:
        """Whether to write that failure here; there is one at most."""
        if self.plant != what or self.chance(0.3):
            return False
        self.plant = ""
        return True

    def new_step(self, *words: str) -> str:
        self.named += 1
        return f"{self.pick(*(words or _STEPS))}_{self.named}"

    def room(self, count: int) -> bool:
        """Whether that many steps can be added."""
        return self.named + count <= _MOST_STEPS

    # ------------------------------------------------------------------ the flow

    def flow(self, depth: int) -> str:
        lines = [_HEAD]
        for name in self.random.sample(sorted(_PARAMETERS), self.random.randint(0, 3)):
            kind, options = _PARAMETERS[name]
            self.parameters[name] = kind
            lines.append(f"    {name} = Parameter({name!r}, {options})".replace("'", '"'))
        self.arrivals["start"] = [_Arrival("", 0, _Scope())]
        self.sequence("start", "end", depth, joins=False)
        self.enter("end")
        self.write("end", self.statements(), None)
        lines += [""] if self.parameters else []
        for body in self.steps.values():
            lines += [*body, ""]
        lines += ["", 'if __name__ == "__main__":', "    RandomFlow()", ""]
        return ast.unparse(ast.parse("\n".join(lines))) + "\n"  # without needless brackets

    def write(self, name: str, body: list[str], transition: str | None, *, head: str = "") -> None:
        """Put a step together; `head` is a decorator or the argument of a join."""
        argument = ", inputs" if head == "inputs" else ""
        lines = ["    @parallel"] if head == "parallel" else []
        lines += ["    @step", f"    def {name}(self{argument}):"]
        lines += [f"        {line}" for line in body]
        if transition is not None:
            lines.append(f"        self.next({transition})")
        if not body and transition is None:
            lines.append("        pass")
        self.steps[name] = lines

    def enter(self, name: str) -> None:
        """Begin to write a step: with what is known after all that leads to it."""
        self.scope = self.either([arrival.scope for arrival in self.arrivals[name]])

    def go(self, source: str, target: str, scope: _Scope | None = None) -> None:
        """Note a transition."""
        arrival = _Arrival(source, self.branch, (scope or self.scope).copy())
        self.arrivals.setdefault(target, []).append(arrival)

    def either(self, scopes: list[_Scope]) -> _Scope:
        """What is known where one of several paths was taken."""
        found: dict[str, _Var] = {}
        for name in dict.fromkeys(name for scope in scopes for name in scope.vars):
            those = [scope.vars[name] for scope in scopes if name in scope.vars]
            kinds = {var.kind for var in those}
            versions = {var.version for var in those}
            found[name] = _Var(
                kinds.pop() if len(kinds) == 1 else "any",
                versions.pop() if len(versions) == 1 else self.fresh(),
                len(those) == len(scopes) and all(var.sure for var in those),
            )
        frames = tuple(
            frame[0] if len(set(frame)) == 1 else replace(frame[0], kind="any")
            for frame in zip(*(scope.frames for scope in scopes), strict=True)
        )
        return _Scope(found, frames)

    # ------------------------------------------------------------------ regions

    def sequence(self, here: str, last: str, depth: int, *, joins: bool) -> None:
        """Write the steps from `here` to a transition to `last`, which may be a join."""
        for left in reversed(range(self.random.randint(1, 3 if depth > 1 else 2))):
            shapes: list[tuple[float, Callable[[str, str, int, bool], None]]]
            shapes = [(2.0, self.linear)]
            if depth > 0 and self.room(5):
                shapes += [(2.0, self.split), (2.5, self.foreach), (2.0, self.switch)]
                shapes += [(0.4, self.nodes)]
            if depth > 0 and self.room(3):
                shapes += [(0.8, self.loop)]
            final = left == 0 or not self.room(4)
            if final and self.named < 4:  # nothing but a line so far
                shapes = shapes[1:]
            weights = [weight for weight, _ in shapes]
            shape = self.random.choices([shape for _, shape in shapes], weights)[0]
            target = last if final else self.new_step()
            shape(here, target, depth - 1, joins and final)
            if final:
                return
            here = target

    def linear(self, here: str, target: str, depth: int, to_join: bool) -> None:
        self.enter(here)
        body = self.statements()
        self.write(here, body, f"self.{target}")
        self.go(here, target)

    def split(self, here: str, target: str, depth: int, to_join: bool) -> None:
        self.enter(here)
        count = self.random.randint(2, 4 if self.room(9) else 2)
        arms = [self.new_step() for _ in range(count)]
        join = self.new_step("join", "combine")
        self.write(here, self.statements(), ", ".join(f"self.{arm}" for arm in arms))
        before = self.scope.copy()
        with self.inside():
            for self.branch, arm in enumerate(arms):
                self.go(here, arm, before)
                self.sequence(arm, join, depth, joins=True)
        self.join(join, target, before)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Around what is written of the branches of a split."""
        branch = self.branch
        self.branch = 0
        self.open += 1
        yield
        self.open -= 1
        self.branch = branch

    def foreach(self, here: str, target: str, depth: int, to_join: bool) -> None:
        self.enter(here)
        body = self.statements()
        frame, lines = self.items()
        first = self.new_step("each", "work", "part")
        join = self.new_step("join", "collect")
        self.write(here, [*body, *lines], f'self.{first}, foreach="{frame.name}"')
        before = self.scope.copy()
        with self.inside():
            self.go(here, first, before.inner(frame))
            if self.chance(0.4):
                self.linear(first, join, 0, True)
            else:
                self.sequence(first, join, depth, joins=True)
        self.join(join, target, before, frame)

    def items(self) -> tuple[_Frame, list[str]]:
        """The list of a foreach, and how it is set."""
        if "given" in self.parameters and self.chance(0.3):
            return _Frame("given", "int"), []
        name = f"items_{self.fresh()}"
        e = self.expression
        kind, text = self.pick(
            ("int", self.pick("[3, 1, 2]", "[5]", "[1, 1]", f"[{e('int')}, 2]")),
            ("int", self.pick("range(2)", f"range({self.random.randint(1, 3)})", "(4, 6)")),
            ("int", f"{e('list')}[:2] or [0]"),
            ("str", self.pick("['a', 'bc']", "'xyz'", "('ab', 'c')", f"[{e('str')}]")),
            ("str", f"{e('words')}[:3] or ['none']"),
            ("list", self.pick("[[1, 2], [3]]", f"[{e('list')}, [7]]")),
            ("record", "[{'rows': [1], 'name': 'x'}, {'rows': [], 'name': 'y'}]"),
            ("dict", "[{'k': i} for i in range(2)]"),
        )
        if self.planted("empty"):
            kind, text = "int", "[i for i in range(0)]"
        self.set(name, "items", self.fresh())
        return _Frame(name, kind), [f"self.{name} = {text}"]

    def nodes(self, here: str, target: str, depth: int, to_join: bool) -> None:
        """`num_parallel`, whose body is one step."""
        self.enter(here)
        count = self.pick("2", "3", f"{self.expression('int')} % 2 + 1")
        work = self.new_step("node")
        join = self.new_step("gather")
        self.write(here, self.statements(), f"self.{work}, num_parallel={count}")
        frame = _Frame("_parallel_ubf_iter", "int")
        before = self.scope.copy()
        with self.inside():
            self.go(here, work, before.inner(frame))
            self.enter(work)
            body = self.statements()
            if self.chance(0.8):
                self.set("node", "int", self.fresh())
                nodes = "current.parallel"
                body.append(f"self.node = {nodes}.node_index * 10 + {nodes}.num_nodes")
            self.write(work, body, f"self.{join}", head="parallel")
            self.go(work, join)
        self.join(join, target, before, frame)

    def switch(self, here: str, target: str, depth: int, to_join: bool) -> None:
        self.enter(here)
        body = self.statements()
        condition, keys, lines = self.condition()
        # A switch must not lead to a join itself, so its branches may end in one.
        direct = not to_join and self.chance(0.3)
        count = min(len(keys), self.random.randint(1 if direct else 2, 3))
        arms = [self.new_step() for _ in range(count)]
        merge = target if to_join or self.chance(0.5) else self.new_step("merge")
        targets = [*arms, *([merge] if direct else [])]
        while len(targets) < len(keys):
            targets.append(self.pick(*arms))
        cases = dict(zip(keys, self.random.sample(targets, len(targets)), strict=False))
        if self.planted("no case") and len(cases) > 2:
            cases.popitem()
        used = [arm for arm in arms if arm in cases.values()]
        table = ", ".join(f"{key}: self.{arm}" for key, arm in cases.items())
        self.write(here, [*body, *lines], f'{{{table}}}, condition="{condition}"')
        before = self.scope.copy()
        for number, arm in enumerate(used):
            self.go(here, arm, before)
            ends = number > 0 and not self.open and merge != "end" and self.chance(0.2)
            last = "end" if ends else merge
            self.sequence(arm, last, depth, joins=to_join and merge == target)
        if merge in cases.values():
            self.go(here, merge, before)
        if merge != target:
            self.linear(merge, target, 0, to_join)

    def condition(self) -> tuple[str, list[str], list[str]]:
        """The artifact that a switch looks at, its possible values, and how it is set."""
        given = [name for name in ("mode", "flag") if name in self.parameters]
        if given and self.chance(0.4):
            name = self.pick(*given)
            return name, {"mode": ['"fast"', '"slow"'], "flag": ["True", "False"]}[name], []
        name = f"kind_{self.fresh()}"
        keys, lines = self.pick(
            (["0", "1", "2"], [f"self.{name} = {self.expression('int')} % 3"]),
            (["True", "False"], [f"self.{name} = {self.truth()}"]),
            (
                ['"low"', '"high"'],
                [f'self.{name} = "low" if {self.truth()} else "high"'],
            ),
            (
                ['"a"', '"b"', '"c"'],
                [
                    f"if {self.truth()}:",
                    f'    self.{name} = "a"',
                    "else:",
                    f'    self.{name} = "b" if {self.truth()} else "c"',
                ],
            ),
        )
        self.set(name, "key", self.fresh())
        return name, keys, lines

    def loop(self, here: str, target: str, depth: int, to_join: bool) -> None:
        """A step that a switch repeats one to four times."""
        if here == "start":  # nothing may lead there
            return self.linear(here, target, depth, to_join)
        after = self.new_step() if to_join else target
        counter, again = f"round_{self.fresh()}", f"again_{self.fresh()}"
        self.enter(here)
        self.in_loop = True
        if self.chance(0.5):
            lines = [f'self.{counter} = getattr(self, "{counter}", 0) + 1']
        else:
            lines = [f'if not hasattr(self, "{counter}"):', f"    self.{counter} = 0"]
            lines += [f"self.{counter} += 1"]
        self.set(counter, "round", self.fresh())
        lines += self.statements()
        self.in_loop = False
        rounds = self.random.randint(1, 4)
        form = self.random.randint(0, 2)
        if form == 0 and rounds > 1:
            keys = {str(n): here for n in range(1, rounds)} | {str(rounds): after}
            again = counter
        else:
            more, done = ("True", "False") if form == 1 else ('"again"', '"done"')
            more_rounds = f"self.{counter} < {rounds}"
            value = more_rounds if form == 1 else f"{more} if {more_rounds} else {done}"
            lines.append(f"self.{again} = {value}")
            self.set(again, "key", self.fresh())
            keys = {more: here, done: after}
        table = ", ".join(f"{key}: self.{step}" for key, step in keys.items())
        self.write(here, lines, f'{{{table}}}, condition="{again}"')
        self.go(here, after)
        if after != target:
            self.linear(after, target, 0, to_join)

    # ------------------------------------------------------------------ joins

    def join(self, join: str, target: str, before: _Scope, frame: _Frame | None = None) -> None:
        """Write the join of what arrived at it."""
        arrivals = self.arrivals[join]
        groups = [
            [arrival for arrival in arrivals if arrival.branch == branch]
            for branch in sorted({arrival.branch for arrival in arrivals})
        ]
        scopes = [self.either([arrival.scope for arrival in group]) for group in groups]
        parents = {
            group[0].step: scope
            for group, scope in zip(groups, scopes, strict=True)
            if len(group) == 1
        }
        self.scope = _Scope({}, before.frames)
        ordered = frame is not None and len(arrivals) == 1
        lines: list[str] = []
        for _ in range(self.random.randint(1, 3)):
            lines += self.aggregate(scopes, parents, ordered)
        lines += self.merged(scopes, parents, ordered, before if frame else None)
        lines += self.statements()
        self.write(join, lines, f"self.{target}", head="inputs")
        self.go(join, target)

    def aggregate(
        self, scopes: list[_Scope], parents: dict[str, _Scope], ordered: bool, only: str = ""
    ) -> list[str]:
        """Set an artifact (that one) from those of the inputs."""
        common = {
            name: var.kind
            for name, var in scopes[0].vars.items()
            if all(name in scope.sure(var.kind) for scope in scopes)
        }
        found: list[tuple[str, str]] = [("int", "len(list(inputs))")]
        for name, kind in common.items():
            found += self.unordered(name, kind)
            if ordered:
                found += self.in_order(name, kind, [n for n in common if common[n] == "int"])
        for step, scope in parents.items():
            for name, var in scope.vars.items():
                if var.sure and var.kind in _KINDS:
                    found.append((var.kind, f"inputs.{step}.{name}"))
        if ordered:
            found += [
                ("list", "[i.index for i in inputs]"),
                ("any", "[i.input for i in inputs]"),
            ]
        if only:
            kind = self.ever[only]
            found = [(k, text) for k, text in found if k == kind]
            text = self.pick(*found)[1] if found else self.literal(kind)
        else:
            kind, text = self.pick(*found)
        name = only or self.target(kind)
        self.set(name, kind, self.fresh())
        if text.startswith("sum(i.") and self.chance(0.4):
            return [f"self.{name} = 0", "for i in inputs:", f"    self.{name} += {text[4:][:-17]}"]
        return [f"self.{name} = {text}"]

    def unordered(self, name: str, kind: str) -> list[tuple[str, str]]:
        """What the inputs give in any order."""
        x = f"i.{name}"
        forms = {
            "int": [
                ("int", f"sum({x} for i in inputs)"),
                ("int", f"max({x} for i in inputs)"),
                ("list", f"sorted({x} for i in inputs)"),
            ],
            "str": [("words", f"sorted({x} for i in inputs)")],
            "bool": [("bool", f"any({x} for i in inputs)"), ("bool", f"all({x} for i in inputs)")],
            "list": [
                ("int", f"sum(len({x}) for i in inputs)"),
                ("list", f"sorted(value for i in inputs for value in {x})"),
            ],
            "words": [("words", f"sorted(word for i in inputs for word in {x})")],
            "any": [("bool", f'all(hasattr(i, "{name}") for i in inputs)')],
        }
        return forms.get(kind, [])

    def in_order(self, name: str, kind: str, numbers: list[str]) -> list[tuple[str, str]]:
        """What only the inputs of a foreach give."""
        x = f"i.{name}"
        listed = {"int": "list", "str": "words"}.get(kind, "any")
        known = kind if kind in _KINDS else "any"
        found = [
            (listed, f"[{x} for i in inputs]"),
            (known, f"inputs[0].{name}"),
            (known, f"inputs[-1].{name}"),
            ("any", f"{{i.index: {x} for i in inputs}}"),
        ]
        if numbers:
            found.append((known, f"max(inputs, key=lambda i: i.{self.pick(*numbers)}).{name}"))
        if kind == "dict":
            items = f"for i in inputs for key, value in {x}.items()"
            found.append(("dict", f"{{key: value {items}}}"))
        return found

    def merged(
        self,
        scopes: list[_Scope],
        parents: dict[str, _Scope],
        ordered: bool,
        before: _Scope | None,
    ) -> list[str]:
        """`merge_artifacts` in one of its forms; `before` is what was known before a foreach."""
        those = {name: self.either([s for s in scopes if name in s.vars]).vars[name]
                 for scope in scopes for name in scope.vars}  # fmt: skip
        conflicts = [
            name
            for name in those
            if name not in self.scope.vars and self.conflicting(name, scopes, before)
        ]
        names = [name for name in those if name not in conflicts and name not in self.scope.vars]
        surely = [name for name in names if any(name in s.vars and s.vars[name].sure
                                                for s in scopes)]  # fmt: skip
        form = self.pick("none", "plain", "plain", "exclude", "include")
        lines: list[str] = []
        options = ""
        if form == "include" and surely:
            names = self.random.sample(surely, min(len(surely), self.random.randint(1, 3)))
            options = f", include={_listed(names)}"
        elif form == "plain" and conflicts and self.planted("conflict"):
            pass
        elif (
            form == "plain"
            and len(conflicts) <= 3
            and all(self.ever[name] != "items" for name in conflicts)
        ):
            for name in conflicts:
                lines += self.aggregate(scopes, parents, ordered, name)
        elif form in ("plain", "exclude"):
            lost = self.random.sample(names, min(len(names), self.random.randint(0, 1)))
            names = [name for name in names if name not in lost]
            if conflicts or lost:
                options = f", exclude={_listed([*conflicts, *lost])}"
        else:
            return []
        for name in names:
            self.scope.vars[name] = replace(those[name], sure=name in surely)
        return [*lines, f"self.merge_artifacts(inputs{options})"]

    def conflicting(self, name: str, scopes: list[_Scope], before: _Scope | None) -> bool:
        """Whether an artifact may differ between inputs."""
        versions = {scope.vars[name].version for scope in scopes if name in scope.vars}
        if before is None:
            return len(versions) > 1
        (version,) = versions
        known = before.vars.get(name)
        return not version.startswith("=") and (known is None or known.version != version)

    # ------------------------------------------------------------------ expressions

    def expression(self, kind: str, depth: int = 1) -> str:
        """A value of a kind, from what is surely set."""
        known = [f"self.{name}" for name in self.scope.sure(*_READ_AS.get(kind, (kind,)))]
        known += [f"self.{name}" for name, other in self.parameters.items() if other == kind]
        if kind == "int" and self.scope.frames:
            known.append("self.index")
        if known and self.chance(0.6):
            return str(self.pick(*known))
        if depth <= 0 or self.chance(0.4):
            return self.literal(kind)

        def e(wanted: str) -> str:
            return self.expression(wanted, depth - 1)

        forms: dict[str, Callable[[], list[str]]] = {
            "int": lambda: [
                f"{e('int')} + {e('int')}", f"scale({e('int')})", f"len({e('list')})",
                f"sum({e('list')})", f"{e('dict')}.get(\"k\", 0)", f"len({e('words')})",
                f"{e('int')} if {e('bool')} else {e('int')}",
            ],
            "float": lambda: [f"{e('int')} / 4", f"round({e('float')} * 1.5, 2)"],
            "str": lambda: [
                f'f"{{{self.any_name()}}}-{{{self.any_name()}}}"', f'{e("str")} + "s"',
                f"{e('str')}.upper()", f"longest({e('words')})", f"str({e('int')})",
            ],
            "bool": lambda: [
                f"{e('int')} > 2", f"not {e('list')}", f'"a" in {e("words")}',
                f"{e('int')} % 2 == 0", f"{e('none')} is None",
            ],
            "none": lambda: ["None"],
            "list": lambda: [
                f"{e('list')} + [{e('int')}]", f"[2 * i for i in {e('list')}]",
                f"sorted({e('list')})", f"list(range({self.random.randint(0, 3)}))",
                f"[*{e('list')}, {e('int')}]",
            ],
            "words": lambda: [
                f"{e('words')} + [{e('str')}]", f"[w.upper() for w in {e('words')}]",
                f"{e('str')}.split()", f"list({e('str')})",
            ],
            "dict": lambda: [f'{{**{e("dict")}, "n": {e("int")}}}', f'{{"k": {e("int")}}}'],
            "tuple": lambda: [f"({e('int')}, {e('str')})", f"({e('list')}, None)"],
            "record": lambda: [f'{{"rows": {e("list")}, "name": {e("str")}}}'],
        }  # fmt: skip
        text: str = self.pick(*forms[kind]())
        return f"({text})" if " " in text and text[0] not in "[{(f" else text

    def literal(self, kind: str) -> str:
        n = self.random.randint(-2, 9)
        choices = {
            "int": [f"{n}", "SCALE", "10**18"],
            "float": ["0.5", "1e-3", "-0.0", f"{n}.25"],
            "str": ['"ab"', '""', '"x y"', f'"v{n}"', '"é"'],
            "bool": ["True", "False"],
            "none": ["None"],
            "list": [f"[{n}, 2]", "[]", "[1]", "[3, 3]"],
            "words": ['["a", "bc"]', "[]", '["a"]'],
            "dict": ['{"k": 1}', "{}", f'{{"k": {n}, "m": 2}}'],
            "tuple": [f'({n}, "t")', "()", "(1, [2], None)"],
            "record": ['{"rows": [1, 2], "name": "m"}', f'{{"rows": [{n}], "name": "é"}}'],
        }
        return str(self.pick(*choices.get(kind, ["0"])))

    def stored(self, kind: str) -> str:
        """A value to keep: what it refers to may from now on change with it."""
        text = self.expression(kind, 2)
        if kind in ("list", "words", "dict", "tuple", "record"):
            for name in re.findall(r"self\.(\w+)", text):
                if name in self.scope.vars:
                    self.change(name)
        return text

    def truth(self) -> str:
        return self.expression("bool", 2)

    # ------------------------------------------------------------------ artifacts

    def set(self, name: str, kind: str, version: str) -> None:
        self.scope.vars[name] = _Var(kind, version)
        self.ever[name] = kind

    def change(self, name: str) -> None:
        """Note that the value of an artifact changes in place."""
        self.scope.vars[name] = replace(self.scope.vars[name], version=self.fresh())

    def target(self, kind: str) -> str:
        """An artifact to set; now and then one that was something else."""
        if kind not in _KINDS:
            return f"seen_{self.fresh()}"
        wanted = kind if self.in_loop or self.chance(0.95) else self.pick(*_KINDS)
        name = str(self.pick(*_NAMES[wanted]))
        if self.in_loop and name in self.scope.vars and self.scope.vars[name].kind != kind:
            return f"{name}_{self.fresh()}"
        return name

    def any_name(self) -> str:
        """Something to show in an f-string."""
        names = [f"self.{name}" for name, var in self.scope.vars.items() if var.sure]
        return str(self.pick(*names)) if names else "SCALE"

    def mutable(self, kind: str) -> str | None:
        names = self.scope.sure(kind)
        return self.pick(*names) if names else None

    # ------------------------------------------------------------------ statements

    def statements(self) -> list[str]:
        """The body of a step, without its transition."""
        lines: list[str] = []
        for _ in range(self.random.randint(1, 3)):
            lines += self.statement(1)
        if self.scope.frames and self.chance(0.7):
            lines += self.of_foreach()
        lost = [name for name in self.ever if name not in self.scope.vars]
        if lost and self.planted("lost"):
            lines.append(f"print(self.{self.pick(*lost)})")
        if self.named > 4 and self.planted("raise"):
            lines += [f"if {self.truth()}:", f"    raise ValueError({self.expression('str')})"]
        return lines

    def statement(self, depth: int) -> list[str]:
        choices: list[tuple[float, Callable[[], list[str]]]] = [
            (5, self.assign), (2, self.augment), (3, self.append), (2, self.store),
            (1, self.alias), (1, self.show), (1.5, self.doubtful), (1, self.repeat),
        ]  # fmt: skip
        if depth:
            choices.append((1.5, self.conditional))
        weights = [weight for weight, _ in choices]
        return self.random.choices([make for _, make in choices], weights)[0]()

    def assign(self) -> list[str]:
        kind = str(self.pick(*_KINDS))
        text = self.stored(kind)
        name = self.target(kind)
        self.set(name, kind, f"={text}" if _is_literal(text) else self.fresh())
        return [f"self.{name} = {text}"]

    def augment(self) -> list[str]:
        kind = str(self.pick("int", "str", "list"))
        name = self.mutable(kind)
        if name is None:
            return self.assign()
        text = self.expression(kind)
        self.change(name)
        return [f"self.{name} += {text}"]

    def append(self) -> list[str]:
        kind, item = self.pick(("list", "int"), ("words", "str"))
        name = self.mutable(kind)
        if name is None:
            return self.assign()
        text = self.expression(item)
        self.change(name)
        return [f"self.{name}.append({text})"]

    def store(self) -> list[str]:
        kind = str(self.pick("dict", "record"))
        name = self.mutable(kind)
        if name is None:
            return self.assign()
        self.change(name)
        number = self.expression("int")
        if kind == "dict":
            key = self.pick('"k"', '"n"', self.expression("str"))
            return [f"self.{name}[{key}] = {number}"]
        return [self.pick(f'self.{name}["rows"].append({number})', f'self.{name}["name"] = "new"')]

    def alias(self) -> list[str]:
        name = self.mutable("list")
        if name is None:
            return self.assign()
        number = self.expression("int")
        self.change(name)
        if self.chance(0.5):
            return [f"rows = self.{name}", f"rows.append({number})"]
        other = self.target("list")
        self.set(other, "list", self.fresh())
        return [f"self.{other} = self.{name}", f"self.{name}.append({number})"]

    def show(self) -> list[str]:
        return [f"print({self.expression(str(self.pick(*_KINDS)))})"]

    def doubtful(self) -> list[str]:
        """A read of what may not be there."""
        doubt = [name for name, var in self.scope.vars.items() if not var.sure]
        lost = [name for name in self.ever if name not in self.scope.vars]
        names = doubt * 3 + lost
        if not names:
            return self.assign()
        name = self.pick(*names)
        kind = self.ever[name]
        if name in doubt and self.scope.vars[name].kind != kind or kind not in _KINDS:
            kind = "any"
        other = self.target(kind)
        if name in self.scope.vars:
            self.change(name)
        self.set(other, kind, self.fresh())
        default = "None" if kind == "any" else self.literal(kind)
        if self.chance(0.5):
            return [f'self.{other} = getattr(self, "{name}", {default})']
        return [
            f'if hasattr(self, "{name}"):',
            f"    self.{other} = self.{name}",
            "else:",
            f"    self.{other} = {default}",
        ]

    def repeat(self) -> list[str]:
        name = self.mutable("int")
        if name is None:
            return self.assign()
        values = self.expression("list")
        self.change(name)
        return [f"for value in {values}:", f"    self.{name} += value"]

    def conditional(self) -> list[str]:
        lines = [f"if {self.truth()}:"]
        before = self.scope.copy()
        lines += [f"    {line}" for line in self.statement(0)]
        after, self.scope = self.scope, before
        if self.chance(0.4):
            lines += ["else:", *(f"    {line}" for line in self.statement(0))]
        self.scope = self.either([after, self.scope])
        return lines

    def of_foreach(self) -> list[str]:
        """What only a task of a foreach has."""
        frame = self.scope.frames[-1]
        ubf = frame.name == "_parallel_ubf_iter"
        known = frame.name in self.scope.vars and self.scope.vars[frame.name].sure
        if not (known or ubf or frame.name in self.parameters):
            name = f"seen_{self.fresh()}"
            self.set(name, "any", self.fresh())
            return [f"self.{name} = {self.pick('self.input', 'self.foreach_stack()')}"]
        if known and frame.kind == "list" and self.chance(0.3):
            self.change(frame.name)
            return [f"self.input.append({self.expression('int')})"]
        if known and not self.in_loop and self.chance(0.1):
            # As long as any list of a foreach, so that there is an item at each index.
            number, word = self.expression("int"), self.expression("str")
            kind, text = self.pick(("int", f"[{number}, 9, 8]"), ("str", f"[{word}, 'b', 'c']"))
            self.scope.frames = (*self.scope.frames[:-1], _Frame(frame.name, kind))
            self.set(frame.name, "items", self.fresh())
            lines = [f"self.{frame.name} = {text}"]
        else:
            lines = []
        kind = frame.kind if frame.kind in _KINDS else "any"
        if lines:
            kind = "any"  # self.input may be the old item still
        forms = [(kind, "self.input"), ("int", "self.index"), ("any", "self.foreach_stack()")]
        if not ubf:
            forms.append(("int", f"len(self.{frame.name})"))
        kind, text = self.pick(*forms)
        if text == "self.input" and kind in ("list", "dict", "record") and known:
            self.change(frame.name)
        name = self.target(kind)
        self.set(name, kind, self.fresh())
        return [*lines, f"self.{name} = {text}"]


def _listed(names: list[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except ValueError:
        return False
    return True
