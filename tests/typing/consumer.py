"""What a user's type checker must see: each expression has the type that the docs promise."""

# pyright: strict

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any, assert_type

from bytehouse import (
    TTL,
    APIError,
    AsyncByteHouse,
    AsyncExecutionHandle,
    AsyncPager,
    AsyncQueryHandle,
    AsyncResult,
    AsyncTablePlan,
    ByteHouse,
    ByteHouseError,
    CallOptions,
    Change,
    Column,
    EnsureResult,
    ExecutionHandle,
    Identifier,
    InsertResult,
    KafkaConnection,
    LoadReport,
    NewApiKey,
    NotFound,
    OutcomeUnknown,
    Pager,
    PartitionKey,
    QueryHandle,
    Result,
    ResultColumn,
    S3Connection,
    Session,
    StorageSeries,
    TablePlan,
    TableSpec,
    TimedOut,
    columns_from,
    dbapi,
)
from bytehouse_raw.api.databases import list_databases
from bytehouse_raw.models import (
    ApiKey,
    Connection,
    CreatedObject,
    Database,
    ImportJob,
    ListDatabasesResponse,
    QueryLineage,
    QueryResult,
    QueryStatistics,
    QueryStatus,
    Role,
    Table,
    Warehouse,
)
from bytehouse_raw.types import RawResponse


def synchronous(bh: ByteHouse) -> None:
    """Use the synchronous client."""
    assert_type(bh.databases.create("sales", description="x"), CreatedObject)
    assert_type(bh.databases.get("sales"), Database)
    assert_type(bh.databases.get("sales").name, str)
    assert_type(bh.databases.get("sales").raw_response, RawResponse | None)
    assert_type(bh.databases.ensure("sales"), EnsureResult[Database])
    assert_type(bh.databases.ensure("sales").actual, Database)
    assert_type(bh.databases.list(), Pager[Database])
    assert_type([found for found in bh.databases.list() if found.name], list[Database])
    assert_type(bh.databases.list().all(), list[Database])
    assert_type(bh.databases.list().first(), Database | None)
    assert_type(bh.databases.list().total, int | None)
    assert_type(iter(bh.databases.list()), Iterator[Database])
    assert_type(bh.session().execute("SELECT 1"), list[QueryResult])
    with bh.session() as session:
        assert_type(session, Session)
    with bh.role("Analyst"):
        pass
    assert_type(bh.with_options(role=None, timeout=timedelta(minutes=1)), ByteHouse)
    assert_type(bh.send(list_databases.plan()), ListDatabasesResponse)
    with ByteHouse("h", "k", mode="clickhouse_sql") as entered:
        assert_type(entered, ByteHouse)


def promised(bh: ByteHouse) -> list[str]:
    """Use what the docs promise of each object without asking whether it is there."""
    table = bh.tables.get("d", "t")
    names = [
        table.name,
        *(f"{column.name.upper()} {column.type}" for column in table.columns or ()),
    ]
    names += [bh.tables.create("d", "t", {"id": "UInt64"}, order_by="id").uuid.lower()]
    names += [role.name.title() for role in bh.roles.list()]
    names += [f"{key.id} {key.status.lower()}" for key in bh.api_keys.list()]
    names += [f"{held.role_name} {held.user_id + 1}" for held in bh.assignments.list()[:3]]
    names += [line.message.strip() for line in bh.executions.logs("e")]
    bh.warehouses.delete(bh.warehouses.get("etl").name)
    bh.connections.delete(bh.connections.create("c", S3Connection(bucket="b")).id)
    bh.import_jobs.start(bh.import_jobs.create("j", configuration={}).id)
    bh.api_keys.delete(bh.api_keys.create(expires_in="60d").id)
    bh.queries.handle(bh.queries.submit("SELECT 1").id).status().status.lower()
    [len(page.items) for page in bh.tables.list("d").pages()]
    return names


def tables(bh: ByteHouse) -> None:
    """Describe, create and change tables, in every way that one can be described."""
    columns = [Column("id", "UInt64", nullable=False), Column("day", "Date")]
    spec = TableSpec("t", columns, order_by="id", partition_by=PartitionKey("day", "month"))
    assert_type(bh.tables.create("d", spec), CreatedObject)
    assert_type(bh.tables.create("d", "t", columns, order_by="id"), CreatedObject)
    bh.tables.create("d", "t", {"id": "UInt64"}, order_by=["id"], ttl=TTL("day", 90))
    bh.tables.create("d", "t", {"id": "UInt64"}, order_by="id", ttl=("day", "90d"))
    bh.tables.create("d", "t", {"id": "UInt64"}, order_by="id", unique_key="id")
    bh.tables.create("d", "t", {"id": "UInt64"}, order_by="id", cluster_key=("id", 8))
    bh.tables.create("d", "t", [("id", "UInt64")], order_by=("id",), role="Admin")
    assert_type(bh.tables.get("d", "t"), Table)
    assert_type(bh.tables.list("d"), Pager[Table])
    assert_type(bh.tables.ensure("d", spec), EnsureResult[Table])
    plan = bh.tables.plan("d", spec, renames={"a": "b"})
    assert_type(plan, TablePlan)
    assert_type(plan.actions, tuple[Change, ...])
    assert_type(plan.is_empty, bool)
    assert_type(plan.apply(allow_destructive=True), None)
    assert_type(columns_from(object, types={"id": "UInt8"}), list[Column])


def statements(bh: ByteHouse) -> None:
    """Run statements and watch them."""
    assert_type(bh.queries.execute("SELECT 1", mode="ansi_sql"), list[QueryResult])
    handle = bh.queries.submit("SELECT 1")
    assert_type(handle, QueryHandle)
    assert_type(handle.id, str)
    assert_type(handle.status(), QueryStatus)
    assert_type(handle.wait(timeout=3, on_progress=lambda status: status.status), QueryStatus)
    assert_type(handle.result(timedelta(seconds=3)), Result)
    assert_type(handle.cancel(), None)
    assert_type(bh.queries.lineage("SELECT 1"), QueryLineage)
    assert_type(bh.queries.dialects(), Pager[Any])


def results(bh: ByteHouse) -> None:
    """Run a query and read its rows, in every form that needs no extra."""
    result = bh.query("SELECT {a} FROM {t}", params={"a": 1, "t": Identifier("d", "t")}, max_rows=5)
    assert_type(result, Result)
    assert_type(result.columns, tuple[ResultColumn, ...])
    assert_type(result.columns[0].type, str | None)
    assert_type(iter(result), Iterator[tuple[Any, ...]])
    assert_type(result.mappings(), Iterator[dict[str, Any]])
    assert_type(result.rows(), list[tuple[Any, ...]])
    assert_type(result.one(), tuple[Any, ...])
    assert_type(result.one_or_none(), tuple[Any, ...] | None)
    assert_type(result.scalar(), Any)
    assert_type(result.query_id, str)
    assert_type(result.elapsed, float)
    assert_type(result.statistics(), QueryStatistics)
    assert_type([each.rows() for each in result.results()], list[list[tuple[Any, ...]]])
    assert_type(result.to_csv("rows.csv"), None)
    with bh.query("SELECT 1", asynchronous=True, timeout=timedelta(hours=2)) as entered:
        assert_type(entered, Result)
    with bh.session() as session:
        assert_type(session.query("SELECT 1", async_after=30, progress=True), Result)


def loading(bh: ByteHouse) -> None:
    """Insert rows of every kind that needs no extra."""
    assert_type(bh.insert("d.t", [(1, date(2026, 1, 1)), (2, None)]), InsertResult)
    assert_type(bh.insert(Identifier("d", "t"), [{"id": 1}], on_block=print), InsertResult)
    assert_type(bh.insert("d.t", "rows.csv", columns=["id"], deadline=60), InsertResult)


def database_api() -> None:
    """Use the DB-API module."""
    with dbapi.connect("h", "k", database="d", role="Analyst") as connection:
        assert_type(connection, dbapi.Connection)
        with connection.cursor() as cursor:
            assert_type(cursor, dbapi.Cursor)
            assert_type(cursor.execute("SELECT %(a)s", {"a": 1}), dbapi.Cursor)
            assert_type(
                cursor.executemany("INSERT INTO t VALUES (%(a)s)", [{"a": 1}]), dbapi.Cursor
            )
            assert_type(cursor.fetchone(), tuple[Any, ...] | None)
            assert_type(cursor.fetchmany(3), list[tuple[Any, ...]])
            assert_type([row for row in cursor], list[tuple[Any, ...]])  # noqa: C416
            assert_type(cursor.description, list[tuple[Any, ...]] | None)
            assert_type(cursor.rowcount, int)
    assert_type(dbapi.Date(2026, 1, 1), date)


def everything_else(bh: ByteHouse) -> None:
    """Probe after keys, roles, loading and warehouses."""
    key = bh.api_keys.create(expires_in="60d")
    assert_type(key, NewApiKey)
    assert_type(key.secret.reveal(), str)
    assert_type(bh.api_keys.list(), Pager[ApiKey])
    assert_type(bh.api_keys.rotate(store=print, expires_in=60).key, NewApiKey)
    assert_type(bh.roles.list(), Pager[Role])
    assert_type(bh.roles.list()[0].name, str)
    assert_type(bh.roles.list()[:2], list[Role])
    assert_type(bh.usage.storage("7d"), StorageSeries)
    kafka = KafkaConnection(brokers="h:1", password="p")
    assert_type(bh.connections.create("c", kafka), Connection)
    bh.connections.update(1, "c", S3Connection(bucket="b"))
    assert_type(bh.connections.list(), Pager[Connection])
    assert_type(bh.import_jobs.create("j", configuration={}), ImportJob)
    assert_type(bh.import_jobs.start(1), ExecutionHandle)
    assert_type(bh.import_jobs.start(1).wait(), LoadReport)
    assert_type(bh.warehouses.list(), Pager[Warehouse])
    assert_type(bh.warehouses.ensure("w", config_id=1, update=True), EnsureResult[Warehouse])
    assert_type(bh.warehouses.wait("w", "down", timeout=5), Warehouse)


def errors(bh: ByteHouse) -> str:
    """Catch what can go wrong."""
    options: CallOptions = {"role": None, "deadline": 5, "headers": {"X-Trace": "1"}}
    try:
        bh.databases.get("sales", **options)
    except NotFound as error:
        assert_type(error.status, int)
        assert_type(error.by_service, bool)
    except APIError as error:
        assert_type(error.request_id, str | None)
        assert_type(error.raw_response, RawResponse | None)
    except TimedOut as error:
        assert_type(error.state, str | None)
    except OutcomeUnknown as error:
        assert_type(error.query_id, str | None)
    except ByteHouseError as error:
        return error.hint
    return ""


async def asynchronous(bh: AsyncByteHouse) -> None:
    """Use the asynchronous client."""
    assert_type(await bh.databases.create("sales"), CreatedObject)
    assert_type(bh.databases.list(), AsyncPager[Database])
    assert_type([found async for found in bh.databases.list() if found.name], list[Database])
    assert_type(aiter(bh.databases.list()), AsyncIterator[Database])
    assert_type(await bh.databases.list().all(), list[Database])
    spec = TableSpec("t", {"id": "UInt64"}, order_by="id")
    assert_type(await bh.tables.create("d", spec), CreatedObject)
    assert_type(await bh.tables.create("d", "t", {"id": "UInt64"}, order_by="id"), CreatedObject)
    plan = await bh.tables.plan("d", spec)
    assert_type(plan, AsyncTablePlan)
    assert_type(await plan.apply(), None)
    handle = await bh.queries.submit("SELECT 1")
    assert_type(handle, AsyncQueryHandle)
    assert_type(await handle.wait(), QueryStatus)
    assert_type(await bh.import_jobs.start(1), AsyncExecutionHandle)
    result = await bh.query("SELECT 1", params={"a": 1}, asynchronous=True)
    assert_type(result, AsyncResult)
    assert_type([row async for row in result], list[tuple[Any, ...]])
    assert_type(await result.rows(), list[tuple[Any, ...]])
    assert_type(await result.one(), tuple[Any, ...])
    assert_type(await bh.insert("d.t", [(1,)]), InsertResult)
    assert_type(bh.with_options(role="Analyst"), AsyncByteHouse)
    assert_type(await bh.send(list_databases.plan()), ListDatabasesResponse)
    async with bh.session() as session:
        assert_type(await session.execute("SELECT 1"), list[QueryResult])
