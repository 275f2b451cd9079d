"""Which inherited artifacts a step may change in place.

Metaflow stores whatever a task has touched, so a change in place lasts like an assignment. The
analysis follows each artifact through the names of the body: a value either *is* (part of) the
artifact, or is a *fresh* container that merely holds parts of it. It ignores the order of
statements, and takes every call that it does not know for one that changes its arguments.
"""

from codegen.analyse.mutation.module import Mutations

__all__ = ["Mutations"]
