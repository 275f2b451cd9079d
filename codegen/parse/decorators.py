"""Decorators of steps and flows: which of Metaflow's they are, and what they are given."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence

from codegen.diagnostics import Diagnostics, Position
from codegen.model import Argument, Decorator, Wrapper
from codegen.parse.names import place, resolve

#: Those that Metaflow takes several times (``allow_multiple`` of their classes).
REPEATABLE = frozenset(
    {"airflow_external_task_sensor", "airflow_s3_key_sensor", "card", "exit_hook"}
)


class DecoratorReader:
    """Reads decorators where ``names`` are those of Metaflow; ``drop`` are names of decorators
    that the user wants to be left out."""

    def __init__(
        self, names: Mapping[str, str], drop: Collection[str], diagnostics: Diagnostics
    ) -> None:
        self.names = names
        self.drop = drop
        self.diagnostics = diagnostics

    def is_step(self, decorator: ast.expr) -> bool:
        """Whether it is ``@step``."""
        return resolve(_target(decorator), self.names) == "metaflow.step"

    def left(self, nodes: Sequence[ast.expr], step: str | None) -> list[ast.expr]:
        """The decorators that are not to be dropped; reports the others."""
        found: list[ast.expr] = []
        for node in nodes:
            text = ast.unparse(_target(node))
            if self.is_step(node) or not {text, text.rpartition(".")[2]} & set(self.drop):
                found.append(node)
                continue
            self.diagnostics.add(
                "MF509",
                Position(*place(node)),
                f"@{text} is dropped on request: the module does without what it does",
                "Drop it only where the workflow gives the right results without it.",
                step,
            )
        return found

    def read(self, nodes: Sequence[ast.expr], step: str | None) -> tuple[Decorator, ...]:
        """The decorators of a step, or of a class, that are Metaflow's; reports the others."""
        found: list[Decorator] = []
        for node in nodes:
            where = Position(*place(node))
            dotted = resolve(_target(node), self.names)
            if dotted is None and step is not None:
                continue  # see wrappers()
            if dotted is None:
                self.diagnostics.add(
                    "MF502",
                    where,
                    f"@{ast.unparse(_target(node))} is not one of Metaflow's decorators",
                    "Remove it, or do in the body what it does.",
                    step,
                )
                continue
            name = dotted.removeprefix("metaflow.")
            arguments = self._arguments(node, name, step) if isinstance(node, ast.Call) else {}
            if name not in REPEATABLE and name in {decorator.name for decorator in found}:
                self.diagnostics.add(
                    "MF120",
                    where,
                    f"@{name} is given twice",
                    "Keep one of them.",
                    step,
                )
                continue
            found.append(Decorator(name, where, arguments))
        return tuple(found)

    def wrappers(self, nodes: Sequence[ast.expr]) -> tuple[Wrapper, ...]:
        """The decorators of a step that are none of Metaflow's, outermost first."""
        return tuple(
            Wrapper(ast.unparse(_target(node)), Position(*place(node)), node)
            for node in nodes
            if resolve(_target(node), self.names) is None
        )

    def _arguments(self, call: ast.Call, name: str, step: str | None) -> dict[str, Argument]:
        arguments: dict[str, Argument] = {}
        for value in call.args:
            self.diagnostics.add(
                "MF120",
                Position(*place(value)),
                f"@{name} takes its arguments by name only",
                f"Write @{name}(attribute=value).",
                step,
            )
        for number, keyword in enumerate(call.keywords):
            key = keyword.arg or f"**{number}"  # see configs/apply.py
            arguments[key] = Argument(keyword.value, Position(*place(keyword.value)))
        return arguments


def _target(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator
