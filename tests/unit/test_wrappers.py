"""Steps under decorators of the author: what these do, and whether the step surely runs."""

import re
import textwrap

import pytest

from codegen.analyse.body import BodyFacts, analyse_bodies
from codegen.analyse.body.wrappers import is_transparent, must_go_on, sees_inputs, wrapper_method
from codegen.analyse.scope import module_scope
from codegen.diagnostics import Diagnostics
from codegen.model import Flow
from tests.unit.sources import errors, flow_source, graph_source, module, parsed

IMPORTS = (
    "import functools\n"
    "from metaflow import USER_SKIP_STEP, FlowSpec, Parameter, step, user_step_decorator"
)


def plain(body: str) -> str:
    """A decorator that puts a function with this body in place of a step."""
    text = textwrap.indent(textwrap.dedent(body).strip("\n"), "        ")
    return (
        "def wraps_it(function):\n    @functools.wraps(function)\n"
        f"    def wrapper(self):\n{text}\n    return wrapper\n"
    )


def generator(body: str) -> str:
    """A user_step_decorator with this body."""
    text = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return f"@user_step_decorator\ndef wraps_it(step_name, flow, inputs):\n{text}\n"


def source(head: str, decorator: str = "wraps_it", members: str = "") -> str:
    """A flow whose step s1, which sets b, is under a decorator."""
    bodies = ("self.a = 1", "self.b = self.a", "print(self.a)")
    text = flow_source(*bodies, head=head, imports=IMPORTS, members=members)
    return text.replace("    @step\n    def s1", f"    @{decorator}\n    @step\n    def s1")


def flow_and_facts(text: str) -> tuple[Flow, BodyFacts]:
    flow = parsed(text)
    bodies, _ = analyse_bodies(flow, "end", module_scope(flow.module.kept), Diagnostics())
    return flow, bodies["s1"]


# what the generator does → what is surely and what else is perhaps set after the step
GENERATORS: dict[str, tuple[set[str], set[str]]] = {
    "yield": ({"b"}, set()),
    "yield None": ({"b"}, set()),
    "x = yield": ({"b"}, set()),
    "flow.w = 1\nyield": ({"b", "w"}, set()),
    "yield\nflow.w = flow.b": ({"b", "w"}, set()),
    "with open('x'): yield": (set(), {"b"}),
    "try: yield\nfinally: flow.w = 1": ({"b", "w"}, set()),
    "yield USER_SKIP_STEP": (set(), {"b"}),
    "yield {}": (set(), {"b"}),
    "yield lambda self: True": (set(), {"b"}),
    "if flow.a: yield\nelse: yield {}": (set(), {"b"}),
    "yield {} if flow.a else None": (set(), {"b"}),
    "for x in (1,): yield": (set(), {"b"}),
    "while True:\n    yield\n    break": (set(), {"b"}),
    "try: yield\nexcept ValueError: flow.w = 1": (set(), {"b", "w"}),
    "match flow.a:\n    case 1: yield": (set(), {"b"}),
    "yield\nif flow.a: flow.w = 1": ({"b"}, {"w"}),
}


@pytest.mark.parametrize("body", GENERATORS)
def test_generators(body: str) -> None:
    flow, found = flow_and_facts(source(generator(body)))
    (exit_,) = found.exits
    must, more = GENERATORS[body]
    assert (set(exit_.must), set(exit_.may - exit_.must)) == (must, more)
    assert [reason for _, reason in found.escapes] == ["@wraps_it wraps the step"]
    assert not found.open_stores
    method = wrapper_method(
        flow.steps["s1"].wrappers[0], flow.steps["s1"], flow, module_scope(flow.module.kept)
    )
    assert method is not None
    assert is_transparent(method.node) is bool(must)


def test_what_a_wrapper_reads_and_uses() -> None:
    head = generator("print(flow.a, flow.n, flow.LIMIT, flow.name, flow.missing)\nyield")
    members = "n = Parameter('n', default=1)\nLIMIT = 3"
    _, found = flow_and_facts(source(head, members=members))
    assert found.parameters == ("n",)
    assert found.used == {"LIMIT"}
    reads = {read.name: (read.late, read.indirect) for read in found.reads if read.indirect}
    assert reads == {"a": (True, True), "missing": (True, True)}
    assert {"a", "missing", "name"} <= found.mentioned


# what the function does in place of the step → whether it surely runs it, and fails with it
FUNCTIONS: dict[str, bool] = {
    "function(self)": True,
    "return function(self)": True,
    "self.w = 1\nfunction(self)": True,
    "try: function(self)\nfinally: self.w = 1": True,
    "if self.a: function(self)": False,
    "for _ in range(2): function(self)": False,
    "try: function(self)\nexcept ValueError: pass": False,
    "return function(self) if self.a else None": False,
}


@pytest.mark.parametrize("body", FUNCTIONS)
def test_functions_in_place_of_the_step(body: str) -> None:
    text = source(plain(body))
    flow, found = flow_and_facts(text)
    (exit_,) = found.exits
    assert ("b" in exit_.must) is FUNCTIONS[body]
    assert "b" in exit_.may
    assert must_go_on(flow.steps["s1"], flow, module_scope(flow.module.kept)) is not FUNCTIONS[body]
    checked = "step s1 did not call self.next()" in module(text)
    assert checked is not FUNCTIONS[body]


def test_a_generator_may_end_without_a_transition() -> None:
    text = source(generator("yield {}"))
    assert "did not call self.next()" not in module(text)
    flow = parsed(text)
    assert not must_go_on(flow.steps["s1"], flow, module_scope(flow.module.kept))
    assert not must_go_on(flow.steps["end"], flow, module_scope(flow.module.kept))


FACTORY = """
def wraps_it(n, name="w"):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(self):
            self.w = n
            function(self)
        return wrapper
    return decorate
"""

CLASS = """
class wraps_it:
    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, flow):
        flow.w = 1
        self.function(flow)
"""

ATTRIBUTES = """
@user_step_decorator
def wraps_it(step_name, flow, inputs, attributes):
    flow.w = attributes
    yield
"""

# decorator, how it is used → how it stands in the module
USED: dict[tuple[str, str], str] = {
    (plain("function(self)"), "wraps_it"): "@wraps_it",
    (FACTORY, "wraps_it(3, name='w')"): "@wraps_it(3, name='w')",
    (CLASS, "wraps_it"): "@wraps_it",
    (generator("yield"), "wraps_it"): "@around_step(wraps_it)",
    (ATTRIBUTES, "wraps_it(x=1)"): "@around_step(wraps_it, x=1)",
    (ATTRIBUTES, "wraps_it(x=1, **{'y': 2})"): "@around_step(wraps_it, x=1, **{'y': 2})",
    (ATTRIBUTES, "wraps_it(1)"): "@around_step(wraps_it, 1)",
}


@pytest.mark.parametrize("case", USED)
def test_the_step_becomes_a_method(case: tuple[str, str]) -> None:
    code = module(source(*case))
    method = re.search(r"    (@.*)\n    def s1\(self\):", code)
    assert method is not None
    assert method[1].replace('"', "'") == USED[case]
    assert "self.s1()" in code and "# keeps self: @wraps_it wraps the step" in code


@pytest.mark.parametrize("head", [FACTORY, CLASS, ATTRIBUTES])
def test_what_decorators_of_other_forms_set(head: str) -> None:
    decorator = "wraps_it(1)" if head is FACTORY else "wraps_it"
    _, found = flow_and_facts(source(head, decorator))
    (exit_,) = found.exits
    assert {"b", "w"} <= exit_.may
    assert ("b" in exit_.must) is (head is not CLASS)


def test_a_decorator_that_only_looks() -> None:
    _, found = flow_and_facts(source("def wraps_it(function):\n    return function"))
    (exit_,) = found.exits
    assert (set(exit_.must), set(exit_.may)) == ({"b"}, {"b"})


def test_several_decorators() -> None:
    head = generator("flow.v = 1\nyield") + generator("yield {}").replace("wraps_it", "skips")
    text = source(head).replace("    @wraps_it\n", "    @wraps_it\n    @skips\n")
    _, found = flow_and_facts(text)
    (exit_,) = found.exits
    assert (set(exit_.must), set(exit_.may)) == (set(), {"b", "v"})
    assert [reason for _, reason in found.escapes] == [
        "@wraps_it wraps the step",
        "@skips wraps the step",
    ]


# decorators of which Metaflow does not see the step
HIDING = [
    "def wraps_it(function):\n    def wrapper(self):\n        function(self)\n    return wrapper",
    "def wraps_it(function): return lambda self: function(self)",
]


@pytest.mark.parametrize("head", HIDING)
def test_decorators_that_hide_the_step(head: str) -> None:
    (found,) = errors(source(head))
    assert (found.code, found.step) == ("MF120", "s1")
    assert "@wraps_it does not use functools.wraps" in found.message


# what a wrapper of a join does with its inputs → whether it sees them
JOINS: dict[str, bool] = {
    generator("yield"): False,
    generator("print(inputs)\nyield"): True,
    plain("pass").replace("(self)", "(self, inputs)").replace("pass", "function(self, inputs)"): (
        False
    ),
    plain("pass").replace("(self)", "(self, inputs)").replace("pass", "inputs[0].x"): True,
    "def wraps_it(function): return function\n": False,
}


@pytest.mark.parametrize("head", JOINS)
def test_inputs_of_a_join(head: str) -> None:
    text = graph_source(
        "start: > a, b", "a: > join", "b: > join", "join/inputs: > end", "end: ",
        head=head, imports=IMPORTS,
    ).replace("    @step\n    def join", "    @wraps_it\n    @step\n    def join")  # fmt: skip
    flow = parsed(text)
    assert sees_inputs(flow.steps["join"], flow, module_scope(flow.module.kept)) is JOINS[head]
