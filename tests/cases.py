"""The golden cases: flows, what they become, and how they are run.

``python -m tests.cases`` writes what each flow becomes; review the difference like code.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen import Options, translate
from codegen.analyse.evaluate import evaluate
from codegen.diagnostics import Diagnostics, as_text
from codegen.model import Flow
from codegen.parse import parse_flows
from codegen.source import decode

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
EXAMPLES = GOLDEN.parent / "examples"


@dataclass(frozen=True)
class Case:
    """A folder with a flow; ``path`` is the flow's file."""

    name: str
    path: Path

    @property
    def module(self) -> Path:
        """The generated module, which exists unless the flow is refused."""
        return self.path.parent / "flyte_wf.py"

    @property
    def messages(self) -> Path:
        """What mf-codegen says about the flow; exists if it says anything."""
        return self.path.parent / "diagnostics.txt"

    @property
    def runs(self) -> list[dict[str, Any]]:
        """How the flow is run: objects with ``parameters``, and ``fails_at`` if it fails."""
        file = self.path.parent / "runs.json"
        runs: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        return runs

    @property
    def options(self) -> Options:
        """How mf-codegen is called: options.json has the fields of ``Options`` that are given."""
        file = self.path.parent / "options.json"
        given = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        return Options(folder=self.path.parent, **{**given, **lists})

    def translated(self) -> tuple[str | None, str]:
        """The code and the messages that the flow becomes now."""
        result = translate(self.path.read_bytes(), "flow.py", self.options)
        return result.code, as_text(result.diagnostics, "flow.py")

    def flow(self) -> Flow:
        """The flow as the parser sees it."""
        diagnostics = Diagnostics()
        text = decode(self.path.read_bytes(), diagnostics)
        assert text is not None
        options = self.options
        parsed = parse_flows(
            text,
            "flow.py",
            diagnostics,
            options.folder,
            options.flow,
            options.drop,
            options.config,
            options.config_value,
        )
        assert parsed is not None
        (flow,) = parsed.flows
        return flow


def cases() -> list[Case]:
    """All golden cases, by name."""
    return [Case(path.parent.name, path) for path in sorted(GOLDEN.glob("*/flow.py"))]


def for_metaflow(flow: Flow, parameters: dict[str, Any]) -> dict[str, Any]:
    """Values by the names of Metaflow's options; what is repeated there as a tuple."""
    options: dict[str, Any] = {}
    for attribute, value in parameters.items():
        arguments = flow.parameters[attribute].arguments
        name = evaluate(arguments["name"].node, {})
        options[name] = tuple(value) if "multiple" in arguments else value
    return options


def for_flyte(flow: Flow, inputs: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Values as a workflow takes them whose ``inputs`` have these types; paths as files."""
    from flytekit.types.file import FlyteFile

    values: dict[str, Any] = {}
    for attribute, value in parameters.items():
        name = attribute if attribute in inputs else f"{attribute}_"
        if inputs[name] in (str, str | None) and "JSONType" in _type(flow, attribute):
            value = json.dumps(value)
        elif inputs[name] in (float, float | None) and value is not None:
            value = float(value)
        elif inputs[name] in (FlyteFile, FlyteFile | None) and value is not None:
            value = FlyteFile(value)
        values[name] = value
    return values


def _type(flow: Flow, attribute: str) -> str:
    import ast

    argument = flow.parameters[attribute].arguments.get("type")
    return ast.unparse(argument.node) if argument else ""


def regenerate() -> None:
    """Write module and messages of every case."""
    for case in cases():
        code, messages = case.translated()
        for file, text in ((case.module, code), (case.messages, messages or None)):
            if text is None:
                file.unlink(missing_ok=True)
            else:
                file.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    regenerate()
