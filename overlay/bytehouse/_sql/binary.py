"""Build INSERT statements with rows in ClickHouse's binary format Native, for bulk data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from bytehouse_raw.operations import Operation
from bytehouse_raw.plan import Plan, strings

from .._core.extras import import_optional
from .._core.options import SettingValue
from .._types.parse import ColumnType, parse_type
from ..errors import InvalidArgument
from .insert import CHUNK_ROWS, Block, BlockLimits, InsertColumn, check_chunk, column_writers
from .insert_sources import Source
from .literals import Identifier
from .settings import with_settings

if TYPE_CHECKING:
    from clickhouse_connect.datatypes.base import ClickHouseType

__all__ = ["binary_statements", "insert_plan"]

_OPERATION = Operation(
    id="clickhouse_insert",
    method="POST",
    path="/",
    tag="Queries",
    summary="Insert rows through the ClickHouse interface",
    evidence="documented",
    retry="never",
    pagination=None,
    deprecated=False,
    headers=(),
)


def insert_plan(query_id: str, session_id: str | None, warehouse: str | None) -> Plan[None]:
    """Return the call that sends a block.

    Args:
        query_id: Id of the statement.
        session_id: Session to run in.
        warehouse: Id of the virtual warehouse; a setting of ByteHouse (inferred).
    """
    query = {
        "query_id": query_id,
        # So that the status says how the statement ended.
        "wait_end_of_query": 1,
        "session_id": session_id,
        "virtual_warehouse": warehouse,
    }
    return Plan(_OPERATION, lambda _: None, {}, strings(query), {}, None)


def binary_statements(
    target: Identifier,
    source: Source,
    columns: Sequence[InsertColumn],
    server: tzinfo,
    limits: BlockLimits,
    *,
    settings: Mapping[str, SettingValue] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[Block]:
    """Yield INSERT statements with their rows in binary, each with as many rows as fit.

    Args:
        target: The table to insert into.
        source: The rows.
        columns: The columns, with the types that values are checked against.
        server: Time zone of the server, for times without one in columns without one.
        limits: How many rows fit, and what becomes of those that cannot be inserted.
        settings: Settings of the engine for the statements.
        tags: Their tags.

    Raises:
        InvalidArgument: The values of a column cannot be written in binary.
        RowRefused: The source cannot be read further.
    """
    names = ", ".join(str(Identifier(column.name)) for column in columns)
    into = with_settings(f"INSERT INTO {target} ({names})", settings, tags or {})
    head = f"{into} FORMAT Native\n".encode()
    encoder = _Encoder(columns)
    writers = column_writers(columns, server, nan_is_null=source.nan_is_null, binary=True)
    on_refused, room = limits.on_refused, limits.bytes - len(head)
    chunks = source.chunks(min(CHUNK_ROWS, limits.rows), len(columns), on_refused)
    parts = (
        part
        for chunk in chunks
        for part in encoder.parts(*check_chunk(chunk, writers, columns, on_refused), room)
    )
    return _pack(head, parts, limits)


_Part = tuple[Sequence[int], bytes]


def _pack(head: bytes, parts: Iterable[_Part], limits: BlockLimits) -> Iterator[Block]:
    packed = [head]
    first = rows = size = 0
    for positions, data in parts:
        full = len(head) + size + len(data) > limits.bytes or rows + len(positions) > limits.rows
        if rows and full:
            yield Block(b"".join(packed), first, rows)
            packed, rows, size = [head], 0, 0
        first = first if rows else positions[0]
        packed.append(data)
        rows, size = rows + len(positions), size + len(data)
        # A full block is sent before the source is read further.
        if rows == limits.rows:
            yield Block(b"".join(packed), first, rows)
            packed, rows, size = [head], 0, 0
    if rows:
        yield Block(b"".join(packed), first, rows)


class _Encoder:
    """Write checked columns in the format Native, with clickhouse-connect's types.

    Args:
        columns: The columns.

    Raises:
        InvalidArgument: clickhouse-connect does not know the type of one.
    """

    def __init__(self, columns: Sequence[InsertColumn]) -> None:
        import_optional("clickhouse_connect", "clickhouse")
        from clickhouse_connect.driver.insert import InsertContext

        self._names = [column.name for column in columns]
        self._types = [_type_of(column) for column in columns]
        self._context = InsertContext("", self._names, self._types)

    def parts(
        self, positions: Sequence[int], columns: Sequence[Any], limit: int
    ) -> Iterator[_Part]:
        """Yield rows in binary, in parts of at most so many bytes unless a single row is larger."""
        if not len(positions):
            return
        data = self._encode(len(positions), columns)
        if len(data) <= limit or len(positions) == 1:
            yield positions, data
            return
        half = len(positions) // 2
        for part in (slice(half), slice(half, None)):
            yield from self.parts(positions[part], [column[part] for column in columns], limit)

    def _encode(self, rows: int, columns: Sequence[Any]) -> bytes:
        from clickhouse_connect.driver.common import write_leb128
        from clickhouse_connect.driver.exceptions import Error

        output = bytearray()
        write_leb128(len(columns), output)
        write_leb128(rows, output)
        for name, type_, values in zip(self._names, self._types, columns, strict=True):
            for text in (name.encode(), type_.insert_name.encode()):
                write_leb128(len(text), output)
                output += text
            self._context.start_column(name)
            try:
                type_.write_column(values, output, self._context)
            except Error as error:
                raise InvalidArgument(
                    f"clickhouse-connect cannot write the column {name}: {error}",
                    hint="Insert without via=.",
                ) from None
        return bytes(output)


def _type_of(column: InsertColumn) -> ClickHouseType:
    from clickhouse_connect.datatypes.registry import get_from_name
    from clickhouse_connect.driver.exceptions import Error

    if column.has_json:
        raise InvalidArgument(
            f"The column {column.name} has JSON documents, which are stored as they are only by"
            " statements.",
            hint="Insert without via=.",
        )
    kind = parse_type(column.type)[0]
    name = column.type
    if kind.name == "Nested":
        name = str(ColumnType("Array", (ColumnType("Tuple", kind.arguments),)))
    try:
        return get_from_name(name)
    except (Error, ValueError, TypeError, KeyError, IndexError) as error:
        raise InvalidArgument(
            f"The column {column.name}: clickhouse-connect cannot write {column.type} ({error}).",
            hint="Insert without via=, or give another type for it in column_types=.",
        ) from None
