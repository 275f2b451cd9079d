"""Decorators of Metaflow's extension packages: what each does, and what a Flyte user does instead.

They are not part of Metaflow itself, so their source is not at hand, and none is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Extension:
    """``does`` goes on after the decorator's name, ``instead`` is a sentence."""

    does: str
    instead: str


_ASIDE = "on which no result depends"
_INFERENCE = (
    "serves models beside the step",
    "Flyte starts the server beside a task: give @task(pod_template=…) the one of {} in "
    "flytekitplugins-inference.",
)

#: Name → what is known of it.
EXTENSIONS: Mapping[str, Extension] = {
    "app_deploy": Extension(
        "deploys an app from the flow",
        "Deploy it outside of the workflow, or in a step with the client of its platform.",
    ),
    "checkpoint": Extension(
        "lets an attempt go on where the last one ended, by current.checkpoint",
        "In a Flyte task, flytekit.current_context().checkpoint reads and writes what the next "
        "attempt finds.",
    ),
    "deepspeed": Extension(
        "runs the step as a DeepSpeed job on several nodes",
        "Give the task task_config=Elastic(nnodes=…, nproc_per_node=…) of "
        "flytekitplugins-kfpytorch and start DeepSpeed in its body.",
    ),
    "fast_bakery_internal": Extension(
        "has an image built for the packages of the step",
        "Leave it out: @pypi and @conda become an ImageSpec, which flytekit builds.",
    ),
    "gpu_profile": Extension(
        f"samples the load of the GPUs into a card, {_ASIDE}",
        "Leave it out, and watch the GPUs with the metrics of the cluster.",
    ),
    "huggingface_hub": Extension(
        "downloads models from Hugging Face, and keeps them for later runs",
        "Call huggingface_hub.snapshot_download in the body, or in a step of its own that returns "
        "a FlyteDirectory, with cache=True on its task.",
    ),
    "metaflow_ray": Extension(
        "starts a Ray cluster of the nodes of the step",
        "Give the task task_config=RayJobConfig(…) of flytekitplugins-ray.",
    ),
    "model": Extension(
        "saves and loads models by current.model",
        "Return the model as a FlyteFile or FlyteDirectory, which Flyte stores.",
    ),
    "mpi": Extension(
        "runs the step as an MPI job",
        "Give the task task_config=MPIJob(…) of flytekitplugins-kfmpi.",
    ),
    "nim": Extension(_INFERENCE[0], _INFERENCE[1].format("NIM")),
    "nvct": Extension(
        "runs the step on NVIDIA Cloud",
        "Leave it out, and ask for GPUs of the cluster with @resources(gpu=…).",
    ),
    "nvidia": Extension(
        "runs the step on NVIDIA DGX Cloud",
        "Leave it out, and ask for GPUs of the cluster with @resources(gpu=…).",
    ),
    "ollama": Extension(_INFERENCE[0], _INFERENCE[1].format("Ollama")),
    "ray_parallel": Extension(
        "starts a Ray cluster of the nodes of the step",
        "Give the task task_config=RayJobConfig(…) of flytekitplugins-ray.",
    ),
    "slurm": Extension(
        "runs the step on a Slurm cluster",
        "flytekitplugins-slurm runs tasks there: SlurmFunction is the one for Python.",
    ),
    "snowpark": Extension(
        "runs the step in Snowpark Container Services",
        "Leave it out to run it as a container of the Flyte cluster; flytekitplugins-snowflake "
        "runs queries.",
    ),
    "tensorflow_parallel": Extension(
        "runs the step as a distributed TensorFlow job",
        "Give the task task_config=TfJob(…) of flytekitplugins-kftensorflow.",
    ),
    "titus": Extension(
        "runs the step on Netflix' container platform",
        "Leave it out, and say with @resources what the task needs.",
    ),
    "torchrun": Extension(
        "runs the step as a torchrun job on several nodes",
        "Give the task task_config=Elastic(nnodes=…, nproc_per_node=…) of "
        "flytekitplugins-kfpytorch; it returns what the first process returns.",
    ),
    "vllm": Extension(_INFERENCE[0], _INFERENCE[1].format("VLLM")),
    "wandb_log": Extension(
        f"logs the artifacts of the step to Weights & Biases, {_ASIDE}",
        "Put @wandb_init(project=…, entity=…, secret=…) of flytekitplugins-wandb under @task and "
        "log in the body.",
    ),
}


def not_translated(dotted: str) -> tuple[str, str] | None:
    """Message and advice about a decorator, by its name or where it is imported from; None if it
    is none of these."""
    name = dotted.rpartition(".")[2]
    if name not in EXTENSIONS:
        return None
    found = EXTENSIONS[name]
    return (
        f"@{name} {found.does}: it is not translated",
        f"{found.instead} --drop-decorator {name} leaves it out.",
    )
