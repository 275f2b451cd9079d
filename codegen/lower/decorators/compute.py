"""What @resources, @kubernetes and @batch ask for together.

Metaflow's rules: metaflow/plugins/kubernetes/kubernetes_decorator.py (``step_init``) and
metaflow/plugins/aws/aws_utils.py (``compute_resource_attributes``).
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from codegen.diagnostics import Diagnostics, Position
from codegen.lower.decorators.arguments import Arguments, Refused
from codegen.lower.decorators.attributes import flag, whole
from codegen.lower.settings import Settings
from codegen.lower.settings.compute import Asked, Tmpfs
from codegen.model import Flow, Step

_NONE = Decimal(0)

#: Of all three decorators; @kubernetes has one for the disk as well.
_DEFAULTS = {"cpu": Decimal(1), "memory": Decimal(4096)}
_DISK = {"disk": Decimal(10240)}

#: What pip and conda call the package with which pods are made.
_CLIENT = frozenset({"kubernetes", "python-kubernetes"})

#: @kubernetes and @batch refuse a shorter time limit.
_SHORTEST = timedelta(minutes=1)


def asked(
    arguments: Arguments, names: tuple[str, ...], stated: tuple[str, ...] = ()
) -> dict[str, Asked]:
    """The numbers among the attributes; those that are None only if their default then does not
    count, for which they are ``stated``."""
    found: dict[str, Asked] = {}
    for name in names:
        given = arguments.value(name)
        argument = arguments.decorator.arguments.get(name)
        if argument is None or (given is None and name not in stated):
            continue
        if isinstance(given, bool):
            raise arguments.refuse(name, f"{given} is not a number", "Give a number.")
        number = Decimal(0) if given is None else Decimal(repr(arguments.number(name, 0)))
        if not 0 <= number < 2**63:
            raise arguments.refuse(
                name, f"{name}={number} is no amount", "Give a number greater than 0."
            )
        found[name] = Asked(number, given, argument.position)
    return found


def read_tmpfs(arguments: Arguments, settings: Settings) -> None:
    """``use_tmpfs`` and its like; a size alone means a folder as well."""
    size = whole(arguments, "tmpfs_size", 0)
    path = arguments.value("tmpfs_path", "/metaflow_temp")
    if not (isinstance(path, str) and path.startswith("/")):
        raise arguments.refuse(
            "tmpfs_path", f"tmpfs_path={path!r} is no absolute path", "Write tmpfs_path='/…'."
        )
    named = flag(arguments, "tmpfs_tempdir", True)
    if flag(arguments, "use_tmpfs") or size:
        settings.compute.tmpfs = Tmpfs(path, size, named)
    if not named:
        meaning = f"current.tempdir is the working directory, where Metaflow has {path}"
        lacks(arguments, settings, {"tmpfs_tempdir": (meaning, f"Write {path!r} in the step.")})


def lacks(
    arguments: Arguments, settings: Settings, attributes: Mapping[str, tuple[str, str]]
) -> None:
    """Warn about attributes that Flyte has nothing for: what this means, and what to do."""
    given = arguments.decorator.arguments
    for name, (meaning, advice) in sorted(
        attributes.items(), key=lambda found: given[found[0]].position
    ):
        settings.compute.messages.append(
            arguments.diagnostics.add(
                "MF612",
                given[name].position,
                f"@{arguments.decorator.name}({name}=…) has no counterpart on Flyte: {meaning}",
                advice,
                arguments.step,
            )
        )


def settle_compute(flow: Flow, settings: Mapping[str, Settings], diagnostics: Diagnostics) -> None:
    """Bring together what the decorators of each step ask for; reports what does not fit."""
    for name, step in flow.steps.items():
        with contextlib.suppress(Refused):  # reported where it was found
            _Machine(step, settings[name], diagnostics).settle()
    first, *others = [name for name in flow.steps if settings[name].compute.pod.needed] or [""]
    if first:
        steps = ", ".join((first, *others))
        settings[first].compute.messages.insert(
            0,
            diagnostics.add(
                "MF611",
                _place(flow.steps[first]),
                f"the pods of {steps} need the Python package kubernetes in all images",
                "Install it in the images of all tasks, and where you register the workflow.",
                first,
            ),
        )


def _place(step: Step) -> Position:
    """The decorator that tells where a step runs."""
    remote = ("batch", "kubernetes")
    return next(found.position for found in step.decorators if found.name in remote)


def finish_images(flow: Flow, settings: Mapping[str, Settings], diagnostics: Diagnostics) -> None:
    """What the images need: those of @conda and @pypi get it, others must have it.

    Metaflow brings its own code into any image, where Flyte expects flytekit.
    """
    if any(each.compute.pod.needed for each in settings.values()):
        for each in settings.values():
            found = each.images.environment
            if found is not None and not _CLIENT & {*found.conda, *found.pip}:
                more = {**found.pip, "kubernetes": ""}
                each.images.environment = dataclasses.replace(found, pip=more)
    steps: dict[str, list[str]] = {}
    for name in flow.steps:
        image = settings[name].compute.image
        if image is not None:
            steps.setdefault(image, []).append(name)
    for image, names in steps.items():
        places = (
            decorator.arguments["image"].position
            for decorator in flow.steps[names[0]].decorators
            if "image" in decorator.arguments
        )
        diagnostics.add(
            "MF610",
            next(places),
            f"the image {image} must have flytekit in it, and all that the flow imports",
            f"Build such an image, or remove image= from {', '.join(names)}: the image of the "
            "registration has it.",
            names[0],
        )


class _Machine:
    def __init__(self, step: Step, settings: Settings, diagnostics: Diagnostics) -> None:
        self.step = step
        self.limit = settings.attempts.limit
        self.compute = settings.compute
        self.diagnostics = diagnostics
        self.places = {decorator.name: decorator.position for decorator in step.decorators}

    def settle(self) -> None:
        asked = self.compute.asked
        remote = [name for name in asked if name != "resources"]
        if len(remote) > 1:
            message = "the step has @batch as well as @kubernetes"
            raise self.refuse(self.places[remote[1]], message, "Remove one of the two.")
        if remote and self.limit is not None and self.limit < _SHORTEST:
            raise self.refuse(
                self.places["timeout"],
                f"a limit of {self.limit} is less than the minute that @{remote[0]} needs",
                "Give a minute or more.",
            )
        if "kubernetes" in asked and {"catch", "parallel"} <= self.places.keys():
            message = "Metaflow does not run @parallel with @catch on Kubernetes"
            raise self.refuse(self.places["catch"], message, "Remove @catch, or @kubernetes.")
        common = asked.get("resources")
        if "kubernetes" in asked:
            self.kubernetes(asked["kubernetes"], common)
        elif "batch" in asked:
            self.batch(asked["batch"], common)
        elif common is not None:
            given = {name: one for name, one in common.items() if one.given is not None}
            cpu, memory = (_number(given, name, least) for name, least in _DEFAULTS.items())
            self.request(cpu, f"{_text(memory)}M", _number(common, "gpu"))
            self.request_disk(_number(common, "disk"), "M")
            self.share(_number(common, "shared_memory"))

    def kubernetes(self, own: Mapping[str, Asked], common: Mapping[str, Asked] | None) -> None:
        """The most that any of the two asks for; GPUs and shared memory as @resources has them,
        where it has them."""
        most: dict[str, Decimal] = {}
        for name, default in {**_DEFAULTS, **_DISK}.items():
            most[name] = _number(own, name, default)
            if common is not None:
                most[name] = max(most[name], _number(common, name, _DEFAULTS.get(name, _NONE)))
            if not most[name]:
                raise self.too_little(own[name], f"@kubernetes: {name}={own[name].given}")
        either = {**own, **(common or {})}
        for name, kinds in (("gpu", (int, str)), ("shared_memory", (int,))):
            one = either.get(name)
            if one is not None and (not isinstance(one.given, kinds) or one.number % 1):
                message = f"@kubernetes takes no {name}={one.given!r}"
                raise self.refuse(one.position, message, f"Write {name}= as a whole number.")
        gpu = _number(either, "gpu")
        if self.compute.vendor == "amd" and gpu:
            self.compute.pod.extended_resources["amd.com/gpu"] = _text(gpu)
            gpu = _NONE
        self.request(most["cpu"], f"{_text(most['memory'])}M", gpu)
        self.request_disk(most["disk"], "M")
        self.share(_number(either, "shared_memory"))
        self.mount_tmpfs(_number(own, "memory", _DEFAULTS["memory"]))

    def batch(self, own: Mapping[str, Asked], common: Mapping[str, Asked] | None) -> None:
        """The greater of two, or the one that is given; MiB and GPUs without fractions."""
        found: dict[str, Decimal] = {}
        for name in ("cpu", "memory", "gpu", "shared_memory"):
            default = _DEFAULTS.get(name, _NONE)
            values = [own[name].number] if name in own else []
            if common is not None and name in common:
                values += [common[name].number] if common[name].given is not None else []
            elif common is not None and name in _DEFAULTS:
                values.append(default)
            found[name] = max(values, default=default)
            if name != "cpu":
                found[name] = Decimal(int(found[name]))
            if values and name != "gpu" and not found[name]:
                where = own[name] if name in own else (common or {})[name]
                raise self.too_little(where, f"@batch: {name}={where.given}")
        self.request(found["cpu"], f"{_text(found['memory'])}Mi", found["gpu"])
        if "ephemeral_storage" in own:
            self.request_disk(own["ephemeral_storage"].number, "Gi")
        else:
            self.request_disk(_number(common or {}, "disk"), "M")
        self.share(found["shared_memory"])
        self.mount_tmpfs(found["memory"])

    def request(self, cpu: Decimal, memory: str, gpu: Decimal) -> None:
        self.compute.requests.update(cpu=_text(cpu), mem=memory)
        if gpu:
            self.compute.requests["gpu"] = _text(gpu)

    def request_disk(self, amount: Decimal, unit: str) -> None:
        if amount:
            self.compute.requests["ephemeral_storage"] = _text(amount) + unit

    def share(self, size: Decimal) -> None:
        if size:
            self.compute.shared_memory = f"{_text(size)}Mi"

    def mount_tmpfs(self, memory: Decimal) -> None:
        """A folder in memory, half of it by default; ``current.tempdir`` finds it by its name."""
        tmpfs, pod = self.compute.tmpfs, self.compute.pod
        if tmpfs is None:
            return
        limit = f"{tmpfs.size or int(memory) // 2}Mi"
        pod.mount(
            "tmpfs",
            tmpfs.path,
            "empty_dir",
            "V1EmptyDirVolumeSource",
            medium="Memory",
            size_limit=limit,
        )
        if tmpfs.named:
            pod.variables["METAFLOW_TEMPDIR"] = tmpfs.path

    def too_little(self, asked: Asked, what: str) -> Refused:
        return self.refuse(asked.position, f"{what} is too little", "Give a number greater than 0.")

    def refuse(self, position: Position, message: str, advice: str) -> Refused:
        self.diagnostics.add("MF121", position, message, advice, self.step.name)
        return Refused()


def _number(found: Mapping[str, Asked], name: str, default: Decimal = _NONE) -> Decimal:
    return found[name].number if name in found else default


def _text(number: Decimal) -> str:
    return format(number.normalize(), "f")  # Kubernetes knows no exponents
