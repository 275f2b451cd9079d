"""Which artifacts a step may change in place: those that it must name, and those it need not."""

import pytest

from tests.unit.sources import changed

BEFORE = """
    self.rows = [[1], [2]]
    self.names = {"a": [1]}
    self.box = Box([1])
    self.other = [[3]]
    self.it = iter([1, 2])
    self.found = defaultdict(list)
    self.number = 1
    self.array = np.array([3, 1, 2])
    self.text = io.StringIO()
"""

HEAD = """
import bisect, copy, csv, functools, heapq, io, itertools, json, logging, math, operator, pickle
import pprint, random, statistics
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from elsewhere import Strange, strange

CACHE = []
REGISTRY = {}
logger = logging.getLogger()


class Box:
    def __init__(self, rows): self.rows = rows
    def add(self, row): self.rows.append(row)
    def get(self, key): self.key = key


@dataclass
class Pair:
    left: list
    right: list = None
    def grow(self): self.left.append(1)


class Point(NamedTuple):
    x: list
    y: list


class Plain:
    current = None


class Counted(Plain):
    left: list


def push(rows, value=1):
    rows.append(value)


def pure(rows):
    return [*rows]


def same(rows):
    return rows


def first(rows):
    return rows[0]


def through(rows):
    push(same(rows))


def recursive(rows, depth=0):
    if depth > 3:
        rows.append(depth)
    else:
        recursive(rows, depth + 1)


def even(rows, n):
    return odd(rows, n - 1) if n else rows


def odd(rows, n):
    return even(rows, n - 1)


def many(*rows):
    for row in rows:
        row.append(1)


def many_pure(*rows):
    return len(rows)


def options(**rows):
    for row in rows.values():
        row.append(1)


def by_name(*, rows, **more):
    rows.append(1)


def either(rows=None, **more):
    rows.append(1)


def second(one, two):
    two.append(one)


def default(rows=None):
    rows = rows or []
    rows.append(1)


def generator(rows):
    for row in rows:
        yield row


def delegating(rows):
    yield from rows


def keep(rows):
    CACHE.append(rows)


def keep_by_key(rows):
    REGISTRY["rows"] = rows


def last():
    CACHE[-1].append(1)


def inner(rows):
    def change():
        rows.append(1)
    change()


def maker(rows):
    def change():
        rows.append(1)
    return change


def total(numbers):
    return sum(numbers)


def look(table):
    return len(table["k"])


def rebind(rows):
    rows = list(rows)
    rows.append(1)
    return rows


def rebind_inner(rows):
    rows = list(rows)
    rows[0].append(1)


@functools.cache
def decorated(rows):
    return 1


async def waits(rows):
    return await rows


constant = lambda rows: rows.append(1)
"""

# Every statement changes the artifact.
CHANGES = {
    "rows": [
        "self.rows.append([3])", "self.rows[0] = 1", "self.rows[0][0] = 1", "self.rows[:] = []",
        "del self.rows[0]", "del self.rows[0][0]", "self.rows += [1]", "self.rows *= 2",
        "self.rows[0] += [1]", "self.rows.sort()", "self.rows[0].append(1)",
        "self.rows.unknown()", "self.rows[0].unknown()",
        # by another name
        "x = self.rows\nx.append(1)", "x = self.rows[0]\nx.append(1)", "x = y = self.rows\ny.pop()",
        "x, y = self.rows, 1\nx.append(1)", "x, y = self.rows\ny.append(1)",
        "x, *y = self.rows\ny[0].append(1)", "(x := self.rows).append(1)",
        "x = self.rows if c else None\nx.append(1)", "x = None or self.rows\nx.append(1)",
        "x: list = self.rows\nx.append(1)", "x = self.rows\nx += [1]",
        "self.b = self.rows\nself.b.append(1)", "x = [self.rows]\nx[0].append(1)",
        "x = {'k': self.rows}\nx['k'].append(1)", "x = (1, self.rows)\nx[1].append(1)",
        "x = [*self.rows]\nx[0].append(1)", "x = {}\nx['k'] = self.rows\nx['k'].append(1)",
        "x = []\nx.append(self.rows)\nx[0].append(1)", "x = [0]\nx[0] = self.rows\nx[0].append(1)",
        "x = Plain()\nx.rows = self.rows\nx.rows.append(1)", "x = self.rows + []\nx[0].append(1)",
        "x = self.rows * 2\nx[0].append(1)", "x = self.rows[:]\nx[0].append(1)",
        "x = self.rows.copy()\nx[0].append(1)", "x = list(self.rows)\nx[0].append(1)",
        "x = sorted(self.rows)\nx[0].append(1)", "x = max(self.rows, key=len)\nx.append(1)",
        "x = next(iter(self.rows))\nx.append(1)", "x = copy.copy(self.rows)\nx[0].append(1)",
        "x = tuple(self.rows)\nx[0].append(1)", "x = self.rows.pop()", "x = self.rows[0:1].pop()",
        "x = deque(self.rows)\nx[0].append(1)", "x = getattr(self.rows, 'append')\nx(1)",
        "getattr(self.rows, 'append')(1)", "x = self.rows.append\nx(1)",
        # in loops
        "for x in self.rows: x.append(1)", "for i, x in enumerate(self.rows): x.append(1)",
        "for x, y in zip(self.rows, self.other): x.append(1)",
        "for x in reversed(self.rows): x.append(1)", "for self.rows[0] in v: pass",
        "for x in v:\n    x = self.rows\n    x.append(1)", "while c: self.rows.append(1)",
        "[x.append(1) for x in self.rows]", "{x.pop() for x in self.rows}",
        "{1: x.pop() for x in self.rows}", "any(x.append(1) for x in self.rows)",
        "[y for x in self.rows if x.append(1)]", "x = [y for y in self.rows]\nx[0].append(1)",
        # in other statements
        "if c: self.rows.append(1)", "try: self.rows.append(1)\nexcept E: pass",
        "try: pass\nexcept E: self.rows.append(1)", "try: pass\nfinally: self.rows.append(1)",
        "with v as x: self.rows.append(1)", "with self.rows as x: pass",
        "with v as self.rows[0]: pass",
        "match self.rows:\n    case [x, *y]: x.append(1)",
        "match self.rows:\n    case x: x.append(1)",
        "match self.rows:\n    case {'k': x, **y}: y['z'].append(1)",
        "match v:\n    case 1 if self.rows.pop(): pass", "assert self.rows.pop()",
        "raise ValueError(self.rows.pop())", "print(f'{self.rows.pop()}')",
        "return_ = not self.rows.pop()", "x = 1 < self.rows.pop()", "x = v[self.rows.pop()]",
        "print(*[y.append(1) for y in self.rows])", "lambda_ = lambda: self.rows.append(1)",
        # through functions of the module
        "push(self.rows)", "push(rows=self.rows)", "push(*[self.rows])",
        "push(**{'rows': self.rows})",
        "push(self.rows[0])", "push(same(self.rows))", "push(first(self.rows))",
        "same(self.rows).append(1)", "first(self.rows).append(1)", "pure(self.rows)[0].append(1)",
        "through(self.rows)", "recursive(self.rows)", "x = even(self.rows, 2)\nx.append(1)",
        "many(1, self.rows)", "options(k=self.rows)", "by_name(rows=self.rows)",
        "either(**{'rows': self.rows})", "second(*[1, self.rows])", "second(1, *[self.rows])",
        "second(two=self.rows, one=1)", "default(self.rows)", "inner(self.rows)",
        "maker(self.rows)()", "rebind_inner(self.rows)", "constant(self.rows)",
        "decorated(self.rows)", "x = rebind(self.rows)\nx[0].append(1)",
        "for x in generator(self.rows): x.append(1)", "for x in delegating(self.rows): x.append(1)",
        "keep(self.rows)\nCACHE[-1].append(1)", "keep(self.rows)\nlast()",
        "CACHE.append(self.rows)\nlast()", "keep_by_key(self.rows)\nREGISTRY['rows'].append(1)",
        "Plain.current = self.rows\nlast()",
        # through nested functions
        "def g(): self.rows.append(1)", "def g(x): x.append(1)\ng(self.rows)",
        "def g(x): x.append(1)\ng(x=self.rows)", "def g(*x): x[0].append(1)\ng(self.rows)",
        "def g(**x): x['k'].append(1)\ng(k=self.rows)", "def g(x=self.rows): x.append(1)\ng()",
        "def g(*, x=self.rows): x.append(1)\ng()", "def g(): return self.rows\ng().append(1)",
        "def g(x): return x\ng(self.rows).append(1)", "g = lambda x: x.append(1)\ng(self.rows)",
        "g = lambda x=self.rows: x.append(1)\ng()", "(lambda x: x.append(1))(self.rows)",
        "def g(x): x.append(1)\nh = g\nh(self.rows)", "async def g(): self.rows.append(1)",
        "def g(x):\n    if x: g(x[0])\n    x.append(1)\ng(self.rows)",
        "class C:\n    def m(s): self.rows.append(1)", "class C:\n    x = self.rows.pop()",
        "class C:\n    def get(s, x): x.append(1)\nC().get(self.rows)",
        "@deco(self.rows.pop())\ndef g(): pass",
        # through callbacks
        "list(map(push, self.rows))", "[*map(lambda x: x.append(1), self.rows)]",
        "sorted(self.rows, key=lambda x: x.pop())", "sorted(self.rows, key=list.pop)",
        "[*map(list.pop, self.rows)]", "[*map(self.rows.append, [1])]",
        "add = self.rows.append\n[*map(add, [1])]", "def g(x): x.append(1)\n[*map(g, self.rows)]",
        "[*filter(strange, self.rows)]", "x = list(self.rows)\nx.sort(key=lambda y: y.pop())",
        "functools.reduce(push, [1], self.rows)", "functools.partial(push, self.rows)()",
        "operator.methodcaller('append', 1)(self.rows)",
        # through classes
        "x = Pair(self.rows)\nx.left.append(1)", "x = Pair(self.rows)\nx.grow()",
        "x = Pair(right=self.rows)\nx.right.append(1)", "x = Point(self.rows, 1)\nx.x.append(1)",
        "Box(self.rows)", "Strange(self.rows)", "Counted(self.rows)",
        "x = Pair(self.rows)\npush(x.left)", "[x.left.append(1) for x in [Pair(self.rows)]]",
        # through the library
        "random.shuffle(self.rows)", "heapq.heapify(self.rows)", "bisect.insort(self.rows, 1)",
        "strange(self.rows)", "Strange.method(self.rows)", "v[0](self.rows)",
        "list.append(self.rows, 1)", "list.sort(self.rows)", "operator.setitem(self.rows, 0, 1)",
        "operator.iadd(self.rows, [1])", "setattr(self.rows, 'x', 1)", "exec_(self.rows)",
        "from bisect import insort as max\nmax(self.rows, 1)",
        "self.rows()",
    ],
    "names": [
        "self.names['b'] = 1", "self.names.update(b=1)", "self.names.setdefault('b', 1)",
        "self.names.pop('a')", "self.names |= {'b': 1}", "del self.names['a']",
        "self.names.get('a').append(1)", "self.names['a'].append(1)",
        "for x in self.names.values(): x.append(1)",
        "for k, x in self.names.items(): x.append(1)", "x = {**self.names}\nx['a'].append(1)",
        "x = dict(self.names)\nx['a'].append(1)", "x = self.names | {}\nx['a'].append(1)",
        "dict.update(self.names, a=1)", "self.names.setdefault('a', []).append(1)",
        "x = {k: v for k, v in self.names.items()}\nx['a'].append(1)",
        "vars(self.names)['x'] = 1", "x = OrderedDict(self.names)\nx['a'].append(1)",
        "x = list(self.names.values())\nx[0].append(1)",
    ],
    "box": [
        "self.box.add(1)", "self.box.rows = []", "self.box.rows.append(1)", "self.box.n += 1",
        "del self.box.rows", "self.box.get('k')", "x = self.box\nx.add(1)",
        "x = self.box.rows\nx.append(1)", "push(self.box.rows)", "x = [self.box]\nx[0].add(1)",
        "self.box()", "self.box(1)", "setattr(self.box, 'n', 1)", "[*map(self.box.add, [1])]",
        "add = self.box.add\nadd(1)", "delattr(self.box, 'rows')", "with self.box: pass",
        "x = copy.copy(self.box)\nx.rows.append(1)",
    ],
    "it": [
        "next(self.it)", "for x in self.it: pass", "list(self.it)", "x, y = self.it",
        "print(*self.it)", "x = [*self.it]", "sum(self.it)", "1 in self.it", "[x for x in self.it]",
        "dict(self.it)", "x = self.it\nnext(x)", "zip(self.it, [1])", "total(self.it)",
        "''.join(self.it)", "x = []\nx.extend(self.it)", "json.dumps(list(self.it))",
        "statistics.mean(self.it)", "math.fsum(self.it)", "Counter(self.it)", "self.it.__next__()",
        "first = next(self.it, None)", "x = {*self.it}", "strange(self.it)",
    ],
    "found": ["self.found['k']", "x = self.found\nx['k']", "look(self.found)",
              "self.found['k'].append(1)", "[self.found[x] for x in v]"],
    "array": [
        "self.array[0] = 1", "self.array += 1", "self.array.sort()", "self.array.fill(0)",
        "np.add(self.array, 1, out=self.array)", "np.add(self.array, 1, self.array)",
        "np.clip(self.array, 0, 1, self.array)", "np.random.shuffle(self.array)",
        "self.array.partition(1)", "np.put(self.array, 0, 1)", "np.copyto(self.array, 0)",
        "np.nan_to_num(self.array, copy=False)", "np.add.at(self.array, 0, 1)",
        "x = self.array[:2]\nx[0] = 1", "x = self.array.reshape(3, 1)\nx[0] = 1",
        "x = np.asarray(self.array)\nx[0] = 1", "x = self.array.T\nx[0] = 1",
        "x = pd.Series(self.array)\nx[0] = 1", "self.array.resize(5)", "self.array.shape = (3, 1)",
        "self.array.unknown(inplace=True)", "self.array.fillna(0, inplace=True)",
        "self.array.loc[0] = 1", "self.array.drop(0, inplace=True)", "self.array.insert(0, 'x', 1)",
    ],
    "text": [
        "self.text.write('a')", "print('a', file=self.text)", "json.dump([1], self.text)",
        "csv.writer(self.text)", "pprint.pprint([1], self.text)", "pickle.dump(1, self.text)",
        "pprint.pprint([1], stream=self.text)",
    ],
}  # fmt: skip

# No statement changes anything.
READS = [
    "print(self.rows, self.names)", "x = self.rows[0][0]", "x = len(self.rows)",
    "x = [row[0] for row in self.rows]", "x = self.rows + [1]", "x = f'{self.rows!r}'",
    "x = self.rows\nx = x + [1]", "x = list(self.rows)\nx.append(1)",
    "x = [self.rows]\nx.append(1)",
    "x = self.rows.copy()\nx.append(1)", "x = copy.deepcopy(self.rows)\nx[0].append(1)",
    "x = sorted(self.rows)\nx.reverse()", "x = [*self.rows]\nx.pop()",
    "x = self.rows[0] == [1]", "x = self.rows is None", "x = [1] in self.rows",
    "for row in self.rows: print(row)", "x = {**self.names}\nx['b'] = 1",
    "x = dict(self.names)\nx['b'] = 1", "x = list(self.names)",
    "for key, value in self.names.items(): print(key, value)", "x = sum(self.rows[0])",
    "x = max(self.rows[0])", "x = json.dumps(self.rows)", "x = self.rows.count(1)",
    "x = self.rows.index([1])", "x = ','.join(str(y) for y in self.rows)",
    "x = pure(self.rows)", "x = pure(self.rows)\nx.append(1)", "x = same(self.rows)",
    "x = first(self.rows)", "x = many_pure(self.rows)",
    "x = [1]\npush(x)", "x = [self.rows]\nx[0] = None", "x = Pair(self.rows)\nprint(x.left)",
    "x = Point(self.rows, 1)", "x = sorted(self.rows, key=len)",
    "x = sorted(self.rows, key=lambda y: y[0])", "x = [*map(pure, self.rows)]",
    "x = [*map(str, self.rows)]", "def g(): return self.rows[0]\nx = g()[0]",
    "def g(x): return len(x)\ny = g(self.rows)", "def g(x): x.append(1)\ng([1])",
    "logger.info('%s', self.rows)", "logging.info('%s', self.rows)",
    "x = math.sqrt(self.rows[0][0])", "x = statistics.mean(self.rows[0])",
    "x = Counter(self.rows[0])", "x = self.array.mean()", "x = self.array + 1",
    "x = np.sum(self.array)", "x = self.array.tolist()", "x = self.array.max()",
    "x = self.array[0]", "x = self.array.sum(axis=0)", "x = pd.DataFrame(self.names)",
    "x = self.number + 1", "x = self.number\nx += 1", "strange(self.number)",
    "x = self.name\nx.append(1)", "self.rows = [1]", "self.rows, x = [1], 2",
    "x = copy.deepcopy(self.names)\nx['a'].append(1)", "assert self.rows, 'none'",
    "if self.rows: print('some')", "while not self.rows: pass", "raise ValueError(self.rows)",
    "x = isinstance(self.rows, list)", "x = any(self.rows)", "x = tuple(self.rows)",
    "x = bool(self.rows)", "x = repr(self.box)", "x = self.rows[-1:]", "x = not self.rows",
    "x = self.rows[0][0] if self.rows else None", "x = len(self.found)", "x = 'k' in self.found",
    "x = list(enumerate(self.rows))", "x = list(zip(self.rows, v))",
    "del self.rows", "x = set(self.rows[0])\nx.discard(1)", "x = [row for row in self.rows]",
    "x = (self.rows, self.names)", "x = -self.number", "x = pickle.dumps(self.rows)",
]  # fmt: skip


@pytest.mark.parametrize(
    ("artifact", "body"),
    [(name, body) for name, bodies in CHANGES.items() for body in bodies],
)
def test_changes(artifact: str, body: str) -> None:
    assert artifact in changed(BEFORE, body, head=HEAD)


@pytest.mark.parametrize("body", READS)
def test_reads(body: str) -> None:
    assert changed(BEFORE, body, head=HEAD) == set()


def test_names_of_the_module_s_own_methods_say_nothing() -> None:
    """`get` is pure on a dict, but not where a class of the module has such a method."""
    before, body = "self.names = {}", "x = self.names.get('a')"
    assert changed(before, body) == set()
    assert changed(before, body, head=HEAD) == {"names"}


def test_others_stay_out() -> None:
    """A change names the artifact that it is about, not all that the step mentions."""
    body = "self.rows.append(len(self.names))\nx = [self.other]\nx.append(self.names)"
    assert changed(BEFORE, body, head=HEAD) == {"rows"}
    body = "push(self.rows, self.number)\nprint(self.names)"
    assert changed(BEFORE, body, head=HEAD) == {"rows"}


def test_parameters_are_never_changed() -> None:
    members = "n = Parameter('n', type=JSONType, default='[]')"
    assert changed("pass", "self.n.append(1)\nx = self.n\nx.append(1)", members=members) == set()


def test_private_names() -> None:
    found = changed("self._a = []\nself.__b = []", "self._a.append(1)\nself.__b.append(1)")
    assert found == {"_a", "_TheFlow__b"}


@pytest.mark.parametrize(
    "before",
    [
        "self.x = iter([1])",
        "self.x = map(str, [1])",
        "y = zip([1], [2])\nself.x = y",
        "self.x = itertools.count()",
        "self.x = made()",
        "self.x = iter([1]) if c else None",
        "self.x = None or iter([1])",
        "self.x: object = iter([1])",
        "self.x, self.y = iter([1]), 2",
        "self.x = CHAIN",
    ],
)
def test_iterators_are_consumed(before: str) -> None:
    head = """
        import itertools
        CHAIN = itertools.chain([1], [2])
        def made():
            values = [1, 2]
            return reversed(values)
    """
    assert "x" in changed(before, "print(list(self.x))", head=head)


@pytest.mark.parametrize(
    ("head", "before"),
    [
        ("from collections import defaultdict", "self.x = defaultdict(list)"),
        ("from collections import defaultdict as dd", "self.x = dd(list)"),
        ("import collections", "self.x = collections.defaultdict(list)"),
        ("import collections as c", "self.x = c.defaultdict(list)"),
        ("from collections import defaultdict", "self.x, self.y = defaultdict(list), 1"),
        ("from collections import defaultdict", "y = defaultdict(list)\nself.x = y"),
        ("from collections import defaultdict", "self.y = defaultdict(list)\nself.x = self.y"),
        ("from collections import defaultdict", "self.x = defaultdict(list).copy()"),
        ("from collections import defaultdict", "self.x = {'a': defaultdict(list)}"),
        ("class D(dict):\n    def __missing__(self, k):\n        self[k] = 1", "self.x = D()"),
        (
            "from collections import defaultdict\ndef f():\n    return defaultdict(list)",
            "self.x = f()",
        ),
    ],
)
def test_looking_up_inserts(head: str, before: str) -> None:
    body = "print(self.x['a']['k'])" if "{'a'" in before else "print(self.x['k'])"
    assert "x" in changed(before, body, head=head)


@pytest.mark.parametrize(
    ("member", "body"),
    [
        ("@functools.cached_property\n    def total(self): return 1", "print(self.x.total)"),
        ("@property\n    def total(self):\n        self.n = 1", "print(self.x.total)"),
        ("def __getitem__(self, key):\n        self.n = key", "print(self.x[0])"),
        ("def __iter__(self):\n        self.n = 1\n        yield 1", "print([*self.x])"),
        ("def __len__(self):\n        self.n = 1\n        return 1", "print(len(self.x))"),
        ("def __sub__(self, other):\n        self.n = 1", "print(self.x - 1)"),
        ("def __call__(self):\n        self.n = 1", "self.x()"),
        ("def __enter__(self):\n        self.n = 1", "with self.x: pass"),
    ],
)
def test_objects_that_change_themselves(member: str, body: str) -> None:
    head = f"import functools\nclass C:\n    {member}"
    assert "x" in changed("self.x = C()", body, head=head)
