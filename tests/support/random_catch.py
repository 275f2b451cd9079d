"""Random flows with @catch above some steps, of which some fail at a random place."""

import ast
import random

_ERRORS = [
    "raise ValueError({number})",
    "if {number} % 2:\n    raise KeyError({number})",
    "print(1 // ({number} % 2))",
    "assert len(vars(self)) < 0, 'never'",
    "print(self.nothing_sets_this)",
]


def with_catch(seed: int, source: str) -> str:
    """The flow with the decorator, where Metaflow allows it, and with statements that fail."""
    chooser = random.Random(seed)
    lines = source.splitlines()
    for step in sorted(_steps(source), key=lambda found: -found.lineno):
        if chooser.random() < 0.5:
            _insert(step, lines, chooser)
    text = "\n".join(lines) + "\n"
    return text.replace("import FlowSpec,", "import FlowSpec, catch,", 1)


def _steps(source: str) -> list[ast.FunctionDef]:
    """Those that may have it: no switch, no foreach, no merge_artifacts."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(mark) == "step" for mark in node.decorator_list)
        and not any(
            text in ast.unparse(node)
            for text in ("foreach=", "condition=", "num_parallel=", "merge_artifacts")
        )
    ]


def _insert(step: ast.FunctionDef, lines: list[str], chooser: random.Random) -> None:
    """From the bottom up, so that the numbers of lines above stay."""
    if chooser.random() < 0.6:
        before = chooser.choice(step.body).lineno
        statement = chooser.choice(_ERRORS).format(number=chooser.randint(0, 9))
        lines[before - 1 : before - 1] = [f"        {line}" for line in statement.splitlines()]
    variable = chooser.choice(["var='problem'", f"var='{step.name}_problem'", ""])
    first = min(mark.lineno for mark in step.decorator_list)
    lines.insert(first - 1, f"    @catch({variable})")
