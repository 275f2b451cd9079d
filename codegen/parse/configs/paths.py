"""Paths that a Config builds from the place of its module, as ``os.path`` and ``pathlib`` do."""

from __future__ import annotations

import ast
import posixpath
from typing import Any

from codegen.analyse.environ import WithEnvironment
from codegen.analyse.evaluate import CannotEvaluate
from codegen.parse.mutators.scope import Scope

_SAME = frozenset({"os.fspath", "os.path.abspath", "os.path.normpath", "os.path.realpath"})
_CLASSES = frozenset({"pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath"})


class _Path:
    """A path object; ``text`` is as seen from the flow's folder."""

    def __init__(self, text: str) -> None:
        self.text = text


class Paths(WithEnvironment):
    """Evaluates expressions with paths and variables of the environment in them. ``__file__`` is
    the file of the module, as seen from the folder of the flow."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope.constants, scope.module.builtin, scope.module.imports)
        self.file = scope.source.file or "flow.py"

    def plain(self, node: ast.expr) -> Any:
        """The value of an expression, a path as text."""
        value = self.value(node)
        return value.text if isinstance(value, _Path) else value

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Name(id="__file__"):
                return self.file
            case ast.Attribute(value=inner, attr="parent"):
                return _Path(_above(self._path(inner).text))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                owner = self.value(left)
                if isinstance(owner, _Path):
                    return _Path(posixpath.join(owner.text, _text(self.value(right))))
            case ast.Call(func=function, args=args, keywords=[]):
                found = self._called(function, args)
                if found is not None:
                    return found
        return super()._value(node)

    def _path(self, node: ast.expr) -> _Path:
        value = self.value(node)
        if not isinstance(value, _Path):
            raise CannotEvaluate(node)
        return value

    def _called(self, function: ast.expr, args: list[ast.expr]) -> str | _Path | None:
        """What a function or method of paths gives, None if it is none."""
        dotted = self._dotted(function)
        if dotted in _SAME and len(args) == 1:
            return _text(self.value(args[0]))
        if dotted == "os.path.dirname" and len(args) == 1:
            return _above(_text(self.value(args[0])))
        if dotted in _CLASSES | {"os.path.join"} and args:
            joined = posixpath.join(*(_text(self.value(part)) for part in args))
            return _Path(joined) if dotted in _CLASSES else joined
        if isinstance(function, ast.Name) and function.id == "str" and len(args) == 1:
            value = self.value(args[0])
            return value.text if isinstance(value, _Path) else None
        if isinstance(function, ast.Attribute) and not dotted:
            if function.attr in ("absolute", "as_posix", "resolve") and not args:
                owner = self._path(function.value)
                return owner.text if function.attr == "as_posix" else owner
            if function.attr == "joinpath":
                parts = [_text(self.value(part)) for part in args]
                return _Path(posixpath.join(self._path(function.value).text, *parts))
        return None


def _text(value: Any) -> str:
    if isinstance(value, _Path):
        return value.text
    if not isinstance(value, str):
        raise TypeError("no path")
    return value


def _above(path: str) -> str:
    """The folder of a path; the flow's own is empty."""
    last = posixpath.basename(path)
    if last in ("", ".", ".."):
        return posixpath.join(path, "..")
    return posixpath.dirname(path)
