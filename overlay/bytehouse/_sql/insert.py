"""Build INSERT statements of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, Protocol

import attrs

from .._core.options import BLOCK_BYTES, BLOCK_ROWS
from ..errors import (
    ByteHouseError,
    InsertFailed,
    InvalidArgument,
    OutcomeUnknown,
    ResponseDecodeError,
    ServerError,
)
from .insert_sources import Rows, read_rows
from .literals import Identifier, row_literal

__all__ = [
    "BLOCK_BYTES",
    "BLOCK_ROWS",
    "Block",
    "Insertable",
    "insert_failed",
    "insert_statements",
    "pack_rows",
]


class ArrowStream(Protocol):
    """An object that exports Arrow data: a table or data frame of pyarrow, pandas or polars."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the data as a PyCapsule of an Arrow stream."""


Insertable = (
    Iterable[Sequence[Any]] | Iterable[Mapping[str, Any]] | ArrowStream | str | PathLike[str]
)


@attrs.frozen
class Block:
    """An INSERT statement.

    Attributes:
        position: Index of its first row among all rows, from 0.
        rows: Number of its rows.
    """

    sql: str = attrs.field(repr=False)
    position: int
    rows: int


class RowRefused(Exception):
    """A row cannot be written; `position` is its index, from 0."""

    def __init__(self, position: int, error: InvalidArgument) -> None:
        super().__init__(str(error))
        self.position = position
        self.error = error


def target_of(table: str | Identifier) -> Identifier:
    """Return a table name as an identifier.

    Raises:
        InvalidArgument: It is neither "table" nor "database.table".
    """
    if isinstance(table, Identifier):
        return table
    parts = table.split(".")
    if len(parts) > 2 or not all(parts) or any(mark in table for mark in "`\"'"):
        raise InvalidArgument(
            f"{table!r} is not a table name.",
            hint='Write "database.table", or Identifier("database", "table") for other names.',
        )
    return Identifier(*parts)


def insert_statements(
    table: str | Identifier,
    data: Insertable,
    *,
    columns: Sequence[str] | None,
    null: str,
    block_bytes: int,
    block_rows: int,
) -> Iterator[Block]:
    """Yield INSERT statements, each with as many rows as fit.

    Args:
        table: The table to insert into.
        data: The rows.
        columns: Column names of the values; without them those of the data, else all columns of
            the table in order.
        null: The string that means NULL in a CSV file.
        block_bytes: Maximum size of a statement in bytes, unless a single row is larger.
        block_rows: Maximum number of rows of a statement.

    Raises:
        InvalidArgument: The data is of a type that cannot be inserted.
        RowRefused: A row cannot be written.
    """
    target = target_of(table)
    if block_bytes < 1 or block_rows < 1:
        raise InvalidArgument("block_bytes and block_rows must be at least 1.")
    source = read_rows(data, columns, null)
    column_list = (
        f" ({', '.join(str(Identifier(name)) for name in source.columns)})"
        if source.columns
        else ""
    )
    head = f"INSERT INTO {target}{column_list} VALUES "  # noqa: S608 - quoted by Identifier
    return pack_rows(head, _rows_as_sql(source), block_bytes, block_rows)


def pack_rows(
    head: str,
    rows: Iterable[str],
    block_bytes: int = BLOCK_BYTES,
    block_rows: int = BLOCK_ROWS,
) -> Iterator[Block]:
    """Yield INSERT statements with the same head, each with as many rows as fit.

    Args:
        head: The statement up to its rows.
        rows: The rows as SQL.
        block_bytes: Maximum size of a statement in bytes, unless a single row is larger.
        block_rows: Maximum number of rows of a statement.
    """
    packed: list[str] = []
    size = begin = 0
    for position, row in enumerate(rows):
        length = len(row) if row.isascii() else len(row.encode())
        if packed and (size + length + 2 > block_bytes - len(head) or len(packed) >= block_rows):
            yield Block(head + ", ".join(packed), begin, len(packed))
            packed, size, begin = [], 0, position
        packed.append(row)
        size += length + 2
    if packed:
        yield Block(head + ", ".join(packed), begin, len(packed))


def _rows_as_sql(source: Rows) -> Iterator[str]:
    """Yield each row as SQL."""
    width = len(source.columns) if source.columns else None
    position = 0
    try:
        for row in source.rows:
            yield _row_as_sql(row, width)
            width = len(row)
            position += 1
    except InvalidArgument as error:
        raise RowRefused(position, error) from None


def _row_as_sql(row: Sequence[Any], width: int | None) -> str:
    if isinstance(row, str | bytes | Mapping) or not isinstance(row, Sequence):
        raise InvalidArgument(f"A row is a sequence of values, not a {type(row).__name__}.")
    if not row or (width is not None and len(row) != width):
        raise InvalidArgument(f"A row has {len(row)} values where there are {width or 'some'}.")
    return f"({', '.join(map(row_literal, row))})"


def insert_failed(error: ByteHouseError, acknowledged: int, position: int) -> InsertFailed:
    """Return the error of an insertion that stopped part way."""
    unknown = isinstance(error, OutcomeUnknown | ResponseDecodeError | ServerError)
    further = "some further ones may be" if unknown else "no further ones are"
    refused = isinstance(error, InvalidArgument)
    which = f"row {position}" if refused else f"the block that begins with row {position}"
    failure = InsertFailed(
        f"{which} could not be inserted: {error.message}",
        hint=f"Of all rows, counted from 0, the first {acknowledged} are in the table, {further}.",
    )
    failure.acknowledged, failure.position, failure.outcome_unknown = (
        acknowledged,
        position,
        unknown,
    )
    for name in ("operation", "method", "path", "role", "takes_role", "attempts", "query_id"):
        setattr(failure, name, getattr(error, name))
    failure.raw_response = error.raw_response
    return failure
