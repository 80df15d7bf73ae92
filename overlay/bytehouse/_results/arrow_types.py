"""Change what containers of Arrow hold, wherever it is in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def map_types(arrow: Any, kind: Any, change: Callable[[Any], Any]) -> Any:
    """Return a type with each type that is not a container changed."""

    def inside(inner: Any) -> Any:
        return map_types(arrow, inner, change)

    if arrow.types.is_list(kind):
        return arrow.list_(inside(kind.value_type))
    if arrow.types.is_map(kind):
        return arrow.map_(inside(kind.key_type), inside(kind.item_type))
    if arrow.types.is_struct(kind):
        return arrow.struct([(field.name, inside(field.type)) for field in kind])
    return change(kind)


def map_values(arrow: Any, value: Any, kind: Any, change: Callable[[Any, Any], Any]) -> Any:
    """Return a value of a type with each value that is not a container, and not None, changed."""

    def inside(inner: Any, type_: Any) -> Any:
        return map_values(arrow, inner, type_, change)

    if value is None:
        return None
    if arrow.types.is_list(kind):
        return [inside(item, kind.value_type) for item in value]
    if arrow.types.is_map(kind):
        return [(inside(key, kind.key_type), inside(item, kind.item_type)) for key, item in value]
    if arrow.types.is_struct(kind):
        items = value.values() if isinstance(value, dict) else value
        return tuple(inside(item, field.type) for item, field in zip(items, kind, strict=True))
    return change(value, kind)
