# Derived from overlay/bytehouse/_async/insert.py by `make generate`. Do not edit.
"""Learn the types of a table's columns, and send blocks of rows one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, tzinfo
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, cast

from .._api.engine_errors import MISSING
from .._core.options import SettingValue, StatementOptions, call_options
from .._sql.insert import (
    Block,
    BlockLimits,
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
from .._sql.statements import Submission, new_query_id
from .._types.times import zone_named
from ..errors import (
    APIError,
    AuthenticationError,
    ByteHouseError,
    InsertFailed,
    InvalidArgument,
    OutcomeUnknown,
    QueryFailed,
    ResponseDecodeError,
    ServerError,
    SkippedRow,
)
from .cancellation import cancel_on_early_exit
from .warehouse_ids import warehouse_id

if TYPE_CHECKING:
    from .client import ByteHouse

__all__ = ["Via", "check_via", "insert_rows"]

Via = Literal["rest", "clickhouse"]


def check_via(client: ByteHouse, via: Via, options: StatementOptions, *, check: bool) -> None:
    """Check that rows can be sent this way.

    Raises:
        InvalidArgument: They cannot.
    """
    if via not in ("rest", "clickhouse"):
        raise InvalidArgument('via must be "rest" or "clickhouse".')
    if via == "rest":
        return
    if not check:
        raise InvalidArgument("Rows cannot be sent via ClickHouse without checks.")
    if role := client._options.for_statement(client._merge_context(options)).role:
        raise InvalidArgument(
            f"The ClickHouse interface takes no role, and the client has {role!r}.",
            hint="Leave out via=, or give role=None to insert under the user's default role.",
        )


def insert_rows(
    client: ByteHouse,
    target: Identifier,
    source: Source,
    *,
    column_types: Mapping[str, str] | None,
    check: bool,
    skip: bool,
    via: Via,
    block_bytes: int,
    block_rows: int,
    on_block: Callable[[int], object] | None,
    settings: Mapping[str, SettingValue] | None,
    tags: Mapping[str, str],
    options: Mapping[str, Any],
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
            types = {**_learn_types(client, target, **options), **types}
        columns = columns_to_insert(source.names, types, target)

    def keep(position: int, row: object, error: InvalidArgument) -> None:
        skipped.append(SkippedRow(position, row, error.message))

    limits = BlockLimits(block_bytes, block_rows, keep if skip else raise_refused)
    zone: tzinfo = UTC
    if any(column.lacks_zone for column in columns or ()):
        zone = _server_zone(client, {**options, "settings": settings or {}})
    if via == "clickhouse" and columns is not None:
        from .._sql.binary import binary_statements

        blocks = binary_statements(
            target, source, columns, zone, limits, settings=settings, tags=tags
        )
    else:
        blocks = insert_statements(
            target, source, columns, limits, server=zone, settings=settings, tags=tags
        )
    return _insert_blocks(client, blocks, on_block, skipped, **options)


def _server_zone(client: ByteHouse, options: Mapping[str, Any]) -> tzinfo:
    """Return the time zone in which the server reads times without one.

    Raises:
        InsertFailed: The service does not give it, or this machine does not know it.
    """
    name, reason, cause = None, "", None
    try:
        name = _reread(client, _first_value, "SELECT timezone()", options)
        return zone_named(name)
    except AuthenticationError:
        raise
    except (APIError, ResponseDecodeError, OutcomeUnknown) as error:
        reason, cause = f"could not be read: {error.message}", error
    except (KeyError, TypeError, ValueError, OSError):
        reason = f"is {name!r}, which this machine does not know"
    raise InsertFailed(
        f"A column has times without a time zone, and the server's {reason}; nothing was sent.",
        hint="Give the zone in column_types=, such as DateTime('UTC'), or install tzdata.",
    ) from cause


def _first_value(client: ByteHouse, sql: str, **options: Any) -> Any:
    """Return the first value of a result."""
    return ((client.query(sql, **options)).rows())[0][0]


def _learn_types(client: ByteHouse, table: Identifier, **options: Any) -> Mapping[str, str]:
    """Return the types of the columns that can be inserted into, by name, in order.

    Raises:
        InsertFailed: The service does not give them; its cause is the first error.
    """
    error: ByteHouseError | None = None
    for ask in (_describe, _select_nothing, _get_table):
        try:
            types: Mapping[str, str] | None = _reread(client, ask, table, options)
        except AuthenticationError:
            raise
        except (APIError, ResponseDecodeError, OutcomeUnknown) as failure:
            error = error or failure
        else:
            if types:
                return types
    name = ".".join(table.parts)
    if isinstance(error, QueryFailed) and error.code in MISSING:
        raise InsertFailed(
            f"There is no table {name} that the role may see, so nothing was sent: {error.message}",
            hint=error.hint,
        ) from error
    failed = InsertFailed(
        f"The types of the columns of {name} could not be read, so nothing was sent"
        + (f": {error.message}" if error else "."),
        hint="Name its database too: database.table, or database=..."
        if len(table.parts) == 1
        else "Give them in column_types=, or insert without checks with check=False.",
    )
    raise failed from error


_Ask = Callable[..., Any]


def _reread(client: ByteHouse, ask: _Ask, about: Any, options: Mapping[str, Any]) -> Any:
    """Ask, and once more if what became of the first question is unknown: it changes nothing."""
    try:
        return ask(client, about, **options)
    except (OutcomeUnknown, ResponseDecodeError, ServerError):
        return ask(client, about, **options)


def _describe(client: ByteHouse, table: Identifier, **options: Any) -> Mapping[str, str] | None:
    result = client.query(f"DESCRIBE TABLE {table}", **options)
    rows = [row for row in result.mappings()]
    if not all(isinstance(row.get("name"), str) and row.get("type") for row in rows):
        return None
    return {
        # The ANSI dialect says apart whether NULL is a value.
        row["name"]: complete_type(str(row["type"]), row.get("nullable"))
        for row in rows
        if row.get("default_type", "") in ("", "DEFAULT", None)
    }


def _select_nothing(
    client: ByteHouse, table: Identifier, **options: Any
) -> Mapping[str, str] | None:
    result = client.query(f"SELECT * FROM {table} LIMIT 0", **options)  # noqa: S608 - quoted
    result.rows()
    columns = result.columns
    return {c.name: c.type for c in columns if c.type} if all(c.type for c in columns) else None


def _get_table(client: ByteHouse, table: Identifier, **options: Any) -> Mapping[str, str] | None:
    if len(table.parts) != 2:
        return None
    columns = (client.tables.get(*table.parts, **call_options(options))).columns or []
    if not all(getattr(c, "name", None) and getattr(c, "type", None) for c in columns):
        return None
    return {str(c.name): complete_type(str(c.type), c.nullable) for c in columns}


def _insert_blocks(
    client: ByteHouse,
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
                _send(client, block, **options)
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
    return InsertResult(inserted, sorted(skipped, key=attrgetter("position")))


def _send(
    client: ByteHouse, block: Block, *, session_id: str | None = None, **options: Any
) -> None:
    """Send a block to the API, or to the ClickHouse interface if its rows are in binary."""
    if isinstance(block.statement, str):
        client.queries.execute(block.statement, session_id=session_id, **options)
        return
    from .._call.request import ClickHouseBody
    from .._sql.binary import insert_plan

    merged = client._options.for_statement(cast("StatementOptions", options))
    submission = Submission.existing(new_query_id(), merged, call_options(options), None)
    warehouse = merged.warehouse
    if warehouse is not None:
        warehouse = warehouse_id(client, warehouse, submission.options)
    plan = insert_plan(submission.query_id, session_id, warehouse)
    body = ClickHouseBody(block.statement, client.config.clickhouse_port)
    with cancel_on_early_exit(client, submission):
        client._send(plan, submission.options, body)
