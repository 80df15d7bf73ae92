"""Find floats that came as null: JSON has neither NaN nor the infinities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from .._types.codecs import parse_column_type, unwrap
from .._types.parse import ColumnType

__all__ = ["IsLost", "float_columns"]

IsLost = Callable[[Any], bool]
"""Whether a value has null where only a float can be."""


def float_columns(types: Sequence[str | None]) -> list[tuple[int, IsLost]]:
    """Return the columns with floats that are not Nullable, and what tells that one was lost."""
    kinds = [parse_column_type(type_) for type_ in types]
    found = [None if may_be_null else _finder(kind) for kind, may_be_null in kinds]
    return [(at, is_lost) for at, is_lost in enumerate(found) if is_lost]


def _finder(kind: ColumnType) -> IsLost | None:
    kind = unwrap(kind)
    if kind.name in ("Float64", "Float32", "BFloat16"):
        return lambda value: value is None
    if kind.name not in ("Array", "Map", "Tuple"):
        return None
    inner = [(at, one) for at, one in enumerate(map(_finder, kind.arguments)) if one]
    if kind.name == "Tuple":
        return _of_tuple(inner) if inner else None
    is_lost = dict(inner).get(len(kind.arguments) - 1)  # of a map its values: keys are text
    return None if is_lost is None else lambda value: any(map(is_lost, _items(value)))


def _of_tuple(inner: Sequence[tuple[int, IsLost]]) -> IsLost:
    def is_lost(value: Any) -> bool:
        items = list(_items(value))
        return any(one(items[at]) for at, one in inner if at < len(items))

    return is_lost


def _items(value: Any) -> Iterable[Any]:
    """Return what a container holds; nothing of what is none, as values may be of other types."""
    match value:
        case list() | tuple():
            return value
        case dict():
            return value.values()
        case msgspec.Struct():
            return msgspec.structs.astuple(value)
        case _:
            return ()
