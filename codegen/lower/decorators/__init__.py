"""Metaflow's decorators into settings, one module each.

A new one is an entry in ``STEP_DECORATORS`` or ``FLOW_DECORATORS``; its attributes stand in
``codegen.parse.table``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codegen.lower.decorators.arguments import Arguments, Refused
from codegen.lower.decorators.batch import batch
from codegen.lower.decorators.card import card
from codegen.lower.decorators.catch import catch
from codegen.lower.decorators.environment import environment
from codegen.lower.decorators.exit_hook import exit_hook
from codegen.lower.decorators.kubernetes import kubernetes
from codegen.lower.decorators.packages import conda, conda_base, pypi, pypi_base
from codegen.lower.decorators.parallel import parallel, pytorch_parallel
from codegen.lower.decorators.project import project
from codegen.lower.decorators.resources import resources
from codegen.lower.decorators.retry import retry
from codegen.lower.decorators.schedule import schedule
from codegen.lower.decorators.secrets import secrets
from codegen.lower.decorators.sensors import external_task_sensor, s3_key_sensor
from codegen.lower.decorators.timeout import timeout
from codegen.lower.decorators.trigger import trigger, trigger_on_finish
from codegen.lower.settings import FlowSettings, Settings

#: Name in Metaflow → the function that reads it into the settings of the step.
STEP_DECORATORS: Mapping[str, Callable[[Arguments, Settings], None]] = {
    "batch": batch,
    "card": card,
    "catch": catch,
    "conda": conda,
    "environment": environment,
    "kubernetes": kubernetes,
    "parallel": parallel,
    "pytorch_parallel": pytorch_parallel,
    "pypi": pypi,
    "resources": resources,
    "retry": retry,
    "secrets": secrets,
    "timeout": timeout,
}

#: Name in Metaflow → the function that reads it into the settings of the flow.
FLOW_DECORATORS: Mapping[str, Callable[[Arguments, FlowSettings], None]] = {
    "airflow_external_task_sensor": external_task_sensor,
    "airflow_s3_key_sensor": s3_key_sensor,
    "conda_base": conda_base,
    "exit_hook": exit_hook,
    "project": project,
    "pypi_base": pypi_base,
    "schedule": schedule,
    "trigger": trigger,
    "trigger_on_finish": trigger_on_finish,
}

__all__ = ["FLOW_DECORATORS", "STEP_DECORATORS", "Arguments", "Refused"]
