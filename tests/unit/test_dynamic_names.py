"""Which names a computed attribute can have."""

import ast

import pytest

from codegen.analyse.body.dynamic import possible_names
from codegen.analyse.scope import module_scope
from tests.unit.sources import flow_source, parsed

HEAD = """
PREFIX = "p_"
NAMES = ("a", "b")
TABLE = {"a": 1, "b": 2}
ROWS = [("a", 1), ("b", 2)]
LISTED = ["a", "b"]
LISTED.append("c")
"""

MEMBERS = """
KEY = "k"
COLUMNS = ["x", "y"]
OPTIONS = {"x": 1}
"""


def names(before: str, expression: str) -> set[str] | None:
    """What the expression can be as the name in a `getattr` after, or inside, some statements."""
    inside = before.endswith(":")
    text = f"{before}{' ' if inside else chr(10)}getattr(self, {expression}, 1)"
    flow = parsed(flow_source(text, "pass", head=HEAD, members=MEMBERS))
    function = flow.steps["start"].node
    call = next(
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr"
    )
    found = possible_names(call.args[1], function, flow, module_scope(flow.module.kept))
    return None if found is None else set(found)


EXPRESSIONS: dict[str, set[str] | None] = {
    "'x'": {"x"},
    "'x' + 'y'": {"xy"},
    "'x' if c else 'y'": {"x", "y"},
    "'x' if c else v": None,
    "PREFIX": {"p_"},
    "PREFIX + 'a'": {"p_a"},
    "PREFIX * 2": None,
    "PREFIX.upper()": None,
    "f'{PREFIX}a'": {"p_a"},
    "f'{PREFIX!s}'": {"p_"},
    "f'{PREFIX!r}'": None,
    "f'{PREFIX:>3}'": None,
    "f'a_{1}'": None,
    "f'a_{v}'": None,
    "self.KEY": {"k"},
    "f'{PREFIX}{self.KEY}'": {"p_k"},
    "self.missing": None,
    "other.KEY": None,
    "v": None,
    "1": None,
    "b'a'": None,
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions(expression: str) -> None:
    assert names("pass", expression) == EXPRESSIONS[expression]


# head of the loop, what n can be in it
LOOPS: dict[str, set[str] | None] = {
    "for n in ('a', 'b')": {"a", "b"},
    "for n in ['a', 'b']": {"a", "b"},
    "for n in {'a', 'b'}": {"a", "b"},
    "for n in ('a' if c else 'b', 'z')": {"a", "b", "z"},
    "for n in (1, 'a')": None,
    "for n in 'ab'": None,
    "for n in [*v, 'a']": None,
    "for n in {'a': 1, 'b': 2}": {"a", "b"},
    "for n in {**v}": None,
    "for n, w in {'a': 1}": None,
    "for n in NAMES": {"a", "b"},
    "for n in LISTED": None,
    "for n in v": None,
    "for n in self.COLUMNS": {"x", "y"},
    "for n in self.rows": None,
    "for n in TABLE": {"a", "b"},
    "for n in TABLE.keys()": {"a", "b"},
    "for n in TABLE.copy()": None,
    "for n in TABLE.items()": None,
    "for n, w in TABLE.items()": {"a", "b"},
    "for w, n in TABLE.items()": None,
    "for n, w in TABLE.keys()": None,
    "for n, w in {'a': 1}.items()": {"a"},
    "for n, w in self.OPTIONS.items()": {"x"},
    "for n, w in self.OPTIONS.items(1)": None,
    "for n, w in ROWS": {"a", "b"},
    "for w, n in ROWS": None,
    "for [n, w] in ROWS": {"a", "b"},
    "for n, *w in ROWS": None,
    "for (n, m), w in ROWS": None,
    "for n, w in [('a', 1), v]": None,
    "for w, n in [(1, 'a'), [2, 'b']]": {"a", "b"},
    "for w, n in [(1,), (2, 'b')]": None,
    "for n in sorted(NAMES)": {"a", "b"},
    "for n in list(TABLE)": {"a", "b"},
    "for n in tuple(self.COLUMNS)": {"x", "y"},
    "for n in set(NAMES)": {"a", "b"},
    "for n, w in sorted(TABLE.items())": {"a", "b"},
    "for n in reversed(NAMES)": None,
    "for n, w in zip(NAMES, v)": None,
    "for i, n in enumerate(NAMES)": None,
    "for n in NAMES + ('z',)": None,
    "for n in [*NAMES, 'z']": None,
    "for n in NAMES if c else v": None,
}


@pytest.mark.parametrize("loop", LOOPS)
def test_loops(loop: str) -> None:
    assert names(f"{loop}:", "n") == LOOPS[loop]


COMPREHENSIONS = {
    "[n for n in NAMES]": {"a", "b"},
    "{n: w for n, w in ROWS}": {"a", "b"},
    "list(n for n in v)": None,
}


@pytest.mark.parametrize("series", COMPREHENSIONS)
def test_comprehensions_are_loops(series: str) -> None:
    assert names(f"print({series})", "n") == COMPREHENSIONS[series]


# statements, what n can be after them
SOURCES: dict[str, set[str] | None] = {
    "n = 'a'": {"a"},
    "n = 'a'\nn = 'b'": {"a", "b"},
    "n = m = 'a'": {"a"},
    "n = 'a'\nif c: n = v": None,
    "n = 'a'\nn += 'b'": None,
    "n: str = 'a'": {"a"},
    "n: str": None,
    "print(n := 'a')": {"a"},
    "n, m = 'a', 'b'": None,
    "[n] = v": None,
    "with open(p) as n: pass": None,
    "with open(p): n = 'a'": {"a"},
    "n = m\nm = 'a'": {"a"},
    "n = m\nm = n": None,
    "n = 'a'\nn = n + 'b'": None,
    "n = PREFIX + 'a'": {"p_a"},
    "n = 'a'\nfor n in v: pass": None,
    "n = 'a'\nfor n in NAMES: pass": {"a", "b"},
    "async def g():\n    async for n in NAMES: pass": {"a", "b"},
    "n = 'a'\ng = lambda n: n": None,
    "n = 'a'\ndef g(*, n): pass": None,
}


@pytest.mark.parametrize("before", SOURCES)
def test_local_names(before: str) -> None:
    assert names(before, "n") == SOURCES[before]


# how a local series comes about, what its elements can be
SERIES: dict[str, set[str] | None] = {
    "s = ['a', 'b']": {"a", "b"},
    "s = ('a', 'b')": {"a", "b"},
    "s = {'a': 1}": {"a"},
    "s: list = ['a']": {"a"},
    "s = f()": None,
    "s = NAMES": None,
    "s = ['a']\ns = ['b']": None,
    "s = ['a']\ns += ['b']": None,
    "s = ['a']\ns.append('b')": None,
    "s = ['a']\ns[0] = 'b'": None,
    "s = ['a']\nf(s)": None,
    "s = ['a']\nt = s": None,
    "s = ['a']\nt = [s]": None,
    "s = ['a']\nadd = s.append": None,
    "s = {'a': 1}\ns.update(v)": None,
    "s = ['a']\nprint(len(s))": {"a"},
    "s = ['a']\nt = list(s)\nt.append('b')": {"a"},
    "s = ['a']\nfor e in s: print(e)": {"a"},
    "s = ['a']\nt = [e for e in s]": {"a"},
    "s = {'a': 1}\nprint(s.values())": {"a"},
    "for s in v: pass": None,
    "NAMES = v\ns = ('a',)": {"a"},
}


@pytest.mark.parametrize("before", SERIES)
def test_local_series(before: str) -> None:
    assert names(f"{before}\nfor n in s:", "n") == SERIES[before]


def test_a_local_name_hides_one_of_the_module() -> None:
    assert names("PREFIX = 'q'", "PREFIX") == {"q"}
    assert names("NAMES = v\nfor n in NAMES:", "n") is None


@pytest.mark.parametrize(("last", "known"), [("abcd", True), ("abcde", False)])
def test_too_many_names_are_any(last: str, known: bool) -> None:
    four = "('a', 'b', 'c', 'd')"
    loops = f"for i in {four}:\n    for j in {four}:\n        for k in {(*last,)}:"
    found = names(loops, "i + j + k")
    assert (found is not None) is known
    assert found is None or len(found) == 64


def test_too_many_values_are_any() -> None:
    assert names(f"for n in {[f'a{i}' for i in range(64)]}:", "n") is not None
    assert names(f"for n in {[f'a{i}' for i in range(65)]}:", "n") is None


def test_a_function_without_arguments_has_no_self() -> None:
    flow = parsed(flow_source("pass", "pass", members=MEMBERS))
    tree = ast.parse("def f():\n    return self.KEY").body[0]
    assert isinstance(tree, ast.FunctionDef) and isinstance(tree.body[0], ast.Return)
    value = tree.body[0].value
    assert value is not None
    assert possible_names(value, tree, flow, module_scope(flow.module.kept)) is None
