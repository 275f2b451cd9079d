"""A structural description of any value: equal descriptions mean same value and same types.

`==` is not enough to compare artifacts: `1 == True == 1.0`, `nan != nan`, dicts ignore their order,
and most classes have no `__eq__`. Descriptions are nested tuples of strings, numbers and bytes, so
they can be compared and pickled in any process, with or without the classes they speak of.
"""

import copyreg
import itertools
import os
import sys
import sysconfig
import types
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import Any, TypeAlias

Canonical: TypeAlias = tuple[Any, ...]
"""A tag (`"int"`, `"list"`, `"object"` …) and what the tag needs to be told apart."""

_BY_NAME = (type, types.FunctionType)
_SEQUENCES = (list, tuple)
_SETS = (set, frozenset)

#: What @catch leaves behind: metaflow/exception.py, and its counterpart in generated modules.
_CAUGHT = ("MetaflowExceptionWrapper", "CaughtError")

#: A mapping of a Config: metaflow/user_configs/config_parameters.py, and in generated modules.
_CONFIG = "ConfigValue"


def canonical(value: object) -> Canonical:
    """Describe `value` down to its leaves.

    Floats are told apart as `repr` does (so nan equals nan, and -0.0 differs from 0.0), dicts keep
    their order, sets have none, attributes are sorted by name, and a reference back to a container
    becomes its depth. Classes and functions stand for themselves by qualified name; the module
    counts only for installed code, because the user's own module has another name under Metaflow
    (`__main__`) than under Flyte. Aliases inside a value are not recorded.

    Raises:
        TypeError: the value cannot be pickled, hence cannot be an artifact (a lock, a generator).
        RecursionError: it is nested deeper than the interpreter's limit.
    """
    return _describe(value, ())


def show(description: Canonical) -> str:
    """Render a description for people, close to the `repr` of the value it describes."""
    tag, *rest = description
    if tag in _BRACKETS:
        opening, closing = _BRACKETS[tag]
        comma = "," if tag == "tuple" and len(rest[0]) == 1 else ""
        return opening + ", ".join(map(show, rest[0])) + comma + closing
    if tag == "dict":
        return "{" + ", ".join(f"{show(key)}: {show(item)}" for key, item in rest[0]) + "}"
    if tag in ("int", "bool", "str", "bytes"):
        return repr(rest[0])
    if tag in ("float", "complex", "none", "name"):
        return str(rest[0])
    return f"<{tag} {', '.join(map(_show_part, rest))}>"


def contrast(left: Canonical, right: Canonical, width: int = 70) -> tuple[str, str]:
    """Render two different descriptions, `width` characters of each around where they differ."""
    texts = show(left), show(right)
    if texts[0] == texts[1]:
        texts = repr(left), repr(right)
    same = len(os.path.commonprefix(texts))
    start = max(0, same - width // 3)
    cut = [("…" if start else "") + text[start : start + width] for text in texts]
    return cut[0], cut[1]


def type_name(kind: type) -> str:
    """Qualified name of a class, with its module only if that is installed code."""
    return _qualified(kind.__module__, kind.__qualname__)


def _describe(value: Any, above: tuple[int, ...]) -> Canonical:
    """`above` holds the ids of the containers around `value`, outermost first."""
    kind = type(value)
    if value is None:
        return ("none", "None")
    if kind in (bool, int, str, bytes):
        return (kind.__name__, value)
    if kind in (float, complex):
        return (kind.__name__, repr(value))
    if isinstance(value, _BY_NAME):
        return ("name", _qualified(getattr(value, "__module__", None), value.__qualname__))
    if isinstance(value, types.ModuleType):
        return ("module", value.__name__)
    if isinstance(value, Enum):
        return ("enum", type_name(kind), value.name or "", _describe(value.value, above))
    if id(value) in above:
        return ("cycle", above.index(id(value)))
    inner = (*above, id(value))
    if kind in _SEQUENCES:
        return (kind.__name__, tuple(_describe(item, inner) for item in value))
    if kind is dict:
        return ("dict", _pairs(value.items(), inner))
    if kind.__name__ == _CONFIG and isinstance(value, dict):
        # all mappings in it are of its kind, or else attributes of them would fail
        mixed = [part for part in _within(value) if isinstance(part, dict) and type(part) is dict]
        return ("config", _describe(vars(kind)["to_dict"](value), inner), len(mixed))
    if isinstance(value, _SETS):
        items = _sorted(_describe(item, inner) for item in value)
        if kind in _SETS:
            return (kind.__name__, items)
        # Pickle would save the elements in the order of their hashes, which differs by process.
        return ("set-like", type_name(kind), items, _state(getattr(value, "__dict__", None), inner))
    if kind.__name__ in _CAUGHT and isinstance(value, Exception):
        return _caught(value)
    if isinstance(value, BaseException):
        # Not by __reduce_ex__: subclasses often break it, and pickle keeps no more than this.
        state = _state(value.__dict__, inner)
        return ("exception", type_name(kind), _describe(value.args, inner), state)
    return _array(value, inner) or _frame(value, inner) or _reduced(value, inner)


def _within(value: Any) -> list[Any]:
    """The values in a mapping or sequence, and in those in it."""
    inner = value.values() if isinstance(value, dict) else value
    parts = [*inner] if isinstance(value, (dict, list, tuple)) else []
    return [*parts, *(deep for part in parts for deep in _within(part))]


def _caught(value: Any) -> Canonical:
    """Describe a caught error by its text and type; tracebacks differ, and so do time limits."""
    module, _, name = value.type.rpartition(".")
    if name == "TimeoutException":
        return ("caught", name)
    assert value.stacktrace.startswith("Traceback") and str(value) == value.stacktrace
    return ("caught", _qualified(module, name), value.exception)


def _reduced(value: Any, inner: tuple[int, ...]) -> Canonical:
    """Describe any other object by what pickle would save of it."""
    reduce = copyreg.dispatch_table.get(type(value))
    saved: Any = reduce(value) if reduce else value.__reduce_ex__(4)
    if isinstance(saved, str):
        return ("name", _qualified(getattr(value, "__module__", None), saved))
    maker, arguments, state, items, pairs = (*saved, None, None, None)[:5]
    if getattr(maker, "__name__", "") == "__newobj__":
        maker, arguments = arguments[0], arguments[1:]
    return (
        "object",
        _describe(maker, inner),
        tuple(_describe(argument, inner) for argument in arguments),
        _state(state, inner),
        tuple(_describe(item, inner) for item in items or ()),
        _pairs(pairs or (), inner),
    )


def _state(state: Any, inner: tuple[int, ...]) -> Canonical:
    """Describe the state of an object: attributes by name, or whatever its `__getstate__` gave."""
    if state is None:
        return ()
    if isinstance(state, dict):
        return _sorted(_pairs(state.items(), inner))
    if _is_slots(state):
        # What pickle saves of a class with __slots__: (its __dict__ or None, {slot: value}).
        return _sorted(_pairs(itertools.chain(*(part.items() for part in state if part)), inner))
    return _describe(state, inner)


def _is_slots(state: Any) -> bool:
    return (
        type(state) is tuple
        and len(state) == 2
        and isinstance(state[1], dict)
        and (state[0] is None or isinstance(state[0], dict))
    )


def _array(value: Any, inner: tuple[int, ...]) -> Canonical | None:
    """Describe a numpy array, scalar or dtype; None for anything else."""
    numpy: Any = sys.modules.get("numpy")  # not imported: then nothing can come from it
    if numpy is None:
        return None
    if isinstance(value, numpy.dtype):
        return ("dtype", repr(value))
    if not isinstance(value, numpy.generic) and type(value) is not numpy.ndarray:
        return None
    array = numpy.asarray(value)
    if array.dtype.hasobject:
        content: Any = tuple(_describe(item, inner) for item in array.ravel().tolist())
    else:
        # repr of the Python numbers is exact for every dtype, and all nans look alike in it.
        content = repr(array.tolist())
    return ("array", type_name(type(value)), repr(array.dtype), array.shape, content)


def _frame(value: Any, inner: tuple[int, ...]) -> Canonical | None:
    """Describe a pandas DataFrame, Series or Index; None for anything else."""
    pandas: Any = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "DataFrame"):
        return None
    name = type_name(type(value))
    if isinstance(value, pandas.DataFrame):
        columns = tuple(_column(value.iloc[:, i], inner) for i in range(value.shape[1]))
        labels = tuple(_describe(axis, inner) for axis in (value.columns, value.index))
        return ("frame", name, *labels, columns, _describe(value.attrs, inner))
    if isinstance(value, pandas.Series):
        label = _describe(value.name, inner)
        index = _describe(value.index, inner)
        return ("series", name, label, index, _column(value, inner), _describe(value.attrs, inner))
    if isinstance(value, pandas.MultiIndex):
        names = tuple(_describe(label, inner) for label in value.names)
        levels = tuple(_column(value.get_level_values(i), inner) for i in range(value.nlevels))
        return ("index", name, names, levels)
    if isinstance(value, pandas.Index):
        label = _describe(value.name, inner)
        return ("index", name, label, _column(value, inner), getattr(value, "freqstr", None) or "")
    return None


def _column(values: Any, inner: tuple[int, ...]) -> Canonical:
    """Describe the dtype and the elements of a Series or an Index."""
    items = tuple(_describe(item, inner) for item in values.astype(object).tolist())
    return (_describe(values.dtype, inner), items)


def _pairs(pairs: Iterable[tuple[Any, Any]], inner: tuple[int, ...]) -> Canonical:
    return tuple((_describe(key, inner), _describe(item, inner)) for key, item in pairs)


def _sorted(descriptions: Iterable[Canonical]) -> Canonical:
    """Put descriptions in an order that depends on nothing but themselves."""
    return tuple(sorted(descriptions, key=repr))


def _qualified(module: str | None, qualname: str) -> str:
    return f"{module}.{qualname}" if module and _installed(module) else qualname


@lru_cache(maxsize=1024)
def _installed(module: str) -> bool:
    """Whether a module belongs to Python or to an installed package, so that its name is the same
    everywhere."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return True
    if top == "__main__":
        return False
    source = getattr(sys.modules.get(top), "__file__", None) or ""
    return source.startswith(tuple(sysconfig.get_path(name) for name in ("purelib", "platlib")))


def _show_part(part: object) -> str:
    if not isinstance(part, tuple):
        return str(part)
    if part and isinstance(part[0], str):
        return show(part)
    return "(" + ", ".join(map(_show_part, part)) + ")"


_BRACKETS = {
    "list": ("[", "]"),
    "tuple": ("(", ")"),
    "set": ("{", "}"),
    "frozenset": ("frozenset({", "})"),
}
