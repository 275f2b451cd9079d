"""Members of the flow's class: which there are, and what becomes of them in the module."""

import ast
import textwrap

import pytest

from codegen import translate
from codegen.model import MemberKind
from tests.unit.sources import codes, flow_source, module, parsed

HEAD = "import functools\nimport os\nfrom elsewhere import make, trace"


def named(code: str, name: str) -> str:
    """The text of a function, class or constant at the top level of a module, or in TheFlow."""
    tree = ast.parse(code)
    every = list(tree.body)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "TheFlow":
            every += node.body
    for node in every:
        targets = [ast.unparse(t) for t in node.targets] if isinstance(node, ast.Assign) else []
        if getattr(node, "name", None) == name or name in targets:
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(found.lineno for found in decorators)])
            lines = code.splitlines()
            while lines[first - 2].strip().startswith("#"):
                first -= 1
            return textwrap.dedent("\n".join(lines[first - 1 : node.end_lineno]))
    raise LookupError(name)


# ---------------------------------------------------------------------- what is a member

KINDS: dict[str, tuple[MemberKind, str, bool, bool]] = {
    "def m(self): pass": (MemberKind.METHOD, "", True, False),
    "def m(me): pass": (MemberKind.METHOD, "", True, False),
    "async def m(self): pass": (MemberKind.METHOD, "", True, True),
    "def m(self): yield": (MemberKind.METHOD, "", True, True),
    "def m(self): yield from []": (MemberKind.METHOD, "", True, True),
    "def m(self):\n    def g(): yield": (MemberKind.METHOD, "", True, False),
    "def m(self): return lambda: (yield)": (MemberKind.METHOD, "", True, False),
    "@trace\ndef m(self): pass": (MemberKind.METHOD, "", False, False),
    "@staticmethod\ndef m(): pass": (MemberKind.STATIC, "", True, False),
    "@classmethod\ndef m(cls): pass": (MemberKind.CLASS, "", True, False),
    "@property\ndef m(self): pass": (MemberKind.PROPERTY, "getter", True, False),
}


@pytest.mark.parametrize("text", KINDS)
def test_helpers(text: str) -> None:
    found = parsed(flow_source("pass", "pass", head=HEAD, members=text)).helpers["m"]
    assert (found.kind, found.role, found.plain, found.deferred) == KINDS[text]
    assert found.kind is MemberKind.STATIC or found.node.args.args[0].arg in ("self", "cls")


def test_cached_property() -> None:
    text = "@functools.cached_property\ndef _m(self): pass"
    found = parsed(flow_source("pass", "pass", head=HEAD, members=text)).helpers["_m"]
    assert (found.kind, found.role, found.plain) == (MemberKind.PROPERTY, "getter", False)


def test_setters() -> None:
    text = "@property\ndef m(self): pass\n@m.setter\ndef m(self, value): pass"
    flow = parsed(flow_source("pass", "pass", members=text))
    assert (flow.helpers["m"].role, flow.setters["m"].role) == ("getter", "setter")


# members, the codes that they bring
CODES: dict[str, list[str]] = {
    "x = 1; y = 2": ["MF504", "MF504"],
    "if True: x = 1": ["MF504"],
    "x += 1": ["MF504"],
    "x[0] = 1": ["MF504"],
    "f = lambda: 1": ["MF504"],
    "f, g = lambda: 1, 2": ["MF504"],
    "class Row: pass": ["MF504"],
    "def m(): pass": ["MF504"],
    "def m(*args): pass": ["MF504"],
    "def __init__(self): pass": ["MF504"],
    "@functools.lru_cache\ndef m(self): pass": ["MF504"],
    "@functools.lru_cache(maxsize=1)\ndef m(self): pass": ["MF504"],
    "@functools.cached_property\ndef m(self): pass": ["MF504"],
    "import json": ["MF504"],
    "x: int": [],
    "x: int = 1": [],
    "x = y = 1": [],
    "x, y = 1, 2": [],
    "x, (y, z) = make()": ["MF504"],
    "x, y = make()": ["MF504"],
    "*x, y = K": ["MF504"],
    "class _Row: pass": [],
    "def __private(self): pass": [],
    "@functools.cache\ndef _m(self): return 1": [],
    "'text'": [],
}


@pytest.mark.parametrize("text", CODES)
def test_members_that_are_refused(text: str) -> None:
    found = codes(flow_source("pass", "pass", head=HEAD, members=text))
    assert [code for code in found if code not in ("MF702", "MF704")] == CODES[text]


def test_the_places_of_constants() -> None:
    flow = parsed(flow_source("pass", "pass", members="x: int\ny, _z = 1, [2]\n__w = x = 3"))
    shown = {name: ast.unparse(constant.value) for name, constant in flow.constants.items()}
    assert shown == {"y": "1", "_z": "[2]", "_TheFlow__w": "3", "x": "3"}
    unpacked = parsed(flow_source("pass", "pass", head="K = (1, 2)", members="x, y = K"))
    assert ast.unparse(unpacked.constants["y"].value) == "K[1]"


# ---------------------------------------------------------------------- without a class

ADD = '''
# about rates
RATE = 2  # each

# about add
def add(self, n, *, k=1):
    """Adds.

      more
    """
    # inside
    return n + self.RATE + k  # behind
'''


def test_functions_and_constants_of_the_module() -> None:
    code = module(flow_source("self.x = self.add(1) + self.RATE", "pass", members=ADD))
    assert named(code, "RATE") == "# about rates\nRATE = 2  # each"
    expected = '''\
# about add
def add(n, *, k=1):
    """Adds.

    more
    """
    # inside
    return n + RATE + k  # behind'''
    assert named(code, "add") == expected
    assert "x = add(1) + RATE" in code
    assert "class TheFlow(" not in code


# members, an expression in a step, what it is there, and the member in the module
OUTSIDE: dict[str, tuple[str, str, str, str]] = {
    "method": ("def f(self, a): return a", "self.f(1)", "f(1)", "def f(a):\n    return a"),
    "static": ("@staticmethod\ndef f(a): return a", "self.f(1)", "f(1)",
        "def f(a):\n    return a"),
    "static, by the class": ("@staticmethod\ndef f(a): return a", "TheFlow.f(1)", "f(1)",
        "def f(a):\n    return a"),
    "class method": ("@classmethod\ndef f(cls, a): return a", "self.f(1)", "f(1)",
        "def f(a):\n    return a"),
    "property": ("@property\ndef f(self): return 1", "self.f + 1", "f() + 1",
        "def f():\n    return 1"),
    "private": ("def __f(self): return 1", "self.__f()", "f()", "def f():\n    return 1"),
    "private constant": ("__F = 3", "self.__F + 1", "F + 1", "F = 3"),
    "underscore": ("_f = 3", "self._f + 1", "_f + 1", "_f = 3"),
    "annotated": ("f: int = 3", "self.f + 1", "f + 1", "f: int = 3"),
    "constant of another": ("f = 3\ng = f + 1", "self.g + 0", "g + 0", "g = f + 1"),
    "nested class": ("class _F:\n    def g(self): return self.__x", "self._F().g()", "_F().g()",
        "class _F:\n    def g(self):\n        return self.__x"),
    "parentheses": ("f = 3\ndef g(self): return (self.f)", "self.g()", "g()",
        "def g():\n    return f"),
    "keyword": ("def f(self, a): return a\ndef g(self, a): return self.f(a=a)", "self.g(1)", "g(1)",
        "def g(a):\n    return f(a=a)"),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_members_without_a_class(name: str) -> None:
    members, expression, text, member = OUTSIDE[name]
    code = module(flow_source(f"self.x = {expression}", "pass", members=members))
    assert f"    x = {text}\n" in code
    node = ast.parse(member).body[0]
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        shown = node.name
    else:
        assert isinstance(node, (ast.Assign, ast.AnnAssign))
        shown = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    if isinstance(node, ast.AnnAssign):
        assert member in code
        return
    assert ast.unparse(ast.parse(named(code, shown))) == ast.unparse(ast.parse(member))
    assert "self" not in named(code, shown) or isinstance(node, ast.ClassDef)


# names of the module, members, an expression in a step, what it is there
TAKEN: dict[str, tuple[str, str, str, str]] = {
    "function": ("def f(): return 0", "def f(self): return f()", "self.f()", "f_()"),
    "constant": ("f = 5", "f = 6", "self.f + f", "f_ + f"),
    "import": ("import os", "os = 6", "self.os", "os_"),
    "builtin": ("", "def sum(self, a): return sum(a)", "self.sum([1])", "sum_([1])"),
    "step": ("", "def s1(self): return 1", "self.s1()", "s1()"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_names_that_are_taken(name: str) -> None:
    head, members, expression, text = TAKEN[name]
    code = module(flow_source(f"self.x = {expression}", "pass", head=head, members=members))
    assert f"    x = {text}\n" in code


def test_locals_and_artifacts_keep_out_of_the_way() -> None:
    members = "def f(self): return 1\nLIMIT = 3"
    body = "f = self.f()\nself.LIMITS = [f, self.LIMIT]\nLIMIT = 5\nself.x = LIMIT"
    code = module(flow_source(body, "pass", members=members))
    function = next(
        node for node in ast.parse(code).body
        if isinstance(node, ast.FunctionDef) and node.name == "start"
    )  # fmt: skip
    lines = [ast.unparse(node) for node in function.body[:2]]
    stores = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and n.id[0] in "fL"}
    called = lines[0].removeprefix("f = ").removesuffix("()")
    assert called != "f" and f"def {called}():" in code
    assert {"f", called, "LIMIT"} <= stores
    assert lines[1] != "LIMITS = [f, LIMIT]"


def test_one_statement_for_several_constants() -> None:
    code = module(flow_source("self.x = self.A + self.B", "pass", members="A, B = 1, 2"))
    assert code.count("A, B = 1, 2") == 1
    both = module(
        flow_source("self.push()", "pass", members="A, B = 1, 2\ndef push(self): self.x = self.B")
    )
    assert both.count("    A, B = 1, 2") == 1


# ---------------------------------------------------------------------- in the class

OBJECTS = """
LIMIT = 3
_LOW = 1

def add(self, n): return n + self.LIMIT

@property
def rate(self): return self.LIMIT

@staticmethod
def static(x): return x

def push(self, name):
    '''Pushes.'''
    # inside
    self.w = self.add(1)  # behind

def unused(self): return 1

@trace
def traced(self): return self._LOW
"""

PUSH = """\
def push(self, name):
    \"\"\"Pushes.\"\"\"
    # inside
    self.w = self.add(1)  # behind"""


def test_members_of_the_class() -> None:
    code = module(
        flow_source(
            "self.x = self.add(1) + self.rate + self.LIMIT + self.static(1)",
            "self.push('w')",
            head=HEAD,
            members=OBJECTS,
        )
    )
    body = "x = TheFlow.add(1) + TheFlow().rate + TheFlow.LIMIT + TheFlow.static(1)"
    assert f"    {body}\n" in code
    assert named(code, "add") == "@staticmethod\ndef add(n):\n    return n + TheFlow.LIMIT"
    assert named(code, "rate") == "@property\ndef rate(self):\n    return self.LIMIT"
    assert named(code, "push") == PUSH
    assert "unused" not in code and "_LOW" not in code


def test_a_helper_that_only_others_use_stays_a_method() -> None:
    code = module(flow_source("pass", "self.push('w')", head=HEAD, members=OBJECTS))
    assert named(code, "add") == "def add(self, n):\n    return n + self.LIMIT"


def test_positional_arguments() -> None:
    members = "def f(self, a, b, /, c): return a\ndef push(self): self.x = self.f(1, 2, 3)"
    code = module(flow_source("self.push()", "self.y = 1", members=members))
    assert "def f(self, a, b, /, c):" in code


def test_read_only_constants() -> None:
    members = "LIMIT = 3\nOTHER = 4\n_LOW = 5"
    code = translate(
        flow_source("self.LIMIT = self.LIMIT + self._LOW", "pass", members=members)
    ).code
    assert code is not None
    (line,) = [line for line in code.splitlines() if "frozenset({" in line]
    assert "'LIMIT'" in line.replace('"', "'") and "_LOW" not in line


# ---------------------------------------------------------------------- each task has its own

# members, a step, whether the constant C is evaluated in every task
EACH_TASK: dict[tuple[str, str], bool] = {
    ("C = os.urandom(3)", "self.x = self.C"): True,
    ("C = make()", "self.x = self.C"): True,
    ("C = os.environ['HOME']", "self.x = self.C"): True,
    ("D = make()\nC = [D]", "self.x = self.C"): True,
    ("C = [1]", "self.C.append(2)"): True,
    ("C = [1]", "self.x = len(self.C)"): False,
    ("C = int('3')", "self.x = self.C"): False,
    ("C = 'a b'.split()", "self.x = self.C[0]"): False,
    ("C = os.path.join('a', 'b')", "self.x = self.C"): False,
    ("C = [].index", "self.x = self.C"): False,
}


@pytest.mark.parametrize("case", EACH_TASK)
def test_constants_of_each_task(case: tuple[str, str]) -> None:
    members, body = case
    code = module(flow_source(body, "pass", head=HEAD, members=members))
    assert ("# evaluated in every task" in code) is EACH_TASK[case]


def test_such_constants_as_local_variables() -> None:
    members = "A = make()\nB = (A, 1)"
    code = module(flow_source("self.x = self.B", "self.y = 1", head=HEAD, members=members))
    lines = [line.strip() for line in code.splitlines()]
    place = lines.index("A = make()  # evaluated in every task")
    assert lines[place + 1 : place + 3] == ["B = (A, 1)  # evaluated in every task", "x = B"]


def test_such_constants_in_the_class() -> None:
    members = "A = make()\nB = (A, 1)\ndef push(self): self.z = self.B"
    code = module(flow_source("self.push()", "self.y = self.A", head=HEAD, members=members))
    expected = (
        "@functools.cached_property  # each task has its own\ndef B(self) -> Any:\n    return "
    )
    assert named(code, "B").startswith(expected)
    assert "self.A, 1" in named(code, "B")
    assert "    A = make()  # evaluated in every task\n    y = A\n" in code


def test_constants_of_the_class_by_name() -> None:
    """What a class method looks up in the class cannot belong to a task."""
    members = "_A = make()\n@classmethod\ndef of(cls): return cls._A"
    code = module(flow_source("self.x = self.of()", "pass", head=HEAD, members=members))
    assert "    _A = make()\n" in code and "cached_property" not in code


# ---------------------------------------------------------------------- what is left out


@pytest.mark.parametrize(
    "members, left",
    [
        ("A = 1\nLIMIT = 1", ["LIMIT"]),
        ("A, B = 1, 2", []),  # one statement sets both
        ("A = 1; B = 2", []),
        ("A = 1\ndef m(self): return 1", ["m"]),
        ("A = 1\n@property\ndef p(self): return 1", ["p"]),
        ("A = 1\n@staticmethod\ndef s(): return 1", ["s"]),
        ("A = 1\nclass _Nested: pass", ["_Nested"]),
        ("B = 1\nA = B + 1", []),
        ("A = 1\n__private = 2", ["__private"]),
    ],
)
def test_unused_members(members: str, left: list[str]) -> None:
    source = flow_source("self.x = self.A", "pass", members=members)
    found = [d for d in translate(source, "flow.py").diagnostics if d.code == "MF704"]
    assert [d.message.split()[3].rstrip(",") for d in found] == left, source


def test_members_in_arguments_of_decorators_are_used() -> None:
    source = flow_source("self.x = 1", "pass", members="TIMES = 2").replace(
        "    @step\n    def start", "    @retry(times=TIMES)\n    @step\n    def start"
    )
    assert codes("from metaflow import retry\n" + source) == []


def test_setattr_of_the_authors() -> None:
    head = "def setattr(a, b, c):\n    print(a, b, c)"
    code = module(flow_source("setattr(self, 'x', 1)", "pass", head=head))
    assert "setattr(self, 'x', 1)" in code.replace('"', "'")
