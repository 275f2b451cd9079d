"""Cron expressions: what Flyte's admin takes, and that it means the same."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codegen.lower.decorators.schedule import BadCron, standard_cron
from tests.support.cron import check_cron
from tests.support.fuzz import budget
from tests.unit.sources import codes, flow_source, module

SAME = {
    # five fields, where 0 and 7 are Sunday
    "0 0 * * *": "0 0 * * *",
    "*/5 * * * *": "*/5 * * * *",
    "0 10 * * 1": "0 10 * * 1",
    "0 10 * * 7": "0 10 * * 0",
    "0 10 * * SUN": "0 10 * * SUN",
    "0 10 * * mon-fri": "0 10 * * mon-fri",
    "0 10 ? * ?": "0 10 * * *",
    "0 10 1,15 JAN-MAR *": "0 10 1,15 JAN-MAR *",
    " 0  10 * * 1 ": "0 10 * * 1",
    "5-50/15 0-6 * * *": "5-50/15 0-6 * * *",
    "5/15 * * * *": "5/15 * * * *",
    "0 0 * * 5-7": "0 0 * * 5,6,0",
    "0 0 * * 6-7": "0 0 * * 6,0",
    # six fields as AWS has them: 1 is Sunday, the sixth is a year
    "0 10 ? * 2 *": "0 10 * * 1",
    "0 10 ? * 1 *": "0 10 * * 0",
    "0 10 ? * 7 ?": "0 10 * * 6",
    "0 10 ? * 2-6 *": "0 10 * * 1-5",
    "0 10 ? * MON-FRI *": "0 10 * * MON-FRI",
    "0 10 ? * 7-2 *": "0 10 * * 6,0,1",
    "0 10 1 * ? *": "0 10 1 * *",
    "0 0 * * ? *": "0 0 * * *",
    "@daily": "@daily",
    " @weekly ": "@weekly",
}

BAD = [
    "", "* * * *", "* * * * * * *", "@sometimes", "@every 1h", "60 * * * *", "* 24 * * *",
    "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * 0 *", "* * * * 8", "* * * FOO *",
    "0 0 L * *", "0 0 ? * 2#1 *", "0 0 15W * ? *", "0 0 ? * 6L *", "0 0 ? * 0 *", "0 0 ? * 8 *",
    "a * * * *", "*/0 * * * *", "*/x * * * *", "*/ * * * *", "5-1 * * * *", "1-2-3 * * * *",
    "-1 * * * *", "1, * * * *", "* * * * 1-2-3", "* * * * SAT-MON/2", "*/61 * * * *", "٣ * * * *",
    "* * * * ?-2", "1//2 * * * *",
]  # fmt: skip


@pytest.mark.parametrize("cron", SAME)
def test_standard(cron: str) -> None:
    found, years = standard_cron(cron)
    assert found == SAME[cron]
    assert years is None
    assert check_cron(found) is None


@pytest.mark.parametrize("cron", BAD)
def test_refused(cron: str) -> None:
    with pytest.raises(BadCron):
        standard_cron(cron)


def test_years_are_named() -> None:
    assert standard_cron("0 10 ? * 2 2030") == ("0 10 * * 1", "2030")
    assert standard_cron("0 10 ? * 2 2030-2032") == ("0 10 * * 1", "2030-2032")


_NAMES = {
    3: "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(),
    4: "SUN MON TUE WED THU FRI SAT".split(),
}
_BOUNDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]


def _meaning(field: str, index: int, days_from: int = 0) -> frozenset[int]:
    """The values of a field; `days_from` is the number that the source has for Sunday."""
    low, high = _BOUNDS[index]
    values: set[int] = set()

    def number(text: str) -> int:
        if text.upper() in _NAMES.get(index, []):
            return _NAMES[index].index(text.upper()) + low
        return int(text) - days_from

    for entry in field.split(","):
        span, _, step = entry.partition("/")
        if span in ("*", "?"):
            found = list(range(low, high + 1))
        else:
            ends = [number(end) for end in span.split("-")]
            first, last = ends[0], ends[-1]
            if len(ends) == 1 and step:
                last = high
            size = high - low + 1
            if index == 4:
                last = last if last >= first else last + size
            found = list(range(first, last + 1))
        every = int(step) if step else 1
        kept = found[::every]
        values |= {value % 7 if index == 4 else value for value in kept}
    return frozenset(values)


def _entries(low: int, high: int, names: list[str], wraps: bool) -> st.SearchStrategy[str]:
    values = st.integers(low, high).map(str)
    if names:
        values = st.one_of(values, st.sampled_from(names))

    def backwards(pair: tuple[int, int]) -> bool:
        return pair[0] <= pair[1] or wraps

    spans = st.tuples(st.integers(low, high), st.integers(low, high)).filter(backwards)
    text = st.one_of(
        st.just("*"), values, spans.map(lambda pair: f"{pair[0]}-{pair[1]}"),
        st.tuples(st.integers(low, high), st.integers(1, 5)).map(lambda p: f"{p[0]}/{p[1]}"),
        st.integers(1, 5).map(lambda step: f"*/{step}"),
        spans.filter(lambda pair: pair[0] <= pair[1]).map(lambda pair: f"{pair[0]}-{pair[1]}/2"),
    )  # fmt: skip
    return st.lists(text, min_size=1, max_size=3).map(",".join)


_first_four = [
    _entries(*_BOUNDS[i], _NAMES.get(i, []), False) for i in range(4)
]  # fmt: skip


@budget(300)
@given(st.tuples(*_first_four), _entries(0, 7, _NAMES[4], True))
def test_five_fields_mean_the_same(first: tuple[str, ...], weekday: str) -> None:
    _check([*first, weekday], 0)


@budget(300)
@given(st.tuples(*_first_four), _entries(1, 7, _NAMES[4], True), st.sampled_from("*?"))
def test_six_fields_mean_the_same(first: tuple[str, ...], weekday: str, year: str) -> None:
    _check([*first, weekday, year], 1)


def _check(fields: list[str], days_from: int) -> None:
    try:
        found, years = standard_cron(" ".join(fields))
    except BadCron:
        assume(False)  # steps across the end of the week
        raise
    assert years is None
    assert check_cron(found) is None, found
    for index, (given_field, field) in enumerate(zip(fields, found.split(), strict=False)):
        sunday = days_from if index == 4 else 0
        assert _meaning(field, index) == _meaning(given_field, index, sunday), (fields, found)


@pytest.mark.parametrize(
    ("arguments", "cron"),
    [
        ("", "0 0 * * *"),
        ("()", "0 0 * * *"),
        ("(daily=True)", "0 0 * * *"),
        ("(hourly=True)", "0 * * * *"),
        ("(weekly=True)", "0 0 * * 0"),
        ("(weekly=True, hourly=True)", "0 0 * * 0"),
        ("(hourly=True, daily=True)", "0 * * * *"),
        ("(cron='0 5 ? * 2 *', weekly=True)", "0 5 * * 1"),
        ("(cron=CRON)", "1 2 3 4 5"),
        ("(cron=None)", "0 0 * * *"),
        ("(cron='@monthly')", "@monthly"),
        ("(timezone='Etc/UTC')", "0 0 * * *"),
        ("(timezone='')", "0 0 * * *"),
        ("(timezone=None)", "0 0 * * *"),
        ("(cron='')", "0 0 * * *"),
        ("(weekly=1)", "0 0 * * 0"),
        ("(weekly=0, hourly='no')", "0 * * * *"),
    ],
)
def test_decorator(arguments: str, cron: str) -> None:
    code = module(_scheduled(arguments))
    assert f'schedule="{cron}"' in code


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("(daily=False)", ["MF605"]),
        ("(daily=None, weekly='')", ["MF605"]),
        ("(timezone=1)", ["MF601"]),
        ("(cron=5)", ["MF602"]),
        ("(weekly=unknown())", ["MF301"]),
        ("(timezone=unknown())", ["MF301"]),
        ("(cron='0 0 ? * 2 2030')", ["MF603"]),
        ("(timezone='Europe/Berlin')", ["MF601"]),
        ("(cron='nonsense')", ["MF602"]),
        ("(cron=unknown())", ["MF301"]),
        ("('* * * * *')", ["MF120"]),
        ("(every='1h')", ["MF120"]),
        ("(**more)", []),
        ("(**unknown())", ["MF301"]),
    ],
)
def test_messages(arguments: str, expected: list[str]) -> None:
    assert codes(_scheduled(arguments)) == expected


def test_a_schedule_gives_no_inputs() -> None:
    source = _scheduled("", "n = Parameter('n', required=True)\nb = Parameter('b', default=1)")
    assert codes(source) == ["MF604"]


def _scheduled(arguments: str, members: str = "") -> str:
    source = flow_source(
        "pass", "pass", head="CRON = '1 2 3 4 5'\nmore = {}\ndef unknown(): pass",
        members=members, imports="from metaflow import FlowSpec, Parameter, schedule, step",
    )  # fmt: skip
    return source.replace("class TheFlow", f"@schedule{arguments}\nclass TheFlow")
