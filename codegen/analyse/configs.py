"""Parts of configs in the code of steps: their values are known where a flow is translated."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from codegen.model import Config, Flow, Method
from codegen.parse.configs.value import METHODS, is_immutable

#: What ``config_part`` gives for an expression that is no known part of a config.
NO_PART = object()


def config_part(
    node: ast.expr, configs: Mapping[str, Config], own: Callable[[ast.Attribute], bool]
) -> tuple[str, Any]:
    """The config that ``self.cfg.a.b`` or ``self.cfg["a"]`` looks into, and the value that it
    finds, or else ``NO_PART``; ``own`` tells whether an attribute is one of the flow."""
    if isinstance(node, ast.Attribute) and node.attr in configs and own(node):
        return node.attr, configs[node.attr].value
    key: str
    match node:
        case ast.Attribute() if node.attr not in METHODS:
            key = node.attr
        case ast.Subscript(slice=ast.Constant(value=str(text))):
            key = text
        case _:
            return "", NO_PART
    name, owner = config_part(node.value, configs, own)
    if not isinstance(owner, dict) or key not in owner:
        return name, NO_PART
    if configs[name].plain and isinstance(node, ast.Attribute):
        return name, NO_PART
    return name, owner[key]


def mutable_configs(flow: Flow) -> frozenset[str]:
    """The configs that have something in them which a step can change."""
    return frozenset(
        name
        for name, config in flow.configs.items()
        if not is_immutable(config.value, config.plain)
    )


def changeable_configs(flow: Flow, method: Method) -> frozenset[str]:
    """The configs of which a method itself gets hold of something that can be changed, as an
    attribute or by a name in a string."""
    named = {n.value for n in ast.walk(method.node) if isinstance(n, ast.Constant)}
    inner: set[int] = set()
    held: list[tuple[int, str, Any]] = []
    for node in ast.walk(method.node):
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            name, value = config_part(node, flow.configs, lambda _: True)
            if value is not NO_PART:
                inner.add(id(node.value))
                held.append((id(node), name, value))
    return frozenset(
        name
        for place, name, value in held
        if place not in inner and not is_immutable(value, flow.configs[name].plain)
    ) | (mutable_configs(flow) & {name for name in named if isinstance(name, str)})
