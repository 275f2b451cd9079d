"""Metaflow's environment for @conda and @pypi, without the packages: tasks run in the Python of
this machine, as those of flytekit's local run do.

All else is Metaflow's own: how the decorators of a flow and of its steps come together, and what it
refuses. The type is one of those that the decorators accept.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

conda: Any = importlib.import_module("metaflow.plugins.pypi.conda_environment")  # untyped


class ThisMachine(conda.CondaEnvironment):  # type: ignore[misc]
    """With THIS_MACHINE_ENVIRONMENTS, only writes what each step asks for to that file."""

    TYPE = "fast-bakery"

    def validate_environment(self, logger: Any, datastore_type: str) -> None:
        plugins: Any = importlib.import_module("metaflow.plugins")
        self.datastore_type = datastore_type
        self.datastore = next(d for d in plugins.DATASTORES if d.TYPE == datastore_type)
        self.logger = logger

    def init_environment(self, echo: Any, only_steps: Any = None) -> None:
        found = {step.name: self.get_environment(step) for step in self.flow}
        if file := os.environ.get("THIS_MACHINE_ENVIRONMENTS"):
            Path(file).write_text(json.dumps(found), encoding="utf-8")
            sys.exit()

    def interpreter(self, step_name: str) -> str:
        return sys.executable

    def executable(self, step_name: str, default: Any = None) -> str:
        return sys.executable
