"""One step to its task."""

from codegen.lower.step.task import lower_step

__all__ = ["lower_step"]
