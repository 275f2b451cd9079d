"""Messages about a flow: their stable codes, severities, and how they are collected and shown."""

from __future__ import annotations

import enum
import json
import os
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field


class Severity(enum.Enum):
    """How much a message weighs: an error stops the output, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, order=True)
class Position:
    """A place in the source: line and column, both counted from 1.

    ``file`` is empty for the flow's own file, else the path from the flow's folder to a module
    that the flow takes a base class from. In a notebook, ``cell`` is the number of the cell that
    the line is in, of all its cells, counted from 1.
    """

    line: int
    column: int
    file: str = ""
    cell: int = 0


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

#: Every code, its severity and its title. docs/diagnostics/<code>.md explains each at length.
CODES: dict[str, tuple[Severity, str]] = {
    # the input as a whole
    "MF001": (_E, "the source cannot be read as text"),
    "MF002": (_E, "the source is not valid Python"),
    "MF003": (_E, "no flow in the source"),
    "MF004": (_E, "several flows in the source"),
    "MF005": (_E, "the source is nested too deeply"),
    # what Metaflow itself refuses before a run
    "MF101": (_E, "reserved step name"),
    "MF102": (_E, "not exactly one start step"),
    "MF103": (_E, "not exactly one end step"),
    "MF104": (_E, "ambiguous start or end step"),
    "MF105": (_E, "a step leads to the start step"),
    "MF106": (_E, "the end step goes on or joins"),
    "MF107": (_E, "invalid step name"),
    "MF108": (_E, "wrong number of step arguments"),
    "MF109": (_E, "no transition at the end of a step"),
    "MF110": (_E, "invalid transition"),
    "MF111": (_E, "transition to an unknown step"),
    "MF112": (_E, "loop in the graph"),
    "MF113": (_E, "unreachable step"),
    "MF114": (_E, "splits and joins do not match"),
    "MF115": (_E, "switch with fewer than two cases"),
    "MF116": (_E, "num_parallel and @parallel do not match"),
    "MF117": (_E, "a switch leads straight into a join"),
    "MF120": (_E, "decorator used wrongly"),
    "MF121": (_E, "decorator value that Metaflow refuses"),
    "MF122": (_E, "invalid Parameter"),
    # the run of a step
    "MF130": (_E, "self.next() that cannot be the only one"),
    "MF131": (_W, "return without a transition"),
    "MF132": (_E, "a step that is a generator or a coroutine"),
    # artifacts
    "MF201": (_E, "artifact that no earlier step sets"),
    "MF202": (_W, "assignment to something read-only"),
    "MF203": (_E, "reserved artifact name"),
    "MF204": (_W, "function stored in an artifact"),
    "MF205": (_E, "deletion that fails or does not delete"),
    "MF206": (_N, "renamed on the Flyte side"),
    "MF207": (_N, "object of the module that a step changes"),
    "MF208": (_E, "artifact that a join has lost"),
    "MF209": (_W, "artifact that is not there on every path"),
    # graphs
    "MF210": (_E, "merge_artifacts that fails or cannot be followed"),
    "MF211": (_E, "use of the inputs of a join that fails or cannot be followed"),
    "MF212": (_W, "order of inputs that differs from run to run"),
    "MF213": (_W, "foreach over something that Metaflow iterates badly"),
    "MF214": (_N, "loop"),
    "MF215": (_N, "artifacts whose names only a run can tell"),
    "MF216": (_W, "merge_artifacts that fails in Metaflow after several caught errors"),
    # parameters
    "MF301": (_E, "argument that cannot be known from the source"),
    "MF302": (_W, "default is computed when the workflow is registered"),
    "MF303": (_N, "the workflow takes this parameter in another form"),
    "MF304": (_E, "kind of Parameter that is not translated"),
    # step bodies
    "MF401": (_E, "step that needs the flow object"),
    # constructs that are not translated
    "MF501": (_E, "graph shape that is not translated"),
    "MF502": (_E, "decorator that is not translated"),
    "MF503": (_E, "part of Metaflow's library that is not translated"),
    "MF504": (_E, "class member that is not translated"),
    "MF505": (_E, "base class that is not translated"),
    "MF506": (_E, "use of the flow outside its steps"),
    "MF507": (_E, "name that only the main guard sets"),
    "MF508": (_E, "parallel nodes that meet"),
    "MF509": (_W, "decorator dropped on request"),
    "MF510": (_E, "mutator whose effect cannot be known"),
    # decorators
    "MF601": (_W, "schedule in another time zone"),
    "MF602": (_E, "cron expression that Flyte cannot run"),
    "MF603": (_W, "year of a cron expression"),
    "MF604": (_E, "scheduled workflow with a required input"),
    "MF605": (_N, "schedule that is switched off"),
    "MF606": (_N, "argument that depends on the environment"),
    "MF610": (_N, "image that must have flytekit"),
    "MF611": (_N, "pod that needs the package kubernetes"),
    "MF612": (_W, "attribute without counterpart on Flyte"),
    "MF613": (_E, "file system that a pod cannot mount"),
    "MF620": (_N, "image without a registry"),
    "MF621": (_W, "import that an image lacks"),
    "MF622": (_E, "Python version that tasks do not run on"),
    "MF623": (_E, "secret whose variables cannot be known"),
    "MF624": (_W, "secret whose variables are those that the step reads"),
    "MF625": (_W, "part of a secret's source without counterpart"),
    "MF626": (_N, "secret that has to be in Flyte's store"),
    "MF627": (_E, "registry that flytekit does not take"),
    "MF628": (_E, "secret that replaces a variable of @environment"),
    "MF630": (_E, "type of card that is not translated"),
    "MF631": (_W, "id by which no card is found"),
    "MF632": (_W, "attribute of a card without counterpart"),
    "MF633": (_W, "card that is shown in another form"),
    "MF634": (_W, "card that Flyte's console does not show"),
    "MF635": (_W, "data frame that Metaflow changes"),
    "MF636": (_N, "page of the default card"),
    "MF640": (_W, "branch of the user who runs the workflow"),
    "MF641": (_E, "option of @project without @project"),
    "MF642": (_E, "exit hook that is not translated"),
    "MF643": (_W, "exit hook that never runs"),
    "MF644": (_W, "option of exit hooks that is left out"),
    "MF645": (_W, "event that starts the flow"),
    "MF646": (_W, "flow that starts the flow"),
    "MF647": (_E, "sensor of Airflow"),
    # configs
    "MF650": (_E, "invalid Config"),
    "MF651": (_E, "Config without a value"),
    "MF652": (_E, "file of a Config that cannot be read"),
    "MF653": (_E, "value of a Config that cannot be used"),
    "MF654": (_E, "parser that is Python code"),
    "MF655": (_E, "default of a Config that is computed"),
    "MF656": (_E, "option that fits no Config"),
    "MF657": (_E, "use of a Config without a value there"),
    "MF658": (_W, "part of a Config that does not do what it says"),
    "MF659": (_N, "Config from the environment"),
    "MF660": (_N, "file that is uploaded when the workflow is registered"),
    "MF661": (_E, "file that Metaflow does not include"),
    "MF662": (_E, "parser of a file that is not translated"),
    "MF663": (_N, "magic of a notebook"),
    "MF664": (_E, "magic that does a part of the work"),
    "MF665": (_N, "code behind the flow in a notebook"),
    # what stays behind
    "MF670": (_N, "attribute of current whose value is Flyte's own"),
    "MF671": (_W, "attribute that current does not have"),
    "MF672": (_E, "part of metaflow.S3 that is not translated"),
    "MF673": (_E, "attribute of current that is set"),
    "MF674": (_N, "part of Metaflow that is kept"),
    "MF701": (_N, "code under the main guard is left out"),
    "MF702": (_N, "unused import is left out"),
    "MF703": (_W, "module that the registered workflow does not find"),
    "MF704": (_N, "class member that no step uses is left out"),
}


@dataclass(frozen=True)
class Diagnostic:
    """One message: what, where, what it means for the result, and what to do about it."""

    code: str
    position: Position
    message: str
    advice: str
    step: str | None = None

    @property
    def severity(self) -> Severity:
        """The severity that the code's entry in ``CODES`` gives."""
        return CODES[self.code][0]

    def comment(self) -> list[str]:
        """The message as comment lines for the generated code."""
        text = f"{self.code}: {_on_one_line(self.message)}"
        return textwrap.wrap(text, 88, initial_indent="# ", subsequent_indent="# ")


@dataclass
class Diagnostics:
    """Collects messages while a flow goes through the stages."""

    found: list[Diagnostic] = field(default_factory=list)

    def add(
        self, code: str, position: Position, message: str, advice: str, step: str | None = None
    ) -> Diagnostic:
        """Record a message and return it; the same message at the same place is kept once."""
        diagnostic = Diagnostic(code, position, message, advice, step)
        if diagnostic not in self.found:
            self.found.append(diagnostic)
        return diagnostic

    @property
    def failed(self) -> bool:
        """Whether any message is an error."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self.found)

    def in_order(self) -> tuple[Diagnostic, ...]:
        """All messages by position, then code; those about the flow's own file come first."""
        return tuple(sorted(self.found, key=_order))


def _order(found: Diagnostic) -> tuple[str, int, Position, str]:
    return found.position.file, found.position.cell, found.position, found.code


def _on_one_line(text: str) -> str:
    """``text`` without line breaks, and with escapes for what no terminal or file can show."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in " ".join(text.split())
    )


def _file(found: Diagnostic, filename: str) -> str:
    """The file that a message is about, as it is reached where the flow is ``filename``."""
    if not found.position.file:
        return filename
    return os.path.normpath(os.path.join(os.path.dirname(filename), found.position.file))


def as_text(diagnostics: Iterable[Diagnostic], filename: str) -> str:
    """The messages for a terminal: two lines each, ``file:line:column: severity CODE: …``."""
    lines = []
    for found in diagnostics:
        cell = f"cell {found.position.cell}:" if found.position.cell else ""
        place = f"{_file(found, filename)}:{cell}{found.position.line}:{found.position.column}"
        step = f" [step {found.step}]" if found.step else ""
        message = _on_one_line(found.message)
        lines.append(f"{place}: {found.severity.value} {found.code}: {message}{step}")
        lines.append(f"    {_on_one_line(found.advice)}")
    return "".join(f"{line}\n" for line in lines)


def as_json(diagnostics: Iterable[Diagnostic], filename: str) -> str:
    """The messages as a JSON list of objects, one line each."""
    rows = [
        {
            "file": _file(found, filename),
            **({"cell": found.position.cell} if found.position.cell else {}),
            "line": found.position.line,
            "column": found.position.column,
            "severity": found.severity.value,
            "code": found.code,
            "message": found.message,
            "advice": found.advice,
            "step": found.step,
        }
        for found in diagnostics
    ]
    return "[" + ",\n ".join(json.dumps(row) for row in rows) + "]\n"


def as_github(diagnostics: Iterable[Diagnostic], filename: str) -> str:
    """The messages as workflow commands, which GitHub shows beside the lines of a pull request.

    Source: "Workflow commands for GitHub Actions", the escapes of data and properties included.
    """

    def escaped(text: str, *more: str) -> str:
        for char in ("%", "\r", "\n", *more):
            text = text.replace(char, f"%{ord(char):02X}")
        return text

    kinds = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
    lines = []
    for found in diagnostics:
        place, text = found.position, f"{found.message} {found.advice}"
        where = f"line={place.line},col={place.column},"
        if place.cell:  # lines of a notebook's file are not those of its cells
            where, text = "", f"cell {place.cell}, line {place.line}: {text}"
        lines.append(
            f"::{kinds[found.severity]} file={escaped(_file(found, filename), ':', ',')},"
            f"{where}title={found.code}::{escaped(text)}\n"
        )
    return "".join(lines)
