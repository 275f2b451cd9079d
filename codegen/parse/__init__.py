"""Source text to model: finds the flow and everything that belongs to it, and imports nothing."""

from codegen.parse.flow import parse_flow

__all__ = ["parse_flow"]
