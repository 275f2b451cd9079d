"""What stands for Metaflow's library in the generated code, and what of it has no counterpart.

This is the one place for a name that is translated wherever it is used: in steps, in helpers and
in the code around the flow. ``PUBLIC`` says for each name of the package what becomes of it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Counterpart:
    """``helper`` is a helper of the prelude, ``text`` the expression with its name in it."""

    helper: str
    text: str = "{}"


#: The modules that have ``S3`` beside the package itself.
S3_MODULES = (
    "metaflow.datatools", "metaflow.datatools.s3", "metaflow.plugins.datatools",
    "metaflow.plugins.datatools.s3", "metaflow.plugins.datatools.s3.s3",
)  # fmt: skip

#: Dotted name in Metaflow → what stands for it. One that begins another is what is left of it.
LIBRARY: Mapping[str, Counterpart] = {
    "metaflow.ConfigValue": Counterpart("ConfigValue"),
    "metaflow.cards.Artifact": Counterpart("ArtifactView"),
    **{
        f"metaflow.cards.{name}": Counterpart(name)
        for name in (
            "Error",
            "EventsTimeline",
            "Image",
            "JSONViewer",
            "Markdown",
            "ProgressBar",
            "PythonCode",
            "Table",
            "ValueBox",
            "VegaChart",
            "YAMLViewer",
        )
    },
    "metaflow.S3": Counterpart("S3"),
    **{
        f"{module}.{name}": Counterpart(name)
        for module in S3_MODULES
        for name in ("MetaflowS3NotFound", "MetaflowS3URLException")
    },
    "metaflow.current": Counterpart("current"),
    "metaflow.current.branch_name": Counterpart("Project", "{}.branch"),
    "metaflow.current.card": Counterpart("current_card", "{}()"),
    "metaflow.current.is_production": Counterpart("Project", "{}.is_production"),
    "metaflow.current.is_user_branch": Counterpart("Project", "{}.is_user_branch"),
    "metaflow.current.project_flow_name": Counterpart("Project", "{}.flow_name"),
    "metaflow.current.project_name": Counterpart("Project", "{}.name"),
    "metaflow.current.retry_count": Counterpart("retry_count", "{}()"),
    "metaflow.exception.MetaflowException": Counterpart("MetaflowException"),
    "metaflow.exception.sys": Counterpart("sys"),
    "metaflow.exception.traceback": Counterpart("traceback"),
    "metaflow.multicore_utils.MulticoreException": Counterpart("MulticoreException"),
    "metaflow.os": Counterpart("os"),
    "metaflow.parallel_imap_unordered": Counterpart("parallel_imap_unordered"),
    "metaflow.parallel_map": Counterpart("parallel_map"),
    "metaflow.plugins.timeout_decorator.TimeoutException": Counterpart("TimeoutException"),
    "metaflow.profile": Counterpart("profile"),
    "metaflow.sys": Counterpart("sys"),
}

#: What @project sets: metaflow/plugins/project_decorator.py. Without it they are not there.
PROJECT_NAMES = frozenset(name for name, found in LIBRARY.items() if found.helper == "Project")

#: What ``current`` has in every task, and is translated by ``codegen.lower.current``.
CURRENT = frozenset(
    {
        "flow_name", "is_running_flow", "namespace", "origin_run_id", "parameter_names", "pathspec",
        "retry_count", "run.id", "run.pathspec", "run_id", "step_name", "tags", "task.id",
        "task.pathspec", "task_id", "tempdir", "username",
    }
)  # fmt: skip

#: What ``current`` has, and generated code cannot have.
CURRENT_REFUSED = frozenset({"graph", "graph_info", "run", "spot_termination_notice", "task"})

#: What ``current`` has in all tasks of a flow with parallel nodes, or in those of the nodes.
CURRENT_PARALLEL = frozenset(
    {
        "is_parallel", "parallel.control_task_id", "parallel.main_ip", "parallel.node_index",
        "parallel.num_nodes",
    }
)  # fmt: skip

#: What ``current`` has in flows or steps with certain decorators only.
CURRENT_DECORATED = frozenset(
    {
        "branch_name", "card", "is_parallel", "is_production", "is_user_branch", "parallel",
        "project_flow_name", "project_name", "trigger",
    }
)  # fmt: skip


def known_part(dotted: str) -> str | None:
    """The beginning of a dotted name that has a counterpart, if any; the longest one."""
    parts = dotted.split(".")
    for end in range(len(parts), 1, -1):
        name = ".".join(parts[:end])
        if name in LIBRARY or name.removeprefix("metaflow.current.") in CURRENT | CURRENT_PARALLEL:
            return name
    return None


def kept_part(dotted: str) -> bool:
    """Whether --keep-metaflow leaves a name as it is."""
    return any(f"{dotted}.".startswith(f"metaflow.{name}.") for name in CLIENT)


class Fate(enum.Enum):
    """What becomes of a name of Metaflow's package."""

    FLOW = "a flow is written with it; the translation reads it"
    TRANSLATED = "it has a counterpart, wherever it is used"
    KEPT = "refused, or kept with --keep-metaflow"
    REFUSED = "refused"


#: What reads Metaflow's own records of runs.
CLIENT = (
    "DataArtifact", "Flow", "Metaflow", "Run", "Step", "Task", "default_metadata",
    "default_namespace", "get_metadata", "get_namespace", "inspect_spin", "metadata", "namespace",
)  # fmt: skip

#: What ``from metaflow.cards import *`` brings.
CARD_NAMES = (
    "Artifact", "BlankCard", "DefaultCard", "Error", "ErrorCard", "EventsTimeline", "Image",
    "JSONViewer", "Markdown", "MetaflowCard", "MetaflowCardComponent", "PageComponent",
    "ProgressBar", "PythonCode", "Table", "VegaChart", "ValueBox", "YAMLViewer", "get_cards",
)  # fmt: skip

#: The classes of metaflow/exception.py, and what else ``import *`` brings of it.
EXCEPTIONS = (
    "CommandException", "ExternalCommandFailed", "InvalidDecoratorAttribute",
    "METAFLOW_EXIT_ALLOW_RETRY", "METAFLOW_EXIT_DISALLOW_RETRY", "MetaflowDataMissing",
    "MetaflowException", "MetaflowExceptionWrapper", "MetaflowInternalError",
    "MetaflowInvalidPathspec", "MetaflowNamespaceMismatch", "MetaflowNotFound",
    "MetaflowTaggingError", "MetaflowUnknownUser", "MissingInMergeArtifactsException",
    "ParameterFieldFailed", "ParameterFieldTypeMismatch", "UnhandledInMergeArtifactsException",
    "sys", "traceback",
)  # fmt: skip

#: What starts or deploys flows.
_RUNNER = ("DeployedFlow", "Deployer", "NBDeployer", "NBRunner", "Runner")

#: Every public name of the package ``metaflow``, with its modules (those of version 2.19).
PUBLIC: Mapping[str, Fate] = {
    **dict.fromkeys(
        (
            "Config", "ConfigValue", "FlowMutator", "FlowSpec", "IncludeFile", "JSONType",
            "JSONTypeClass", "Parameter", "StepMutator", "USER_SKIP_STEP", "UserStepDecorator",
            "airflow_external_task_sensor", "airflow_internal", "airflow_s3_key_sensor",
            "argo_workflows_internal", "batch", "card", "catch", "conda", "conda_base",
            "conda_environment_yml_parser", "config_expr", "environment", "exit_hook",
            "kubernetes", "namespaced_event_name", "package_sources", "parallel", "project",
            "pypi", "pypi_base", "pyproject_toml_parser", "pytorch_parallel",
            "requirements_txt_parser", "resources", "retry", "schedule", "secrets", "step",
            "step_functions_internal", "timeout", "trigger", "trigger_on_finish",
            "unbounded_test_foreach_internal", "user_step_decorator", "yaml_parser",
        ),
        Fate.FLOW,
    ),
    **dict.fromkeys(
        (
            "S3", "cards", "current", "exception", "parallel_imap_unordered", "parallel_map",
            "profile",
        ),
        Fate.TRANSLATED,
    ),
    **dict.fromkeys(CLIENT, Fate.KEPT),
    **dict.fromkeys(_RUNNER, Fate.REFUSED),
    **dict.fromkeys(
        (
            "EXT_PKG", "R", "cli_args", "client", "cmd_with_io", "datastore", "debug",
            "decorators", "event_logger", "events", "extension_support", "flowspec", "graph",
            "includefile", "meta_files", "metadata_provider", "metaflow_config",
            "metaflow_config_funcs", "metaflow_current", "metaflow_environment", "metaflow_git",
            "metaflow_profile", "metaflow_version", "mflog", "monitor", "multicore_utils", "os",
            "package", "packaging_sys", "parameters", "plugins", "runner", "sidecar", "sys",
            "system_context", "tagging_util", "tracing", "tuple_util", "unbounded_foreach",
            "user_configs", "user_decorators", "util", "version",
        ),
        Fate.REFUSED,
    ),
}  # fmt: skip

_READ_RUNS = (
    "What other runs have left is read by flytekit.remote.FlyteRemote on Flyte, or handed over: as "
    "a Parameter, or as a file in a place that both sides know. Or keep it, with --keep-metaflow."
)
_START_RUNS = (
    "Translate the other flow too, and let its launch plan run, by a schedule or by "
    "flytekit.remote.FlyteRemote.execute."
)
_PLAIN = "Do without it, or keep this flow on Metaflow for now."

#: Dotted name in Metaflow → what to do without it. What begins another name stands behind it.
_ADVICE: Mapping[str, str] = {
    "metaflow.cards.get_cards": "The deck of a task is on its page in Flyte's console, and its "
    "file beside the task's outputs; code of the flow cannot read it.",
    "metaflow.cards.MetaflowCard": "Use a blank card with components, or flytekit.Deck by hand in "
    "the generated module.",
    "metaflow.cards.MetaflowCardComponent": "Use the components that metaflow.cards has: Markdown "
    "shows HTML that closes its tags.",
    "metaflow.current.graph": "Write down in the flow what it needs to know about its own steps.",
    "metaflow.current.graph_info": "Write down in the flow what it needs to know about its own "
    "steps.",
    "metaflow.current.run": "current.run.id and current.run.pathspec are translated; tags are "
    "labels of an execution, which pyflyte run sets with --labels.",
    "metaflow.current.spot_termination_notice": "Let Flyte run such tasks again: @retry, and "
    "--interruptible.",
    "metaflow.current.task": "current.task.id and current.task.pathspec are translated; the rest "
    "is on the task's page in Flyte's console.",
    "metaflow.current.trigger": "Flyte starts no workflow by an event: let what starts it give "
    "the event's data as Parameters.",
    **{f"metaflow.{name}": _READ_RUNS for name in (*CLIENT, "client")},
    **{f"metaflow.{name}": _START_RUNS for name in (*_RUNNER, "runner")},
    "metaflow.events": "Flyte starts no workflow by an event: let what starts it give the event's "
    "data as Parameters.",
    "metaflow.exception": "Of Metaflow's exceptions, steps may use MetaflowException; use those of "
    "Python, or a class of your own.",
    "metaflow.integrations.ArgoEvent": "Flyte has no events: start the other workflow with "
    "flytekit.remote.FlyteRemote.execute, or let one workflow call the other.",
    "metaflow.metaflow_config": "Read an environment variable of your own, or write the value out: "
    "what configures Metaflow is not there on Flyte.",
    "metaflow.plugins.secrets": "Use @secrets on the step, which is translated, or "
    "flytekit.current_context().secrets.get by hand in the generated module.",
    "metaflow.plugins.datatools": "Read and write such files with Python itself, or with fsspec.",
    "metaflow.datatools": "Read and write such files with Python itself, or with fsspec.",
    "metaflow.R": "Flows in R stay on Metaflow.",
    "metaflow.unbounded_foreach": "Give the foreach a list.",
    "metaflow.util": "It is a part of Metaflow's own: copy the function into the flow's code.",
    "metaflow.plugins": "It is a part of Metaflow's own: copy what is needed into the flow's code.",
}


def advice(dotted: str, plain: str = _PLAIN) -> str:
    """What to do about a name that has no counterpart; ``plain`` if that is nothing special."""
    for name, text in _ADVICE.items():
        if f"{dotted}.".startswith(f"{name}."):
            return text
    return plain
