"""Mutators: what they make of a flow, compared with Metaflow itself, and what is refused."""

import ast
import importlib
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from codegen import Options, translate
from codegen.diagnostics import Diagnostic, Diagnostics
from codegen.model import Decorator, Flow
from codegen.parse import parse_flow
from codegen.parse.mutators.api import FLOW_SPEC
from codegen.parse.table import FLOW_DECORATORS, STEP_DECORATORS, specification
from tests.support.processes import ChildError, in_child

_HEAD = """\
import logging
import os

import metaflow
from metaflow import *

LIMITS = {"start": 2, "end": [1]}
log = logging.getLogger(__name__)


def doubled(number, by=2):
    return number * by


def loud(function):
    import functools

    return functools.wraps(function)(lambda self: function(self))


@user_step_decorator
def timed(step_name, flow, inputs=None):
    yield


"""

_FLOW = """

class BaseFlow(FlowSpec):
    base = Parameter("base-name", default=1)


{above_flow}
class TheFlow(BaseFlow):
    alpha = Parameter("alpha-name", default=1)
    CONSTANT = 3

    {above_start}
    @step
    def start(self):
        self.next(self.middle)

    {above_middle}
    @step
    def middle(self):
        self.next(self.end)

    {above_end}
    @step
    def end(self):
        pass


if __name__ == "__main__":
    TheFlow()
"""


def source(
    mutators: str, *, flow: str = "", start: str = "", middle: str = "", end: str = ""
) -> str:
    """A flow of three steps under these decorators, below some mutators."""

    def above(text: str, indent: str) -> str:
        return f"\n{indent}".join(text.split("; ")) if text else "# nothing above"

    return (
        _HEAD
        + textwrap.dedent(mutators).strip("\n")
        + _FLOW.format(
            above_flow=above(flow, ""),
            above_start=above(start, "    "),
            above_middle=above(middle, "    "),
            above_end=above(end, "    "),
        )
    )


def in_step(body: str, *, before: str = "", method: str = "mutate") -> str:
    """A StepMutator `m` with one method of this body."""
    text = textwrap.indent(textwrap.dedent(body).strip("\n"), "        ")
    return f"class m(StepMutator):\n{before}    def {method}(self, s):\n{text}\n"


def in_flow(body: str, method: str = "pre_mutate") -> str:
    """A FlowMutator `f` with one method of this body."""
    text = textwrap.indent(textwrap.dedent(body).strip("\n"), "        ")
    return f"class f(FlowMutator):\n    def {method}(self, mf):\n{text}\n"


#: Everything that a flow has after its mutators: what each step has from the innermost decorator
#: outwards, the names of Parameters by attribute, and what the flow has.
Found = tuple[dict[str, list[Any]], dict[str, Any], dict[str, list[Any]]]


def of_metaflow(folder: Path, text: str) -> Found | str:
    """What Metaflow makes of a flow, or how it fails."""
    folder.joinpath("mutated_flow.py").write_text(text)
    try:
        return in_child(_of_metaflow, folder=folder)[0]
    except ChildError as error:
        return str(error)


def _of_metaflow() -> Found:
    from metaflow import decorators, lint, parameters
    from metaflow.flowspec import FlowStateItems

    sys.dont_write_bytecode = True
    found = importlib.import_module("mutated_flow").TheFlow
    cls: Any = found if isinstance(found, type) else found._flow_cls  # a bare FlowMutator above it
    for mutator in cls._flow_state[FlowStateItems.FLOW_MUTATORS]:
        mutator.external_init()
    with parameters.flow_context(cls):
        cls._process_config_decorators({})
    flow = cls(use_cli=False)
    checks: Any = lint.linter
    checks.run_checks(flow._graph)
    initialise: Any = decorators._init_step_decorators
    initialise(flow, flow._graph, None, None, None)
    return (
        {
            step.name: [(deco.name, dict(deco.attributes)) for deco in step.decorators]
            for step in cls._steps
        },
        {name: parameter.name for name, parameter in cls._get_parameters()},
        {
            name: [dict(deco.attributes) for deco in group]
            for name, group in cls._flow_state[FlowStateItems.FLOW_DECORATORS].items()
        },
    )


def ours(flow: Flow) -> Found:
    """The same of a parsed flow."""
    of_flow: dict[str, list[Any]] = {}
    for decorator in flow.decorators:
        defaults = FLOW_DECORATORS[decorator.name]
        of_flow.setdefault(decorator.name, []).append({**defaults, **arguments(decorator)})
    return (
        {
            name: [
                (each.name, {**STEP_DECORATORS[each.name], **arguments(each)})
                for each in reversed(step.decorators)
            ]
            for name, step in flow.steps.items()
        },
        {
            name: ast.literal_eval(parameter.arguments["name"].node)
            for name, parameter in flow.parameters.items()
        },
        of_flow,
    )


def arguments(decorator: Decorator) -> dict[str, Any]:
    return {name: ast.literal_eval(found.node) for name, found in decorator.arguments.items()}


def read(text: str, drop: tuple[str, ...] = ()) -> tuple[Flow | None, list[Diagnostic]]:
    from codegen.parse import parse_flows

    diagnostics = Diagnostics()
    parsed = parse_flows(text, "flow.py", diagnostics, drop=drop)
    flow = parsed.flows[0] if parsed and not diagnostics.failed else None
    return flow, diagnostics.found


_ADD = 's.add_decorator("retry", deco_kwargs={"times": 1, "minutes_between_retries": 0})'
_ORDER = """
class one(StepMutator):
    def mutate(self, s):
        s.add_decorator("retry:times=1")

class two(StepMutator):
    def mutate(self, s):
        s.add_decorator(retry, deco_kwargs={"times": 2})

class last(StepMutator):
    def mutate(self, s):
        s.add_decorator(metaflow.retry, None, {"times": 3}, s.OVERRIDE)
"""
_ARGUMENTS = """
class m(StepMutator):
    top = 4

    def init(self, times, /, *more, minutes=doubled(1), **rest):
        self.times, self.rest = times, [times, *more, len(rest)]
        self.minutes = minutes

    def mutate(self, s):
        times = min(self.times + sum(self.rest), self.top)
        s.add_decorator(
            "retry", deco_kwargs={"times": times, "minutes_between_retries": self.minutes}
        )
"""
_ADDED = """
class m(StepMutator):
    def init(self, k="bare"):
        self.k = k

    def pre_mutate(self, s):
        self.k += "+"

    def mutate(self, s):
        s.add_decorator("environment", deco_kwargs={"vars": {"K": self.k}})

class other(StepMutator):
    def pre_mutate(self, s):
        s.add_decorator(m, deco_kwargs={"k": "x"})
        s.flow.end.add_decorator("m")
        if s.flow.middle.add_decorator("m:k=q") is not None:
            s.flow.middle.remove_decorator("m") if LIMITS["start"] > 5 else None

class f(FlowMutator):
    def init(self, *x):
        self.x = x

    def pre_mutate(self, mf):
        for n, s in mf.steps:
            if n == "middle":
                s.add_decorator(m, ["m1"])
                s.add_decorator(m, ["m2"], duplicates=s.OVERRIDE)
        mf.add_decorator("f:0=7")
        mf.add_decorator(g, [3])

class g(FlowMutator):
    def init(self, *x):
        self.x = x

    def pre_mutate(self, mf):
        mf.start.add_decorator("timeout:seconds=%d" % self.x)

    def mutate(self, mf):
        mf.end.add_decorator("timeout:minutes=2,seconds=1")
"""
_INHERITED = """
class base(StepMutator):
    times = 1
    def init(self, times=3):
        self.times = times
    def mutate(self, s):
        s.add_decorator("retry", deco_kwargs={"times": self.wanted()})
    def wanted(self):
        return doubled(self.times, by=1)

class derived(base):
    def wanted(self):
        return doubled(self.times)
"""

FOLLOWED = {
    "adds": source(in_step(_ADD), start="@m", end="@m()"),
    "the code of a method": source(
        in_step(
            '''
            """Docs."""
            from metaflow import timeout as limit
            import logging as more
            x: int = 1
            x += 1
            kwargs = {}
            kwargs["seconds"] = x ** 3
            kwargs |= {"minutes": 1}
            first, *rest = [1, 2, 3]
            (second, third) = rest
            names = [n.upper() for n, _ in s.flow.steps if not n.startswith("m")]
            assert names == ["END", "START"] and s, "never"
            for number, name in enumerate(names):
                if number:
                    break
                if name != "END":
                    continue
                kwargs["hours"] = third if "T" in name else second
            else:
                return None
            for n in range(2):
                pass
            else:
                kwargs["hours"] += 1
            print(f"{s} gets {kwargs}", os.environ)
            log.info("got %s", kwargs)
            more.warning("again")
            s.add_decorator(limit, deco_kwargs=kwargs)
            return
            s.add_decorator(None)
            '''
        ),
        start="@m",
    ),
    "more code": source(
        in_step(
            """
            table = {k: v for k, v in sorted(LIMITS.items()) if isinstance_(v)}
            pairs = [*zip(["A", "B"], reversed((1, 2)))]
            texts = {t for t in ("b", "a")}
            more = list(table)
            more.append("x")
            more += ["y"]
            copy = dict(pairs).copy()
            copy.update(C=",".join(sorted(texts)))
            copy.setdefault("D", more.index("y"))
            if any(len(t) > 1 for t in sorted(texts)) or all([not texts]):
                copy = None
            s.add_decorator("environment", deco_kwargs={"vars": copy})
            """
        ).replace("isinstance_(v)", "v != 2")
        , start="@m",
    ),
    "arguments": source(
        _ARGUMENTS, start="@m(1)", middle='@m(1, 1, minutes=LIMITS["start"])',
        end="@m(*[0], **{'a': 1, 'b': 2})",
    ),
    "one, then two": source(_ORDER, start="@one; @two", end="@two; @one"),
    "an override": source(_ORDER, start="@one; @last", middle="@last; @one", end="@last; @last"),
    "static decorators": source(
        _ORDER, start="@one; @retry", middle="@retry(times=4); @last", end="@last; @retry"
    ),
    "mutators that add mutators": source(
        _ADDED, flow="@f(1); @f(2)", start="@m; @other", end='@other; @m("one")'
    ),
    "inherited mutators": source(_INHERITED, start="@base", middle="@derived", end="@base(1)"),
    "loops over steps": source(
        in_flow(
            """
            for name, s in mf.steps:
                if name in ("start", "end") and not s.has_decorator("retry"):
                    s.add_decorator("retry", deco_kwargs={"times": LIMITS.get("start")})
            """,
            "mutate",
        ),
        flow="@f", end="@retry(times=1)",
    ),
    "removes": source(
        in_step(
            """
            first = s.remove_decorator("retry")
            again = s.remove_decorator("retry")
            s.add_decorator("environment", deco_kwargs={"vars": {"A": first, "B": again}})
            """
        ),
        start="@m; @retry; @timeout(seconds=1)", end="@m",
    ),
    "removes what equals": source(
        in_step(
            """
            s.remove_decorator("timeout", [], {"seconds": 1, "minutes": 0, "hours": 0})
            s.remove_decorator("retry", deco_kwargs={"times": 1, "minutes_between_retries": "2"})
            s.remove_decorator("resources", deco_args=[])
            """
        ),
        start="@m; @retry(times=1); @timeout(seconds=1)", end="@m; @timeout(seconds=2); @resources",
    ),
    "removes a mutator": source(
        in_step(_ADD)
        + "\n"
        + in_flow('mf.start.remove_decorator("m"); mf.end.remove_decorator("m", [1], {})'),
        flow="@f", start="@m", middle="@m",
    ),
    "removes all that it finds": source(
        in_step(
            """
            for name, _, args, attributes in s.decorator_specs:
                if name != "m" and attributes.get("seconds") != 1:
                    s.remove_decorator(name)
            specs = s.get_decorator_specs("timeout")
            s.add_decorator("environment", deco_kwargs={"vars": {"N": len(specs)}})
            """,
        ),
        start="@m; @resources(cpu=2); @retry; @timeout(seconds=1)",
        end="@m; @retry; @timeout(seconds=2)",
    ),
    "adds while it looks": source(
        in_step(
            """
            for name, *_ in s.decorator_specs:
                if name == "retry":
                    s.add_decorator("timeout:seconds=3")
                elif name == "timeout":
                    s.add_decorator("resources")
            """
        ),
        start="@m; @retry", end="@m; @timeout(seconds=1)",
    ),
    "other decorators": source(
        in_step(
            """
            found = [s.has_decorator("loud"), s.has_decorator("timed"), s.has_decorator("m")]
            name = s._my_step.name + s._my_step.__name__
            s.add_decorator("environment", deco_kwargs={"vars": {name: found}})
            """
        ),
        start="@m; @timed; @m; @timeout(seconds=1)",
    ),
    "a plain function": source(
        in_step(
            """
            found = [s.has_decorator("loud"), s.has_decorator("timeout")]
            s.add_decorator("environment", deco_kwargs={"vars": {"A": found}})
            """
        ),
        start="@m; @loud; @m(); @timeout(seconds=1)",
    ),
    "shared values": source(
        in_step(
            """
            values = {}
            same = values
            s.add_decorator("environment", deco_kwargs={"vars": values})
            same["A"] = (1, -2.5, None, b"x", [True])
            same["A"][4].extend(["y"])
            """
        ),
        start="@m",
    ),
    "what need not be known": source(
        in_step(
            """
            if s.has_decorator("environment") and s.get_decorator_specs("timeout"):
                s.remove_decorator("environment")
            """
        ),
        start="@m; @environment(vars={'A': os.getpid()}); @timeout(seconds=1)",
    ).replace("os.getpid()", "len(LIMITS)"),
    "nothing happens": source(
        in_step("pass", method="other") + "class n(m):\n    x: int\n    def init(self): pass",
        start="@m", end="@n()",
    ),
    "values in a string": source(
        in_step(
            """
            s.add_decorator('environment:vars={"A": [1, null], "B": "x, y"}')
            s.add_decorator("retry:times= 1 ,minutes_between_retries=0.5")
            s.add_decorator("secrets:role=a b,allow_override=true,sources=[]")
            """
        ), start="@m",
    ),
    "a flow's decorators": source(
        in_flow(
            """
            mf.add_decorator("schedule", deco_kwargs={"weekly": True})
            mf.add_decorator(schedule, deco_kwargs={"hourly": True})
            mf.add_decorator("trigger:event=x")
            mf.remove_decorator("project")
            mf.remove_decorator("nothing")
            mf.remove_decorator("trigger", deco_kwargs={"event": "y"})
            """
        ), flow='@f; @project(name="p")',
    ),
    "a flow's schedule again": source(
        in_flow(
            """
            if mf.has_decorator("schedule"):
                mf.remove_decorator("schedule")
            mf.add_decorator("schedule", deco_kwargs={"weekly": True}, duplicates=mf.OVERRIDE)
            """
        ), flow="@f(); @schedule(hourly=True)",
    ),
    "Parameters": source(
        in_flow(
            """
            known = {name: p.name for name, p in mf.parameters}
            mf.add_parameter("one", Parameter("one-" + known["base"], default=1))
            mf.add_parameter("two", metaflow.Parameter(name="two", default=None))
            mf.add_parameter("alpha", Parameter("beta", default=2), overwrite=True)
            if not mf.remove_parameter("alpha-name"):
                mf.remove_parameter("two")
            mf.add_parameter("three", Parameter(getattr(mf, "alpha").name + mf.base.name))
            """
        ), flow="@f",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FOLLOWED)
def test_followed(case: str, tmp_path: Path) -> None:
    flow, messages = read(FOLLOWED[case])
    assert messages == [] or {found.code for found in messages} == {"MF702"}
    assert flow is not None
    assert ours(flow) == of_metaflow(tmp_path, FOLLOWED[case])


#: What Metaflow refuses as well: the source, the code, and where.
FAILS = {
    "no init": (source(in_step(_ADD), start="@m(1)"), "MF120", "@m(1)"),
    "too many arguments": (
        source("class m(StepMutator):\n    def init(self, a): pass", start="@m(1, 2)"),
        "MF510", "@m(1, 2)",
    ),
    "no such argument": (
        source("class m(StepMutator):\n    def init(self, a=1): pass", start="@m(b=2)"),
        "MF510", "@m(b=2)",
    ),
    "a missing argument": (
        source("class m(StepMutator):\n    def init(self, a): pass", start="@m()"),
        "MF510", "@m()",
    ),
    "duplicates": (
        source(in_step('s.add_decorator("retry", duplicates=s.ERROR)'), start="@m; @retry"),
        "MF120", "s.add",
    ),
    "a wrong policy": (
        source(in_step('s.add_decorator("retry", duplicates=7)'), start="@m; @retry"),
        "MF510", "s.add",
    ),
    "unknown name": (source(in_step('s.add_decorator("nope")'), start="@m"), "MF120", "s.add"),
    "a flow's on a step": (
        source(in_step('s.add_decorator("schedule")'), start="@m"), "MF120", "s.add",
    ),
    "the same by object": (
        source(in_step("s.add_decorator(schedule)"), start="@m"), "MF120", "s.add",
    ),
    "a step's on a flow": (source(in_flow('mf.add_decorator("retry")'), flow="@f"), "MF120", "mf."),
    "a step's mutator on a flow": (
        source(in_step(_ADD) + in_flow("mf.add_decorator(m)"), flow="@f"), "MF120", "mf.add",
    ),
    "unknown attribute": (
        source(in_step("s.add_decorator(retry, deco_kwargs={'bogus': 1})"), start="@m"),
        "MF120", "s.add",
    ),
    "unknown attribute in a string": (
        source(in_step("s.add_decorator('retry:bogus=1')"), start="@m"), "MF120", "s.add",
    ),
    "no value in a string": (
        source(in_step("s.add_decorator('retry:times')"), start="@m"), "MF120", "s.add",
    ),
    "positional arguments": (
        source(in_step("s.add_decorator(retry, [1])"), start="@m"), "MF120", "s.add",
    ),
    "arguments twice": (
        source(in_step("s.add_decorator('retry:times=1', None, {'times': 2})"), start="@m"),
        "MF120", "s.add",
    ),
    "a mutator too late": (
        source(in_step("s.add_decorator(m2)") + "class m2(StepMutator): pass", start="@m"),
        "MF120", "s.add",
    ),
    "a mutator removed too late": (
        source(in_step("s.remove_decorator('m')"), start="@m"), "MF120", "s.remove",
    ),
    "a schedule too late": (
        source(in_flow("mf.add_decorator(schedule)", "mutate"), flow="@f"), "MF120", "mf.add",
    ),
    "a removal too late": (
        source(in_flow("mf.remove_decorator('x')", "mutate"), flow="@f"), "MF120", "mf.remove",
    ),
    "a Parameter too late": (
        source(in_flow("mf.add_parameter('x', Parameter('x'))", "mutate"), flow="@f"),
        "MF122", "mf.add",
    ),
    "a Parameter removed too late": (
        source(in_flow("mf.remove_parameter('x')", "mutate"), flow="@f"), "MF122", "mf.remove",
    ),
    "a Parameter that is there": (
        source(in_flow("mf.add_parameter('alpha', Parameter('x'))"), flow="@f"), "MF122", "mf.add",
    ),
    "a Parameter like a step": (
        source(in_flow("mf.add_parameter('end', Parameter('x'))"), flow="@f"), "MF122", "mf.add",
    ),
    "a Parameter like a member of FlowSpec": (
        source(in_flow("mf.add_parameter('next', Parameter('x'))"), flow="@f"), "MF122", "mf.add",
    ),
    "no Parameter": (
        source(in_flow("mf.add_parameter('x', 3)"), flow="@f"), "MF122", "mf.add",
    ),
    "the Parameter of a base": (
        source(in_flow("mf.remove_parameter('base-name')"), flow="@f"), "MF122", "mf.remove",
    ),
    "a flow's mutator removed": (
        source(in_flow("mf.remove_decorator('f')"), flow="@f"), "MF120", "mf.remove",
    ),
    "the name of a step": (source(in_step("print_(s.name)"), start="@m"), "MF510", "print_"),
    "the name of a step alone": (source(in_step("x = s.name"), start="@m"), "MF120", "s.name"),
    "a loop over what changes": (
        source(
            in_flow("for n, *_ in mf.decorator_specs:\n    mf.remove_decorator(n)"),
            flow="@schedule; @f",
        ),
        "MF510", "mf.decorator_specs",
    ),
    "duplicates of a flow": (
        source(in_flow("mf.add_decorator('schedule', duplicates=mf.ERROR)"), flow="@f; @schedule"),
        "MF120", "mf.add",
    ),
    "duplicates of mutators": (
        source(in_flow("mf.start.add_decorator('m', None, None, 2)") + in_step("pass"),
               flow="@f", start="@m"),
        "MF120", "mf.start",
    ),
    "a method without mutators' arguments": (
        source("class m(StepMutator):\n    def mutate(self): pass", start="@m"), "MF510", "@m",
    ),
    "an argument twice": (
        source("class m(StepMutator):\n    def init(self, a): pass", start="@m(1, a=2)"),
        "MF510", "@m(1, a=2)",
    ),
    "a wrong argument of add_decorator": (
        source(in_step("s.add_decorator(retry, times=2)"), start="@m"), "MF510", "s.add",
    ),
    "no name": (source(in_step("s.add_decorator()"), start="@m"), "MF510", "s.add"),
    "a Parameter's argument twice": (
        source(in_flow("mf.add_parameter('x', Parameter('x', name='x'))"), flow="@f"),
        "MF122", "Parameter",
    ),
    "a plain function above a bare mutator": (
        source(in_step("pass"), start="@loud; @m"),
        "MF120",
        "@loud",
    ),
    "an exception": (source(in_step("raise ValueError(1)"), start="@m"), "MF510", "raise"),
    "an assertion": (source(in_step("assert not s"), start="@m"), "MF510", "assert"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILS)
def test_fails(case: str, tmp_path: Path) -> None:
    text, code, where = FAILS[case]
    flow, messages = read(text)
    (found,) = messages
    assert flow is None
    assert found.code == code
    line = text.splitlines()[found.position.line - 1]
    assert line[found.position.column - 1 :].startswith(where.removeprefix("@"))
    assert found.message.startswith("the mutator ") and found.advice.endswith(".")
    assert isinstance(of_metaflow(tmp_path, text), str)


#: What cannot be followed, and the expression that is named.
UNKNOWN = {
    "the environment": (in_step("x = int(os.environ['N'])"), "os.environ"),
    "a file": (in_step("x = open('x').read()"), "open("),
    "another statement": (in_step("while True:\n    pass"), "while"),
    "a try": (in_step("try:\n    pass\nexcept ValueError:\n    pass"), "try"),
    "the decorator's text": (in_step("x = f'{s.flow}'"), "f'{s.flow}'"),
    "a comparison of steps": (in_step("x = s.flow == s"), "s.flow == s"),
    "a set": (in_step("for x in {1, 2}:\n    pass"), "{1, 2}"),
    "an unbound name": (in_step("print_ = x; x = 1"), "x; x"),
    "a dotted name": (in_step("s.has_decorator('a.b')"), "s.has"),
    "an unknown method": (in_step("s.paint()"), "s.paint"),
    "an unknown attribute": (in_step("x = s.colour"), "s.colour"),
    "no config": (in_step("x = s.flow.config"), "s.flow.config"),
    "a constant changed": (in_step("LIMITS['start'] = 1"), "LIMITS"),
    "part of a constant changed": (in_step("x = LIMITS['end']\nx.append(1)"), "x.append"),
    "a constant added to": (in_step("x = LIMITS['end']\nx += [1]"), "x += "),
    "a generator": (in_step("yield 1"), "yield"),
    "endless calls": (in_step("self.mutate(s)"), "self.mutate(s)"),
    "something that is printed": (in_step("print(s.remove_decorator('x'))"), "s.remove"),
    "a name of the module": (in_step("s.add_decorator('doubled')"), "s.add"),
    "an object": (in_step("s.add_decorator(doubled)"), "s.add"),
    "another library": (in_step("s.add_decorator(os.path)"), "os"),
    "a number that is too large": (in_step("x = 10 ** 10 ** 10"), "10 ** 10 ** 10"),
    "a text that is too long": (
        in_step("x = ('a' * 9999).replace('a', 'b' * 9999)"), "('a' * 9999).replace",
    ),
    "an infinite value": (
        in_step("s.add_decorator(timeout, None, {'seconds': float('inf')})"), "s.add",
    ),
    "a set as value": (
        in_step("s.add_decorator(environment, None, {'vars': {'A': {1}}})"), "s.add",
    ),
    "another attribute set": (in_step("s.x = 1"), "s.x"),
    "an own method that is decorated": (
        in_step("self.x()", before="    @staticmethod\n    def x(): pass\n\n"), "staticmethod",
    ),
    "a user step decorator removed": (in_step("s.remove_decorator('timed')"), "s.remove"),
    "a user step decorator added": (in_step("s.add_decorator(timed)"), "s.add"),
    "arguments that are no list": (in_step("s.add_decorator(retry, 3)"), "s.add"),
    "arguments that are no dictionary": (in_step("s.add_decorator(retry, None, 3)"), "s.add"),
    "a number as decorator": (in_step("s.add_decorator(3)"), "s.add"),
    "an unset attribute": (in_step("x = self.x"), "self.x"),
    "an unset method": (in_step("self.x()"), "self.x"),
    "an attribute of a number": (in_step("x = 'a'.x"), "'a'.x"),
    "a method of a text": (in_step("x = 'a'.format(1)"), "'a'.format"),
    "a call of a call": (in_step("x = s.f()()"), "s.f()"),
    "something of Metaflow's called": (in_step("x = current.get('x')"), "current.get"),
    "hasattr": (in_step("x = hasattr(s, 'x')"), "hasattr"),
    "keywords that are none": (in_step("x = dict(**[1])"), "dict"),
    "a slice that does not fit": (in_step("x = [1, 2, 3]\nx[::2] = [1]"), "x[::2]"),
    "a list and a number": (in_step("x = []\nx += 1"), "x += 1"),
    "a long range": (in_step("for x in range(10 ** 9):\n    pass"), "range"),
    "a long loop": (
        in_step("for x in range(9999):\n    for y in range(9999):\n        pass"), "pass",
    ),
    "a set in any": (in_step("x = any({1, 2})"), "any("),
    "a set in a text": (in_step("x = ','.join({'a', 'b'})"), "','.join"),
    "one of Metaflow's names": (
        "class retry(StepMutator): pass\n" + in_step("s.add_decorator('retry')"), "s.add",
    ),
    "a library's value": (in_step("import os as o\nif o:\n    pass"), "o"),
    "the order of unpacking": (in_step("a, b = 1, 2, 3"), "a, b"),
    "a class with a method of Python's": (
        in_step("pass", before="    def __init__(self, *a): pass\n\n"), "def __init__",
    ),
    "a class with code": (in_step("pass", before="    print(1)\n\n"), "print"),
    "a class with files": (in_step("pass", before="    def add_to_package(self): pass\n\n"), "def"),
    "several bases": ("class x: pass\n" + in_step("pass").replace("(Ste", "(x, Ste"), "StepMut"),
    "a decorated class": ("@print\n" + in_step("pass"), "print"),
    "a class with a keyword": (in_step("pass").replace("or)", "or, k=1)"), "1)"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown(case: str) -> None:
    mutators, where = UNKNOWN[case]
    text = source(mutators, start="@m; @timed")
    flow, messages = read(text)
    (found,) = messages
    assert flow is None
    assert (found.code, found.step) == ("MF510", "start")
    line = text.splitlines()[found.position.line - 1]
    assert line[found.position.column - 1 :].startswith(where)
    assert found.message.startswith("the mutator m cannot be followed: ")
    assert found.advice.endswith("or leave it out with --drop-decorator m.")


UNKNOWN_OF_FLOWS = {
    "override": ("mf.add_decorator('schedule', duplicates=mf.OVERRIDE)", "mf.add"),
    "over a constant": ("mf.add_parameter('CONSTANT', Parameter('x'), True)", "mf.add"),
    "over a step": ("mf.add_parameter('end', Parameter('x'), overwrite=True)", "mf.add"),
    "a private Parameter": ("mf.add_parameter('_x', Parameter('x'))", "mf.add"),
    "a reserved attribute": ("mf.add_parameter('name', Parameter('x'))", "mf.add"),
    "an unknown Parameter": ("mf.add_parameter('x', IncludeFile('x'))", "IncludeFile"),
    "a Config": ("mf.add_parameter('x', Config('x'))", "Config"),
    "a Parameter's default": ("x = mf.alpha.kwargs", "mf.alpha.kwargs"),
    "a dotted Parameter": ("mf.remove_parameter('a.b')", "mf.remove"),
}


@pytest.mark.parametrize("case", UNKNOWN_OF_FLOWS)
def test_unknown_of_flows(case: str) -> None:
    body, where = UNKNOWN_OF_FLOWS[case]
    text = source(in_flow(body), flow="@f; @schedule")
    (found,) = read(text)[1]
    assert (found.code, found.step) == ("MF510", None)
    line = text.splitlines()[found.position.line - 1]
    assert line[found.position.column - 1 :].startswith(where)


MISPLACED = {
    "below @step": source(in_step(_ADD)).replace("    @step\n", "    @step\n    @m\n", 1),
    "above a class": source(in_step(_ADD), flow="@m"),
    "above a step": source(in_flow("pass"), start="@f"),
    "above a helper": source(in_step(_ADD)).replace(
        "    CONST", "    @m\n    def h(s): 1\n    CONST"
    ),
    "above a mixin": source(in_flow("pass")).replace(
        "\nclass BaseFlow(FlowSpec)", "\n@f\nclass Mixin: pass\n\n\nclass BaseFlow(Mixin, FlowSpec)"
    ),
}


@pytest.mark.parametrize("case", MISPLACED)
def test_misplaced(case: str) -> None:
    messages = read(MISPLACED[case])[1]
    assert [found.code for found in messages if found.code != "MF702"] == ["MF120"]


def test_position_of_what_is_added() -> None:
    text = source(in_step("\n" + _ADD) + in_flow("mf.add_parameter('x',\n  Parameter('x'))"),
                  flow="@f", start="@m")  # fmt: skip
    flow, _ = read(text)
    assert flow is not None
    (added,) = flow.steps["start"].decorators
    lines = text.splitlines()
    assert lines[added.position.line - 1][added.position.column - 1 :] == _ADD
    assert added.arguments["times"].position == added.position
    assert lines[flow.parameters["x"].position.line - 1].endswith("Parameter('x'))")


def test_values_that_only_the_module_has() -> None:
    text = source(
        """
        class f(FlowMutator):
            def init(self, kind):
                self.kind = kind

            def pre_mutate(self, mf):
                mf.add_parameter("x", Parameter("x", type=self.kind, default="[1]"))
                mf.add_parameter("y", Parameter("y", type=int, default=doubled))
        """.replace("\n        ", "\n"),
        flow="@f(JSONType)",
    )
    flow, _ = read(text)
    assert flow is not None
    assert ast.unparse(flow.parameters["x"].arguments["type"].node) == "JSONType"
    assert ast.unparse(flow.parameters["y"].arguments["default"].node) == "doubled"
    local = in_flow(
        "from metaflow import JSONType as j\nmf.add_parameter('x', Parameter('x', type=j))"
    )
    assert [found.code for found in read(source(local, flow="@f"))[1]] == ["MF510"]


def test_dropped() -> None:
    text = source(in_step("raise ValueError") + in_flow("mf.end.add_decorator('m')"), start="@m")
    flow, messages = read(text, drop=("m",))
    assert [found.code for found in messages] == ["MF509"]
    assert flow is not None and ours(flow)[0]["start"] == []
    added = in_step("s.add_decorator('kubernetes')\ns.add_decorator('retry')")
    flow, messages = read(source(added, start="@m"), drop=("kubernetes",))
    assert [(found.code, found.step) for found in messages] == [("MF509", "start")]
    assert flow is not None and [name for name, _ in ours(flow)[0]["start"]] == ["retry"]
    flow, messages = read(
        source(in_step(_ADD) + in_flow("mf.end.add_decorator(m)\nmf.add_decorator(g)")
               + "class g(FlowMutator): pass", flow="@f"),
        drop=("m", "g"),
    )  # fmt: skip
    assert [found.code for found in messages] == ["MF509", "MF509"]


def test_mutators_leave_the_module(tmp_path: Path) -> None:
    text = source(in_step(_ADD) + "class unused(FlowMutator): pass", start="@m")
    result = translate(text, "flow.py")
    assert result.code is not None
    assert "Mutator" not in result.code and "def doubled" in result.code
    for use in ("x = m", "print(unused)"):
        messages = read(source(in_step(_ADD) + f"class unused(FlowMutator): pass\n{use}"))[1]
        assert [found.code for found in messages] == ["MF506"]
    mentioned = source(in_step(_ADD), start="@m").replace("CONSTANT = 3", "CONSTANT = [m]")
    assert "MF506" in [found.code for found in read(mentioned)[1]]


def test_siblings(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("TIMES = [1, 2]\nNAMES = ('a',)\n")
    (tmp_path / "mutators.py").write_text(
        "from metaflow import FlowSpec, StepMutator\nfrom shared import TIMES\n\n"
        + in_step("s.add_decorator('retry', deco_kwargs={'times': TIMES[1]})")
        + "class broken(StepMutator):\n    def mutate(self, s):\n        s.nothing()\n"
    )
    text = (
        "from metaflow import FlowSpec, step\nfrom mutators import broken, m as again\n"
        "class TheFlow(FlowSpec):\n    @{}\n    @step\n    def start(self):\n        pass\n"
    )
    diagnostics = Diagnostics()
    flow = parse_flow(text.format("again"), "flow.py", diagnostics, tmp_path)
    assert flow is not None and diagnostics.found == []
    assert ours(flow)[0] == of_metaflow(tmp_path, text.format("again"))[0]
    assert flow.steps["start"].decorators[0].position.file == "mutators.py"
    messages = translate(text.format("broken"), "flow.py", Options(folder=tmp_path)).diagnostics
    assert [(found.code, found.position.file) for found in messages] == [("MF510", "mutators.py")]


def test_table() -> None:
    """Metaflow's decorators are those of the installed version."""
    from metaflow.flowspec import FlowSpec
    from metaflow.plugins import FLOW_DECORATORS as OF_FLOWS
    from metaflow.plugins import STEP_DECORATORS as OF_STEPS

    assert {deco.name: deco.defaults for deco in OF_STEPS} == STEP_DECORATORS
    assert {deco.name: deco.defaults for deco in OF_FLOWS} == FLOW_DECORATORS
    members = {name for name in (*dir(FlowSpec), *dir(type(FlowSpec))) if name[0] != "_"}
    assert members == FLOW_SPEC


@pytest.mark.parametrize(
    "text",
    ["", "a=1", "a=1,b=x y", 'a={"b": 1, "c=": 2}', "a=1,2,b=3", "0=x,2=y", "a=null", "a=1.5e3",
     'a=\\"x\\"', "a= ,b=", "a=b=c", "a=-1"],
)  # fmt: skip
def test_specification(text: str) -> None:
    from metaflow.user_decorators.user_step_decorator import StepMutator

    assert specification(text) == StepMutator.extract_args_kwargs_from_decorator_spec(text)


def test_attribute_beside_a_string(tmp_path: Path) -> None:
    """Metaflow does not look at it, and nothing in it reads it."""
    text = source(in_step('s.add_decorator("retry", None, {"times": 1, "bogus": 2})'), start="@m")
    flow, messages = read(text)
    assert flow is not None and messages == []
    assert arguments(flow.steps["start"].decorators[0]) == {"times": 1}
    found = of_metaflow(tmp_path, text)
    assert not isinstance(found, str)
    assert found[0]["start"][0][1]["bogus"] == 2
