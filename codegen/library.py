"""What stands for parts of Metaflow's library in the generated code.

This is the one place for a name that is translated wherever it is used: in steps, in helpers and
in the code around the flow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Counterpart:
    """``helper`` is a helper of the prelude, ``text`` the expression with its name in it."""

    helper: str
    text: str = "{}"


#: Dotted name in Metaflow → what stands for it. No name is the beginning of another.
LIBRARY: Mapping[str, Counterpart] = {
    "metaflow.cards.Artifact": Counterpart("ArtifactView"),
    **{
        f"metaflow.cards.{name}": Counterpart(name)
        for name in (
            "Error",
            "EventsTimeline",
            "Image",
            "JSONViewer",
            "Markdown",
            "ProgressBar",
            "PythonCode",
            "Table",
            "ValueBox",
            "VegaChart",
            "YAMLViewer",
        )
    },
    "metaflow.current.branch_name": Counterpart("Project", "{}.branch"),
    "metaflow.current.card": Counterpart("current_card", "{}()"),
    "metaflow.current.is_production": Counterpart("Project", "{}.is_production"),
    "metaflow.current.is_user_branch": Counterpart("Project", "{}.is_user_branch"),
    "metaflow.current.project_flow_name": Counterpart("Project", "{}.flow_name"),
    "metaflow.current.project_name": Counterpart("Project", "{}.name"),
    "metaflow.current.retry_count": Counterpart("retry_count", "{}()"),
}


def known_part(dotted: str) -> str | None:
    """The beginning of a dotted name that has a counterpart, if any."""
    parts = dotted.split(".")
    for end in range(len(parts), 1, -1):
        if ".".join(parts[:end]) in LIBRARY:
            return ".".join(parts[:end])
    return None


#: Dotted name in Metaflow → what to do without it, where that is something special.
_ADVICE: Mapping[str, str] = {
    "metaflow.cards.get_cards": "The deck of a task is on its page in Flyte's console, and its "
    "file beside the task's outputs; code of the flow cannot read it.",
    "metaflow.cards.MetaflowCard": "Use a blank card with components, or flytekit.Deck by hand in "
    "the generated module.",
    "metaflow.cards.MetaflowCardComponent": "Use the components that metaflow.cards has: Markdown "
    "shows HTML that closes its tags.",
    "metaflow.current.trigger": "Flyte starts no workflow by an event: let what starts it give "
    "the event's data as Parameters.",
}


def advice(dotted: str) -> str:
    """What to do about a name that has no counterpart."""
    for name, text in _ADVICE.items():
        if f"{dotted}.".startswith(f"{name}."):
            return text
    return "Do without it, or keep this flow on Metaflow for now."


#: What @project sets: metaflow/plugins/project_decorator.py. Without it they are not there.
PROJECT_NAMES = frozenset(name for name, found in LIBRARY.items() if found.helper == "Project")
