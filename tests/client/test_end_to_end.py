"""Every operation of databases, tables, partitions and queries, against a real engine over HTTP."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count

import pytest

from bytehouse import (
    AuthenticationError,
    ByteHouse,
    Column,
    Conflict,
    NotFound,
    PartitionKey,
    PermissionDenied,
    QueryFailed,
    ServerError,
    TimedOut,
    TransportError,
)
from bytehouse_emulator.testing import RunningEmulator, running_emulator
from tests.support.flavours import FakeClock, MakeClient

ENDLESS = "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 7"
_NUMBERS = count()


@pytest.fixture(scope="module")
def emulator(bytehouse_emulator: RunningEmulator) -> RunningEmulator:
    """Return the emulator, empty but for a role without permissions."""
    bytehouse_emulator.reset()
    bytehouse_emulator.add_role("Analyst")
    return bytehouse_emulator


@pytest.fixture
def bh(make: MakeClient, emulator: RunningEmulator) -> Iterator[ByteHouse]:
    """Return a client of the emulator, with the real clock."""
    yield make(**emulator.client_arguments, clock=None)
    emulator.clear_faults()


@pytest.fixture
def database(bh: ByteHouse) -> Iterator[str]:
    """Make a database for one test."""
    name = f"d{os.getpid()}_{next(_NUMBERS)}"
    bh.databases.create(name, description="of a test")
    yield name
    bh.databases.delete(name)


@pytest.fixture
def events(bh: ByteHouse, database: str) -> str:
    """Make a table with six rows in three partitions."""
    bh.tables.create(
        database,
        "events",
        [("day", "Date"), Column("id", "UInt64", comment="of the event"), ("note", "String")],
        order_by=["day", "id"],
        primary_key="day",
        partition_by=PartitionKey("day", "month"),
    )
    values = ", ".join(f"('2024-0{n % 3 + 1}-01', {n}, 'n{n}')" for n in range(6))
    bh.queries.execute(f"INSERT INTO {database}.events VALUES {values}")
    return f"{database}.events"


def numbers(bh: ByteHouse, sql: str) -> list[int]:
    """Return the rows of a statement whose result is one column of numbers."""
    return [int(row[0]) for row in bh.queries.execute(sql)[-1].rows or []]


def test_a_database_is_made_listed_read_and_dropped(bh: ByteHouse, database: str) -> None:
    """What was created is there, once, and is gone after its deletion."""
    names = [found.name for found in bh.databases.list()]
    assert names.count(database) == 1
    found = bh.databases.get(database)
    assert (found.name, found.description, found.table_count) == (database, "of a test", 0)
    with pytest.raises(Conflict) as caught:
        bh.databases.create(database)
    assert caught.value.operation == "create_database"
    bh.databases.create(f"{database}_b")
    bh.databases.delete(f"{database}_b")
    for gone in (bh.databases.get, bh.databases.delete, bh.databases.mysql_sync_status):
        with pytest.raises(NotFound):
            gone(f"{database}_b")


def test_a_database_keeps_its_name_in_lower_case(bh: ByteHouse, database: str) -> None:
    """As the service does it."""
    bh.databases.create(f"{database}_Upper")
    assert bh.databases.get(f"{database}_upper").name == f"{database}_upper"
    bh.databases.delete(f"{database}_upper")


def test_a_table_is_made_listed_read_changed_and_dropped(
    bh: ByteHouse, database: str, events: str
) -> None:
    """Columns and keys come back as they were given, and change as told."""
    assert [table.name for table in bh.tables.list(database)] == ["events"]
    table = bh.tables.get(database, "events")
    columns = {column.name: column for column in table.columns or []}
    assert [(c.name, c.type) for c in columns.values()] == [
        ("day", "Date"), ("id", "UInt64"), ("note", "String")
    ]  # fmt: skip
    assert columns["id"].comment == "of the event"
    bh.tables.update(database, "events", add={"extra": "UInt8"}, drop="note")
    bh.tables.update(database, "events", rename={"extra": "more"})
    names = [column.name for column in bh.tables.get(database, "events").columns or []]
    assert names == ["day", "id", "more"]
    assert numbers(bh, f"SELECT count() FROM {events}") == [6]
    with pytest.raises(Conflict):
        bh.tables.create(database, "events", {"a": "UInt8"}, order_by="a")
    bh.tables.delete(database, "events")
    with pytest.raises(NotFound):
        bh.tables.get(database, "events")


def test_many_tables_are_listed_page_by_page(bh: ByteHouse, database: str) -> None:
    """A walk over real pages meets every table once."""
    names = [f"t{number:02}" for number in range(12)]
    bh.queries.execute(
        ";".join(
            f"CREATE TABLE {database}.{name} (a UInt8) ENGINE = CnchMergeTree ORDER BY a"
            for name in names
        )
    )
    for size in (1, 5, 12, 100):
        assert (
            sorted(table.name or "" for table in bh.tables.list(database, page_size=size)) == names
        )
    assert len(bh.tables.list(database, limit=7).all()) == 7


def test_partitions_are_listed_bounded_and_dropped(
    bh: ByteHouse, database: str, events: str
) -> None:
    """Dropping a partition drops its rows, and no others."""
    partitions = {p.partition: p.total_rows_count for p in bh.partitions.list(database, "events")}
    assert len(partitions) == 3
    assert sum(int(rows or 0) for rows in partitions.values()) == 6
    bounds = bh.partitions.bounds(database, "events")
    assert {bounds.min, bounds.max} <= set(partitions)
    bh.partitions.delete(database, "events", str(bounds.min))
    assert len(bh.partitions.list(database, "events").all()) == 2
    assert numbers(bh, f"SELECT count() FROM {events}") == [4]


def test_statements_run_at_once(bh: ByteHouse, events: str) -> None:
    """Results come one for each statement, with names, types and rows."""
    first, second = bh.queries.execute(
        f"SELECT count() AS n FROM {events}; SELECT id FROM {events} ORDER BY id", max_rows=2
    )
    assert [column.name for column in first.columns or []] == ["n"]
    assert len(second.rows or []) == 2


def test_statements_run_in_the_background(bh: ByteHouse, events: str) -> None:
    """A submitted query is watched to its end, and its result is that of the same text at once."""
    sql = f"SELECT id FROM {events} ORDER BY id"
    seen: list[object] = []
    handle = bh.queries.submit(sql)
    handle.wait(30, on_progress=seen.append)
    assert seen
    assert handle.result(30).rows() == bh.query(sql).rows()
    assert bh.queries.handle(handle.id).status().status
    handle.cancel()


def test_a_failed_statement_says_why(bh: ByteHouse, database: str) -> None:
    """The engine's number and words come through, at once and in the background."""
    for run in (bh.queries.execute, lambda sql: bh.queries.submit(sql).wait(30)):
        with pytest.raises(QueryFailed, match="nothing_there"):
            run(f"SELECT * FROM {database}.nothing_there")
    with pytest.raises(QueryFailed) as caught:
        bh.queries.execute("SELECT no_such_column")
    assert caught.value.code


def test_a_statement_whose_time_is_over_runs_no_longer(bh: ByteHouse) -> None:
    """After a time-out the engine is free: the query was killed there."""
    with pytest.raises(TimedOut, match=r"within 0.5 s.*stopped on the service.*Raise `timeout=`"):
        bh.queries.execute(ENDLESS, deadline=0.5)
    await_running(bh, 0)
    handle = bh.queries.submit(ENDLESS)
    with pytest.raises(TimedOut):
        handle.wait(0.3, cancel=False)
    await_running(bh, 1)
    with pytest.raises(TimedOut):
        handle.wait(0.3)
    await_running(bh, 0)


def await_running(bh: ByteHouse, expected: int) -> None:
    """Wait a little until so many endless statements run."""
    sql = "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number) =%'"
    ends = time.monotonic() + 5
    while numbers(bh, f"{sql} AND query NOT LIKE '%processes%'") != [expected]:
        assert time.monotonic() < ends


def test_a_query_can_be_stopped_by_id_and_by_session(bh: ByteHouse) -> None:
    """Kill and abort answer; a query that was stopped fails as such."""
    handle = bh.queries.submit(ENDLESS)
    handle.cancel()
    with pytest.raises(QueryFailed):
        handle.wait(10)
    for stop in (bh.queries.kill, bh.queries.kill_async, bh.queries.abort):
        with suppress(NotFound):  # whether stopping what is not there is an error, nobody says
            stop("not-there")
    with pytest.raises(NotFound):
        bh.queries.result("not-there")


def test_lineage_and_dialects_are_returned(bh: ByteHouse, events: str) -> None:
    """A statement's tables are found without running it."""
    lineage = bh.queries.lineage(f"SELECT * FROM {events}")
    assert "events" in str(lineage.to_dict())
    assert bh.queries.dialects().all()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 520}, ServerError),
        ({"status": 409, "body": '{"message": "there"}'}, Conflict),
    ],
    ids=str,
)
def test_a_fault_is_reported_of_a_write_and_retried_by_a_read(
    bh: ByteHouse, emulator: RunningEmulator, database: str, fault: dict[str, object],
    error: type[Exception],
) -> None:  # fmt: skip
    """A create with a fault raises; the next reads go through."""
    emulator.fault("create_database", **fault)  # type: ignore[arg-type]
    with pytest.raises(error):
        bh.databases.create(f"{database}_x")
    emulator.fault("get_database", count=2, status=503)
    assert bh.databases.get(database).name == database
    assert f"{database}_x" not in [found.name for found in bh.databases.list()]


def test_a_wrong_key_and_a_wrong_role_are_refused(
    make: MakeClient, emulator: RunningEmulator, clock: FakeClock
) -> None:
    """The emulator holds callers to key and role as the service does."""
    with pytest.raises(AuthenticationError, match="Check api_key"):
        make(emulator.url, "wrong").databases.list().all()
    bh = make(**emulator.client_arguments)
    assert bh.databases.list(role="AccountAdmin").all() is not None
    for role in ("Analyst", "Nobody"):
        with pytest.raises(PermissionDenied, match=f"role {role}") as caught:
            bh.roles.list(role=role).all()
        assert caught.value.role == role
    assert clock.slept == []


@pytest.mark.parametrize("flavour", ["sync"], indirect=True)
def test_a_stopped_emulator_is_a_dead_host(make: MakeClient) -> None:
    """A service that goes away is told as such, and a call in between is not lost silently."""
    with running_emulator() as emulator:
        bh = make(**emulator.client_arguments, max_retries=1)
        bh.databases.create("d")
    calls: list[Callable[[], object]] = [
        lambda: bh.databases.create("e"),
        lambda: bh.databases.get("d"),
    ]
    for call in calls:
        with pytest.raises(TransportError):
            call()
