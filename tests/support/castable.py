"""Which Flyte types may flow into which: the rules of the compiler in Flyte's backend.

flytekit does not apply them: it serialises a workflow that hands a string to an integer input.
"""

from flyteidl.core.types_pb2 import NONE, STRING, STRUCT, LiteralType, SimpleType


def castable(source: LiteralType, target: LiteralType) -> bool:
    """Whether a value of type `source` may be bound to an input of type `target`."""
    variants = source.union_type.variants
    if source.HasField("union_type") and len(variants) == 1 and _casts(variants[0], target):
        return True
    return _casts(source, target)


def is_optional(variable: LiteralType) -> bool:
    """Whether an input may stay unbound."""
    # As in the backend, `simple` reads as NONE for a variant that is no simple type at all.
    return any(variant.simple == NONE for variant in variable.union_type.variants)


def describe(kind: LiteralType) -> str:
    """Name a type for people."""
    form = kind.WhichOneof("type")
    if form == "simple":
        return str(SimpleType.Name(kind.simple)).lower()
    if form == "collection_type":
        return f"list of {describe(kind.collection_type)}"
    if form == "map_value_type":
        return f"map of {describe(kind.map_value_type)}"
    if form == "union_type":
        return " | ".join(describe(variant) for variant in kind.union_type.variants)
    if form == "blob":
        return f"{kind.blob.format or 'any'} file"
    return str(form)


def _casts(source: LiteralType, target: LiteralType) -> bool:
    form = target.WhichOneof("type")
    if form == "collection_type":
        return _element_casts(source, target, "collection_type")
    if form == "map_value_type":
        return _element_casts(source, target, "map_value_type")
    if form == "union_type":
        return _casts_to_union(source, target)
    if form == "structured_dataset_type":
        # Columns and formats are not looked at: no generated module declares them.
        return _is_none(source) or source.WhichOneof("type") in (form, "schema")
    if form == "schema":
        return source.WhichOneof("type") in (form, "structured_dataset_type")
    if _is_none(target):
        return _is_none(source)
    return _same(source, target)


def _element_casts(source: LiteralType, target: LiteralType, form: str) -> bool:
    """Between lists, or maps; an empty one (its element type is NONE) fits everywhere."""
    if source.WhichOneof("type") != form:
        return False
    element = getattr(source, form)
    return _is_none(element) or _casts(element, getattr(target, form))


def _casts_to_union(source: LiteralType, target: LiteralType) -> bool:
    variants = target.union_type.variants
    if source.HasField("union_type"):
        return all(
            any(castable(possible, variant) for variant in variants)
            for possible in source.union_type.variants
        )
    return sum(castable(source, variant) for variant in variants) == 1  # else it is ambiguous


def _same(source: LiteralType, target: LiteralType) -> bool:
    if source.HasField("enum_type") and _is_string(target):
        return True
    if target.HasField("enum_type") and _is_string(source):
        return True
    if source.structure.tag and source.structure.tag != target.structure.tag:
        return False
    if _is_struct(source) and _is_struct(target):
        # The metadata holds the JSON schema of a dataclass; without it, anything goes.
        known = source.HasField("metadata") and target.HasField("metadata")
        return not known or bool(source.metadata == target.metadata)
    return bool(_bare(source) == _bare(target))


def _bare(kind: LiteralType) -> LiteralType:
    """The type without what does not count in a comparison."""
    bare = LiteralType()
    bare.CopyFrom(kind)
    for field in ("metadata", "annotation", "structure"):
        bare.ClearField(field)
    return bare


def _is_none(kind: LiteralType) -> bool:
    return _is_simple(kind, NONE)


def _is_string(kind: LiteralType) -> bool:
    return _is_simple(kind, STRING)


def _is_struct(kind: LiteralType) -> bool:
    return _is_simple(kind, STRUCT)


def _is_simple(kind: LiteralType, simple: int) -> bool:
    return bool(kind.WhichOneof("type") == "simple" and kind.simple == simple)
