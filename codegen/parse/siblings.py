"""The modules beside the flow: found as Python would find them, read, and never imported."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from codegen.diagnostics import Diagnostics
from codegen.library import known_part
from codegen.parse.names import (
    binds,
    count_characters,
    is_main_guard,
    mark_file,
    metaflow_names,
    of_metaflow,
    resolve,
)
from codegen.source import decode


@dataclass(frozen=True)
class Dotted:
    """The name of a module. ``dots`` count up from the flow's folder as those of a relative
    import do; a name without any is absolute."""

    dots: int
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "." * self.dots + ".".join(self.parts)

    def below(self, name: str) -> Dotted:
        """A module in this package."""
        return Dotted(self.dots, (*self.parts, *name.split(".")) if name else self.parts)

    def above(self, levels: int) -> Dotted | None:
        """The package so many levels up; None if an absolute name has none."""
        missing = levels - len(self.parts)
        if missing <= 0:
            return Dotted(self.dots, self.parts[: len(self.parts) - levels])
        return Dotted(self.dots + missing, ()) if self.dots else None


@dataclass(frozen=True, eq=False)
class Source:
    """A module as text and tree. ``file`` is its place as in a ``Position``; ``package`` is the
    one that its relative imports start from."""

    name: Dotted
    package: Dotted
    file: str
    text: str
    abstract: ast.Module

    @property
    def shown(self) -> str:
        """What messages call it."""
        return self.file or "the flow's file"

    def target(self, node: ast.ImportFrom) -> Dotted | None:
        """The module that ``from … import`` names; None if there are more dots than packages."""
        if node.level == 0:
            return Dotted(0, tuple((node.module or "").split(".")))
        package = self.package.above(node.level - 1)
        if package is None or not (package.dots or package.parts):
            return None
        return package.below(node.module or "")


@dataclass(frozen=True)
class Library:
    """Something of Metaflow's, by its dotted name."""

    dotted: str


@dataclass(frozen=True)
class Module:
    """A module or package; ``source`` is None if it is not there to be read."""

    name: Dotted
    source: Source | None


@dataclass(frozen=True)
class Class:
    """A class statement in a module that has been read."""

    source: Source
    node: ast.ClassDef


@dataclass(frozen=True)
class Other:
    """What a module binds to something else than a class or a module."""

    source: Source
    name: str


@dataclass(frozen=True)
class Missing:
    """Why a name cannot be followed."""

    reason: str


Found = Library | Module | Class | Other | Missing


class Siblings:
    """Reads modules on demand, each once; ``flow`` is the flow's own."""

    def __init__(self, text: str, abstract: ast.Module, folder: Path | None) -> None:
        self.folder = folder
        here = Dotted(1, ())
        self.flow = Source(here, here, "", text, abstract)
        self._read: dict[Path, Source | str] = {}
        self._names: dict[Source, dict[str, str]] = {}
        self._needed: dict[Source, tuple[Source, ...]] = {}
        self._metaflow: dict[Source, bool] = {}
        self._concrete: dict[Source, cst.Module | str] = {}
        self._busy: set[tuple[Source, str]] = set()

    # ------------------------------------------------------------------ modules

    def module(self, name: Dotted) -> Source | None:
        """The source of a module, None if there is none that can be read."""
        path = self._path(name)
        found = self._source(path, name) if path is not None else None
        return found if isinstance(found, Source) else None

    def is_module(self, name: Dotted) -> bool:
        """Whether there is a file or a folder for it."""
        return self._path(name) is not None or any(
            path.is_dir() for path in self._places(name) if name.parts
        )

    def why_missing(self, name: Dotted) -> str:
        """Where a module that ``module`` does not find was looked for."""
        if self.folder is None:
            return f"{name} can only be looked for where the folder of the flow is known"
        path = self._path(name)
        if path is not None:
            return f"{name} cannot be read: {self._source(path, name)}"
        file = "/".join(name.parts) or "."
        where = "the flow's folder or a folder above it" if not name.dots else "that place"
        return f"{name} is not found: there is no {file}.py or {file}/__init__.py in {where}"

    def imports(self, source: Source) -> tuple[Source, ...]:
        """The modules that run when one is imported, in order, but not those that they need."""
        if source not in self._needed:
            found: dict[Source, None] = {}
            for node in _run_at_import(source.abstract.body):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    found.update(dict.fromkeys(self.imported(source, node)))
            if source is not self.flow:
                found.update(dict.fromkeys(self._packages(source.name)))
            found.pop(source, None)
            self._needed[source] = tuple(found)
        return self._needed[source]

    def imported(self, source: Source, node: ast.Import | ast.ImportFrom) -> Iterator[Source]:
        """The modules that an import statement reaches, packages before what is in them."""
        names: list[Dotted | None]
        if isinstance(node, ast.Import):
            names = [Dotted(0, tuple(alias.name.split("."))) for alias in node.names]
        else:
            base = source.target(node)
            names = [base, *(base.below(alias.name) for alias in node.names if base)]
        for name in names:
            if name is not None and "*" not in name.parts:
                yield from self._packages(name)
                found = self.module(name)
                if found is not None:
                    yield found

    def needs_metaflow(self, source: Source) -> bool:
        """Whether a module, or one that is imported with it, imports Metaflow, or what the
        translation replaces of it in a function."""
        if source not in self._metaflow:
            reached: dict[Source, None] = {source: None}
            waiting = [source]
            while waiting:
                for found in self.imports(waiting.pop()):
                    if found not in reached:
                        reached[found] = None
                        waiting.append(found)
            bodies = [found.abstract.body for found in reached]
            self._metaflow[source] = any(
                of_metaflow(node) for body in bodies for node in _run_at_import(body)
            ) or any(
                dotted == "metaflow" or known_part(dotted) is not None
                for body in bodies
                for node in _run_at_import(body, called=True)
                for dotted in metaflow_names([node]).values()
            )
        return self._metaflow[source]

    def concrete(self, source: Source) -> cst.Module | str:
        """The tree of a module for its text, or why there is none."""
        if source not in self._concrete:
            try:
                compile(source.text, source.file, "exec", dont_inherit=True)  # runs nothing
                self._concrete[source] = cst.parse_module(source.text)
            except cst.ParserSyntaxError as error:
                self._concrete[source] = " ".join(error.message.split())
            except SyntaxError as error:
                self._concrete[source] = f"line {error.lineno}: {error.msg}"
        return self._concrete[source]

    def _packages(self, name: Dotted) -> Iterator[Source]:
        for length in range(1, len(name.parts)):
            found = self.module(Dotted(name.dots, name.parts[:length]))
            if found is not None:
                yield found

    def _places(self, name: Dotted) -> Iterator[Path]:
        """Where a module may be, without the ending of the file."""
        if self.folder is None:
            return
        folder = Path(os.path.abspath(self.folder))
        if name.dots:
            above = (folder, *folder.parents)
            if name.dots <= len(above):
                yield above[name.dots - 1].joinpath(*name.parts)
            return
        if name.parts[0] == "metaflow":  # the library, even where the flow lies in its folder
            return
        yield folder.joinpath(*name.parts)
        if name.parts[0] not in sys.stdlib_module_names:
            for parent in _project(folder):
                yield parent.joinpath(*name.parts)

    def _path(self, name: Dotted) -> Path | None:
        for place_ in self._places(name):
            package = place_ / "__init__.py"
            if package.is_file():
                return package
            if name.parts and (file := place_.with_name(f"{place_.name}.py")).is_file():
                return file
        return None

    def _source(self, path: Path, name: Dotted) -> Source | str:
        if path not in self._read:
            self._read[path] = self._load(path, name)
        return self._read[path]

    def _load(self, path: Path, name: Dotted) -> Source | str:
        assert self.folder is not None
        file = Path(os.path.relpath(path, os.path.abspath(self.folder))).as_posix()
        problems = Diagnostics()
        try:
            text = decode(path.read_bytes(), problems)
            if text is None:
                return problems.found[0].message
            abstract = ast.parse(text, file)
        except OSError as error:
            return f"{error.strerror}"
        except MemoryError:  # the parser's stack, not the machine's memory
            raise RecursionError from None
        except SyntaxError as error:
            return f"line {error.lineno}: {error.msg}"
        count_characters(abstract, text)
        mark_file(abstract, file)
        package = name if path.name == "__init__.py" else name.above(1)
        assert package is not None
        return Source(name, package, file, text, abstract)

    # ------------------------------------------------------------------ names

    def names(self, source: Source) -> dict[str, str]:
        """Local names of Metaflow's parts, those included that come by way of another module."""
        if source not in self._names:
            names = self._names[source] = metaflow_names(source.abstract.body)
            for node in source.abstract.body:
                target = source.target(node) if isinstance(node, ast.ImportFrom) else None
                sibling = self.module(target) if target is not None else None
                if sibling is None or sibling is source:
                    continue
                theirs = self.names(sibling)
                assert isinstance(node, ast.ImportFrom)
                for alias in node.names:
                    if alias.name == "*":
                        names.update(theirs)
                    elif alias.name in theirs:
                        names[alias.asname or alias.name] = theirs[alias.name]
        return self._names[source]

    def follow(self, expression: ast.expr, source: Source) -> Found:
        """What an expression like ``Base`` or ``base_flow.Base`` stands for."""
        dotted = resolve(expression, self.names(source))
        if dotted is not None:
            return Library(dotted)
        if isinstance(expression, ast.Name):
            return self.binding(source, expression.id)
        if isinstance(expression, ast.Attribute):
            owner = self.follow(expression.value, source)
            if isinstance(owner, Module):
                return self.member(owner, expression.attr)
            if isinstance(owner, Missing):
                return owner
        return Missing(f"{ast.unparse(expression)} cannot be followed in the source")

    def binding(self, source: Source, name: str) -> Found:
        """What a name stands for at the top level of a module."""
        if name in self.names(source):
            return Library(self.names(source)[name])
        if (source, name) in self._busy:
            return Missing(f"{name} is imported in a circle")
        self._busy.add((source, name))
        try:
            return self._binding(source, name)
        finally:
            self._busy.discard((source, name))

    def _binding(self, source: Source, name: str) -> Found:
        statements = [
            node
            for node in source.abstract.body
            if not is_main_guard(node) and name in set(binds(node))
        ]
        if not statements:
            return self._starred(source, name)
        if len(statements) > 1:
            return Missing(f"{source.shown} sets {name} several times")
        node = statements[0]
        if isinstance(node, ast.ClassDef):
            return Class(source, node)
        if isinstance(node, ast.ImportFrom):
            target = source.target(node)
            if target is None:
                return Missing(f"{source.shown} is in no package that {name} could come from")
            original = next(a.name for a in node.names if (a.asname or a.name) == name)
            return self.member(Module(target, self.module(target)), original)
        if isinstance(node, ast.Import):
            alias = next(a for a in node.names if name in set(binds(a)))
            parts = tuple(alias.name.split(".")) if alias.asname else (name,)
            return Module(Dotted(0, parts), self.module(Dotted(0, parts)))
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
            found = self.follow(node.value, source)
            return found if not isinstance(found, Missing) else Other(source, name)
        return Other(source, name)

    def _starred(self, source: Source, name: str) -> Found:
        for node in source.abstract.body:
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                target = source.target(node)
                sibling = self.module(target) if target is not None else None
                found = self.binding(sibling, name) if sibling is not None else None
                if found is not None and not isinstance(found, Missing):
                    return found
        return Missing(f"{name} is not defined at the top level of {source.shown}")

    def member(self, module: Module, name: str) -> Found:
        """What ``module.name`` stands for."""
        below = module.name.below(name)
        if module.source is not None:
            found = self.binding(module.source, name)
            if not isinstance(found, Missing):
                return found
            return Module(below, self.module(below)) if self.is_module(below) else found
        if self.is_module(below):
            return Module(below, self.module(below))
        return Missing(self.why_missing(module.name))


def _run_at_import(statements: Iterable[ast.stmt], called: bool = False) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported, or when its functions are ``called``:
    nothing that is there for its own command line or for type checkers."""
    for node in statements:
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if is_main_guard(node) or (is_function and not called):
            continue
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from _run_at_import(node.orelse, called)
            continue
        blocks: list[ast.AST] = [node]
        while blocks:
            for child in ast.iter_child_nodes(blocks.pop()):
                if isinstance(child, ast.stmt):
                    yield from _run_at_import([child], called)
                elif not isinstance(child, ast.expr):
                    blocks.append(child)


def _project(folder: Path) -> Iterator[Path]:
    """The folders above one, up to the root of its repository: a flow is often run from there,
    with that folder on the path. Packages that are installed are no part of it."""
    for parent in (folder, *folder.parents):
        if parent.name in ("site-packages", "dist-packages"):
            return
        if parent != folder and parent.parent != parent:
            yield parent
        if (parent / ".git").exists():
            return
