"""Which inherited artifacts a step may change in place.

Metaflow stores whatever a task has touched, so a change in place lasts like an assignment. The
analysis follows each artifact through the names of the body: a value either *is* (part of) the
artifact, or is a *fresh* container that merely holds parts of it. It ignores the order of
statements, and takes every call that it does not know for one that changes its arguments.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Mapping, Sequence

from codegen.analyse.body import attribute_of
from codegen.analyse.scope import ModuleScope, local_bindings
from codegen.model import Flow, Step
from codegen.parse.names import mangled


class Link(enum.IntEnum):
    """How a value hangs together with an artifact."""

    FRESH = 1
    ALIAS = 2


#: A value: the artifacts (or arguments) that it is linked with.
Value = dict[str, Link]

_PURE_FUNCTIONS = frozenset(
    {
        "abs", "all", "any", "ascii", "bin", "bool", "bytes", "callable", "chr", "complex", "dict",
        "divmod", "enumerate", "filter", "float", "format", "frozenset", "getattr", "hasattr",
        "hash", "hex", "id", "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max",
        "min", "oct", "open", "ord", "pow", "print", "range", "repr", "reversed", "round", "set",
        "slice", "sorted", "str", "sum", "tuple", "type", "zip",
    }
)  # fmt: skip

#: Pure functions whose result holds nothing of their arguments.
_PLAIN_RESULT = frozenset(
    {
        "abs", "all", "any", "ascii", "bin", "bool", "bytes", "callable", "chr", "complex",
        "divmod", "float", "format", "hash", "hex", "id", "int", "isinstance", "issubclass", "len",
        "oct", "open", "ord", "pow", "print", "range", "repr", "round", "slice", "str", "type",
    }
)  # fmt: skip

#: Pure functions that return an element of their argument, or a part of it.
_PICKS = frozenset({"getattr", "max", "min", "next"})

_PURE_MODULES = frozenset({"json", "math", "cmath", "statistics", "pprint", "textwrap", "html"})
_PURE_LIBRARY = frozenset({"copy.copy", "copy.deepcopy", "pickle.dumps", "hashlib.sha256"})
_ARRAY_MODULES = frozenset({"numpy", "pandas"})
_ARRAY_CHANGES = frozenset(
    {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask", "shuffle", "at"}
)

#: Functions of numpy and pandas whose result may share its memory with their arguments.
_ARRAY_VIEWS = frozenset(
    {
        "array_split", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray",
        "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "diagonal",
        "dsplit", "expand_dims", "flip", "fliplr", "flipud", "frombuffer", "hsplit", "imag",
        "matrix", "moveaxis", "ravel", "real", "require", "reshape", "rollaxis", "rot90", "split",
        "squeeze", "swapaxes", "transpose", "vsplit", "DataFrame", "Series", "Index",
    }
)  # fmt: skip

#: Attributes of arrays that are plain numbers or tuples of them.
_PLAIN_ATTRIBUTES = frozenset({"dtype", "itemsize", "nbytes", "ndim", "shape", "size"})

#: Methods that change nothing, on the built-in types and on arrays and frames.
_PURE_METHODS = frozenset(
    {
        "capitalize", "casefold", "copy", "count", "decode", "difference", "encode", "endswith",
        "find", "format", "get", "index", "intersection", "isalnum", "isalpha", "isdigit",
        "isdisjoint", "islower", "isnumeric", "isspace", "issubset", "issuperset", "isupper",
        "items", "join", "keys", "ljust", "lower", "lstrip", "partition", "replace", "rfind",
        "rjust", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase",
        "symmetric_difference", "title", "union", "upper", "values", "zfill", "most_common",
        "isoformat", "strftime", "total_seconds", "date", "as_integer_ratio", "is_integer",
        "all", "any", "argmax", "argmin", "astype", "describe", "dot", "drop", "drop_duplicates",
        "dropna", "fillna", "groupby", "head", "isin", "isna", "max", "mean", "median", "merge",
        "min", "notna", "nunique", "prod", "quantile", "rename", "reset_index", "round",
        "set_index",
        "sort_values", "std", "sum", "tail", "to_csv", "to_dict", "to_json", "to_list", "to_numpy",
        "tolist", "unique", "value_counts", "var", "agg", "isnull", "notnull", "nlargest",
        "nsmallest", "corr", "transpose", "reshape", "flatten", "ravel", "to_string",
    }
)  # fmt: skip

#: Pure methods whose result holds nothing of the object.
_PLAIN_METHODS = frozenset(
    {
        "all", "any", "argmax", "argmin", "capitalize", "casefold", "count", "decode", "encode",
        "endswith", "find", "format", "index", "isalnum", "isalpha", "isdigit", "isdisjoint",
        "islower", "isnumeric", "isspace", "issubset", "issuperset", "isupper", "join", "ljust",
        "lower", "lstrip", "rfind", "rjust", "rstrip", "startswith", "strip", "swapcase", "title",
        "upper", "zfill", "isoformat", "strftime", "total_seconds", "mean", "median", "std",
        "var", "nunique", "to_csv", "to_json", "tolist", "to_list", "split", "rsplit",
        "splitlines", "to_string",
    }
)  # fmt: skip

#: Methods that change a container but leave its elements, and the arguments, as they are.
_CONTAINER_METHODS = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop",
        "popitem", "popleft", "remove", "reverse", "setdefault", "sort", "update",
    }
)  # fmt: skip
_LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})

_MAKES_ITERATORS = frozenset(
    {
        "accumulate", "batched", "chain", "combinations", "compress", "count", "cycle",
        "dropwhile", "enumerate", "filter", "groupby", "islice", "iter", "map", "pairwise",
        "permutations", "product", "reader", "DictReader", "repeat", "reversed", "starmap",
        "takewhile", "tee", "zip", "zip_longest",
    }
)  # fmt: skip


class Mutations:
    """Answers for each step of one flow; remembers what it learnt of the module's functions."""

    def __init__(self, flow: Flow, steps: Sequence[Step], scope: ModuleScope) -> None:
        self.flow = flow
        self.scope = scope
        self.methods = frozenset(
            member.name
            for node in scope.classes.values()
            for member in ast.walk(node)
            if isinstance(member, ast.FunctionDef)
        )
        self.attributes = frozenset(
            node.attr
            for root in [*scope.classes.values(), *(step.node for step in steps)]
            for node in ast.walk(root)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        )
        self.iterators: set[str] = set()
        self.inserting: set[str] = set()
        self.summaries: dict[str, tuple[frozenset[str], Value] | None] = {}
        for step in steps:
            self._origins(step)

    def changed(self, step: Step, immutable: Mapping[str, str]) -> frozenset[str]:
        """The artifacts that ``step`` may change in place; those ``immutable`` cannot be."""
        follow = _Follow(self, step.node.body, step.self_name)
        follow.exempt = frozenset(immutable) | frozenset(self.flow.parameters)
        follow.run()
        return frozenset(follow.changed)

    def _origins(self, step: Step) -> None:
        """Note the artifacts that may be iterators, which any reading consumes, and those that
        may insert what is looked up in them (``defaultdict``)."""
        local = local_bindings(step.node)
        for node in ast.walk(step.node):
            if isinstance(node, ast.Assign):
                targets, value = node.targets, node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                targets, value = [node.target], node.value
            else:
                continue
            for target in targets:
                attribute = attribute_of(target, step.self_name)
                if attribute is not None:
                    name = mangled(attribute, self.flow.name)
                    makers = set(self._makers(value, local, set()))
                    if makers & _MAKES_ITERATORS:
                        self.iterators.add(name)
                    if "defaultdict" in makers:
                        self.inserting.add(name)

    def _makers(
        self, value: ast.expr, local: Mapping[str, list[ast.expr | None]], seen: set[str]
    ) -> list[str]:
        """The last names of the calls whose results ``value`` may be."""
        if isinstance(value, ast.Call):
            function = value.func
            name = function.attr if isinstance(function, ast.Attribute) else None
            if isinstance(function, ast.Name):
                name = function.id
                definition = self.scope.functions.get(name)
                if definition is not None and name not in seen:
                    seen.add(name)
                    inner = local_bindings(definition)
                    returned = [
                        maker
                        for node in ast.walk(definition)
                        if isinstance(node, ast.Return) and node.value is not None
                        for maker in self._makers(node.value, inner, seen)
                    ]
                    return returned
            return [name] if name else []
        if isinstance(value, ast.Name) and value.id not in seen:
            seen.add(value.id)
            bound = local.get(value.id) or [self.scope.constants.get(value.id)]
            return [m for origin in bound if origin for m in self._makers(origin, local, seen)]
        if isinstance(value, ast.IfExp):
            both = [value.body, value.orelse]
            return [maker for part in both for maker in self._makers(part, local, seen)]
        if isinstance(value, ast.BoolOp):
            return [maker for part in value.values for maker in self._makers(part, local, seen)]
        return []

    def summary(self, name: str) -> tuple[frozenset[str], Value] | None:
        """For a function or class of the module: the arguments that a call may change, and how
        its result hangs together with them. None if nothing is known."""
        if name not in self.summaries:
            self.summaries[name] = None  # a recursive call: nothing is known yet
            self.summaries[name] = self._summarise(name)
        return self.summaries[name]

    def _summarise(self, name: str) -> tuple[frozenset[str], Value] | None:
        function = self.scope.functions.get(name)
        if function is None and name in self.scope.classes:
            return self._constructor(self.scope.classes[name])
        if function is None or function.decorator_list:
            return None
        follow = _Follow(self, function.body, None)
        follow.arguments(function.args)
        follow.run()
        if follow.leaks:
            return None
        return frozenset(follow.changed), follow.returned

    def _constructor(self, node: ast.ClassDef) -> tuple[frozenset[str], Value] | None:
        if any(base for base in node.bases if ast.unparse(base) not in ("object", "NamedTuple")):
            return None
        own = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
        if "__post_init__" in own or "__new__" in own or "__init__" in own:
            return None
        names = [
            member.target.id
            for member in node.body
            if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
        ]
        return frozenset(), dict.fromkeys(names, Link.FRESH)


class _Follow:
    """Follows values through one body until nothing new is found."""

    def __init__(
        self, mutations: Mutations, body: Sequence[ast.stmt], self_name: str | None
    ) -> None:
        self.mutations = mutations
        self.body = body
        self.self_name = self_name
        self.exempt: frozenset[str] = frozenset()
        self.names: dict[str, Value] = {}
        self.changed: set[str] = set()
        self.returned: Value = {}
        self.nested: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.order: list[str] = []
        self.leaks = False
        self.globals: set[str] = set()

    def arguments(self, arguments: ast.arguments) -> None:
        """Follow the arguments of a function instead of artifacts."""
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            self.names[argument.arg] = {argument.arg: Link.ALIAS}
        self.order = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                self.names[extra.arg] = {extra.arg: Link.FRESH}

    def run(self) -> None:
        """Repeat until the links no longer grow; they can only grow, so this ends."""
        before: object = None
        while before != (snapshot := self._snapshot()):
            before = snapshot
            for node in self.body:
                self._statement(node)

    def _snapshot(self) -> object:
        links = {name: tuple(sorted(value.items())) for name, value in self.names.items()}
        return links, frozenset(self.changed), tuple(sorted(self.returned.items()))

    # ------------------------------------------------------------------ links

    def _link(self, name: str, value: Value) -> None:
        known = self.names.setdefault(name, {})
        for source, link in value.items():
            known[source] = max(link, known.get(source, link))

    def _change(self, value: Value, inside: bool = False) -> None:
        """The value is changed; ``inside`` if its parts may be as well."""
        for source, link in value.items():
            if link is Link.ALIAS or inside:
                self.changed.add(source)

    def _consumes(self, value: Value) -> None:
        """The value is iterated, which changes it if it is an iterator."""
        self.changed |= {
            source
            for source, link in value.items()
            if link is Link.ALIAS and source in self.mutations.iterators
        }

    def _bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self._link(target.id, value)
            if target.id in self.globals:
                self._change(value, inside=True)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part in target.elts:
                self._bind(part, _parts(value))
        elif isinstance(target, ast.Starred):
            self._bind(target.value, _held(value))
        elif self._artifact(target) is not None:
            self._link(f"self.{self._artifact(target)}", value)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            self._change(self._value(target.value))
            if isinstance(target, ast.Subscript):
                self._value(target.slice)
            self._store_in(target, value)

    def _store_in(self, container: ast.expr, value: Value) -> None:
        """``value`` becomes part of the artifact or local at the bottom of ``a.b[c]``."""
        while isinstance(container, (ast.Attribute, ast.Subscript)):
            if self._artifact(container) is not None:
                self._link(f"self.{self._artifact(container)}", _held(value))
                return
            container = container.value
        if isinstance(container, ast.Name):
            self._link(container.id, _held(value))

    def _artifact(self, node: ast.AST) -> str | None:
        if self.self_name is None:
            return None
        attribute = attribute_of(node, self.self_name)
        return None if attribute is None else mangled(attribute, self.mutations.flow.name)

    # ------------------------------------------------------------------ statements

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign():
                value = self._value(node.value)
                for target in node.targets:
                    parts = isinstance(target, (ast.Tuple, ast.List))
                    if parts and isinstance(node.value, (ast.Tuple, ast.List)):
                        self._unpack(target, node.value)
                    else:
                        if parts:
                            self._consumes(value)
                        self._bind(target, value)
            case ast.AnnAssign():
                if node.value is not None:
                    self._bind(node.target, self._value(node.value))
            case ast.AugAssign():
                added = self._value(node.value)
                self._change(self._value(node.target))
                if isinstance(node.target, (ast.Subscript, ast.Attribute)):
                    self._bind(node.target, _held(added))
                elif isinstance(node.target, ast.Name):
                    self._link(node.target.id, _held(added))
            case ast.Delete():
                for target in node.targets:
                    if isinstance(target, (ast.Subscript, ast.Attribute)):
                        if self._artifact(target) is None:
                            self._change(self._value(target.value))
            case ast.For() | ast.AsyncFor():
                value = self._value(node.iter)
                self._consumes(value)
                self._bind(node.target, _parts(value))
                self._blocks(node.body, node.orelse)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    value = self._value(item.context_expr)
                    self._change(value)
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, value)
                self._blocks(node.body)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.nested[node.name] = node
                for part in [*node.decorator_list, *node.args.defaults]:
                    self._change(self._value(part), inside=True)
                returned, self.returned = self.returned, dict(self.names.get(f"{node.name}()", {}))
                self._blocks(node.body)
                self._link(f"{node.name}()", self.returned)
                self.returned = returned
            case ast.ClassDef():
                for part in [*node.decorator_list, *node.bases]:
                    self._change(self._value(part), inside=True)
                self._blocks(node.body)
            case ast.Return():
                if node.value is not None:
                    for source, link in self._value(node.value).items():
                        self.returned[source] = max(link, self.returned.get(source, link))
            case ast.Global() | ast.Nonlocal():
                self.globals |= set(node.names)
            case ast.Match():
                value = self._value(node.subject)
                for case in node.cases:
                    for pattern in ast.walk(case.pattern):
                        name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                        if isinstance(name, str):
                            self._link(name, value)
                    if case.guard is not None:
                        self._value(case.guard)
                    self._blocks(case.body)
            case ast.Raise():
                for raised in (node.exc, node.cause):
                    if raised is not None:
                        self._value(raised)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.stmt):
                        self._statement(child)
                    elif isinstance(child, ast.expr):
                        self._value(child)
                    elif isinstance(child, ast.ExceptHandler):
                        self._blocks(child.body)

    def _blocks(self, *blocks: Sequence[ast.stmt]) -> None:
        for block in blocks:
            for node in block:
                self._statement(node)

    def _unpack(self, target: ast.expr, value: ast.expr) -> None:
        """``a, b = x, y``: each target gets its own value where that can be told."""
        assert isinstance(target, (ast.Tuple, ast.List))
        assert isinstance(value, (ast.Tuple, ast.List))
        starred = any(isinstance(part, ast.Starred) for part in [*target.elts, *value.elts])
        if starred or len(target.elts) != len(value.elts):
            self._bind(target, _held(self._value(value)))
            return
        for part, part_value in zip(target.elts, value.elts, strict=True):
            self._bind(part, self._value(part_value))

    # ------------------------------------------------------------------ expressions

    def _value(self, node: ast.expr) -> Value:
        """How the value of an expression hangs together with the artifacts."""
        name = self._artifact(node)
        if name is not None:
            if name in self.exempt or name == "name":
                return {}
            return _joined([{name: Link.ALIAS}, self.names.get(f"self.{name}", {})])
        match node:
            case ast.Name():
                if node.id in self.nested:
                    return _held(self.names.get(f"{node.id}()", {}))
                return dict(self.names.get(node.id, {}))
            case ast.Attribute():
                value = self._value(node.value)
                plain = node.attr in _PLAIN_ATTRIBUTES - self.mutations.attributes
                return {} if plain else _parts(value)
            case ast.Subscript():
                value = self._value(node.value)
                self._value(node.slice)
                self.changed |= {
                    source
                    for source, link in value.items()
                    if link is Link.ALIAS and source in self.mutations.inserting
                }
                return _parts(value)
            case ast.Call():
                return self._call(node)
            case ast.BinOp():
                value = _held(_joined([self._value(node.left), self._value(node.right)]))
                holds = isinstance(node.op, (ast.Add, ast.Mult, ast.BitOr, ast.BitAnd))
                return value if holds else {}
            case ast.BoolOp():
                return _joined([self._value(part) for part in node.values])
            case ast.IfExp():
                self._value(node.test)
                return _joined([self._value(node.body), self._value(node.orelse)])
            case ast.NamedExpr():
                value = self._value(node.value)
                self._bind(node.target, value)
                return value
            case ast.Starred():
                value = self._value(node.value)
                self._consumes(value)
                return _parts(value)
            case ast.List() | ast.Tuple() | ast.Set():
                return _held(_joined([self._value(part) for part in node.elts]))
            case ast.Dict():
                parts = [part for part in [*node.keys, *node.values] if part is not None]
                return _held(_joined([self._value(part) for part in parts]))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                self._generators(node.generators)
                return _held(self._value(node.elt))
            case ast.DictComp():
                self._generators(node.generators)
                return _held(_joined([self._value(node.key), self._value(node.value)]))
            case ast.Lambda():
                return _held(self._value(node.body))
            case ast.Compare():
                for part in [node.left, *node.comparators]:
                    self._consumes(self._value(part))
                return {}
            case ast.Await() | ast.Yield():
                value = self._value(node.value) if node.value is not None else {}
                self._change(value, inside=True)
                self.leaks = True
                return value
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._value(child)
        return {}

    def _generators(self, generators: Sequence[ast.comprehension]) -> None:
        for generator in generators:
            value = self._value(generator.iter)
            self._consumes(value)
            self._bind(generator.target, _parts(value))
            for test in generator.ifs:
                self._value(test)

    def _call(self, node: ast.Call) -> Value:
        positional = [self._value(argument) for argument in node.args]
        named = {keyword.arg: self._value(keyword.value) for keyword in node.keywords}
        given = _joined([*positional, *named.values()])
        dotted = self._imported(node.func)
        if isinstance(node.func, ast.Name):
            return self._function(node, node.func.id, positional, named, given)
        if dotted is not None:
            return self._library(dotted, node, given)
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func, given)
        self._change(_joined([self._value(node.func), given]), inside=True)
        return _aliased(given)

    def _imported(self, function: ast.expr) -> str | None:
        """``module.function`` where an imported module is called by its name."""
        parts: list[str] = []
        while isinstance(function, ast.Attribute):
            parts.append(function.attr)
            function = function.value
        if isinstance(function, ast.Name) and function.id not in self.names:
            module = self.mutations.scope.imports.get(function.id)
            if module is not None and parts:
                return ".".join([module, *reversed(parts)])
        return None

    def _function(
        self,
        node: ast.Call,
        name: str,
        positional: Sequence[Value],
        named: Mapping[str | None, Value],
        given: Value,
    ) -> Value:
        scope = self.mutations.scope
        if name in self.nested:
            return self._nested_call(self.nested[name], positional, named, given)
        if scope.builtin(name, self.names):
            return self._builtin(node, name, positional, given)
        if name in scope.imports and name not in self.names:
            return self._library(scope.imports[name], node, given)
        summary = None if name in self.names else self.mutations.summary(name)
        if summary is None:  # a local may be a bound method, which changes its object
            given = _joined([given, self.names.get(name, {})])
            self._change(given, inside=True)
            return _aliased(given)
        return self._summarised(name, summary, positional, named)

    def _summarised(
        self,
        name: str,
        summary: tuple[frozenset[str], Value],
        positional: Sequence[Value],
        named: Mapping[str | None, Value],
    ) -> Value:
        """A call of a function of the module, whose effect on its arguments is known."""
        changed, returned = summary
        definition = self.mutations.scope.functions.get(name)
        order: list[str] = list(returned)
        extra: list[str | None] = [None, None]
        if definition is not None:
            arguments = definition.args
            order = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
            extra = [a.arg if a else None for a in (arguments.vararg, arguments.kwarg)]
        result: list[Value] = []
        given: list[tuple[str | None, Value]] = [
            (order[index] if index < len(order) else extra[0], value)
            for index, value in enumerate(positional)
        ]
        given += [
            (key if definition is None or key in order or extra[1] is None else extra[1], value)
            for key, value in named.items()
        ]
        for argument, value in given:
            if argument is None or argument in changed:
                self._change(value, inside=True)
            link = Link.ALIAS if argument is None else returned.get(argument)
            if link is not None:
                result.append(value if link is Link.ALIAS else _held(value))
        return _joined(result)

    def _nested_call(
        self,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        positional: Sequence[Value],
        named: Mapping[str | None, Value],
        given: Value,
    ) -> Value:
        arguments = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
        everything = [*arguments, *(a.arg for a in function.args.kwonlyargs)]
        if function.args.vararg or function.args.kwarg or None in named:
            for argument in everything:
                self._link(argument, _aliased(given))
            for extra in (function.args.vararg, function.args.kwarg):
                if extra is not None:
                    self._link(extra.arg, _held(given))
        else:
            for argument, value in zip(arguments, positional, strict=False):
                self._link(argument, value)
            for key, value in named.items():
                self._link(key or "", value)
        return dict(self.names.get(f"{function.name}()", {}))

    def _builtin(
        self, node: ast.Call, name: str, positional: Sequence[Value], given: Value
    ) -> Value:
        if name == "next":
            self._change(given)
            return _parts(given)
        if name not in _PURE_FUNCTIONS and not name.endswith(("Error", "Exception", "Warning")):
            self._change(given, inside=True)
            return _aliased(given)
        if name != "iter":
            self._consumes(given)
        elements = _parts(_joined(list(positional)))
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            self._callback(argument, elements)
        if name in _PLAIN_RESULT:
            return {}
        if name in _PICKS:
            return _parts(given)
        return _held(given)

    def _callback(self, argument: ast.expr, elements: Value) -> None:
        """A function handed to ``map``, ``sorted`` and their like gets the elements."""
        if isinstance(argument, ast.Lambda):
            for parameter in argument.args.args:
                self._link(parameter.arg, elements)
            self._value(argument.body)
        elif isinstance(argument, ast.Name) and argument.id in self.nested:
            for parameter in self.nested[argument.id].args.args:
                self._link(parameter.arg, elements)
        elif isinstance(argument, ast.Name):
            summary = self.mutations.summary(argument.id)
            known = argument.id in self.mutations.scope.functions
            if known and (summary is None or summary[0]):
                self._change(elements, inside=True)
            elif argument.id in self.mutations.scope.imports:
                self._change(elements, inside=True)

    def _library(self, dotted: str, node: ast.Call, given: Value) -> Value:
        module, _, function = dotted.rpartition(".")
        root = dotted.split(".")[0]
        changes = {keyword.arg for keyword in node.keywords} & {"out", "inplace", "copy"}
        if dotted == "copy.deepcopy" or root in _PURE_MODULES or dotted == "pickle.dumps":
            self._consumes(given)
            return {}
        if dotted in _PURE_LIBRARY or dotted in ("collections.Counter", "collections.deque"):
            self._consumes(given)
            return _held(given)
        if dotted == "collections.defaultdict" or module == "datetime":
            return _held(given)
        if root in _ARRAY_MODULES and function not in _ARRAY_CHANGES and not changes:
            self._consumes(given)
            return _aliased(given) if function in _ARRAY_VIEWS else _held(given)
        if root == "logging" and function in _LOG_METHODS:
            return {}
        self._change(given, inside=True)
        return _aliased(given)

    def _method(self, node: ast.Call, function: ast.Attribute, given: Value) -> Value:
        owner = self._value(function.value)
        method = function.attr
        changes = any(keyword.arg in ("inplace", "out", "copy") for keyword in node.keywords)
        if method in self.mutations.methods or changes:
            self._change(_joined([owner, given]), inside=True)
            return _aliased(_joined([owner, given]))
        if method in _PURE_METHODS:
            self._consumes(given)
            if method in _PLAIN_METHODS:
                return {}
            return _held(owner) if method == "copy" else _parts(_joined([owner, given]))
        if method in _CONTAINER_METHODS:
            self._change(owner)
            self._consumes(given)
            self._store_in(function.value, given)
            return _parts(_joined([owner, given]))
        if method in _LOG_METHODS and not owner:
            return {}
        self._change(_joined([owner, given]), inside=True)
        return _aliased(_joined([owner, given]))


def _joined(values: Sequence[Value]) -> Value:
    result: Value = {}
    for value in values:
        for source, link in value.items():
            result[source] = max(link, result.get(source, link))
    return result


def _parts(value: Value) -> Value:
    """What an element or attribute of the value hangs together with."""
    return dict.fromkeys(value, Link.ALIAS)


_aliased = _parts


def _held(value: Value) -> Value:
    """A new container that holds the value or parts of it."""
    return dict.fromkeys(value, Link.FRESH)
