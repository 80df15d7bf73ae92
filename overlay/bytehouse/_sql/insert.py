"""Write rows as INSERT statements of bounded size."""

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
    """Describe what hands out Arrow data: tables and frames of pyarrow, pandas and polars."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand out the data."""


Insertable = (
    Iterable[Sequence[Any]] | Iterable[Mapping[str, Any]] | ArrowStream | str | PathLike[str]
)


@attrs.frozen
class Block:
    """Hold an INSERT statement.

    Attributes:
        position: Number of its first row among all, from 0.
        rows: How many rows it has.
    """

    sql: str = attrs.field(repr=False)
    position: int
    rows: int


class RowRefused(Exception):
    """Say that a row cannot be written; `position` is its number, from 0."""

    def __init__(self, position: int, error: InvalidArgument) -> None:
        super().__init__(str(error))
        self.position = position
        self.error = error


def target_of(table: str | Identifier) -> Identifier:
    """Return the name of a table.

    Raises:
        InvalidArgument: It is not a table, or a database and a table, with a dot between.
    """
    if isinstance(table, Identifier):
        return table
    parts = table.split(".")
    if len(parts) > 2 or not all(parts) or any(mark in table for mark in "`\"'"):
        raise InvalidArgument(
            f"{table!r} is no name of a table.",
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
    """Write rows as INSERT statements, as many in each as fit.

    Args:
        table: Where they go.
        data: The rows.
        columns: Names of their values; those of the data if not given, or all of the table's.
        null: What stands for NULL in a CSV file.
        block_bytes: Bytes that a statement has at most, unless a single row has more.
        block_rows: Rows that a statement has at most.

    Raises:
        InvalidArgument: The data is none that can be inserted.
        RowRefused: A row cannot be written.
    """
    target = target_of(table)
    if block_bytes < 1 or block_rows < 1:
        raise InvalidArgument("A block must have room for a row.")
    source = read_rows(data, columns, null)
    named = (
        f" ({', '.join(str(Identifier(name)) for name in source.columns)})"
        if source.columns
        else ""
    )
    head = f"INSERT INTO {target}{named} VALUES "  # noqa: S608 - quoted by Identifier
    return pack_rows(head, _texts(source), block_bytes, block_rows)


def pack_rows(
    head: str,
    rows: Iterable[str],
    block_bytes: int = BLOCK_BYTES,
    block_rows: int = BLOCK_ROWS,
) -> Iterator[Block]:
    """Put as many rows behind the head of an INSERT as fit, in one statement after another.

    Args:
        head: What comes before the rows.
        rows: The rows as they stand in a statement.
        block_bytes: Bytes that a statement has at most, unless a single row has more.
        block_rows: Rows that a statement has at most.
    """
    written: list[str] = []
    size = begin = 0
    for position, text in enumerate(rows):
        length = len(text) if text.isascii() else len(text.encode())
        if written and (size + length + 2 > block_bytes - len(head) or len(written) >= block_rows):
            yield Block(head + ", ".join(written), begin, len(written))
            written, size, begin = [], 0, position
        written.append(text)
        size += length + 2
    if written:
        yield Block(head + ", ".join(written), begin, len(written))


def _texts(source: Rows) -> Iterator[str]:
    """Write the rows one by one."""
    width = len(source.columns) if source.columns else None
    position = 0
    try:
        for row in source.rows:
            yield _written(row, width)
            width = len(row)
            position += 1
    except InvalidArgument as error:
        raise RowRefused(position, error) from None


def _written(row: Sequence[Any], width: int | None) -> str:
    if isinstance(row, str | bytes | Mapping) or not isinstance(row, Sequence):
        raise InvalidArgument(f"A row is a sequence of values, not a {type(row).__name__}.")
    if not row or (width is not None and len(row) != width):
        raise InvalidArgument(f"A row has {len(row)} values where there are {width or 'some'}.")
    return f"({', '.join(map(row_literal, row))})"


def insert_failed(error: ByteHouseError, acknowledged: int, position: int) -> InsertFailed:
    """Return the error that says how far an insertion came."""
    unknown = isinstance(error, OutcomeUnknown | ResponseDecodeError | ServerError)
    further = "some further ones may be" if unknown else "no further ones are"
    refused = isinstance(error, InvalidArgument)
    which = f"row {position}" if refused else f"the block that begins with row {position}"
    found = InsertFailed(
        f"{which} could not be inserted: {error.message}",
        hint=f"Of all rows, counted from 0, the first {acknowledged} are in the table, {further}.",
    )
    found.acknowledged, found.position, found.outcome_unknown = acknowledged, position, unknown
    for name in ("operation", "method", "path", "role", "takes_role", "attempts", "query_id"):
        setattr(found, name, getattr(error, name))
    found.raw_response = error.raw_response
    return found
