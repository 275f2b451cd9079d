"""Questions about the syntax of a body, which need no knowledge of its paths."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence

from codegen.analyse.body.facts import attribute_of
from codegen.analyse.scope import ModuleScope
from codegen.parse.transitions import is_next

#: Context managers that are known to let exceptions pass, by the last part of their name. After
#: any other, the body of a ``with`` may have stopped half way.
PASSES_EXCEPTIONS = frozenset(
    {
        "open", "fdopen", "Session", "Client", "connect", "cursor", "begin", "urlopen", "Popen",
        "Lock", "RLock", "Pool", "ThreadPoolExecutor", "ProcessPoolExecutor", "ZipFile", "TarFile",
        "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory", "SpooledTemporaryFile",
        "catch_warnings", "redirect_stdout", "redirect_stderr", "chdir", "closing", "nullcontext",
        "localcontext", "errstate", "printoptions", "option_context", "no_grad", "inference_mode",
        "autocast", "device", "start_run", "ExcelWriter", "ExcelFile", "HDFStore", "StringIO",
        "BytesIO", "scandir", "memoryview", "create_engine", "timer", "tqdm", "Condition",
        "Semaphore", "BoundedSemaphore", "metaflow.S3", "metaflow.profile",
    }
)  # fmt: skip


def returns_next(node: ast.Return, self_name: str) -> bool:
    """``return self.next(…)``, which Metaflow takes anywhere but at the end of a step."""
    return node.value is not None and is_next(ast.Expr(node.value), self_name)


def heads(node: ast.stmt) -> list[ast.AST]:
    """The parts of a statement that run whenever the statement is reached."""
    match node:
        case ast.If() | ast.While():
            return [node.test]
        case ast.For() | ast.AsyncFor():
            return [node.iter]
        case ast.With() | ast.AsyncWith():
            return [item.context_expr for item in node.items]
        case ast.Match():
            return [node.subject]
        case ast.Assert():
            return [node.test]
        case ast.Try() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return []
    return [] if type(node).__name__ == "TryStar" else [node]


def surely_evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that evaluating ``node`` evaluates whatever the values are."""
    yield node
    parts: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.BoolOp):
        parts = [node.values[0]]
    elif isinstance(node, ast.IfExp):
        parts = [node.test]
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        parts = [node.generators[0].iter]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        parts = []
    elif isinstance(node, ast.Compare):  # a < b < c may stop after b
        parts = [node.left, node.comparators[0]]
    for part in parts:
        yield from surely_evaluated(part)


def surely_read(node: ast.AST, self_name: str) -> Iterator[str]:
    """The attributes of self that evaluating ``node`` reads whatever the values are."""
    for found in surely_evaluated(node):
        attribute = attribute_of(found, self_name)
        if attribute is not None and isinstance(getattr(found, "ctx", None), ast.Load):
            yield attribute


def visible_nodes(node: ast.AST, self_name: str) -> Iterator[ast.AST]:
    """The nodes below ``node``, itself included, in which ``self_name`` means the same."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            if has_argument(child.args, self_name):
                continue
        yield from visible_nodes(child, self_name)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below ``node`` that run in its own scope: no nested functions or classes."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield child
            yield from own_nodes(child)


def identifiers(node: ast.FunctionDef) -> Iterator[str]:
    """Every plain name in a function's arguments and body, in any role."""
    roots: list[ast.AST] = [node.args, *node.body]
    for child in (inner for root in roots for inner in ast.walk(root)):
        if isinstance(child, ast.Name):
            yield child.id
        elif isinstance(child, ast.arg):
            yield child.arg
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child.name
        elif isinstance(child, ast.alias):
            yield (child.asname or child.name).split(".")[0]
        elif isinstance(child, ast.ExceptHandler) and child.name:
            yield child.name
        elif isinstance(child, (ast.Global, ast.Nonlocal)):
            yield from child.names
        elif isinstance(child, (ast.MatchAs, ast.MatchStar)) and child.name:
            yield child.name
        elif isinstance(child, ast.MatchMapping) and child.rest:
            yield child.rest


def attributes(node: ast.FunctionDef) -> Iterator[str]:
    """Every attribute of the first argument of a function."""
    own = node.args.args[0].arg if node.args.args else ""
    for child in ast.walk(node):
        attribute = attribute_of(child, own)
        if attribute is not None:
            yield attribute


def inner_nodes(function: ast.FunctionDef) -> frozenset[int]:
    """The ids of the nodes that do not run among the function's own local variables."""
    scopes = (
        ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda,
        ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    )  # fmt: skip
    return frozenset(
        id(node)
        for scope in ast.walk(function)
        if isinstance(scope, scopes) and scope is not function
        for node in ast.walk(scope)
    )


def asked_name(
    node: ast.Call, self_name: str, scope: ModuleScope, local: Iterable[str]
) -> str | None:
    """``x`` for ``hasattr(self, "x")`` and ``getattr(self, "x", …)``."""
    if not isinstance(node.func, ast.Name) or node.func.id not in ("getattr", "hasattr"):
        return None
    most = 3 if node.func.id == "getattr" else 2
    if node.keywords or not 2 <= len(node.args) <= most or not scope.builtin(node.func.id, local):
        return None
    owner, name = node.args[:2]
    if not (isinstance(owner, ast.Name) and owner.id == self_name):
        return None
    if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return None
    return name.value if name.value.isidentifier() else None


def guarded_reads(function: ast.FunctionDef, self_name: str) -> frozenset[str]:
    """The attributes of self that are read only where ``hasattr`` has found them."""
    every: set[str] = set()
    unguarded: set[str] = set()

    def asked(test: ast.AST) -> frozenset[str]:
        match test:
            case ast.Call(
                func=ast.Name(id="hasattr"),
                args=[ast.Name(id=owner), ast.Constant(value=str(name))],
            ) if owner == self_name:
                return frozenset({name})
            case ast.BoolOp(op=ast.And()):
                return frozenset().union(*map(asked, test.values))
        return frozenset()

    def visit(node: ast.AST, known: frozenset[str]) -> None:
        attribute = attribute_of(node, self_name)
        if attribute is not None:
            every.add(attribute)
            if attribute not in known:
                unguarded.add(attribute)
            return
        match node:
            case ast.If() | ast.IfExp():
                visit(node.test, known)
                inside = known | asked(node.test)
                for part in node.body if isinstance(node.body, list) else [node.body]:
                    visit(part, inside)
                for part in node.orelse if isinstance(node.orelse, list) else [node.orelse]:
                    visit(part, known)
            case ast.BoolOp(op=ast.And()):
                for part in node.values:
                    visit(part, known)
                    known |= asked(part)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                for child in ast.iter_child_nodes(node):
                    visit(child, frozenset())
            case _:
                for child in ast.iter_child_nodes(node):
                    visit(child, known)

    for statement in function.body:
        visit(statement, frozenset())
    return frozenset(every - unguarded)


def has_argument(arguments: ast.arguments, name: str) -> bool:
    return any(
        argument is not None and argument.arg == name
        for argument in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        )
    )


def makes_function(
    value: ast.expr | None,
    nested: Mapping[str, ast.AST],
    scope: ModuleScope,
    local: Iterable[str],
) -> bool:
    """Whether an expression is surely a function: a lambda, the name of one, or the result of a
    function of the module that only makes functions."""
    if isinstance(value, ast.Lambda):
        return True
    if isinstance(value, ast.Name):
        return value.id in nested or (value.id in scope.functions and value.id not in local)
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name)):
        return False
    maker = scope.functions.get(value.func.id)
    if maker is None or value.func.id in local or maker.decorator_list:
        return False
    inner = {node.name for node in ast.walk(maker) if isinstance(node, ast.FunctionDef)}
    returned = [node.value for node in own_nodes(maker) if isinstance(node, ast.Return)]
    makes = [isinstance(v, ast.Lambda) or getattr(v, "id", None) in inner for v in returned]
    return bool(makes) and all(makes)


def suppresses_missing(context: ast.expr) -> bool:
    """``suppress(AttributeError)``, or of something that may contain it."""
    if not isinstance(context, ast.Call):
        return False
    if ast.unparse(context.func).split(".")[-1] != "suppress":
        return False
    missing = ("AttributeError", "NameError", "UnboundLocalError")
    names = [ast.unparse(kind).split(".")[-1] for kind in context.args]
    return any(name in missing or not hasattr(builtins, name) for name in names)


def irrefutable(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and (
        pattern.pattern is None or irrefutable(pattern.pattern)
    )


def surely_iterates(node: ast.expr) -> bool:
    """A literal that is not empty, its items, or ``range`` of a positive literal."""
    if isinstance(node, ast.Dict):
        return any(key is not None for key in node.keys)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("items", "keys", "values")
    ):
        return isinstance(node.func.value, ast.Dict) and surely_iterates(node.func.value)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return any(not isinstance(element, ast.Starred) for element in node.elts)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(node.value)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "range"
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, int)
        and node.args[0].value > 0
    )


def leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether every ``self.next`` in ``body`` is directly followed by a return."""
    for statement in body:
        for node in ast.walk(statement):
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list) and not followed(block):
                    return False
    return followed(body)


def followed(block: Sequence[ast.stmt]) -> bool:
    return all(
        position + 1 < len(block) and isinstance(block[position + 1], ast.Return)
        for position, node in enumerate(block)
        if isinstance(node, ast.stmt) and is_next(node)
    )
