"""The names that only modules with cards take from libraries and from the prelude."""

from __future__ import annotations

from collections.abc import Mapping

#: Library names: where each is imported from ("" for a module itself).
LIBRARY: Mapping[str, str] = {
    "base64": "",
    "contextvars": "",
    "current_context": "flytekit",
    "dataclass": "dataclasses",
    "datetime": "datetime",
    "Deck": "flytekit",
    "escape": "html",
    "FlyteContextManager": "flytekit",
    "highlight": "pygments",
    "HtmlFormatter": "pygments.formatters",
    "HTMLParser": "html.parser",
    "importlib": "",
    "inspect": "",
    "io": "",
    "Iterator": "collections.abc",
    "MarkdownIt": "markdown_it",
    "pprint": "",
    "PythonLexer": "pygments.lexers",
    "re": "",
    "replace": "dataclasses",
    "sys": "",
    "textwrap": "",
    "uuid": "",
}

#: Helpers, in the order in which they stand in the module. Each has a template in prelude/cards.
HELPERS = (
    "CARD_STYLE",
    "VEGA_SCRIPT",
    "card_warning",
    "card_error",
    "CardComponent",
    "component_html",
    "CardWarning",
    "ClosedTags",
    "Markdown",
    "short_text",
    "values_table",
    "ArtifactView",
    "table_html",
    "frame_rows",
    "Table",
    "image_uri",
    "drawn_png",
    "image_html",
    "Image",
    "Error",
    "ProgressBar",
    "check_value_box",
    "ValueBox",
    "is_altair",
    "VegaChart",
    "python_html",
    "PythonCode",
    "parsed_json",
    "DataViewer",
    "JSONViewer",
    "YAMLViewer",
    "TimelineEvent",
    "timeline_event",
    "timeline_stats",
    "EventsTimeline",
    "CardComponents",
    "ComponentsById",
    "Card",
    "CardsById",
    "Cards",
    "CARDS",
    "current_card",
    "graph_svg",
    "value_previews",
    "task_facts",
    "task_page",
    "card_html",
    "show_card",
    "publish_decks",
    "publish_card",
    "plain_values",
    "outputs_of",
    "begin_round",
    "with_cards",
)

#: Builtins that these helpers use, and others do not.
_BUILTINS = (
    "all", "bytes", "classmethod", "hasattr", "id", "iter", "max", "property", "round", "set",
    "setattr", "zip",
)  # fmt: skip

NAMES = frozenset({*LIBRARY, *HELPERS, *_BUILTINS})
