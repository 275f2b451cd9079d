"""Source text to model: finds the flow and everything that belongs to it, and imports nothing."""

from codegen.parse.flow import Parsed, parse_flow, parse_flows, report_several

__all__ = ["Parsed", "parse_flow", "parse_flows", "report_several"]
