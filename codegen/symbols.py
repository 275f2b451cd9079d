"""The names that generated code takes from libraries and from its own prelude."""

from __future__ import annotations

from codegen import card_symbols, library_symbols


class Symbols:
    """Names that the generated code takes from libraries, or from its own prelude.

    Asking for a name records it, so that exactly the imports and helpers in use are emitted. A
    name that the user's code has bound otherwise is given out with a trailing underscore.
    """

    #: Library names: where each is imported from ("" for a module itself).
    LIBRARY = {
        "Annotated": "typing",
        "Any": "typing",
        "Cache": "flytekit",
        "Callable": "collections.abc",
        "FlyteFile": "flytekit.types.file",
        "FlyteContext": "flytekit.core.context_manager",
        "Iterable": "collections.abc",
        "List": "typing",
        "Literal": "flytekit.models.literals",
        "LiteralType": "flytekit.models.types",
        "CronSchedule": "flytekit",
        "ImageSpec": "flytekit",
        "FlytePickleTransformer": "flytekit.types.pickle.pickle",
        "FlyteRecoverableException": "flytekit.exceptions.user",
        "LaunchPlan": "flytekit",
        "Mapping": "collections.abc",
        "NamedTuple": "typing",
        "NoReturn": "typing",
        "Path": "pathlib",
        "PodTemplate": "flytekit",
        "Resources": "flytekit",
        "Secret": "flytekit",
        "SimpleNamespace": "types",
        "V1Container": "kubernetes.client",
        "V1ContainerPort": "kubernetes.client",
        "V1EmptyDirVolumeSource": "kubernetes.client",
        "V1EnvFromSource": "kubernetes.client",
        "V1EnvVar": "kubernetes.client",
        "V1HostPathVolumeSource": "kubernetes.client",
        "V1LocalObjectReference": "kubernetes.client",
        "V1PersistentVolumeClaimVolumeSource": "kubernetes.client",
        "V1PodSpec": "kubernetes.client",
        "V1ResourceRequirements": "kubernetes.client",
        "V1SecretEnvSource": "kubernetes.client",
        "V1SecurityContext": "kubernetes.client",
        "V1Toleration": "kubernetes.client",
        "V1Volume": "kubernetes.client",
        "V1VolumeMount": "kubernetes.client",
        "copy": "",
        "dynamic": "flytekit",
        "functools": "",
        "getpass": "",
        "get_type_hints": "typing",
        "itertools": "",
        "json": "",
        "map_task": "flytekit",
        "os": "",
        "pickle": "",
        "reprlib": "",
        "signal": "",
        "task": "flytekit",
        "threading": "",
        "time": "",
        "timedelta": "datetime",
        "traceback": "",
        "workflow": "flytekit",
        **card_symbols.LIBRARY,
        **library_symbols.LIBRARY,
    }

    #: Prelude helpers, in the order in which they stand in the module. Each has a template.
    HELPERS = (
        "Packed",
        "Pickled",
        "Artifact",
        "Reference",
        "with_artifacts",
        "Unset",
        "Inputs",
        "each_mapping",
        "refuse_change",
        "ConfigValue",
        "set_artifacts",
        "merge_artifact",
        "FlowObject",
        "OpenFlowObject",
        "around_step",
        "foreach_indices",
        "item_at",
        "switch_to",
        "repeat_step",
        "LocalRun",
        "retry_count",
        "CaughtError",
        "check_attempt",
        "caught",
        "retry_any_error",
        *library_symbols.FIRST,
        "TimeoutException",
        "time_limit",
        "seeded",
        "metaflow_user",
        "Project",
        "run_hooks",
        "environment",
        "with_secrets",
        "deploy_time",
        "default_file",
        *card_symbols.HELPERS,
        *library_symbols.HELPERS,
    )

    def __init__(
        self,
        taken: frozenset[str],
        bound: frozenset[str],
        imported: dict[str, str],
        local: frozenset[str],
    ) -> None:
        """``taken`` are names with another meaning at the top level, of which the user's code
        has ``bound`` some itself, ``imported`` the user's own imports with their origins,
        ``local`` all names that step bodies use."""
        self._taken = taken
        self._bound = bound
        # an artifact of such a name may get underscores as a local variable
        mine = {f"{name}{more}" for name in local & set(self.HELPERS) for more in ("_", "__")}
        self._local = local | mine
        self._imported = imported
        self._used: dict[str, str] = {}
        self._features: set[str] = set()

    @classmethod
    def reserved(cls, cards: bool = True, library: bool = True) -> frozenset[str]:
        """Every name that generated code may want, used or not: names stay stable that way. Only
        flows with ``cards``, or with other parts of Metaflow's ``library``, want the names of
        those, which are many, and common words."""
        names = frozenset({*cls.LIBRARY, *cls.HELPERS}) - card_symbols.NAMES - library_symbols.NAMES
        names |= card_symbols.NAMES if cards else frozenset()
        return names | library_symbols.NAMES if library else names

    def use(self, name: str, avoid: frozenset[str] = frozenset()) -> str:
        """The name to write for ``name``, where the names in ``avoid`` mean something else."""
        origin = self.LIBRARY.get(name)
        dotted = name if origin == "" else f"{origin}.{name}"
        known = self._imported.get(name) == dotted
        local = name
        if name in self.HELPERS:  # defined once, so its name must be free in every body
            avoid = self._local
        while (local in self._taken and not (known and local == name)) or local in avoid:
            local += "_"
        self._used[local] = name
        return local

    def need(self, feature: str) -> None:
        """Ask a helper for a part that it has only where it is needed."""
        self._features.add(feature)

    def needs(self, feature: str) -> bool:
        """Whether anything asked for that part."""
        return feature in self._features

    def list_of(self, kind: str) -> str:
        """The type of a list, whatever the user's code calls ``list``."""
        return f"{self.use('List') if 'list' in self._bound else 'list'}[{kind}]"

    def uses(self, name: str) -> bool:
        """Whether the generated code uses a library name or helper so far."""
        return name in self._used.values()

    def __getattr__(self, name: str) -> str:
        """``py.task`` in a template: the name to write."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.use(name)

    def is_helper(self, local: str) -> bool:
        """Whether a name has been given out for a helper of the prelude."""
        return self._used.get(local) in self.HELPERS

    def helpers(self) -> tuple[str, ...]:
        """The prelude helpers asked for so far, in their order in the module."""
        used = set(self._used.values())
        return tuple(name for name in self.HELPERS if name in used)

    def imports(self) -> tuple[str, ...]:
        """Import statements for the library names asked for so far."""
        statements = []
        for local, name in sorted(self._used.items()):
            if name in self.LIBRARY:
                origin = self.LIBRARY[name]
                renamed = "" if local == name else f" as {local}"
                prefix = f"from {origin} " if origin else ""
                statements.append(f"{prefix}import {name}{renamed}")
        return tuple(statements)
