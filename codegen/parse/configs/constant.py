"""A Config as a constant of the class, which it is once its value is known."""

from __future__ import annotations

import ast

import libcst as cst

from codegen.model import Config, Constant
from codegen.parse.configs.value import expression
from codegen.parse.mutators.values import placed

#: What the value of a config that is not plain is made with; the prelude has it.
CONFIG_VALUE = "ConfigValue"


def config_constant(config: Config) -> Constant:
    """The constant with the value of a Config."""
    here = ast.Constant(None)
    here.lineno = here.end_lineno = config.position.line
    here.col_offset = here.end_col_offset = config.position.column - 1
    here.file = config.position.file  # type: ignore[attr-defined]
    value = placed(config_expression(config, CONFIG_VALUE), here)
    line = cst.parse_statement(f"{config.attribute} = {ast.unparse(value)}")
    assert isinstance(line, cst.SimpleStatementLine)
    return Constant(config.attribute, config.position, config.owner, value, line)


def config_expression(config: Config, made_with: str) -> ast.expr:
    """What makes the value, where mappings that can be looked into are ``made_with`` that."""
    value = expression(config.value)
    if config.plain or config.value is None:
        return value
    return ast.Call(ast.Name(made_with, ast.Load()), [value], [])
