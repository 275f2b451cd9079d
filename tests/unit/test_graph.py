"""Metaflow's own rules for the graph of a flow: what breaks them, where, and what is legal."""

import re
import sys
from pathlib import Path

import pytest

from codegen.analyse.graph import check_graph
from codegen.analyse.regions import region_tree, steps_of
from codegen.diagnostics import Diagnostics
from tests.support.processes import clean_environment, run_command
from tests.unit.sources import codes, parsed

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
    "nested foreach": ["start: self.next(self.a, foreach='x')", "a: self.next(self.b, foreach='y')",
                       f"b: {go('k')}", f"k/{JOIN}: {go('j')}", f"j/{JOIN}: {go('end')}", "end"],
    "split in a foreach": ["start: self.next(self.s, foreach='x')", f"s: {go('a', 'b')}",
                           f"a: {go('k')}", f"b: {go('k')}", f"k/{JOIN}: {go('j')}",
                           f"j/{JOIN}: {go('end')}", "end"],
    "foreach in a branch": [f"start: {go('a', 'b')}", "a: self.next(self.c, foreach='x')",
                            f"c: {go('k')}", f"k/{JOIN}: {go('j')}", f"b: {go('j')}",
                            f"j/{JOIN}: {go('end')}", "end"],
    "one split after another": [f"start: {go('a', 'b')}", f"a: {go('j')}", f"b: {go('j')}",
                                f"j/{JOIN}: {go('s')}", f"s: {go('c', 'd')}", f"c: {go('k')}",
                                f"d: {go('k')}", f"k/{JOIN}: {go('end')}", "end"],
    "split in a case": [f"start: {SWITCH}", f"a: {go('c', 'd')}", f"c: {go('j')}", f"d: {go('j')}",
                        f"j/{JOIN}: {go('b')}", f"b: {go('end')}", "end"],
    "cases that meet in stages": ["start: self.next({1: self.a, 2: self.b, 3: self.c}, "
                                  "condition='x')", f"a: {go('d')}", f"b: {go('d')}",
                                  f"c: {go('e')}", f"d: {go('e')}", f"e: {go('end')}", "end"],
    "nested switch": [f"start: {SWITCH}", "a: self.next({1: self.c, 2: self.b}, condition='y')",
                      f"c: {go('b')}", f"b: {go('end')}", "end"],
    "switch in a foreach": ["start: self.next(self.p, foreach='x')", f"p: {SWITCH}",
                            f"a: {go('j')}", f"b: {go('c')}", f"c: {go('j')}",
                            f"j/{JOIN}: {go('end')}", "end"],
    "cases of all types": ["start: self.next({'k': self.a, 2: self.b, 2.5: self.b, True: self.a, "
                           "b'k': self.b, ...: self.end}, condition='x')", f"a: {go('end')}",
                           f"b: {go('end')}", "end"],
    "cases by a config": ["start: self.next({self.config.a: self.end, self.config.b: self.end}, "
                          "condition='x')", "end"],
    "one case twice beside another": ["start: self.next({1: self.a, 1: self.a, 2: self.end}, "
                                      "condition='x')", f"a: {go('end')}", "end"],
    "loop in a foreach": ["start: self.next(self.a, foreach='x')",
                          "a: self.next({True: self.a, False: self.b}, condition='x')",
                          f"b: {go('j')}", f"j/{JOIN}: {go('end')}", "end"],
    "loop with two exits": [f"start: {go('p')}", "p: self.next({0: self.p, 1: self.a, 2: self.b}, "
                            "condition='x')", f"a: {go('end')}", f"b: {go('end')}", "end"],
    "parallel in a branch": [f"start: {go('p', 'b')}", "p: self.next(self.a, num_parallel=self.n)",
                             f"a @parallel: {go('k')}", f"k/{JOIN}: {go('j')}", f"b: {go('j')}",
                             f"j/{JOIN}: {go('end')}", "end"],
    "target of super": ["start: self.next(super().end)", "end"],
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


def switch(*cases: tuple[object, str]) -> str:
    listed = ", ".join(f"{key}: self.{target}" for key, target in cases)
    return f"self.next({{{listed}}}, condition='x')"


FOREACH = "self.next(self.a, foreach='x')"
PARALLEL = "self.next(self.a, num_parallel=2)"
J = f"j/{JOIN}: {go('end')}"
K = f"k/{JOIN}: {go('end')}"
A, B, C, D = (f"{name}: {go('j')}" for name in "abcd")
FORM = "MF110 this self.next() has none of the forms that Metaflow knows"
CASES = "MF115 a switch needs at least two cases"
MATCH = "MF114 splits and joins do not match at"
ALONE = "has only one of them"

# Metaflow's rules in the order of its lint.py: steps, and all that is said about them
ILLEGAL: dict[str, tuple[list[str], list[str]]] = {
    # check_reserved_words
    **{f"reserved: {word}": ([f"start: {go(word)}", f"{word}: {go('end')}", "end"],
                             [f"10:5 MF101 Metaflow reserves the name '{word}': "
                              "a step cannot have it"])
       for word in ("cmd", "index", "input", "name", "next")},
    # check_basic_steps
    "no start": ([f"a: {go('end')}", "end"], ["4:1 MF102 the flow has no start step"]),
    "two starts": ([f"a @step(start=True): {go('end')}", f"b @step(start=True): {go('end')}",
                    "end"], ["10:5 MF102 several steps carry @step(start=True): a, b"]),
    "no end": ([f"start: {go('a')}", "a"], ["4:1 MF103 the flow has no end step"]),
    "two ends": ([f"start: {go('a')}", "a @step(end=True)", "b @step(end=True)"],
                 ["14:5 MF103 several steps carry @step(end=True): a, b"]),
    "neither": ([f"a: {go('b')}", "b"],
                ["4:1 MF102 the flow has no start step", "4:1 MF103 the flow has no end step"]),
    # check_annotation_name_conflict
    "ambiguous start": ([f"a @step(start=True): {go('end')}", f"start: {go('end')}", "end"],
                        ["10:5 MF104 a is marked as the start step, "
                         "but a step is called 'start' as well"]),
    "ambiguous end": ([f"start: {go('a')}", "a @step(end=True)", "end"],
                      ["14:5 MF104 a is marked as the end step, "
                       "but a step is called 'end' as well",
                       "14:5 MF109 step end does not end in a transition"]),
    # check_start_end_degree
    "back to the start": ([f"start: {go('a')}", f"a: {go('start')}", "end"],
                          ["11:9 MF105 the transition leads back to the start step start",
                           "11:9 MF112 the steps form a loop: start -> a -> start"]),
    "switch back to the start": ([f"first @step(start=True): {go('a')}",
                                  f"a: {switch((1, 'first'), (2, 'end'))}", "end"],
                                 ["11:9 MF105 the transition leads back to the start step first",
                                  "11:9 MF112 the steps form a loop: first -> a -> first"]),
    "start that loops": ([f"start: {switch((1, 'start'), (2, 'end'))}", "end"],
                         ["7:9 MF105 the transition leads back to the start step start"]),
    "end goes on": ([f"start: {go('end')}", f"end: {go('end')}"],
                    ["11:9 MF106 the end step end has a transition"]),
    "end goes back": ([f"start: {go('end')}", f"end: {go('start')}"],
                      ["11:9 MF106 the end step end has a transition"]),
    # check_that_end_is_end
    "end with an invalid transition": ([f"start: {go('end')}", "end: self.next()"],
                                       ["11:9 MF106 the end step end has a transition"]),
    "end is a join": ([f"start: {go('a', 'b')}", f"a: {go('end')}", f"b: {go('end')}",
                       f"end/{JOIN}"],
                      ["18:5 MF106 the end step end takes inputs, but cannot be a join"]),
    # check_step_names
    "capitals": ([f"start: {go('fitModel')}", f"fitModel: {go('end')}", "end"],
                 ["10:5 MF107 Metaflow refuses the step name 'fitModel'"]),
    "private": ([f"start: {go('_a')}", f"_a: {go('end')}", "end"],
                ["10:5 MF107 Metaflow refuses the step name '_a'"]),
    "not ASCII": ([f"start: {go('größe')}", f"größe: {go('end')}", "end"],
                  ["10:5 MF107 Metaflow refuses the step name 'größe'"]),
    # check_num_args
    "no self": ([f"start/*args: {go('end')}", "end"],
                ["6:5 MF108 step start lacks the argument self"]),
    "positional-only self": ([f"start/self, /: {go('end')}", "end"],
                             ["6:5 MF108 step start lacks the argument self"]),
    "end without self": ([f"start: {go('end')}", "end/*args"],
                         ["10:5 MF108 step end lacks the argument self"]),
    "three arguments": ([f"start/self, a, b: {go('end')}", "end"],
                        ["6:5 MF108 step start has 3 arguments"]),
    "end with three arguments": ([f"start: {go('end')}", "end/self, a, b"],
                                 ["10:5 MF106 the end step end takes inputs, but cannot be a join",
                                  "10:5 MF108 step end has 3 arguments"]),
    **{f"join with {tail}": ([f"start: {go('a', 'b')}", A, B, f"j/{JOIN}: {tail}",
                              f"c{decorator}: {go('k')}", f"d: {go('k')}", K, "end"],
                             ["18:5 MF108 step j is a join and fans out as well"])
       for tail, decorator in ((go("c", "d"), ""), ("self.next(self.c, foreach='x')", ""),
                               ("self.next(self.c, num_parallel=2)", " @parallel"),
                               (switch((1, "c"), (2, "end")), ""),
                               (switch((1, "j"), (2, "end")), ""))},
    # check_static_transitions
    **{f"tail: {tail}": ([f"start: {tail}", "end"],
                         ["6:5 MF109 step start does not end in a transition"])
       for tail in ("pass", f"if True: {go('end')}", f"with x: {go('end')}",
                    f"for x in y: {go('end')}", f"return {go('end')}", f"x = {go('end')}",
                    f"{go('end')}; print(1)", f"self.go({go('end')})", "self.x.next(self.end)",
                    "next(self.end)")},
    "another name for self": (["start/this: this.next(this.end)", "end"],
                              ["6:5 MF109 step start does not end in a transition"]),
    "join without a transition": ([f"start: {go('a', 'b')}", A, B, f"j/{JOIN}", "end"],
                                  ["18:5 MF109 step j does not end in a transition"]),
    # check_valid_transitions
    **{f"form: {tail}": ([f"start: {tail}", A, B, J, "end"], [f"7:9 {FORM}"])
       for tail in (
           "self.next()", "self.next(*[self.end])", "self.next(self.end, **x)", "self.next('end')",
           "self.next(end)", "self.next(lambda: self.end)", "self.next([self.a, self.b])",
           "self.next(self.end, when=1)", "self.next(self.a, self.b, foreach='x')",
           "self.next(self.a, self.b, num_parallel=2)",
           "self.next(self.a, foreach='x', num_parallel=2)", "self.next(foreach='x')",
           "self.next(self.end, condition='x')", "self.next({1: self.end, 2: self.end})",
           "self.next({1: self.end, 2: self.end}, foreach='x')",
           "self.next({1: self.end, 2: self.end}, self.end, condition='x')",
           "self.next(cases, condition='x')", "self.next(dict(a=self.end), condition='x')",
           "self.next({1: self.end, 2: self.end}, condition=NAME)",
           "self.next({1: self.end, 2: self.end}, condition=self.x)",
           "self.next({1: self.end, 2: self.end}, condition=1)",
           "self.next({1: self.end, 2: self.end}, condition='')", switch((-1, "end"), (1, "end")),
           switch((None, "end"), (1, "end")), switch(("KEY", "end"), (1, "end")),
           switch(("Color.RED", "end"), (1, "end")), switch(("self.x", "end"), (1, "end")),
           switch(("self.x.y.z", "end"), (1, "end")), switch(("(1, 2)", "end"), (1, "end")),
           switch(("f'x'", "end"), (1, "end")), "self.next({**x}, condition='x')",
           "self.next({}, condition='x')", "self.next({1: end, 2: self.end}, condition='x')",
           "self.next({1: 'end', 2: self.end}, condition='x')",
           "self.next({1: [self.end], 2: self.end}, condition='x')",
       )},
    "join with an invalid transition": ([f"start: {go('a', 'b')}", A, B,
                                         f"j/{JOIN}: self.next()", "end"], [f"19:9 {FORM}"]),
    # check_unknown_transitions
    **{f"unknown: {tail}": ([f"start: {tail}", A, B, J, "end"],
                            ["7:9 MF111 the transition leads to nowhere, which is not a step"])
       for tail in (go("nowhere"), go("a", "nowhere"), switch((1, "a"), (2, "nowhere")),
                    "self.next(self.nowhere, foreach='x')",
                    "self.next(self.nowhere, num_parallel=2)")},
    "two unknown targets": ([f"start: {go('nowhere')}", f"a: {go('merge_artifacts')}", "end"],
                            ["7:9 MF111 the transition leads to nowhere, which is not a step",
                             "11:9 MF111 the transition leads to merge_artifacts, "
                             "which is not a step"]),
    "unknown, after a statement": ([f"start: x = 'ä'; {go('nowhere')}", "end"],
                                   ["7:18 MF111 the transition leads to nowhere, "
                                    "which is not a step"]),
    # check_for_acyclicity
    "loop of three": ([f"start: {go('a')}", f"a: {go('b')}", f"b: {go('c')}", f"c: {go('a')}",
                       "end"], ["19:9 MF112 the steps form a loop: a -> b -> c -> a"]),
    "loop of one": ([f"start: {go('a')}", f"a: {go('a')}", "end"],
                    ["11:9 MF112 the steps form a loop: a -> a"]),
    "loop by a switch": ([f"start: {go('a')}", f"a: {go('b')}",
                          f"b: {switch((1, 'a'), (2, 'end'))}", "end"],
                         ["15:9 MF112 the steps form a loop: a -> b -> a"]),
    "two loops": ([f"start: {go('a')}", f"a: {go('b')}",
                   f"b: {switch((1, 'b'), (2, 'a'), (3, 'end'))}", "end"],
                  ["15:9 MF112 the steps form a loop: a -> b -> a"]),
    "loop by a join": ([f"start: {go('s')}", f"s: {go('a', 'b')}", A, B, f"j/{JOIN}: {go('s')}",
                        "end"], ["23:9 MF112 the steps form a loop: s -> a -> j -> s"]),
    "foreach of itself": ([f"start: {go('a')}", f"a: {FOREACH}", "end"],
                          ["11:9 MF112 the steps form a loop: a -> a"]),
    "split into itself": ([f"start: {go('a')}", f"a: {go('a', 'b')}", f"b: {go('end')}", "end"],
                          ["11:9 MF112 the steps form a loop: a -> a"]),
    "loop out of reach": ([f"start: {go('end')}", f"a: {go('b')}", f"b: {go('a')}", "end"],
                          ["15:9 MF112 the steps form a loop: a -> b -> a"]),
    # check_for_orphans
    "unreachable": ([f"start: {go('end')}", f"a: {go('end')}", "end"],
                    ["10:5 MF113 no path leads from the start step to a"]),
    "unreachable loop": ([f"start: {go('end')}", f"a: {switch((1, 'a'), (2, 'end'))}", "end"],
                         ["10:5 MF113 no path leads from the start step to a"]),
    "case that another replaces": ([f"start: {switch((1, 'a'), (1, 'b'), (2, 'end'))}",
                                    f"a: {go('end')}", f"b: {go('end')}", "end"],
                                   ["10:5 MF113 no path leads from the start step to a"]),
    "unreachable split": ([f"start: {go('end')}", f"s: {go('a', 'b')}", A, B, J, "end"],
                          [f"{line}:5 MF113 no path leads from the start step to {name}"
                           for line, name in zip((10, 14, 18, 22), "sabj", strict=True)]),
    # check_split_join_balance: before the end
    "open split": ([f"start: {go('a', 'b')}", f"a: {go('end')}", f"b: {go('end')}", "end"],
                   [f"18:5 {MATCH} end: the split in start is not joined before it"]),
    "open foreach": ([f"start: {FOREACH}", f"a: {go('end')}", "end"],
                     [f"14:5 {MATCH} end: the split in start is not joined before it"]),
    "open split in a case": ([f"start: {switch((1, 's'), (2, 'end'))}", f"s: {go('a', 'b')}",
                              f"a: {go('end')}", f"b: {go('end')}", "end"],
                             [f"22:5 {MATCH} end: the split in s is not joined before it"]),
    "open outer split": ([f"start: {go('a', 'b')}", f"a: {go('c', 'd')}", f"b: {go('end')}",
                          C, D, J, "end"],
                         [f"30:5 {MATCH} end: the split in start is not joined before it"]),
    "case that leaves its branch": ([f"start: {go('p', 'b')}", f"p: {switch((1, 'a'), (2, 'end'))}",
                                     A, B, J, "end"],
                                    [f"26:5 {MATCH} end: the split in start is not joined "
                                     "before it"]),
    "case that leaves by a step": ([f"start: {go('p', 'b')}", f"p: {switch((1, 'a'), (2, 'c'))}",
                                    A, B, f"c: {go('d')}", f"j/{JOIN}: {go('d')}",
                                    f"d: {go('end')}", "end"],
                                   [f"30:5 {MATCH} d: it belongs to more than one branch"]),
    # check_split_join_balance: a join of too few, or of too much
    "branch left out": ([f"start: {go('a', 'b')}", A, f"b: {go('end')}", J, "end"],
                        [f"18:5 {MATCH} j: the branch b of the split in start is missing",
                         f"22:5 {MATCH} end: the split in start is not joined before it"]),
    "branch joined later": ([f"start: {go('a', 'b', 'c')}", A, B, f"c: {go('k')}",
                             f"j/{JOIN}: {go('k')}", K, "end"],
                            [f"22:5 {MATCH} j: the branch c of the split in start is missing",
                             f"26:5 {MATCH} k: there is no split that it could join"]),
    "two splits in one join": ([f"start: {go('a', 'b')}", f"a: {go('c', 'd')}", B, C, D, J, "end"],
                               [f"26:5 {MATCH} j: it joins branches of unrelated splits",
                                f"30:5 {MATCH} end: the split in start is not joined before it"]),
    "foreach and split in one join": ([f"start: {go('a', 'b')}", B,
                                       "a: self.next(self.c, foreach='x')", C, J, "end"],
                                      [f"22:5 {MATCH} j: it joins branches of unrelated splits",
                                       f"26:5 {MATCH} end: the split in start is not joined "
                                       "before it"]),
    "two foreaches in one join": ([f"start: {FOREACH}", "a: self.next(self.b, foreach='y')", B, J,
                                   "end"],
                                  [f"22:5 {MATCH} end: the split in start is not joined "
                                   "before it"]),
    "splits of two cases in one join": ([f"start: {switch((1, 's'), (2, 't'))}",
                                         f"s: {go('a', 'b')}", f"t: {go('c', 'd')}", A, B, C, D,
                                         J, "end"],
                                        [f"34:5 {MATCH} j: it joins branches of several splits: "
                                         "s, t"]),
    "branches that meet without a join": ([f"start: {go('a', 'b')}", f"a: {go('c')}",
                                           f"b: {go('c')}", C, J, "end"],
                                          [f"18:5 {MATCH} c: it belongs to more than one branch",
                                           f"22:5 {MATCH} j: the branch a of the split in start "
                                           "is missing"]),
    "straight into the join": ([f"start: {go('a', 'j')}", A, J, "end"],
                               [f"14:5 {MATCH} j: start leads to it without a step between"]),
    "one branch twice": ([f"start: {go('a', 'a')}", A, J, "end"],
                         [f"6:5 {MATCH} start: a split leads to the same step twice"]),
    # check_split_join_balance: a join without a split
    "join of nothing": ([f"start: {go('a')}", f"a/{JOIN}: {go('end')}", "end"],
                        [f"10:5 {MATCH} a: there is no split that it could join"]),
    "start is a join": ([f"start/{JOIN}: {go('end')}", "end"],
                        [f"6:5 {MATCH} start: there is no split that it could join"]),
    "join of a switch": ([f"start: {SWITCH}", A, B, J, "end"],
                         [f"18:5 {MATCH} j: there is no split that it could join"]),
    "second join": ([f"start: {go('a', 'b')}", A, B, f"j/{JOIN}: {go('k')}", K, "end"],
                    [f"22:5 {MATCH} k: there is no split that it could join"]),
    # check_split_join_balance: a join of what does not belong together
    "unrelated splits": ([f"start: {go('a', 'b')}", f"a: {go('c', 'd')}", B, f"c: {go('k')}", D,
                          f"k/{JOIN}: {go('j')}", J, "end"],
                         [f"26:5 {MATCH} k: the branch d of the split in a is missing",
                          f"30:5 {MATCH} j: it joins branches of unrelated splits",
                          f"34:5 {MATCH} end: the split in start is not joined before it"]),
    "outer branch in the inner join": ([f"start: {go('a', 'b')}", f"a: {go('c', 'd')}",
                                        f"b: {go('k')}", f"c: {go('k')}", f"d: {go('k')}",
                                        f"k/{JOIN}: {go('j')}", J, "end"],
                                       [f"26:5 {MATCH} k: it joins branches of unrelated splits",
                                        f"30:5 {MATCH} j: there is no split that it could join"]),
    "joins across": ([f"start: {go('p', 'q')}", f"p: {go('a', 'b')}", f"q: {go('c', 'd')}",
                      A, f"b: {go('k')}", C, f"d: {go('k')}", f"j/{JOIN}: {go('m')}",
                      f"k/{JOIN}: {go('m')}", f"m/{JOIN}: {go('end')}", "end"],
                     [f"34:5 {MATCH} j: it joins branches of unrelated splits",
                      f"38:5 {MATCH} k: it joins branches of unrelated splits"]),
    # check_switch_splits
    "one case": ([f"start: {switch((1, 'end'))}", "end"], [f"7:9 {CASES}"]),
    "one case twice": ([f"start: {switch((1, 'end'), (1, 'end'))}", "end"], [f"7:9 {CASES}"]),
    "cases 1 and True": ([f"start: {switch((1, 'end'), (True, 'end'))}", "end"], [f"7:9 {CASES}"]),
    "cases 2 and 2.0": ([f"start: {switch((2, 'end'), (2.0, 'end'))}", "end"], [f"7:9 {CASES}"]),
    # check_empty_foreaches
    "foreach straight into the join": (["start: self.next(self.j, foreach='x')", J, "end"],
                                       [f"10:5 {MATCH} j: start leads to it without a step "
                                        "between"]),
    # check_parallel_step_after_next
    "num_parallel alone": ([f"start: {PARALLEL}", A, J, "end"],
                           [f"7:9 MF116 num_parallel and @parallel go together, but a {ALONE}"]),
    # check_join_followed_by_parallel_step
    "parallel, then a step": ([f"start: {PARALLEL}", f"a @parallel: {go('b')}", B, J, "end"],
                              ["12:9 MF116 b follows a step under @parallel, but is not a join"]),
    "parallel, then the end": ([f"start @parallel: {go('end')}", "end"],
                               ["8:9 MF116 end follows a step under @parallel, "
                                "but is not a join"]),
    "parallel that splits": ([f"start: {PARALLEL}", f"a @parallel: {go('c', 'd')}", C, D,
                              f"j/{JOIN}: {go('k')}", K, "end"],
                             ["12:9 MF116 c follows a step under @parallel, but is not a join"]),
    # check_parallel_foreach_calls_parallel_step
    **{f"parallel by {tail}": ([*steps, f"a @parallel: {go('j')}", J, "end"],
                               [f"{line}:9 MF116 num_parallel and @parallel go together, "
                                f"but a {ALONE}"])
       for line, tail, steps in (
           (7, "a foreach", [f"start: {FOREACH}"]),
           (7, "a split", [f"start: {go('a', 'b')}", B]),
           (11, "a step", ["start: self.next(self.p, foreach='x')", f"p: {go('a')}"]),
           (11, "a switch", [f"start: {go('p', 'c')}", f"p: {SWITCH}", B, C]),
       )},
    # check_ambiguous_joins
    "switch into a join": ([f"start: {go('p', 'b')}", f"p: {switch((1, 'a'), (2, 'j'))}", A, B, J,
                            "end"], ["11:9 MF117 the switch leads straight into the join j"]),
    "switch into the join of a foreach": ([f"start: {FOREACH}", f"a: {switch((1, 'j'), (2, 'b'))}",
                                           B, J, "end"],
                                          ["11:9 MF117 the switch leads straight into the join j"]),
    "loop into a join": ([f"start: {FOREACH}", f"a: {switch((1, 'a'), (2, 'j'))}", J, "end"],
                         ["11:9 MF117 the switch leads straight into the join j"]),
    # Metaflow notices this only when it runs
    "switch with a foreach": (["start: self.next({1: self.end, 2: self.end}, condition='x', "
                               "foreach='y')", "end"], [f"7:9 {FORM}"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal(name: str) -> None:
    steps, expected = ILLEGAL[name]
    diagnostics = Diagnostics()
    assert check_graph(parsed(flow(*steps)), diagnostics) is None
    found = diagnostics.in_order()
    assert [f"{message.position.line}:{message.position.column} {message.code} {message.message}"
            for message in found] == expected  # fmt: skip
    assert all(message.advice.endswith(".") for message in found)


def test_several_rules_at_once() -> None:
    steps = [f"start: {go('Fit', 'a')}", "Fit", "a/self, x, y: self.next()", "end: self.next()"]
    diagnostics = Diagnostics()
    assert check_graph(parsed(flow(*steps)), diagnostics) is None
    assert [(message.code, message.step) for message in diagnostics.in_order()] == [
        ("MF107", "Fit"), ("MF109", "Fit"), ("MF108", "a"), ("MF110", "a"), ("MF106", "end"),
    ]  # fmt: skip


def test_order_of_linear_steps() -> None:
    diagnostics = Diagnostics()
    graph = check_graph(parsed(flow(f"b: {go('end')}", "end", f"start: {go('b')}")), diagnostics)
    assert graph is not None
    region = region_tree(graph, diagnostics)
    assert region is not None
    assert [step.name for step in steps_of(region)] == ["start", "b", "end"]


# Metaflow's complaint about each rule
COMPLAINTS = {
    "MF101": r"is a reserved word",
    "MF102": r"exactly one start step|annotated with @step\(start=True\): a, b",
    "MF103": r"exactly one end step|annotated with @step\(end=True\): a, b",
    "MF104": r"Ambiguous (start|end) step",
    "MF105": r"has incoming transitions",
    "MF106": r"has outgoing transitions|should not have a self.next|should not be a join",
    "MF107": r"has an invalid name",
    "MF108": r"missing the 'self' argument|too many arguments|both a join step .* and a split step",
    "MF109": r"missing a self.next\(\) transition",
    "MF110": r"specifies an invalid self.next\(\)",
    "MF111": r"to an unknown step",
    "MF112": r"There is a loop in your flow",
    "MF113": r"is unreachable from the entry step",
    "MF114": r"were joined|incorrect number of steps|not preceded by a split|unrelated splits",
    "MF115": r"Switch splits must define at least 2 transitions",
    "MF116": r"does not have a @parallel decorator|is called after an @parallel step"
             r"|but is not called with self.next\(num_parallel",
    "MF117": r"cannot lead directly to a join step",
}  # fmt: skip
# where another of its rules comes first, or its own checker fails
OTHER_COMPLAINTS = {
    "end goes back": "has incoming transitions",
    "join without a transition": "both a join step",
    "join with an invalid transition": "both a join step",
    "straight into the join": "IndexError",
    "foreach straight into the join": "IndexError",
}

# runs Metaflow's check on each file, in a child that has Metaflow imported already
CHECK = """
import os, runpy, sys
import metaflow.cli

for file in sys.argv[1:]:
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        print(f"status {os.waitstatus_to_exitcode(status)}\\f", flush=True)
        continue
    sys.argv = [file, "--no-pylint", "check"]
    try:
        runpy.run_path(file, run_name="__main__")
        status = 0
    except SystemExit as error:
        status = error.code or 0
    except Exception as error:
        print(repr(error))
        status = 2
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
"""


def test_metaflow_agrees(tmp_path: Path) -> None:
    flows = {**LEGAL, **{name: steps for name, (steps, _) in ILLEGAL.items()}}
    assert len(flows) == len(LEGAL) + len(ILLEGAL)
    del flows["long"]  # deeper than its recursion can go
    files = [f"flow{i}.py" for i in range(len(flows))]
    for file, steps in zip(files, flows.values(), strict=True):
        (tmp_path / file).write_text(flow(*steps), encoding="utf-8")
    environment = clean_environment() | {"METAFLOW_USER": "tester", "METAFLOW_HOME": str(tmp_path)}
    status, printed = run_command(
        [sys.executable, "-c", CHECK, *files], cwd=tmp_path, environment=environment, timeout=120
    )
    assert status == 0, printed
    found = dict(zip(flows, printed.split("\f"), strict=False))
    accepted = {name for name in found if found[name].endswith("status 0")}
    assert accepted == {*LEGAL, "switch with a foreach"} - {"long"}
    for name in flows.keys() - accepted:
        codes = [message.split()[1] for message in ILLEGAL[name][1]]
        complaints = OTHER_COMPLAINTS.get(name) or "|".join(COMPLAINTS[code] for code in codes)
        assert re.search(complaints, found[name]), (name, found[name])


@pytest.mark.parametrize(
    "decorator, expected",
    [
        ("parallel", []),
        ("pytorch_parallel", ["MF508"]),
        ("pytorch_parallel(master_port=1234)", ["MF508"]),
        ("pytorch_parallel(port=1)", ["MF120", "MF508"]),
        ("parallel(nodes=2)", ["MF120"]),
        ("torchrun", ["MF502"]),
    ],
)
def test_decorators_of_parallel_nodes(decorator: str, expected: list[str]) -> None:
    name = decorator.partition("(")[0]
    source = f"""\
from metaflow import FlowSpec, current, {name}, step


class TheFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.train, num_parallel=2)

    @{decorator}
    @step
    def train(self):
        self.node = current.parallel.node_index
        self.next(self.join)

    @step
    def join(self, inputs):
        self.nodes = [found.node for found in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.nodes)
"""
    assert codes(source) == expected
