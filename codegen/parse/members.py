"""Members of a class that are neither steps nor Parameters: helpers, constants, nested classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

from codegen.diagnostics import Diagnostics, Position
from codegen.model import Constant, Helper, Member, MemberKind, NestedClass
from codegen.parse.concrete import Statement
from codegen.parse.module import bound_names
from codegen.parse.names import assigned_pairs, mangled, place

_BUILTIN = {
    "staticmethod": MemberKind.STATIC,
    "classmethod": MemberKind.CLASS,
    "property": MemberKind.PROPERTY,
}


class Members:
    """The members of one class, collected in the order of the source.

    ``refused`` are names that have been reported as not translated.
    """

    def __init__(self, owner: str, diagnostics: Diagnostics) -> None:
        self.owner = owner
        self.diagnostics = diagnostics
        self.found: list[Member] = []
        self.refused: set[str] = set()

    def refuse(self, node: ast.AST, message: str, advice: str) -> None:
        """Report a member that is not translated."""
        self.diagnostics.add("MF504", Position(*place(node)), message, advice)
        self.refused |= bound_names(node)

    def function(self, member: Statement, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """A method, or a part of a property."""
        assert isinstance(member, cst.FunctionDef)
        kind, role, plain = MemberKind.METHOD, "", True
        for decorator in node.decorator_list:
            text = ast.unparse(decorator)
            owner, _, part = text.rpartition(".")
            if text in _BUILTIN:
                kind, role = _BUILTIN[text], "getter" if text == "property" else ""
            elif text.endswith("cached_property"):
                kind, role, plain = MemberKind.PROPERTY, "getter", False
            elif part in ("getter", "setter", "deleter") and owner.isidentifier():
                kind, role = MemberKind.PROPERTY, part
            else:
                plain = False
        if role == "deleter":
            self.refuse(
                node,
                f"the property {node.name} has a deleter, which is not translated",
                "Write a method that does what it does.",
            )
            return
        if not node.name.startswith("_") and _is_object(node):
            self.refuse(
                node,
                f"{node.name} is no function in the class but an object, which Metaflow takes for "
                "a constant, so that self." + node.name + " is none of its results",
                f"Call it _{node.name}.",
            )
            return
        if kind is not MemberKind.STATIC and not _arguments(node):
            self.refuse(
                node,
                f"the method {node.name} takes no self",
                "Give it a first argument self, or make it a static method.",
            )
            return
        if node.name.startswith("__") and node.name.endswith("__"):
            self.refuse(
                node,
                f"{node.name} changes what Python or Metaflow does with the flow itself",
                "Do in a step what it does.",
            )
            return
        if kind is MemberKind.METHOD or kind is MemberKind.PROPERTY:
            member = _with_self(node, member)
        self.found.append(
            Helper(
                name=mangled(node.name, self.owner),
                position=Position(*place(node)),
                node=node,  # type: ignore[arg-type]  # a coroutine has the same parts
                cst=member,
                owner=self.owner,
                kind=kind,
                plain=plain,
                deferred=isinstance(node, ast.AsyncFunctionDef) or _yields(node),
                role=role,
            )
        )

    def constant(self, member: Statement, node: ast.Assign | ast.AnnAssign) -> None:
        """``NAME = value``; a declaration without a value stands for nothing."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None:
            return
        alone = isinstance(member, cst.SimpleStatementLine) and len(member.body) == 1
        pairs = [pair for target in targets for pair in _values(target, node.value)]
        alone = alone and len(pairs) >= len(targets)
        shown = ", ".join(ast.unparse(target) for target in targets)
        if not alone or not all(isinstance(target, ast.Name) for target, _ in pairs):
            self.refuse(
                node,
                f"the class attribute {shown} is set beside others, or in an unusual way",
                "Give each attribute a statement NAME = value and a line of its own.",
            )
            return
        assert isinstance(member, cst.SimpleStatementLine)
        for target, value in pairs:
            assert isinstance(target, ast.Name)
            if isinstance(value, ast.Lambda):
                self.refuse(node, f"the class attribute {shown} is a lambda", "Write it with def.")
                return
            name = mangled(target.id, self.owner)
            where = Position(*place(node))
            self.found.append(Constant(name, where, self.owner, value, member))

    def nested(self, member: Statement, node: ast.ClassDef) -> None:
        """A class; Metaflow cannot store the artifacts of a flow with a public one."""
        assert isinstance(member, cst.ClassDef)
        if not node.name.startswith("_"):
            self.diagnostics.add(
                "MF504",
                Position(*place(node)),
                f"Metaflow fails to store the artifacts of a flow with the nested class "
                f"{node.name}",
                f"Call it _{node.name}, or move it to the top level of the module.",
            )
            self.refused.add(node.name)
            return
        name = mangled(node.name, self.owner)
        where = Position(*place(node))
        self.found.append(NestedClass(name, where, self.owner, node, member))


def _is_object(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether decorators make something other than a function of it (metaflow/task.py)."""
    names = [
        ast.unparse(found).partition("(")[0].rpartition(".")[2] for found in node.decorator_list
    ]
    return bool({"cache", "cached_property", "lru_cache"} & set(names))


def _values(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Each target of an assignment with an expression for what it gets; none if that cannot be
    said without evaluating anything twice."""
    found = assigned_pairs(target, value)
    known = [(name, part) for name, part in found if part is not None]
    if len(known) == len(found):
        return known
    flat = isinstance(target, (ast.Tuple, ast.List)) and target.elts == [name for name, _ in found]
    if not flat or not isinstance(value, ast.Name):
        return []
    return [
        (name, ast.Subscript(value, ast.Constant(number), ast.Load()))
        for number, (name, _) in enumerate(found)
    ]


def _yields(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is a generator."""

    def inside(parent: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(parent):
            if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                yield child
                yield from inside(child)

    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in inside(function))


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args]


def _with_self(
    function: ast.FunctionDef | ast.AsyncFunctionDef, member: cst.FunctionDef
) -> cst.FunctionDef:
    """Let the first argument be ``self`` in both trees, whatever the author calls it."""
    first = _arguments(function)[0]
    if first.arg == "self":
        return member
    renamed = member.visit(_Renamed(first.arg))
    assert isinstance(renamed, cst.FunctionDef)
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == first.arg:
            node.id = "self"
    first.arg = "self"
    return renamed


class _Renamed(cst.CSTTransformer):
    """A variable under the name ``self``; attributes and keywords keep theirs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.others: set[int] = set()

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self.others.add(id(node.attr))

    def visit_Arg(self, node: cst.Arg) -> None:
        self.others.add(id(node.keyword))

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if original_node.value != self.name or id(original_node) in self.others:
            return updated_node
        return updated_node.with_changes(value="self")
