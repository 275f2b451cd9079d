"""Follows values through the statements and expressions of one body."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from codegen.analyse.mutation import knowledge as known
from codegen.analyse.mutation.calls import Calls
from codegen.analyse.mutation.links import Function, Link, Value, held, joined, parts
from codegen.parse.names import assigned_pairs


class Follow(Calls):
    """Runs over a body until nothing new is found."""

    def arguments(self, arguments: ast.arguments) -> None:
        """Follow the arguments of a function in place of artifacts."""
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            self.names[argument.arg] = {argument.arg: Link.ALIAS}
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                self.names[extra.arg] = {extra.arg: Link.FRESH}

    def run(self) -> None:
        """Repeat until the links no longer grow; they can only grow, so this ends."""
        before: object = None
        while before != (snapshot := self._snapshot()):
            before = snapshot
            self.entered.clear()
            self._blocks(self.function.body)

    def _snapshot(self) -> object:
        links = {name: tuple(sorted(value.items())) for name, value in self.names.items()}
        seen = frozenset(self.changed), frozenset(self.consumed), frozenset(self.looked_up)
        return links, seen, tuple(sorted(self.returned.items()))

    def _blocks(self, *blocks: Sequence[ast.stmt]) -> None:
        for block in blocks:
            for node in block:
                self._statement(node)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._assign(target, node.value)
            case ast.AnnAssign():
                if node.value is not None:
                    self.bind(node.target, self.value(node.value))
            case ast.AugAssign():
                added = self.value(node.value)
                self.change(self.value(node.target))
                if isinstance(node.target, ast.Name):
                    self.link(node.target.id, held(added))
                else:
                    self.bind(node.target, held(added))
            case ast.Delete():
                for target in node.targets:
                    is_item = isinstance(target, (ast.Subscript, ast.Attribute))
                    if is_item and self.artifact(target) is None:
                        assert isinstance(target, (ast.Subscript, ast.Attribute))
                        self.change(self.value(target.value))
            case ast.For() | ast.AsyncFor():
                value = self.value(node.iter)
                self.consume(value)
                self.bind(node.target, parts(value))
                self._blocks(node.body, node.orelse)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    value = self.value(item.context_expr)
                    self.change(value)
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, value)
                self._blocks(node.body)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.ClassDef():
                held_by_class = [
                    member.value
                    for member in node.body
                    if isinstance(member, (ast.Assign, ast.AnnAssign)) and member.value is not None
                ]
                for part in [*node.decorator_list, *node.bases, *held_by_class]:
                    self.change(self.value(part), inside=True)
                self._blocks(node.body)
            case ast.Return():
                if node.value is not None:
                    for source, link in self.value(node.value).items():
                        self.returned[source] = max(link, self.returned.get(source, link))
            case ast.Match():
                self._match(node)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.stmt):
                        self._statement(child)
                    elif isinstance(child, ast.expr):
                        self.value(child)
                    elif isinstance(child, ast.ExceptHandler):
                        self._blocks(child.body)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        """``a, b = x, y``: each target gets its own value where that can be told."""
        if isinstance(target, (ast.Tuple, ast.List)):
            pairs = assigned_pairs(target, value)
            if all(part_value is not None for _, part_value in pairs):
                for part, part_value in pairs:
                    assert part_value is not None
                    self.bind(part, self.value(part_value))
                return
            self.consume(self.value(value))
        self.bind(target, self.value(value))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.change(self.value(decorator), inside=True)
        self.enter(node.name, node)

    def enter(self, name: str, node: Function) -> None:
        """Follow the body of a function that may be called as ``name``."""
        self.nested[name] = node
        self.defaults(node.args)
        outer, self.returned = self.returned, dict(self.names.get(f"{name}()", {}))
        self._blocks(node.body)
        self.link(f"{name}()", self.returned)
        self.returned = outer

    def _match(self, node: ast.Match) -> None:
        value = self.value(node.subject)
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                if isinstance(name, str):
                    self.link(name, parts(value))
            if case.guard is not None:
                self.value(case.guard)
            self._blocks(case.body)

    def value(self, node: ast.expr) -> Value:
        """How the value of an expression hangs together with the artifacts."""
        name = self.artifact(node)
        if name is not None:
            if name == "input" and self.items is not None:
                name = self.items
            if name == "__dict__":
                return parts(self.whole())
            if name in self.exempt or name in ("name", "index", "input"):
                return {}
            helper = self.mutations.flow.helpers.get(name)
            if helper is not None:
                return self.method(helper)
            return joined([{name: Link.ALIAS}, self.names.get(f"self.{name}", {})])
        match node:
            case ast.Name():
                if node.id == self.self_name:
                    return self.whole() if self.is_flow(node) else {}
                if node.id in self.nested:
                    return held(self.names.get(f"{node.id}()", {}))
                return dict(self.names.get(node.id, {}))
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                value = self.value(node.value)
                self.value(node.slice)
                self.look_up(value)
                return parts(value)
            case ast.Call():
                return self.call(node)
            case ast.BinOp():
                value = held(joined([self.value(node.left), self.value(node.right)]))
                holds = isinstance(node.op, (ast.Add, ast.Mult, ast.BitOr, ast.BitAnd))
                return value if holds else {}
            case ast.BoolOp():
                return joined([self.value(part) for part in node.values])
            case ast.IfExp():
                self.value(node.test)
                return joined([self.value(node.body), self.value(node.orelse)])
            case ast.NamedExpr():
                value = self.value(node.value)
                self.bind(node.target, value)
                return value
            case ast.Starred():
                value = self.value(node.value)
                self.consume(value)
                return parts(value)
            case ast.List() | ast.Tuple() | ast.Set():
                return held(joined([self.value(part) for part in node.elts]))
            case ast.Dict():
                items = [part for part in [*node.keys, *node.values] if part is not None]
                return held(joined([self.value(part) for part in items]))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                self._generators(node.generators)
                return held(self.value(node.elt))
            case ast.DictComp():
                self._generators(node.generators)
                return held(joined([self.value(node.key), self.value(node.value)]))
            case ast.Lambda():
                self.defaults(node.args)
                return held(self.value(node.body))
            case ast.Compare():
                for part in [node.left, *node.comparators]:
                    self.consume(self.value(part))
                return {}
            case ast.Await() | ast.Yield() | ast.YieldFrom():
                value = self.value(node.value) if node.value is not None else {}
                self.change(value, inside=True)
                self.leaks = True
                return value
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return {}

    def _attribute(self, node: ast.Attribute) -> Value:
        value = self.value(node.value)
        if self.argument is not None and self.argument in value:  # an artifact of an input
            return {**value, self.argument: Link.FRESH, f"{self.argument}.{node.attr}": Link.ALIAS}
        if node.attr in self.mutations.properties:
            self.change(value)
        plain = node.attr in known.PLAIN_ATTRIBUTES and node.attr not in self.mutations.attributes
        return {} if plain else parts(value)

    def _generators(self, generators: Sequence[ast.comprehension]) -> None:
        for generator in generators:
            value = self.value(generator.iter)
            self.consume(value)
            self.bind(generator.target, parts(value))
            for test in generator.ifs:
                self.value(test)
