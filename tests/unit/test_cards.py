"""@card, current.card and metaflow.cards: what is read, what decks show, and the rules of Metaflow
for which card is meant."""

import ast
import builtins
import html.parser
import importlib
import importlib.util
import itertools
import re
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen import Options, translate
from codegen.diagnostics import Position
from codegen.lower.names import USED_BUILTINS
from codegen.lower.settings.cards import Card, default_card, reachable, repeated_ids
from codegen.symbols import Symbols
from tests.cases import GOLDEN
from tests.support import backend
from tests.support.flyte_side import load, scratch_storage
from tests.support.fuzz import budget
from tests.support.processes import clean_environment, copied_folder, in_child
from tests.support.serialised import register_offline
from tests.unit.sources import flow_source, module, task

#: Metaflow's own, which has no types.
metaflow_cards: Any = importlib.import_module("metaflow.cards")
serializer: Any = importlib.import_module("metaflow.plugins.cards.component_serializer")

IMPORTS = (
    "from metaflow import FlowSpec, Parameter, card, current, resources, step, timeout\n"
    "from metaflow.cards import Markdown, Table"
)


def source(cards: str, body: str = "self.a = 1", head: str = "", members: str = "") -> str:
    """A flow whose first step is under these decorators."""
    text = flow_source(body, "print(self.a)", head=head, members=members, imports=IMPORTS)
    lines = "".join(f"    {line}\n" for line in cards.splitlines())
    return text.replace("    @step\n", f"{lines}    @step\n", 1)


def decorators(cards: str, body: str = "self.a = 1") -> list[str]:
    """What stands above the function of the first step."""
    tree = ast.parse(module(source(cards, body)))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    start = next(node for node in found if node.name == "start")
    return [ast.unparse(decorator) for decorator in start.decorator_list]


def told(text: str) -> list[tuple[str, int, int]]:
    """Code and place of each message, apart from the notes on the default card and the guard."""
    found = translate(text, "flow.py").diagnostics
    return [
        (one.code, one.position.line, one.position.column)
        for one in found
        if one.code not in ("MF636", "MF701")
    ]


# ---------------------------------------------------------------------- attributes

STEPS = "steps=THE_FLOW_STEPS"
READ = {
    "@card": f"Card(), {STEPS}",
    "@card()": f"Card(), {STEPS}",
    "@card(type='default')": f"Card(), {STEPS}",
    "@card(type='blank')": "Card(type='blank')",
    "@card(type='default_json')": f"Card(type='default_json'), default=None, {STEPS}",
    "@card(type='error')": "Card(type='error'), default=None",
    "@card(type='taskspec_card')": "Card(type='taskspec_card'), default=None",
    "@card(type='blank', id='a_1')": "Card('a_1', type='blank')",
    "@card(type='blank', id=None)": "Card(type='blank')",
    "@card(type='blank', id='a-1')": "Card(type='blank')",
    "@card(type='blank', id='')": "Card(type='blank')",
    "@card(type='blank', options={'title': 'T \"1\"'})": "Card(type='blank', title='T \"1\"')",
    "@card(type='blank', options={'title': 5})": "Card(type='blank', title='5')",
    "@card(type='blank', options={'title': '', 'x': 1})": "Card(type='blank')",
    "@card(type='blank', options={})": "Card(type='blank')",
    "@card(type='blank', options=None)": "Card(type='blank')",
    "@card(options={'title': 'of a blank card only'})": f"Card(), {STEPS}",
    "@card(type='blank', scope='run', rank=None)": "Card(type='blank')",
    "@card(type='blank', rank='high')": "Card(type='blank')",
    "@card(type='blank', timeout=None)": "Card(type='blank')",
    "@card(type='blank', timeout=0)": "Card(type='blank')",
    "@card(type='blank', timeout='60')": "Card(type='blank')",
    "@card(type='blank', save_errors=True)": "Card(type='blank')",
    "@card(type='blank', save_errors=False)": "Card(type='blank', save_errors=False)",
    "@card(type='blank', save_errors='')": "Card(type='blank', save_errors=False)",
    "@card(type='blank', refresh_interval=5)": "Card(type='blank')",
    "@card(type='blank', refresh_interval=0)": "Card(type='blank', refresh_interval=0)",
    "@card(type='blank', refresh_interval=-1.5)": "Card(type='blank', refresh_interval=-1.5)",
    "@card(type='blank', customize=True)": "Card(type='blank')",
    "@card(type='blank')\n@card(type='blank', customize='True')": (
        "Card(type='blank'), Card(type='blank', name='blank card 2'), default=1"
    ),
    "@card(type='blank')\n@card(type='blank', customize=1)": (
        "Card(type='blank'), Card(type='blank', name='blank card 2'), default=None"
    ),
    "@card(type='blank', id='x')\n@card(type='blank')": (
        "Card('x', type='blank'), Card(type='blank'), default=1"
    ),
}


@pytest.mark.parametrize("cards", READ)
def test_read(cards: str) -> None:
    assert decorators(cards) == [
        "task(enable_deck=True, deck_fields=())",
        f"with_cards({READ[cards]})",
    ]


TOLD = {
    "@card(type='html')": [("MF630", 7, 16)],
    "@card(type=None)": [("MF630", 7, 16)],
    "@card(type=3)": [("MF630", 7, 16)],
    "@card(type='test_editable_card')": [("MF630", 7, 16)],
    "@card(id=7)": [("MF121", 7, 14)],
    "@card(id=['a'])": [("MF121", 7, 14)],
    "@card(id='my card')": [("MF631", 7, 14)],
    "@card(id='')": [("MF631", 7, 14)],
    "@card(options='title')": [("MF121", 7, 19)],
    "@card(options=[1])": [("MF121", 7, 19)],
    "@card(options={'only_repr': False})": [("MF632", 7, 19)],
    "@card(options={'max_artifact_size': 9})": [("MF632", 7, 19)],
    "@card(type='blank', options={'only_repr': False})": [],
    "@card(timeout=90)": [("MF632", 7, 19)],
    "@card(timeout=45)": [],
    "@card(timeout='soon')": [("MF121", 7, 19)],
    "@card(rank='high')": [("MF632", 7, 16)],
    "@card(refresh_interval='5')": [("MF121", 7, 28)],
    "@card(refresh_interval=None)": [("MF121", 7, 28)],
    "@card(type='default_json')": [("MF633", 7, 16)],
    "@card(colour='red')": [("MF120", 7, 18)],
    "@card('report')": [("MF120", 7, 11)],
    "@card(id='a')\n@card(id='a')": [("MF631", 8, 6)],
    "@card(id='a')\n@card(id='a', type='error')": [],
    "@card(id='a')\n@card(id='a', type='error')\n@card": [("MF121", 8, 6)],
    **{
        f"@card({name}=open('x'))": [("MF301", 7, 12 + len(name))]
        for name in ("type", "id", "options", "rank", "timeout", "save_errors", "customize",
                     "refresh_interval", "scope")
    },
}  # fmt: skip


@pytest.mark.parametrize("cards", TOLD)
def test_told(cards: str) -> None:
    assert told(source(cards)) == TOLD[cards]


def test_warnings_stand_above_the_task() -> None:
    code = module(source("@card(type='blank', rank='high')"))
    assert "\n# MF632: @card: rank has no effect" in code


def test_with_card_for_every_step() -> None:
    """--with card, and a card of a mutator, count like those in the source."""
    result = translate(source(""), "flow.py", Options(decorate=("card:type=blank,id=all",)))
    assert result.code is not None
    assert result.code.count('@with_cards(Card("all", type="blank"))') == 2


def test_dropped() -> None:
    result = translate(source("@card(type='html')"), "flow.py", Options(drop=("card",)))
    assert result.code is not None and "deck" not in result.code.lower()


def test_note_on_the_default_card_once() -> None:
    text = source("@card\n@card(type='blank', id='b')").replace("    @step", "    @card\n    @step")
    found = [one for one in translate(text, "flow.py").diagnostics if one.code == "MF636"]
    assert [(one.position.line, one.severity.value) for one in found] == [(7, "note")]
    assert "MF636" not in str(translate(source("@card(type='blank')"), "flow.py").diagnostics)


# ---------------------------------------------------------------------- which card is meant

KINDS = [("default", None, False), ("blank", "a", False), ("default", "a", False),
         ("blank", "b", True), ("error", "a", False), ("default_json", None, False)]  # fmt: skip
SETS = [each for size in (1, 2, 3) for each in itertools.product(KINDS, repeat=size)]


def in_metaflow(chosen: tuple[Any, ...]) -> tuple[int | None, dict[str, int]] | None:
    """The default card, and the ids with the cards that they find; None if Metaflow fails."""
    collector = serializer.CardComponentCollector(logger=lambda *_, **__: None)
    uuids = [
        collector._add_card(
            kind, name, {"type": kind}, {}, editable=kind in ("default", "blank"), customize=special
        )["uuid"]
        for kind, name, special in chosen
    ]
    try:
        collector._finalize()
    except IndexError:
        return None
    default = collector._default_editable_card
    number = None if default is None else uuids.index(default)
    return number, {name: uuids.index(found) for name, found in collector._card_id_map.items()}


@pytest.mark.parametrize("chosen", SETS, ids=str)
def test_same_card_as_in_metaflow(chosen: tuple[Any, ...]) -> None:
    expected = in_metaflow(chosen)
    text = "\n".join(
        f"@card(type={kind!r}, id={name!r}, customize={special})" for kind, name, special in chosen
    )
    failed = "MF121" in {code for code, _, _ in told(source(text))}
    assert failed == (expected is None)
    if expected is None:
        return
    cards = [Card(Position(1, 1), *each) for each in chosen]
    found = reachable(cards)
    ids = {card.id: number for number, card in enumerate(found) if card.id is not None}
    assert (default_card(cards), ids) == expected


def test_decks_have_names_of_their_own() -> None:
    for chosen in SETS:
        cards = [Card(Position(1, 1), *each) for each in chosen]
        names = []
        for card in reachable(cards):
            given = {name: value for _, name, value in card.more}
            names.append(
                ast.literal_eval(given["name"])
                if "name" in given
                else card.id or f"{card.type} card"
            )
        assert len(set(names)) == len(cards), (chosen, names)
    assert repeated_ids(cards) == frozenset()


# ---------------------------------------------------------------------- what is emitted


def test_only_what_is_used() -> None:
    code = module(source("@card(type='blank')"))
    for name in ("Markdown", "current_card", "task_page", "CardComponent", "publish", "STEPS"):
        assert name not in code
    code = module(source("@card(type='blank')", "self.a = 1\ncurrent.card.append(Markdown('x'))"))
    assert "class Markdown(CardComponent)" in code and "def current_card() -> Card" in code
    for name in ("Table", "class Cards", "publish", "def extend", "def clear", "CardsById"):
        assert name not in code
    body = "self.a = 1\nshown = current.card\nshown['x'].append(Markdown('x'))"
    assert "class CardsById" in module(source("@card(type='blank')", body))


@pytest.mark.parametrize(
    ("imports", "used"),
    [
        ("from metaflow.cards import Markdown as MD", "MD"),
        ("from metaflow import cards", "cards.Markdown"),
        ("from metaflow import cards as mc", "mc.Markdown"),
        ("import metaflow.cards as mc", "mc.Markdown"),
        ("import metaflow", "metaflow.cards.Markdown"),
        ("from metaflow.cards import Markdown", "Markdown"),
    ],
)
def test_every_way_to_import(imports: str, used: str) -> None:
    text = source("@card(type='blank')", f"self.a = 1\ncurrent.card.append({used}('x'))")
    text = text.replace("from metaflow.cards import Markdown, Table", imports)
    assert 'current_card().append(Markdown("x"))' in task(text, "start")


def test_names_that_the_flow_has_itself() -> None:
    body = (
        "self.a = Table.describe()\ncurrent.card.append(Grid([[1]]))\nfor Card in []: print(Card)"
    )
    head = "class Table:\n    @staticmethod\n    def describe():\n        return 'mine'"
    text = source("@card(type='blank')", body, head=head)
    text = text.replace("import Markdown, Table", "import Table as Grid")
    assert re.search(r"current_card\(\)\.append\(Table_+\(\[\[1\]\]\)\)", task(text, "start"))
    assert re.search(r"class Table_+\(CardComponent\)", module(text))
    assert re.search(r"class Card_+\(CardComponents\)", module(text))


def test_artifact_is_called_otherwise() -> None:
    text = source("@card(type='blank')", "self.a = [1]\ncurrent.card.append(Show(self.a))")
    code = task(text.replace("import Markdown, Table", "import Artifact as Show"), "start")
    assert "current_card().append(ArtifactView(a))" in code


def test_wrapper_stands_between_retries_and_the_time_limit() -> None:
    text = source("@timeout(minutes=1)\n@retry(times=1)\n@card(type='blank')", "self.a = [1]")
    found = [
        ast.unparse(each).partition("(")[0]
        for node in ast.parse(module(text.replace("resources,", "resources, retry,"))).body
        if isinstance(node, ast.FunctionDef) and node.name == "start"
        for each in node.decorator_list
    ]
    assert found == ["task", "retry_any_error", "with_cards", "time_limit", "with_artifacts"]


def test_graph_is_in_order() -> None:
    """Each step stands after all that lead to it, so that one pass finds its place."""
    for path in sorted(GOLDEN.glob("*/flow.py")):
        flow = parsed_golden(path)
        if flow is None:
            continue
        seen: set[str] = set()
        for name, following in flow.items():
            assert not set(following) & seen, (path, name)
            seen.add(name)


def parsed_golden(path: Path) -> dict[str, list[str]] | None:
    """The graph that the cards of a golden case draw."""
    code = path.with_name("flyte_wf.py")
    found = (
        re.search(r"^\w+_STEPS = (\{[^}]*\})", code.read_text(), re.M) if code.exists() else None
    )
    return None if found is None else dict(ast.literal_eval(found[1]))


# ---------------------------------------------------------------------- messages about bodies


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("Table.from_dataframe(frame)", []),
        ("Table.from_dataframe(frame, truncate=True)", []),
        ("Table.from_dataframe(frame.copy(), truncate=False)", []),
        ("Table.from_dataframe(frame, truncate=False)", [("MF635", 12, 25)]),
        ("Table.from_dataframe(frame, False)", [("MF635", 12, 25)]),
    ],
)
def test_data_frame_that_metaflow_changes(call: str, expected: list[Any]) -> None:
    body = f"self.a = 1\nframe = pd.DataFrame()\ncurrent.card.append({call})"
    text = source("@card(type='blank')", body, head="import pandas as pd\n")
    assert told(text) == [(code, line, column + 4) for code, line, column in expected]


@pytest.mark.parametrize("name", ["MetaflowCard", "MetaflowCardComponent", "get_cards"])
def test_other_parts_of_the_library(name: str) -> None:
    text = source("@card(type='blank')", f"self.a = metaflow.cards.{name}")
    (found,) = [
        one
        for one in translate(f"import metaflow\n{text}", "flow.py").diagnostics
        if one.severity.value == "error"
    ]
    assert found.code == "MF503" and "Do without it" not in found.advice


# ---------------------------------------------------------------------- components


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """A module with every component, and every part of them."""
    names = "Artifact, Error, EventsTimeline, Image, JSONViewer, Markdown, ProgressBar, PythonCode"
    names += ", Table, ValueBox, VegaChart, YAMLViewer"
    uses = "[" + names + "]"
    body = (
        f"self.a = 1\nprint({uses})\ncards = current.card\n"
        "print(Table.from_dataframe, Image.from_pil_image, Image.from_matplotlib)\n"
        "print(VegaChart.from_altair_chart, EventsTimeline.get_stats, Markdown.update)\n"
        "print(cards.extend, cards.clear, cards.components, cards.refresh, cards.get)"
    )
    text = source("@card\n@card(type='blank', id='b', save_errors=False)", body)
    text = text.replace("import Markdown, Table", f"import {names}")
    path = tmp_path_factory.mktemp("parts") / "card_parts.py"
    path.write_text(module(text), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("card_parts", path)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules["card_parts"] = found  # flytekit looks for the modules of tasks
    spec.loader.exec_module(found)
    return found


class Page(html.parser.HTMLParser):
    """The texts of some HTML, which must close all its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(f"<main>{text}</main>")
        self.close()
        assert not self.open, (self.open, text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag not in ("br", "hr", "img", "input", "path", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        assert tag in ("br", "hr", "img", "path", "rect"), tag

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


NASTY = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            ["<", ">", "</div>", "<div>", "<b>", "</b>", "<!--", "-->", "&lt;", "&", '"', "'", "\n",
             "<script>", "</script>", "<style>", "</style>", "<table>", "x", " ", "| a |", "|---|",
             "# ", "- ", "`", "<br/>", "<img src=x>", "</pre>", "<textarea>", "</main>", "[a](b)",
             "<div class='", "<a href=\"", "<p>", "</x-all>", "<x-all>"]
        ),
        max_size=8,
    ).map("".join),
)  # fmt: skip


@given(text=NASTY)
@budget(200)
def test_no_text_breaks_the_page(parts: ModuleType, text: str) -> None:
    """Whatever a component is given, the page around it stays whole."""
    data = {text: [text]}
    events = parts.EventsTimeline(title=text)
    events.update({text: text}, priority=text, payloads={text: parts.Markdown(text)})
    components = [
        parts.Markdown(text),
        parts.Table([[text, parts.Markdown(text)]], headers=[text]),
        parts.ArtifactView(data, name=text),
        parts.ArtifactView(data, compressed=False),
        parts.Image(text, label=text),
        parts.Image("data:image/png;base64," + text, label=text),
        parts.Error(ValueError(text), title=text),
        parts.ProgressBar(label=text, unit=text, metadata=text),
        parts.JSONViewer(data, title=text, max_height=text),
        parts.JSONViewer(text, collapsible=False),
        parts.YAMLViewer(data, title=text, max_height=text),
        parts.YAMLViewer(text),
        parts.PythonCode(code_string=text),
        parts.CardWarning(text),
        events,
    ]
    for component in components:
        found = parts.component_html(component)
        assert "Render failed" not in found or "Render failed" in text, found
        Page(found)
    chart = parts.component_html(parts.VegaChart({"title": text}))
    assert chart.count("<") == 4 and chart.endswith("</script></div>")


@given(text=NASTY)
@budget(200)
def test_html_in_markdown_is_contained(parts: ModuleType, text: str) -> None:
    """Either its tags are closed, or they are shown as text."""
    found = parts.Markdown(text).html()
    assert found.startswith("<div>") and found.endswith("</div>")
    assert "<script" not in found.lower()


def test_markdown(parts: ModuleType) -> None:
    def shown(text: str) -> str:
        return str(parts.Markdown(text).html())

    assert "<h1>Title</h1>" in shown("# Title") and "<em>" in shown("*a*")
    assert "<td>2</td>" in shown("|a|b|\n|-|-|\n|1|2|")
    assert "<h1>In a method</h1>" in shown("\n    # In a method\n    text")
    assert "<details><summary>More</summary>x</details>" in shown(
        "<details><summary>More</summary>x</details>"
    )
    assert "&lt;div&gt;open" in shown("<div>open")
    assert shown("") == parts.Markdown().html() == parts.Markdown(None).html() == "<div></div>"
    with pytest.raises(TypeError):
        metaflow_cards.Markdown(5)
    with pytest.raises(TypeError):
        parts.Markdown(5)


@pytest.mark.parametrize(
    "arguments",
    [
        {"value": 1}, {"value": ""}, {"value": None}, {"value": [1]}, {"value": 2e15}, {},
        {"value": "x" * 101}, {"value": "x" * 100}, {"value": True}, {"value": float("nan")},
        *({"value": 1, name: given}
          for name in ("title", "subtitle", "theme", "change_indicator")
          for given in ("x", "", " ", 5, "x" * 201, "x" * 301, "success", "no class", "1a", "b-2")),
    ],
    ids=str,
)  # fmt: skip
def test_value_box_refuses_what_metaflow_refuses(
    parts: ModuleType, arguments: dict[str, Any]
) -> None:
    def outcome(call: Any) -> str:
        try:
            call()
        except (TypeError, ValueError) as error:
            return type(error).__name__
        return "fine"

    expected = outcome(lambda: metaflow_cards.ValueBox(**arguments))
    assert outcome(lambda: parts.ValueBox(**arguments)) == expected
    expected = outcome(lambda: metaflow_cards.ValueBox(value=1).update(**arguments))
    assert outcome(lambda: parts.ValueBox(value=1).update(**arguments)) == expected


def test_value_box(parts: ModuleType) -> None:
    box = parts.ValueBox("Revenue", 1200, "monthly", "success", "Up <15%>")
    assert Page(box.html()).text == "Revenue1,200monthlyUp <15%>"
    assert 'class="value success"' in box.html()
    box.component_id = "box"
    box.update(None, 5)
    box.update(subtitle="weekly")
    assert Page(box.html()).text == "Revenue5weeklyUp <15%>"
    with pytest.raises(TypeError):
        box.update(colour="red")


@pytest.mark.parametrize(
    "arguments",
    [
        ({"a": 1},), ({"a": 1}, "no class"), ({"a": 1}, ""), ({"a": 1}, "mine-1"),
        ({"a": 1}, None, "high", {"t": "text"}), ({"timestamp": 5},),
    ],
    ids=str,
)  # fmt: skip
def test_events_refuse_what_metaflow_refuses(parts: ModuleType, arguments: Any) -> None:
    found = []
    for timeline in (metaflow_cards.EventsTimeline(), parts.EventsTimeline()):
        data = dict(arguments[0])
        try:
            timeline.update(data, *arguments[1:])
            outcome = "fine"
        except (TypeError, ValueError) as error:
            outcome = type(error).__name__
        stats = timeline.get_stats()
        found.append((outcome, set(data), set(stats), stats["total_events"]))
    assert found[0] == found[1]


def test_events(parts: ModuleType) -> None:
    shown: dict[str, dict[str, Any]] = {
        "ArtifactView": {"artifact": 5}, "JSONViewer": {"data": 5}, "YAMLViewer": {"data": 5},
        "ValueBox": {"value": 5}, "Image": {}, "PythonCode": {}, "Markdown": {},
    }  # fmt: skip
    for allowed in shown:
        parts.EventsTimeline().update({}, payloads={"x": getattr(parts, allowed)(**shown[allowed])})
    for refused in (parts.ProgressBar(), parts.Table(), parts.Error(ValueError())):
        with pytest.raises(TypeError):
            parts.EventsTimeline().update({}, payloads={"x": refused})
    timeline = parts.EventsTimeline("Log", max_events=2)
    for number in range(3):
        timeline.update({"number": number}, finished=number == 2)
        time.sleep(0.002)
    text = Page(timeline.html()).text
    assert "Finished: 2 of 3 events" in text and "number: 0" not in text
    assert text.index("number: 2") < text.index("number: 1")
    stats = timeline.get_stats()
    assert (stats["total_events"], stats["displayed_events"], stats["finished"]) == (3, 2, True)
    assert stats["events_per_minute"] > 0 and "total_runtime_seconds" in stats


def test_table(parts: ModuleType) -> None:
    shown = Page(
        parts.Table(
            [["a", None, parts.ArtifactView({"k": 1})], [1.5, True]], headers=["<H>"]
        ).html()
    )
    assert shown.text == "<H>aNone{'k': 1}1.5True" and shown.tags.count("tr") == 4
    for data in ("text", ["row"], [(1, 2)], (), [], None, {"a": 1}):
        assert Page(parts.Table(data, headers="text").html()).text == ""
    assert "Render failed" in parts.component_html(parts.Table([[1], 5]))


def test_table_of_a_data_frame(parts: ModuleType) -> None:
    pd = pytest.importorskip("pandas")
    times = pd.to_datetime(["2024-01-01"] * 7)
    frame = pd.DataFrame({"n": range(7), "t": times, "s": ["x" * 31] + ["<y>"] * 6})
    frame.loc[1, "s"] = None
    before = frame.copy(deep=True)
    shown = Page(parts.Table.from_dataframe(frame).html())
    assert shown.tags.count("tr") == 6  # the head, and five rows
    assert f"{'x' * 30}..." in shown.text and "2024-01-01" in shown.text and "null" in shown.text
    whole = parts.Table.from_dataframe(frame, truncate=False)
    assert Page(whole.html()).tags.count("tr") == 8 and whole.headers == ["", "n", "t", "s"]
    pd.testing.assert_frame_equal(frame, before)
    expected = metaflow_cards.Table.from_dataframe(pd.DataFrame({"n": [1, 2], "x": [0.5, 1.5]}))
    found = parts.Table.from_dataframe(pd.DataFrame({"n": [1, 2], "x": [0.5, 1.5]}))
    assert found.headers == expected._headers
    rows = [[str(cell) for cell in row] for row in expected._data]
    assert [[str(float(c)) for c in row] for row in found.data] == [
        [str(float(c)) for c in row] for row in rows
    ]
    assert "not supported" in parts.Table.from_dataframe([1]).html()


class FakeFigure:
    """Stands for a figure of matplotlib."""

    def savefig(self, file: Any, format: str) -> None:
        assert format == "PNG"
        file.write(b"\x89PNG\r\n\x1a\n of a figure")


def test_image(parts: ModuleType) -> None:
    png = b"\x89PNG\r\n\x1a\n data"
    for data, kind in (
        (png, "png"), (b"GIF89a", "gif"), (b"\xff\xd8\xff\xdb", "jpeg"), (b"RIFF1234WEBP", "webp")
    ):  # fmt: skip
        assert f'src="data:image/{kind};base64,' in parts.Image(data).html()
    assert Page(parts.Image(png, label="A <b>").html()).text == "A <b>"
    for bad in (b"text", b"", None, 5, "no address", [png]):
        assert "[IMAGE_RENDER FAIL]" in parts.Image(bad).html()
    figure, axes = FakeFigure(), mock.Mock(spec=["get_figure"])
    axes.get_figure.return_value = figure
    pyplot = mock.Mock()
    with mock.patch.object(parts.importlib, "import_module", return_value=pyplot):
        for plot in (figure, axes):
            assert "data:image/png" in parts.Image.from_matplotlib(plot, label="plot").html()
    assert pyplot.close.call_args_list == [mock.call(figure)] * 2
    picture = type("Image", (), {"__module__": "PIL.Image"})()
    picture.save = FakeFigure().savefig
    shown = parts.Image.from_pil_image(picture, label="first")
    assert "data:image/png" in shown.html()
    shown.update(png)
    assert Page(shown.html()).text == "first" and shown.label == "first"
    fixed = parts.Image(png)
    before = fixed.html()
    fixed.update(b"text")
    assert fixed.html() == before


def test_other_components(parts: ModuleType) -> None:
    assert Page(parts.Error(ValueError("<x>"), title="Oh").html()).text == "Oh\n\nValueError('<x>')"
    assert Page(parts.Error("text").html()).text == "None\n\n'text'"
    bar = parts.ProgressBar(10, "Rows", 2, "k", "slow")
    bar.update(4)
    assert Page(bar.html()).text == "Rows 4/10 kslow" and 'value="4"' in bar.html()
    bar.update(5, metadata="fast")
    assert Page(bar.html()).text == "Rows 5/10 kfast"
    large = parts.ArtifactView(list(range(500)))
    assert "..." in large.html() and "499" not in large.html()
    assert "499" in parts.ArtifactView(list(range(500)), compressed=False).html()
    large.update({"new": 1})
    assert "new" in large.html()
    assert "def source" in Page(parts.PythonCode(source).html()).text
    assert "requires" in parts.PythonCode().html()
    assert Page(parts.JSONViewer('{"a": [1]}').html()).text.startswith("JSONCopy{\n")
    assert "&quot;no json" in parts.JSONViewer("no json").html()
    assert "object" in parts.JSONViewer({"a": object()}).html()
    assert "a:\n- 1" in Page(parts.YAMLViewer({"a": [1]}).html()).text
    assert "Copy" not in parts.YAMLViewer({}, show_copy_button=False, title="T").html()


def test_vega(parts: ModuleType) -> None:
    spec = {"mark": "bar"}
    chart = parts.VegaChart(spec)
    assert '"width": "container"' in chart.html() and '"actions": false' in chart.html()
    assert spec == {"mark": "bar"}
    assert '"width": 5' in parts.VegaChart({"width": 5}, show_controls=True).html()
    altair = type("Chart", (), {"__module__": "altair.vegalite.v5.api"})()
    altair.to_dict = lambda: {"mark": "line"}
    assert '"line"' in parts.VegaChart.from_altair_chart(altair).html()
    chart.update(altair)
    assert '"line"' in chart.html()
    chart.update(None)
    assert '"line"' in chart.html()
    with pytest.raises(ValueError):
        parts.VegaChart.from_altair_chart({"mark": "bar"})
    assert "Render failed" in parts.component_html(parts.VegaChart({"x": object()}))


# ---------------------------------------------------------------------- stores of components


def script(store: Any, markdown: Any) -> list[Any]:
    """What a store of components answers to the same calls."""
    found: list[Any] = []

    def note(call: Any) -> None:
        try:
            found.append(call())
        except Exception as error:
            found.append("fails with " + ("KeyError" if isinstance(error, KeyError) else ""))

    one, two = markdown("one"), markdown("two")
    note(lambda: store.append(one, id="a"))
    note(lambda: store.append(two))
    note(lambda: store.append(two))
    note(lambda: store.append("text"))
    note(lambda: store.append(markdown("x"), id=5))
    note(lambda: store.append(markdown("first again"), id="a"))
    note(lambda: len(store))
    note(lambda: store.keys()[0])
    note(lambda: "a" in store)
    note(lambda: "b" in store)
    note(lambda: store.__setitem__("a", markdown("no")))
    note(lambda: store.__setitem__("c", markdown("yes")))
    note(lambda: store["c"].component_id)
    note(lambda: store.__delitem__("nothing"))
    note(lambda: store.__delitem__("c"))
    note(lambda: store["unknown"].update("nothing happens"))
    note(lambda: len(list(store)))
    note(lambda: len(store.values()))
    note(lambda: store.extend([markdown("x"), 5, None]))
    note(lambda: store.extend(5))
    note(lambda: len(store))
    note(lambda: store.clear())
    note(lambda: (len(store), bool(store)))
    return found


def test_store_answers_as_in_metaflow(parts: ModuleType) -> None:
    metaflow = script(serializer.ComponentStore(lambda *_, **__: None), metaflow_cards.Markdown)
    assert script(parts.ComponentsById(), parts.Markdown) == metaflow


def test_cards_that_are_not_there(parts: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    cards = parts.Cards([parts.Card("a"), parts.Card("b")], None)
    cards.append(parts.Markdown("x"))
    cards.append(parts.Markdown("y"))
    cards.extend([parts.Markdown("z")])
    cards.clear()
    cards.refresh()
    assert cards["c"] == [] and cards["c"] == [] and cards[None] == []
    cards["c"] = [parts.Markdown("x")]
    cards["a"] = parts.Markdown("no list")
    with pytest.raises(KeyError):
        print(cards.components)
    printed = capsys.readouterr().err
    assert printed.count("[@card WARNING]") == 6 and printed.count("append has no effect") == 1
    for card in cards.cards:
        assert "no @card has this id" in parts.card_html(card)
    assert bool(cards["a"])  # an empty card is no empty list


def test_a_new_list_of_components(parts: ModuleType) -> None:
    cards = parts.Cards([parts.Card("a"), parts.Card("b")], 0)
    old = cards["a"]
    cards["a"] = [parts.Markdown("new"), "no component"]
    old.append(parts.Markdown("to a card that is gone"))
    assert [component.text for component in cards["a"]] == ["new"]
    assert [component.text for component in cards.components] == ["new"]
    assert cards.get(type="default") == cards.cards and cards.get() == []


def test_a_card_never_fails(parts: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(parts.CardComponent):  # type: ignore[misc, name-defined]
        def html(self) -> str:
            raise RuntimeError("no <html>")

    found = parts.component_html(Broken())
    assert "Render failed" in found and "no &lt;html&gt;" in found

    def page(body: str) -> str:
        raise OSError("no source")

    made: list[Any] = []
    with mock.patch.object(parts, "Deck", lambda *given: made.append(given)):
        parts.show_card(parts.Card("a", page=page))
        parts.show_card(parts.Card("b", save_errors=False, page=page))
    ((name, shown),) = made
    assert name == "a" and "Card Render Failed With Error" in shown and "no source" in shown
    assert "no source" in capsys.readouterr().err


# ---------------------------------------------------------------------- decks


def local_decks(module: str, workflow: str) -> list[tuple[str, dict[str, str], bool]]:
    """In a child: each deck file that a local run writes: its task, decks, and whether the task
    was still running."""
    import flytekit.deck.deck as decks

    found: list[tuple[str, dict[str, str], bool]] = []
    original = decks._output_deck

    def output(task_name: str, new_user_params: Any) -> None:
        import traceback

        during = any(frame.name == "publish" for frame in traceback.extract_stack())
        shown = {deck.name: deck.html for deck in new_user_params.decks}
        found.append((task_name.rpartition(".")[2], shown, during))
        original(task_name, new_user_params)

    with (
        scratch_storage(),
        mock.patch.dict("os.environ", clean_environment(), clear=True),
        mock.patch.object(decks, "_output_deck", output),
    ):
        getattr(load(module), workflow)()
    return found


def decks_of(case: str, workflow: str) -> list[tuple[str, dict[str, str], bool]]:
    with copied_folder(GOLDEN / case) as folder:
        found, _ = in_child(local_decks, "flyte_wf", workflow, folder=folder)
    return found


def body_of(deck: str) -> str:
    """The text of a deck without its style."""
    return Page(re.sub(r"<(style|script).*?</\1>", "", deck, flags=re.DOTALL)).text


def test_decks_of_a_local_run() -> None:
    found = decks_of("card_several", "train_flow")
    assert [(name, list(shown)) for name, shown, _ in found] == [
        ("start", ["default card", "scores"]),
        ("choose", ["winner", "log"]),
        ("unclear", ["first", "second"]),
    ]
    texts = {deck: body_of(html) for _, shown, _ in found for deck, html in shown.items()}
    assert texts["scores"].split() == ["ridge:", "0.71", "lasso:", "0.64"]
    assert "Training" in texts["default card"] and "scores" in texts["default card"]
    assert "ridge" in texts["winner"] and "'lasso': 0.64" in texts["winner"]
    assert texts["log"].split() == ["chosen", "by", "score", "one", "two"]
    for name in ("first", "second"):
        assert (
            "append has no effect" in texts[name]
            and "in neither" not in texts[name].split("Task Code")[0]
        )


def test_default_card() -> None:
    found = decks_of("card_default", "sales_flow")
    assert [(name, list(shown)) for name, shown, _ in found] == [
        ("start", ["default card"]),
        ("by_region", ["regions"]),
        ("join", ["default card"]),
    ]
    start, by_region, join = (body_of(next(iter(shown.values()))) for _, shown, _ in found)
    assert "Artifact sales (2 columns and 3 rows)" in start and "No Parameters" in start
    parameters = by_region[by_region.index("Flow Parameters") : by_region.index("Artifacts")]
    assert "threshold10.0" in parameters and "currency" not in parameters
    assert "{'north': 15.25, 'south': 20.5}" in by_region
    assert "def by_region(" in by_region and "@with_cards" in by_region
    assert "20.5 EUR of 2" in join
    graph = found[1][1]["regions"].partition("<svg")[2]
    order = [graph.index(f">{name}<") for name in ("start", "by_region", "join", "end")]
    assert order == sorted(order)
    marked = re.findall(r'fill="#ffcb8b"/><text[^>]*>(\w+)<', graph)
    assert marked == ["by_region"] and graph.count("<path") == 5


def test_components_of_the_gallery() -> None:
    found = {name: body_of(next(iter(shown.values()))) for name, shown, _ in decks_of(
        "card_components", "gallery_flow"
    )}  # fmt: skip
    first = found["start"]
    places = [
        first.index(text)
        for text in ("Text", "More", "a < b & <unclosed", "<B>", "x" * 30 + "...", "large",
                     "An <image>", "[IMAGE_RENDER FAIL]", "ValueError('bad <b>value</b>')",
                     "2 k/s", "1,200")
    ]  # fmt: skip
    assert places == sorted(places)
    assert "Charts & <data>" in found["charts"] and "print('<hello>')" in found["charts"]


def test_refreshed_while_the_task_runs() -> None:
    found = decks_of("card_progress", "count_flow")
    assert [(name, during) for name, _, during in found] == [
        *[("local", True)] * 3, ("start", False), ("local", True), ("middle", False)
    ]  # fmt: skip
    assert [re.findall(r"\d/3", body_of(shown["default card"])) for _, shown, _ in found[:4]] == [
        ["1/3"], ["2/3"], ["3/3"], ["3/3"]
    ]  # fmt: skip
    assert "running" in body_of(found[4][1]["status"])
    assert body_of(found[5][1]["status"]).split() == ["done"]


class Decks(dict[tuple[str, int | None, int], dict[str, str]]):
    """The decks of each attempt, by task, element and number, that processes of tasks write."""

    def __call__(self, task: Any, inputs: Any, **more: Any) -> Any:
        result = run_task(task, inputs, **more)
        name = re.sub(r"flyte_wf\.|map_|_[0-9a-f]{32}-arraynode", "", task.template.id.name)
        key = name, more.get("index"), more.get("attempt", 0)
        for file in Path(more["scratch"]).glob("results/deck.html"):
            text = file.read_text(encoding="utf-8")
            names = re.findall(r'handleLinkClick\(this\)">([^<]*)<', text)
            bodies = text.partition('id="flyte-frame-container">')[2].split("<div><style>")[1:]
            self[key] = {
                name: body_of(
                    f"<div><style>{body}".partition("</body>")[0].partition("\n    </div>")[0]
                )
                for name, body in zip(names, bodies, strict=True)
            }
        return result


run_task = backend.run_task


def decks_of_processes(case: str, workflow: str) -> Decks:
    decks = Decks()
    with mock.patch.object(backend, "run_task", decks):
        done = backend.run_workflow(GOLDEN / case / "flyte_wf.py", workflow, {})
    assert done.failed_node is None, done.error
    return decks


def test_decks_of_map_tasks() -> None:
    """Each element writes its own, though flytekit by itself writes none for map tasks."""
    found = decks_of_processes("card_foreach", "scan_flow")
    assert list(found) == [("scan", 0, 0), ("scan", 1, 0), ("join", None, 0)]
    for number, city in enumerate(("Oslo", "Bergen <west>")):
        (text,) = found["scan", number, 0].values()
        assert city in text and f"size{len(city)}" in text and f"index{number}" in text
    assert found["join", None, 0]["blank card"].split() == ["size413"]


def test_decks_of_attempts_and_rounds() -> None:
    """A failed attempt leaves no card, a loop one for each round."""
    found = decks_of_processes("card_report", "quality_flow")
    assert found["check", None, 0] == {}
    (text,) = found["check", None, 1].values()
    assert text.startswith("Quality of the readings") and "Between 1.5 and 7.0" in text
    assert text.count("Between") == 1 and "Value07.0" in text
    rounds = decks_of_processes("card_loop", "descent_flow")["descend", None, 0]
    assert list(rounds) == ["default card", *(f"default card ({n})" for n in (2, 3, 4))]
    for number, text in enumerate(rounds.values(), 1):
        assert f"round {number}" in text and f"round {number + 1}" not in text


def test_registered() -> None:
    tasks = register_offline(GOLDEN / "card_default" / "flyte_wf.py").tasks
    decks = {
        name.removeprefix("flyte_wf."): spec.template.metadata.generates_deck.value
        for name, spec in tasks.items()
    }
    assert decks == {
        "start": True, "by_region": True, "largest": False, "join": True, "end": False
    }  # fmt: skip


def test_threads_of_a_step_share_its_card(tmp_path: Path) -> None:
    """Threads of its own have no context of flytekit, and find the card and its decks anyhow."""
    body = (
        "def note(name):\n    current.card.append(Markdown(name))\n    current.card.refresh()\n"
        "with ThreadPoolExecutor(1) as pool:\n    self.a = list(pool.map(note, ['one', 'two']))"
    )
    head = "from concurrent.futures import ThreadPoolExecutor\n"
    text = module(source("@card(type='blank', refresh_interval=0)", body, head=head))
    (tmp_path / "flyte_wf.py").write_text(text, encoding="utf-8")
    found, _ = in_child(local_decks, "flyte_wf", "the_flow", folder=tmp_path)
    shown = [(during, body_of(decks["blank card"]).split()) for _, decks, during in found]
    assert shown == [(True, ["one"]), (True, ["one", "two"]), (False, ["one", "two"])]


# ---------------------------------------------------------------------- names


def called(cards: str, body: str, step: str = "inspect") -> str:
    """What the task of a second step is called."""
    text = source(cards, body).replace("self.next(self.end)", f"self.next(self.{step})", 1)
    more = f"    @step\n    def {step}(self):\n        self.next(self.end)\n\n"
    text = text.replace("    @step\n    def end", f"{more}    @step\n    def end")
    (name,) = re.findall(rf"^def ({step}_*)\(\) -> None", module(text), re.M)
    return str(name)


def test_names_of_cards_are_free_without_cards() -> None:
    plain = "self.a = 1"
    for step in ("inspect", "io", "re", "escape", "highlight", "max"):
        assert called("", plain, step) == step
        assert called("@card(type='blank')", plain, step) == f"{step}_"
        assert called("", "self.a = 1\nprint(Markdown('x').text)", step) == f"{step}_"
        assert called("", "self.a = hasattr(current.card, 'x')", step) == f"{step}_"


def test_no_step_takes_a_builtin_of_the_prelude() -> None:
    """A task of its name would be called in place of it."""
    reserved = USED_BUILTINS | Symbols.reserved(cards=True, library=False)
    for path in GOLDEN.glob("card_*/flyte_wf.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            name = getattr(node, "name", "").rstrip("_")
            if name in Symbols.HELPERS:
                used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                lower = {each for each in used if each.isalpha() and each.islower()}
                assert lower & set(dir(builtins)) <= reserved, (path, name)
