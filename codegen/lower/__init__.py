"""The flow to the model of a Flyte module: every decision about the output is taken here."""

from codegen.lower.module import lower_module

__all__ = ["lower_module"]
