"""The two styles of task bodies: why a task keeps ``self``, and what its prelude then has.

``python -m tests.test_styles`` writes the figures of docs/helpers.md anew.
"""

import ast
import datetime
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from codegen import translate
from codegen.symbols import Symbols
from tests.cases import GOLDEN

PAGE = GOLDEN.parent / "docs" / "helpers.md"

_MARK = "# keeps self: "

#: A row of the table of reasons: what the comment says, with … for a name, and how many tasks.
_ROW = re.compile(r"^\|(?P<construct>[^|]*)\| `(?P<reason>[^`|]*)` \| +(?P<count>\d+) \|$", re.M)

_TOTAL = re.compile(r"^\| (?P<style>local variables|`self`) \| +\d+ \| +\d+ \|$", re.M)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?=, by `python -m tests\.test_styles`)")


# ---------------------------------------------------------------------- modules


@dataclass(frozen=True)
class Task:
    """The task of a step; ``comment`` is the line above the one that makes its ``self``."""

    node: ast.FunctionDef
    comment: str | None

    @property
    def reason(self) -> str | None:
        """Why it keeps ``self``; None if its artifacts are local variables."""
        return self.comment.strip().removeprefix(_MARK) if self.comment is not None else None

    @property
    def uses_self(self) -> bool:
        """Whether ``self`` is used, and not as the argument of an inner function."""
        return any(_is_name(node, "self") for node in _outside(self.node))


class Module:
    """A generated module, apart from its prelude."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.tree = ast.parse(text)
        prelude = {f"{name}{more}" for name in Symbols.HELPERS for more in ("", "_")}
        nodes = [node for node in self.tree.body if isinstance(node, ast.ClassDef)]
        self.classes = {node.name for node in nodes}
        self.flow_object = next((n for n in nodes if n.name.rstrip("_") == "FlowObject"), None)
        self.own = [node for node in self.tree.body if getattr(node, "name", "") not in prelude]

    @cached_property
    def tasks(self) -> list[Task]:
        """The tasks of steps, in order."""
        functions = [node for node in self.own if isinstance(node, ast.FunctionDef)]
        return [self._task(node) for node in functions if _is_step(node)]

    def _task(self, node: ast.FunctionDef) -> Task:
        for statement in node.body:
            if isinstance(statement, ast.Assign) and _is_name(statement.targets[0], "self"):
                return Task(node, self.lines[statement.lineno - 2])
        return Task(node, None)

    @property
    def keeping(self) -> list[Task]:
        """Those that keep ``self``."""
        return [task for task in self.tasks if task.comment is not None]

    @property
    def parts(self) -> set[str]:
        """The optional parts that its FlowObject has."""
        if self.flow_object is None:
            return set()
        text = ast.unparse(self.flow_object)
        found = {part for part, sign in _PARTS.items() if sign in text}
        return found | ({"others"} if "OpenFlowObject" in self.classes else set())

    def uses(self, part: str) -> bool:
        """Whether anything outside the prelude can make use of a part."""
        nodes = [node for top in self.own for node in ast.walk(top)]
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
        named = {node.attr for node in attributes}
        match part:
            case "read-only":
                fixed = {c.value for c in self._constants("__read_only__")}
                changed = {a.attr for a in attributes if not isinstance(a.ctx, ast.Load)}
                anyhow = {"setattr", "delattr", "vars", "eval", "exec"} & names
                return bool(fixed & changed or (fixed and (anyhow or self.uses("others"))))
            case "unset":
                return any(name.rstrip("_") == "Unset" for name in names)
            case "deleted":
                deletes = any(isinstance(a.ctx, ast.Del) for a in attributes)
                return deletes or "delattr" in names
            case "merged":
                return "__load__" in named
            case "dictionary":
                return bool({"vars", "eval", "exec"} & names) or "__dict__" in named
        return "__others__" in named

    def _constants(self, name: str) -> Iterator[ast.Constant]:
        """The constants in what the flow's class tells its base under ``name``."""
        for top in self.own:
            for node in top.body if isinstance(top, ast.ClassDef) else ():
                if isinstance(node, ast.Assign) and _is_name(node.targets[0], name):
                    yield from (c for c in ast.walk(node.value) if isinstance(c, ast.Constant))


#: What shows that FlowObject has an optional part.
_PARTS = {
    "read-only": "__read_only__",
    "unset": "Unset",
    "deleted": "deepcopy",
    "merged": "def __load__(",
    "dictionary": "vars(self)['name']",
    "others": "class OpenFlowObject",
}


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_step(function: ast.FunctionDef) -> bool:
    """Whether a function is the task of a step, which for a loop is a dynamic one."""
    named = [ast.unparse(found).partition("(")[0] for found in function.decorator_list]
    return bool({"task", "task_", "repeat_step", "repeat_step_"} & set(named))


def _outside(root: ast.AST) -> Iterator[ast.AST]:
    """All nodes below ``root`` but those in functions with a ``self`` of their own."""
    for child in ast.iter_child_nodes(root):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            if any(found.arg == "self" for found in child.args.args):
                continue
        yield child
        yield from _outside(child)


def modules() -> dict[str, Module]:
    """The modules of all golden cases."""
    found = sorted(GOLDEN.glob("*/flyte_wf.py"))
    return {path.parent.name: Module(path.read_text("utf-8")) for path in found}


MODULES = modules()

_each = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)


@_each
def test_reason(module: Module) -> None:
    for task in module.keeping:
        assert task.comment is not None and re.fullmatch(rf" +{_MARK}\S.*", task.comment)
        assert len(task.comment) <= 88
    assert sum(_MARK in line for line in module.lines) == len(module.keeping)


@_each
def test_local_variables(module: Module) -> None:
    for task in module.tasks:
        assert (task.comment is not None) == task.uses_self


@_each
def test_flow_object(module: Module) -> None:
    assert (module.flow_object is not None) == bool(module.keeping)


@_each
def test_parts(module: Module) -> None:
    assert [part for part in sorted(module.parts) if not module.uses(part)] == []
    assert ("others" in module.parts) == module.uses("others")
    assert module.uses("merged") <= bool(module.parts & {"merged", "others"})
    if module.flow_object is not None:
        told = set(map(_told, module.own))
        assert ("read-only" in module.parts) == any("__read_only__" in names for names in told)
        assert ("others" in module.parts) == any("__named__" in names for names in told)


def _told(top: ast.stmt) -> frozenset[str]:
    """The names that a class assigns in its body."""
    body = top.body if isinstance(top, ast.ClassDef) else []
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    return frozenset(target.id for target in targets if isinstance(target, ast.Name))


def test_every_part_somewhere() -> None:
    assert set().union(*(module.parts for module in MODULES.values())) == set(_PARTS)


# ---------------------------------------------------------------------- the page


def _matches(pattern: str, reason: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace("…", r"[\w.]+"), reason) is not None


def figures(page: str) -> tuple[Counter[str], list[str]]:
    """How many tasks each row of the page stands for, and the reasons that no row has."""
    patterns = [found["reason"] for found in _ROW.finditer(page)]
    counts: Counter[str] = Counter()
    missing = []
    for module in MODULES.values():
        for task in module.keeping:
            assert task.reason is not None
            exact = [pattern for pattern in patterns if pattern == task.reason]
            found = exact or [each for each in patterns if _matches(each, task.reason)]
            counts.update(found)
            if len(found) != 1:
                missing.append(task.reason)
    return counts, missing


def updated(page: str) -> str:
    """The page with the figures as they are now."""
    counts, _ = figures(page)

    def row(found: re.Match[str]) -> str:
        return f"|{found['construct']}| `{found['reason']}` | {counts[found['reason']]} |"

    def total(found: re.Match[str]) -> str:
        keeps = found["style"] == "`self`"
        tasks = [m.keeping if keeps else [t for t in m.tasks if not t.comment] for m in _modules]
        return f"| {found['style']} | {sum(map(len, tasks))} | {sum(map(bool, tasks))} |"

    _modules = list(MODULES.values())
    return _TOTAL.sub(total, _ROW.sub(row, page))


def test_figures() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(_TOTAL.findall(page)) == 2
    assert len(_DATE.findall(page)) == 1
    _, missing = figures(page)
    assert missing == [], "docs/helpers.md has no row for these, or more than one"
    assert page == updated(page), "python -m tests.test_styles writes the figures anew"


#: For each row of the page what members a flow has and what a step does; the rest is the same.
EXAMPLES = {
    "…() uses artifacts": ("def load(self):\n    self.rows = [1]", "self.load()"),
    "the property … uses artifacts": (
        "@property\ndef size(self):\n    return len(self.items)",
        "self.items = [1]\nprint(self.size)",
    ),
    "…() needs the class": (
        "@classmethod\ndef size(cls):\n    return cls.__name__",
        "print(self.size())",
    ),
    "…() is decorated": (
        "@__import__('functools').lru_cache\ndef _size(self):\n    return 1",
        "print(self._size())",
    ),
    "… uses …, which each task has anew": (
        "TOKEN = uuid.uuid4()\n\ndef token(self):\n    return self.TOKEN",
        "print(self.token())",
    ),
    "self.input is an element of the property …": None,
    "super() needs the class": ("", "print(super().__repr__())"),
    "@… wraps the step": None,
    "the step … is used as a method": ("", "self.end()"),
    "self.… is read-only": ("RATE = 1", "self.RATE = 2"),
    "the property self.… is read-only": (
        "@property\ndef size(self):\n    return 1",
        "self.size = 2",
    ),
    "the property self.… sets artifacts": None,
    "the class has self.… as well": ("def size(self):\n    return 1", "self.size = 2"),
    "… with a computed name": ("", "for name in ('a', 'b'):\n    setattr(self, name, 1)"),
    "… on self": ("", "print(setattr(self, 'a', 1))"),
    "the attributes are used as a dictionary": ("", "print(vars(self))"),
    "…() is given self": ("", "load(self)"),
    "self is handed on as a whole": ("", "flow = self\nflow.rows = 1"),
    "self is looked at as a whole": ("", "print(type(self))"),
    "self.__class__ is asked for": ("", "print(self.__class__)"),
    "…() may use self": ("", "eval('self.next')"),
    "self.… is assigned in a nested scope": ("", "def f():\n    self.a = 1\nf()"),
    "a case pattern compares with an artifact": (
        "",
        "self.a = 1\nmatch 1:\n    case self.a:\n        pass",
    ),
    "a handler asks whether … is set": (
        "",
        "try:\n    print(self.a)\nexcept AttributeError:\n    print(0)",
    ),
    "a nested scope asks whether … is set": (
        "",
        "if uuid.getnode():\n    self.a = 1\nprint([hasattr(self, 'a') for _ in range(2)])",
    ),
    "after this del, Metaflow would load … anew from the earlier step": None,
    "a handler asks whether it can be deleted": (
        "",
        "try:\n    del self.a\nexcept AttributeError:\n    print(0)",
    ),
    "the default of a getattr that is never used does something": (
        "",
        "self.a = 1\nprint(getattr(self, 'a', load(1)))",
    ),
    "artifacts may be unset, and locals() means something else here": (
        "",
        "locals = dict\nif uuid.getnode():\n    self.a = 1",
    ),
}

_FLOW = """\
import uuid

from metaflow import FlowSpec, step


def load(flow):
    return flow


class TrainFlow(FlowSpec):
{members}
    @step
    def start(self):
{body}
        self.next(self.end)

    @step
    def end(self):
        print("done")
"""


def _indented(text: str, depth: int) -> str:
    return "\n".join(" " * depth + line for line in text.splitlines())


def test_examples_of_all_rows() -> None:
    rows = [found["reason"] for found in _ROW.finditer(PAGE.read_text(encoding="utf-8"))]
    assert rows == list(EXAMPLES)


@pytest.mark.parametrize("pattern", [name for name, given in EXAMPLES.items() if given])
def test_example(pattern: str) -> None:
    given = EXAMPLES[pattern]
    assert given is not None
    members, body = given
    source = _FLOW.format(members=_indented(members, 4), body=_indented(body, 8))
    code = translate(source, "flow.py").code
    assert code is not None
    module = Module(code)
    (task,) = module.keeping
    assert task.node.name == "start" and task.reason is not None
    assert _matches(pattern, task.reason)
    assert module.flow_object is not None


@pytest.mark.parametrize("pattern", [name for name, given in EXAMPLES.items() if not given])
def test_others_are_in_golden_cases(pattern: str) -> None:
    counts, _ = figures(PAGE.read_text(encoding="utf-8"))
    assert counts[pattern] > 0


def _write(path: Path) -> None:
    old = path.read_text(encoding="utf-8")
    new = updated(old)
    if new != old:
        new = _DATE.sub(datetime.date.today().isoformat(), new)
        path.write_text(new, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    _write(PAGE)
