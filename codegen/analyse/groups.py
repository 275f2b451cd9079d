"""Groups the nodes of workflows that are too large to be registered.

Flyte's admin refuses a workflow of more than 100 nodes by default (maxWorkflowNodes), the two
that stand for its start and its end among them. Dynamic tasks have no such limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from codegen.analyse.regions import Foreach, Group, Item, Region, Split, Switch
from codegen.model import Step

Unit = TypeVar("Unit")

MOST_NODES = 98

#: Nodes of a group: so few that the flow can grow a little before it is grouped anew.
_GROUP = 50


def grouped(region: Region, more: int = 0) -> Region:
    """A region as a workflow can have it that has ``more`` nodes than its steps, with the regions
    in it."""
    most = MOST_NODES - more
    items = [_inside(item) for item in region]
    if sum(map(_nodes, items)) <= most:
        return tuple(items)
    units = [_small(unit) for unit in _units(items)]
    items = [item for unit in units for item in unit]
    if sum(map(_nodes, items)) <= most:
        return tuple(items)
    result: list[Item] = []
    for chunk in _chunks(units, [sum(map(_nodes, unit)) for unit in units]):
        result.append(Group(tuple(item for unit in chunk for item in unit)))
    return grouped(tuple(result), more)


def _inside(item: Item) -> Item:
    """An item whose own workflows are small enough."""
    match item:
        case Split():
            return replace(item, arms=tuple(_arm(arm) for arm in item.arms))
        case Foreach():
            return replace(item, body=grouped(item.body))
        case Switch():
            arms = tuple((target, tuple(map(_inside, arm))) for target, arm in item.arms)
            return replace(item, arms=arms)
    return item


def _arm(arm: Region) -> Region:
    return tuple(_inside(item) for item in arm)


def _nodes(item: Item) -> int:
    """How many nodes an item is in a workflow."""
    if isinstance(item, Split):
        return len(item.bundles) or sum(_nodes(inner) for arm in item.arms for inner in arm)
    return 1


def _units(items: Sequence[Item]) -> list[list[Item]]:
    """The items in runs that must stay together: what fans out, up to its join."""
    units: list[list[Item]] = []
    together = False
    for item in items:
        if together or not isinstance(item, (Step, Group)):
            units[-1].append(item)
        else:
            units.append([item])
        together = isinstance(item, (Split, Foreach))
    return units


def _small(unit: list[Item]) -> list[Item]:
    """A unit of few enough nodes: the arms of its split are bundled."""
    if sum(map(_nodes, unit)) <= _GROUP:
        return unit
    result: list[Item] = []
    for item in unit:
        if isinstance(item, Split):
            arms = tuple(grouped(arm) for arm in item.arms)
            sizes = [sum(map(_nodes, arm)) for arm in arms]
            bundles = tuple(len(chunk) for chunk in _chunks(arms, sizes))
            item = replace(item, arms=arms, bundles=bundles)
        result.append(item)
    return result


def _chunks(units: Sequence[Unit], sizes: Sequence[int]) -> list[list[Unit]]:
    """Neighbours, together as large as a group may be."""
    chunks: list[list[Unit]] = []
    room = 0
    for unit, size in zip(units, sizes, strict=True):
        if size > room or not chunks:
            chunks.append([])
            room = _GROUP
        chunks[-1].append(unit)
        room -= size
    return chunks
