"""Files that belong to the package but are no Python modules."""

from __future__ import annotations

from pathlib import Path


def folder(name: str, checkout: str) -> Path:
    """A data folder: inside the installed package, or where a checkout keeps it."""
    here = Path(__file__).parent
    installed = here / name
    return installed if installed.is_dir() else here.parent / checkout
