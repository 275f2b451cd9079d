"""``@parallel`` and ``@pytorch_parallel``: metaflow/plugins/parallel_decorator.py,
metaflow/plugins/frameworks/pytorch.py."""

from __future__ import annotations

from codegen.lower.decorators.arguments import Arguments, Refused
from codegen.lower.settings import Settings


def parallel(arguments: Arguments, settings: Settings) -> None:
    """Nothing to set: ``num_parallel`` in the transition makes the step a map task."""


def pytorch_parallel(arguments: Arguments, settings: Settings) -> None:
    """Refused: its nodes wait for each other, and the elements of a map task may run one by one.

    A job of torch on several nodes is one task in Flyte, which returns what its first process
    does, so the join behind it would get one input in place of one from each node.
    """
    arguments.diagnostics.add(
        "MF508",
        arguments.decorator.position,
        "@pytorch_parallel starts nodes that train together, and the tasks of a Flyte map do not "
        "know where the others run",
        "Write this step by hand as one task with task_config=Elastic(nnodes=…, nproc_per_node=1) "
        "of flytekitplugins-kfpytorch; it returns what the first process returns.",
        arguments.step,
    )
    raise Refused
