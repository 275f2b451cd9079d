"""Where the programs lie that were installed beside this interpreter."""

import shutil
import sys
from pathlib import Path


def program(name: str) -> str:
    """Path of an installed console script, that of this environment before any other."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return found
