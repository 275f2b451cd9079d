"""What a transition looks up by name: the value of a switch, the list of a foreach."""

from pathlib import Path

import pytest

from codegen import translate
from tests.support.random_runs import outcomes, report
from tests.unit.sources import codes, graph_source

_JOIN = "join/inputs:\nself.all = [(i.at, i.way) for i in inputs]\n> end"


def _switch(condition: str, *keys: str, before: str = "pass") -> str:
    cases = ", ".join(f"{key}: self.{'lr'[n % 2]}" for n, key in enumerate(keys))
    return f"{before}\nself.next({{{cases}}}, condition={condition!r})"


def _flow(condition: str, *keys: str, before: str = "pass") -> str:
    """A switch on something that is set in the step, or that every flow has."""
    return graph_source(
        f"start:\n{_switch(condition, *keys, before=before)}",
        "l:\nself.way = 'l'\n> end", "r:\nself.way = 'r'\n> end", "end:",
    )  # fmt: skip


def _body(condition: str, *keys: str) -> str:
    """A switch in the body of a foreach."""
    return graph_source(
        "start:\nself.items = [1, 0]\n> a * items",
        f"a:\n{_switch(condition, *keys, before='self.at = self.index')}",
        "l:\nself.way = 'l'\n> meet", "r:\nself.way = 'r'\n> meet", "meet:\n> join", _JOIN, "end:",
    )  # fmt: skip


FLOWS = {
    "index": _body("index", "0", "1"),
    "input": _body("input", "0", "1"),
    "name": _flow("name", "'RandomFlow'", "1"),
    "bytes": _flow("x", "b'a'", "1", before="self.x = b'a'"),
    "large": _flow("x", f"{2**70}", "1", before="self.x = 2 ** 70"),
    "infinite": _flow("x", "1.5", "1e400", before="self.x = float('inf')"),
    "quotes": _flow("x", "'a\"b'", "1", before="self.x = 'a\"b'"),
    "equal": _flow("x", "1", "2", "True", before="self.x = True"),
    "unhashable": _flow("x", "1", "2", before="self.x = [1]"),
}


@pytest.mark.parametrize("name", FLOWS)
def test_same_way(name: str, tmp_path: Path) -> None:
    source = FLOWS[name].replace("TheFlow", "RandomFlow")
    found = outcomes({0: source}, tmp_path, lambda *_: {})
    assert report(found) == "" and found[0].codes == ()
    assert found[0].failed == (name == "unhashable")


REFUSED = {
    "foreach over the input": ("start:\nself.x = [[1]]\n> a * x", "a:\n> b * input", ["MF503"]),
    "foreach over a private name": ("start:\nself.__x = [1]\n> b * __x", "", ["MF201"]),
    "switch on the stack": ("start:" + _switch("foreach_stack", "1", "2"), "", ["MF503"]),
    "cases of a Config": ("start:\nself.x = 1\n" + _switch("x", "self.c.a", "2"), "", ["MF503"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    start, other, expected = REFUSED[name]
    if "switch" in name or "cases" in name:
        steps = [start, "l:\n> end", "r:\n> end"]
    elif other:
        steps = [start, other, "b:\n> k", "k/inputs:\n> join", "join/inputs:\n> end"]
    else:
        steps = [start, "b:\n> join", "join/inputs:\n> end"]
    source = graph_source(*steps, "end:")
    assert codes(source) == expected
    assert translate(source).code is None
