"""``@resources``: metaflow/plugins/resources_decorator.py, with Kubernetes' units as Metaflow
writes them (plugins/kubernetes: decimal megabytes for memory and disk)."""

from __future__ import annotations

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.decorators.compute import asked
from codegen.lower.settings import Settings


def resources(arguments: Arguments, settings: Settings) -> None:
    """Requests, no limits: Metaflow's default quality of service is "burstable"."""
    stated = ("cpu", "memory")
    names = (*stated, "gpu", "disk", "shared_memory")
    settings.compute.asked["resources"] = asked(arguments, names, stated)
