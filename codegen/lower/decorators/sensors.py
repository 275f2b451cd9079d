"""``@airflow_s3_key_sensor`` and ``@airflow_external_task_sensor``:
metaflow/plugins/airflow/sensors. On Airflow the first step waits for them."""

from __future__ import annotations

from codegen.lower.decorators.arguments import Arguments
from codegen.lower.settings import FlowSettings


def s3_key_sensor(arguments: Arguments, settings: FlowSettings) -> None:
    """An error that names flytekit's sensor for files."""
    _needs(arguments, "bucket_key")
    _refuse(
        arguments,
        "the workflow does not wait for the file",
        "Drop it, and let a FileSensor of flytekit.sensor come before the first task in a workflow "
        "around this one.",
    )


def external_task_sensor(arguments: Arguments, settings: FlowSettings) -> None:
    """An error: tasks of Airflow are out of Flyte's sight."""
    _needs(arguments, "external_dag_id")
    _refuse(
        arguments,
        "the workflow does not wait for a task of Airflow",
        "Drop it, and let Airflow start the workflow when its task is done.",
    )


def _needs(arguments: Arguments, name: str) -> None:
    """What Metaflow refuses to do without."""
    argument = arguments.decorator.arguments.get(name)
    if argument is None or arguments.value(name) is None:
        raise arguments.refuse(name, f"{name} is missing", f"Give {name}=….")


def _refuse(arguments: Arguments, message: str, advice: str) -> None:
    decorator = arguments.decorator
    arguments.diagnostics.add(
        "MF647",
        decorator.position,
        f"@{decorator.name}: {message}",
        f"{advice} --drop-decorator {decorator.name} leaves it out.",
    )
