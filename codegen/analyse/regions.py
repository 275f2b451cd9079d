"""The region tree: how splits, foreaches and switches nest, recovered from the graph.

A region is a sequence of items. A step that fans out is followed by the item of what lies between
it and the step where all comes together again. Where the paths of a switch meet in stages, the
steps after such a meeting stand in each of the arms that lead there: only one of them runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codegen.analyse.graph import Graph
from codegen.diagnostics import Diagnostics
from codegen.model import Shape, Step

#: So often may a step stand in the tree on average, for the paths of switches that lead to it.
_MOST = 10


@dataclass(frozen=True)
class Split:
    """The arms of a static split, in the order of the transition. Too many for one workflow are
    put into ``bundles``, each of so many arms."""

    step: Step
    arms: tuple[Region, ...]
    bundles: tuple[int, ...] = ()


@dataclass(frozen=True)
class Foreach:
    """The body of a foreach, or of a step with ``num_parallel``."""

    step: Step
    body: Region


@dataclass(frozen=True)
class Switch:
    """The arms of a switch, each with the step that leads into it; some may be empty."""

    step: Step
    arms: tuple[tuple[str, Region], ...]


@dataclass(frozen=True)
class Group:
    """Items of a region that is too long for one workflow."""

    body: Region


Item = Step | Split | Foreach | Switch | Group
Region = tuple[Item, ...]


def loops(step: Step) -> bool:
    """Whether a step is a switch that may lead back to itself."""
    transition = step.transition
    return (
        transition is not None
        and transition.shape is Shape.SWITCH
        and step.name in transition.targets
    )


def exits(step: Step) -> tuple[str, ...]:
    """The other steps that a step leads to."""
    if step.transition is None:
        return ()
    return tuple(target for target in step.transition.targets if target != step.name)


def region_tree(graph: Graph, diagnostics: Diagnostics) -> Region | None:
    """The steps of a graph as a tree; None if it is too tangled, which is reported."""
    builder = _Builder(graph)
    region, _ = builder.region(graph.start, None)
    if builder.count > builder.most:
        diagnostics.add(
            "MF501",
            graph.steps[graph.start].position,
            "the paths of the switches cross so often that there are too many of them",
            "Let the paths of each switch meet in one step.",
        )
        return None
    return region


def steps_of(region: Region) -> Iterator[Step]:
    """Every step in a region, in order; once for each of its places."""
    for item in region:
        match item:
            case Step():
                yield item
            case Split():
                for arm in item.arms:
                    yield from steps_of(arm)
            case Foreach() | Group():
                yield from steps_of(item.body)
            case Switch():
                for _, arm in item.arms:
                    yield from steps_of(arm)


def inside_foreach(region: Region) -> Iterator[Step]:
    """The steps in the bodies of foreaches."""
    for item in region:
        match item:
            case Split():
                for arm in item.arms:
                    yield from inside_foreach(arm)
            case Foreach():
                yield from steps_of(item.body)
            case Group():
                yield from inside_foreach(item.body)
            case Switch():
                for _, arm in item.arms:
                    yield from inside_foreach(arm)


class _Builder:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.meeting = _meetings(graph)
        self.count = 0
        self.most = 100 + _MOST * len(graph.steps)

    def region(self, name: str | None, stop: str | None) -> tuple[Region, str | None]:
        """The items from a step up to ``stop``, or to the join that closes the split around
        them; and the step before which they end."""
        items: list[Item] = []
        joins = False  # the next step closes a split of this region
        while name is not None and name != stop and self.count <= self.most:
            step = self.graph.steps[name]
            if step.argument_count == 2 and not joins:
                break
            joins = False
            items.append(step)
            self.count += 1
            if name == self.graph.end or step.transition is None:
                return tuple(items), None
            targets = exits(step)
            shape = step.transition.shape
            if shape is Shape.SPLIT:
                arms = [self.region(target, None) for target in targets]
                items.append(Split(step, tuple(arm for arm, _ in arms)))
                name, joins = arms[0][1], True
            elif shape in (Shape.FOREACH, Shape.PARALLEL):
                body, name = self.region(targets[0], None)
                items.append(Foreach(step, body))
                joins = True
            elif len(targets) > 1:
                name = self.meeting[name]
                paths = [(target, self.region(target, name)[0]) for target in targets]
                items.append(Switch(step, tuple(paths)))
            else:
                name = targets[0]
        return tuple(items), name


def _meetings(graph: Graph) -> dict[str, str]:
    """Step → the first step through which all paths from it lead (its immediate postdominator)."""
    meeting: dict[str, str] = {}
    depth = {graph.end: 0}
    for name in _backwards(graph):
        if name == graph.end:
            continue
        first, *others = exits(graph.steps[name])
        found = first
        for other in others:
            while found != other:
                if depth[found] >= depth[other]:
                    found = meeting[found]
                else:
                    other = meeting[other]
        meeting[name] = found
        depth[name] = depth[found] + 1
    return meeting


def _backwards(graph: Graph) -> list[str]:
    """The steps in an order in which each comes after all that it leads to."""
    order: dict[str, None] = {}
    stack: list[tuple[str, Iterator[str]]] = [(graph.start, iter(_ahead(graph, graph.start)))]
    while stack:
        name, targets = stack[-1]
        target = next((target for target in targets if target not in order), None)
        if target is not None:
            stack.append((target, iter(_ahead(graph, target))))
        else:
            stack.pop()
            order[name] = None
    return list(order)


def _ahead(graph: Graph, name: str) -> tuple[str, ...]:
    return () if name == graph.end else exits(graph.steps[name])
