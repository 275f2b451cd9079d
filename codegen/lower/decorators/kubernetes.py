"""``@kubernetes``: metaflow/plugins/kubernetes/kubernetes_decorator.py and kubernetes_job.py."""

from __future__ import annotations

import re
from typing import Any

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.decorators.attributes import plain, table, text, text_or_texts, texts, whole
from codegen.lower.decorators.compute import asked, lacks, read_tmpfs
from codegen.lower.settings import Settings

_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")  # kube_utils.py
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")

#: The arguments of the client's classes of these names.
_TOLERATION = ("effect", "key", "operator", "toleration_seconds", "value")
_SECURITY = (
    "allow_privilege_escalation", "app_armor_profile", "capabilities", "privileged", "proc_mount",
    "read_only_root_filesystem", "run_as_group", "run_as_non_root", "run_as_user",
    "se_linux_options", "seccomp_profile", "windows_options",
)  # fmt: skip

#: What Flyte has nothing for: what this means, and what to do.
_LACKING = {
    "namespace": (
        "pods run in the namespace of their project and domain",
        "Choose the project and the domain where you register the workflow.",
    ),
    "executable": (
        "a task runs under the Python of its image",
        "Put the other Python first in the PATH of the image.",
    ),
}


def kubernetes(arguments: Arguments, settings: Settings) -> None:
    """What the task itself can ask for, and the pod for all else."""
    compute = settings.compute
    stated = ("cpu", "memory", "disk")
    compute.asked["kubernetes"] = asked(arguments, (*stated, "gpu", "shared_memory"), stated)
    compute.guaranteed = _choice(arguments, "qos", ("guaranteed", "burstable")) == "guaranteed"
    if arguments.value("gpu_vendor"):
        compute.vendor = _choice(arguments, "gpu_vendor", ("nvidia", "amd"))
    compute.image = text(arguments, "image")
    compute.labels = table(arguments, "labels")
    for value in compute.labels.values():
        if not _LABEL.fullmatch(value):
            raise arguments.refuse(
                "labels",
                f"{value!r} is no value of a label",
                "Use at most 63 letters, digits, '-', '_' and '.', and the first two at both ends.",
            )
    compute.annotations = table(arguments, "annotations")
    read_tmpfs(arguments, settings)
    _read_pod(arguments, settings)
    lacking = {name: _LACKING[name] for name in _LACKING if text(arguments, name) is not None}
    if arguments.value("hostname_resolution_timeout") is not None:
        arguments.number("hostname_resolution_timeout", 0)
        lacking["hostname_resolution_timeout"] = (
            "parallel tasks do not wait for each other",
            "Remove it.",
        )
    lacks(arguments, settings, lacking)


def _read_pod(arguments: Arguments, settings: Settings) -> None:
    pod = settings.compute.pod
    pod.node_selector = _node_selector(arguments)
    pool = text(arguments, "compute_pool")
    if pool is not None:
        pod.node_selector["outerbounds.co/compute-pool"] = pool
    for one in _dictionaries(arguments, "tolerations"):
        pod.tolerations.append(_known(arguments, "tolerations", one, _TOLERATION))
    pod.service_account = text(arguments, "service_account")
    pod.pull_secrets = texts(arguments, "image_pull_secrets")
    pod.pull_policy = text(arguments, "image_pull_policy")
    if pod.pull_policy not in (None, *_PULL_POLICIES):
        raise arguments.refuse(
            "image_pull_policy",
            f"image_pull_policy={pod.pull_policy!r} is none",
            f"Choose one of {', '.join(_PULL_POLICIES)}.",
        )
    pod.secrets = text_or_texts(arguments, "secrets")
    for claim, path in table(arguments, "persistent_volume_claims").items():
        if not claim or not path:
            message = f"{claim!r} cannot be mounted at {path!r}"
            raise arguments.refuse("persistent_volume_claims", message, "Write {'claim': '/path'}.")
        kind = "V1PersistentVolumeClaimVolumeSource"
        pod.mount(claim, path, "persistent_volume_claim", kind, claim_name=claim)
    port = whole(arguments, "port", 0, 65535)
    if port:
        pod.ports.append(port)
    security = arguments.value("security_context")
    if security is not None:
        pod.security = _known(arguments, "security_context", security, _SECURITY)
    pod.extended_resources.update(_amounts(arguments))


def _choice(arguments: Arguments, name: str, known: tuple[str, str]) -> str:
    value = arguments.value(name, known[-1])
    chosen = value.lower() if isinstance(value, str) else None
    if chosen not in known:
        raise arguments.refuse(
            name, f"{name}={value!r} is not supported", f"Choose {known[0]} or {known[1]}."
        )
    return str(chosen)


def _node_selector(arguments: Arguments) -> dict[str, str]:
    """A dictionary, or ``a=b,c=d``."""
    value = arguments.value("node_selector")
    if not value:
        return {}
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, str):
        pairs = [(key, rest) for key, _, rest in (part.partition("=") for part in value.split(","))]
    elif isinstance(value, dict):
        pairs = list(value.items())
    plain_pairs = ((key, item) for key, item in pairs if isinstance(item, (bool, int, float, str)))
    found = {key: str(item) for key, item in plain_pairs if isinstance(key, str) and key and item}
    if not found or len(found) < len(pairs):
        raise arguments.refuse(
            "node_selector",
            f"node_selector={value!r} is no list of labels, each with one value",
            "Write node_selector={'label': 'value'}.",
        )
    return found


def _dictionaries(arguments: Arguments, name: str) -> list[Any]:
    value = arguments.value(name)
    if value is None or isinstance(value, list):
        return value or []
    raise arguments.refuse(name, f"{name}={value!r} is no list", f"Write {name}=[{{…}}].")


def _known(arguments: Arguments, name: str, value: Any, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or not plain(value) or set(value) - set(known):
        raise arguments.refuse(
            name, f"{name} has no {value!r}", f"Use dictionaries with some of {', '.join(known)}."
        )
    return {key: item for key, item in value.items() if item is not None}


def _amounts(arguments: Arguments) -> dict[str, str]:
    value = arguments.value("extended_resources")
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
        isinstance(key, str) and type(item) in (int, str) and str(item).isalnum()
        for key, item in value.items()
    ):
        raise arguments.refuse(
            "extended_resources",
            f"extended_resources={value!r} is no dictionary of amounts",
            "Write extended_resources={'example.com/device': '1'}.",
        )
    return {key: str(item) for key, item in value.items()}
