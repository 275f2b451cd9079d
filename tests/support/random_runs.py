"""Runs random flows and their translations, side by side."""

import ast
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pandas  # noqa: F401  # or `canonical` would import it in every child

from codegen import Translation, translate
from codegen.diagnostics import Severity
from tests.support import flyte_side
from tests.support.cheap_metaflow import simulate
from tests.support.equality import compare
from tests.support.processes import in_child
from tests.support.result import RunResult

FLOW = "RandomFlow"
_WORKFLOW = "random_flow"
_PARAMETERS = {"n", "flag", "word", "mode", "given", "given_json"}
_SIMPLE = (" " * 8 + "self", " " * 8 + "print")  # how a statement begins that a step always runs

Arguments = Callable[[int, str], dict[str, Any]]
"""Gives values for Parameters, from the seed and the source of a flow."""


@dataclass(frozen=True)
class Outcome:
    """What became of one flow; `problems` is empty unless the translator is wrong."""

    source: str
    codes: tuple[str, ...]
    problems: list[str]
    failed: bool

    @property
    def refused(self) -> bool:
        return bool(self.codes)


def errors_of(result: Translation) -> list[Any]:
    """What makes the translator refuse a flow."""
    return [found for found in result.diagnostics if found.severity is Severity.ERROR]


def _traced(flow: str, given: dict[str, Any]) -> tuple[RunResult, set[int]]:
    """A run with the numbers of the lines that it reached."""
    lines: set[int] = set()

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != flow:
            return None
        lines.add(frame.f_lineno)
        return trace

    sys.settrace(trace)
    try:
        return simulate(flow, given, FLOW), lines
    finally:
        sys.settrace(None)


def _run_all(
    seeds: list[int], arguments: Arguments
) -> list[tuple[RunResult, set[int], RunResult | None]]:
    """In a child: the flows that lie in its folder, on both sides; lines only of a refused one."""
    found: list[tuple[RunResult, set[int], RunResult | None]] = []
    for seed in seeds:
        flow, module = f"flow_{seed}.py", Path(f"wf_{seed}.py")
        given = arguments(seed, Path(flow).read_text(encoding="utf-8"))
        if module.exists():
            expected = simulate(flow, given, FLOW)
            inputs = _as_inputs(module.read_text(encoding="utf-8"), given)
            found.append((expected, set(), flyte_side._run(module.stem, _WORKFLOW, inputs)))
        else:
            found.append((*_traced(flow, given), None))
    return found


def _as_inputs(module: str, given: dict[str, Any]) -> dict[str, Any]:
    """The workflow's inputs by the names that it has for them; JSON as text."""
    workflow = next(
        node
        for node in ast.parse(module).body
        if isinstance(node, ast.FunctionDef) and node.name == _WORKFLOW
    )
    names = {argument.arg for argument in workflow.args.args}
    inputs: dict[str, Any] = {}
    for name, value in given.items():
        wanted = name if name in names else next(n for n in names if n.startswith(f"{name}_"))
        inputs[wanted] = repr(value) if isinstance(value, list) else value
    return inputs


def outcomes(sources: dict[int, str], folder: Path, arguments: Arguments) -> dict[int, Outcome]:
    """Translate and run flows by their seeds."""
    translated: dict[int, Translation] = {}
    for seed, source in sources.items():
        _write(folder, f"flow_{seed}", source)
        try:
            translated[seed] = translate(source, f"flow_{seed}.py")
        except Exception as error:
            raise AssertionError(f"seed {seed}: the translator broke down") from error
        code = translated[seed].code
        if code is not None:
            _write(folder, f"wf_{seed}", code)
    seeds = list(sources)
    runs, _ = in_child(_run_all, seeds, arguments, folder=folder, timeout=20.0 * len(seeds))
    result: dict[int, Outcome] = {}
    for (seed, source), (expected, lines, found) in zip(sources.items(), runs, strict=True):
        errors = errors_of(translated[seed])
        problems: list[str] = []
        if found is not None:
            problems = compare(expected, found, _PARAMETERS)
        elif expected.error is None:
            # these claim that Metaflow fails where the line is reached
            problems = [
                f"{error.code} at line {error.position.line}, but Metaflow succeeds"
                for error in errors
                if error.code in ("MF201", "MF205", "MF208")
                and error.position.line in lines
                and source.splitlines()[error.position.line - 1].startswith(_SIMPLE)
                or error.code in ("MF002", "MF005")
            ]
        codes = tuple(sorted({error.code for error in errors}))
        result[seed] = Outcome(source, codes, problems, expected.error is not None)
    return result


def _write(folder: Path, name: str, source: str) -> None:
    (folder / f"{name}.py").write_text(source, encoding="utf-8")


def with_planted(seed: int, source: str, folder: Path, arguments: Arguments) -> list[str]:
    """What differs between a flow and the translation of one whose last step does more."""
    _write(folder, f"flow_{seed}", source)
    last = "    def end(self):\n"
    code = translate(source.replace(last, f"{last}        self.planted = 1\n"), "flow.py").code
    assert code is not None
    _write(folder, f"wf_{seed}", code)
    ((expected, _, found),), _ = in_child(_run_all, [seed], arguments, folder=folder)
    assert found is not None
    return compare(expected, found, _PARAMETERS)


def report(found: dict[int, Outcome]) -> str:
    """The problems of all flows, each with its seed."""
    return "\n".join(
        f"seed {seed}: {problem}" for seed, outcome in found.items() for problem in outcome.problems
    )
