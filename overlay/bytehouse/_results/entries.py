"""Make Arrow tables of the entries of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from bytehouse_raw.types import Model, encode

from .._core import json
from .._core.extras import import_optional
from .._core.html import fields_of, rows_of

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_table(entries: Sequence[object]) -> pa.Table:
    """Return entries as an Arrow table; where values differ too much, a column of JSON strings."""
    arrow = import_optional("pyarrow", "arrow")
    names, rows = rows_of(entries)
    columns = [_column(arrow, [_plain(row[at]) for row in rows]) for at in range(len(names))]
    return arrow.table(columns, names=names)


def _column(arrow: Any, values: list[Any]) -> pa.Array:
    try:
        return arrow.array(values)
    except (arrow.ArrowException, OverflowError):
        written = [None if value is None else json.encode(encode(value)) for value in values]
        return arrow.array([each.decode() if isinstance(each, bytes) else each for each in written])


def _plain(value: object) -> Any:
    match value:
        case Enum():
            return value.value
        case Model():
            return _plain(fields_of(value))
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
