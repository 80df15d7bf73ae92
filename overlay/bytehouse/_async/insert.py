"""Learn the types of a table's columns, and send blocks of rows one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._core.options import CallOptions
from .._sql.insert import (
    Block,
    InsertResult,
    columns_to_insert,
    complete_type,
    insert_failed,
    insert_statements,
    raise_refused,
    rows_note,
)
from .._sql.insert_sources import RowRefused, Source
from .._sql.literals import Identifier
from ..errors import (
    APIError,
    AuthenticationError,
    ByteHouseError,
    InsertFailed,
    InvalidArgument,
    OutcomeUnknown,
    ResponseDecodeError,
    ServerError,
    SkippedRow,
)

if TYPE_CHECKING:
    from .client import AsyncByteHouse

__all__ = ["insert_rows"]


async def insert_rows(
    client: AsyncByteHouse,
    target: Identifier,
    source: Source,
    *,
    column_types: Mapping[str, str] | None,
    check: bool,
    skip: bool,
    block_bytes: int,
    block_rows: int,
    on_block: Callable[[int], object] | None,
    **options: Any,
) -> InsertResult:
    """Insert rows; see `insert` of the client.

    Raises:
        InvalidArgument: The columns of the data are not those of the table; nothing was sent.
        InsertFailed: A row or a block was refused or lost.
    """
    skipped: list[SkippedRow] = []
    columns = None
    if check:
        types = column_types or {}
        if not types or any(name not in types for name in source.names or ()):
            types = {**await _learn_types(client, target, **options), **types}
        columns = columns_to_insert(source.names, types, target)

    def keep(position: int, row: object, error: InvalidArgument) -> None:
        skipped.append(SkippedRow(position, row, error.message))

    blocks = insert_statements(
        target,
        source,
        columns,
        block_bytes=block_bytes,
        block_rows=block_rows,
        on_refused=keep if skip else raise_refused,
    )
    return await _insert_blocks(client, blocks, on_block, skipped, **options)


async def _learn_types(
    client: AsyncByteHouse, table: Identifier, **options: Any
) -> Mapping[str, str]:
    """Return the types of the columns that can be inserted into, by name, in order.

    Raises:
        InsertFailed: The service does not give them; its cause is the first error.
    """
    error: ByteHouseError | None = None
    for ask in (_describe, _select_nothing, _get_table):
        try:
            types = await _reread(client, ask, table, options)
        except AuthenticationError:
            raise
        except (APIError, ResponseDecodeError, OutcomeUnknown) as failure:
            error = error or failure
        else:
            if types:
                return types
    name = ".".join(table.parts)
    failed = InsertFailed(
        f"The types of the columns of {name} could not be read, so nothing was sent"
        + (f": {error.message}" if error else "."),
        hint="Give them in column_types=, or insert without checks with check=False.",
    )
    raise failed from error


_Ask = Callable[..., Any]


async def _reread(
    client: AsyncByteHouse, ask: _Ask, table: Identifier, options: Mapping[str, Any]
) -> Mapping[str, str] | None:
    """Ask, and once more if what became of the first question is unknown: it changes nothing."""
    try:
        types: Mapping[str, str] | None = await ask(client, table, **options)
    except (OutcomeUnknown, ResponseDecodeError, ServerError):
        types = await ask(client, table, **options)
    return types


async def _describe(
    client: AsyncByteHouse, table: Identifier, **options: Any
) -> Mapping[str, str] | None:
    result = await client.query(f"DESCRIBE TABLE {table}", **options)
    rows = [row async for row in result.mappings()]
    if not all(isinstance(row.get("name"), str) and row.get("type") for row in rows):
        return None
    return {
        # The ANSI dialect says apart whether NULL is a value.
        row["name"]: complete_type(str(row["type"]), row.get("nullable"))
        for row in rows
        if row.get("default_type", "") in ("", "DEFAULT", None)
    }


async def _select_nothing(
    client: AsyncByteHouse, table: Identifier, **options: Any
) -> Mapping[str, str] | None:
    result = await client.query(f"SELECT * FROM {table} LIMIT 0", **options)  # noqa: S608 - quoted
    await result.rows()
    columns = result.columns
    return {c.name: c.type for c in columns if c.type} if all(c.type for c in columns) else None


async def _get_table(
    client: AsyncByteHouse, table: Identifier, **options: Any
) -> Mapping[str, str] | None:
    if len(table.parts) != 2:
        return None
    known = {name: options[name] for name in CallOptions.__annotations__ if name in options}
    columns = (await client.tables.get(*table.parts, **known)).columns or []
    if not all(column.name and column.type for column in columns):
        return None
    return {
        str(column.name): complete_type(str(column.type), column.nullable) for column in columns
    }


async def _insert_blocks(
    client: AsyncByteHouse,
    blocks: Iterator[Block],
    on_block: Callable[[int], object] | None,
    skipped: list[SkippedRow],
    **options: Any,
) -> InsertResult:
    """Send blocks until all are acknowledged or one fails; return how many rows were inserted.

    Raises:
        InsertFailed: A row or a block was refused or lost.
    """
    inserted = in_flight = 0
    try:
        for block in blocks:
            in_flight = block.rows
            try:
                await client.queries.execute(block.sql, **options)
            except ByteHouseError as error:
                raise insert_failed(error, inserted, block.position, block.rows, skipped) from error
            inserted, in_flight = inserted + block.rows, 0
            if on_block is not None:
                on_block(inserted)
    except RowRefused as refused:
        raise insert_failed(
            refused.error, inserted, refused.position, 0, skipped
        ) from refused.error
    except InsertFailed:
        raise
    except BaseException as error:
        error.add_note(f"insert: {rows_note(inserted, in_flight)}.")
        raise
    return InsertResult(inserted, skipped)
