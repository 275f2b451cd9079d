"""``@card(type="default", id=None, …)``: metaflow/plugins/cards/card_decorator.py."""

from __future__ import annotations

import re
from typing import Any

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import Settings
from codegen.lower.settings.cards import EDITABLE, PAGES, Card

#: CARD_ID_PATTERN of metaflow/plugins/cards/exception.py.
_ID = re.compile("^[a-zA-Z0-9_]+$")

#: The types that Metaflow has without extensions, but for those of its own tests.
_TYPES = (*sorted(EDITABLE | PAGES), "error", "taskspec_card")


def card(arguments: Arguments, settings: Settings) -> None:
    """One more card of the step."""
    kind = arguments.value("type", "default")
    if kind not in _TYPES:
        raise arguments.refuse(
            "type",
            f"cards of type {kind!r} come from an extension of Metaflow, whose code is not known",
            f"Use one of the types {', '.join(_TYPES)}, with components for what it shows, or "
            "leave all cards out with --drop-decorator card.",
            "MF630",
        )
    if kind == "default_json":
        _warn(
            arguments,
            settings,
            "type",
            "MF633",
            "the deck of a default_json card is a page, no JSON",
            "Nothing to do: it shows the task, as the default card does.",
        )
    found = Card(
        arguments.decorator.position,
        kind,
        _id(arguments, settings),
        str(arguments.value("customize", False)) == "True",
        (*_options(arguments, settings, kind), *_interval(arguments), *_errors(arguments)),
    )
    _unused(arguments, settings)
    settings.cards.found.append(found)


def _warn(
    arguments: Arguments, settings: Settings, name: str, code: str, message: str, advice: str
) -> None:
    """A warning about an argument, which the reader of the task sees as well."""
    position = arguments.decorator.arguments[name].position
    found = arguments.diagnostics.add(code, position, f"@card: {message}", advice, arguments.step)
    settings.cards.warnings.append(found)


def _id(arguments: Arguments, settings: Settings) -> str | None:
    """The id, unless Metaflow itself does without it."""
    name = arguments.value("id")
    if name is not None and not isinstance(name, str):
        raise arguments.refuse("id", f"the id {name!r} is no string", "Write id='name'.")
    if name is None or _ID.match(name):
        return name
    _warn(
        arguments,
        settings,
        "id",
        "MF631",
        f"the id {name!r} has more than letters, digits and underscores, so Metaflow takes the "
        "card for one without an id",
        "Choose another id, or leave it out.",
    )
    return None


def _options(arguments: Arguments, settings: Settings, kind: str) -> list[tuple[str, str, str]]:
    """What the card itself is told: only the title of a blank card makes a difference."""
    options: Any = arguments.value("options")
    if options is not None and not isinstance(options, dict):
        raise arguments.refuse("options", "options is no dictionary", "Write options={…}.")
    for name in ("only_repr", "max_artifact_size"):
        if kind in PAGES and name in (options or {}):
            _warn(
                arguments,
                settings,
                "options",
                "MF632",
                f"the option {name!r} has no effect: the deck always shows short texts of "
                "artifacts, whatever their size",
                "Nothing to do, or remove the option.",
            )
    title = (options or {}).get("title", "")
    return [("card titles", "title", repr(str(title)))] if kind == "blank" and title else []


def _interval(arguments: Arguments) -> list[tuple[str, str, str]]:
    """Seconds between two refreshes."""
    seconds = arguments.value("refresh_interval", 5)
    if not isinstance(seconds, (int, float)):
        raise arguments.refuse(
            "refresh_interval", f"{seconds!r} is not a number", "Give a number of seconds."
        )
    return [] if seconds == 5 else [("card intervals", "refresh_interval", repr(seconds))]


def _errors(arguments: Arguments) -> list[tuple[str, str, str]]:
    """Whether a card that fails shows its error."""
    if arguments.value("save_errors", True):
        return []
    return [("card errors", "save_errors", "False")]


def _unused(arguments: Arguments, settings: Settings) -> None:
    """Attributes that make no difference on Flyte. ``scope`` makes none in Metaflow either."""
    arguments.value("scope")
    if arguments.value("timeout", 45) is not None and arguments.whole("timeout", 45) != 45:
        _warn(
            arguments,
            settings,
            "timeout",
            "MF632",
            "timeout has no effect: the task itself makes the deck, and waits for it",
            "Nothing to do, or remove timeout=.",
        )
    if arguments.value("rank") is not None:
        _warn(
            arguments,
            settings,
            "rank",
            "MF632",
            "rank has no effect: decks stand in the order of the decorators",
            "Write the most important card first.",
        )
