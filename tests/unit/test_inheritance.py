"""Base classes: where they are found, what a flow has from them, what becomes of their files."""

import ast
import textwrap
from pathlib import Path

import pytest

from codegen import Options, Translation, translate
from codegen.diagnostics import Diagnostics, Position, as_github, as_json, as_text
from codegen.model import Flow
from codegen.parse import parse_flow

_HEAD = "from metaflow import FlowSpec, Parameter, retry, schedule, step\n"

BASE = (
    _HEAD
    + """
class BaseFlow(FlowSpec):
    alpha = Parameter("alpha", default=1)
    LIMIT = 3

    @step
    def start(self):
        self.x = 1
        self.next(self.middle)

    @step
    def middle(self):
        self.next(self.end)

    @step
    def end(self):
        print(self.x)

    def helper(self):
        return self.LIMIT
"""
)


def files(folder: Path, **texts: str) -> Path:
    """Write modules: `common__base` is common/base.py, and `common__INIT` the package itself."""
    for name, text in texts.items():
        parts = ["__init__" if part == "INIT" else part for part in name.split("__")]
        path = folder.joinpath(*parts).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def translated(source: str, folder: Path | None = None) -> Translation:
    return translate(textwrap.dedent(source), "flow.py", Options(folder=folder))


def parsed(source: str, folder: Path | None = None) -> Flow:
    diagnostics = Diagnostics()
    flow = parse_flow(textwrap.dedent(source), "flow.py", diagnostics, folder)
    assert flow is not None, diagnostics.found
    assert not diagnostics.failed, diagnostics.found
    return flow


def code(source: str, folder: Path) -> str:
    result = translated(source, folder)
    assert result.code is not None, result.diagnostics
    assert "import metaflow" not in result.code and "from metaflow" not in result.code
    return result.code


def refused(source: str, folder: Path | None = None) -> list[tuple[str, str, int, str]]:
    """Code, file, line and message of every error."""
    return [
        (found.code, found.position.file, found.position.line, found.message)
        for found in translated(source, folder).diagnostics
        if found.severity.value == "error"
    ]


# ---------------------------------------------------------------------- what is inherited


def test_the_same_file() -> None:
    flow = parsed(BASE + "class TrainFlow(BaseFlow):\n    @step\n    def middle(self): pass\n")
    assert flow.name == "TrainFlow"
    assert list(flow.steps) == ["start", "middle", "end"]
    assert {name: step.owner for name, step in flow.steps.items()} == {
        "start": "BaseFlow", "middle": "TrainFlow", "end": "BaseFlow",
    }  # fmt: skip
    assert list(flow.parameters) == ["alpha"]
    assert (list(flow.helpers), list(flow.constants)) == (["helper"], ["LIMIT"])
    assert [(each.name, each.bases) for each in flow.classes] == [
        ("TrainFlow", ("BaseFlow",)), ("BaseFlow", ()),
    ]  # fmt: skip
    assert [step.name for step in flow.classes[1].steps] == ["start", "middle", "end"]
    assert [member.name for member in flow.classes[1].members] == ["LIMIT", "helper"]
    assert flow.module.kept == ()


HIDDEN = {
    "middle = None": "middle",
    "def middle(self): pass": "middle",
    "class _X: pass\n    alpha = 1": "alpha",
    "@property\n    def alpha(self): return 1": "alpha",
    "start = Parameter('start')": "start",
    "LIMIT = Parameter('LIMIT')": "LIMIT",
    "@step\n    def helper(self): pass": "helper",
}


@pytest.mark.parametrize("member", HIDDEN)
def test_an_attribute_hides_that_of_a_base(member: str) -> None:
    name = HIDDEN[member]
    flow = parsed(BASE + f"class TrainFlow(BaseFlow):\n    {member}\n")
    kinds = [flow.steps, flow.parameters, flow.helpers, flow.constants, flow.nested]
    assert sum(name in kind for kind in kinds) == 1
    base = parsed(BASE)
    before = [base.steps, base.parameters, base.helpers, base.constants, base.nested]
    assert [name in kind for kind in kinds] != [name in kind for kind in before]


def test_properties_belong_together() -> None:
    head = BASE.replace(
        "def helper(self):",
        "@property\n    def value(self): return 1\n\n"
        "    @value.setter\n    def value(self, x): pass\n\n    def helper(self):",
    )
    assert list(parsed(head).setters) == ["value"]
    flow = parsed(head + "class B(BaseFlow):\n    @property\n    def value(self): return 2\n")
    assert flow.helpers["value"].owner == "B"
    assert flow.setters == {}


def test_order_of_resolution() -> None:
    source = f"""{_HEAD}
class Left:
    def name_of(self): return "left"
    SIDE = "left"

class Right:
    SIDE = "right"
    TURN = "right"

    @step
    def review(self):
        self.next(self.end)

class A(Left, FlowSpec):
    @step
    def start(self):
        self.next(self.review)

class B(Right, FlowSpec):
    @step
    def end(self): pass

class TheFlow(A, B):
    pass
"""
    flow = parsed(source)
    assert [each.name for each in flow.classes] == ["TheFlow", "A", "Left", "B", "Right"]
    assert [each.bases for each in flow.classes] == [("A", "B"), ("Left",), (), ("Right",), ()]
    assert flow.constants["SIDE"].owner == "Left"
    assert flow.constants["TURN"].owner == "Right"
    assert list(flow.steps) == ["review", "end", "start"]
    assert "class" not in flow.module.body


BASES = {
    "class M: pass\nclass F(FlowSpec, M, object, FlowSpec): pass": "names a base twice",
    "class M: pass\nclass N(M): pass\nclass F(M, N, FlowSpec): pass": "no order",
    "class F(FlowSpec, metaclass=Meta): pass": "the class F takes metaclass",
    "class M(metaclass=Meta): pass\nclass F(M, FlowSpec): pass": "the class M takes metaclass",
    "class F(FlowSpec, **more): pass": "takes **keywords",
    "M = make()\nclass F(M, FlowSpec): pass": "makes M in another way than by class",
    "class F(make(), FlowSpec): pass": "make() cannot be followed",
    "class M: pass\nclass M: pass\nclass F(M, FlowSpec): pass": "sets M several times",
    "class F(M, FlowSpec): pass": "M is not defined at the top level of the flow's file",
    "import json\nclass F(json, FlowSpec): pass": "which is a module",
    "from metaflow import Run\nclass F(Run, FlowSpec): pass": "which is Metaflow's own",
    "from other import M\nclass F(M, FlowSpec): pass": "the folder of the flow is known",
    "from .other import M\nclass F(M, FlowSpec): pass": "the folder of the flow is known",
    "class M(M): pass\nclass F(M, FlowSpec): pass": "derives from itself",
}


@pytest.mark.parametrize("source", BASES)
def test_refused_bases(source: str) -> None:
    ((code, file, _, message),) = refused(f"{_HEAD}{source}\n")
    assert (code, file) == ("MF505", "")
    assert BASES[source] in message


def test_where_a_base_was_looked_for(tmp_path: Path) -> None:
    source = f"{_HEAD}from common.base import M\nclass F(FlowSpec,\n        M): pass\n"
    found = translated(source, tmp_path).diagnostics
    assert [each.position for each in found if each.code == "MF505"] == [Position(4, 9)]
    assert "there is no common/base.py or common/base/__init__.py" in found[0].message
    files(tmp_path, common__base="def f(:")
    ((_, _, _, message),) = refused(source, tmp_path)
    assert "common.base cannot be read: line 1" in message
    files(tmp_path, common__base="x = 1")
    ((_, _, _, message),) = refused(source, tmp_path)
    assert "M is not defined at the top level of common/base.py" in message


def test_a_flow_without_its_base_is_one(tmp_path: Path) -> None:
    source = "from base_flow import Base\n{}class F(Base):\n    {}\nclass E(Base): pass\n{}"
    assert refused(source.format("", "pass", ""), tmp_path)[0][0] == "MF003"
    assert refused(source.format("", "pass", "if __name__ == '__main__':\n    F()"), tmp_path)[0][
        0
    ] == ("MF505")
    steps = source.format("from metaflow import step\n", "@step\n    def start(self): pass", "")
    assert [found[0] for found in refused(steps, tmp_path)] == ["MF505"]


def test_flow_decorators() -> None:
    base = BASE.replace("class Base", "@schedule(daily=True)\nclass Base")
    assert [d.name for d in parsed(base + "class F(BaseFlow): pass\n").decorators] == ["schedule"]
    twice = base + "@schedule(hourly=True)\nclass F(BaseFlow): pass\n"
    ((code, _, line, _),) = refused(twice)
    assert (code, line) == ("MF120", twice.count("\n") - 1)
    mixin = BASE + "@schedule(daily=True)\nclass M: pass\nclass F(M, BaseFlow): pass\n"
    assert [found[0] for found in refused(mixin)] == ["MF120"]


# ---------------------------------------------------------------------- other files


IMPORTS = {
    "from base_flow import BaseFlow": "BaseFlow",
    "from base_flow import BaseFlow as Base": "Base",
    "import base_flow": "base_flow.BaseFlow",
    "import base_flow as base": "base.BaseFlow",
    "import json, base_flow": "base_flow.BaseFlow",
    "from base_flow import *": "BaseFlow",
    "from .base_flow import BaseFlow": "BaseFlow",
    "from . import base_flow": "base_flow.BaseFlow",
    "from ..above import BaseFlow": "BaseFlow",
    "from above import BaseFlow": "BaseFlow",
    "from package import BaseFlow": "BaseFlow",
    "from package.base import BaseFlow": "BaseFlow",
    "import package.base": "package.base.BaseFlow",
    "from package import base as b": "b.BaseFlow",
    "from base_flow import BaseFlow\nBase = BaseFlow": "Base",
}


@pytest.mark.parametrize("line", IMPORTS)
def test_imports(line: str, tmp_path: Path) -> None:
    flows = files(tmp_path, above=BASE) / "flows"
    files(flows, base_flow=BASE, package__base=BASE, package__INIT="from .base import BaseFlow")
    source = f"{line}\n\nclass TrainFlow({IMPORTS[line]}):\n    pass\n"
    if "Base = " in line:  # the alias has nothing to stand for in the module
        assert [found[0] for found in refused(source, flows)] == ["MF506"]
        return
    text = code(source, flows)
    assert "base_flow" not in text and "package" not in text and "above" not in text
    assert "def train_flow(" in text
    flow = parsed(source, flows)
    assert flow.classes[0].bases == ("BaseFlow",)
    assert not flow.classes[1].imported


def test_code_of_the_base_module(tmp_path: Path) -> None:
    files(
        tmp_path,
        base_flow="""
        '''About the base.'''
        import json
        import math

        from metaflow import FlowSpec, step

        from features import build

        # how many
        LIMIT = 3
        __all__ = ["BaseFlow"]


        def area(x):
            return math.pi * x


        class Unrelated(FlowSpec):
            pass


        class BaseFlow(FlowSpec):
            @step
            def start(self):
                self.x = area(len(json.dumps(build(LIMIT))))
                self.next(self.end)


        if __name__ == "__main__":
            BaseFlow()
        """,
        features="def build(x): return x",
    )
    source = """
    import json
    from base_flow import BaseFlow, LIMIT as MOST, area
    from metaflow import step

    NAMES = ["a"]


    class TrainFlow(BaseFlow):
        @step
        def end(self):
            self.text = json.dumps([area(MOST), NAMES])
    """
    flow = parsed(source, tmp_path)
    assert flow.module.body.strip() == textwrap.dedent(
        """\
        # from base_flow.py

        # how many
        LIMIT = 3


        def area(x):
            return math.pi * x


        # from flow.py

        MOST = LIMIT

        NAMES = ["a"]"""
    )
    text = code(source, tmp_path)
    assert text.count("import json") == 1
    assert "from features import build" in text
    assert "__all__" not in text and "Unrelated" not in text and "About the base" not in text


def test_relative_imports_become_absolute(tmp_path: Path) -> None:
    files(
        tmp_path,
        common__base="from .features import build\nfrom . import tools\nfrom .. import above\n"
        + BASE.replace("self.x = 1", "self.x = build(tools.y)"),
        common__features="def build(x): return x",
        common__tools="y = 1",
    )
    text = code("from common.base import BaseFlow\nclass F(BaseFlow): pass\n", tmp_path)
    assert "from common import tools" in text
    assert "from common.features import build" in text


def test_an_imported_mixin(tmp_path: Path) -> None:
    files(tmp_path, mixins="LABEL = 1\nclass Root: pass\nclass Labels(Root):\n    N = LABEL\n")
    source = BASE + "import mixins\nclass F(mixins.Labels, BaseFlow): pass\n"
    flow = parsed(source, tmp_path)
    assert [(each.name, each.bases, each.imported) for each in flow.classes] == [
        ("F", ("mixins.Labels", "BaseFlow"), False),
        ("Labels", ("Root",), True),
        ("Root", (), True),
        ("BaseFlow", (), False),
    ]
    assert flow.constants["N"].owner == "Labels"
    assert flow.constants["N"].position == Position(4, 5, "mixins.py")
    assert [ast.unparse(node) for node in flow.module.kept] == ["import mixins"]


def test_names_of_metaflow_by_way_of_another_module(tmp_path: Path) -> None:
    files(tmp_path, common="from metaflow import FlowSpec, step as mark, Parameter\n")
    source = """
    from common import FlowSpec, Parameter, mark as step

    class F(FlowSpec):
        n = Parameter("n", default=1)

        @step
        def start(self):
            self.x = self.n
    """
    assert list(parsed(source, tmp_path).parameters) == ["n"]
    assert "common" not in code(source, tmp_path)


REFUSED = {
    # what the base's module has more; the flow's file; words of the message
    "def area(x): return x": ("def area(x): return -x", "have their own area"),
    "from math import pi": ("pi = 3", "have their own pi"),
    "CACHE = {}": ("CACHE = {}", "have their own CACHE"),
    "def sum(x): return x": ("x = sum([1])", "own sum in place of the builtin"),
    "x = 1": ("import base_flow\ny = base_flow.x", "base_flow.x needs a module"),
    "y = 1": ("from base_flow import missing", "does not define missing"),
    "z = 1": ("def f():\n    import base_flow", "is imported inside other code"),
    "step = None": ("", "have their own step"),
}


@pytest.mark.parametrize("more", REFUSED)
def test_modules_that_do_not_go_together(more: str, tmp_path: Path) -> None:
    own, words = REFUSED[more]
    base = BASE if "step" not in more else BASE.replace("step", "mark").replace(
        "import FlowSpec, Parameter, retry, schedule, mark",
        "import FlowSpec, Parameter, retry, schedule, step as mark",
    )  # fmt: skip
    files(tmp_path, base_flow=f"{base}\n{more}\n")
    used = "@step\n    def middle(self): self.next(self.end)"
    source = f"from metaflow import step\nfrom base_flow import BaseFlow\n{own}\n"
    found = refused(f"{source}class F(BaseFlow):\n    {used}\n", tmp_path)
    assert [code for code, *_ in found] == ["MF505"], found
    assert words in found[0][3]


def test_what_both_modules_have_is_there_once(tmp_path: Path) -> None:
    same = "import math\nfrom json import dumps\nLIMIT = 3\n\ndef area(x):\n    return x\n"
    files(tmp_path, base_flow=same + BASE)
    text = code(f"{same}from base_flow import BaseFlow\nclass F(BaseFlow): pass\n", tmp_path)
    assert text.count("LIMIT = 3") == text.count("def area") == 1


def test_what_does_not_run_at_import_needs_no_metaflow(tmp_path: Path) -> None:
    files(
        tmp_path,
        tools="""
        import typing
        if typing.TYPE_CHECKING:
            from metaflow import FlowSpec
        else:
            FlowSpec = None
        def last(): from metaflow import Flow
        class M: pass
        if __name__ == "__main__":
            import metaflow
        """,
    )
    flow = parsed(f"{_HEAD}from tools import M\nclass F(M, FlowSpec): pass\n", tmp_path)
    assert flow.classes[1].imported and not flow.classes[1].root and flow.classes[0].root


def test_two_classes_of_one_name(tmp_path: Path) -> None:
    files(tmp_path, base_flow=BASE, other=BASE.replace("(FlowSpec)", ""))
    source = "from base_flow import BaseFlow\nfrom other import BaseFlow as B\n"
    ((code, *_, message),) = refused(f"{source}class F(B, BaseFlow): pass\n", tmp_path)
    assert code == "MF505" and "both have a class BaseFlow" in message


def test_a_mixin_that_the_module_uses_otherwise() -> None:
    mixin = BASE.replace("class BaseFlow(FlowSpec)", "class M: pass\nclass BaseFlow(M, FlowSpec)")
    assert [found[0] for found in refused(mixin + "x = M()\n")] == ["MF506"]


def test_places_in_other_files(tmp_path: Path) -> None:
    folder = files(tmp_path, flows__flow="", base__flow_base="x = 1\n" + BASE) / "flows"
    bad = BASE.replace("@step\n    def end", "@other\n    @step\n    def end")
    files(tmp_path, base__flow_base=bad)
    result = translated("from base.flow_base import BaseFlow\nclass F(BaseFlow): pass\n", folder)
    (found,) = result.diagnostics
    assert (found.code, found.position.file) == ("MF502", "../base/flow_base.py")
    shown = (as_text([found], "flows/flow.py"), as_github([found], "flows/flow.py"))
    assert shown[0].startswith(f"base/flow_base.py:{found.position.line}:")
    assert shown[1].startswith("::error file=base/flow_base.py,line=")
    assert '"file": "base/flow_base.py"' in as_json([found], "flows/flow.py")


def test_the_root_of_the_repository_ends_the_search(tmp_path: Path) -> None:
    folder = files(tmp_path, base_flow=BASE) / "flows"
    (folder / ".git").mkdir(parents=True)
    found = refused(
        "from metaflow import step\nfrom base_flow import BaseFlow\n"
        "class F(BaseFlow):\n    @step\n    def start(self): pass\n",
        folder,
    )
    assert [code for code, *_ in found] == ["MF505"]
