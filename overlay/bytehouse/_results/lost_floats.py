"""Find floats that came as null: JSON has neither NaN nor the infinities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec

from .._types.codecs import parse_column_type, unwrap
from .._types.parse import ColumnType

__all__ = ["HasLost", "float_columns"]

HasLost = Callable[[list[Any]], bool]
"""Whether some of a column's values have null where only a float can be."""


def float_columns(types: Sequence[str | None]) -> list[tuple[int, HasLost]]:
    """Return the columns with floats that are not Nullable, and what tells that one was lost."""
    found = enumerate(map(_finder_of_column, types))
    return [(at, has_lost) for at, has_lost in found if has_lost]


@lru_cache(maxsize=1024)
def _finder_of_column(type_: str | None) -> HasLost | None:
    kind, may_be_null = parse_column_type(type_)
    return None if may_be_null else _finder(kind)


def _finder(kind: ColumnType) -> HasLost | None:
    kind = unwrap(kind)
    if kind.name in ("Float64", "Float32", "BFloat16"):
        return lambda values: None in values
    if kind.name not in ("Array", "Map", "Tuple"):
        return None
    inner = [(at, one) for at, one in enumerate(map(_finder, kind.arguments)) if one]
    if kind.name == "Tuple":
        return _of_tuple(inner) if inner else None
    has_lost = dict(inner).get(len(kind.arguments) - 1)  # of a map its values: keys are text
    return None if has_lost is None else lambda values: has_lost(_all_items(values))


def _of_tuple(inner: Sequence[tuple[int, HasLost]]) -> HasLost:
    def has_lost(values: list[Any]) -> bool:
        tuples = [list(_items(value)) for value in values]
        return any(one([items[at] for items in tuples if at < len(items)]) for at, one in inner)

    return has_lost


def _all_items(values: list[Any]) -> list[Any]:
    """Return what containers hold."""
    if {*map(type, values)} == {list}:
        return list(chain.from_iterable(values))
    return [item for value in values for item in _items(value)]


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
