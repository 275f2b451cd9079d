"""Builds, without a server, what `pyflyte register` would send for a module."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from flyteidl.admin.launch_plan_pb2 import LaunchPlan
from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.admin.workflow_pb2 import WorkflowSpec
from flytekit.configuration import ImageConfig, SerializationSettings
from flytekit.core.context_manager import FlyteEntities
from flytekit.image_spec.image_spec import ImageBuildEngine
from flytekit.tools import repo

from tests.support.cron import check_cron
from tests.support.processes import in_child
from tests.support.wiring import check_types

__all__ = ["Registered", "check_cron", "check_types", "register_offline"]

IMAGE = "img:1"


@dataclass(frozen=True)
class Registered:
    """The messages for admin, by name (`module.function`)."""

    tasks: dict[str, TaskSpec]
    workflows: dict[str, WorkflowSpec]
    launch_plans: dict[str, LaunchPlan]


def register_offline(module: Path, *, timeout: float = 60.0) -> Registered:
    """Serialise a module as `pyflyte register --dry-run --copy none --image img:1` does.

    Images of an `ImageSpec` are named, but not built.

    Raises:
        ChildError: the module cannot be imported or serialised; the text has the reason.
    """
    root = repo.find_common_root((str(module),))
    (tasks, workflows, plans), _ = in_child(_serialise, module, folder=Path(root), timeout=timeout)
    return Registered(
        {name: TaskSpec.FromString(data) for name, data in tasks.items()},
        {name: WorkflowSpec.FromString(data) for name, data in workflows.items()},
        {name: LaunchPlan.FromString(data) for name, data in plans.items()},
    )


Messages = tuple[dict[str, bytes], dict[str, bytes], dict[str, bytes]]


def _serialise(module: Path) -> Messages:
    """In the child: let flytekit load the module and serialise all that the module defines."""
    logging.getLogger("flytekit").setLevel(logging.WARNING)
    FlyteEntities.entities.clear()  # what other modules in this process defined
    settings = SerializationSettings(
        project="project",
        domain="development",
        version="v1",
        image_config=ImageConfig.validate_image(None, "image", (IMAGE,)),
    )
    root = repo.find_common_root((str(module),))
    names = repo.list_packages_and_modules(root, [str(module)])
    with mock.patch.object(ImageBuildEngine, "build"):
        repo.serialize_load_only(names, settings, str(root))
        entities = repo.serialize_get_control_plane_entities(
            settings, str(root), is_registration=True
        )
    messages: Messages = ({}, {}, {})
    for entity in entities:
        message: Any = entity.to_flyte_idl()
        kind = next(i for i, known in enumerate(_KINDS) if isinstance(message, known))
        name = entity.id.name if kind == 2 else message.template.id.name
        data = message.SerializeToString(deterministic=True)
        # Maps of one task with the same bound inputs are one and the same task for admin.
        if messages[kind].setdefault(name, data) != data:
            raise ValueError(f"registered twice: {name}")
    return messages


_KINDS = (TaskSpec, WorkflowSpec, LaunchPlan)
