"""Metaflow's decorators into settings, one module each.

A new one is an entry in ``STEP_DECORATORS`` or ``FLOW_DECORATORS``; its attributes stand in
``codegen.parse.table``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codegen.lower.decorators.arguments import Arguments, Refused
from codegen.lower.decorators.environment import environment
from codegen.lower.decorators.parallel import parallel
from codegen.lower.decorators.resources import resources
from codegen.lower.decorators.retry import retry
from codegen.lower.decorators.schedule import schedule
from codegen.lower.decorators.timeout import timeout
from codegen.lower.settings import FlowSettings, Settings

#: Name in Metaflow → the function that reads it into the settings of the step.
STEP_DECORATORS: Mapping[str, Callable[[Arguments, Settings], None]] = {
    "environment": environment,
    "parallel": parallel,
    "resources": resources,
    "retry": retry,
    "timeout": timeout,
}

#: Name in Metaflow → the function that reads it into the settings of the flow.
FLOW_DECORATORS: Mapping[str, Callable[[Arguments, FlowSettings], None]] = {
    "schedule": schedule,
}

__all__ = ["FLOW_DECORATORS", "STEP_DECORATORS", "Arguments", "Refused"]
