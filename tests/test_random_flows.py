"""Random flows: whatever the translator accepts does the same under Metaflow and under Flyte.

A seed makes a flow of two to six steps that pass artifacts of all kinds on, change them in place
and on some paths only, and fail now and then. `RANDOM_FLOWS=5000 pytest -m fuzz` tries more.
"""

import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from codegen import translate
from tests.cases import Case, cases, for_metaflow
from tests.support.cheap_metaflow import run_cheap
from tests.support.metaflow_side import run_metaflow
from tests.support.random_runs import Outcome, errors_of, outcomes, report, with_planted

BATCH = 8
MOST_REFUSED = 0.4

_HELPERS = '''\
import copy
import functools
import itertools
import json
from collections import defaultdict
from contextlib import nullcontext, suppress
from dataclasses import dataclass

SCALE = 3
LABEL = "n°"


class Box:
    """Something that only pickle can carry."""

    def __init__(self, rows, n=0):
        self.rows = rows
        self.n = n

    def add(self, value):
        self.rows.append(value)
        self.n += 1
        return self

    def __call__(self, value):
        self.n = value
        return self

    @property
    def size(self):
        self.n += 1
        return len(self.rows)

    def __repr__(self):
        return f"Box({self.rows}, {self.n})"

    def total(self):
        return len(self.rows) + self.n


@dataclass
class Pair:
    left: list
    right: object = None


def push(rows, value=0):
    rows.append(value)
    return rows


def pure(rows):
    return [*rows, len(rows)]


def first(rows, default=None):
    for row in rows:
        return row
    return default


def fill(target, **more):
    target.update(more)
    return len(target)


def spread(*many):
    for one in many:
        one.append(len(many))
    return many


def deepen(rows, depth=0):
    if depth < 2:
        rows.append(depth)
        deepen(rows, depth + 1)
    return rows


def each(rows):
    for row in rows:
        yield row


def swap(pair):
    left, right = pair
    return right, left


def wrap(value):
    return {"value": value}


def unwrap(holder):
    return holder["value"]


def delegate(rows):
    yield from rows


def second(one, two=None, *rest, three=(), **more):
    two.append(one)
    return [*rest, *three, *more]


def fails(value, limit=5):
    if value > limit:
        raise ValueError(f"{value} is more than {limit}")
    return value
'''

_NAMES = (
    "a b items data rows list id json total table x _p __q text box start_out count type lines "
    "value locals_ Unset_ étape"
).split()
_LOCALS = "a x v tmp items rows data out total i".split()
_KINDS = "int float str bool none list rows dict lists tuple set box".split()
_TARGET = {"list": "int", "rows": "list", "lists": "list", "dict": "int"}


@dataclass
class _Maker:
    """Writes one flow. `sure` and `maybe` are the artifacts by kind, as far as it is tracked."""

    seed: int
    sure: dict[str, str] = field(default_factory=dict)
    maybe: dict[str, str] = field(default_factory=dict)
    local: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    transition: str | None = None
    serial: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    # ------------------------------------------------------------------ the flow

    def flow(self) -> str:
        count = self.random.choice([2, 3, 3, 4, 4, 5, 6])
        steps = ["start", *(f"step_{i}" for i in range(1, count - 1)), "end"]
        lines = ["from metaflow import FlowSpec, JSONType, Parameter, step", _HELPERS, ""]
        lines += ["class RandomFlow(FlowSpec):"]
        for name, kind in self.random.sample(
            [("n", "int"), ("flag", "bool"), ("word", "str"), ("given", "list")],
            self.random.randint(0, 4),
        ):
            default = {"int": "2", "bool": "False", "str": "'ab'", "list": "[1, 2]"}[kind]
            type_ = ", type=JSONType" if kind == "list" else ""
            lines.append(f"    {name} = Parameter({name!r}, default={default}{type_})")
            self.parameters[name] = kind
        for i, name in enumerate(steps):
            self.transition = f"self.next(self.{steps[i + 1]})" if i + 1 < count else None
            self.local = {}
            body: list[str] = []
            for _ in range(self.random.randint(2, 7)):
                body += self.statement(2)
            if self.transition:
                body.append(self.transition)
            lines += ["    @step", f"    def {name}(self):", *(f"        {line}" for line in body)]
            lines.append("")
        lines += ['if __name__ == "__main__":', "    RandomFlow()", ""]
        return "\n".join(lines)

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    # ------------------------------------------------------------------ names

    def fresh(self) -> str:
        self.serial += 1
        return f"z{self.serial}"

    def of_kind(self, *kinds: str) -> str | None:
        """An artifact, local or Parameter of one of the kinds, as an expression."""
        found = [f"self.{name}" for name, kind in self.sure.items() if kind in kinds]
        found += [name for name, kind in self.local.items() if kind in kinds]
        found += [f"self.{name}" for name, kind in self.parameters.items() if kind in kinds]
        if self.chance(0.03):
            found += [f"self.{name}" for name, kind in self.maybe.items() if kind in kinds]
        return self.random.choice(found) if found else None

    def artifact(self, *kinds: str) -> str | None:
        found = [name for name, kind in self.sure.items() if kind in kinds]
        if self.chance(0.03):
            found += [name for name, kind in self.maybe.items() if kind in kinds]
        return f"self.{self.random.choice(found)}" if found else None

    def target(self, kind: str) -> str:
        """Something to assign to, noted as being of that kind from now on."""
        if self.chance(0.2):
            name = self.random.choice(_LOCALS)
            self.local[name] = kind
            return name
        name = self.random.choice(_NAMES)
        self.sure[name] = kind
        self.maybe.pop(name, None)
        return f"self.{name}"

    # ------------------------------------------------------------------ expressions

    def expression(self, kind: str, depth: int = 2) -> str:
        known = self.of_kind(kind)
        if known and self.chance(0.45):
            return known
        if depth <= 0 or self.chance(0.3):
            return self.literal(kind)
        make: Callable[[int], list[str]] = getattr(self, f"_{kind}")
        return f"({self.random.choice(make(depth - 1))})"

    def literal(self, kind: str) -> str:
        number = self.random.randint(-3, 9)
        choices = {
            "int": [f"{number}", "SCALE", "10**20", "True + 1"],
            "float": [f"{number / 4}", "float('nan')", "-0.0", "1e300"],
            "str": ["'ü'", "''", f"'{number}'", "LABEL", "'a\\n\"b'"],
            "bool": ["True", "False"],
            "none": ["None"],
            "list": [f"[{number}, 2, 1]", "[]", "[1]", "list(range(3))", "[1, 'a', None]"],
            "rows": [f"[[{number}], [2, 3]]", "[[1]] * 2", "[[], [1]]"],
            "dict": [f"{{1: {number}, 2: 5}}", "{}", "{'k': 1, 3: 2}", "{(1, 2): 3, None: 4}"],
            "lists": [f"{{'k': [{number}], 'm': []}}", "{1: [2]}"],
            "tuple": [f"({number}, 'b')", "()", "(1, [2], {3: 4})", "(None,)"],
            "set": [f"{{{number}, 7}}", "set()", "frozenset({1, 2})"],
            "box": [f"Box([{number}])", "Box([], n=2)", "Box([[1], [2]])"],
        }
        text = self.random.choice(choices[kind])
        if "range" in text and "list" in self.local:
            return "[0, 1, 2]"
        return text

    def _int(self, d: int) -> list[str]:
        e = self.expression
        return [
            f"{e('int', d)} + {e('int', d)}",
            f"{e('int', d)} * 2 - 1",
            f"len({e(self.pick('list', 'rows', 'dict', 'str', 'tuple', 'set'), d)})",
            f"{e('box', d)}.total()",
            f"{e('dict', d)}.get(1, 0)",
            f"int({e('bool', d)})",
            f"{e('int', d)} if {self.condition(d)} else {e('int', d)}",
            f"max({e('int', d)}, {e('int', d)})",
            f"abs({e('int', d)}) % 5",
            f"fails({e('int', d)}, 8)",
            f"(first({e('rows', d)}) or [0])[0]",
        ]

    def _float(self, d: int) -> list[str]:
        e = self.expression
        return [
            f"{e('int', d)} / 4",
            f"{e('float', d)} + {e('int', d)}",
            f"float({e('int', d)})",
            f"round({e('float', d)}, 2)",
        ]

    def _str(self, d: int) -> list[str]:
        e = self.expression
        name = self.of_kind(*_KINDS) or "SCALE"
        return [
            f'f"{{{name}}}"',
            f'f"{{{name}!r:>4}} {{len({{}})}}"' if "{" not in name else "'f'",
            f'f"{{{name}=}}"' if "{" not in name else "'g'",
            f"{e('str', d)} + {e('str', d)}",
            f"{e('str', d)}.upper()",
            f"repr({e(self.pick(*_KINDS), d)})",
            f"'-'.join({e('str', d)})",
            f"{e('str', d)}[:2]",
            f"'%s of %r' % ({e('int', d)}, {e('list', d)})",
            "json.dumps(sorted([2, 1]))" if "json" not in self.local else "'j'",
        ]

    def _bool(self, d: int) -> list[str]:
        e = self.expression
        return [
            f"{e('int', d)} > 2",
            f"not {e('list', d)}",
            f"{e('int', d)} in {e('list', d)}",
            f"isinstance({e('box', d)}, Box)",
            f"{e('str', d)} == {e('str', d)}",
            f"{e('none', d)} is None",
            f"any({e('list', d)})",
        ]

    def _none(self, d: int) -> list[str]:
        return ["None", f"print({self.expression(self.pick(*_KINDS), d)})"]

    def _list(self, d: int) -> list[str]:
        e = self.expression
        i = self.pick("i", "x", "item")
        return [
            f"[{e('int', d)}, {e(self.pick(*_KINDS), d)}]",
            f"list({e(self.pick('list', 'tuple', 'dict'), d)})"
            if "list" not in self.local
            else "[4]",
            f"[{i} for {i} in {e('list', d)} if {i}]",
            f"[*{e('list', d)}, {e('int', d)}]",
            f"{e('list', d)} + {e('list', d)}",
            f"{e('list', d)}[1:]",
            f"pure({e('list', d)})",
            f"{e('lists', d)}.get('k', [])",
            f"first({e('rows', d)}, [])",
            f"copy.deepcopy({e('list', d)})",
            f"push({e('list', d)}, {e('int', d)})",
            f"{e('list', d)} or {e('list', d)}",
            f"{e('box', d)}.rows",
            f"unwrap(wrap({e('list', d)}))",
            f"[*map(lambda {i}: [{i}], {e('list', d)})]",
            f"Pair({e('list', d)}).left",
        ]

    def _rows(self, d: int) -> list[str]:
        e = self.expression
        return [
            f"[{e('list', d)}, {e('list', d)}]",
            f"{e('rows', d)} + [{e('list', d)}]",
            f"[row for row in {e('rows', d)}]",
            f"[*each({e('rows', d)})]",
            f"sorted({e('rows', d)}, key=len)",
            f"copy.copy({e('rows', d)})",
            f"[*{e('lists', d)}.values()]",
            f"[*spread({e('list', d)}, {e('list', d)})]",
            f"[[n for n in row] for row in {e('rows', d)}]",
        ]

    def _dict(self, d: int) -> list[str]:
        e = self.expression
        return [
            f"{{1: {e('int', d)}, {e('int', d)}: {e(self.pick(*_KINDS), d)}}}",
            f"{{**{e('dict', d)}, 4: {e('int', d)}}}",
            f"{{k: v for k, v in {e('dict', d)}.items()}}",
            f"dict({e('dict', d)})",
            f"{e('dict', d)} | {e('dict', d)}",
            f"dict(zip({e('str', d)}, {e('list', d)}))",
        ]

    def _lists(self, d: int) -> list[str]:
        e = self.expression
        return [
            f"{{'k': {e('list', d)}, 2: {e('list', d)}}}",
            f"{{**{e('lists', d)}}}",
            f"{e('lists', d)}.copy()",
            "defaultdict(list, k=[1])" if "list" not in self.local else "{}",
        ]

    def _tuple(self, d: int) -> list[str]:
        e = self.expression
        return [
            f"({e('int', d)}, {e(self.pick(*_KINDS), d)})",
            f"tuple({e('list', d)})",
            f"{e('tuple', d)} + ({e('list', d)},)",
            f"swap(({e('int', d)}, {e('list', d)}))",
        ]

    def _set(self, d: int) -> list[str]:
        e = self.expression
        return [f"{e('set', d)} | {{{e('int', d)}}}", f"set({e('str', d)})"]

    def _box(self, d: int) -> list[str]:
        e = self.expression
        return [
            f"Box({e('list', d)})",
            f"{e('box', d)}.add({e('int', d)})",
            f"copy.copy({e('box', d)})",
            f"Box({e('rows', d)}, n={e('int', d)})",
        ]

    def condition(self, depth: int = 1) -> str:
        if self.parameters and self.chance(0.5):
            name = self.random.choice(sorted(self.parameters))
            texts: dict[str, str] = {
                "int": f"self.{name} > {self.random.randint(0, 3)}",
                "bool": self.pick(f"self.{name}", f"not self.{name}"),
                "str": f"{self.pick('a', 'z')!r} in self.{name}",
                "list": f"len(self.{name}) == {self.random.randint(1, 3)}",
            }
            return texts[self.parameters[name]]
        return self.expression("bool", depth)

    # ------------------------------------------------------------------ statements

    def block(self, depth: int) -> list[str]:
        """Statements that may not run: what they set is set maybe."""
        sure, local = dict(self.sure), dict(self.local)
        lines: list[str] = []
        for _ in range(self.random.randint(1, 3)):
            lines += self.statement(depth - 1)
        for name, kind in self.sure.items():
            if sure.get(name) != kind:
                self.maybe[name] = kind
        self.sure = {n: k for n, k in sure.items() if self.sure.get(n) == k}
        self.local = {n: k for n, k in local.items() if self.local.get(n) == k}
        return [f"    {line}" for line in lines]

    def statement(self, depth: int) -> list[str]:
        simple = [
            (8, self.assign), (2, self.augment), (2, self.unpack), (6, self.method),
            (5, self.store), (3, self.alias), (4, self.helper), (1, self.delete_item),
            (1, self.walrus), (1, self.comprehension), (1, self.show), (0.5, self.delete),
            (0.3, self.fail), (0.04, self.unset), (1, self.attribute), (0.5, self.annotate),
        ]  # fmt: skip
        compound = [
            (4, self.conditional), (3, self.loop), (1, self.repeat), (2, self.attempt),
            (1, self.context), (2, self.nested), (0.5, self.early), (0.5, self.match),
        ]  # fmt: skip
        choices = simple + (compound if depth > 0 else [])
        weights = [weight for weight, _ in choices]
        make: Any = self.random.choices([make for _, make in choices], weights)[0]
        lines: list[str] = make(depth) if make in [made for _, made in compound] else make()
        return lines

    def assign(self) -> list[str]:
        kind = self.pick(*_KINDS)
        value = self.expression(kind)
        if self.chance(0.1):
            return [f"{self.target(kind)} = {self.target(kind)} = {value}"]
        return [f"{self.target(kind)} = {value}"]

    def annotate(self) -> list[str]:
        value = self.expression("int")
        return [f"{self.target('float')}: float = {value}"]

    def augment(self) -> list[str]:
        kind = self.pick("int", "list", "rows", "str", "set", "float")
        known = self.artifact(kind)
        if known is None:
            return self.assign()
        operator = {"set": "|="}.get(kind, "+=")
        return [f"{known} {operator} {self.expression(kind)}"]

    def unpack(self) -> list[str]:
        kinds = [self.pick(*_KINDS) for _ in range(2)]
        values = ", ".join(self.expression(kind) for kind in kinds)
        form = self.random.randint(0, 3)
        if form == 0:
            value = self.expression("list")
            rest = self.target("list")
            return [f"{self.target('int')}, *{rest} = [1, *{value}]"]
        if form == 1 and (known := self.of_kind("rows")):
            rest = self.target("rows")
            return [f"{self.target('list')}, *{rest} = {known}"]
        if form == 2:
            pair = f"swap(({values}))"
            return [f"{self.target(kinds[1])}, {self.target(kinds[0])} = {pair}"]
        return [f"{self.target(kinds[0])}, {self.target(kinds[1])} = {values}"]

    def method(self) -> list[str]:
        e = self.expression
        kind = self.pick("list", "list", "rows", "dict", "lists", "set", "box")
        known = self.of_kind(kind)
        if known is None:
            return self.assign()
        calls = {
            "list": [
                f"append({e('int')})", f"extend({e('list')})", f"insert(0, {e('int')})",
                "reverse()", "clear()", "sort(key=str)", "copy()", f"count({e('int')})",
                f"append({e('list')})",
            ],
            "rows": [f"append({e('list')})", "reverse()", f"extend({e('rows')})"],
            "dict": [
                f"update({{5: {e('int')}}})", f"setdefault(6, {e('int')})", "pop(1, None)",
                "get(1)", "items()", f"update({e('dict')})",
            ],
            "lists": [
                f"setdefault('k', []).append({e('int')})", f"update(z={e('list')})",
                "get('k', []).append(3)", "pop('k', None)", "keys()",
            ],
            "set": [f"union({e('set')})", "copy()", "issubset({1})"],
            "box": [f"add({e('int')})", "total()", f"rows.append({e('int')})"],
        }[kind]  # fmt: skip
        return [f"{known}.{self.random.choice(calls)}"]

    def store(self) -> list[str]:
        e = self.expression
        known = self.of_kind("dict", "lists", "rows", "box")
        if known is None:
            return self.assign()
        name = known.removeprefix("self.")
        kind = self.local.get(known) or self.sure.get(name) or self.maybe.get(name) or "dict"
        return [
            self.random.choice(
                {
                    "dict": [f"{known}[{e('int')}] = {e('int')}", f"{known}['k'] = {e('list')}"],
                    "lists": [f"{known}['k'] = {e('list')}", f"{known}['n'] = [{e('int')}]"],
                    "rows": [f"{known}[:] = {e('rows')}", f"{known}[0:1] = [{e('list')}]"],
                    "box": [f"{known}.n = {e('int')}", f"{known}.rows = {e('list')}"],
                }.get(kind, [f"print({known})"])
            )
        ]

    def attribute(self) -> list[str]:
        known = self.of_kind("box")
        return [f"{known}.n += 1"] if known else self.assign()

    def alias(self) -> list[str]:
        kind = self.pick("list", "rows", "dict", "box", "lists")
        known = self.of_kind(kind)
        if known is None:
            return self.assign()
        name = self.random.choice(_LOCALS)
        self.local[name] = kind
        if kind == "rows" and self.chance(0.4):
            self.local[name] = "list"
            return [f"{name} = first({known}, [0])", f"{name}.append({self.expression('int')})"]
        lines = [f"{name} = {known}"]
        return lines + self.method() if self.chance(0.6) else lines

    def helper(self) -> list[str]:
        e = self.expression
        calls = [
            f"push({e('list')}, {e('int')})", f"push(value={e('int')}, rows={e('list')})",
            f"fill({e('lists')}, q={e('list')})", f"spread({e('list')}, {e('list')})",
            f"deepen({e('list')})", f"push(first({e('rows')}, []))", f"pure({e('list')})",
            f"print(first({e('rows')}))", f"push(Pair({e('list')}, 1).left)",
            f"push(unwrap(wrap({e('list')})))", f"functools.reduce(push, [1], {e('list')})",
            f"[*map(push, {e('rows')})]", f"sorted({e('rows')}, key=pure)",
            f"[push(row) for row in each({e('rows')})]",
            f"list(itertools.starmap(push, [({e('list')}, 1)]))",
            f"push(max({e('rows')}, key=len, default=[]))",
            f"list.append({e('list')}, {e('int')})",
            f"[*map({e('list')}.append, [1, 2])]",
            f"sorted({e('rows')}, key=lambda row: row.append(1) or len(row))",
            f"second(*[{e('int')}, {e('list')}])",
            f"second({e('int')}, two={e('list')}, three={e('list')}, k={e('list')})",
            f"second(**{{'two': {e('list')}, 'one': 1}})",
            f"[push(row) for row in delegate({e('rows')})]",
            f"{e('box')}({e('int')})",
            f"print({e('box')}.size)",
            f"{e('lists')}.__setitem__('k', {e('list')})",
            f"(lambda rows={e('list')}: rows.append(1))()",
            f"(push if {self.condition()} else pure)({e('list')})",
            f"[pure, push][1]({e('list')})",
            f"getattr({e('list')}, 'append')(1)",
            f"functools.partial(push, {e('list')})(2)",
            f"{e('rows')}[:1] and {e('rows')}[0].append({e('int')})",
            f"print({e('lists')}['k'])",
        ]  # fmt: skip
        call: str = self.random.choice(calls)
        if call.startswith("list(") and "list" in self.local:
            return ["pass"]
        return [call]

    def delete_item(self) -> list[str]:
        known = self.of_kind("list", "rows")
        return [f"del {known}[:1]"] if known else self.assign()

    def walrus(self) -> list[str]:
        name = self.random.choice(_LOCALS)
        value = self.expression("list")
        self.local[name] = "list"
        return [f"print(({name} := {value}))"]

    def comprehension(self) -> list[str]:
        known = self.of_kind("rows")
        name = self.pick("row", "x", "items", "rows")
        return (
            [f"[{name}.append({self.expression('int', 1)}) for {name} in {known}]"]
            if (known)
            else self.assign()
        )

    def show(self) -> list[str]:
        return [f"print({self.expression(self.pick(*_KINDS))})"]

    def delete(self) -> list[str]:
        known = self.artifact(*_KINDS)
        if known is None:
            return self.assign()
        name = known.removeprefix("self.")
        del_ = [f"print({known})", f"del {known}"] if self.chance(0.7) else [f"del {known}"]
        self.sure.pop(name, None)
        return del_

    def fail(self) -> list[str]:
        return [f"if {self.condition()}: raise ValueError({self.expression('str')})"]

    def unset(self) -> list[str]:
        return [f"{self.target('int')} = self.never"]

    # ------------------------------------------------------------------ blocks

    def conditional(self, depth: int) -> list[str]:
        lines = [f"if {self.condition()}:", *self.block(depth)]
        if self.chance(0.3):
            lines += [f"elif {self.condition()}:", *self.block(depth)]
        if self.chance(0.5):
            lines += ["else:", *self.block(depth)]
        return lines

    def loop(self, depth: int) -> list[str]:
        form = self.random.randint(0, 4)
        name = self.random.choice(_LOCALS)
        if form == 0 and (known := self.of_kind("rows")):
            return [f"for {name} in {known}:", f"    {name}.append({self.expression('int', 1)})"]
        if form == 1 and (known := self.of_kind("lists")):
            return [
                f"for key, {name} in {known}.items():",
                f"    {name}.append({self.expression('int', 1)})",
            ]
        if form == 2:
            value = self.expression("int")
            return [f"for {self.target('int')} in ({value}, 2):", *self.block(depth)]
        head = f"for {name} in {self.pick('(1, 2)', '[]', self.expression('tuple', 1))}:"
        lines = [head, *self.block(depth)]
        if self.chance(0.4):
            lines += [f"    if {self.condition()}:", f"        {self.pick('break', 'continue')}"]
            lines += self.block(depth)
        if self.chance(0.3):
            lines += ["else:", *self.block(depth)]
        return lines

    def repeat(self, depth: int) -> list[str]:
        name = self.fresh()
        head = self.pick(f"while {name} < 2:", "while True:")
        lines = [f"{name} = 0", head, f"    {name} += 1"]
        if self.chance(0.3):
            lines += [f"    if {self.condition()}: break"]
        lines += self.block(depth)
        if "True" in head:
            lines += [f"    if {name} > {self.random.randint(0, 2)}:", "        break"]
            lines += self.block(depth) if self.chance(0.3) else []
        elif self.chance(0.3):
            lines += ["else:", *self.block(depth)]
        return lines

    def attempt(self, depth: int) -> list[str]:
        lines = ["try:", *self.block(depth)]
        if self.chance(0.5):
            lines += [f"    {line}" for line in self.fail()]
        if self.chance(0.9):
            kind = self.pick(
                "ValueError", "(ValueError, TypeError)", "Exception", "KeyError", "AttributeError"
            )
            name = self.pick("", " as error", " as x")
            lines += [f"except {kind}{name}:", *self.block(depth)]
            if name:
                self.local.pop("x", None)
            if self.chance(0.3):
                lines += ["else:", *self.block(depth)]
            if self.chance(0.3):
                lines += ["finally:", *self.block(depth)]
        else:
            lines += ["finally:", *self.block(depth)]
        return lines

    def context(self, depth: int) -> list[str]:
        head = self.pick("suppress(ValueError, TypeError)", "suppress(Exception)")
        if self.chance(0.4):
            value = self.expression("list")
            head = f"nullcontext({value}) as {self.target('list')}"
        return [f"with {head}:", *self.block(depth)]

    def nested(self, depth: int) -> list[str]:
        name = self.fresh()
        known = self.of_kind("list", "rows")
        form = self.random.randint(0, 5)
        if form == 4 and known:
            default = self.pick("rows", "*, rows")
            return [f"def {name}({default}={known}):", "    rows.append(2)", f"{name}()"]
        if form == 5 and known:
            return [
                f"class {name}:",
                f"    held = {known}",
                "    def get(self, rows, more=" + known + "):",
                "        rows.append(more)" if self.chance(0.5) else "        self.held.append(1)",
                f"{name}().get([])",
            ]
        if form == 0 and known:
            return [f"def {name}(value):", f"    {known}.append(value)", f"{name}([1])"]
        if form == 1:
            value = self.expression("list")
            return [
                f"def {name}(rows, value=1):", "    rows.append(value)", "    return rows",
                f"{self.target('list')} = {name}({value})",
            ]  # fmt: skip
        if form == 2 and known:
            return [
                f"{name} = lambda rows: rows.append({self.expression('int')})",
                f"{name}({known})",
            ]
        value = self.expression(self.pick(*_KINDS))
        return [f"def {name}():", f"    return {value}", f"{self.target('list')} = [{name}()]"]

    def early(self, depth: int) -> list[str]:
        lines = [f"if {self.condition()}:", *self.block(depth)]
        return [*lines, *([f"    {self.transition}"] if self.transition else []), "    return"]

    def match(self, depth: int) -> list[str]:
        name = self.pick("x", "rest", "items")
        return [
            f"match {self.expression(self.pick('list', 'dict', 'tuple'))}:",
            f"    case [first_, *{name}]:",
            *[f"    {line}" for line in self.block(depth)],
            f"    case {{1: {self.pick('v', 'a')}}}:",
            *[f"    {line}" for line in self.block(depth)],
            *(["    case _:", *[f"    {line}" for line in self.block(depth)]]
              if self.chance(0.5) else []),
        ]  # fmt: skip


# ---------------------------------------------------------------------- running


def _arguments(seed: int, source: str) -> dict[str, Any]:
    """Values for some of the Parameters of a flow."""
    chooser = random.Random(seed)
    values: dict[str, list[Any]] = {
        "n": [0, 3, 7],
        "flag": [True, False],
        "word": ["z", ""],
        "given": [[], [3]],
    }
    return {
        name: chooser.choice(values[name])
        for name in values
        if f"    {name} = Parameter(" in source and chooser.random() < 0.5
    }


def _outcomes(seeds: Iterable[int], folder: Path) -> dict[int, Outcome]:
    return outcomes({seed: _Maker(seed).flow() for seed in seeds}, folder, _arguments)


# ---------------------------------------------------------------------- tests


@pytest.mark.parametrize("batch", range(3))
def test_random_flows(batch: int, tmp_path: Path) -> None:
    seeds = range(batch * BATCH, (batch + 1) * BATCH)
    found = _outcomes(seeds, tmp_path)
    assert report(found) == ""


@pytest.mark.fuzz
@pytest.mark.parametrize("batch", range(int(os.environ.get("RANDOM_FLOWS", "0")) // BATCH))
def test_many_random_flows(batch: int, tmp_path: Path) -> None:
    start = int(os.environ.get("RANDOM_FLOWS_SEED", "1000")) + batch * BATCH
    found = _outcomes(range(start, start + BATCH), tmp_path)
    assert report(found) == ""


def test_most_random_flows_are_accepted() -> None:
    """Otherwise the tests above would say little."""
    codes = Counter[str]()
    refused = 0
    for seed in range(20):
        errors = errors_of(translate(_Maker(seed).flow(), "flow.py"))
        refused += bool(errors)
        codes.update({error.code for error in errors})
    assert refused / 20 < MOST_REFUSED, codes
    assert "MF002" not in codes


def test_a_wrong_translation_is_found(tmp_path: Path) -> None:
    """The property can fail: a module that returns something else does not pass."""
    source = _Maker(3).flow()
    assert any("planted" in line for line in with_planted(3, source, tmp_path, _arguments))


# ---------------------------------------------------------------------- the stand-in


#: Cases with other shapes: test_support_cheap_metaflow.py and test_random_graphs.py have those.
_GRAPHS = re.compile("(split|merge|foreach|nested|switch|loop|parallel|graph)_")
_QUICK = {"mutation", "deleted", "early_next", "private_mangled", "parameter_types"}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=() if case.name in _QUICK else pytest.mark.slow)
        for case in cases()
        if case.module.exists() and not _GRAPHS.match(case.name)
    ],
)
def test_stand_in_is_faithful(case: Case) -> None:
    """The cheap Metaflow leaves what the real one leaves."""
    flow = case.flow()
    for run in case.runs[: 1 if case.name in _QUICK else None]:
        given = for_metaflow(flow, run["parameters"])
        expected = run_metaflow(case.path, given, flow_name=flow.name)
        found = run_cheap(case.path, given, flow_name=flow.name)
        assert found.steps == expected.steps
        assert found.failed_step == expected.failed_step
        assert (found.error is None) == (expected.error is None)
        assert found.parents == expected.parents
        assert found.constants == expected.constants
