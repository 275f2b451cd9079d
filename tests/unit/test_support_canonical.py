"""Descriptions of values: equal exactly where value and types are equal."""

import array
import copy
import datetime
import decimal
import enum
import fractions
import pickle
import re
import subprocess
import sys
import types
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.canonical import canonical, contrast, show


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Number(enum.IntEnum):
    ONE = 1


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Record:
    name: str
    tags: Any = ()


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: Any) -> None:
        self.a = a


class MyInt(int):
    pass


class MyList(list[Any]):
    pass


class MySet(set[Any]):
    pass


class Failure(Exception):
    def __init__(self, code: int, reason: str) -> None:  # a signature that pickle cannot call
        super().__init__(reason)
        self.code = code


def function() -> None:
    pass


def other() -> None:
    pass


UTC = datetime.timezone.utc
NOON = datetime.datetime(2024, 1, 2, 12)

# In each row all the values differ from each other, though many of them are == or look alike.
DISTINCT: dict[str, list[Any]] = {
    "numbers": [0, False, 0.0, -0.0, 0j, "0", b"0", None, decimal.Decimal(0), MyInt(0)],
    "ones": [1, True, 1.0, fractions.Fraction(1), Number.ONE, MyInt(1), np.int64(1), np.float64(1)],
    "decimals": [decimal.Decimal("1.0"), decimal.Decimal("1.00"), decimal.Decimal("1e0")],
    "nan": [float("nan"), float("inf"), "nan", None, np.float64("nan"), decimal.Decimal("nan")],
    "sequences": [[1, 2], (1, 2), {1, 2}, frozenset({1, 2}), deque([1, 2]), Point(1, 2), [2, 1]],
    "lists": [[], [[]], MyList(), (), [()], [None], deque(), deque(maxlen=3), bytearray()],
    "bytes": [b"a", "a", bytearray(b"a"), array.array("b", b"a")],
    "sets": [set(), frozenset(), MySet(), {1}, {True}, {1.0}, MySet({1}), {"1"}],
    "dicts": [
        {1: "a", 2: "b"},
        {2: "b", 1: "a"},
        {"1": "a", "2": "b"},
        {True: "a", 2: "b"},
        {1: "a", 2: ["b"]},
        OrderedDict({1: "a", 2: "b"}),
        defaultdict(None, {1: "a", 2: "b"}),
        defaultdict(list, {1: "a", 2: "b"}),
        [(1, "a"), (2, "b")],
    ],
    "counters": [Counter("aab"), dict(Counter("aab")), Counter("ab")],
    "times": [
        NOON,
        NOON.replace(tzinfo=UTC),
        NOON.replace(fold=1),
        NOON.date(),
        NOON.time(),
        NOON - NOON,
        NOON.isoformat(),
        pd.Timestamp(NOON),
        NOON.replace(tzinfo=datetime.timezone(datetime.timedelta(0), "other")),
    ],
    "paths": [Path("a"), PurePosixPath("a"), "a", Path("a/b")],
    "enums": [Colour.RED, Colour.BLUE, 1, "RED", Number.ONE],
    "objects": [
        Record("a"),
        Record("b"),
        Record("a", []),
        Slotted("a"),
        Slotted(b"a"),
        types.SimpleNamespace(name="a", tags=()),
        {"name": "a", "tags": ()},
        object(),
    ],
    "names": [function, other, Record, "function", len, int, partial(function)],
    "exceptions": [ValueError("a"), ValueError("b"), KeyError("a"), ValueError("a", 1)],
    "arrays": [
        np.array([1, 2]),
        np.array([1, 2], dtype="int32"),
        np.array([1.0, 2.0]),
        np.array([[1, 2]]),
        np.array([1, 2], dtype=object),
        np.array([1, True], dtype=object),
        np.array([1, 2], dtype=">i8"),
        [1, 2],
        np.ma.masked_array([1, 2], mask=[False, True]),
    ],
    "scalars": [np.float32(1), np.float64(1), np.int32(1), np.bool_(True), np.str_("1")],
    "frames": [
        pd.DataFrame({"a": [1, 2]}),
        pd.DataFrame({"a": [1.0, 2.0]}),
        pd.DataFrame({"b": [1, 2]}),
        pd.DataFrame({"a": [1, 2]}, index=[1, 2]),
        pd.DataFrame({"a": [1, 2]}, index=["x", "y"]),
        pd.DataFrame({"a": [(1,), [1]]}),
        pd.DataFrame({"a": [[1], [1]]}),
        pd.DataFrame({0: [1, 2]}),
        pd.DataFrame({"a": pd.Categorical([1, 2])}),
        pd.DataFrame({"a": pd.Categorical([1, 2], categories=[1, 2, 3])}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pd.Series([1, 2], name="a"),
        pd.Series([1, 2]),
        pd.Index([1, 2]),
        pd.RangeIndex(1, 3),
        pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
        pd.date_range("2024-01-01", periods=2),
        pd.DatetimeIndex(["2024-01-01", "2024-01-02"]),
    ],
    "others": [
        re.compile("a"),
        re.compile("a", re.I),
        range(3),
        range(4),
        slice(3),
        ...,
        list[int],
    ],
}


@pytest.mark.parametrize("values", DISTINCT.values(), ids=DISTINCT)
def test_tells_values_apart(values: list[Any]) -> None:
    descriptions = [canonical(value) for value in values]
    assert len(set(map(repr, descriptions))) == len(values)
    for i, left in enumerate(descriptions):
        assert [left == right for right in descriptions].index(True) == i


@pytest.mark.parametrize("values", DISTINCT.values(), ids=DISTINCT)
def test_copies_are_equal(values: list[Any]) -> None:
    for value in values:
        description = canonical(value)
        assert canonical(copy.deepcopy(value)) == description
        assert pickle.loads(pickle.dumps(description)) == description
        assert show(description)


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
) | st.datetimes(timezones=st.none() | st.timezones())
hashable = leaves | st.tuples(leaves, leaves) | st.frozensets(leaves, max_size=4)
anything: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(hashable, inner)
        | st.sets(hashable)
        | st.builds(Point, inner, inner)
        | st.builds(Record, st.text(), inner)
        | st.builds(deque, st.lists(inner))
    ),
    max_leaves=6,
)
few = settings(max_examples=50, deadline=None)


@few
@given(anything)
def test_pickling_keeps_the_description(value: Any) -> None:
    assert canonical(pickle.loads(pickle.dumps(value))) == canonical(value)


@few
@given(anything, anything)
def test_equal_descriptions_mean_equal_values(left: Any, right: Any) -> None:
    if canonical(left) == canonical(right):
        assert type(left) is type(right)
        # repr, since nan is unequal to itself; sets may be written in any order
        assert left == right or sorted(repr(left)) == sorted(repr(right))


@few
@given(anything)
def test_a_changed_container_is_another_value(value: Any) -> None:
    assert canonical([value]) != canonical((value,)) != canonical([value, None])
    assert canonical(value) != canonical([value])


def test_nan_equals_nan_and_order_does_not_count_in_sets() -> None:
    assert canonical([float("nan")]) == canonical([-float("nan")])
    assert canonical(np.array([np.nan])) == canonical(np.array([-np.nan]))
    assert canonical({"a", "b", 3}) == canonical({3, "b", "a"})
    assert canonical(np.array([[1, 2]], order="F")) == canonical(np.array([[1, 2]], order="C"))


def test_exceptions_and_modules() -> None:
    assert canonical(Failure(1, "a")) == canonical(Failure(1, "a")) != canonical(Failure(2, "a"))
    assert canonical(enum) == canonical(sys.modules["enum"]) != canonical(copy)


def test_cycles_end() -> None:
    def cyclic(item: Any) -> list[Any]:
        value: list[Any] = [item]
        value.append({"self": value})
        return value

    record = Record("a")
    record.tags = [record]
    assert canonical(cyclic(1)) == canonical(cyclic(1)) != canonical(cyclic(2))
    assert show(canonical(record)) and canonical(record) == canonical(copy.deepcopy(record))


def test_the_order_in_which_attributes_were_set_does_not_count() -> None:
    first, second = types.SimpleNamespace(a=1, b=2), types.SimpleNamespace(b=2, a=1)
    assert canonical(first) == canonical(second)


def test_what_cannot_be_pickled_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical(i for i in range(3))


def test_the_users_module_does_not_count_and_installed_ones_do() -> None:
    source = "class OrderedDict(dict): pass\nvalue = OrderedDict(a=1)"
    values = []
    for name in ("__main__", "flyte_wf"):
        namespace: dict[str, Any] = {"__name__": name}
        exec(source, namespace)
        values.append(canonical(namespace["value"]))
    assert values[0] == values[1] != canonical(OrderedDict(a=1))


def test_descriptions_agree_between_processes() -> None:
    """Of values whose hashes differ by process, too, and without numpy or pandas."""
    source = (
        "from tests.support.canonical import canonical; import sys, datetime, collections;"
        "value = [{'a', 'b', 'c', (1, 'd')}, {frozenset('xyz'): 1}, datetime.date(2024, 1, 2)];"
        "print(ascii(canonical(value)), 'numpy' in sys.modules, 'pandas' in sys.modules)"
    )
    value = [{"a", "b", "c", (1, "d")}, {frozenset("xyz"): 1}, datetime.date(2024, 1, 2)]
    root = Path(__file__).parents[2]
    for seed in ("1", "2"):
        run = [sys.executable, "-c", source]
        done = subprocess.check_output(run, cwd=root, env={"PYTHONHASHSEED": seed}, text=True)
        assert done.strip() == f"{ascii(canonical(value))} False False"


def test_show_and_contrast_are_readable() -> None:
    value = {1: (None, 2.5), "a": [True, b"x"], "e": ("one",)}
    assert show(canonical(value)) == repr(value)
    assert show(canonical(uuid.UUID(int=1))).startswith("<object uuid.UUID")
    left, right = contrast(canonical([0] * 100 + [1]), canonical([0] * 100 + [True]))
    assert left.endswith("0, 1]") and right.endswith("0, True]") and len(left) < 80
