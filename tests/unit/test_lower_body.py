"""Bodies rewritten: artifacts become locals, and nothing else changes, comments included."""

import textwrap
from pathlib import Path

import pytest

from codegen import translate
from tests.support.flyte_side import run_flyte
from tests.unit.sources import flow_source, module, task

N = "n = Parameter('n', default=1)"

# body of the first step, body of its task
REWRITTEN: dict[str, tuple[str, str]] = {
    "comments": (
        """
        # first
        self.x = 1  # behind

        # between
        self.y = self.x  # more
        # last
        """,
        """
        # first
        x = 1  # behind

        # between
        y = x  # more
        # last
        return StartOutputs(x=x, y=y)
        """,
    ),
    "one line": ("self.x = 1; self.y = 2", "x = 1\ny = 2\nreturn StartOutputs(x=x, y=y)"),
    "docstring": (
        '"""What it does."""\nself.x = 1',
        '"""What it does."""\nx = 1\nreturn StartOutputs(x=x)',
    ),
    "f-string": (
        "x = f'{self.x:>{self.y}} {self.x!r}'",
        "x = f\"{x_:>{y}} {x_!r}\"",
    ),
    "f-string that names its text": ("x = f'{self.x=}'", 'x = f"self.x={x_!r}"'),
    "keyword": ("print(end=self.x)", "print(end=x)"),
    "parentheses": ("y = (self.x)", "y = x"),
    "slices": ("y = [1][self.x : self.y]", "y = [1][x:y_]"),
    "decorator": ("@wrap(self.x)\ndef g(): pass", "@wrap(x)\ndef g():\n    pass"),
    "default": ("def g(a=self.x): return a", "def g(a=x):\n    return a"),
    "own self": ("def g(self): return self.x", "def g(self):\n    return self.x"),
    "own self, default": (
        "def g(self, a=self.x): return self.x + a", "def g(self, a=x):\n    return self.x + a",
    ),
    "own self, decorator": (
        "@wrap(self.x)\ndef g(self): return self.x", "@wrap(x)\ndef g(self):\n    return self.x",
    ),
    "lambda with its own self": ("g = lambda self: self.x", "g = lambda self: self.x"),
    "lambda with its own self, default": (
        "g = lambda self, a=self.x: self.x + a", "g = lambda self, a=x: self.x + a",
    ),
    "nested class": (
        "class C:\n    a = len(self.x)\n    def m(self): return self.x",
        "class C:\n    a = len(x)\n\n    def m(self):\n        return self.x",
    ),
    "nested function returns": (
        "def g():\n    return self.x\nprint(g())", "def g():\n    return x\n\nprint(g())",
    ),
    "name of the flow": ("print(self.name)", 'name = "TheFlow"\nprint(name)'),
    "del": ("self.z = 1\nprint(self.z)\ndel self.z", "z = 1\nprint(z)\ndel z"),
    "loop variable": (
        "for self.z in self.x: print(self.z)\ndel self.z", "for z in x:\n    print(z)\ndel z",
    ),
    "comprehension": ("x = [x for x in self.x]", "x = [x for x in x_]"),
    "walrus": ("print(x := self.x)", "print(x := x_)"),
    "with": ("with open(self.x) as x: pass", "with open(x_) as x:\n    pass"),
    "import": ("import x\nprint(self.x)", "import x\n\nprint(x_)"),
    "handler": (
        "try: print(self.x)\nexcept ValueError as x: print(x)",
        "try:\n    print(x_)\nexcept ValueError as x:\n    print(x)",
    ),
    "match": (
        "match self.x:\n    case [x]: print(x)", "match x_:\n    case [x]:\n        print(x)",
    ),
    "global": ("global x\nx = self.y", "global x\nx = y"),
    "builtin": ("print(list(self.x), self.list)", "print(list(x), list_)"),
    "only annotated": ("self.q: int\nprint(self.x)", "print(x)"),
    "strings stay": ("y = 'self.x'", 'y = "self.x"'),
    "unicode": ("print(self.ﬁ)", "print(fi)"),
    "attribute of another": ("print(self.x.self.x)", "print(x.self.x)"),
    "unused": ("self.z = 1\ndel self.z", "_z = 1\ndel _z"),
    "bare return in a block": (
        "for i in self.x:\n    return", "for i in x:\n    return",
    ),
    "return with a call": ("return print(self.x)", "print(x)\nreturn"),
    "return with a value": ("return self.x", "_ = x\nreturn"),
    "return None": ("if self.x: return None", "if x:\n    return"),
    "return after more": ("if self.x: print(1); return print(2)",
                          "if x:\n    print(1)\n    print(2)\n    return"),
    "continued line": ("y = 1 + \\\n    self.x", "y = 1 + x"),
    "tabs": ("if self.x:\n\tprint(self.x)", "if x:\n    print(x)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REWRITTEN)
def test_rewritten(name: str) -> None:
    body, expected = (textwrap.dedent(text).strip("\n") for text in REWRITTEN[name])
    head = "def wrap(value):\n    return lambda f: f"
    if "StartOutputs" in expected:
        source = flow_source(body, "pass", head=head)
        found = task(source, "start")
    else:
        before = "self._x = 1\nself.x = []\nself.y = 1\nself.list = []\nself.ﬁ = 1"
        source = flow_source(before, body, head=head)
        found = task(source, "end")
    assert found == expected


# body → lines of the task
NEXT: dict[str, str] = {
    "early": """
        if self.n:
            self.x = 1
            self.next(self.end)  # why
            return
        self.x = 2
        =>
        if n:
            x = 1
            # why
            return StartOutputs(x=x)
        x = 2
        return StartOutputs(x=x)
    """,
    "early on one line": """
        self.x = 1
        if self.n: self.next(self.end); return
        =>
        x = 1
        if n:
            return StartOutputs(x=x)
        return StartOutputs(x=x)
    """,
    "maybe unset": """
        if self.n:
            self.x = 1
        =>
        if n:
            x = 1
        return StartOutputs(x=locals().get("x", Unset))
    """,
    "unset": """
        if self.n:
            self.next(self.end)
            return
        self.x = 1
        =>
        if n:
            return StartOutputs(x=Unset)
        x = 1
        return StartOutputs(x=x)
    """,
    "never reached": """
        self.x = 1
        raise ValueError
        =>
        x = 1
        raise ValueError
        return StartOutputs(x=x)
    """,
    "fails": """
        self.x = 1
        if self.n:
            return
        =>
        x = 1
        if n:
            raise RuntimeError("step start returned without self.next(self.end)")
        return StartOutputs(x=x)
    """,
}


@pytest.mark.parametrize("name", NEXT)
def test_transitions(name: str) -> None:
    body, expected = textwrap.dedent(NEXT[name]).strip("\n").split("\n=>\n")
    assert task(flow_source(body, "pass", members=N), "start") == expected.rstrip()


def test_the_whole_step_on_one_line() -> None:
    source = flow_source("pass", "pass").replace(
        "    def start(self):\n        pass\n        self.next(self.end)",
        "    def start(self): self.x = 1; self.next(self.end)",
    )
    assert task(source, "start") == "x = 1\nreturn StartOutputs(x=x)"


def test_a_step_of_nothing_but_its_transition() -> None:
    source = flow_source("", "pass").replace("        pass\n        self", "        self")
    assert task(source, "start") == "pass"


def test_steps_indented_by_tabs() -> None:
    source = flow_source("if self.n:\n    self.x = 1", "print(self.n)", members=N)
    assert translate(source.replace("    ", "\t")).code == translate(source).code


def test_reading_what_may_be_unset() -> None:
    source = flow_source("if self.n: self.x = 1", "print(self.x)", members=N)
    assert task(source, "end") == (
        "if x is Unset:  # reading it must fail, as in Metaflow\n    del x\nprint(x)"
    )


def test_a_local_with_the_name_of_the_outputs(tmp_path: Path) -> None:
    code = module(flow_source("StartOutputs = 5\nself.x = StartOutputs", "pass"))
    (tmp_path / "flyte_wf.py").write_text(code)
    assert run_flyte(tmp_path / "flyte_wf.py", "the_flow", {}).outputs == {"x": ("int", 5)}
