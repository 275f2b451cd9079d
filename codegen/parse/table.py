"""Metaflow's own decorators and Parameters, as mutators may add them: metaflow/plugins."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

#: Parameter(name, default, type, help, required, show_default): metaflow/parameters.py.
PARAMETER_ORDER = ("name", "default", "type", "help", "required", "show_default")

#: IncludeFile(name, required, is_text, encoding, help, parser): metaflow/includefile.py.
INCLUDE_FILE_ORDER = ("name", "required", "is_text", "encoding", "help", "parser")

#: Names of Parameters and Configs that Metaflow's own command line has taken: parameters.py.
RESERVED = frozenset(
    {
        "params", "with", "tag", "namespace", "obj", "tags", "decospecs", "run-id-file",
        "max-num-splits", "max-workers", "max-log-size", "user-namespace", "run-id", "task-id",
        "runner-attribute-file",
    }
)  # fmt: skip

_PACKAGES: Mapping[str, Any] = {"packages": {}, "python": None, "disabled": None}
_CONDA: Mapping[str, Any] = {**_PACKAGES, "libraries": {}}
_SENSOR: Mapping[str, Any] = {
    "timeout": 3600, "poke_interval": 60, "mode": "reschedule", "exponential_backoff": True,
    "pool": None, "soft_fail": False, "name": None, "description": None,
}  # fmt: skip

#: Name → attributes with their defaults.
STEP_DECORATORS: Mapping[str, Mapping[str, Any]] = {
    "argo_workflows_internal": {"auto-emit-argo-events": True},
    "airflow_internal": {},
    "batch": {
        **dict.fromkeys(
            ("cpu", "gpu", "memory", "image", "queue", "iam_role", "execution_role",
             "shared_memory", "max_swap", "swappiness", "inferentia", "trainium", "efa",
             "host_volumes", "efs_volumes", "aws_batch_tags", "tmpfs_size", "ephemeral_storage",
             "log_driver", "log_options", "executable")
        ),
        "use_tmpfs": False, "tmpfs_tempdir": True, "tmpfs_path": "/metaflow_temp",
        "privileged": False,
    },
    "card": {
        "type": "default", "options": {}, "scope": "task", "rank": None, "timeout": 45, "id": None,
        "save_errors": True, "customize": False, "refresh_interval": 5,
    },
    "catch": {"var": None, "print_exception": True},
    "conda": _CONDA,
    "environment": {"vars": {}},
    "kubernetes": {
        **dict.fromkeys(
            ("image", "image_pull_policy", "image_pull_secrets", "service_account", "secrets",
             "node_selector", "namespace", "gpu", "gpu_vendor", "tolerations", "labels",
             "annotations", "use_tmpfs", "tmpfs_size", "persistent_volume_claims",
             "shared_memory", "port", "compute_pool", "executable", "security_context")
        ),
        "cpu": "1", "memory": "4096", "disk": "10240", "tmpfs_tempdir": True,
        "tmpfs_path": "/metaflow_temp", "hostname_resolution_timeout": 600, "qos": "burstable",
        "extended_resources": {},
    },
    "parallel": {},
    "pypi": _PACKAGES,
    "pytorch_parallel": {"master_port": None},
    "resources": {
        "cpu": "1", "gpu": None, "disk": None, "memory": "4096", "shared_memory": None,
    },
    "retry": {"times": "3", "minutes_between_retries": "2"},
    "secrets": {"sources": [], "role": None, "allow_override": False},
    "step_functions_internal": {},
    "timeout": {"seconds": 0, "minutes": 0, "hours": 0},
    "unbounded_test_foreach_internal": {},
}  # fmt: skip

#: The same for decorators of flows.
FLOW_DECORATORS: Mapping[str, Mapping[str, Any]] = {
    "airflow_external_task_sensor": {
        **_SENSOR, "external_dag_id": None, "external_task_ids": None,
        "allowed_states": ["success"], "failed_states": None, "execution_delta": None,
        "check_existence": True,
    },
    "airflow_s3_key_sensor": {
        **_SENSOR, "bucket_key": None, "bucket_name": None, "wildcard_match": False,
        "aws_conn_id": None, "verify": None,
    },
    "conda_base": _CONDA,
    "exit_hook": {"on_success": [], "on_error": [], "options": {}},
    "project": {"name": None, "production": False, "branch": None},
    "pypi_base": _PACKAGES,
    "schedule": {
        "cron": None, "weekly": False, "daily": True, "hourly": False, "timezone": None,
    },
    "trigger": {"event": None, "events": [], "options": {}},
    "trigger_on_finish": {"flow": None, "flows": [], "options": {}},
}  # fmt: skip


def specification(text: str) -> tuple[list[Any], dict[str, Any]]:
    """The arguments in ``times=2,vars={"a": 1}``, which may be numbered for a mutator.

    Each value is JSON, else a whole number, else a float, else text. Raises ValueError where
    Metaflow does.
    """
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for part in re.split(r",(?=[\s\w]+=)", text) if text else []:
        name, value = part.split("=", 1)
        if name.isdecimal():
            place = int(name)
            if place > 100:
                raise ValueError("too many arguments")
            args += [None] * (place + 1 - len(args))
            args[place] = _value(value)
        else:
            kwargs[name.strip()] = _value(value)
    return args, kwargs


def _value(text: str) -> Any:
    try:
        return json.loads(text.strip().replace('\\"', '"'))
    except json.JSONDecodeError:
        pass
    for kind in (int, float):
        try:
            return kind(text.strip())
        except ValueError:
            pass
    return text.strip()
