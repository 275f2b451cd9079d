"""What would be registered, and what the backend would say about it."""

import copy
from pathlib import Path
from typing import Any

import pytest
from flyteidl.core.types_pb2 import (
    FLOAT,
    INTEGER,
    NONE,
    STRING,
    STRUCT,
    BlobType,
    EnumType,
    LiteralType,
    TypeStructure,
    UnionType,
)

from tests.support import samples
from tests.support.castable import castable, is_optional
from tests.support.processes import ChildError
from tests.support.serialised import Registered, check_types, register_offline

TYPED = """
from flytekit import CronSchedule, LaunchPlan, conditional, dynamic, task, workflow


@task
def number() -> int:
    return 1


@task
def text(value: str) -> str:
    return value


@workflow
def inner(value: str) -> str:
    return text(value=value)


@workflow
def outer() -> str:
    number_out = number()
    return inner(value=number_out)


@workflow
def choice(start: int = 1) -> str:
    one = number()
    return (
        conditional("c")
        .if_(one > 0.5)
        .then(text(value="a"))
        .else_()
        .then(text(value="b"))
    )


daily = LaunchPlan.get_or_create(choice, name="daily", schedule=CronSchedule(schedule="0 0 * * *"))
"""

MAPPED = """
import functools
from typing import Any

from flytekit import dynamic, map_task, task, workflow


@task
def double(value: int, by: int) -> int:
    return value * by


@task
def total(values: list[int]) -> int:
    return sum(values)


@dynamic
def many(values: list[int]) -> list[int]:
    return [double(value=value, by=2) for value in values]


@task
def carried(value: Any) -> int:
    return 1


@workflow
def part(values: list[int], by: int) -> list[int]:
    return map_task(functools.partial(double, by=by))(value=values)


@workflow
def whole(values: list[int], by: int, text: list[str]) -> int:
    doubled = map_task(functools.partial(double, by=by))(value=values)
    again = part(values=doubled, by=by)
    more = many(values=again)
    return total(values=more)
"""
MISFITS = {
    "a list for an element": (
        ("total(values=more)", "double(value=more, by=by)"),
        ["n3.value: list of integer given where integer is expected"],
    ),
    "an element for a list": (
        ("(value=values)\n    again", "(value=by)\n    again"),
        ["n0.value: integer given where list of integer is expected"],
    ),
    "a list for what all elements share": (
        ("by=by))(value=values)\n    again", "by=values))(value=values)\n    again"),
        ["n0.by: list of integer given where integer is expected"],
    ),
    "elements of another type": (
        ("many(values=again)", "many(values=text)"),
        ["n2.values: list of string given where list of integer is expected"],
    ),
    "into a sub-workflow": (
        ("part(values=doubled, by=by)", "part(values=doubled, by=doubled)"),
        ["n1.by: list of integer given where integer is expected"],
    ),
    "a constant in a file": (
        ("total(values=more)", "carried(value=(1,).__class__)"),
        ["n3.value: a constant in a file of the machine that registers the workflow"],
    ),
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Registered:
    folder = tmp_path_factory.mktemp("module")
    return register_offline(samples.written(folder, "flyte_wf.py", samples.MODULE))


def test_registers_all_that_the_module_defines(sample: Registered) -> None:
    tasks = ["flyte_wf.start", "flyte_wf.sum_", "flyte_wf.end"]
    assert list(sample.tasks) == tasks
    assert list(sample.workflows) == list(sample.launch_plans) == ["flyte_wf.sample_flow"]
    container = sample.tasks["flyte_wf.start"].template.container
    assert container.image == "img:1" and container.args[0] == "pyflyte-execute"
    default = sample.launch_plans["flyte_wf.sample_flow"].spec.default_inputs
    assert default.parameters["scale"].default.scalar.primitive.float_value == 2.0
    assert check_types(sample) == []


def test_modules_that_cannot_be_registered(tmp_path: Path) -> None:
    change = ("model=sum_out.model)\n    return", "model=undefined)\n    return")
    module = samples.written(tmp_path, "flyte_wf.py", samples.MODULE, change)
    with pytest.raises(ChildError, match="name 'undefined' is not defined"):
        register_offline(module)


def test_types_are_checked_along_edges_and_in_conditions(tmp_path: Path) -> None:
    registered = register_offline(samples.written(tmp_path, "typed.py", TYPED))
    assert set(registered.launch_plans) == {"typed.inner", "typed.outer", "typed.choice", "daily"}
    assert check_types(registered) == [
        "typed.outer, n1.value: integer given where string is expected",
        "typed.choice, n1: compares integer with float",
    ]


def test_map_tasks_sub_workflows_and_dynamic_tasks(tmp_path: Path) -> None:
    registered = register_offline(samples.written(tmp_path, "mapped.py", MAPPED))
    assert check_types(registered) == []
    names = [name.removeprefix("mapped.").partition("_")[0] for name in registered.tasks]
    assert sorted(names) == ["carried", "double", "many", "map", "total"]


@pytest.mark.parametrize(("change", "found"), MISFITS.values(), ids=MISFITS)
def test_misfits_of_map_tasks(change: tuple[str, str], found: list[str], tmp_path: Path) -> None:
    registered = register_offline(samples.written(tmp_path, "mapped.py", MAPPED, change))
    assert check_types(registered) == [f"mapped.whole, {line}" for line in found]


def broken(sample: Registered, workflow: str = "flyte_wf.sample_flow") -> tuple[Registered, Any]:
    """A copy to break, and the nodes of its workflow by task name."""
    copied = copy.deepcopy(sample)
    nodes = {
        node.task_node.reference_id.name.rpartition(".")[2]: node
        for node in copied.workflows[workflow].template.nodes
    }
    return copied, nodes


def test_duplicate_ids(sample: Registered) -> None:
    copied, nodes = broken(sample)
    nodes["end"].id = nodes["sum_"].id
    assert any("2 nodes have this id" in line for line in check_types(copied))


def test_unbound_unknown_and_repeated_inputs(sample: Registered) -> None:
    copied, nodes = broken(sample)
    bindings = nodes["sum_"].inputs
    names = [binding.var for binding in bindings]
    bindings[names.index("pair")].var = "pear"
    bindings.add().CopyFrom(bindings[names.index("scale")])
    assert [line.partition(": ")[2] for line in check_types(copied)] == [
        "there is no pear to bind",
        "pair is not bound",
        "scale is bound 2 times",
    ]


def test_unknown_nodes_outputs_and_tasks(sample: Registered) -> None:
    copied, nodes = broken(sample)
    nodes["end"].inputs[0].binding.promise.node_id = "n9"
    nodes["sum_"].inputs[0].binding.promise.var = "nothing_like_it"
    nodes["sum_"].upstream_node_ids.append("n8")
    del copied.tasks["flyte_wf.start"]
    found = "\n".join(check_types(copied))
    assert "unknown node n9" in found and "waits for unknown node n8" in found
    assert "has no output nothing_like_it" in found and "is not registered" in found


def test_cycles(sample: Registered) -> None:
    copied, nodes = broken(sample)
    nodes["start"].upstream_node_ids.append(nodes["end"].id)
    assert any("form a cycle" in line for line in check_types(copied))


def test_outputs_of_the_workflow(sample: Registered) -> None:
    copied, nodes = broken(sample)
    outputs = copied.workflows["flyte_wf.sample_flow"].template.outputs
    names = [binding.var for binding in outputs]
    outputs[names.index("label")].binding.promise.CopyFrom(
        outputs[names.index("total")].binding.promise
    )
    assert check_types(copied) == [
        "flyte_wf.sample_flow, outputs.label: float given where string is expected"
    ]


def union(*variants: LiteralType) -> LiteralType:
    return LiteralType(union_type=UnionType(variants=variants))


def listed(element: LiteralType) -> LiteralType:
    return LiteralType(collection_type=element)


integer, number, text = (LiteralType(simple=kind) for kind in (INTEGER, FLOAT, STRING))
nothing, struct = LiteralType(simple=NONE), LiteralType(simple=STRUCT)
pickle_file = LiteralType(blob=BlobType(format="PythonPickle"))
named_pickle = LiteralType(
    blob=BlobType(format="PythonPickle"), structure=TypeStructure(tag="FlytePickle")
)
colour = LiteralType(enum_type=EnumType(values=["red"]))


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        (integer, integer, True),
        (integer, number, False),
        (integer, nothing, False),
        (nothing, integer, False),
        (listed(integer), listed(integer), True),
        (listed(integer), listed(number), False),
        (listed(integer), integer, False),
        (listed(nothing), listed(listed(text)), True),
        (LiteralType(map_value_type=integer), LiteralType(map_value_type=integer), True),
        (LiteralType(map_value_type=integer), listed(integer), False),
        (colour, text, True),
        (text, colour, True),
        (integer, colour, False),
        (integer, union(integer, nothing), True),
        (number, union(integer, nothing), False),
        (integer, union(integer, integer), False),
        (union(integer, nothing), integer, False),
        (union(integer), integer, True),
        (union(integer, nothing), union(nothing, text, integer), True),
        (union(integer, text), union(integer, nothing), False),
        (pickle_file, pickle_file, True),
        (pickle_file, LiteralType(blob=BlobType(format="csv")), False),
        (pickle_file, text, False),
        (named_pickle, pickle_file, False),
        (pickle_file, named_pickle, True),
        (struct, struct, True),
    ],
)
def test_castable(source: LiteralType, target: LiteralType, fits: bool) -> None:
    assert castable(source, target) is fits


def test_only_optional_inputs_may_stay_unbound() -> None:
    assert is_optional(union(integer, nothing)) and not is_optional(union(integer, text))
    assert not is_optional(integer)
