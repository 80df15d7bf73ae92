"""Build INSERT statements of bounded size from checked values."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from itertools import accumulate, chain, islice
from os import PathLike
from typing import IO, Any, Protocol

import attrs

from .._core.extras import import_optional
from .._core.options import BLOCK_BYTES, BLOCK_ROWS, SettingValue
from .._types.arrow_columns import ArrowColumn, is_arrow, joined, nan_as_null, python_value
from .._types.codecs import zone_of
from .._types.identifiers import Identifier, target_of
from .._types.json_documents import JSON_SETTINGS, has_json
from .._types.parse import ColumnType, parse_type
from .._types.values import Unfit, shown
from .._types.writers import Write, Written, one_by_one, writer_of
from ..errors import (
    ByteHouseError,
    InsertFailed,
    InvalidArgument,
    OutcomeUnknown,
    ResponseDecodeError,
    ServerError,
    SkippedRow,
)
from .insert_sources import Chunk, OnRefused, RowRefused, Source
from .literals import literal
from .settings import with_settings

__all__ = [
    "BLOCK_BYTES",
    "BLOCK_ROWS",
    "CHUNK_ROWS",
    "Block",
    "BlockLimits",
    "InsertColumn",
    "InsertResult",
    "Insertable",
    "check_chunk",
    "check_limits",
    "column_writers",
    "columns_to_insert",
    "complete_type",
    "insert_failed",
    "insert_statements",
    "pack_rows",
    "raise_refused",
    "rows_note",
    "target_of",
]

CHUNK_ROWS = 1 << 14


class ArrowStream(Protocol):
    """An object that exports Arrow data: a table or data frame of pyarrow, pandas or polars."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the data as a PyCapsule of an Arrow stream."""


Insertable = (
    Iterable[Sequence[Any]]
    | Iterable[Mapping[str, Any]]
    | Iterable[object]
    | ArrowStream
    | IO[bytes]
    | IO[str]
    | str
    | PathLike[str]
)


class InsertResult(int):
    """How many rows were inserted: an int.

    Attributes:
        skipped: The rows that were left out, with ``on_error="skip"``.
    """

    skipped: tuple[SkippedRow, ...]

    def __new__(cls, inserted: int, skipped: Iterable[SkippedRow] = ()) -> InsertResult:
        result = super().__new__(cls, inserted)
        result.skipped = tuple(skipped)
        return result

    def __getnewargs__(self) -> tuple[int, tuple[SkippedRow, ...]]:  # type: ignore[override]
        return int(self), self.skipped


@attrs.frozen
class Block:
    """An INSERT statement.

    Attributes:
        statement: The statement with its rows: a string, or bytes if the rows are in binary.
        position: Index of its first row among all rows, from 0.
        rows: Number of its rows.
    """

    statement: str | bytes = attrs.field(repr=False)
    position: int
    rows: int


@attrs.frozen
class BlockLimits:
    """How rows are divided into statements.

    Attributes:
        bytes: Maximum size of a statement, unless a single row is larger.
        rows: Maximum number of rows of a statement.
        on_refused: Called with each row that cannot be inserted.
    """

    bytes: int
    rows: int
    on_refused: OnRefused


@attrs.frozen
class InsertColumn:
    """A column to insert into.

    Attributes:
        name: Its name.
        type: Its ClickHouse type.
    """

    name: str
    type: str

    @property
    def has_json(self) -> bool:
        """Whether there are JSON documents in it."""
        return has_json(parse_type(self.type)[0])

    @property
    def lacks_zone(self) -> bool:
        """Whether there are times without a time zone in it, which are those of the server."""
        return _lacks_zone(parse_type(self.type)[0])


def _lacks_zone(kind: ColumnType) -> bool:
    if kind.name in ("DateTime", "DateTime64"):
        return zone_of(kind) is None
    return any(map(_lacks_zone, kind.arguments))


def complete_type(type_: str, nullable: object) -> str:
    """Return a type with its `Nullable`, where that is given separately: a bool or a word."""
    if str(nullable).lower() not in ("true", "yes", "1"):
        return type_
    kind, may_be_null = parse_type(type_, nullable=True)
    return f"Nullable({kind})" if may_be_null else type_


def check_limits(block_bytes: int, block_rows: int) -> None:
    """Raise `InvalidArgument` if a block could hold nothing."""
    if block_bytes < 1 or block_rows < 1:
        raise InvalidArgument("block_bytes and block_rows must be at least 1.")


def columns_to_insert(
    names: Sequence[str] | None, types: Mapping[str, str], target: Identifier
) -> list[InsertColumn]:
    """Return the columns that data goes into.

    Args:
        names: Names of the data's columns; None if it has none.
        types: Types of the table's columns by name, in order.
        target: The table.

    Raises:
        InvalidArgument: The table has no such column, or one whose values cannot be checked.
    """
    if names is not None and len(set(names)) < max(len(names), 1):
        raise InvalidArgument(
            f"Rows need columns, each once, and not {', '.join(map(repr, names)) or 'none'}."
        )
    if missing := [name for name in names or () if name not in types]:
        raise InvalidArgument(
            f"The table {'.'.join(target.parts)} has no column {missing[0]!r} to insert into. "
            f"It has: {', '.join(types)}."
        )
    chosen = [InsertColumn(name, types[name]) for name in (types if names is None else names)]
    for column in chosen:
        try:
            writer_of(column.type)
        except InvalidArgument as error:
            raise InvalidArgument(
                f"The column {column.name}: {error.message}",
                hint="Give another type for it in column_types=, or insert with check=False.",
            ) from None
    return chosen


def insert_statements(
    target: Identifier,
    source: Source,
    columns: Sequence[InsertColumn] | None,
    limits: BlockLimits,
    *,
    server: tzinfo = UTC,
    settings: Mapping[str, SettingValue] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[Block]:
    """Yield INSERT statements, each with as many rows as fit.

    Args:
        target: The table to insert into.
        source: The rows.
        columns: The columns, with the types that values are checked against; None if they are not
            checked.
        limits: How many rows fit, and what becomes of those that cannot be inserted.
        server: Time zone of the server, for times without one in columns without one.
        settings: Settings of the engine for the statements.
        tags: Their tags.

    Raises:
        RowRefused: The source cannot be read further.
    """
    names = source.names if columns is None else [column.name for column in columns]
    column_list = f" ({', '.join(str(Identifier(name)) for name in names)})" if names else ""
    own = f" SETTINGS {JSON_SETTINGS}" if any(c.has_json for c in columns or ()) else ""
    head = f"INSERT INTO {target}{column_list}{own} VALUES "  # noqa: S608 - quoted by Identifier
    head = with_settings(head, settings, tags or {})
    width = len(names) if names else None
    chunks = source.chunks(min(CHUNK_ROWS, limits.rows), width, limits.on_refused)
    writers: Sequence[Write] | None = None
    if columns is not None:
        writers = column_writers(columns, server, nan_is_null=source.nan_is_null)
    elif source.nan_is_null and names:
        writers = [_write_objects_unchecked] * len(names)
    checked = (check_chunk(chunk, writers, columns, limits.on_refused) for chunk in chunks)
    rows = ((positions, _rows(literals)) for positions, literals in checked)
    return pack_rows(head, rows, limits.bytes, limits.rows)


def _rows(columns: Sequence[Written]) -> list[str]:
    """Return the literals of each row, joined by commas."""
    if any(map(is_arrow, columns)):
        arrow = import_optional("pyarrow", "arrow")
        arrays = [
            one if is_arrow(one) else arrow.array(list(one_by_one(one)), arrow.string())
            for one in columns
        ]
        commas = chain.from_iterable((",", array) for array in arrays)
        return list(joined(*islice(commas, 1, None)).to_pylist())
    return list(map(",".join, zip(*columns, strict=True)))


def raise_refused(position: int, _row: object, error: InvalidArgument) -> None:
    """Raise `RowRefused`: the default of `on_refused`."""
    raise RowRefused(position, error)


def column_writers(
    columns: Sequence[InsertColumn], server: tzinfo, *, nan_is_null: bool, binary: bool = False
) -> Sequence[Write]:
    """Return what checks and writes the values of each column.

    Args:
        columns: The columns.
        server: Time zone of the server.
        nan_is_null: Whether nan is NULL in a column that cannot hold nan.
        binary: Whether they are written in binary.
    """
    found = [writer_of(column.type, server, binary=binary) for column in columns]
    return [
        _nan_as_null(each.write) if nan_is_null and not each.holds_nan else each.write
        for each in found
    ]


def _nan_as_null(write: Write) -> Write:
    return lambda values: write(nan_as_null(values))


_WRITTEN_BARE = (int, str, bool)


def _write_unchecked(values: Any) -> Written:
    """Return the literals of values as of parameters, by the types of the values alone."""
    values = values if isinstance(values, list) else ArrowColumn(values).to_tuples()
    literals = list(map(literal, values))
    # The engine reads in parentheses as an expression what it might read inexactly otherwise.
    return [
        text if text == "NULL" or type(value) in _WRITTEN_BARE else f"({text})"
        for text, value in zip(literals, values, strict=True)
    ]


def _write_objects_unchecked(values: Any) -> Written:
    """Return the literals of values of pandas; among objects, nan is a missing value."""
    return _write_unchecked(nan_as_null(values) if isinstance(values, list) else values)


def check_chunk(
    chunk: Chunk,
    writers: Sequence[Write] | None,
    columns: Sequence[InsertColumn] | None,
    on_refused: OnRefused,
) -> tuple[Sequence[int], Sequence[Written]]:
    """Return the positions of the rows that can be inserted, and their columns as written.

    Args:
        chunk: Some rows.
        writers: What writes each column; None if they are written without checks.
        columns: The columns; None if they are not known.
        on_refused: Called with each row that cannot be inserted.
    """
    found: list[Written] = []
    refused: dict[int, InvalidArgument] = {}
    for at, values in enumerate(chunk.columns):
        write = writers[at] if writers else _write_unchecked
        try:
            found.append(write(values))
        except (Unfit, InvalidArgument):
            written, failures = _write_each(write, values)
            found.append(written)
            column = columns[at] if columns else None
            for row, (value, error) in failures.items():
                refused.setdefault(row, _refusal(column, value, error))
    if not refused:
        return chunk.positions, found
    for row in sorted(refused):
        on_refused(chunk.positions[row], chunk.row(row), refused[row])
    kept = [at for at in range(len(chunk.positions)) if at not in refused]
    lists = [list(one_by_one(one)) for one in found]
    return [chunk.positions[at] for at in kept], [[one[at] for at in kept] for one in lists]


def _write_each(
    write: Write, values: Any
) -> tuple[list[Any], dict[int, tuple[Any, Unfit | InvalidArgument]]]:
    """Return what the values become, and the errors of those that are none by index."""
    written: list[Any] = []
    failures: dict[int, tuple[Any, Unfit | InvalidArgument]] = {}
    for at in range(len(values)):
        one = values[at : at + 1]
        try:
            written.extend(one_by_one(write(one)))
        except (Unfit, InvalidArgument) as error:
            written.append("")
            failures[at] = (one[0], error)
    return written, failures


def _refusal(
    column: InsertColumn | None, value: Any, error: Unfit | InvalidArgument
) -> InvalidArgument:
    """Return the error of a value."""
    if column is None:
        return InvalidArgument(str(error))
    value = python_value(value)
    text, reason = shown(value), str(error)
    which = f"The column {column.name} of type {column.type} cannot hold"
    if reason.startswith(text):
        return InvalidArgument(f"{which} {text}: it{reason.removeprefix(text)}.")
    return InvalidArgument(f"{which} {text}: {reason}.")


def pack_rows(
    head: str,
    chunks: Iterable[tuple[Sequence[int], Sequence[str]]],
    block_bytes: int = BLOCK_BYTES,
    block_rows: int = BLOCK_ROWS,
) -> Iterator[Block]:
    """Yield INSERT statements with the same head, each with as many rows as fit.

    Args:
        head: The statement up to its rows.
        chunks: The positions of some rows at a time, and the literals of each, joined by commas.
        block_bytes: Maximum size of a statement in bytes, unless a single row is larger.
        block_rows: Maximum number of rows of a statement.
    """
    separator = "),("
    packed: list[str] = []
    empty = len(head.encode()) + len("()") - len(separator)
    size, count, first = empty, 0, 0
    for positions, rows in chunks:
        if not rows:
            continue
        parts: Sequence[str] = [separator.join(rows)]
        rows_each = len(rows)
        sizes = _sizes(parts, separator)
        if count + rows_each > block_rows or size + sizes[1] > block_bytes:
            parts, rows_each = rows, 1
            sizes = _sizes(parts, separator)
        begin = 0
        while begin < len(parts):
            room = (block_rows - count) // rows_each
            end = _fitting(sizes, begin, block_bytes - size, room)
            # A row that is too large for a block has one of its own.
            end = end if packed else max(end, begin + 1)
            first = first if packed else positions[begin]
            packed += parts[begin:end]
            size += sizes[end] - sizes[begin]
            count += (end - begin) * rows_each
            begin = end
            # A full block is sent before the source is read further.
            if begin < len(parts) or count == block_rows:
                yield Block(f"{head}({separator.join(packed)})", first, count)
                packed, size, count = [], empty, 0
    if packed:
        yield Block(f"{head}({separator.join(packed)})", first, count)


def _sizes(parts: Iterable[str], separator: str) -> list[int]:
    """Return the bytes of the first parts, each with a separator, by their number."""
    sizes = (len(part) if part.isascii() else len(part.encode()) for part in parts)
    return [0, *accumulate(len(separator) + size for size in sizes)]


def _fitting(sizes: Sequence[int], begin: int, room: int, most: int) -> int:
    """Return the end of the parts from `begin` that fit.

    Args:
        sizes: Size of the first parts in bytes, by their number.
        begin: Index of the first part.
        room: How many bytes there may be.
        most: How many parts there may be.
    """
    return min(bisect_right(sizes, sizes[begin] + room) - 1, begin + most)


def rows_note(certain: int, in_flight: int) -> str:
    """Return a sentence about which rows are in the table."""
    possible = (
        f"; the next {in_flight}, which were being sent, may be in it too" if in_flight else ""
    )
    return f"{certain} rows are in the table{possible}"


def insert_failed(
    error: ByteHouseError,
    inserted: int,
    position: int,
    in_flight: int,
    skipped: Iterable[SkippedRow] = (),
) -> InsertFailed:
    """Return the error of an insertion that stopped part way.

    Args:
        error: What stopped it.
        inserted: How many rows are in the table.
        position: Index of the row that was refused, or of the first row of the block that failed.
        in_flight: Number of rows of the block that was sent; 0 if a row was refused.
        skipped: The rows that were left out.
    """
    unknown = in_flight > 0 and isinstance(
        error, OutcomeUnknown | ResponseDecodeError | ServerError
    )
    which = f"the block that begins with row {position}" if in_flight else f"row {position}"
    rows = "rows, counted from 0, are" if not skipped else "rows are"
    if inserted:
        hint = f"The first {inserted} {rows} in the table; "
        hint += f"the next {in_flight} may be." if unknown else "no others are."
    else:
        hint = f"The first {in_flight} rows may be" if unknown else "None of the rows is"
        hint += " in the table."
    failure = InsertFailed(f"{which} could not be inserted: {error.message}", hint=hint)
    failure.acknowledged, failure.position = inserted, position
    failure.possible = inserted + (in_flight if unknown else 0)
    failure.outcome_unknown = unknown
    failure.skipped = tuple(skipped)
    for name in ("operation", "method", "path", "role", "takes_role", "attempts", "query_id"):
        setattr(failure, name, getattr(error, name))
    failure.raw_response = error.raw_response
    return failure
