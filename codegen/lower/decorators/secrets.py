"""``@secrets``: metaflow/plugins/secrets, with the stores in metaflow/plugins/{aws,gcp,azure}."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from codegen.analyse.evaluate import CannotEvaluate, evaluate
from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Diagnostic, Diagnostics, Position
from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import Settings
from codegen.lower.settings.secrets import Secrets, Source, group_name
from codegen.model import Flow
from codegen.parse.names import place

_GCP = re.compile(r"(?:projects/\d+/secrets/)?(?P<name>[\w-]+)(?:/versions/(?P<version>[\w-]+))?")
_AZURE = re.compile(
    r"(?:https://[a-zA-Z0-9-]{3,24}\.vault(?:\.azure\.net|\.azure\.cn|\.usgovcloudapi\.net"
    r"|\.microsoftazure\.de)/secrets/)?"
    r"(?P<name>[a-zA-Z][a-zA-Z0-9-]{0,126})(?:/(?P<version>[a-zA-Z0-9]{32}))?/?"
)
_ARN = re.compile(r"arn:[\w-]+:secretsmanager:[^:]*:[^:]*:secret:(?P<name>[^:]+)")

#: No secret sets these: Metaflow refuses to replace what is there.
_USUAL = frozenset(
    {
        "HOME", "HOSTNAME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PWD", "PYTHONPATH", "SHELL",
        "TERM", "TMPDIR", "TZ", "USER", "USERNAME", "VIRTUAL_ENV",
    }
)  # fmt: skip


class _Refused(ValueError):
    """What Metaflow refuses; the message says why."""


def secrets(arguments: Arguments, settings: Settings) -> None:
    """The sources, and which variables they set where the source of the flow tells."""
    sources = arguments.value("sources", [])
    if not isinstance(sources, (list, tuple)):
        raise arguments.refuse("sources", "sources is no list", "Write sources=['store.secret'].")
    role = arguments.decorator.arguments.get("role")
    if role is not None and not (isinstance(role.node, ast.Constant) and role.node.value is None):
        _unused(arguments, settings, "role", role.position)
    settings.secrets.override = bool(arguments.value("allow_override", False))
    for item, position in zip(sources, _positions(arguments, len(sources)), strict=True):
        try:
            settings.secrets.sources.append(_source(item, position))
        except _Refused as error:
            raise arguments.refuse(
                "sources", str(error), "See metaflow/plugins/secrets for what it takes."
            ) from error
        if isinstance(item, dict):
            for name, value in (("role", item.get("role")), *_region(item)):
                if value is not None:
                    _unused(arguments, settings, name, position)


def _region(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    options = item.get("options", {})
    if item.get("type") == "aws-secrets-manager":
        yield "region", options.get("region")


def _unused(arguments: Arguments, settings: Settings, name: str, position: Position) -> None:
    warning = arguments.diagnostics.add(
        "MF625",
        position,
        f"the {name} of the secret is left out: the task asks Flyte's own store for it",
        "Let only those Flyte projects and domains have the secret that may use it.",
        arguments.step,
    )
    settings.secrets.warnings.append(warning)


def _positions(arguments: Arguments, count: int) -> list[Position]:
    """Where each source stands, or all of them."""
    argument = arguments.decorator.arguments.get("sources")
    if argument is None:
        return []
    if isinstance(argument.node, (ast.List, ast.Tuple)) and len(argument.node.elts) == count:
        return [Position(*place(item)) for item in argument.node.elts]
    return [argument.position] * count


def _source(item: object, position: Position) -> Source:
    """One source, as SecretSpec reads it."""
    store: Any
    name: Any
    options: Any
    if isinstance(item, str):
        store, dot, name = item.partition(".")
        if not dot:
            store, name = "", item
        options = {}
    elif isinstance(item, dict):
        store, name, options = item.get("type", ""), item.get("id"), item.get("options", {})
        for what, value, kind in (
            ("type", store, str),
            ("id", name, str),
            ("options", options, dict),
            ("role", item.get("role", ""), (str, type(None))),
        ):
            if not isinstance(value, kind):
                raise _Refused(f"the {what} of a source is {value!r}")
    else:
        raise _Refused(f"a source is {item!r}, but must be a text or a dictionary")
    found, version, variables = _STORES.get(store, _unknown)(name, options)
    for variable in variables or ():
        _check(variable)
    return Source(
        f"{name!r} ({store or 'the default backend'})",
        group_name(found),
        version if version != "latest" else None,
        variables,
        position,
    )


def _check(variable: object) -> None:
    """As secrets/utils.py checks names."""
    if not isinstance(variable, str) or not re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", variable):
        raise _Refused(f"{variable!r} is no name of a variable")
    if variable.startswith("METAFLOW_"):
        raise _Refused(f"the variable {variable} begins with METAFLOW_")


_Found = tuple[str, str | None, tuple[str, ...] | None]


def _unknown(name: str, options: Mapping[str, Any]) -> _Found:
    """A store of an extension package, or the default one, which Metaflow's configuration names."""
    return name, None, None


def _inline(name: str, options: Mapping[str, Any]) -> _Found:
    """Values in the source of the flow, which do not come into the module."""
    values = options.get("env_vars", {})
    if not isinstance(values, dict) or not all(isinstance(text, str) for text in values.values()):
        raise _Refused("env_vars of an inline secret maps names to texts")
    return name, None, tuple(values)


def _aws(name: str, options: Mapping[str, Any]) -> _Found:
    """A JSON object of variables, or one variable with ``json`` switched off."""
    arn = _ARN.fullmatch(name)
    plain = re.sub(r"-[a-zA-Z0-9]{6}$", "", arn["name"]) if arn else name
    if options.get("json", True):
        return plain, None, None
    if options.get("env_var_name"):
        return plain, None, (_variable(options["env_var_name"]),)
    # Whether the last six characters of an ARN belong to the name, only AWS knows.
    return plain, None, None if arn else (_variable(name),)


def _gcp(name: str, options: Mapping[str, Any]) -> _Found:
    """One variable, or with ``json`` an object of them."""
    match = _GCP.fullmatch(name)
    if match is None:
        raise _Refused(f"{name!r} is no name of a secret")
    if options.get("json"):
        return match["name"], match["version"], None
    if options.get("binary"):
        raise _Refused("a binary secret is bytes, which no variable can hold")
    variable = _variable(options.get("env_var_name") or match["name"])
    return match["name"], match["version"], (variable,)


def _azure(name: str, options: Mapping[str, Any]) -> _Found:
    """One variable."""
    match = _AZURE.fullmatch(name)
    if match is None:
        raise _Refused(f"{name!r} is no name of a secret")
    given = options.get("env_var_name")
    variable = _variable(match["name"] if given is None else given)
    return match["name"], match["version"], (variable,)


def _variable(text: object) -> str:
    """A name as the stores make it (``_sanitize_key_as_env_var`` of each)."""
    return re.sub("[-./]", "_", str(text))


_STORES: Mapping[str, Callable[[str, Mapping[str, Any]], _Found]] = {
    "aws-secrets-manager": _aws,
    "az-key-vault": _azure,
    "gcp-secret-manager": _gcp,
    "inline": _inline,
}


# ---------------------------------------------------------------------- all of a flow


def settle_secrets(
    flow: Flow, settings: Mapping[str, Settings], scope: ModuleScope, diagnostics: Diagnostics
) -> None:
    """What the steps request, now that all their decorators are known."""
    for name, each in settings.items():
        _Settling(flow, name, each, scope, diagnostics).settle()


class _Settling:
    def __init__(
        self,
        flow: Flow,
        step: str,
        settings: Settings,
        scope: ModuleScope,
        diagnostics: Diagnostics,
    ) -> None:
        self.flow = flow
        self.step = step
        self.secrets: Secrets = settings.secrets
        self.variables = settings.variables.values
        self.scope = scope
        self.diagnostics = diagnostics

    def settle(self) -> None:
        """Request each variable once, and say what has to be in the store."""
        unknown = [source for source in self.secrets.sources if source.variables is None]
        owners: dict[str, Source] = {}
        for source in self.secrets.sources:
            found = dict.fromkeys(source.variables or (), True)
            if source.variables is None:
                found = self._read(source, len(unknown) > 1)
            for variable, needed in found.items():
                if variable in owners:
                    self._report(
                        "MF121",
                        source,
                        f"@secrets: the secret {source.shown} sets {variable}, and so does "
                        f"{owners[variable].shown}",
                        "Let each secret set variables of its own.",
                    )
                    continue
                owners[variable] = source
                if variable in self.variables:
                    self._clash(source, variable)
                self.secrets.request(source, variable, needed)
            if found:
                self._note(source, tuple(found))

    def _clash(self, source: Source, variable: str) -> None:
        if self.secrets.override:
            self._report(
                "MF628",
                source,
                f"the secret {source.shown} replaces {variable} of @environment, which Flyte would "
                "set in its place",
                f"Remove {variable} from @environment.",
            )
        else:
            self._report(
                "MF121",
                source,
                f"@secrets: the secret {source.shown} sets {variable}, which @environment has set",
                f"Remove {variable} from @environment.",
            )

    def _read(self, source: Source, several: bool) -> dict[str, bool]:
        """The variables of a secret that only its store knows, which are those that the step
        reads, and whether it needs them."""
        known = {name for other in self.secrets.sources for name in other.variables or ()}
        known |= self.variables.keys() | _USUAL
        names: dict[str, bool] = {}
        for name, needed in self._reads():
            if name not in known and not name.startswith("METAFLOW_"):
                names[name] = needed or names.get(name, False)
        if several or not names:
            why = "it is not the only one" if several else "the step reads none by its name"
            self._report(
                "MF623",
                source,
                f"which variables the secret {source.shown} sets only its store knows, and {why}",
                "Read each variable in the step by its name, as in os.environ['API_KEY'], from "
                "one such secret; or name the variable of a secret with "
                "'options': {'json': False, 'env_var_name': 'API_KEY'}.",
            )
            return {}
        warning = self._report(
            "MF624",
            source,
            f"which variables the secret {source.shown} sets only its store knows: the task asks "
            f"for those that the step reads by name, {', '.join(names)}",
            "Read others by name as well, also those that only a library looks at.",
        )
        self.secrets.warnings.append(warning)
        return names

    def _reads(self) -> Iterator[tuple[str, bool]]:
        """The variables that the step reads by name, itself or in functions that it uses, and
        whether it needs them."""
        methods = {method.name: method.node for method in self.flow.methods}
        reachable: dict[str, ast.AST] = {**self.scope.functions, **self.scope.classes}
        waiting: list[ast.AST] = [*self.flow.steps[self.step].node.body]
        seen: set[int] = set()
        while waiting:
            for node in ast.walk(waiting.pop(0)):
                yield from self._named(node)
                inner: ast.AST | None = None
                if isinstance(node, ast.Name):
                    inner = reachable.get(node.id)
                elif isinstance(node, ast.Attribute) and node.attr not in self.flow.steps:
                    inner = methods.get(node.attr)
                if inner is not None and id(inner) not in seen:
                    seen.add(id(inner))
                    waiting.append(inner)

    def _named(self, node: ast.AST) -> Iterator[tuple[str, bool]]:
        key: ast.expr | None = None
        needed = True
        match node:
            case ast.Subscript(value=owner, slice=part, ctx=ast.Load()) if _is(owner, "environ"):
                key = part
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[part, *more]) if _is(
                owner, "environ"
            ):
                key, needed = part, not more
            case ast.Call(func=function, args=[part, *more]) if _is(function, "getenv"):
                key, needed = part, not (more or node.keywords)
            case ast.Compare(left=part, comparators=[owner]) if _is(owner, "environ"):
                key, needed = part, False
        if key is None:
            return
        try:
            name = evaluate(key, self.scope.constants, self.scope.builtin)
        except CannotEvaluate:
            return  # nothing to go by
        if isinstance(name, str) and re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name):
            yield name, needed

    def _note(self, source: Source, variables: tuple[str, ...]) -> None:
        literals = " ".join(f"--from-literal={name}=…" for name in variables)
        self._report(
            "MF626",
            source,
            f"the secret {source.shown} is expected in Flyte's store: group {source.group} with "
            f"{'the keys' if len(variables) > 1 else 'the key'} {', '.join(variables)}",
            "In Kubernetes: kubectl create secret generic "
            f"{source.group} -n PROJECT-DOMAIN {literals}",
        )

    def _report(self, code: str, source: Source, message: str, advice: str) -> Diagnostic:
        return self.diagnostics.add(code, source.position, message, advice, self.step)


def _is(node: ast.expr, name: str) -> bool:
    """``os.name`` or ``name``."""
    return isinstance(node, (ast.Attribute, ast.Name)) and ast.unparse(node) in (name, f"os.{name}")
