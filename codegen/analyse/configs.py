"""Parts of configs in the code of steps: their values are known where a flow is translated."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from codegen.model import Config, Flow, Method
from codegen.parse.configs.value import METHODS, expression, is_immutable

#: What ``config_part`` gives for an expression that is no known part of a config.
NO_PART = object()


def config_part(
    node: ast.expr, configs: Mapping[str, Config], self_name: str | None
) -> tuple[str, Any]:
    """The config that ``self.cfg.a.b`` or ``self.cfg["a"]`` looks into, and the value that it
    finds, or else ``NO_PART``. Without the ``self_name``, any object may be the flow."""
    if isinstance(node, ast.Attribute) and node.attr in configs:
        of_flow = isinstance(node.value, ast.Name) and node.value.id == self_name
        if of_flow or self_name is None:
            return node.attr, configs[node.attr].value
    key: str
    match node:
        case ast.Attribute() if node.attr not in METHODS:
            key = node.attr
        case ast.Subscript(slice=ast.Constant(value=str(text))):
            key = text
        case _:
            return "", NO_PART
    name, owner = config_part(node.value, configs, self_name)
    if not isinstance(owner, dict) or key not in owner:
        return name, NO_PART
    if configs[name].plain and isinstance(node, ast.Attribute):
        return name, NO_PART
    return name, owner[key]


def config_texts(flow: Flow, self_name: str) -> dict[str, ast.expr]:
    """The parts of configs that attributes reach, by how a step writes them: ``self.cfg.a.b``."""
    found: dict[str, ast.expr] = {}
    for name, config in flow.configs.items():
        ahead = [(f"{self_name}.{name}", config.value)]
        while ahead:
            text, value = ahead.pop()
            found[text] = expression(value)
            if isinstance(value, dict) and not config.plain:
                names = [key for key in value if isinstance(key, str) and key.isidentifier()]
                ahead += [(f"{text}.{key}", value[key]) for key in names if key not in METHODS]
    return found


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
            name, value = config_part(node, flow.configs, None)
            if value is not NO_PART:
                inner.add(id(node.value))
                held.append((id(node), name, value))
    return frozenset(
        name
        for place, name, value in held
        if place not in inner and not is_immutable(value, flow.configs[name].plain)
    ) | (mutable_configs(flow) & {name for name in named if isinstance(name, str)})
