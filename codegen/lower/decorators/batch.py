"""``@batch``: metaflow/plugins/aws/batch/batch_decorator.py and batch_client.py."""

from __future__ import annotations

import re

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.decorators.attributes import flag, table, text, text_or_texts, whole
from codegen.lower.decorators.compute import asked, lacks, read_tmpfs
from codegen.lower.settings import Settings

#: What Flyte has nothing for: what this means, and what to do.
_LACKING = {
    "queue": (
        "Flyte starts the pods of a project in its own cluster",
        "Choose the project and the domain where you register the workflow.",
    ),
    "iam_role": (
        "a pod has the role that is bound to its service account",
        "Bind the role to a service account, and run with pyflyte run --service-account.",
    ),
    "execution_role": (
        "Flyte does not run on Fargate",
        "Give the nodes of the cluster what they need to pull the image.",
    ),
    "log_driver": (
        "Flyte collects the logs of all pods alike",
        "Ask who runs your Flyte cluster where the logs go.",
    ),
    "executable": (
        "a task runs under the Python of its image",
        "Put this Python first in the PATH of the image.",
    ),
    "max_swap": ("pods do not swap", "Give the task enough memory."),
    "swappiness": ("pods do not swap", "Give the task enough memory."),
    "aws_batch_tags": (
        "AWS does not see single pods",
        "Use labels= of @kubernetes, and have your cluster's costs told apart by label.",
    ),
}
_LACKING["log_options"] = _LACKING["log_driver"]


def batch(arguments: Arguments, settings: Settings) -> None:
    """A pod of Flyte's like the container on AWS Batch."""
    compute = settings.compute
    numbers = asked(arguments, ("cpu", "memory", "gpu", "shared_memory"))
    storage = whole(arguments, "ephemeral_storage", 0)
    if storage:
        numbers |= asked(arguments, ("ephemeral_storage",))
    compute.asked["batch"] = numbers
    compute.image = text(arguments, "image")
    read_tmpfs(arguments, settings)
    _read_devices(arguments, settings)
    _read_host_volumes(arguments, settings)
    if text_or_texts(arguments, "efs_volumes"):
        raise arguments.refuse(
            "efs_volumes",
            "a pod cannot mount a file system of EFS by its name alone",
            "Make a PersistentVolumeClaim for it, and use "
            "@kubernetes(persistent_volume_claims={'claim': '/mnt/…'}).",
            "MF613",
        )
    if flag(arguments, "privileged"):
        compute.pod.security["privileged"] = True
    lacks(arguments, settings, _lacking(arguments))


def _read_devices(arguments: Arguments, settings: Settings) -> None:
    chips = [name for name in ("inferentia", "trainium") if arguments.value(name) is not None]
    if len(chips) > 1:
        raise arguments.refuse(
            "trainium", "trainium= is another name for inferentia=", "Give one of the two."
        )
    devices = dict.fromkeys(chips, "aws.amazon.com/neuron") | {"efa": "vpc.amazonaws.com/efa"}
    for name, resource in devices.items():
        count = whole(arguments, name, 0)
        if count:
            settings.compute.pod.extended_resources[resource] = str(count)


def _read_host_volumes(arguments: Arguments, settings: Settings) -> None:
    for volume in text_or_texts(arguments, "host_volumes"):
        path, colon, mounted = volume.partition(":")
        if not path or (colon and not mounted):
            message = f"{volume!r} is no folder"
            raise arguments.refuse("host_volumes", message, "Write '/path', or '/path:/mounted'.")
        name = re.sub(r"[^a-z0-9]+", "-", f"host{path}".lower())[:50].rstrip("-")
        settings.compute.pod.mount(
            name, mounted or path, "host_path", "V1HostPathVolumeSource", path=path
        )


def _lacking(arguments: Arguments) -> dict[str, tuple[str, str]]:
    """What is given of the attributes that Flyte has nothing for; checks their values."""
    given: set[str] = set()
    for name in ("queue", "iam_role", "execution_role", "log_driver", "executable"):
        if text(arguments, name) is not None:
            given.add(name)
    for name, most in (("max_swap", 2**31), ("swappiness", 99)):
        if whole(arguments, name, 0, most) is not None:
            given.add(name)
    for option in text_or_texts(arguments, "log_options"):
        given.add("log_options")
        if ":" not in option:
            message = f"{option!r} is no option with a value"
            raise arguments.refuse("log_options", message, "Write 'name:value'.")
    for pair in table(arguments, "aws_batch_tags").items():
        given.add("aws_batch_tags")
        if any(part.lower().startswith("aws:") for part in pair):
            message = "the prefix aws: is reserved"
            raise arguments.refuse("aws_batch_tags", message, "Choose other names and values.")
        if len(pair[0]) > 128 or len(pair[1]) > 256:
            message = f"the tag {pair[0]!r} is too long"
            advice = "Use at most 128 characters for its name, and 256 for its value."
            raise arguments.refuse("aws_batch_tags", message, advice)
    return {name: _LACKING[name] for name in _LACKING if name in given}
