"""Metaflow's own rules for the graph of a flow: what breaks them, where, and what is legal."""

import re
import sys
from pathlib import Path

import pytest

from codegen.analyse.graph import check_graph
from codegen.diagnostics import Diagnostics
from tests.support.processes import clean_environment, run_command
from tests.unit.sources import parsed

_HEAD = "from metaflow import FlowSpec, parallel, step\n\n\nclass TheFlow(FlowSpec):\n"


_STEP = re.compile(
    r"(?P<name>\w+)(/(?P<arguments>[^@:]*))?(?P<decorators>( *@[^@:]+)*)(: (?P<tail>.*))?"
)


def flow(*steps: str) -> str:
    """A flow of steps in short: `name[/arguments] [@decorator …]: last statement`."""
    lines = []
    for text in steps:
        found = _STEP.fullmatch(text)
        assert found is not None, text
        decorators = [part.strip() for part in found["decorators"].split("@") if part.strip()]
        if not any(decorator.startswith("step") for decorator in decorators):
            decorators.append("step")
        lines += [f"    @{decorator}" for decorator in decorators]
        lines += [f"    def {found['name']}({found['arguments'] or 'self'}):"]
        lines += [f"        {found['tail'] or 'pass'}", ""]
    return _HEAD + "\n".join(lines) + "\n\nif __name__ == '__main__':\n    TheFlow()\n"


def go(*names: str) -> str:
    return f"self.next({', '.join(f'self.{name}' for name in names)})"


JOIN = "self, inputs"
SWITCH = "self.next({1: self.a, 2: self.b}, condition='x')"

LEGAL: dict[str, list[str]] = {
    "linear": [f"start: {go('a')}", f"a: {go('end')}", "end"],
    "one step": ["only"],
    "one step that goes on": ["start: pass"],
    "annotated": [f"first @step(start=True): {go('last')}", "last @step(end=True)"],
    "annotated, usual names": [f"start @step(start=True): {go('end')}", "end @step(end=True)"],
    "split": [f"start: {go('a', 'b')}", f"a: {go('j')}", f"b: {go('j')}",
              f"j/{JOIN}: {go('end')}", "end"],
    "nested split": [f"start: {go('a', 'b')}", f"a: {go('c', 'd')}", f"c: {go('k')}",
                     f"d: {go('k')}", f"k/{JOIN}: {go('j')}", f"b: {go('j')}",
                     f"j/{JOIN}: {go('end')}", "end"],
    "unequal branches": [f"start: {go('a', 'b')}", f"a: {go('c')}", f"c: {go('j')}",
                         f"b: {go('j')}", f"j/{JOIN}: {go('end')}", "end"],
    "foreach": ["start: self.next(self.a, foreach='x')", f"a: {go('j')}",
                f"j/{JOIN}: {go('end')}", "end"],
    "foreach by a name": ["start: self.next(self.a, foreach=NAME)", f"a: {go('j')}",
                          f"j/{JOIN}: {go('end')}", "end"],
    "switch": [f"start: {SWITCH}", f"a: {go('end')}", f"b: {go('end')}", "end"],
    "switch, converging": [f"start: {SWITCH}", f"a: {go('c')}", f"b: {go('c')}", f"c: {go('end')}",
                           "end"],
    "switch to the end": ["start: self.next({1: self.a, 2: self.end}, condition='x')",
                          f"a: {go('end')}", "end"],
    "switch in a branch": [f"start: {go('p', 'q')}", f"p: {SWITCH}", f"a: {go('j')}",
                           f"b: {go('j')}", f"q: {go('j')}", f"j/{JOIN}: {go('end')}", "end"],
    "two cases, one target": ["start: self.next({1: self.end, 2: self.end}, condition='x')", "end"],
    "loop": [f"start: {go('a')}", "a: self.next({True: self.a, False: self.end}, condition='x')",
             "end"],
    "parallel": ["start: self.next(self.a, num_parallel=2)", f"a @parallel: {go('j')}",
                 f"j/{JOIN}: {go('end')}", "end"],
    "other argument names": [f"start: {go('a', 'b')}", f"a: {go('j')}", f"b: {go('j')}",
                             f"j/self, foo=None: {go('end')}", "end"],
    "keyword-only arguments": [f"start/self, *, x=1: {go('end')}", "end"],
    "long": [f"start: {go('s0')}", *(f"s{i}: {go(f's{i + 1}')}" for i in range(2000)),
             f"s2000: {go('end')}", "end"],
}  # fmt: skip


@pytest.mark.parametrize("name", LEGAL)
def test_legal(name: str) -> None:
    diagnostics = Diagnostics()
    graph = check_graph(parsed(flow(*LEGAL[name])), diagnostics)
    assert diagnostics.found == []
    assert graph is not None


# steps, the codes, and the text at the place of the first
ILLEGAL: dict[str, tuple[list[str], list[str], str]] = {
    "reserved": ([f"start: {go('input')}", f"input: {go('end')}", "end"], ["MF101"], "def input"),
    "capitals": ([f"start: {go('fitModel')}", f"fitModel: {go('end')}", "end"], ["MF107"],
                 "def fitModel"),
    "private": ([f"start: {go('_a')}", f"_a: {go('end')}", "end"], ["MF107"], "def _a"),
    "no start": ([f"a: {go('end')}", "end"], ["MF102"], "class TheFlow"),
    "two starts": ([f"a @step(start=True): {go('end')}",
                    f"b @step(start=True): {go('end')}", "end"],
                   ["MF102"], "def b"),
    "no end": ([f"start: {go('a')}", "a"], ["MF103"], "class TheFlow"),
    "two ends": ([f"start: {go('a')}", "a @step(end=True)", "b @step(end=True)"], ["MF103"],
                 "def b"),
    "ambiguous start": ([f"a @step(start=True): {go('end')}", f"start: {go('end')}", "end"],
                        ["MF104"], "def start"),
    "ambiguous end": ([f"start: {go('a')}", "a @step(end=True)", "end"], ["MF104", "MF109"],
                      "def end"),
    "back to the start": ([f"start: {go('a')}", f"a: {go('start')}", "end"],
                          ["MF105", "MF112"], "self.next(self.start)"),
    "end goes on": ([f"start: {go('end')}", f"end: {go('start')}"], ["MF106"],
                    "self.next(self.start)"),
    "end is a join": ([f"start: {go('a', 'b')}", f"a: {go('end')}", f"b: {go('end')}",
                       f"end/{JOIN}"], ["MF106"], "def end"),
    "no self": ([f"start/*args: {go('end')}", "end"], ["MF108"], "def start"),
    "positional-only self": ([f"start/self, /: {go('end')}", "end"], ["MF108"], "def start"),
    "three arguments": ([f"start/self, a, b: {go('end')}", "end"], ["MF108"], "def start"),
    "join that splits": ([f"start: {go('a', 'b')}", f"a: {go('j')}", f"b: {go('j')}",
                          f"j/{JOIN}: {go('c', 'd')}", f"c: {go('k')}", f"d: {go('k')}",
                          f"k/{JOIN}: {go('end')}", "end"], ["MF108"], "def j"),
    "no transition": (["start: x = 1", "end"], ["MF109"], "def start"),
    "another name for self": (["start/this: this.next(this.end)", "end"], ["MF109"], "def start"),
    "transition in a block": ([f"start: if True: {go('end')}", "end"], ["MF109", ], "def start"),
    "starred": (["start: self.next(*[self.end])", "end"], ["MF110"], "self.next"),
    "no target": (["start: self.next()", "end"], ["MF110"], "self.next"),
    "dict without condition": (["start: self.next({1: self.end})", "end"], ["MF110"], "self.next"),
    "condition by a name": (["start: self.next({1: self.end}, condition=NAME)", "end"], ["MF110"],
                            "self.next"),
    "negative case": (["start: self.next({-1: self.end, 1: self.end}, condition='x')", "end"],
                      ["MF110"], "self.next"),
    "case None": (["start: self.next({None: self.end, 1: self.end}, condition='x')", "end"],
                  ["MF110"], "self.next"),
    "unpacked cases": (["start: self.next({**x}, condition='x')", "end"], ["MF110"], "self.next"),
    "case to a name": (["start: self.next({1: end}, condition='x')", "end"], ["MF110"],
                       "self.next"),
    "unknown keyword": (["start: self.next(self.end, when=1)", "end"], ["MF110"], "self.next"),
    "two foreach targets": (["start: self.next(self.a, self.b, foreach='x')", f"a: {go('end')}",
                             f"b: {go('end')}", "end"], ["MF110"], "self.next"),
    "unknown target": ([f"start: {go('nowhere')}", "end"], ["MF111"], "self.next"),
    "loop": ([f"start: {go('a')}", f"a: {go('b')}", f"b: {go('a')}", "end"], ["MF112"],
             "self.next(self.a)\n\n    @step\n    def end"),
    "loop of one": ([f"start: {go('a')}", f"a: {go('a')}", "end"], ["MF112"],
                    "self.next(self.a)\n\n    @step\n    def end"),
    "unreachable": ([f"start: {go('end')}", f"a: {go('end')}", "end"], ["MF113"], "def a"),
    "open split": ([f"start: {go('a', 'b')}", f"a: {go('end')}", f"b: {go('end')}", "end"],
                   ["MF114"], "def end"),
    "join of nothing": ([f"start: {go('a')}", f"a/{JOIN}: {go('end')}", "end"], ["MF114"],
                        "def a"),
    "branch left out": ([f"start: {go('a', 'b')}", f"a: {go('j')}", f"b: {go('end')}",
                         f"j/{JOIN}: {go('end')}", "end"], ["MF114", "MF114"], "def j"),
    "two splits in one join": (
        [f"start: {go('a', 'b')}", f"a: {go('c', 'd')}", f"c: {go('j')}", f"d: {go('j')}",
         f"b: {go('j')}", f"j/{JOIN}: {go('end')}", "end"], ["MF114", "MF114"], "def j"),
    "straight into the join": ([f"start: {go('a', 'j')}", f"a: {go('j')}", f"j/{JOIN}: {go('end')}",
                                "end"], ["MF114"], "def j"),
    "switch with one case": (["start: self.next({1: self.end}, condition='x')", "end"], ["MF115"],
                             "self.next"),
    "num_parallel alone": (["start: self.next(self.a, num_parallel=2)", f"a: {go('j')}",
                            f"j/{JOIN}: {go('end')}", "end"], ["MF116"], "self.next(self.a, num"),
    "parallel alone": ([f"start: {go('a')}", f"a @parallel: {go('end')}", "end"],
                       ["MF116", "MF116"], "self.next(self.a)"),
    "switch into a join": ([f"start: {go('p', 'q')}",
                            "p: self.next({1: self.a, 2: self.j}, condition='x')",
                            f"a: {go('j')}", f"q: {go('j')}", f"j/{JOIN}: {go('end')}", "end"],
                           ["MF117"], "self.next({1"),
}  # fmt: skip


def _found(name: str) -> tuple[list[str], str, str]:
    steps, _, place = ILLEGAL[name]
    source = flow(*steps)
    diagnostics = Diagnostics()
    assert check_graph(parsed(source), diagnostics) is None
    first = diagnostics.in_order()[0]
    lines = source.splitlines(keepends=True)
    rest = "".join([lines[first.position.line - 1][first.position.column - 1 :],
                    *lines[first.position.line :]])  # fmt: skip
    return sorted(found.code for found in diagnostics.found), rest, place


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal(name: str) -> None:
    codes, rest, place = _found(name)
    assert codes == ILLEGAL[name][1]
    assert rest.startswith(place)


def test_order_of_linear_steps() -> None:
    graph = check_graph(parsed(flow(f"b: {go('end')}", "end", f"start: {go('b')}")), Diagnostics())
    assert graph is not None
    assert [step.name for step in graph.linear()] == ["start", "b", "end"]


CHECKED = ["split", "switch", "loop of one", "no transition", "two splits in one join",
           "starred", "switch with one case", "branch left out",
           "two cases, one target"]  # fmt: skip


@pytest.mark.parametrize("name", CHECKED)
def test_metaflow_agrees(name: str, tmp_path: Path) -> None:
    steps = LEGAL[name] if name in LEGAL else ILLEGAL[name][0]
    (tmp_path / "flow.py").write_text(flow(*steps))
    status, printed = run_command(
        [sys.executable, "flow.py", "--no-pylint", "check"],
        cwd=tmp_path,
        environment=clean_environment() | {"METAFLOW_USER": "tester"},
        timeout=60,
    )
    assert (status == 0) is (name in LEGAL), printed
    assert status == 0 or "Validity checker found an issue" in printed
