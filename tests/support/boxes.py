"""The carriers in which generated modules move values: `Artifact(value)`, and `Unset` inside it."""

from collections.abc import Mapping
from typing import Any

from tests.support.canonical import canonical
from tests.support.result import Artifacts


def unboxed(value: Any) -> Any:
    """Take a value out of its box; a list of them (what a fan-out gathers) one by one."""
    if type(value) is list:
        return [unboxed(item) for item in value]
    # By name and shape, since every generated module brings its own class.
    is_box = type(value).__name__ in ("Artifact", "Packed") and list(
        getattr(value, "__dict__", ())
    ) == ["value"]
    return value.value if is_box else value


def described(values: Mapping[str, Any]) -> Artifacts:
    """Describe named values out of their boxes, without those that are unset."""
    unset = unset_in(values)
    return {key: canonical(unboxed(value)) for key, value in values.items() if key not in unset}


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


def _is_unset(value: Any) -> bool:
    """Whether a value, out of its box, is the marker of an artifact that was never assigned."""
    return getattr(value if isinstance(value, type) else type(value), "__name__", "") == "Unset"
