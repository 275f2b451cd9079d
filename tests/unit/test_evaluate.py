"""Arguments evaluated from the source alone: Python's own values, or a refusal, in short time."""

import ast
import resource
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.analyse.evaluate import CannotEvaluate, evaluate
from tests.support.canonical import canonical
from tests.support.fuzz import budget
from tests.support.processes import in_child


def value(text: str, **constants: str) -> Any:
    named = {name: ast.parse(code, mode="eval").body for name, code in constants.items()}
    return evaluate(ast.parse(text, mode="eval").body, named)


SAME = [
    "1", "1.5", "'a'", "b'a'", "None", "True", "...", "(1, 'a')", "[1, [2]]", "{1, 2}", "{1: 'a'}",
    "{}", "()", "[*(1, 2), 3]", "{**{1: 2}, 3: 4}", "(*[1], *(2,))", "-1", "+1", "not 1", "~5",
    "1 + 2 * 3", "7 / 2", "7 // 2", "7 % 3", "2 ** 10", "6 | 1", "6 & 3", "'a' + 'b'", "'a' * 3",
    "[0] * 3", "3 * (1, 2)", "'%s-%d' % ('a', 3)", "f'a{1}b{2!r}{\"c\"!s:>4}{\"é\"!a}'",
    "f'{3.14159:.2f}'", "f'{5:{3}d}'", "1 < 2", "1 < 2 < 3", "3 > 2 > 2", "1 == 1.0", "1 != 2",
    "1 >= 2", "1 <= 2", "1 in [1]", "1 not in [1]", "None is None", "1 is None", "1 is not None",
    "1 and 0 and 2", "0 or '' or 3", "[] or {}", "1 if [] else 2", "'abc'[1]", "[1, 2, 3][1:]",
    "[1, 2, 3][::-1]", "{'k': [1]}['k'][0]", "bool(0)", "dict(a=1)", "float('1.5')", "int('12')",
    "int('ff', base=16)", "len([1, 2])", "list('ab')", "max(1, 2)", "min([3, 2])", "round(2.5)",
    "round(1.234, 2)", "set([1])", "sorted([2, 1], reverse=True)", "str(1)", "sum([1, 2])",
    "tuple([1])", "max(*[1, 2])", "10 ** 6", "1e300 * 10", "float('nan')", "-0.0", "1_000", "0x1f",
    "2 ** -1", "(-8) ** 2", "'é' 'a'", "60 * 60 * 24",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("text", SAME)
def test_same_as_python(text: str) -> None:
    assert canonical(value(text)) == canonical(eval(text))


def test_constants_of_the_module() -> None:
    assert value("A + B['k'][0]", A="1", B="{'k': [C]}", C="A * 2") == 3
    assert value("len", len="5") == 5


REFUSED = [
    "x", "f()", "x.y", "len", "int.real", "lambda: 1", "[i for i in [1]]", "A", "1 / 0", "1 + 'a'",
    "[1][5]", "{}['k']", "int('a')", "open('x')", "print(1)", "__import__('os')", "'a'.upper()",
    "1 @ 2", "1 << 2", "1 >> 2", "1 ^ 2", "(x := 1)", "await_", "[*5]", "{**5}", "1 is 1",
    "'a' is 'a'", "dict(**{'a': 1})", "sorted([1], key=len)", "len()", "{[]: 1}", "{[]}", "-'a'",
    "max()", "f'{1:q}'", "f'{x}'", "eval('1')", "(yield_)", "'%d' % 'a'", "x[0]", "[1][x]",
    "(lambda: 1)()", "len[0]",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(CannotEvaluate):
        value(text, A="A + 1")


def test_the_reason_is_the_smallest_part() -> None:
    with pytest.raises(CannotEvaluate) as refused:
        value("[1, {'k': 2 + unknown.part}]")
    assert ast.unparse(refused.value.node) == "unknown.part"


def test_a_constant_that_shadows_a_function_is_not_called() -> None:
    with pytest.raises(CannotEvaluate):
        value("len([1])", len="3")


HUGE = [
    "2 ** 10 ** 9", "9 ** 9 ** 9 ** 9", "2 ** 1001", "(2 ** 1000) ** 1000", "'a' * 10 ** 9",
    "10 ** 9 * [0]", "(1,) * 10 ** 8", "b'a' * 10 ** 9", "'%999999999d' % 1",
    "'%*d' % (10 ** 9, 1)",
    "b'%999999999d' % 1", "f'{1:999999999}'", "f'{1:.999999999f}'", "[0] * 1000 * 1000",
    "2 ** 4000 * 2 ** 4000", "sum([[0] * 100000] * 100000, [])", "round(5, -10 ** 9)",
    "int('9' * 99999)", "'a' * 99999 + 'a' * 99999", "[*[0] * 99999, *[0] * 99999]",
    "str([[[0] * 1000] * 1000] * 1000)", "f'{[[[0] * 1000] * 1000] * 1000}'",
    "'%s' % ([[[[0] * 1000] * 1000] * 1000],)", "1 << 10 ** 9",
]  # fmt: skip


def _refuses(text: str, constants: dict[str, str]) -> bool:
    """In a child, with little memory."""
    resource.setrlimit(resource.RLIMIT_AS, (4 * 10**9, 4 * 10**9))
    try:
        value(text, **constants)
    except CannotEvaluate:
        return True
    return False


@pytest.mark.parametrize("text", HUGE)
def test_what_is_huge_is_refused_at_once(text: str, tmp_path: Path) -> None:
    assert in_child(_refuses, text, {}, folder=tmp_path, timeout=10)[0]


def test_doubling_is_refused_at_once(tmp_path: Path) -> None:
    """A few lines that name 2 ** 60 values."""
    constants = {"A0": "[1]"} | {f"A{i + 1}": f"[A{i}, A{i}]" for i in range(60)}
    assert in_child(_refuses, "A60", constants, folder=tmp_path, timeout=10)[0]


_leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.floats(width=32),
    st.text(max_size=4), st.binary(max_size=4),
)  # fmt: skip
_literals = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.integers(0, 9), st.text(max_size=2)), inner, max_size=3),
        st.sets(st.integers(0, 9), min_size=1, max_size=3),
    ),
    max_leaves=8,
)


@budget(200)
@given(_literals)
def test_literals(literal: object) -> None:
    text = repr(literal).replace("nan", "float('nan')").replace("inf", "float('inf')")
    if "nan" in repr(literal) or "inf" in repr(literal):
        text = text if "'" not in repr(literal) else "None"
    assert canonical(value(text)) == canonical(eval(text))


_numbers = st.recursive(
    st.one_of(st.integers(-9, 9).map(str), st.sampled_from(["1.5", "True", "0.1", "N"])),
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from("+ - * / // % ** & | < <= == != and or".split()), inner
        ).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"(-{part})"),
        inner.map(lambda part: f"(not {part})"),
        inner.map(lambda part: f"round({part}, 1)"),
        inner.map(lambda part: f"max({part}, 2)"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"[{p[0]}, {p[1]}][{p[0]} in (1, 2)]"),
    ),
    max_leaves=6,
)


@budget(400)
@given(_numbers)
def test_expressions(text: str) -> None:
    """The value that Python gives; where Python fails, a refusal; where it is huge, perhaps one."""
    try:
        found: object = value(text, N="7")
    except CannotEvaluate:
        found = CannotEvaluate
    if text.count("**") > 2 and found is CannotEvaluate:
        return
    try:
        expected = eval(text, {"N": 7})
    except Exception:
        assert found is CannotEvaluate
        return
    small = not isinstance(expected, int) or expected.bit_length() <= 4096
    if small and "**" not in text:
        assert found is not CannotEvaluate
    if found is not CannotEvaluate:
        assert canonical(found) == canonical(expected)
