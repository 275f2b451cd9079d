"""The names that only modules which use Metaflow's library take from libraries and the prelude."""

from __future__ import annotations

from collections.abc import Mapping

#: Library names: where each is imported from ("" for a module itself).
LIBRARY: Mapping[str, str] = {
    "Iterator": "collections.abc",
    "Path": "pathlib",
    "contextmanager": "contextlib",
    "current_context": "flytekit",
    "dataclass": "dataclasses",
    "fsspec": "",
    "multiprocessing": "",
    "re": "",
    "tempfile": "",
    "uuid": "",
    "wait": "multiprocessing.connection",
}

#: Helpers, in the order in which they stand in the module. Each has a template in prelude/library.
HELPERS = (
    "Running",
    "new_task_id",
    "in_step",
    "run_id",
    "pathspec",
    "CURRENT",
    "Current",
    "current",
    "profile",
    "MulticoreException",
    "forked",
    "parallel_imap_unordered",
    "parallel_map",
    "MetaflowS3NotFound",
    "MetaflowS3URLException",
    "S3Object",
    "S3Folder",
    "S3Reads",
    "S3Lists",
    "S3Infos",
    "S3Trees",
    "S3Writes",
    "S3",
)

#: A helper that others derive from, so it stands before all of them.
FIRST = ("MetaflowException",)

#: Builtins that these helpers use, and others do not.
_BUILTINS = ("enumerate", "hasattr", "open", "property", "sorted", "zip")

NAMES = frozenset({*LIBRARY, *HELPERS, *FIRST, *_BUILTINS})
