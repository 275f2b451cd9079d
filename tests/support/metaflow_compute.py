"""What Metaflow makes of @kubernetes, @batch and @resources, without a cluster: its own code, with
stand-ins for the datastore and for the clients."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from kubernetes import client
from kubernetes.client import ApiClient
from kubernetes.utils.quantity import parse_quantity
from metaflow.plugins.aws.batch.batch_client import BatchJob
from metaflow.plugins.aws.batch.batch_decorator import BatchDecorator
from metaflow.plugins.kubernetes.kube_utils import parse_kube_keyvalue_list
from metaflow.plugins.kubernetes.kubernetes_decorator import KubernetesDecorator
from metaflow.plugins.kubernetes.kubernetes_job import KubernetesJob
from metaflow.plugins.resources_decorator import ResourcesDecorator
from metaflow.plugins.timeout_decorator import TimeoutDecorator

Attributes = dict[str, dict[str, Any]]
"""The decorators of a step, with what they are given."""

#: For mypy, since Metaflow's own functions have no types.
_CLASSES: dict[str, Any] = {
    "batch": BatchDecorator,
    "kubernetes": KubernetesDecorator,
    "resources": ResourcesDecorator,
    "timeout": TimeoutDecorator,
}


def metaflow_pod(decorators: Attributes) -> dict[str, Any]:
    """The pod template that Metaflow sends to Kubernetes, as JSON.

    Raises whatever Metaflow raises.
    """
    given = _settled(decorators, "kubernetes")
    # as kubernetes_decorator.py makes options of them and kubernetes_cli.py reads these
    read: Any = parse_kube_keyvalue_list
    labels = given["node_selector"] or {}
    pairs = ["=".join([key, str(value)]) if value else key for key, value in labels.items()]
    secrets = given["secrets"]
    given |= {
        "node_selector": read(pairs),
        "secrets": [secrets] if isinstance(secrets, str) else secrets or [],
        "step_name": "start",
        "command": ["python"],
        "timeout_in_seconds": 1,
    }
    job: Any = KubernetesJob
    spec = job(SimpleNamespace(get=lambda: client), **given).create_job_spec()
    sent: dict[str, Any] = ApiClient().sanitize_for_serialization(spec)
    return dict(sent["template"])


def metaflow_job(decorators: Attributes, platform: str) -> dict[str, Any]:
    """The container of the job definition that Metaflow registers with AWS Batch, with the
    resources of the job under ``resources``. ``platform`` is EC2 or FARGATE.

    Raises whatever Metaflow raises.
    """
    given = _settled(decorators, "batch")
    registered: dict[str, Any] = {}
    made: Any = BatchJob
    job = made(_batch_client(registered, platform))
    job.cpu(given["cpu"]).memory(given["memory"]).gpu(given["gpu"])
    names = (
        "shared_memory", "max_swap", "swappiness", "inferentia", "efa", "memory", "host_volumes",
        "efs_volumes", "use_tmpfs", "tmpfs_tempdir", "tmpfs_size", "tmpfs_path",
        "ephemeral_storage", "log_driver", "log_options", "privileged",
    )  # fmt: skip
    options = {name: given[name] for name in names}
    options |= {"image": given["image"], "iam_role": "role", "job_queue": "queue"}
    job.job_def(**options, execution_role="role", num_parallel=0)
    asked = job.payload["containerOverrides"]["resourceRequirements"]
    resources = {entry["type"]: entry["value"] for entry in asked}
    return {**registered["containerProperties"], "resources": resources}


def _settled(decorators: Attributes, name: str) -> dict[str, Any]:
    """The attributes of one decorator, after all have seen each other."""
    made = {key: _CLASSES[key](attributes=dict(given)) for key, given in decorators.items()}
    for decorator in made.values():
        decorator.external_init()
    store = SimpleNamespace(TYPE="s3")  # both refuse a local one
    for decorator in made.values():
        decorator.step_init(None, None, "start", list(made.values()), None, store, None)
    return dict(made[name].attributes)


def _batch_client(registered: dict[str, Any], platform: str) -> Any:
    def register(**definition: Any) -> dict[str, str]:
        registered.update(definition)
        return {"jobDefinitionArn": "arn"}

    environments = {"computeEnvironments": [{"computeResources": {"type": platform}}]}
    queues = {"jobQueues": [{"computeEnvironmentOrder": [{"computeEnvironment": "one"}]}]}
    return SimpleNamespace(
        describe_job_queues=lambda **_: queues,
        describe_compute_environments=lambda **_: environments,
        describe_job_definitions=lambda **_: {"jobDefinitions": []},
        register_job_definition=register,
    )


def amounts(resources: dict[str, Any]) -> dict[str, Decimal]:
    """Quantities as numbers, without those that are zero."""
    found = {name: parse_quantity(str(amount)) for name, amount in resources.items()}
    return {name: amount for name, amount in found.items() if amount}
