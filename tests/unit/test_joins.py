"""What joins take from their inputs, and what merge_artifacts comes to."""

import ast

import pytest

from codegen import translate
from tests.unit.sources import codes, graph_source, module

HEAD = """
NAMES = ["a", "b"]

def pick(inputs):
    return [each.a for each in inputs]

def nothing(value):
    return 1
"""

#: Two branches: x sets a, b and both set s; y sets a, c.
SPLIT = (
    "start:\nself.pre = [1]\n> x, y",
    "x:\nself.a = 1\nself.b = [2]\nself.s = 'q'\n> join",
    "y:\nself.a = 3\nself.c = 4\nself.s = 'q'\n> join",
)
FOREACH = (
    "start:\nself.pre = [1]\nself.items = [1, 2]\n> x * items",
    "x:\nself.a = self.input\nself.b = self.index\nif self.n: self.m = 1\n> join",
)
MEMBERS = "n = Parameter('n', default=1)"


def source(join: str, *, foreach: bool = False, end: str = "pass") -> str:
    steps = FOREACH if foreach else SPLIT
    return graph_source(
        *steps, f"join/inputs:\n{join}\n> end", f"end:\n{end}", head=HEAD, members=MEMBERS
    )


def parameters(code: str, task: str) -> list[str]:
    tree = ast.parse(code)
    found = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == task)
    return [argument.arg for argument in found.args.args]


# the body of a static join → the inputs of its task
TAKEN = {
    "self.r = inputs.x.a + inputs.y.a": ["x_a", "y_a"],
    "self.r = inputs.x.b": ["x_b"],
    "self.r = [i.a for i in inputs]": ["x_a", "y_a"],
    "self.r = inputs[0].a": ["x_a", "y_a"],
    "self.r = max(inputs, key=lambda i: i.a).s": ["x_a", "x_s", "y_a", "y_s"],
    "self.r = [i.a for n, i in enumerate(inputs)]": ["x_a", "y_a"],
    "self.r = [i.a for i, n in zip(inputs, [1, 2])]": ["x_a", "y_a"],
    "self.r = list(map(lambda i: i.a, inputs))": ["x_a", "y_a"],
    "self.r = [i.a for i in filter(lambda i: i.s, inputs)]": ["x_a", "x_s", "y_a", "y_s"],
    "self.r = sorted(inputs, key=lambda i: i.a)[0].s": ["x_a", "x_s", "y_a", "y_s"],
    "first, *others = inputs\nself.r = first.a, [o.s for o in others]":
        ["x_a", "x_s", "y_a", "y_s"],
    "for i in reversed(list(inputs)): self.r = i.a": ["x_a", "y_a"],
    "self.r = getattr(inputs.x, 'b', 0)": ["x_b"],
    "self.r = [getattr(i, 'c', 0) for i in inputs]": ["y_c"],
    "self.r = [hasattr(i, 'b') for i in inputs]": ["x_b"],
    # the module mentions a and b
    "self.r = pick(inputs)": ["x_a", "x_b", "y_a"],
    "self.r = nothing(inputs)": ["x_a", "x_b", "y_a"],
    "self.r = {i.s: i for i in inputs}['q'].a": ["x_a", "x_s", "y_a", "y_s"],
    "self.r = inputs.x.n": ["n"],
    "self.r = 1": [],
    "self.merge_artifacts(inputs, include=['b', 'c'])": [],
    "self.merge_artifacts(inputs, include=['s'])": ["x_s", "y_s"],
    "self.merge_artifacts(inputs, exclude=['a', 's'])\nself.r = self.b": ["b"],
    "self.s = inputs.x.s\nself.merge_artifacts(inputs, exclude=['a'])": ["x_s"],
    "self.merge_artifacts(inputs, exclude=NAMES + ['s'])": [],
    "self.merge_artifacts([inputs.x], exclude=None)": [],
    "self.merge_artifacts((inputs.x, inputs.y), include=('s',))": ["x_s", "y_s"],
    "self.merge_artifacts(inputs[:1], include=['s'])": ["x_s", "y_s"],
    "def f(i): return i.a\nself.r = [f(i) for i in inputs]": ["x_a", "y_a"],
    "found = []\nfor i in inputs: found.append(i)\nself.r = found[0].a": ["x_a", "y_a"],
    "best = inputs[0] if self.n else inputs[1]\nself.r = best.a": ["x_a", "y_a", "n"],
    "self.r = [(b := i).a for i in inputs], b.s": ["x_a", "x_s", "y_a", "y_s"],
    "match inputs[0]:\n    case i: self.r = i.a": ["x_a", "y_a"],
    "self.r = any(i.a == 1 for i in inputs)": ["x_a", "y_a"],
    "import operator\nself.r = max(inputs, key=operator.attrgetter('a')).s":
        ["x_a", "x_s", "y_a", "y_s"],
}  # fmt: skip


@pytest.mark.parametrize("body", TAKEN)
def test_static_join_takes_what_it_reads(body: str) -> None:
    found = parameters(module(source(body)), "join")
    assert sorted(found) == sorted(TAKEN[body])


def test_what_cannot_be_followed_takes_everything() -> None:
    found = parameters(module(source("import json\nself.r = json.loads(inputs[0])")), "join")
    assert {"x_pre", "x_a", "x_b", "x_s", "y_c", "n"} <= set(found)


# the body of the join of a foreach → the inputs of its task
GATHERED = {
    "self.r = [i.a for i in inputs]": ["inputs"],
    "self.r = inputs[0].pre": ["pre", "x_indices"],
    "self.r = [(i.a, i.pre) for i in inputs]": ["inputs", "pre"],
    "self.r = sum(1 for _ in inputs)": ["x_indices"],
    "self.r = inputs.x.a": ["inputs"],
    "self.r = 1": [],
    "self.r = [i.index for i in inputs]": ["x_indices"],
    "self.r = [(i.index, i.a) for i in inputs]": ["inputs"],
    "self.r = [i.input for i in inputs]": ["items", "x_indices"],
    "self.r = [i.n for i in inputs]": ["x_indices", "n"],
    "self.merge_artifacts(inputs, include=['pre', 'items'])": [],
    "self.merge_artifacts(inputs, include=['a'])": ["inputs"],
    "self.merge_artifacts([inputs[0]], include=['a'])": ["inputs"],
    "self.r = [getattr(i, 'm', 0) for i in inputs]": ["inputs"],
}


@pytest.mark.parametrize("body", GATHERED)
def test_foreach_join_takes_what_it_reads(body: str) -> None:
    found = parameters(module(source(body, foreach=True)), "join")
    assert sorted(found) == sorted(GATHERED[body])


# the body of a static join → the codes it brings
MESSAGES = {
    "self.r = inputs.x.zzz": ["MF208"],
    "self.r = inputs.x.c": ["MF208"],
    "self.r = [i.b for i in inputs]": ["MF209"],
    "self.r = [i.b for i in inputs if hasattr(i, 'b')]": [],
    "self.r = inputs.z.a": ["MF211"],
    "self.r = len(inputs)": ["MF211"],
    "self.r = len(list(inputs))": [],
    "inputs = list(inputs)\nself.r = inputs[0].a": ["MF211"],
    "self.r = vars(inputs.x)": ["MF211"],
    "self.r = max(inputs, key=lambda i: i.a)": ["MF211"],
    "self.r = list(inputs)": ["MF211"],
    "self.r, n = inputs": ["MF211"],
    "self.r = {i.s: i for i in inputs}": ["MF211"],
    "self.r = {'x': inputs.x}": ["MF211"],
    "found = {i.s: i for i in inputs}\nself.r = [i.upper() for i in found]": [],
    "self.r = inputs[0].index": ["MF503"],
    "self.r = inputs[0].foreach_stack()": ["MF503"],
    "self.merge_artifacts(inputs, include=['zzz'])": ["MF210"],
    "self.merge_artifacts(inputs, include=['b'], exclude=['a'])": ["MF210"],
    "self.merge_artifacts(inputs, include=[x for x in 'ab'])": ["MF210"],
    "self.merge_artifacts(inputs, include=3)": ["MF210"],
    "self.merge_artifacts(inputs, only=['a'])": ["MF210"],
    "self.merge_artifacts()": ["MF210"],
    "if self.n: self.merge_artifacts(inputs)": ["MF210"],
    "self.r = 1; self.merge_artifacts(inputs, include=['b'])": ["MF210"],
    "if self.n: self.s = 1\nself.merge_artifacts(inputs, include=['s'])": [],
    "if self.n: self.a = 1\nprint(self.a)\nself.merge_artifacts(inputs, include=['a'])": [],
    "self.r = self.b\nself.merge_artifacts(inputs, include=['b'])": ["MF208"],
    "self.r = self.pre": ["MF208"],
    "self.merge_artifacts([inputs.z])": ["MF211"],
}


@pytest.mark.parametrize("body", MESSAGES)
def test_messages_of_joins(body: str) -> None:
    found = [code for code in codes(source(body)) if code != "MF206"]
    assert list(dict.fromkeys(found)) == MESSAGES[body]


def test_what_the_join_may_have_set_is_kept() -> None:
    body = "if self.n:\n    self.a = self.b = 0\nself.merge_artifacts(inputs, exclude=['s'])"
    code = module(source(body, end="print(self.a, self.b, self.c)"))
    for name in "ab":
        question = f"    if '{name}' not in locals():\n        {name} = merge_artifact('{name}'"
        assert question in code.replace('"', "'")
    assert "merge_artifact('c'" not in code.replace('"', "'")


@pytest.mark.parametrize(
    ("more", "question"),
    [("vars(self)", "'a' not in vars(self)"), ("locals = 1", "'a' not in vars(self)")],
)
def test_what_a_join_with_self_may_have_set_is_kept(more: str, question: str) -> None:
    body = f"{more}\nif self.n: self.a = 0\nself.merge_artifacts(inputs, include=['a'])"
    code = module(source(body, end="print(self.a)")).replace('"', "'")
    assert f"    if {question}:\n        self.a = merge_artifact('a', inputs" in code


CAUGHT = {
    "self.merge_artifacts(inputs)": ["MF216"],
    "self.merge_artifacts([inputs.x])": [],
    "self.merge_artifacts(inputs, include=['a'])": [],
    "self.merge_artifacts(inputs, exclude=['_catch_exception'])": [],
    "self.r = [i.a for i in inputs]": [],
}


def caught(text: str, *steps: str) -> str:
    """A flow with @catch on some steps."""
    for name in steps:
        text = text.replace(
            f"    @step\n    def {name}(", f"    @catch\n    @step\n    def {name}("
        )
    return text.replace("import FlowSpec", "import catch, FlowSpec")


@pytest.mark.parametrize("body", CAUGHT)
def test_merging_after_caught_errors(body: str) -> None:
    text = graph_source(
        "start:\n> x, y", "x:\nself.a = 1\n> join", "y:\nself.a = 1\n> join",
        f"join/inputs:\n{body}\n> end", "end:",
    )  # fmt: skip
    assert codes(caught(text, "x", "y")) == CAUGHT[body]
    assert codes(caught(text, "x")) == []


def test_merging_the_elements_of_a_foreach_after_caught_errors() -> None:
    text = source("self.merge_artifacts(inputs, exclude=['a', 'b', 'm'])", foreach=True)
    assert codes(text) == []
    assert codes(caught(text, "start")) != []  # Metaflow refuses it
    assert codes(caught(text, "x")) == ["MF216"]


def test_lost_artifact_is_named_with_its_setter_and_its_join() -> None:
    text = source("self.r = 1", end="print(self.b)")
    (found,) = translate(text, "flow.py").diagnostics
    assert found.code == "MF208" and found.step == "end"
    assert "self.b was set in x and lost at the join 'join'" in found.message
    assert text.splitlines()[found.position.line - 1].strip() == "print(self.b)"


def test_maybe_lost_artifact_is_a_warning() -> None:
    text = graph_source(
        "start:\nself.a = 1\nself.way = 'left'\n"
        "self.next({'left': self.left, 'right': self.right}, condition='way')",
        "left:\n> l1, l2", "l1:\n> joined", "l2:\n> joined", "joined/inputs:\n> end",
        "right:\n> end", "end:\nprint(self.a)",
    )  # fmt: skip
    (found,) = translate(text, "flow.py").diagnostics
    assert found.code == "MF209" and "joined" in found.message


def test_several_tails_are_warned_of() -> None:
    text = graph_source(
        "start:\nself.items = [1]\n> a * items",
        "a:\nself.v = 1\nself.next({1: self.b, 2: self.c}, condition='v')",
        "b:\n> join", "c:\n> join", "join/inputs:\nself.r = [i.v for i in inputs]\n> end", "end:",
    )  # fmt: skip
    assert codes(text) == ["MF212"]


@pytest.mark.parametrize(
    ("items", "kind"),
    [("{1: 2}", "dictionary"), ("{1, 2}", "set"), ("iter([1])", "iterator"), ("set('ab')", "set"),
     ("rows if self.n else {}", "dictionary"), ("map(str, [1])", "iterator")],
)  # fmt: skip
def test_unreliable_foreach(items: str, kind: str) -> None:
    text = graph_source(
        f"start:\nrows = dict(a=1)\nself.items = {items}\n> a * items", "a:\n> join",
        "join/inputs:\n> end", "end:", members=MEMBERS,
    )  # fmt: skip
    found = [found for found in translate(text).diagnostics if found.code == "MF213"]
    assert found and kind in found[0].message


def test_items_are_looked_up_by_index_where_that_is_sure() -> None:
    def body(items: str) -> str:
        return module(
            graph_source(
                f"start:\nself.items = {items}\n> a * items",
                "a:\nself.r = self.input\n> join",
                "join/inputs:\nself.all = [i.r for i in inputs]\n> end",
                "end:",
                head="import numpy as np\ndef make(): return [1]",
                members=MEMBERS,
            )  # fmt: skip
        )

    for sure in ("[1]", "(1, 2)", "'ab'", "range(3)", "sorted({1})", "'a b'.split()",
                 "np.arange(3)", "[1] + make()", "[x for x in make()]"):  # fmt: skip
        assert "r = items[index]" in body(sure)
    for unsure in ("make()", "self.n", "np.random.rand(3)"):
        assert "r = item_at(items, index)" in body(unsure)


def test_generators_are_stored_although_the_join_loses_them() -> None:
    """Metaflow stores every artifact, so that the step fails."""
    lazy = "(v for v in [1])"
    for stored in (
        f"self.lazy = {lazy}",
        f"self.lazy: object = {lazy}",
        f"x, self.lazy = 1, {lazy}",
    ):
        steps = [step.replace("self.a =", f"{stored}\nself.a =") for step in FOREACH]
        join = "join/inputs:\nself.r = 1\n> end"
        code = module(graph_source(*steps, join, "end:", members=MEMBERS))
        assert "return SimpleNamespace(lazy=lazy)" in code
