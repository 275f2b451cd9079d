"""``setattr(self, "x", value)`` and ``delattr(self, "x")`` as statements: the plain assignment or
deletion that they are."""

from __future__ import annotations

import ast
import keyword

import libcst as cst


def plain_attributes(
    node: ast.FunctionDef, member: cst.FunctionDef
) -> tuple[ast.FunctionDef, cst.FunctionDef]:
    """A function in both trees, with such calls in its own body written out."""
    own = node.args.args[0].arg if node.args.args else ""
    abstract = _Abstract(own)
    node.body = [abstract.visit(statement) for statement in node.body]
    if not abstract.found:
        return node, member
    concrete = member.visit(_Concrete(own))
    assert isinstance(concrete, cst.FunctionDef)
    return node, concrete


def _is_plain(name: str) -> bool:
    """Whether an attribute may be written ``self.name``, where Python would not mangle it."""
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")


class _Abstract(ast.NodeTransformer):
    def __init__(self, own: str) -> None:
        self.own = own
        self.found = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node  # another scope

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        match node.value:
            case ast.Call(
                func=ast.Name(id="setattr"),
                args=[ast.Name(id=own), ast.Constant(value=str(name)), value],
                keywords=[],
            ) if own == self.own and _is_plain(name) and not isinstance(value, ast.Starred):
                self.found = True
                target = ast.Attribute(ast.Name(own, ast.Load()), name, ast.Store())
                return _placed(ast.Assign([target], value), node)
            case ast.Call(
                func=ast.Name(id="delattr"),
                args=[ast.Name(id=own), ast.Constant(value=str(name))],
                keywords=[],
            ) if own == self.own and _is_plain(name):
                self.found = True
                target = ast.Attribute(ast.Name(own, ast.Load()), name, ast.Del())
                return _placed(ast.Delete([target]), node)
        return node


def _placed(made: ast.stmt, like: ast.stmt) -> ast.stmt:
    """A new statement in the place of another, in the same file."""
    file = getattr(like, "file", None)
    for node in ast.walk(made):
        if not hasattr(node, "lineno"):
            ast.copy_location(node, like)
        if file is not None:
            node.file = file  # type: ignore[attr-defined]
    return made


class _Concrete(cst.CSTTransformer):
    def __init__(self, own: str) -> None:
        super().__init__()
        self.own = own
        self.depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.depth += 1

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self.depth -= 1
        return updated_node

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False

    def leave_Expr(self, original_node: cst.Expr, updated_node: cst.Expr) -> cst.BaseSmallStatement:
        call = updated_node.value
        if self.depth > 1 or not isinstance(call, cst.Call) or not isinstance(call.func, cst.Name):
            return updated_node
        if any(argument.star or argument.keyword for argument in call.args):
            return updated_node
        match call.func.value, [argument.value for argument in call.args]:
            case "setattr", [cst.Name(value=own), cst.SimpleString() as name, value]:
                if own == self.own and _is_plain(str(name.evaluated_value)):
                    target = cst.AssignTarget(self._attribute(name))
                    return cst.Assign([target], value, semicolon=updated_node.semicolon)
            case "delattr", [cst.Name(value=own), cst.SimpleString() as name]:
                if own == self.own and _is_plain(str(name.evaluated_value)):
                    return cst.Del(self._attribute(name), semicolon=updated_node.semicolon)
        return updated_node

    def _attribute(self, name: cst.SimpleString) -> cst.Attribute:
        return cst.Attribute(cst.Name(self.own), cst.Name(str(name.evaluated_value)))
