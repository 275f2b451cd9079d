"""The cheap Metaflow leaves what the real one leaves, for graphs of every shape."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.canonical import canonical
from tests.support.cheap_metaflow import run_cheap
from tests.support.metaflow_side import run_metaflow
from tests.support.random_members import arguments, make_flow
from tests.support.random_runs import FLOW
from tests.support.result import RunResult

_HEAD = """\
from metaflow import FlowSpec, JSONType, Parameter, current, parallel, retry, step


class Graph(FlowSpec):
    n = Parameter("n", default=2)
    rows = Parameter("rows", default="[1, [2]]", type=JSONType)
    LIMIT = 3
"""

_SPLITS = """
    @step
    def start(self):
        self.x = [1]
        self.same = "s"
        self.next(self.a, self.b, self.c)

    @step
    def a(self):
        self.x.append(self.n)
        self.only_a = {"k": self.x}
        self.next(self.a2)

    @step
    def a2(self):
        self.next(self.a3, self.a4)

    @step
    def a3(self):
        self.deep = 3
        self.next(self.a_join)

    @step
    def a4(self):
        self.deep = 4
        self.next(self.a_join)

    @step
    def a_join(self, inputs):
        self.deep = inputs.a3.deep - inputs.a4.deep
        self.visible = hasattr(self, "x"), hasattr(self, "n"), hasattr(self, "LIMIT")
        self.merge_artifacts(inputs, include=["x", "same"])
        self.x.append("joined")
        self.next(self.join)

    @step
    def b(self):
        self._private = 1
        self.next(self.join)

    @step
    def c(self):
        self.x = 7.5
        self.unlike = True
        self.next(self.join)

    @step
    def join(self, branches):
        self.all = sorted(str(i.x) for i in branches)
        try:
            len(branches)
        except TypeError as error:
            self.error = str(error)
        try:
            self.merge_artifacts(branches)
        except Exception as error:
            self.names = type(error).__name__, error.artifact_names
        self.lost = getattr(self, "same", "lost"), getattr(self, "deep", None)
        self.merge_artifacts(branches, exclude=["x", "unlike"])
        self.input_is_none = self.input is None and self.index is None
        self.stack = self.foreach_stack()
        self.next(self.end)

    @step
    def end(self):
        self.found = self.same, self.deep, self._private, hasattr(self, "unlike")
"""

_FOREACHES = """
    @step
    def start(self):
        self.words = ["ab", "c"]
        self.boxes = [[], [1]]
        self.next(self.word, foreach="words")

    @step
    def word(self):
        self.letters = self.input
        self.before = self.index, self.input, len(self.words)
        self.next(self.letter, foreach="letters")

    @step
    def letter(self):
        self.stack = self.foreach_stack()
        self.letters = "xyz"
        self.next(self.again)

    @step
    def again(self):
        self.now = self.index, self.input, self.foreach_stack()
        self.next(self.left, self.right)

    @step
    def left(self):
        self.side = -self.index
        self.next(self.sides)

    @step
    def right(self):
        self.side = self.index
        self.next(self.sides)

    @step
    def sides(self, inputs):
        self.side = inputs.left.side, inputs.right.side
        self.early = self.input
        self.merge_artifacts(inputs, include=["now", "letters"])
        self.late = self.input, self.index
        self.next(self.letters_join)

    @step
    def letters_join(self, inputs):
        self.pairs = [i.side for i in inputs]
        self.seen = inputs[0].now, inputs[-1].index, inputs.sides.side, inputs[0].input
        self.mine = self.index, self.input
        self.next(self.boxed)

    @step
    def boxed(self):
        self.own = self.index, self.input
        self.next(self.words_join)

    @step
    def words_join(self, inputs):
        self.all = [i.pairs for i in inputs]
        self.last = inputs.boxed.pairs, self.index, self.input, self.foreach_stack()
        self.boxes = [[], [1], [2], [3], [4]]
        self.next(self.after)

    @step
    def after(self):
        self.next(self.box, foreach="boxes")

    @step
    def box(self):
        self.input.append("!")
        self.next(self.box2)

    @step
    def box2(self):
        self.copy = self.input, self.boxes
        self.next(self.box_join)

    @step
    def box_join(self, inputs):
        self.copies = [i.copy for i in inputs[1:]]
        self.next(self.fan)

    @step
    def fan(self):
        self.next(self.row, foreach="rows")

    @step
    def row(self):
        self.value = self.input
        self.next(self.row_join)

    @step
    def row_join(self, inputs):
        self.values = [i.value for i in inputs]
        self.merge_artifacts(inputs, exclude=["value"])
        self.next(self.end)

    @step
    def end(self):
        pass
"""

_SWITCHES = """
    @step
    def start(self):
        self.kind = "b"
        self.next({"a": self.wide, "b": self.choose, "c": self.choose}, condition="kind")

    @step
    def wide(self):
        self.next(self.merge)

    @step
    def choose(self):
        self.flag = 1
        self.only = "b"
        self.next({True: self.inner, 0: self.merge}, condition="flag")

    @step
    def inner(self):
        self.items = range(4)
        self.next(self.body, foreach="items")

    @step
    def body(self):
        self.i = self.input
        self.kind = "x" if self.i % 2 else "y"
        self.round = 0
        self.next({"x": self.odd, "y": self.loop}, condition="kind")

    @step
    def odd(self):
        self.got = "odd"
        self.next(self.body_join)

    @step
    def loop(self):
        self.round += 1
        self.seen = self.index, self.input
        self.go = self.round <= self.i
        self.next({True: self.loop, False: self.second}, condition="go")

    @step
    def second(self):
        self.round += 10
        self.go = "more" if self.round < 30 else "stop"
        self.next({"more": self.second, "stop": self.even}, condition="go")

    @step
    def even(self):
        self.got = self.round
        self.next(self.body_join)

    @step
    def body_join(self, inputs):
        self.got = sorted((i.i, i.got) for i in inputs)
        self.only = inputs.odd.only, inputs.even.only
        self.next(self.merge)

    @step
    def merge(self):
        self.state = hasattr(self, "only"), getattr(self, "got", None), hasattr(self, "flag")
        self.count = 0
        self.next(self.count_up)

    @step
    def count_up(self):
        self.count = self.count + 1
        self.next({1: self.count_up, 2: self.count_up, 3: self.end}, condition="count")

    @step
    def end(self):
        pass
"""

_PARALLEL = """
    @step
    def start(self):
        self.outer = (10, 20)
        self.next(self.each, foreach="outer")

    @step
    def each(self):
        self.x = self.input
        self.next(self.work, num_parallel=self.n + self.index)

    @retry(times=1, minutes_between_retries=0)
    @parallel
    @step
    def work(self):
        self.node = current.parallel.node_index, current.parallel.num_nodes
        self.place = self.index, self.input, self.foreach_stack(), self.x
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.nodes = [i.node for i in inputs]
        self.places = [i.place for i in inputs]
        self.mine = self.index, self.input
        self.merge_artifacts(inputs, include=["x", "outer"])
        self.next(self.join)

    @step
    def join(self, inputs):
        self.nodes = [i.nodes for i in inputs]
        self.alone = current.parallel.num_nodes, current.step_name
        self.next(self.end)

    @step
    def end(self):
        pass
"""

_JOINED = """
    @step
    def start(self):
        {start}
        self.next(self.one, self.two)

    @step
    def one(self):
        self.one = 1
        self.x = [1]
        self.next(self.join)

    @step
    def two(self):
        self.x = [1.0]
        self.next(self.join)

    @step
    def join(self, inputs):
        {join}
        self.next(self.end)

    @step
    def end(self):
        {end}
"""
_FAN = """
    @step
    def start(self):
        {body}
        self.next(self.one, foreach="x")

    @step
    def one(self):
        {one}
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass
"""
_CHOICE = """
    @step
    def start(self):
        {body}
        self.next({{"a": self.one, 2: self.end}}, condition="x")

    @step
    def one(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def _joined(join: str, *, start: str = "pass", end: str = "pass") -> str:
    return _JOINED.format(start=start, join=join, end=end)


_FLOWS = {"splits": _SPLITS, "foreaches": _FOREACHES, "switches": _SWITCHES, "parallel": _PARALLEL}
_FAILING = {
    "lost artifact": ("end", _joined("pass", end="print(self.x)")),
    "conflict": ("join", _joined("self.merge_artifacts(inputs)")),
    "include missing": (
        "join",
        _joined('self.merge_artifacts(inputs, include=["one", "none"])'),
    ),
    "include and exclude": (
        "join",
        _joined('self.merge_artifacts(inputs, include=["x"], exclude=["one"])'),
    ),
    "unknown input": ("join", _joined("self.y = inputs.three.x")),
    "merge in no join": ("start", _joined("pass", start="self.merge_artifacts([])")),
    "empty foreach": ("start", _FAN.format(body="self.x = []", one="pass")),
    "foreach over None": ("start", _FAN.format(body="self.x = None", one="pass")),
    "foreach without list": ("start", _FAN.format(body="pass", one="pass")),
    "foreach of many": ("start", _FAN.format(body="self.x = range(101)", one="pass")),
    "foreach over dict": ("one", _FAN.format(body="self.x = {'k': 1}", one="print(self.input)")),
    "return in foreach": ("start", _FAN.format(body="self.x = [1]\n        return", one="pass")),
    "failing item": (
        "one",
        _FAN.format(body="self.x = [0, 1]", one="print(1 / self.input)").replace(
            "    @step\n    def one", "    @retry(times=1)\n    @step\n    def one"
        ),
    ),
    "no case": ("start", _CHOICE.format(body="self.x = 'b'")),
    "no condition": ("start", _CHOICE.format(body="pass")),
    "return in switch": ("start", _CHOICE.format(body="self.x = 2\n        return")),
}  # fmt: skip
_AFTERWARDS = {"foreach of many", "return in foreach", "return in switch"}  # no task failed


# Flows whose class has members: what its body has, above `class Graph`, and where they fail.
_LINEAR = """
    @step
    def start(self):
        {start}
        self.next(self.middle)

    @step
    def middle(self):
        {middle}
        self.next(self.end)

    @step
    def end(self):
        {end}
"""


@dataclass(frozen=True)
class _Members:
    """A linear flow: what its class has besides steps, and the bodies of these."""

    members: str
    start: str
    middle: str
    end: str
    head: str = ""
    bases: str = "FlowSpec"
    fails_at: str | None = None

    def source(self) -> str:
        bodies = {
            name: text.replace("\n", "\n" + " " * 8)
            for name, text in (("start", self.start), ("middle", self.middle), ("end", self.end))
        }
        members = textwrap.indent(self.members, "    ")
        steps = _LINEAR.format(**bodies)
        start = _HEAD.partition("class ")[0]
        return f"{start}{self.head}\n\nclass Graph({self.bases}):\n{members}\n{steps}"


_SHOWN = "self.shown = [(n, getattr(self, n, None)) for n in {}]"
_MEMBER_FLOWS = {
    "constants": _Members(
        "LIMIT = 3\nROWS = [LIMIT]\nTABLE = {'k': ROWS}\n_rate = 2\n_seen = []",
        "self.ROWS.append(self.LIMIT)\nself._rate += 1\nself._seen.append(1)\n"
        "self.mine = self.ROWS",
        "self._rate += 5\nself.state = list(self.ROWS), self._rate, self._seen, self.TABLE\n"
        "self.mine.append(9)\nself.kinds = [type(getattr(type(self), n)).__name__\n"
        "    for n in ('ROWS', '_rate', 'LIMIT', 'start')]",
        "try:\n    self.LIMIT = 4\nexcept AttributeError as error:\n    self.text = str(error)\n"
        "self.same = self.ROWS is self.ROWS, self.mine, self._seen, 'LIMIT' in vars(self)",
    ),
    "constants evaluated": _Members(
        "TIME = Time()\nCOPIES = [TIME] * 2",
        "self.distinct = self.TIME.distinct()",
        "self.same = self.COPIES[0] is self.TIME\nself.distinct = self.TIME.distinct()",
        "self.distinct = self.TIME.distinct(), self.COPIES[1].distinct()",
        head="import time\n\n\nclass Time:\n    def __init__(self):\n"
        "        self.now = str(time.time_ns())\n\n    def __reduce__(self):\n"
        "        return str, ('a time',)\n\n    def distinct(self):\n"
        "        with open('times', 'a+') as file:\n            file.write(self.now + ' ')\n"
        "            file.seek(0)\n            return len(set(file.read().split()))\n",
    ),
    "callable constants": _Members(
        "count = functools.partial(isinstance, [])\nshow = repr\n_size = len",
        "self.seen = self.count('a') if callable(self.count) else self.count",
        "self.n = self._size('abc')\nself.text = self.show[:6]",
        "self.fails = self.show()",
        head="import functools",
        fails_at="start",
    ),
    "functions dropped": _Members(
        "def helper(self):\n    return 1",
        "self.f = self.helper\nself.g = lambda: 2\nself.h = len\nself.helper = 5\n"
        "self.used = self.f() + self.g() + self.helper",
        _SHOWN.format("('f', 'g', 'h')") + "\nself.again = self.helper()",
        "self.missing = hasattr(self, 'f'), self.h([0])\nself.f",
        fails_at="end",
    ),
    "deleted": _Members(
        "",
        "self.a = 1\nself.b = [2]\nself.c = 3\nself.d = 4\ndel self.c\n"
        "self.gone = hasattr(self, 'c')",
        "self.a += 1\ndel self.a\nself.back = self.a\nself.b.append(3)\ndel self.b\n"
        "try:\n    del self.d\nexcept AttributeError as error:\n    self.text = str(error)\n"
        "self.d = 5\ndelattr(self, 'd')\nself.e = getattr(self, 'd')",
        _SHOWN.format("'abcde'") + "\nself.name_of = self.name, 'name' in vars(self)\n"
        "try:\n    self.zz\nexcept AttributeError as error:\n    self.message = str(error)",
    ),
    "vars": _Members(
        "LIMIT = 1\n_private = 2",
        "self.x = 1\nself.y = [2]\nvars(self)['z'] = 3\nself.__dict__.update(w=4)\n"
        "self.seen = sorted(n for n in vars(self) if n[0] != '_')",
        "self.before = sorted(n for n in vars(self) if n[0] != '_')\nself.y.append(1)\n"
        "self.after = sorted(n for n in vars(self) if n[0] != '_')\n"
        "self.got = self.__dict__.get('x'), vars(self).pop('y')",
        "self.end_ = self.y, self.z, self.w, [n for n in ('LIMIT', 'name') if n in vars(self)]",
    ),
    "properties": _Members(
        "@property\ndef size(self):\n    self.reads = getattr(self, 'reads', 0) + 1\n"
        "    return len(self.rows)\n\n@size.setter\ndef size(self, n):\n"
        "    self.rows = [0] * n\n\n@classmethod\ndef made(cls, n):\n    return cls._base + n\n\n"
        "@staticmethod\ndef half(n):\n    return n / 2\n\n_base = 10",
        "self.size = 3\nself.first = self.size",
        "self.rows.append(self.made(1))\nself.second = self.size, self.half(self.size)",
        "self.last = self.reads, self.rows\nself.methods = [hasattr(self, n) for n in\n"
        "    ('half', 'made', 'size', 'cmd', 'nothing')]",
    ),
    "unpicklable": _Members(
        "", "self.x = 1", "self.rows = (n for n in [1])", "pass", fails_at="middle"
    ),
    "unpicklable class": _Members(
        "",
        "self.x = 1",
        "class Local:\n    pass\nself.box = Local()",
        "pass",
        fails_at="middle",
    ),
    "nested class": _Members(
        "class _Inner:\n    LIMIT = 2",
        "self.x = self._Inner.LIMIT",
        "self._Inner.LIMIT = 5\nself.y = self._Inner.LIMIT",
        "self.z = self._Inner.LIMIT",
    ),
    "public nested class": _Members(
        "class Inner:\n    LIMIT = 2", "self.x = 1", "pass", "pass", fails_at=""
    ),
    "flow stored": _Members("", "self.x = 1", "self.me = self", "pass", fails_at="middle"),
    "constructor": _Members(
        "def __init__(self, use_cli=True):\n    self.shelf = ['a']\n    self._n = 1\n"
        "    super().__init__(use_cli)\n    self.never = True",
        "self.shelf.append('b')\nself._n += 1\nself.first = list(self.shelf), self._n",
        "self.second = list(self.shelf), self._n, hasattr(self, 'never')",
        "self.third = self.shelf",
    ),
    "bases": _Members(
        "LIMIT = 7\n\ndef name_of(self):\n    return 'graph+' + super().name_of()\n\n"
        "@property\ndef size(self):\n    return super().size + self.LIMIT",
        "self.label = self.name_of()\nself.sizes = [self.size]",
        "self.sizes.append(super().size)\nself.limits = self.LIMIT, super().LIMIT, self.DOUBLE",
        "self.given = self.n, self.label, self.ROWS",
        head="class Mixin:\n    LIMIT = 1\n    ROWS = [1]\n\n    def name_of(self):\n"
        "        self.asked = True\n        return 'mixin+' + super().name_of()\n\n"
        "    @step\n    def middle(self):\n        self.next(self.end)\n\n\n"
        "class Base(FlowSpec):\n    LIMIT = 2\n    DOUBLE = LIMIT * 2\n"
        "    n = Parameter('n', default=2)\n\n    def name_of(self):\n"
        "        return 'base'\n\n    @property\n    def size(self):\n        return self.n\n\n"
        "    @step\n    def start(self):\n        self.next(self.end)\n\n"
        "    @step\n    def end(self):\n        pass\n",
        bases="Mixin, Base",
    ),
    "parameter assigned": _Members(
        "n = Parameter('n', default=2)\nrows = Parameter('rows', default='[1]', type=JSONType)",
        "self.rows.append(2)\nself.own = self.rows",
        "self.fresh = list(self.rows), self.own\n"
        "try:\n    del self.n\nexcept AttributeError:\n    self.kept = self.n",
        "setattr(self, 'n', 3)",
        fails_at="end",
    ),
}  # fmt: skip


def _both(folder: Path, source: str, given: dict[str, Any]) -> tuple[RunResult, RunResult]:
    """One flow under the stand-in and under the real runtime, which are compared."""
    flow = folder / "graph.py"
    head = "" if "class Graph(" in source else _HEAD
    flow.write_text(head + source + '\n\nif __name__ == "__main__":\n    Graph()\n')
    found = run_cheap(flow, given, flow_name="Graph")
    expected = run_metaflow(flow, given, flow_name="Graph")
    assert (found.error is None) == (expected.error is None), (found.error, expected.error)
    assert found.failed_step == expected.failed_step
    assert found.constants == expected.constants
    return found, expected


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in ("splits", "parallel") else pytest.mark.slow)
        for name in _FLOWS
    ],
)
def test_graph(tmp_path: Path, name: str) -> None:
    found, expected = _both(tmp_path, _FLOWS[name], {"n": 3})
    assert found.error is None
    assert found.steps == expected.steps
    assert found.parents == expected.parents


@pytest.mark.slow
@pytest.mark.parametrize("name", _FAILING)
def test_failure(tmp_path: Path, name: str) -> None:
    step, source = _FAILING[name]
    found, expected = _both(tmp_path, source, {})
    assert found.failed_step == step
    # How far siblings of the failed task get is a matter of luck.
    for result in (found, expected):
        assert "end" not in result.steps or step == "end"
    if name not in _AFTERWARDS:
        assert str(found.error).partition(":")[0] == str(expected.error).partition(":")[0]


def test_failed_run_ends_early(tmp_path: Path) -> None:
    """The first failing task ends the run; what was done before stays."""
    flow = tmp_path / "graph.py"
    flow.write_text(_HEAD + _FAN.format(body="self.x = [1, 0, 2]", one="self.y = 1 / self.input"))
    found = run_cheap(flow, {}, flow_name="Graph")
    assert (found.failed_step, found.error) == ("one", "ZeroDivisionError: division by zero")
    assert [table["y"] for table in found.steps["one"]] == [canonical(1.0)]
    assert found.parents == {"one": ["start"], "join": ["one"]}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in ("constants", "bases") else pytest.mark.slow)
        for name in _MEMBER_FLOWS
    ],
)
def test_members(tmp_path: Path, name: str) -> None:
    flow = _MEMBER_FLOWS[name]
    found, expected = _both(tmp_path, flow.source(), {})
    assert (found.failed_step or "") == (flow.fails_at or ""), found.error
    assert (found.error is None) == (flow.fails_at is None)
    assert found.steps == expected.steps
    assert found.parents == expected.parents


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3000, 3005))
def test_random_members(tmp_path: Path, seed: int) -> None:
    source = make_flow(seed)
    flow = tmp_path / "flow.py"
    flow.write_text(source, encoding="utf-8")
    given = arguments(seed, source)
    found = run_cheap(flow, given, flow_name=FLOW)
    expected = run_metaflow(flow, given, flow_name=FLOW)
    assert found.failed_step == expected.failed_step
    assert (found.error is None) == (expected.error is None)
    assert found.constants == expected.constants
    if expected.error is None:
        assert found.steps == expected.steps
        assert found.parents == expected.parents
