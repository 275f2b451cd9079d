"""The imports of a module, where some of the modules that it imports become part of its code."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

import libcst as cst

from codegen.diagnostics import Diagnostics, Position
from codegen.parse.names import binds, is_main_guard, place
from codegen.parse.siblings import Class, Dotted, Library, Missing, Module, Siblings, Source

#: An import statement in both trees.
Line = tuple[cst.BaseSmallStatement, ast.stmt]


def needing_metaflow(siblings: Siblings) -> tuple[Source, ...]:
    """The modules that the flow's file imports and that need Metaflow, each after those that it
    needs itself."""
    found: dict[Source, None] = {}
    visited: set[Source] = {siblings.flow}

    def visit(source: Source) -> None:
        for needed in siblings.imports(source):
            if needed not in visited and siblings.needs_metaflow(needed):
                visited.add(needed)
                visit(needed)
                found[needed] = None

    visit(siblings.flow)
    return tuple(found)


class Imports:
    """Rewrites the imports of one module; ``inlined`` are the modules whose code stands above its
    own, without the ``classes``.

    ``gone`` are local names of such classes, ``modules`` those of inlined modules, ``taken`` the
    names that are defined above, ``renames`` statements for those that have another name here.
    """

    def __init__(
        self,
        source: Source,
        siblings: Siblings,
        inlined: Collection[Source],
        classes: Collection[ast.ClassDef],
        diagnostics: Diagnostics,
    ) -> None:
        self.source = source
        self.siblings = siblings
        self.inlined = inlined
        self.classes = classes
        self.diagnostics = diagnostics
        self.gone: set[str] = set()
        self.modules: set[str] = set()
        self.taken: set[str] = set()
        self.renames: dict[str, ast.Assign] = {}

    @property
    def inlines(self) -> bool:
        """Whether the module itself becomes part of the flow's."""
        return self.source is not self.siblings.flow

    def rewritten(self, part: cst.Import | cst.ImportFrom, node: ast.stmt) -> Line | None:
        """What stays of an import statement of the module, None if nothing does."""
        if isinstance(node, ast.Import):
            stays = [self._stays(alias) for alias in node.names]
            return narrowed((part, node), stays)
        assert isinstance(node, ast.ImportFrom) and isinstance(part, cst.ImportFrom)
        target = self.source.target(node)
        if target is not None and target.parts[:1] == ("metaflow",) and not target.dots:
            return None
        if target is None:
            return part, node
        stays = [self._stays_of(target, alias, node) for alias in node.names]
        line = narrowed((part, node), stays)
        if line is None or node.level == 0 or not self.inlines:
            return line
        return _absolute(line, target)

    def _stays(self, alias: ast.alias) -> bool:
        """Whether a module of ``import a.b`` is still imported."""
        name = Dotted(0, tuple(alias.name.split(".")))
        if name.parts[0] == "metaflow":
            return False
        if self.siblings.module(name) not in self.inlined:
            return True
        self.modules |= set(binds(alias))
        return False

    def _stays_of(self, target: Dotted, alias: ast.alias, node: ast.ImportFrom) -> bool:
        """Whether a name of ``from target import name`` is still imported."""
        source = self.siblings.module(target)
        local = alias.asname or alias.name
        if source not in self.inlined or source is None:
            if alias.name != "*" and self.siblings.module(target.below(alias.name)) in self.inlined:
                self.modules.add(local)
                return False
            return True
        if alias.name == "*":
            self.taken |= defined(source)
            return False
        found = self.siblings.member(Module(target, source), alias.name)
        if alias.name not in defined(source) and isinstance(found, Module):
            self.modules.add(local)
        elif alias.name not in defined(source) and isinstance(found, Missing):
            self._refuse(node, f"{source.shown} does not define {alias.name}", "Correct its name.")
        elif isinstance(found, Class) and found.node in self.classes:
            self.gone.add(local)
        elif not isinstance(found, Library):
            self.taken.add(local)
            if local != alias.name:
                self.renames[local] = _assignment(local, alias.name, node)
        return False

    def check(self, statements: Sequence[ast.stmt], bodies: Sequence[ast.ClassDef]) -> None:
        """Refuse what still needs an inlined module as such: in ``statements`` that stay, and in
        the bodies of the flow's classes."""
        bound = {name for node in statements for name in binds(node)}
        inner: list[ast.AST] = [*statements]
        for body in bodies:
            inner += [*body.body, *body.decorator_list]
        for node in inner:
            for used in _chains(node, self.modules):
                if self._inlined_prefix(used) or not _root(used) & bound:
                    self._refuse(
                        used,
                        f"{ast.unparse(used)} needs a module whose code becomes part of this one",
                        "Import what is needed from it by name.",
                    )
            for child in ast.walk(node):
                if not isinstance(child, (ast.Import, ast.ImportFrom)) or child in statements:
                    continue
                for found in self.siblings.imported(self.source, child):
                    if self.siblings.needs_metaflow(found):
                        self._refuse(
                            child,
                            f"{found.shown} needs Metaflow, and is imported inside other code",
                            "Import it at the top of the file, or move what is needed out of it.",
                        )
                        break

    def _inlined_prefix(self, used: ast.expr) -> bool:
        while isinstance(used, (ast.Attribute, ast.Name)):
            found = self.siblings.follow(used, self.source)
            if isinstance(found, Module) and found.source in self.inlined:
                return True
            if not isinstance(used, ast.Attribute):
                return False
            used = used.value
        return False

    def _refuse(self, node: ast.AST, message: str, advice: str) -> None:
        self.diagnostics.add("MF505", Position(*place(node)), message, advice)


def defined(source: Source) -> set[str]:
    """The names that a module binds at its top level when it is imported."""
    return {
        name for node in source.abstract.body if not is_main_guard(node) for name in binds(node)
    } - {"*"}


def narrowed(line: Line, stays: Sequence[bool]) -> Line | None:
    """An import statement with those of its names that stay."""
    part, node = line
    if all(stays):
        return line
    if not any(stays):
        return None
    assert isinstance(part, (cst.Import, cst.ImportFrom))
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    assert not isinstance(part.names, cst.ImportStar)
    aliases = [alias for alias, keep in zip(part.names, stays, strict=True) if keep]
    if not (isinstance(part, cst.ImportFrom) and part.lpar):
        aliases[-1] = aliases[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    names = [alias for alias, keep in zip(node.names, stays, strict=True) if keep]
    left: ast.stmt = (
        ast.Import(names=names)
        if isinstance(node, ast.Import)
        else ast.ImportFrom(module=node.module, names=names, level=node.level)
    )
    return part.with_changes(names=aliases), _placed(left, node)


def _absolute(line: Line, target: Dotted) -> Line:
    """A relative import as it reads from the flow's folder."""
    part, node = line
    assert isinstance(part, cst.ImportFrom) and isinstance(node, ast.ImportFrom)
    module = cst.parse_expression(".".join(target.parts)) if target.parts else None
    return (
        part.with_changes(relative=[cst.Dot()] * target.dots, module=module),
        _placed(
            ast.ImportFrom(
                module=".".join(target.parts) or None, names=node.names, level=target.dots
            ),
            node,
        ),
    )


def _assignment(local: str, name: str, node: ast.stmt) -> ast.Assign:
    made = ast.Assign(
        targets=[ast.Name(id=local, ctx=ast.Store())], value=ast.Name(id=name, ctx=ast.Load())
    )
    for inner in (*made.targets, made.value, made):
        _placed(inner, node)
    return made


_A = TypeVar("_A", bound=ast.AST)


def _placed(made: _A, node: ast.AST) -> _A:
    """A new node at the place of another one."""
    ast.copy_location(made, node)
    if file := place(node)[2]:
        made.file = file  # type: ignore[attr-defined]
    return made


def _chains(node: ast.AST, names: Collection[str]) -> Iterator[ast.expr]:
    """The outermost expressions like ``name.a.b`` below a node."""
    if isinstance(node, (ast.Name, ast.Attribute)) and _root(node) & set(names):
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _chains(child, names)


def _root(node: ast.expr) -> set[str]:
    while isinstance(node, ast.Attribute):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
