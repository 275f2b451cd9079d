"""Shared by the flows of the team."""

from .settings import TEAM

__all__ = ["TEAM"]
