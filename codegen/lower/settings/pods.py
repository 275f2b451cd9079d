"""The pod of a task, as far as it differs from what Flyte makes by itself.

Sources: flytekit's core/pod_template.py and core/utils.py (``_serialize_pod_spec``), for what is
merged into it, and what is in metaflow/plugins/kubernetes/kubernetes_job.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codegen.symbols import Symbols

#: What Kubernetes calls the arguments of ``Resources``.
_RESOURCES = {
    "cpu": "cpu",
    "mem": "memory",
    "gpu": "nvidia.com/gpu",
    "ephemeral_storage": "ephemeral-storage",
}


@dataclass(frozen=True)
class Volume:
    """What is mounted at ``path``: ``source`` is the argument of ``V1Volume`` for it, ``kind`` its
    class in the client, with the ``arguments``."""

    name: str
    path: str
    source: str
    kind: str
    arguments: tuple[tuple[str, str], ...]


@dataclass
class Pod:
    """Beside those of the pod, settings of its only container: ``pull_policy``, ``secrets`` (all
    keys of these are environment variables), ``variables``, ``ports``, ``security`` and
    ``extended_resources``, whose amounts are requests and limits."""

    node_selector: dict[str, str] = field(default_factory=dict)
    tolerations: list[dict[str, Any]] = field(default_factory=list)
    service_account: str | None = None
    pull_secrets: list[str] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)
    pull_policy: str | None = None
    secrets: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    ports: list[int] = field(default_factory=list)
    security: dict[str, Any] = field(default_factory=dict)
    extended_resources: dict[str, str] = field(default_factory=dict)

    @property
    def needed(self) -> bool:
        """Whether there is anything to say about the pod."""
        return self != Pod()

    def mount(self, name: str, at: str, source: str, kind: str, **arguments: str) -> None:
        """Add a volume under a name that no other volume has."""
        taken = {volume.name for volume in self.volumes}
        number = 2
        unique = name
        while unique in taken:
            unique = f"{name}-{number}"
            number += 1
        given = tuple((key, repr(value)) for key, value in arguments.items())
        self.volumes.append(Volume(unique, at, source, kind, given))

    def text(self, symbols: Symbols, requests: Mapping[str, str], guaranteed: bool) -> str:
        """The expression that makes it."""
        write = _Writer(symbols)
        spec = write.call(
            "V1PodSpec",
            containers=f"[{self._container(write, requests, guaranteed)}]",
            image_pull_secrets=write.each("V1LocalObjectReference", name=self.pull_secrets),
            node_selector=write.literal(self.node_selector),
            service_account_name=write.literal(self.service_account),
            tolerations=write.all(write.literals("V1Toleration", one) for one in self.tolerations),
            volumes=write.all(
                write.call(
                    "V1Volume",
                    name=repr(one.name),
                    **{one.source: write.call(one.kind, **dict(one.arguments))},
                )
                for one in self.volumes
            ),
        )
        return write.call("PodTemplate", pod_spec=spec)

    def _container(self, write: _Writer, requests: Mapping[str, str], guaranteed: bool) -> str:
        """With extended resources, all resources stand in it: flytekit would replace them by those
        of the task."""
        resources = ""
        if self.extended_resources:
            named = {_RESOURCES[name]: amount for name, amount in requests.items()}
            limits = {key: named[key] for key in named if guaranteed or "/" in key}
            resources = write.literals(
                "V1ResourceRequirements",
                {
                    "requests": {**named, **self.extended_resources},
                    "limits": {**limits, **self.extended_resources},
                },
            )
        secrets = (write.call("V1SecretEnvSource", name=repr(name)) for name in self.secrets)
        security = write.literals("V1SecurityContext", self.security) if self.security else ""
        return write.call(
            "V1Container",
            name=repr("primary"),
            resources=resources,
            env=write.all(
                write.call("V1EnvVar", name=repr(name), value=repr(value))
                for name, value in self.variables.items()
            ),
            env_from=write.all(write.call("V1EnvFromSource", secret_ref=one) for one in secrets),
            image_pull_policy=write.literal(self.pull_policy),
            ports=write.each("V1ContainerPort", container_port=self.ports),
            security_context=security,
            volume_mounts=write.all(
                write.call("V1VolumeMount", name=repr(one.name), mount_path=repr(one.path))
                for one in self.volumes
            ),
        )


@dataclass(frozen=True)
class _Writer:
    """Expressions with the classes of the package kubernetes; the text of nothing is empty."""

    symbols: Symbols

    def call(self, kind: str, /, **arguments: str) -> str:
        """An object with those of the arguments that have a text."""
        given = ", ".join(f"{name}={text}" for name, text in arguments.items() if text)
        return f"{self.symbols.use(kind)}({given})"

    def literal(self, value: object) -> str:
        return repr(value) if value else ""

    def literals(self, kind: str, arguments: Mapping[str, Any]) -> str:
        return self.call(kind, **{name: repr(value) for name, value in arguments.items()})

    def all(self, items: Iterable[str]) -> str:
        text = ", ".join(items)
        return f"[{text}]" if text else ""

    def each(self, kind: str, /, **arguments: Iterable[object]) -> str:
        """An object for each value of its only argument."""
        ((name, values),) = arguments.items()
        return self.all(self.literals(kind, {name: value}) for value in values)
