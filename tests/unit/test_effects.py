"""What helpers and other code do with the flow, and which style of body that makes."""

import ast
import re

import pytest

from codegen import translate
from codegen.analyse.body import OTHERS, Effects, Helpers, analyse_bodies
from codegen.analyse.scope import module_scope
from codegen.diagnostics import Diagnostics
from tests.unit.sources import changed, flow_source, graph_source, parsed

MEMBERS = """
n = Parameter("n", default=1)
LIMIT = 3
_PRIVATE = 4
"""

HEAD = """
import functools
from contextlib import contextmanager
from elsewhere import trace


def counted(function):
    @functools.wraps(function)
    def wrapper(self, *args):
        self.calls = 1
        return function(self, *args)
    return wrapper


class Traced:
    def __init__(self, function): self.function = function
"""


def helpers(members: str, head: str = HEAD, body: str = "pass") -> Helpers:
    flow = parsed(flow_source(body, "pass", head=head, members=MEMBERS + members))
    _, found = analyse_bodies(flow, "end", module_scope(flow.module.kept), Diagnostics())
    return found


def said(effects: Effects) -> set[str]:
    """Effects as text: `may` only what is not in `must`, and of what is open no names."""
    found = {f"reads {read.name}" for read in effects.reads}
    wide = effects.open_stores
    for word, names in {
        "must": effects.must - {OTHERS},
        "may": frozenset() if wide else effects.may - effects.must,
        "gone": effects.gone,
        "parameter": effects.parameters,
        "member": effects.members,
        "uses": effects.used,
        "fixed": effects.fixed,
    }.items():
        found |= {f"{word} {name}" for name in names}
    flags = ("open_reads", "open_stores", "tables", "whole")
    return found | {flag for flag in flags if getattr(effects, flag)}


ANY = {"open_reads", "open_stores", "whole"}

SETS_A = "def g(self): self.a = 1"

# the helper h, what calling it does
HELPERS: dict[str, set[str]] = {
    # artifacts
    "def h(self): return self.a": {"reads a"},
    "def h(self): self.a = 1": {"must a"},
    "def h(me): me.a = me.b": {"must a", "reads b"},
    "def h(self): self.__a = 1": {"must _TheFlow__a"},
    "def h(self):\n    if self.c: self.a = 1": {"may a", "reads c"},
    "def h(self):\n    if self.c: return\n    self.a = 1": {"may a", "reads c"},
    "def h(self): del self.a": {"gone a"},
    "def h(self):\n    self.a = 1\n    del self.a": {"gone a", "may a"},
    "def h(self): raise ValueError": set(),
    "def h(self):\n    try: return self.a\n    except AttributeError: return 0": {"reads a"},
    "def h(self): return hasattr(self, 'a')": {"reads a"},
    "def h(self): return getattr(self, 'a', 1)": {"reads a"},
    "def h(self):\n    self.a = 1\n    return hasattr(self, 'a')": {"must a"},
    "def h(self):\n    def g(): self.a = 1\n    g()": {"may a"},
    # what is no artifact
    "def h(self): return self.n": {"parameter n"},
    "def h(self): self.n = 1": {"fixed n"},
    "def h(self): self.LIMIT = 1": {"fixed LIMIT"},
    "def h(self): self._PRIVATE = 1": {"uses _PRIVATE"},
    "def h(self): return self.LIMIT + self._PRIVATE": {"uses LIMIT", "uses _PRIVATE"},
    "def h(self): return self.index, self.input": {"member index", "member input"},
    "def h(self): return self.foreach_stack()": {"member foreach_stack"},
    "def h(self): return self.name": {"member name"},
    "def h(self): return self._Row(1)\nclass _Row: pass": {"uses _Row"},
    # other helpers
    f"def h(self): return self.g()\n{SETS_A}": {"must a", "uses g"},
    f"def h(self, c):\n    if c: self.g()\n{SETS_A}": {"may a", "uses g"},
    f"def h(self, c): return c and self.g()\n{SETS_A}": {"may a", "uses g"},
    f"def h(self): return [self.g() for _ in range(3)]\n{SETS_A}": {"may a", "uses g"},
    f"def h(self): return lambda: self.g()\n{SETS_A}": {"may a", "uses g"},
    f"def h(self): return self.g\n{SETS_A}": {"may a", "uses g", "whole"},
    "def h(self):\n    self.b = 1\n    self.g()\ndef g(self): return self.b": {"must b", "uses g"},
    "def h(self): return self.g()\ndef g(self): return self.b": {"reads b", "uses g"},
    "def h(self): TheFlow.g(1)\n@staticmethod\ndef g(x): return x": {"uses g"},
    "def h(self): return TheFlow._PRIVATE": {"uses _PRIVATE"},
    # recursion
    "def h(self, k):\n    self.a = 1\n    return self.h(k - 1)": {"may a", "gone a", "uses h"},
    "def h(self, k):\n    if k: self.h(k - 1)\n    self.a = 1": {"must a", "gone a", "uses h"},
    # what runs later, or under something else
    "def h(self):\n    self.a = 1\n    yield 1": {"may a"},
    "async def h(self): self.a = 1": {"may a"},
    "@contextmanager\ndef h(self):\n    self.a = 1\n    yield": {"may a"},
    "@functools.lru_cache\ndef _h(self): self.a = 1": {"may a"},
    "@trace\ndef h(self): self.a = 1": ANY,
    "@trace(1)\ndef h(self): self.a = 1": ANY,
    "@counted\ndef h(self): self.a = 1": {
        "reads wraps", "may a", "may calls", "gone calls",
    },
    # other kinds of members
    "@staticmethod\ndef h(x): return x": set(),
    "@classmethod\ndef h(cls): return cls._PRIVATE": {"uses _PRIVATE"},
    "@property\ndef h(self): return self.a": {"reads a"},
    "@functools.cached_property\ndef _h(self): return self.a": {"reads a"},
    # computed names
    "def h(self): setattr(self, 'a', 1)": {"must a"},
    "def h(self): setattr(self, 'a' + 'b', 1)": {"must ab"},
    "def h(self):\n    for k in ('a', 'b'): setattr(self, k, 1)": {
        "may a", "may b",
    },
    "def h(self): setattr(self, 'n' + '', 1)": {"fixed n"},
    "def h(self): delattr(self, 'a' + 'b')": {"gone ab"},
    "def h(self): delattr(self, 'LIMIT' + '')": {"fixed LIMIT"},
    "def h(self): return getattr(self, 'n' + '')": {"parameter n"},
    "def h(self): return getattr(self, 'a' + 'b')": {"reads ab"},
    "def h(self): return getattr(self, 'name' + ''), getattr(self, 'index' + '')": {
        "member index", "member name",
    },
    "def h(self, k): return getattr(self, k)": {
        "open_reads", "parameter n", "uses LIMIT", "uses _PRIVATE", "uses h",
    },
    "def h(self, k): setattr(self, k, 1)": {"open_stores"},
    "def h(self, k): setattr(other, k, 1)": set(),
    "def h(self): getattr(self)": set(),
    # the dictionary of attributes
    "def h(self): return vars(self)": {"tables", *ANY},
    "def h(self): return len(vars(self))": {"tables"},
    "def h(self): return 'a' in vars(self)": {"tables"},
    "def h(self): return [k for k in self.__dict__]": {"tables"},
    "def h(self): return self.__dict__.items()": {"tables"},
    "def h(self): return self.__dict__['a']": {"tables"},
    "def h(self): self.__dict__['a'] = 1": {"may a", "tables"},
    "def h(self): del self.__dict__['a']": {"gone a", "tables"},
    "def h(self, k): self.__dict__[k] = 1": {"tables", *ANY},
    "def h(self): vars(self).update(a=1)": {"must a", "tables"},
    "def h(self): vars(self).update({'a': 1})": {"must a", "tables"},
    "def h(self, v): vars(self).update(v)": {"tables", *ANY},
    "def h(self, v): vars(self).update(**v)": {"tables", *ANY},
    "def h(self, v): vars(self).update({v: 1})": {"tables", *ANY},
    "def h(self, v): vars(self).update({**v})": {"tables", *ANY},
    "def h(self): self.__dict__.pop('a')": {"tables", *ANY},
    "def h(self): return vars(other)": set(),
    "def h(self, vars): return vars(self)": ANY,
    # the flow as a whole
    "def h(self): return self": ANY,
    "def h(self): me = self": ANY,
    "def h(self): other(self)": ANY,
    "def h(self): print(self)": set(),
    "def h(self): return type(self)": set(),
    "def h(self): return (lambda self: self.a)(1)": set(),
    # properties
    """
    def h(self): self.p = 1
    @property
    def p(self): return 1
    @p.setter
    def p(self, value): self.q = value
    """: {"must q", "uses p"},
    """
    def h(self): self.p += 1
    @property
    def p(self): return self.z
    @p.setter
    def p(self, value): self.q = value
    """: {"reads z", "must q", "uses p"},
    """
    def h(self): self.p = 1
    @property
    def p(self): return 1
    """: {"uses p"},
}  # fmt: skip


def dedented(text: str) -> str:
    return "\n" + re.sub(r"^    ", "", text, flags=re.M) if text.startswith("\n") else text


@pytest.mark.parametrize("members", HELPERS)
def test_helpers(members: str) -> None:
    name = "_h" if "_h(self" in members else "h"
    assert said(helpers(dedented(members)).method(name)) == HELPERS[members]


def test_decorators_that_may_do_what_the_module_does() -> None:
    """A class of the module as a decorator: its code is all that can be told."""
    found = helpers("@Traced\ndef h(self): return self.a").method("h")
    assert {"reads a", "reads wraps", "may calls"} <= said(found)
    assert not found.must


def test_super() -> None:
    base = "class Base:\n    def h(self): self.a = 1\n    def g(self): return self.b\n"
    text = flow_source("pass", "pass", head=base, members="def h(self): return super().h()")
    flow = parsed(text.replace("class TheFlow(FlowSpec)", "class TheFlow(Base, FlowSpec)"))
    _, found = analyse_bodies(flow, "end", module_scope(flow.module.kept), Diagnostics())
    assert said(found.method("h")) == {"must a", "uses h"}
    assert found.inherited("TheFlow", "g") is flow.helpers["g"]
    assert found.inherited("Base", "h") is None


def test_assignment_to_a_property_without_a_setter_does_nothing() -> None:
    found = helpers("@property\ndef p(self): return 1")
    assert said(found.setter("p")) == set()


# the helper h, what it sets by other means than an assignment to self.name
LOOSE: dict[str, set[str]] = {
    "def h(self): self.a = 1": set(),
    "def h(self): setattr(self, 'a' + '', 1)": {"a"},
    "def h(self): self.__dict__['a'] = 1": {"a"},
    "def h(self): vars(self).update(a=1)": {"a"},
    "def h(self):\n    self.b = 1\n    for k in ('a', 'b'): setattr(self, k, 1)": {"a", "b"},
    "@counted\ndef h(self): self.a = 1": {"calls"},
}


@pytest.mark.parametrize("members", LOOSE)
def test_stores_by_other_means(members: str) -> None:
    assert helpers(members).method("h").loose == LOOSE[members]


# ---------------------------------------------------------------------- the state of helpers

STATELESS: dict[str, bool] = {
    "def h(self, x): return x": True,
    "def h(self): return self.LIMIT": True,
    "def h(self): return self.g()\ndef g(self): return 1": True,
    "def h(self): return self.g()\ndef g(self): return self.a": False,
    "def h(self): return self.n": False,
    "def h(self): self.a = 1": False,
    "def h(self): print(self)": False,
    "def h(self): return self.index": False,
    "@trace\ndef h(self): return 1": False,
    "@staticmethod\ndef h(x): return x": True,
    "@classmethod\ndef h(cls, x): return x": True,
    "@classmethod\ndef h(cls, x): return cls(x)": False,
    "@property\ndef h(self): return 1": True,
    "@property\ndef h(self): return 1\n@h.setter\ndef h(self, x): pass": False,
    "h = [LIMIT, 1]": True,
}


@pytest.mark.parametrize("members", STATELESS)
def test_stateless(members: str) -> None:
    assert helpers(members).stateless("h") is STATELESS[members]


def test_closure() -> None:
    found = helpers(
        """
        def a(self): return self.b + self.TOP
        @property
        def b(self): return self._Row
        @b.setter
        def b(self, value): self.c()
        def c(self): return self.a()
        def d(self): return 1
        TOP = LIMIT + 1
        class _Row:
            size = _PRIVATE
        """.replace("\n        ", "\n")
    )
    assert found.closure(["a"]) == {"a", "b", "c", "TOP", "LIMIT", "_Row", "_PRIVATE"}
    assert found.closure(["d"]) == {"d"}


# ---------------------------------------------------------------------- functions given self

# call in a step, function of the module, what it does
GIVEN: dict[tuple[str, str], set[str]] = {
    ("f(self)", "def f(flow): flow.a = flow.b"): {"must a", "reads b"},
    ("f(flow=self)", "def f(flow): flow.a = 1"): {"must a"},
    ("f(flow=self)", "def f(*, flow): flow.a = 1"): {"must a"},
    ("f(1, self)", "def f(x, flow, k=2): flow.a = x"): {"must a"},
    ("f(1, self)", "def f(x, /, flow): flow.a = x"): {"must a"},
    ("f(self)", "def f(flow): g(flow)\ndef g(flow): flow.a = 1"): {"must a"},
    ("f(self)", "def f(flow): return flow.n, flow.LIMIT"): {"parameter n", "uses LIMIT"},
    ("f(self)", "def f(flow): return flow"): ANY,
    ("f(self)", "def f(flow):\n    for k in ('a', 'b'): setattr(flow, k, 1)"): {
        "may a", "may b",
    },
    ("f(self)", "def f(flow): vars(flow).update(a=1)"): {"must a", "tables"},
    # not plain which argument it is: all that the module does
    ("f(self, self)", "def f(x, y): x.a = y.b"): {"may a", "gone a", "reads b"},
    ("f(self)", "def f(*flows): flows[0].a = 1"): {"may a", "gone a"},
    ("f(self, *v)", "def f(flow, x): flow.a = 1"): {"may a", "gone a"},
    ("f(self)", "import functools\n@functools.cache\ndef f(flow): flow.a = flow.index"): {
        "reads cache", "may a", "gone a", "member index",
    },
    ("f(self, self)", "def f(x, y): x.__dict__['a'] = 1"): ANY,
    ("f(self, self)", "def f(x, y): setattr(x, 'a', 1)"): ANY,
    ("f(self, self)", "def f(x, y): return x.n, x.LIMIT"): {"parameter n", "uses LIMIT"},
    ("f(self).go()", "class f:\n    def __init__(self, x): x.a = 1"): {"may a", "gone a"},
}  # fmt: skip


@pytest.mark.parametrize("case", GIVEN)
def test_functions_that_are_given_the_flow(case: tuple[str, str]) -> None:
    call, head = case
    found = helpers(f"def h(self): {call}", head)
    assert said(found.method("h")) == GIVEN[case]


def test_what_such_a_function_reads_may_be_missing() -> None:
    reads = helpers("def h(self): f(self)", "def f(flow): return flow.a").method("h").reads
    assert [(read.name, read.indirect) for read in reads] == [("a", True)]


# ---------------------------------------------------------------------- the style of a body

STYLE_HEAD = """
import os
from elsewhere import other, suppress, v


def push(flow): flow.x = 1
def look(table): return sorted(table)
def asked(table):
    for key in table: print(key, table[key], key in table, table.get(key), len(table))
def alters(table): table["x"] = 1


class Kept:
    def __init__(self, flow): self.flow = flow
"""

STYLE_MEMBERS = (
    MEMBERS
    + """
TOKEN = os.urandom(3)
PAIR = [LIMIT, TOKEN]

def push(self): self.x = 1
def pure(self, x): return x
def limit(self): return self.LIMIT
def token(self): return self.TOKEN

@staticmethod
def static(x): return x

@classmethod
def of_class(cls, x): return x

@classmethod
def private(cls): return cls._PRIVATE

@property
def reading(self): return self.a

@property
def seven(self): return 7

@property
def setting(self): return 7

@setting.setter
def setting(self, value): self.x = value

class _Row: pass
"""
)

# body, why it keeps self; None if it does not
STYLES: dict[str, str | None] = {
    "pass": None,
    "self.x = self.a": None,
    "self.x: int = self.a": None,
    "for self.x in self.b: pass": None,
    "if v: self.x = 1": None,
    "print(self.o)": None,
    "self.x = self.name, self.index, self.foreach_stack()": None,
    # members
    "self.x = self.pure(1)": None,
    "self.x = self.pure": None,
    "self.x = self.limit() + self.LIMIT + self._PRIVATE": None,
    "self.x = self.static(1), self.of_class(1), TheFlow.static(1)": None,
    "self.x = self.seven": None,
    "self.x = self.TOKEN": None,
    "self.x = self.PAIR": None,
    "print(self._Row())": None,
    "self.x = self.token()": "token uses TOKEN, which each task has anew",
    "self.push()": "push() uses artifacts",
    "f = self.push": "push() uses artifacts",
    "self.x = self.private()": "private() needs the class",
    "self.x = self.reading": "the property reading uses artifacts",
    "self.setting = 1": "the property self.setting sets artifacts",
    "self.seven = 1": "the property self.seven is read-only",
    "self.n = 1": "self.n is read-only",
    "self.LIMIT = 1": "self.LIMIT is read-only",
    "self._PRIVATE = 1": "the class has self._PRIVATE as well",
    "self.pure = 1": "the class has self.pure as well",
    "self.end()": "the step end is used as a method",
    "super().push()": "super() needs the class",
    # self elsewhere
    "push(self)": "push() is given self",
    "Kept(self)": "Kept() is given self",
    "other(self)": "self is handed on as a whole",
    "me = self": "self is handed on as a whole",
    "print(self)": "self is looked at as a whole",
    "print(type(self), isinstance(self, object))": "self is looked at as a whole",
    "print(self.__class__)": "self.__class__ is asked for",
    "eval('self.a')": "eval() may use self",
    "eval = len\nprint(eval(self.b))": None,
    # the dictionary of attributes
    "look(vars(self))": "the attributes are used as a dictionary",
    "asked(self.__dict__)": "the attributes are used as a dictionary",
    "alters(vars(self))": "the attributes are used as a dictionary",
    "print(len(self.__dict__))": "the attributes are used as a dictionary",
    "vars = len\nprint(vars(self.b))": None,
    # names
    "print(getattr(self, 'a'), getattr(self, 'o', 1), hasattr(self, 'o'))": None,
    "print(hasattr(self, 'n'), getattr(self, 'LIMIT', 2))": None,
    "print(getattr(self, 'a', other()))": (
        "the default of a getattr that is never used does something"
    ),
    "setattr(self, 'x', 1)": None,
    "print(setattr(self, 'x', 1))": "setattr on self",
    "setattr(self, self.k, 1)": "setattr with a computed name",
    "for n in ('a', 'b'): print(getattr(self, n))": "getattr with a computed name",
    "print(getattr(self, 'pure'))": "getattr on self",
    "print(hasattr(self, 'index'))": "hasattr on self",
    # what is set, and what is not
    "try: x = self.a\nexcept AttributeError: x = 0": None,
    "try: x = self.o\nexcept AttributeError: x = 0": "a handler asks whether o is set",
    "try: x = self.o\nexcept Exception: x = 0": None,
    "with suppress(AttributeError): print(self.o)": "a handler asks whether o is set",
    "try: del self.b\nexcept AttributeError: pass": "a handler asks whether it can be deleted",
    "print(self.b)\ndel self.b": None,
    "print(self.b)\ndel self.b\nself.b = 1": (
        "after this del, Metaflow would load b anew from the earlier step"
    ),
    "locals = 1\nprint(self.a)": None,
    "locals = 1\nprint(hasattr(self, 'o'))": (
        "artifacts may be unset, and locals() means something else here"
    ),
    # scopes
    "def g(): return self.a\ng()": None,
    "def g(self): return self.a": None,
    "def g(): self.x = 1\ng()": "self.x is assigned in a nested scope",
    "class C:\n    self.x = 1": "self.x is assigned in a nested scope",
    "match self.a:\n    case self.k: print(1)": "a case pattern compares with an artifact",
}


def reason(body: str) -> str | None:
    """Why the task of a step with this body keeps self."""
    before = "self.a = 1\nself.b = [1]\nself.k = 'a'\nif v: self.o = 1"
    source = flow_source(before, body, "print(self.a)", head=STYLE_HEAD, members=STYLE_MEMBERS)
    result = translate(source, "flow.py")
    assert result.code is not None, result.diagnostics
    function = next(
        node
        for node in ast.parse(result.code).body
        if isinstance(node, ast.FunctionDef) and node.name == "s1"
    )
    text = "\n".join(result.code.splitlines()[function.lineno - 1 : function.end_lineno])
    found = re.search(r"# keeps self: ((?:.*\n +# )*.*)\n", text)
    assert (found is not None) is ("    self = TheFlow(" in text)
    return re.sub(r"\n +# ", " ", found[1]) if found else None


@pytest.mark.parametrize("body", STYLES)
def test_style(body: str) -> None:
    assert reason(body) == STYLES[body]


def test_a_foreach_over_a_property() -> None:
    source = graph_source(
        "start: \n> item * rows", "item: print(self.input)\n> join", "join/inputs: > end", "end: ",
        members="@property\ndef rows(self): return [1, self.n]\nn = Parameter('n', default=1)",
    )  # fmt: skip
    result = translate(source, "flow.py")
    assert result.code is not None, result.diagnostics
    assert "keeps self: self.input is an element of the property rows" in result.code


# ---------------------------------------------------------------------- changes in place

BEFORE = "self.rows = [[1]]\nself.others = [[2]]\nself.alias = None"

CHANGING_HEAD = """
def push(flow): flow.rows.append(1)
def look(flow): return len(flow.rows)
def values(table): return [value for value in table.values()]

def growing(function):
    def wrapper(self, x):
        x.append(1)
        return function(self, x)
    return wrapper


class Kept:
    def __init__(self, flow): self.flow = flow
    def go(self): self.flow.rows.append(1)
"""

CHANGING_MEMBERS = """
def push(self): self.rows.append(1)
def pure(self): return len(self.rows)
def get(self): return self.rows
def first(self): return self.rows[0]
def copied(self): return list(self.rows)
def grow(self, rows, value=1): rows.append(value)
def grow_by_name(self, *, rows): rows.append(1)
def many(self, *rows): rows[0].append(1)
def options(self, **more): more["rows"].append(1)
def each(self):
    for row in self.rows: yield row
def keep(self, rows): self.alias = rows
def count(self, rows): return len(rows)
def repeat(self, rows, k):
    if k: self.repeat(rows, k - 1)
    rows.append(k)
def even(self, k): return self.odd(k - 1) if k else self.rows
def odd(self, k): return self.even(k - 1)
def default(self, rows=None):
    rows = rows or self.rows
    rows.append(1)

@staticmethod
def static(rows): rows.append(1)

@classmethod
def of_class(cls, rows): rows.append(1)

@property
def top(self): return self.rows[0]

@property
def size(self): return len(self.rows)

@growing
def wrapped(self, rows): return 1
"""

ROWS = {"rows"}
EVERY = {"rows", "others", "alias"}

# body → artifacts that it may change in place
CHANGES: dict[str, set[str]] = {
    "self.push()": ROWS,
    "self.pure()": set(),
    "self.get()": set(),
    "self.get().append(1)": ROWS,
    "self.first().append(1)": ROWS,
    "self.copied().append(1)": set(),
    "self.copied()[0].append(1)": ROWS,
    "self.grow(self.rows)": ROWS,
    "self.grow(rows=self.rows)": ROWS,
    "self.grow([], self.rows)": set(),
    "self.grow(*[self.rows])": ROWS,
    "self.grow(**{'rows': self.rows})": ROWS,
    "self.grow_by_name(rows=self.rows)": ROWS,
    "self.many(self.rows)": ROWS,
    "self.many(*[self.rows])": ROWS,
    "self.options(rows=self.rows)": ROWS,
    "self.options(**{'rows': self.rows})": ROWS,
    "for row in self.each(): row.append(1)": ROWS,
    "self.keep(self.rows)": set(),
    "self.keep(self.rows)\nself.alias.append(1)": {"alias", "rows"},
    "self.count(self.rows)": set(),
    "self.repeat(self.rows, 2)": ROWS,
    "self.even(2)": set(),
    "self.even(2).append(1)": ROWS,
    "self.default()": ROWS,
    "self.static(self.rows)": ROWS,
    "self.of_class(self.rows)": ROWS,
    "TheFlow.static(self.rows)": ROWS,
    "self.top": set(),
    "self.top.append(1)": ROWS,
    "self.size": set(),
    "self.wrapped(self.rows)": ROWS,
    "f = self.push\nf()": ROWS,
    "f = self.get\nf().append(1)": ROWS,
    "f = lambda: self.get()\nf().append(1)": ROWS,
    "list(map(self.grow, self.rows))": ROWS,
    "list(map(self.static, [self.rows]))": ROWS,
    "sorted(self.rows, key=self.count)": set(),
    "push(self)": ROWS,
    "push(flow=self)": ROWS,
    "look(self)": set(),
    "hasattr(self, 'rows')": set(),
    "isinstance(self, object)": set(),
    "getattr(self, 'rows').append(1)": ROWS,
    "getattr(self, 'rows', None).append(1)": ROWS,
}

#: What may get to every artifact: names that the module uses for other things count as well.
WIDE = [
    "other(self)",
    "Kept(self).go()",
    "me = self\nme.rows.append(1)",
    "for name in ('rows',): getattr(self, name).append(1)",
    "vars(self)['rows'].append(1)",
    "for value in vars(self).values(): value.append(1)",
    "values(vars(self))[0].append(1)",
]


@pytest.mark.parametrize("body", CHANGES)
def test_changes_through_helpers(body: str) -> None:
    assert changed(BEFORE, body, head=CHANGING_HEAD, members=CHANGING_MEMBERS) == CHANGES[body]


@pytest.mark.parametrize("body", WIDE)
def test_changes_of_anything(body: str) -> None:
    found = changed(BEFORE, body, head=CHANGING_HEAD, members=CHANGING_MEMBERS)
    assert found >= EVERY


def test_changes_through_super() -> None:
    base = "class Base:\n    def add(self, rows): rows.append(1)\n    def look(self): return 1\n"
    for call, expected in {"add(self.rows)": True, "look()": False}.items():
        source = flow_source(
            "self.rows = []", f"super().{call}", "print(self.rows)", head=base
        ).replace("class TheFlow(FlowSpec)", "class TheFlow(Base, FlowSpec)")
        result = translate(source, "flow.py")
        assert result.code is not None, result.diagnostics
        assert ("class S1Outputs" in result.code) is expected


# ---------------------------------------------------------------------- reads that fail

LAST = "last/inputs: > end"

# a flow → the code and a part of the message
MESSAGES: dict[str, tuple[str, str, str]] = {
    "a helper reads what is not there": (
        flow_source("self.h()", "pass", members="def h(self): return self.zz"),
        "MF209",
        "self.zz is not set in step start, which uses this helper",
    ),
    "a join loses it": (
        graph_source(
            "start: > a, b", "a: self.x = 1\n> join", "b: > join", "join/inputs: > end",
            "end: print(self.x)",
        ),
        "MF208",
        "self.x was set in a and lost at the join 'join'",
    ),
    "the list of the foreach is replaced on some paths": (
        graph_source(
            "start: self.rows = [1]\n> item * rows",
            "item: if v: self.rows = [2]\nself.y = self.input\n> join",
            "join/inputs: > end", "end: ", head="from m import v",
        ),
        "MF401",
        "self.rows, of which self.input is an element, is assigned before on some paths only",
    ),
    "the list of the foreach is merged later": (
        graph_source(
            "start: self.rows = [1]\n> item * rows", "item: > a, b", "a: > join", "b: > join",
            "join/inputs: x = self.input\nself.merge_artifacts(inputs)\n> last", LAST, "end: ",
        ),
        "MF401",
        "self.input is read before merge_artifacts brings back self.rows",
    ),
    "a deleter": (
        flow_source("del self.p", "pass", members="@property\ndef p(self): return 1\n"
                    "@p.deleter\ndef p(self): self.q = 1"),
        "MF504",
        "the property p has a deleter",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name: str) -> None:
    source, code, words = MESSAGES[name]
    (found,) = translate(source, "flow.py").diagnostics
    assert found.code == code
    assert words in found.message


def test_a_helper_that_asks_reads_nothing_that_is_missing() -> None:
    source = flow_source("self.h()", "pass", members="def h(self): return hasattr(self, 'zz')")
    assert not translate(source, "flow.py").diagnostics


# body of a step, whether it asks where the answer is not known
NESTED = {
    "self.a = 1\ndel self.a\nf = lambda: hasattr(self, 'a')": True,
    "if v: self.a = 1\nf = lambda: hasattr(self, 'a')": True,
    "self.a = 1\nf = lambda: hasattr(self, 'a')": False,
}


@pytest.mark.parametrize("body", NESTED)
def test_questions_of_nested_scopes(body: str) -> None:
    code = translate(flow_source(body, "pass", head="from m import v"), "flow.py").code
    assert code is not None
    assert ("keeps self: a nested scope asks whether a is set" in code) is NESTED[body]


def test_questions_about_inputs_in_nested_scopes() -> None:
    head = "from m import v"
    asks = "[hasattr(self, 'a') for _ in v]"
    for body, keeps in {f"print(self.a)\nf = {asks}": True, f"f = {asks}": False}.items():
        code = translate(flow_source("if v: self.a = 1", body, head=head), "flow.py").code
        assert code is not None
        assert ("a nested scope asks whether a is set" in code) is keeps
