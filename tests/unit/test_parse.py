"""Source text to model: what belongs to the flow, what stays, and where everything stands."""

import textwrap

import pytest

from codegen.diagnostics import Diagnostics, Position
from codegen.model import Flow, Shape
from codegen.parse import parse_flow
from tests.unit.sources import codes, errors, flow_source, module, parsed

BODY = """
class TheFlow({base}):
    @{step}
    def start(self):
        self.next(self.end)

    @{step}
    def end(self):
        pass
"""


def flow(head: str, base: str = "FlowSpec", step: str = "step") -> str:
    return textwrap.dedent(head) + BODY.format(base=base, step=step)


IMPORTS = {
    "from metaflow import FlowSpec, step": ("FlowSpec", "step"),
    "from metaflow import FlowSpec as Base, step as mark": ("Base", "mark"),
    "import metaflow": ("metaflow.FlowSpec", "metaflow.step"),
    "import metaflow as mf": ("mf.FlowSpec", "mf.step"),
    "import json, metaflow as mf": ("mf.FlowSpec", "mf.step"),
    "from metaflow import *": ("FlowSpec", "step"),
    "from metaflow import FlowSpec\nfrom metaflow import step": ("FlowSpec", "step"),
    "from metaflow import FlowSpec; from metaflow import step": ("FlowSpec", "step"),
    "from metaflow import (\n    FlowSpec,\n    step,\n)": ("FlowSpec", "step"),
}


@pytest.mark.parametrize("head", IMPORTS)
def test_imports(head: str) -> None:
    source = flow(head, *IMPORTS[head])
    assert list(parsed(source).steps) == ["start", "end"]
    assert "metaflow" not in module(source)


NO_FLOW = {
    "": "MF003",
    "x = 1": "MF003",
    "class A: pass": "MF003",
    "from other import FlowSpec\nclass A(FlowSpec): pass": "MF003",
    "from .metaflow import FlowSpec\nclass A(FlowSpec): pass": "MF003",
    "from metaflow import FlowSpec\nif True:\n    class A(FlowSpec): pass": "MF003",
    "from metaflow import FlowSpec\nclass A(FlowSpec): pass\nclass B(FlowSpec): pass": "MF004",
    "from metaflow import *\nclass A(FlowSpec): 1\nclass B(FlowSpec): 1\nclass C(B): 1": "MF004",
    "def": "MF002",
    "x = (": "MF002",
    "\tx = 1": "MF002",
    "print 'x'": "MF002",
    "x = '\\N{no such name}'": "MF002",
}


@pytest.mark.parametrize("source", NO_FLOW)
def test_no_flow(source: str) -> None:
    diagnostics = Diagnostics()
    assert parse_flow(source, "flow.py", diagnostics) is None
    assert [found.code for found in diagnostics.found] == [NO_FLOW[source]]


def test_places_of_syntax_errors() -> None:
    (found,) = errors("x = 1\ny = (1 +\n")
    assert (found.code, found.position.line) == ("MF002", 2)


# members of the class (beside two steps) → the codes that they bring
MEMBERS = {
    '"""Text."""': [],
    "...": [],
    "pass": [],
    "limit = 5": [],
    "a = b = Parameter('a')": ["MF504"],
    "a, b = 1, 2": [],
    "x: int": [],
    "def helper(self): return 1": [],
    "async def helper(self): return 1": [],
    "@property\ndef value(self): return 1": [],
    "class Inner: pass": ["MF504"],
    "class _Inner: pass": [],
    "@staticmethod\ndef helper(): return 1": [],
    "@classmethod\ndef helper(cls): return 1": [],
    "@cached_property\ndef value(self): return 1": ["MF504"],
    "def helper(): return 1": ["MF504"],
    "def __init__(self): pass": ["MF504"],
    "f = lambda self: 1": ["MF504"],
    "if True:\n    x = 1": ["MF504"],
    "import json": ["MF504"],
    "print(1)": ["MF504"],
    "@step\nasync def other(self): pass": ["MF132"],
    "a = Parameter('a')": [],
    "a: str = Parameter('a')": [],
    "a = IncludeFile('a')": [],
    "a = Config('a')": [],
}


@pytest.mark.parametrize("member", MEMBERS)
def test_members(member: str) -> None:
    imports = "from metaflow import Config, FlowSpec, IncludeFile, Parameter, step"
    found = codes(flow_source("pass", "pass", members=member, imports=imports))
    assert [code for code in found if code != "MF704"] == MEMBERS[member]


BASES = {
    "FlowSpec, Mixin": ["MF505"],
    "Mixin, FlowSpec": ["MF505"],
    "FlowSpec, metaclass=Meta": ["MF505"],
    "FlowSpec, **more": ["MF505"],
}


@pytest.mark.parametrize("base", BASES)
def test_bases(base: str) -> None:
    head = "from metaflow import FlowSpec, step\nfrom m import Meta, Mixin, more\n"
    found = [code for code in codes(flow(head, base)) if code != "MF702"]
    assert found == BASES[base]


DECORATORS = {
    "@step": [],
    "@step()": [],
    "@step(start=True)": [],
    "@retry\n@step": [],
    "@retry(times=1)\n@step": [],
    "@step\n@retry": ["MF120"],
    "@retry\n@retry\n@step": ["MF120"],
    "@retry(3)\n@step": ["MF120"],
    "@retry(often=3)\n@step": ["MF120"],
    "@retry(**more)\n@step": ["MF120"],
    "@retry(**other)\n@step": ["MF301"],
    "@retry(times=many())\n@step": ["MF301"],
    "@retry(times=5)\n@step": ["MF121"],
    "@retry(times='x')\n@step": ["MF121"],
    "@retry(times=None)\n@step": ["MF121"],
    "@retry(minutes_between_retries=-1)\n@step": ["MF121"],
    "@timeout\n@step": ["MF121"],
    "@timeout(seconds=10, minutes='1')\n@step": [],
    "@resources(memory=-1)\n@step": ["MF121"],
    "@resources(memory='big')\n@step": ["MF121"],
    "@resources(cpu=0.5, gpu='1', disk=100, shared_memory=64)\n@step": [],
    "@environment(vars={'A': 1})\n@step": [],
    "@environment\n@step": [],
    "@environment(vars=5)\n@step": ["MF121"],
    "@environment(vars={many(): 1})\n@step": ["MF301"],
    "@environment(vars={'A': many()})\n@step": [],
    "@environment(vars={**more})\n@step": [],
    "@gpu_profile\n@step": ["MF502"],
    "@other\n@step": ["MF502"],
    "@other.thing(1)\n@step": ["MF502"],
    "@step(start=FLAG)": ["MF120"],
    "@step(other=True)": ["MF120"],
    "@step(**more)": ["MF120"],
    "@step(True)": ["MF120"],
}


@pytest.mark.parametrize("decorators", DECORATORS)
def test_decorators(decorators: str) -> None:
    source = flow_source(
        "pass", "pass",
        head="from m import other\nFLAG = True\nmore = {'A': 1}\ndef many(): return 1",
        imports="from metaflow import FlowSpec, step\n"
        "from metaflow import environment, gpu_profile, resources, retry, timeout",
    )  # fmt: skip
    marked = "\n".join(f"    {line}" for line in decorators.splitlines())
    found = codes(source.replace("    @step", marked, 1))
    assert [code for code in found if code != "MF702"] == DECORATORS[decorators]


TRANSITIONS = {
    "self.next(self.a)": (Shape.LINEAR, ("a",)),
    "self.next(self.a, self.b)": (Shape.SPLIT, ("a", "b")),
    "self.next(self.a, foreach='x')": (Shape.FOREACH, ("a",)),
    "self.next(self.a, num_parallel=3)": (Shape.PARALLEL, ("a",)),
    "self.next({1: self.a, 'b': self.b, 1.5: self.a}, condition='x')": (Shape.SWITCH, ("a", "b")),
    "self.next({self.cfg.k: self.a, True: self.b}, condition='x')": (Shape.SWITCH, ("a", "b")),
    "self.next(super().a)": (Shape.LINEAR, ("a",)),
    "self.next(\n    self.a\n)  # comment": (Shape.LINEAR, ("a",)),
}


@pytest.mark.parametrize("text", TRANSITIONS)
def test_transitions(text: str) -> None:
    source = flow_source("pass", "pass").replace(
        "self.next(self.end)", text.replace("\n", "\n        ")
    )
    found = parsed(source).steps["start"].transition
    assert found is not None
    assert (found.shape, found.targets) == TRANSITIONS[text]


GUARDS = {
    'if __name__ == "__main__":\n    TheFlow()': [],
    "if '__main__' == __name__: TheFlow()": [],
    "TheFlow()": [],
    'if __name__ == "__main__":\n    pass': [],
    'if __name__ == "__main__":\n    print(1)\n    TheFlow()': ["MF701"],
    'if __name__ == "__main__":\n    TheFlow()\nelse:\n    print(1)': ["MF701"],
    'if __name__ == "__main__":\n    flow = TheFlow()': ["MF701"],
    "if True:\n    TheFlow()": ["MF506"],
    "flow = TheFlow()": ["MF506"],
    "def main(): TheFlow()": ["MF506"],
}


@pytest.mark.parametrize("guard", GUARDS)
def test_start_of_the_flow(guard: str) -> None:
    source = flow("from metaflow import FlowSpec, step\n") + f"\n\n{guard}\n"
    assert codes(source) == GUARDS[guard]


OUTSIDE = {
    "from metaflow import current\nx = current.step_name": [],
    "from metaflow import Run\nx = Run('F/1')": ["MF503"],
    "def f():\n    import metaflow": [],
    "def f():\n    from metaflow.client import Flow\n    return Flow('F')": ["MF503"],
    "class A:\n    flow: 'TheFlow'": [],
    "def f(x: TheFlow): pass": ["MF506"],
    "import json  # noqa": [],
    "import json": ["MF702"],
    "from json import dumps, loads\nx = dumps(1)": ["MF702"],
}


@pytest.mark.parametrize("head", OUTSIDE)
def test_code_around_the_flow(head: str) -> None:
    source = f"from metaflow import FlowSpec, step\n{head}\n" + flow("")
    assert codes(source) == OUTSIDE[head]


MODULE = '''\
#!/usr/bin/env python
# coding: utf-8
# Copyright: somebody
"""About the module."""

from __future__ import annotations
import json, metaflow
from metaflow import FlowSpec, step  # gone

# how many
LIMIT = 3  # behind


# about the helper
def helper(  x ):
    # inside
    return json.dumps( x )   # odd spaces


if LIMIT > 2:
    import math
'''


def test_code_of_the_module_stays() -> None:
    found = parsed(flow(MODULE)).module
    assert found.header == ("# Copyright: somebody",)
    assert found.docstring == "About the module."
    assert found.future == ("annotations",)
    assert [line.position for line in found.imports] == [Position(7, 1)]
    assert found.body == MODULE[MODULE.index("\n# how many") :]
    assert len(found.kept) == 4
    assert found.metaflow == {
        "metaflow": "metaflow", "FlowSpec": "metaflow.FlowSpec", "step": "metaflow.step",
    }  # fmt: skip


def test_a_flow_with_a_derived_one_is_its_base() -> None:
    source = "from metaflow import FlowSpec\nclass A(FlowSpec): pass\nclass B(A): pass\n"
    assert parsed(source).name == "B"


def test_guarded_names() -> None:
    guard = "if __name__ == '__main__':\n    import json\n    x = 1\n    def f(): pass\n"
    found = parsed(flow("from metaflow import FlowSpec, step\n") + guard)
    assert found.module.guarded == {"json", "x", "f"}


def _commented() -> Flow:
    return parsed(
        textwrap.dedent(
            '''
            from metaflow import FlowSpec, Parameter, step

            # about the flow
            class TheFlow(FlowSpec):
                """Text."""

                # about n
                n = Parameter("n", default=1)  # behind n

                # about start
                @step  # behind step
                # below
                def start(self):  # behind def
                    self.next(self.end)

                @step
                def end(self):
                    pass

                # the last words
            '''
        )
    )


def test_comments_and_places() -> None:
    found = _commented()
    assert found.docstring == "Text."
    assert found.position == Position(5, 1)
    assert found.comments == ("# about the flow", "# the last words")
    assert found.parameters["n"].comments == ("# about n", "# behind n")
    assert found.parameters["n"].position == Position(9, 5)
    assert found.parameters["n"].arguments["default"].position == Position(9, 32)
    assert found.steps["start"].comments == ("# about start", "# behind step", "# below")
    assert found.steps["start"].position == Position(14, 5)
    transition = found.steps["start"].transition
    assert transition is not None and transition.position == Position(15, 9)


def test_a_class_on_one_line() -> None:
    source = "from metaflow import FlowSpec\nclass TheFlow(FlowSpec): pass\n"
    assert parsed(source).steps == {}
    assert codes(source) == ["MF102", "MF103"]
