"""The carriers in which generated modules move values: `Packed(value)`, and `Unset` inside it."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.support.canonical import Canonical, canonical
from tests.support.result import Artifacts

_OTHERS = "other_artifacts"


def unboxed(value: Any) -> Any:
    """Take a value out of its box; a list of them (what a fan-out gathers) one by one.

    What only refers to a pickled box (a `Reference`) is read from its file.
    """
    if type(value) is list:
        return [unboxed(item) for item in value]
    if type(value).__module__ == "flytekit.models.literals":
        return _read(value)
    # By name and shape, since every generated module brings its own class.
    is_box = type(value).__name__ in ("Artifact", "Packed") and list(
        getattr(value, "__dict__", ())
    ) == ["value"]
    return value.value if is_box else value


def described(values: Mapping[str, Any]) -> Artifacts:
    """Describe named values out of their boxes, without those that are unset.

    What travels under ``other_artifacts`` is described under its own names.
    """
    unset = unset_in(values)
    plain = {key: unboxed(value) for key, value in values.items() if key not in unset}
    plain.update(plain.pop(_OTHERS, {}))
    return {key: canonical(value) for key, value in plain.items()}


def unset_in(values: Mapping[str, Any]) -> frozenset[str]:
    """Names of the values that are unset."""
    return frozenset(name for name, value in values.items() if _is_unset(unboxed(value)))


def named_outputs(result: Any, interface: Any) -> dict[str, Any]:
    """Put names to what a task or workflow returned.

    Args:
        interface: its `python_interface` in flytekit.
    """
    names = list(interface.outputs)
    if not names:
        return {}
    if len(names) == 1:
        # A NamedTuple of one field may come back as a tuple or as its only value.
        is_named = interface.output_tuple_name and isinstance(result, tuple)
        return {names[0]: result[0] if is_named else result}
    return dict(zip(names, result, strict=True))


def task_outputs(result: Any, interface: Any) -> dict[str, Any]:
    """The same for what the task of a step returned.

    If that is one namespace of artifacts, as from a mapped task, they are the outputs.
    """
    if getattr(interface, "output_tuple_name", None) is None and len(interface.outputs) == 1:
        namespace = unboxed(result)
        if isinstance(namespace, SimpleNamespace):
            return vars(namespace)
    return named_outputs(result, interface)


def attributes(description: Canonical) -> Artifacts | None:
    """The attributes of a namespace, by its description; None if it is something else."""
    if description[:2] != ("object", ("name", "types.SimpleNamespace")):
        return None
    return {name: value for (_, name), value in description[3]}


def is_unset(description: Canonical) -> bool:
    """Whether a description is that of the marker of an artifact that was never assigned."""
    return ("name", "Unset") in description[:2] or description == ("name", "Unset")


def _read(literal: Any) -> Any:
    """The value to which a literal refers, out of its box."""
    if literal.collection is not None:
        return [_read(item) for item in literal.collection.literals]
    if literal.scalar is None or literal.scalar.blob is None:
        return literal
    return unboxed(pickle.loads(Path(literal.scalar.blob.uri).read_bytes()))


def _is_unset(value: Any) -> bool:
    """Whether a value, out of its box, is the marker of an artifact that was never assigned."""
    return getattr(value if isinstance(value, type) else type(value), "__name__", "") == "Unset"
