"""``@resources``: metaflow/plugins/resources_decorator.py, with Kubernetes' units as Metaflow
writes them (plugins/kubernetes: decimal megabytes for memory and disk)."""

from __future__ import annotations

from decimal import Decimal

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import Settings


def resources(arguments: Arguments, settings: Settings) -> None:
    """Requests, no limits: Metaflow's default quality of service is "burstable".

    Attributes that are not given have Metaflow's defaults of one core and 4096 MB.
    """
    settings.compute.requests["cpu"] = _amount(arguments, "cpu", 1)
    settings.compute.requests["mem"] = _amount(arguments, "memory", 4096) + "M"
    if arguments.value("gpu") is not None and arguments.number("gpu", 0) > 0:
        settings.compute.requests["gpu"] = _amount(arguments, "gpu", 0)
    if arguments.value("disk") is not None:
        settings.compute.requests["ephemeral_storage"] = _amount(arguments, "disk", 0) + "M"
    if arguments.value("shared_memory") is not None:
        settings.compute.shared_memory = _amount(arguments, "shared_memory", 0) + "Mi"


def _amount(arguments: Arguments, name: str, default: int) -> str:
    number = arguments.number(name, default)
    if not 0 <= number < 2**63:
        raise arguments.refuse(
            name, f"{name}={number} is no amount", "Give a number greater than 0."
        )
    return format(Decimal(repr(number)).normalize(), "f")  # Kubernetes knows no exponents
