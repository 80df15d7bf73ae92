"""Ensuring databases and tables: what is missing is created, what exists is left as it is."""

from collections.abc import Callable

import attrs
import pytest

from bytehouse import (
    TTL,
    ByteHouse,
    Column,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    QueryFailed,
    TableSpec,
)
from bytehouse_emulator.testing import RunningEmulator
from tests.support.server import CLOSED, Reply, ScriptedServer, data

SPEC = TableSpec("t", {"id": "UInt64", "day": "Date"}, order_by="id")
MISSING = Reply(404, {"message": "no", "error": {"code": "errbook_Table_NotFound"}})
ENGINE = Reply(404, "Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE)")
NO_ROUTE = Reply(404, "<html>404 page not found</html>")
EXISTS = Reply(409, {"message": "it is there", "error": {"code": "errbook_Table_Conflict"}})
EXISTS_400 = Reply(400, {"message": "it is there", "error": {"code": "errbook_Table_Exists"}})
LIVE = data({"name": "t", "columns": [{"name": "id", "type": "UInt64"}], "orderByKeys": ["id"]})


def test_a_database_is_created_once(local: ByteHouse, database: str) -> None:
    """The first call makes it, the second finds it, and neither changes what exists."""
    name = f"{database}_More"
    made = local.databases.ensure(name, description="a")
    assert (made.created, made.differences, made.actual.name) == (True, (), name.lower())
    found = local.databases.ensure(name)
    assert (found.created, found.differences) == (False, ())
    [difference] = local.databases.ensure(name, description="b").differences
    assert str(difference) == "description is 'a', wanted 'b'"
    assert local.databases.get(name).description == "a"
    local.databases.delete(name)


def test_a_table_is_created_once_and_compared_afterwards(local: ByteHouse, database: str) -> None:
    """What differs is said, and nothing is changed."""
    made = local.tables.ensure(database, SPEC)
    assert (made.created, made.differences) == (True, ())
    again = local.tables.ensure(database, SPEC)
    assert (again.created, again.differences) == (False, ())
    wanted = attrs.evolve(SPEC, ttl=TTL("day", 7), columns=[*SPEC.columns, Column("x", "Int8")])
    differences = local.tables.ensure(database, wanted).differences
    assert [difference.name for difference in differences] == ["column x", "ttl"]
    assert local.tables.ensure(database, SPEC).differences == ()


def test_a_table_of_no_database_is_not_created(local: ByteHouse) -> None:
    """That the database is missing comes out when the table is to be created."""
    with pytest.raises(NotFound) as caught:
        local.tables.ensure("nowhere", SPEC)
    assert caught.value.operation == "create_table"


@pytest.mark.parametrize("said", [MISSING, ENGINE])
def test_what_the_service_says_is_missing_is_created(
    bh: ByteHouse, server: ScriptedServer, said: Reply
) -> None:
    """By an error of its own or of the engine."""
    server.script(said, data({"uuid": "u"}), LIVE)
    assert bh.tables.ensure("sales", SPEC).created
    assert server.operations == ["get_table", "create_table", "get_table"]


def test_a_404_from_elsewhere_creates_nothing(bh: ByteHouse, server: ScriptedServer) -> None:
    """A wrong path is not a missing table: the error says what to do about the path."""
    server.script(NO_ROUTE)
    for ensure in (lambda: bh.tables.ensure("sales", SPEC), lambda: bh.databases.ensure("sales")):
        with pytest.raises(NotFound, match="routes="):
            ensure()
    assert server.operations == ["get_table", "get_database"]


@pytest.mark.parametrize("refusal", [EXISTS, EXISTS_400])
def test_the_loser_of_a_race_compares(
    bh: ByteHouse, server: ScriptedServer, refusal: Reply
) -> None:
    """Another process created it in between, whatever the error: it is read and compared."""
    server.script(MISSING, refusal, LIVE)
    found = bh.tables.ensure("sales", SPEC)
    assert not found.created
    assert [difference.name for difference in found.differences] == ["column day"]


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (EXISTS, Conflict),
        (EXISTS_400, Conflict),
        (Reply(400, {"message": "no order"}), InvalidRequest),
        (Reply(400, "Code: 36. DB::Exception: Bad. (BAD_ARGUMENTS)"), QueryFailed),
    ],
)
def test_a_refusal_is_raised_if_nothing_exists_after_it(
    bh: ByteHouse, server: ScriptedServer, refusal: Reply, error: type[Exception]
) -> None:
    """What the service refuses to create raises its error."""
    server.script(MISSING, refusal, MISSING)
    with pytest.raises(error):
        bh.tables.ensure("sales", SPEC)
    assert server.operations == ["get_table", "create_table", "get_table"]


def test_what_was_just_created_is_waited_for(bh: ByteHouse, server: ScriptedServer) -> None:
    """A new table may not be visible at once."""
    server.script(MISSING, data({"uuid": "u"}), MISSING, MISSING, LIVE)
    assert bh.tables.ensure("sales", SPEC).actual.name == "t"


def test_a_lost_response_is_resolved_by_reading(bh: ByteHouse, server: ScriptedServer) -> None:
    """If it exists afterwards, it was created. If not, the outcome is unknown."""
    server.script(MISSING, CLOSED, LIVE)
    assert bh.tables.ensure("sales", SPEC).created
    server.handler = lambda seen: MISSING if seen.operation == "get_table" else CLOSED
    with pytest.raises(OutcomeUnknown):
        bh.tables.ensure("sales", SPEC)


def test_a_truncated_response_is_resolved_by_reading(
    local: ByteHouse, database: str, bytehouse_emulator: RunningEmulator
) -> None:
    """The table was created, and the response was cut in half."""
    bytehouse_emulator.fault("create_table", truncate=True)
    assert local.tables.ensure(database, SPEC).created


def test_what_exists_and_what_does_not_can_be_asked_for(local: ByteHouse) -> None:
    """`exists`, and creates and deletes that are content with what there is."""
    spec = TableSpec("t", [Column("id", "Int64")], order_by="id")
    config = next(iter(local.warehouses.configurations().all())).id
    assert config is not None
    created = local.databases.create("D1", if_not_exists=True)
    assert local.databases.create("D1", if_not_exists=True) == created
    table = local.tables.create("d1", spec, if_not_exists=True)
    assert local.tables.create("d1", spec, if_not_exists=True) == table
    warehouse = local.warehouses.create("w1", config_id=config, if_not_exists=True)
    again = local.warehouses.create("w1", config_id=config, if_not_exists=True)
    assert (again.name, again.vw_id) == (warehouse.name, warehouse.vw_id)
    assert local.databases.exists("d1")
    assert local.tables.exists("d1", "t")
    assert local.warehouses.exists("w1")
    with pytest.raises(Conflict):
        local.databases.create("D1")
    for _ in range(2):
        local.tables.delete("d1", "t", if_exists=True)
        local.databases.delete("d1", if_exists=True)
        local.warehouses.delete("w1", if_exists=True)
    assert not local.databases.exists("d1")
    assert not local.tables.exists("d1", "t")
    assert not local.warehouses.exists("w1")
    with pytest.raises(NotFound):
        local.databases.delete("d1")


def test_a_wrong_path_is_no_missing_object(bh: ByteHouse, server: ScriptedServer) -> None:
    """A 404 that the service did not send itself says nothing about what exists."""
    server.script(Reply(404, "<html>nothing here</html>"))
    calls: list[Callable[[], object]] = [
        lambda: bh.databases.exists("d"),
        lambda: bh.databases.delete("d", if_exists=True),
        lambda: bh.tables.plan("d", TableSpec("t", {"id": "Int8"}, order_by="id")),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()
