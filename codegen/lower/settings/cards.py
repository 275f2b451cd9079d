"""The cards of a task, which are Flyte decks.

Sources: card_decorator.py and component_serializer.py in metaflow/plugins/cards; flytekit's
deck/deck.py.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from codegen.diagnostics import Diagnostic, Diagnostics, Position
from codegen.lower.settings.target import Target
from codegen.model import Flow
from codegen.parse.names import place, resolve
from codegen.parse.uses import references
from codegen.symbols import Symbols

#: Types of cards that steps can add components to.
EDITABLE = frozenset({"blank", "default"})

#: Types of cards that show the task: the page of the default card stands for both.
PAGES = frozenset({"default", "default_json"})


#: What steps may call on current.card and on components, and the prelude has only if they do.
_PARTS = (
    "clear",
    "components",
    "extend",
    "from_altair_chart",
    "from_dataframe",
    "from_matplotlib",
    "from_pil_image",
    "get",
    "get_stats",
    "refresh",
    "update",
)


@dataclass(frozen=True)
class Card:
    """One @card with what differs from Metaflow's defaults: ``more`` are arguments of the
    prelude's ``Card`` by the part of it that they need."""

    position: Position
    type: str
    id: str | None
    customize: bool
    more: tuple[tuple[str, str, str], ...] = ()


@dataclass
class Cards:
    """From all @card of a step, in their order, with the warnings about them. ``flow`` is for the
    page of the default card."""

    flow: Flow
    found: list[Card] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)

    def options(self, target: Target) -> Iterator[str]:
        """A deck, without what flytekit would add to it by itself."""
        if self.found:
            yield "enable_deck=True"
            yield "deck_fields=()"

    def comments(self) -> Iterator[str]:
        """What is not as in Metaflow."""
        for warning in self.warnings:
            yield from warning.comment()

    def wrappers(self, target: Target) -> Iterator[str]:
        """The prelude decorator that makes the cards."""
        if not self.found:
            return
        symbols = target.symbols
        wrapper = symbols.use("with_cards")
        arguments = [self._card(card, target) for card in reachable(self.found)]
        if (default := default_card(self.found)) != 0:
            symbols.need("card default")
            arguments.append(f"default={default}")
        types = {card.type for card in self.found}
        if types & PAGES:
            symbols.use("task_page")
            if target.parameters:
                arguments.append(f"parameters={[*target.parameters]!r}")
            steps = ", ".join(
                f"{name!r}: {[*below]!r}" for name, below in graph(self.flow, target).items()
            )
            name = f"{target.names.workflow.upper()}_STEPS"
            arguments.append(f"steps={target.declarations.name(name, f'{{{steps}}}')}")
        for name in sorted(types - PAGES - EDITABLE):
            symbols.need(f"card of type {name}")
        if len(self.found) > 1 or self.found[0].id or types - EDITABLE:
            symbols.need("cards by id")
        if target.loops:
            symbols.need("card rounds")
            arguments.append("rounds=True")
        if target.mapped:
            symbols.need("mapped cards")
        yield f"{wrapper}({', '.join(arguments)})"

    def _card(self, card: Card, target: Target) -> str:
        arguments = [] if card.id is None else [repr(card.id)]
        if card.type != "default":
            arguments.append(f"type={card.type!r}")
        for part, name, value in card.more:
            target.symbols.need(part)
            arguments.append(f"{name}={value}")
        return f"{target.symbols.use('Card')}({', '.join(arguments)})"


def uses_cards(flow: Flow) -> bool:
    """Whether a step has a @card, or any code mentions parts of Metaflow's library for cards."""
    names = {decorator.name for step in flow.steps.values() for decorator in step.decorators}
    roots = (*flow.module.kept, *(method.node for method in flow.methods))
    uses = (dotted for root in roots for _, dotted in references(root, flow.module.metaflow))
    return "card" in names or any(
        f"{dotted}.".startswith(("metaflow.cards.", "metaflow.current.card.")) for dotted in uses
    )


def note_uses(texts: Iterable[str], symbols: Symbols) -> None:
    """Ask for the parts of the prelude's cards that the author's code, as translated, mentions."""
    text = "\n".join(texts)
    for name in _PARTS:
        if name in text:
            symbols.need(f"{name} of cards")
    if symbols.uses("current_card"):
        call = f"{symbols.use('current_card')}()"
        if call in text.replace(f"{call}.", "") or f"{call}.get" in text:
            symbols.need("cards by id")


def report(flow: Flow, steps: Iterable[Sequence[Card]], diagnostics: Diagnostics) -> None:
    """Say once what the pages of default cards do not have, and which data frames Metaflow's
    tables change: ``steps`` are the cards of each step."""
    pages = [card for cards in steps for card in cards if card.type == "default"]
    if pages:
        diagnostics.add(
            "MF636",
            pages[0].position,
            "the default card shows the Parameters and artifacts that its task takes and returns, "
            "where Metaflow's shows all that there are",
            "Nothing to do, or append what else matters: current.card.append(Artifact(…)).",
        )
    roots = [*flow.module.kept, *(method.node for method in flow.methods)]
    for node in (node for root in roots for node in ast.walk(root)):
        if _changes_frame(node, flow.module.metaflow):
            diagnostics.add(
                "MF635",
                Position(*place(node)),
                "with truncate=False, Metaflow writes the texts of the table into the data frame "
                "itself; the module leaves it as it is",
                "Give it a copy, so that both do the same: Table.from_dataframe(frame.copy(), "
                "truncate=False).",
            )


def _changes_frame(node: ast.AST, names: Mapping[str, str]) -> bool:
    """Whether it is a table of a whole data frame that something else may use as well
    (TaskToDict._parse_pandas_dataframe)."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    if resolve(node.func, names) != "metaflow.cards.Table.from_dataframe":
        return False
    truncate = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "truncate")]
    whole = any(not (isinstance(each, ast.Constant) and each.value) for each in truncate)
    frame = node.args[0]
    is_copy = isinstance(frame, ast.Call) and ast.unparse(frame.func).endswith(".copy")
    return whole and not is_copy


def repeated_ids(cards: Sequence[Card]) -> frozenset[str]:
    """The ids that several cards have, by which none can be found."""
    counts = Counter(card.id for card in cards if card.id is not None)
    return frozenset(name for name, count in counts.items() if count > 1)


def reachable(cards: Sequence[Card]) -> list[Card]:
    """The cards with the ids under which steps find them, and with names of their own for those
    that share one: by its name flytekit tells a deck from others."""
    editable = sum(card.type in EDITABLE for card in cards)
    repeated = repeated_ids(cards)
    last = {card.id: number for number, card in enumerate(cards)}
    names: Counter[str] = Counter()
    found = []
    for number, card in enumerate(cards):
        name = card.id or f"{card.type} card"
        names[name] += 1
        lost = not editable or (card.id in repeated and (editable > 1 or last[card.id] != number))
        if names[name] > 1 or (lost and card.id is not None):
            name = name if names[name] == 1 else f"{name} {names[name]}"
            card = replace(card, more=(*card.more, ("card names", "name", repr(name))))
        found.append(replace(card, id=None) if lost else card)
    return found


def check(cards: Cards, mapped: bool, step: str, diagnostics: Diagnostics) -> None:
    """Report what only all cards of a step together tell, and that a map task runs it."""
    if cards.found and mapped:
        warning = diagnostics.add(
            "MF634",
            cards.found[0].position,
            "a map task runs this step, and Flyte's console shows no decks of its elements: they "
            "are only written, as deck.html beside the outputs of each",
            "Show what matters in the card of the join.",
            step,
        )
        cards.warnings.append(warning)
    editable = [card for card in cards.found if card.type in EDITABLE]
    repeated = sorted(repeated_ids(cards.found))
    if len(editable) < 2 or not repeated:
        return
    position = next(card.position for card in reversed(cards.found) if card.id in repeated)
    message = f"@card: several cards of the step have the id {repeated[0]!r}"
    advice = "Give each card an id of its own."
    if repeated_ids(editable):
        message += f", so current.card[{repeated[0]!r}] finds none of them"
        cards.warnings.append(diagnostics.add("MF631", position, message, advice, step))
    else:
        diagnostics.add("MF121", position, f"{message}, which fails in Metaflow", advice, step)


def default_card(cards: Sequence[Card]) -> int | None:
    """The number of the card that ``current.card.append`` adds to, if there is one
    (CardComponentCollector._finalize)."""
    editable = [number for number, card in enumerate(cards) if card.type in EDITABLE]
    if len(editable) == 1:
        return editable[0]
    unnamed = [number for number in editable if cards[number].id is None]
    chosen = [number for number in editable if cards[number].customize]
    if len(chosen) == 1:
        return chosen[0]
    return unnamed[0] if len(unnamed) == 1 else None


def graph(flow: Flow, target: Target) -> dict[str, list[str]]:
    """The tasks of the flow with those that follow, each below those that lead to it."""
    targets = {
        name: list(step.transition.targets) if step.transition else []
        for name, step in flow.steps.items()
    }
    before: dict[str, list[str]] = {name: [] for name in targets}
    for name, following in targets.items():
        for each in following:
            before[each] += [name] if each != name else []
    tasks = target.names.tasks
    order = TopologicalSorter(before).static_order()
    return {tasks[name]: [tasks[each] for each in targets[name]] for name in order}
