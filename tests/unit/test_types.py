"""Which artifacts are proven to be int, float, str or bool: only those get a native type."""

import pytest

from tests.unit.sources import flow_source, kinds, module

HEAD = """
    import json, math, random, time
    from math import sqrt
    from os import getcwd
    from thing import number as abs_
    COUNT = 3
    RATE = 0.5
    NAME = "n"
    TWICE = COUNT * 2
    CHANGED = 1
    CHANGED = 2
    BIG = 2**70
    SELF_MADE = f"{COUNT}"
    LOOP = LOOP2
    LOOP2 = LOOP
    def helper(): return 1
    def counts():
        global GLOBAL
        GLOBAL = "x"
    GLOBAL = 1
"""

EXPRESSIONS: dict[str, str | None] = {
    # constants
    "1": "int", "-1": "int", "+1": "int", "~1": None, "1.5": "float", "-1.5": "float",
    "True": "bool", "'a'": "str", "'é'": "str", "''": "str", "'\\ud800'": None, "None": None,
    "b'a'": None, "1j": None, "...": None, "()": None, "[1]": None, "{}": None,
    str(2**63 - 1): "int", str(2**63): None, f"-{2**63}": "int", f"-{2**63 + 1}": None,
    # names
    "COUNT": "int", "RATE": "float", "NAME": "str", "TWICE": "int", "CHANGED": None,
    "SELF_MADE": "str", "LOOP": None, "GLOBAL": None, "unknown": None, "helper": None,
    "BIG": None,
    # arithmetic
    "1 + 2": "int", "1 - 2": "int", "2 * 3": "int", "7 // 2": "int", "7 % 2": "int",
    "7 / 2": "float",
    "2 ** 3": None, "1 << 3": None, "1 | 2": None, "1.5 + 1": "float", "1 - 1.5": "float",
    "1.5 * 2.5": "float", "7.5 // 2": "float", "7.5 % 2": "float", "2.0 ** 3": None,
    "True + True": "int", "True / 2": "float", "-True": None, "not 1": "bool",
    "not unknown": "bool",
    "1 + unknown": None, "unknown / 2": None, "'a' + 'b'": "str", "'a' * 2": None,
    "'%s' % unknown": "str",
    "'a' + unknown": None, "1 + 'a'": None, "[1] + [2]": None,
    f"{2**62} + {2**62}": None, f"{2**62} + {2**62 - 1}": "int", f"{2**40} * {2**40}": None,
    f"-{2**63} // -1": None, f"{2**62} - -{2**62}": None,
    # comparisons and logic
    "1 < 2": "bool", "1 < 2 < 3": "bool", "unknown < 2": None, "unknown == 2": None,
    "unknown is None": "bool", "unknown is not None": "bool", "unknown in [1]": "bool",
    "1 not in unknown": "bool", "1 < 2 in [True]": None, "1 and 2": "int", "1 or 'a'": None,
    "True and False": "bool", "1 if unknown else 2": "int", "1 if unknown else 2.0": None,
    "1 if unknown else None": None, "(x := 3)": "int",
    # calls of builtins
    "len(unknown)": "int", "ord('a')": "int", "float(unknown)": "float", "str(unknown)": "str",
    "repr(unknown)": "str", "bool(unknown)": "bool", "int(1)": "int", "int(True)": "int",
    "int(unknown)": None, "int('1')": None, "int(1.5)": None, "abs(1.5)": "float", "abs(1)": None,
    "abs(unknown)": None, "round(1.5)": None, "round(1.5, 2)": "float", "round(1, 2)": None,
    "round(1.5, unknown)": None, "min(1, 2)": "int", "max(1.5, 2.5)": "float", "max(1, 2.5)": None,
    "max([1, 2])": None, "max(1, 2, key=unknown)": None, "sum([1])": None, "hash('a')": None,
    "isinstance(1, int)": "bool", "callable(1)": "bool", "any([1])": "bool", "all([1])": "bool",
    "format(1, 'd')": "str", "hex(1)": "str", "bin(1)": "str", "ascii(1)": "str", "helper()": None,
    "unknown()": None, "unknown[0]()": None,
    # texts
    "f'{unknown}'": "str", "f''": "str", "'a'.upper()": "str", "NAME.strip().lower()": "str",
    "'a'.split()": None, "'a'.startswith('b')": "bool", "'a'.count('b')": "int",
    "'a'.find('b')": "int", "'a'.encode()": None, "'a'[0]": "str", "'a'[0:1]": "str",
    "'{}'.format(1)": "str", "','.join(unknown)": "str", "unknown.upper()": None,
    "unknown[0]": None,
    "'a'.isdigit()": "bool", "'a'.replace('a', 'b')": "str",
    # the standard library
    "math.sqrt(2)": "float", "sqrt(2)": "float", "math.floor(2.5)": None, "math.pi": None,
    "time.time()": "float", "random.random()": "float", "random.randint(1, 2)": None,
    "json.dumps([1])": "str", "json.loads('1')": None, "getcwd()": "str", "abs_(1.5)": None,
    # the flow
    "self.name": "str", "self.unset": None, "self.known": "int", "self.known + 1": "int",
    "self.p": None,
}  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions(expression: str) -> None:
    found = kinds(
        "self.known = 1", f"self.x = {expression}", "pass",
        head=HEAD, members="p = Parameter('p')",
    )  # fmt: skip
    assert found.get("x") == EXPRESSIONS[expression]


# bodies of the steps, the kind of self.x
ASSIGNMENTS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "twice the same": (("self.x = 1", "self.x = 2"), "int"),
    "twice, different": (("self.x = 1", "self.x = 2.0"), None),
    "int and bool": (("self.x = 1", "self.x = True"), None),
    "then None": (("self.x = 1", "self.x = None"), None),
    "augmented": (("self.x = 1", "self.x += 1"), None),
    "chained": (("self.y = self.x = 1", "pass"), "int"),
    "unpacked": (("self.x, self.y = 1, 'a'", "pass"), "int"),
    "unpacked, nested": (("(self.y, [self.x]) = 'a', (1.5,)", "pass"), "float"),
    "unpacked from a call": (("self.x, self.y = f()", "pass"), None),
    "starred": (("*self.x, self.y = 1, 2", "pass"), None),
    "beside a star": (("self.x, *self.y = 1, 2", "pass"), None),
    "annotated": (("self.x: float = 1", "pass"), "int"),
    "only annotated": (("self.x: int", "self.x = f()"), None),
    "loop": (("for self.x in (1, 2): pass", "pass"), None),
    "loop, unpacked": (("for self.x, y in v: pass", "pass"), None),
    "with": (("with f() as self.x: pass", "pass"), None),
    "itself": (("self.x = 1", "self.x = self.x"), None),
    "itself and more": (("self.x = 1", "self.x = self.x + 1"), None),
    "through another": (("self.y = 2", "self.x = self.y"), "int"),
    "through a cycle": (("self.x = self.y", "self.y = self.x"), None),
    "local": (("y = 2\nself.x = y", "pass"), "int"),
    "local, twice": (("y = 2\ny = 'a'\nself.x = y", "pass"), None),
    "local, twice the same": (("y = 2\ny = 3\nself.x = y", "pass"), "int"),
    "local, augmented": (("y = 2\ny += f()\nself.x = y", "pass"), None),
    "local, a loop variable": (("for y in f(): self.x = y", "pass"), None),
    "local of another step": (("y = 2", "self.x = y"), None),
    "local that hides a builtin": (("str = f()\nself.x = str(1)", "pass"), None),
    "local that hides a module": (("math = f()\nself.x = math.sqrt(1)", "pass"), None),
    "local, imported": (("from m import y\nself.x = y", "pass"), None),
    "local, an argument": (("def g(y): pass\ny = 1\nself.x = y", "pass"), None),
    "local, caught": (("y = 1\ntry: pass\nexcept E as y: self.x = y", "pass"), None),
    "local, matched": (("y = 1\nmatch f():\n    case [y]: self.x = y", "pass"), None),
    "local, matched rest": (("y = 1\nmatch f():\n    case {**y}: self.x = y", "pass"), None),
    "local, global": (("global y\ny = 1\nself.x = y", "pass"), None),
    "local, walrus": (("print(y := 1)\nself.x = y", "pass"), "int"),
    "private": (("self.__x = 1\nself.x = self.__x", "pass"), "int"),
    "in a branch": (("if f(): self.x = 1\nelse: self.x = 2", "pass"), "int"),
}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_assignments(name: str) -> None:
    bodies, expected = ASSIGNMENTS[name]
    found = kinds(*bodies, "pass", head="import math\nfrom m import E, f, v")
    assert found.get("x") == expected


@pytest.mark.parametrize(
    ("head", "expression"),
    [
        ("from m import str", "str(1)"),
        ("def len(x): return 'a'", "len([1])"),
        ("try:\n    import math\nexcept ImportError:\n    math = None", "math.sqrt(2)"),
        ("import math\nimport cmath as math", "math.sqrt(2)"),
        ("class float: pass", "float(1)"),
        ("if True:\n    repr = None", "repr(1)"),
        ("from numpy import *", "round(1.5, 1)"),
    ],
)
def test_names_that_the_module_gives_another_meaning(head: str, expression: str) -> None:
    assert "x" not in kinds(f"self.x = {expression}", "pass", head=head)


def test_what_may_be_unset_travels_pickled() -> None:
    members = "n = Parameter('n', default=1)"
    sure = module(flow_source("self.x = 1", "print(self.x)", members=members))
    assert "    x: int" in sure
    unsure = module(flow_source("if self.n: self.x = 1", "print(self.x)", members=members))
    assert "    x: Artifact" in unsure


def test_types_of_parameters_count() -> None:
    members = "n = Parameter('n', default=1)\nr = Parameter('r', default=1.5)"
    code = module(flow_source("self.x = self.r * 2\nself.y = self.n + 1", "pass", members=members))
    assert "    x: float" in code
    assert "    y: Artifact" in code, "one more than the largest integer is not one of Flyte's"
