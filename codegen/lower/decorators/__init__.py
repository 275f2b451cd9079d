"""Step decorators, one module each. A new one is an entry in ``STEP_DECORATORS`` beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.decorators.environment import environment
from codegen.lower.decorators.parallel import parallel
from codegen.lower.decorators.resources import resources
from codegen.lower.decorators.retry import retry
from codegen.lower.decorators.settings import Settings
from codegen.lower.decorators.timeout import timeout

#: Name in Metaflow → its attributes there, and the function that reads it into the settings.
STEP_DECORATORS: Mapping[str, tuple[tuple[str, ...], Callable[[Arguments, Settings], None]]] = {
    "environment": (("vars",), environment),
    "resources": (("cpu", "gpu", "disk", "memory", "shared_memory"), resources),
    "parallel": ((), parallel),
    "retry": (("times", "minutes_between_retries"), retry),
    "timeout": (("seconds", "minutes", "hours"), timeout),
}

__all__ = ["STEP_DECORATORS", "Arguments", "Settings"]
