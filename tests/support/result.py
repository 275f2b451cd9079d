"""What a run left behind, in one shape for both systems."""

from dataclasses import dataclass, field

from tests.support.canonical import Canonical

Artifacts = dict[str, Canonical]
"""The values of named artifacts, as `canonical` describes them."""


@dataclass(frozen=True)
class RunResult:
    """A finished run, failed or not.

    Attributes:
        steps: for each step (or task) that ran, in the order of their first start, one table of
            artifacts for each time it finished: under Metaflow everything visible at its end, under
            Flyte its outputs.
        failed_step: the step that failed first; None if none did, or if the run never got to one.
        error: type and message of the exception that ended the run; None if it succeeded.
        stdout: all that the run printed, standard error included.
        inputs: Flyte only: for each task, one table of inputs for each time it started.
        unset_outputs: Flyte only: beside each table in `steps`, the outputs that were unset.
        unset_inputs: Flyte only: beside each table in `inputs`, the inputs that were unset.
        outputs: Flyte only: the results of the workflow.
        warnings: Flyte only: what was logged by flytekit or warned of, from import to end.
        parents: Metaflow only: for each step that was reached, the steps that led to it.
        constants: Metaflow only: names of Parameters, Configs and constants of the flow class.
    """

    steps: dict[str, list[Artifacts]]
    failed_step: str | None
    error: str | None
    stdout: str
    inputs: dict[str, list[Artifacts]] = field(default_factory=dict)
    unset_outputs: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    unset_inputs: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    outputs: Artifacts = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    parents: dict[str, list[str]] = field(default_factory=dict)
    constants: frozenset[str] = frozenset()


def error_text(error: BaseException) -> str:
    """`ValueError: message`, the form in which results hold an exception."""
    return f"{type(error).__name__}: {error}"
