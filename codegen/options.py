"""What the user chooses for a translation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Choices of the user.

    ``module`` is the file name of the generated module, for its docstring; ``folder`` is where
    the modules beside the flow are looked for; ``flow`` picks one of several flows; ``drop``
    names decorators that are left out, ``decorate`` has specifications of decorators for all
    steps, such as ``retry:times=2``. ``branch`` and ``production`` are those of @project.
    ``keep_metaflow`` leaves the parts of Metaflow's library that read its records of runs.
    ``s3root`` is where ``S3(run=self)`` keeps the files of runs, the DATATOOLS_S3ROOT of Metaflow.
    ``config`` has names of Configs with files, ``config_value`` such with text.

    For Flyte: ``registry`` is where images are pushed to, ``image`` the one of all tasks that
    choose none; ``cache`` lets all tasks keep their results, ``interruptible`` lets them run on
    machines that may be taken away, and ``max_parallelism`` limits the tasks that run at once.
    """

    module: str = "flyte_wf.py"
    folder: Path | None = None
    flow: str | None = None
    drop: tuple[str, ...] = ()
    decorate: tuple[str, ...] = ()
    branch: str | None = None
    production: bool = False
    keep_metaflow: bool = False
    s3root: str | None = None
    config: tuple[tuple[str, str], ...] = ()
    config_value: tuple[tuple[str, str], ...] = ()
    registry: str | None = None
    image: str | None = None
    cache: bool = False
    interruptible: bool = False
    max_parallelism: int | None = None
