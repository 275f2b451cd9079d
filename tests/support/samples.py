"""A flow and its translation, written by hand, on which the test support itself is tested."""

from pathlib import Path

FLOW = """
from metaflow import FlowSpec, Parameter, step


class Model:
    def __init__(self, weights):
        self.weights = weights


class SampleFlow(FlowSpec):
    scale = Parameter("scale", type=float, default=2.0)
    UNIT = "kg"

    @step
    def start(self):
        self.pair = (1, 2.5)
        self.nothing = None
        self.missing = [float("nan"), -0.0]
        self.by_id = {1: "a", 2: "b"}
        self._secret = 7
        self.next(self.sum)

    @step
    def sum(self):
        self.total = self.pair[0] * self.scale + self._secret
        self.model = Model({"w": (self.total,)})
        self.by_id[3] = None
        self.next(self.end)

    @step
    def end(self):
        self.label = f"{self.model.weights['w'][0]:.1f} {self.UNIT}"
        print("label:", self.label)


if __name__ == "__main__":
    SampleFlow()
"""

PRELUDE = '''
import functools
import typing
from typing import Any, NamedTuple

from flytekit import task, workflow
from flytekit.exceptions.user import FlyteRecoverableException


class Artifact:
    def __init__(self, value):
        self.value = value


class Unset:
    pass


def boxed(function):
    """Take values out of their boxes on the way in, and put those annotated Any into boxes."""

    @functools.wraps(function)
    def call(**inputs):
        plain = {k: v.value if isinstance(v, Artifact) else v for k, v in inputs.items()}
        result = function(**plain)
        kinds = typing.get_type_hints(type(result))
        fields = result._asdict().items()
        return type(result)(**{k: Artifact(v) if kinds[k] is Any else v for k, v in fields})

    return call
'''

MODULE = (
    PRELUDE
    + """

class Model:
    def __init__(self, weights):
        self.weights = weights


class StartOutputs(NamedTuple):
    pair: Any
    nothing: Any
    missing: Any
    by_id: Any
    secret: int
    bonus: Any


@task
@boxed
def start() -> StartOutputs:
    pair = (1, 2.5)
    missing = [float("nan"), -0.0]
    return StartOutputs(pair, None, missing, {1: "a", 2: "b"}, 7, Unset)


class SumOutputs(NamedTuple):
    total: float
    model: Any
    by_id: Any


@task
@boxed
def sum_(pair: Any, secret: int, by_id: Any, bonus: Any, scale: float) -> SumOutputs:
    total = pair[0] * scale + secret
    by_id[3] = None
    return SumOutputs(total, Model({"w": (total,)}), by_id)


class EndOutputs(NamedTuple):
    label: str


@task
@boxed
def end(model: Any) -> EndOutputs:
    label = f"{model.weights['w'][0]:.1f} kg"
    print("label:", label)
    return EndOutputs(label)


class SampleFlowOutputs(NamedTuple):
    pair: Any
    nothing: Any
    missing: Any
    by_id: Any
    total: float
    model: Any
    label: str
    bonus: Any


@workflow
def sample_flow(scale: float = 2.0) -> SampleFlowOutputs:
    start_out = start()
    sum_out = sum_(
        pair=start_out.pair,
        secret=start_out.secret,
        by_id=start_out.by_id,
        bonus=start_out.bonus,
        scale=scale,
    )
    end_out = end(model=sum_out.model)
    return SampleFlowOutputs(
        pair=start_out.pair,
        nothing=start_out.nothing,
        missing=start_out.missing,
        by_id=sum_out.by_id,
        total=sum_out.total,
        model=sum_out.model,
        label=end_out.label,
        bonus=start_out.bonus,
    )
"""
)

FAILING_FLOW = """
from metaflow import FlowSpec, step


class FailingFlow(FlowSpec):
    @step
    def start(self):
        self.items = (1, 2)
        self.next(self.pick)

    @step
    def pick(self):
        self.item = self.items[5]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    FailingFlow()
"""

FAILING_MODULE = (
    PRELUDE
    + """

class StartOutputs(NamedTuple):
    items: Any


@task
@boxed
def start() -> StartOutputs:
    return StartOutputs((1, 2))


class PickOutputs(NamedTuple):
    item: int


@task
@boxed
def pick(items: Any) -> PickOutputs:
    return PickOutputs(items[5])


class FailingFlowOutputs(NamedTuple):
    items: Any
    item: int


@workflow
def failing_flow() -> FailingFlowOutputs:
    start_out = start()
    pick_out = pick(items=start_out.items)
    return FailingFlowOutputs(items=start_out.items, item=pick_out.item)
"""
)

RETRIED_MODULE = (
    PRELUDE
    + """
import os


class FlakyOutputs(NamedTuple):
    attempts: Any


@task(retries=2)
@boxed
def flaky(name: str) -> FlakyOutputs:
    attempt = int(os.environ["FLYTE_ATTEMPT_NUMBER"])
    if attempt < 1:
        raise FlyteRecoverableException("not yet")
    return FlakyOutputs((name, attempt))


class StrictOutputs(NamedTuple):
    never: int


@task(retries=2)
@boxed
def strict(attempts: Any) -> StrictOutputs:
    if os.environ.get("STRICT"):
        raise ValueError(f"no {attempts}")
    return StrictOutputs(1)


class RetriedFlowOutputs(NamedTuple):
    attempts: Any
    never: int


@workflow
def retried_flow(name: str = "x") -> RetriedFlowOutputs:
    flaky_out = flaky(name=name)
    strict_out = strict(attempts=flaky_out.attempts)
    return RetriedFlowOutputs(attempts=flaky_out.attempts, never=strict_out.never)
"""
)


def written(folder: Path, name: str, source: str, *changes: tuple[str, str]) -> Path:
    """Write a source to `folder / name` after replacing texts in it; return the path.

    Raises:
        ValueError: a text to replace is not there.
    """
    for old, new in changes:
        if old not in source:
            raise ValueError(f"not in the source: {old}")
        source = source.replace(old, new)
    path = folder / name
    path.write_text(source)
    return path
