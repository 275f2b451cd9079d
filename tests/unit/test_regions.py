"""The region tree, and the groups of what is too long for one workflow."""

import pytest

from codegen.analyse.graph import check_graph
from codegen.analyse.groups import MOST_NODES, grouped
from codegen.analyse.regions import (
    Foreach,
    Group,
    Region,
    Split,
    Switch,
    inside_foreach,
    region_tree,
    steps_of,
)
from codegen.diagnostics import Diagnostics
from codegen.model import Step
from tests.unit.sources import graph_source, parsed


def tree(*steps: str) -> Region:
    diagnostics = Diagnostics()
    graph = check_graph(parsed(graph_source(*steps)), diagnostics)
    assert graph is not None, diagnostics.found
    region = region_tree(graph, diagnostics)
    assert region is not None
    return region


def shown(region: Region) -> str:
    """`a (b | c) d` for a split, `[b]` for a foreach, `{b | c}` for a switch, `<a b>` for a
    group."""
    parts = []
    for item in region:
        match item:
            case Step():
                parts.append(item.name)
            case Split():
                bundles = ":".join(map(str, item.bundles))
                parts.append(f"({' | '.join(map(shown, item.arms))}){bundles}")
            case Foreach():
                parts.append(f"[{shown(item.body)}]")
            case Switch():
                parts.append(f"{{{' | '.join(f'{t}: {shown(arm)}' for t, arm in item.arms)}}}")
            case Group():
                parts.append(f"<{shown(item.body)}>")
    return " ".join(parts)


def switch(condition: str, **cases: str) -> str:
    keys = ", ".join(f"{key!r}: self.{target}" for key, target in cases.items())
    return f"self.x = 1\nself.next({{{keys}}}, condition={condition!r})"


TREES = {
    "start end": ("start:\n> end", "end:"),
    "start (a | b c) join end": (
        "start:\n> a, b", "a:\n> join", "b:\n> c", "c:\n> join", "join/inputs:\n> end", "end:",
    ),
    "start [a [b] c] d end": (
        "start:\n> a * x", "a:\n> b * y", "b:\n> c", "c/inputs:\n> d", "d/inputs:\n> end", "end:",
    ),
    "start [a (b | c) d] e end": (
        "start:\n> a * x", "a:\n> b, c", "b:\n> d", "c:\n> d", "d/i:\n> e", "e/i:\n> end", "end:",
    ),
    "start {a: a | b: b c | d: } d end": (
        "start:" + switch("x", a="a", b="b", d="d"), "a:\n> d", "b:\n> c", "c:\n> d", "d:\n> end",
        "end:",
    ),
    "start {a: a m | b: b m | c: c} end": (
        "start:" + switch("x", a="a", b="b", c="c"), "a:\n> m", "b:\n> m", "m:\n> end",
        "c:\n> end", "end:",
    ),
    "start loop end": ("start:\n> loop", "loop:" + switch("x", a="loop", b="end"), "end:"),
    "start loop {a: a | b: b} end": (
        "start:\n> loop", "loop:" + switch("x", l="loop", a="a", b="b"), "a:\n> end",
        "b:\n> end", "end:",
    ),
    "start [a {b: b | c: c}] join end": (
        "start:\n> a * x", "a:" + switch("x", b="b", c="c"), "b:\n> join", "c:\n> join",
        "join/inputs:\n> end", "end:",
    ),
    "start {a: a {c: c | m: } | b: b} m end": (
        "start:" + switch("x", a="a", b="b"), "a:" + switch("x", c="c", m="m"), "b:\n> m",
        "c:\n> m", "m:\n> end", "end:",
    ),
}  # fmt: skip


@pytest.mark.parametrize("expected", TREES)
def test_trees(expected: str) -> None:
    region = tree(*TREES[expected])
    assert shown(region) == expected
    names = [step.name for step in steps_of(region)]
    assert names == [word for word in shown_words(expected) if word]


def shown_words(text: str) -> list[str]:
    for mark in "()[]{}|":
        text = text.replace(mark, " ")
    return [word for word in text.split() if not word.endswith(":")]


def test_steps_of_foreaches() -> None:
    region = tree(*TREES["start [a (b | c) d] e end"])
    assert [step.name for step in inside_foreach(region)] == ["a", "b", "c", "d"]
    assert list(inside_foreach(tree(*TREES["start loop end"]))) == []


def test_crossing_paths_are_refused() -> None:
    """Each stage leads to either of the next two, so that the paths double with each."""
    steps = ["start:" + switch("x", a="a0", b="b0")]
    for i in range(14):
        for name in "ab":
            steps.append(f"{name}{i}:" + switch("x", a=f"a{i + 1}", b=f"b{i + 1}"))
    steps += ["a14:\n> end", "b14:\n> end", "end:"]
    diagnostics = Diagnostics()
    graph = check_graph(parsed(graph_source(*steps)), diagnostics)
    assert graph is not None
    assert region_tree(graph, diagnostics) is None
    assert [found.code for found in diagnostics.found] == ["MF501"]


def chain(count: int) -> list[str]:
    names = ["start", *(f"s{i}" for i in range(count - 2)), "end"]
    return [f"{a}:\n> {b}" for a, b in zip(names, names[1:], strict=False)] + ["end:"]


def test_short_workflows_are_not_grouped() -> None:
    region = tree(*chain(MOST_NODES))
    assert grouped(region) == region


def test_long_workflows_are_grouped() -> None:
    region = tree(*chain(MOST_NODES + 1))
    result = grouped(region)
    assert all(isinstance(item, Group) for item in result) and len(result) == 2
    assert [step.name for step in steps_of(result)] == [step.name for step in steps_of(region)]
    nested = grouped(tree(*chain(6000)))
    assert len(nested) <= MOST_NODES
    assert len(list(steps_of(nested))) == 6000


def test_wide_splits_are_bundled() -> None:
    arms = [f"a{i}" for i in range(150)]
    steps = [f"start:\n> {', '.join(arms)}", *(f"{arm}:\n> join" for arm in arms)]
    result = grouped(tree(*steps, "join/inputs:\n> end", "end:"))
    assert shown(result).startswith("start (a0 | a1 |")
    (split,) = (item for item in result if isinstance(item, Split))
    assert split.bundles == (50, 50, 50)


def test_bodies_of_foreaches_are_grouped() -> None:
    body = [f"s{i}:\n> s{i + 1}" for i in range(120)]
    steps = ["start:\n> s0 * x", *body, "s120:\n> join", "join/inputs:\n> end", "end:"]
    result = grouped(tree(*steps))
    assert len(result) == 4
    assert isinstance(result[1], Foreach)
    assert all(isinstance(item, Group) for item in result[1].body)
