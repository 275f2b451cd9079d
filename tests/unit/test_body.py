"""What a body surely and possibly assigns at each exit, what it reads before, what escapes."""

import sys

import pytest

from codegen import translate
from tests.unit.sources import codes, errors, facts, flow_source

N = "n = Parameter('n', default=1)"

# body, what is surely assigned at its end, what is possibly assigned there
END: dict[str, tuple[str, set[str], set[str]]] = {
    "assign": ("self.a = 1", {"a"}, {"a"}),
    "chained": ("self.a = self.b = 1", {"a", "b"}, {"a", "b"}),
    "unpacked": ("self.a, (self.b, *self.c) = v", {"a", "b", "c"}, {"a", "b", "c"}),
    "list target": ("[self.a, self.b] = v", {"a", "b"}, {"a", "b"}),
    "annotated": ("self.a: int = 1", {"a"}, {"a"}),
    "only annotated": ("self.a: int", set(), set()),
    "augmented": ("self.a += 1", {"a"}, {"a"}),
    "subscript": ("self.a[0] = 1", set(), set()),
    "attribute of one": ("self.a.b = 1", set(), set()),
    "deleted": ("self.a = 1\ndel self.a", set(), set()),
    "assigned again": ("self.a = 1\ndel self.a\nself.a = 2", {"a"}, {"a"}),
    "if": ("if c: self.a = 1", set(), {"a"}),
    "if and else": ("if c: self.a = 1\nelse: self.a = 2", {"a"}, {"a"}),
    "if else, different": ("if c: self.a = 1\nelse: self.b = 2", set(), {"a", "b"}),
    "elif without else": ("if c: self.a = 1\nelif d: self.a = 2", set(), {"a"}),
    "else raises": ("if c: self.a = 1\nelse: raise ValueError", {"a"}, {"a"}),
    "deleted on one path": ("self.a = 1\nif c: del self.a", set(), {"a"}),
    "for": ("for i in v: self.a = i", set(), {"a"}),
    "for over a literal": ("for i in (1, 2): self.a = i", {"a"}, {"a"}),
    "for over an empty literal": ("for i in (): self.a = i", set(), {"a"}),
    "for over stars": ("for i in (*v,): self.a = i", set(), {"a"}),
    "for over text": ("for i in 'ab': self.a = i", {"a"}, {"a"}),
    "for over no text": ("for i in '': self.a = i", set(), {"a"}),
    "for over a dict": ("for i in {1: 2}.items(): self.a = i", {"a"}, {"a"}),
    "for over an unpacked dict": ("for i in {**v}: self.a = i", set(), {"a"}),
    "for over a range": ("for i in range(3): self.a = i", {"a"}, {"a"}),
    "for over no range": ("for i in range(0): self.a = i", set(), {"a"}),
    "for over an open range": ("for i in range(n): self.a = i", set(), {"a"}),
    "loop variable": ("for self.a in (1,): pass", {"a"}, {"a"}),
    "loop variable, perhaps": ("for self.a in v: pass", set(), {"a"}),
    "break before": ("for i in (1, 2):\n    if c: break\n    self.a = 1", set(), {"a"}),
    "continue before": ("for i in (1, 2):\n    if c: continue\n    self.a = 1", set(), {"a"}),
    "for else": ("for i in v: pass\nelse: self.a = 1", {"a"}, {"a"}),
    "for else, break": (
        "for i in v:\n    if c: break\nelse: self.a = 1", set(), {"a"},
    ),
    "deleted in a round": ("self.a = 1\nfor i in v: del self.a", set(), {"a"}),
    "while": ("while c: self.a = 1", set(), {"a"}),
    "while else": ("while c: pass\nelse: self.a = 1", {"a"}, {"a"}),
    "while True": ("while True:\n    self.a = 1\n    break", {"a"}, {"a"}),
    "while True, break first": (
        "while True:\n    if c: break\n    self.a = 1", set(), {"a"},
    ),
    "while True, two breaks": (
        "while True:\n    if c:\n        self.a = 1\n        break\n    self.a = 2\n    break",
        {"a"}, {"a"},
    ),
    "inner break": (
        "while True:\n    for i in v: break\n    self.a = 1\n    break", {"a"}, {"a"},
    ),
    "try": ("try: self.a = 1\nexcept E: pass", set(), {"a"}),
    "try, handler assigns": ("try: self.a = 1\nexcept E: self.a = 2", {"a"}, {"a"}),
    "try, handler raises": ("try: self.a = 1\nexcept E: raise", {"a"}, {"a"}),
    "try, one of two handlers": (
        "try: self.a = 1\nexcept E: self.a = 2\nexcept F: pass", set(), {"a"},
    ),
    "try else": ("try: f()\nexcept E: pass\nelse: self.a = 1", set(), {"a"}),
    "try else, handlers leave": (
        "try: f()\nexcept E: raise\nelse: self.a = 1", {"a"}, {"a"},
    ),
    "finally": ("try: self.a = 1\nfinally: self.b = 1", {"a", "b"}, {"a", "b"}),
    "finally deletes": ("self.a = 1\ntry: f()\nfinally: del self.a", set(), set()),
    "finally deletes what the body deleted": (
        "self.a = 1\ntry:\n    if c:\n        del self.a\n        self.a = 2\nfinally: del self.a",
        set(), set(),
    ),
    "deleted in try": ("self.a = 1\ntry: del self.a\nexcept E: pass", set(), {"a"}),
    "with open": ("with open(p) as f: self.a = f.read()", {"a"}, {"a"}),
    "with suppress": ("with suppress(E): self.a = 1", set(), {"a"}),
    "with something unknown": ("with thing(): self.a = 1", set(), {"a"}),
    "with target": ("with nullcontext(1) as self.a: pass", {"a"}, {"a"}),
    "match": ("match v:\n    case 1: self.a = 1", set(), {"a"}),
    "match all": ("match v:\n    case 1: self.a = 1\n    case _: self.a = 2", {"a"}, {"a"}),
    "match all, by a name": (
        "match v:\n    case [x]: self.a = 1\n    case other: self.a = 2", {"a"}, {"a"},
    ),
    "match with a guard": (
        "match v:\n    case 1: self.a = 1\n    case _ if c: self.a = 2", set(), {"a"},
    ),
    "nested function": ("def g(): return 1\nself.a = g()", {"a"}, {"a"}),
    "after an exit": ("if c: raise ValueError\nself.a = 1", {"a"}, {"a"}),
    "sys.exit": ("if c:\n    import sys\n    sys.exit(1)\nelse: self.a = 1", {"a"}, {"a"}),
    "private": ("self._a = 1\nself.__b = 2", {"_a", "_TheFlow__b"}, {"_a", "_TheFlow__b"}),
}  # fmt: skip


@pytest.mark.parametrize("name", END)
def test_assigned_at_the_end(name: str) -> None:
    body, must, may = END[name]
    (found,) = facts(body).exits
    assert found.node is None and found.reachable and not found.fails
    assert (set(found.must), set(found.may)) == (must, may)


#: A context manager, and whether its body may have stopped half way.
MANAGERS = {
    "LOCK": False, "LIMIT": False, "GUARD": True, "S3()": False, "mf.profile('x')": False,
    "S3Folder()": True, "open('x')": False,
}  # fmt: skip


@pytest.mark.parametrize("manager", MANAGERS)
def test_context_managers_of_the_module(manager: str) -> None:
    head = """\
import contextlib
import metaflow as mf
from metaflow import S3
from threading import Lock, Semaphore
from m import S3Folder

LOCK = Lock()
LIMIT = Semaphore(2)
GUARD = contextlib.suppress(ValueError)"""
    body = f"with {manager}:\n    self.a = int('1')"
    code = translate(flow_source(body, "print(self.a)", head=head), "flow.py").code
    assert code is not None
    assert ("a is Unset" in code) is MANAGERS[manager]


def test_group_of_exceptions() -> None:
    if sys.version_info < (3, 11):
        pytest.skip("except* is newer")
    (found,) = facts("try: self.a = 1\nexcept* E: self.b = 1").exits
    assert (set(found.must), set(found.may)) == (set(), {"a", "b"})


# body, what is surely assigned at each exit in order
EXITS: dict[str, tuple[str, list[set[str]]]] = {
    "return": ("self.a = 1\nif c:\n    return\nself.b = 1", [{"a"}, {"a", "b"}]),
    "return in a loop": ("for i in v:\n    self.a = i\n    return", [{"a"}, set()]),
    "while True without break": ("while True:\n    self.a = 1\n    return", [{"a"}]),
    "return in try": (
        "try:\n    self.a = 1\n    return\nexcept E:\n    self.b = 1", [{"a"}, {"b"}],
    ),
    "return in finally": ("try: f()\nfinally:\n    self.a = 1\n    return", [{"a"}]),
    "return in with": ("with thing():\n    self.a = 1\n    return", [{"a"}, set()]),
    "return in with open": ("with open(p):\n    self.a = 1\n    return", [{"a"}]),
    "raise": ("self.a = 1\nraise ValueError", []),
    "only some raise": ("if c: raise ValueError\nelse: self.a = 1\nreturn", [{"a"}]),
    "return in match": (
        "match v:\n    case 1:\n        self.a = 1\n        return\n    case _: self.b = 1",
        [{"a"}, {"b"}],
    ),
    "not of a nested function": ("def g(): return 5\nself.a = g()", [{"a"}]),
}  # fmt: skip


@pytest.mark.parametrize("name", EXITS)
def test_exits(name: str) -> None:
    body, expected = EXITS[name]
    found = [exit_ for exit_ in facts(body, end=True).exits if exit_.reachable]
    assert [set(exit_.must) for exit_ in found] == expected
    assert not any(exit_.fails for exit_ in found)


def test_unreachable_return_only_has_to_be_there() -> None:
    found = facts("raise ValueError\nreturn", end=True).exits
    assert [exit_.reachable for exit_ in found] == [False]
    assert facts("raise ValueError\nself.a = 1", end=True).assigned == ("a",)


def test_early_exits_fail_or_go_on() -> None:
    ok, last = facts("if c:\n    self.next(self.end)\n    return\nself.a = 1").exits
    assert not ok.fails and not last.fails
    bare, last = facts("if c:\n    return\nself.a = 1").exits
    assert bare.fails and not last.fails


# body → the codes that it brings; each step but the last ends in self.next(self.end)
NEXT = {
    "if c:\n    self.next(self.end)\n    return": [],
    "if c:\n    self.next(self.end); return": [],
    "for i in v:\n    self.next(self.end)\n    return": [],
    "with open(p):\n    self.next(self.end)\n    return": [],
    "if c:\n    return": ["MF131"],
    "if c: self.next(self.end)": ["MF130"],
    "self.next(self.end)": ["MF130"],
    "if c:\n    self.next(self.start)\n    return": ["MF130"],
    "for i in v: self.next(self.end)": ["MF130"],
    "if c:\n    self.next(self.end)\nelse:\n    self.x = 1\nreturn": ["MF130"],
    "go = self.next": ["MF130"],
}


@pytest.mark.parametrize("body", NEXT)
def test_transitions_inside_the_body(body: str) -> None:
    found = codes(flow_source(body, "pass", head="from m import c, p, v"))
    assert [code for code in found if code not in ("MF702",)] == NEXT[body]


def test_the_end_step_does_not_go_on() -> None:
    assert codes(flow_source("pass", "if 1 > 0:\n    self.next(self.end)\n    return")) == ["MF130"]


# body → artifacts that it reads where it has not surely assigned them
READS: dict[str, tuple[str, dict[str, tuple[bool, bool, bool]]]] = {
    "read": ("print(self.a)", {"a": (False, False, False)}),
    "assigned before": ("self.a = 1\nprint(self.a)", {}),
    "value before target": ("self.a = self.a + 1", {"a": (False, False, False)}),
    "augmented": ("self.a += 1", {"a": (False, False, False)}),
    "perhaps before": ("if c: self.a = 1\nprint(self.a)", {"a": (True, False, False)}),
    "in an earlier round": (
        "for i in v:\n    if i: print(self.a)\n    self.a = 1", {"a": (True, False, False)},
    ),
    "deleted before": ("self.a = 1\ndel self.a\nprint(self.a)", {"a": (False, False, False)}),
    "in an f-string": ("f'{self.a:>{self.b}}'", dict.fromkeys("ab", (False, False, False))),
    "in a comprehension": ("[self.a for i in v]", {"a": (False, False, False)}),
    "in a slice": ("v[self.a:]", {"a": (False, False, False)}),
    "late, nested function": ("def g(): return self.a\ng()", {"a": (False, True, False)}),
    "late, lambda": ("g = lambda: self.a", {"a": (False, True, False)}),
    "default of a nested function": ("def g(x=self.a): pass", {"a": (False, False, False)}),
    "default by keyword": ("def g(*, x=self.a): pass", {"a": (False, False, False)}),
    "default of a lambda": ("g = lambda x=self.a: x", {"a": (False, False, False)}),
    "decorator": ("@self.a\ndef g(): pass", {"a": (False, False, False)}),
    "nested class": ("class C:\n    x = self.a", {"a": (False, False, False)}),
    "another self": ("def g(self): return self.a", {}),
    "another self, of a lambda": ("g = lambda self: self.a", {}),
    "guarded": ("try: x = self.a\nexcept AttributeError: x = 0", {"a": (False, False, True)}),
    "guarded by one of several": (
        "try: x = self.a\nexcept (KeyError, AttributeError): x = 0", {"a": (False, False, True)},
    ),
    "not by every exception": (
        "try: x = self.a\nexcept Exception: x = 0", {"a": (False, False, False)},
    ),
    "not by a bare except": ("try: x = self.a\nexcept: x = 0", {"a": (False, False, False)}),
    "not in the handler": (
        "try: pass\nexcept AttributeError: x = self.a", {"a": (False, False, False)},
    ),
    "not in else": (
        "try: pass\nexcept AttributeError: pass\nelse: x = self.a", {"a": (False, False, False)},
    ),
    "subject of match": ("match self.a:\n    case 1: pass", {"a": (False, False, False)}),
    "guard of a case": ("match v:\n    case 1 if self.a: pass", {"a": (False, False, False)}),
    "with": ("with self.a as x: pass", {"a": (False, False, False)}),
    "raise": ("raise self.a from self.b", dict.fromkeys("ab", (False, False, False))),
    "return": ("return self.a", {"a": (False, False, False)}),
    "test of while": ("while self.a: self.a = 0", {"a": (True, False, False)}),
    "private": ("print(self.__a)", {"_TheFlow__a": (False, False, False)}),
    "unreachable": ("raise ValueError\nprint(self.a)", {"a": (False, False, False)}),
    "name of the flow": ("print(self.name)", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_reads(name: str) -> None:
    body, expected = READS[name]
    found = facts(body, end=True).reads
    assert {read.name: (read.assigned, read.late, read.guarded) for read in found} == expected


def test_parameters_are_no_artifacts() -> None:
    found = facts("self.a = self.n", members=N)
    assert found.parameters == ("n",)
    assert found.reads == ()


def test_names_in_every_role() -> None:
    body = """
        import os.path, json as js
        from m import thing
        def inner(arg, *rest, key=None, **more): pass
        class Local: pass
        try: pass
        except E as error: pass
        match v:
            case {"k": value, **others}: pass
            case [first, *tail]: pass
        global counter
        [x for x in y]
        self.z = 1
    """
    expected = {
        "os", "js", "thing", "inner", "arg", "rest", "key", "more", "Local", "E", "error", "v",
        "value", "others", "first", "tail", "counter", "x", "y",
    }  # fmt: skip
    assert facts(body, end=True).names - {"step"} == expected


# body → whether locals would not be the same program
ESCAPES = {
    "print(self)": True,
    "helper(self)": True,
    "me = self": True,
    "setattr(self, 'x', 1)": False,
    "print(setattr(self, 'x', 1))": True,
    "vars(self)": True,
    "self.__dict__": True,
    "self.__class__": True,
    "eval('1')": True,
    "exec('x = 1')": True,
    "super().start()": True,
    "self.start()": True,
    "[self for self in v]": True,
    "def g():\n    self.x = 1": True,
    "def g():\n    del self.x": True,
    "g = lambda: (self.x, self)": True,
    "class C:\n    self.x = 1": True,
    "try:\n    return\nfinally:\n    x = 1": False,
    "match v:\n    case self.x: pass": True,
    "print(vars(thing))": False,
    "print(dir(thing))": False,
    "def g(self): return self": False,
    "g = lambda self: self": False,
    "print(self.x)": False,
    "self.x: int = 1": False,
}


@pytest.mark.parametrize("body", ESCAPES)
def test_escapes(body: str) -> None:
    assert bool(facts(body, end=True).escapes) is ESCAPES[body]


# what is the same neither with local variables nor with an object for self
REFUSED = [
    "print(__class__)",
    "print(locals())",
    "print(vars())",
    "print(dir())",
    "self = 1",
    "try:\n    if self.n: return self.next(self.end)\nfinally:\n    self.x = 1",
]


@pytest.mark.parametrize("body", REFUSED)
def test_refused(body: str) -> None:
    source = flow_source(body, "pass", members=N)
    assert "MF401" in [found.code for found in errors(source)]


# body → (artifact, possibly assigned here before, surely touched before, last) of each deletion
DELETIONS: dict[str, list[tuple[str, bool, bool, bool]]] = {
    "self.a = 1\ndel self.a": [("a", True, True, True)],
    "print(self.a)\ndel self.a": [("a", False, True, True)],
    "del self.a": [("a", False, False, True)],
    "if c: print(self.a)\ndel self.a": [("a", False, False, True)],
    "x = c and self.a\ndel self.a": [("a", False, False, True)],
    "x = self.a and c\ndel self.a": [("a", False, True, True)],
    "x = 1 if c else self.a\ndel self.a": [("a", False, False, True)],
    "x = [self.a for i in v]\ndel self.a": [("a", False, False, True)],
    "x = [i for i in self.a]\ndel self.a": [("a", False, True, True)],
    "g = lambda: self.a\ndel self.a": [("a", False, False, False)],
    "x = 1 < 2 < self.a\ndel self.a": [("a", False, False, True)],
    "if self.a: pass\ndel self.a": [("a", False, True, True)],
    "for i in self.a: pass\ndel self.a": [("a", False, True, True)],
    "with self.a: pass\ndel self.a": [("a", False, True, True)],
    "match self.a:\n    case 1: pass\ndel self.a": [("a", False, True, True)],
    "self.a += 1\ndel self.a": [("a", True, True, True)],
    "try: print(self.a)\nexcept E: pass\ndel self.a": [("a", False, False, True)],
    "print(self.a)\nif c: del self.a": [("a", False, True, False)],
    "print(self.a)\ndel self.a\nprint(self.a)": [("a", False, True, False)],
    "print(self.a)\nif c: return\ndel self.a": [("a", False, True, False)],
    "self.a = self.b = 1\ndel self.a, self.b": [("a", True, True, True), ("b", True, True, True)],
    "del self.a[0]": [],
    "del self.a.b, x": [],
}


@pytest.mark.parametrize("body", DELETIONS)
def test_deletions(body: str) -> None:
    found = facts(body, end=True).deletions
    assert [(d.name, d.assigned, d.touched, d.last) for d in found] == DELETIONS[body]


# body of a step after one that sets self.a → the codes that it brings
DELETED = {
    "print(self.a)\ndel self.a": [],
    "del self.a": ["MF205"],
    "if self.n: print(self.a)\ndel self.a": ["MF205"],
    "del self.b": ["MF205"],
    "self.b = 1\ndel self.b": [],
    "if self.n: self.b = 1\ndel self.b": [],
    "print(self.a)\ndel self.a\nprint(self.a)": [],
    "print(self.a)\nif self.n: del self.a": [],
    "print(self.c)": ["MF201"],
    "def g(): return self.c": ["MF201"],
    "def g(): return self.c\nself.c = 1": [],
    "self.start = 1": ["MF203"],
    "self.name = 'x'": ["MF203"],
    "self.next = 1": ["MF203"],
    "self.input = 1": ["MF203"],
    "self.merge_artifacts([])": ["MF210"],
    "self.__x__ = 1": ["MF401"],
    "yield 1": ["MF132"],
    "yield from [1]": ["MF132"],
    "def g(): yield 1": [],
    "from metaflow import current": [],
    "import metaflow.client": [],
    "import metaflow.client; self.r = metaflow.client.Flow('F')": ["MF503"],
    "import json": [],
    "self.f = helper()": [],
    "helper = 1\nself.f = helper": [],
}


@pytest.mark.parametrize("body", DELETED)
def test_messages(body: str) -> None:
    source = flow_source("self.a = [1]", body, "pass", head="def helper(): return 1", members=N)
    assert [found.code for found in errors(source)] == DELETED[body]


# the same that Metaflow does, with a warning
WARNED = {
    "self.n = 1": ["MF202"],
    "del self.n": ["MF202"],
    "self.f = lambda: 1": ["MF204"],
    "def g(): pass\nself.f = g": ["MF204"],
    "self.f = helper": ["MF204"],
    "self.e, self.f = 1, helper": ["MF204"],
}


@pytest.mark.parametrize("body", WARNED)
def test_warnings(body: str) -> None:
    source = flow_source("self.a = [1]", body, "pass", head="def helper(): return 1", members=N)
    found = translate(source, "flow.py")
    assert [message.code for message in found.diagnostics] == WARNED[body]
    assert found.code is not None


@pytest.mark.parametrize("extra", ["*, x=1", "*args", "**options"])
def test_arguments_beside_self_are_refused(extra: str) -> None:
    """A task would lack them; Metaflow calls a step with self alone, so that defaults hold."""
    source = (
        "from metaflow import FlowSpec, step\n\n\nclass F(FlowSpec):\n    @step\n"
        f"    def start(self, {extra}):\n        print(1)\n"
    )
    result = translate(source)
    assert [found.code for found in result.diagnostics] == ["MF401"]
    assert result.diagnostics[0].position.line == 6
