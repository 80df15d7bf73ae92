"""Databases: created, listed, read and deleted."""

from __future__ import annotations

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api


def test_a_database_lives_from_create_to_delete(api: Api) -> None:
    """What was created is found as it was described, under a name in lower case, until deleted."""
    asked = {"name": "Sales_EU", "description": "it's \\ a `test`"}
    uuid = api.ok("create_database", asked)["data"]["uuid"]
    for name in ("sales_eu", "Sales_EU"):
        found = api.ok("get_database", db_name=name)["data"]
        assert found["name"] == "sales_eu"
        assert found["uuid"] == uuid
        assert found["description"] == asked["description"]
        assert (found["noOfTables"], found["sizeInBytes"]) == (0, 0)
    assert api.ok("delete_database", db_name="SALES_EU") == {}
    assert api.fails("get_database", db_name="sales_eu") == (404, "Database_NotFound")
    assert api.fails("delete_database", db_name="sales_eu") == (404, "Database_NotFound")


def test_a_second_create_is_a_conflict(api: Api, database: str) -> None:
    """The name is taken, in whatever case it is spelled."""
    body = {"name": database.upper()}
    assert api.fails("create_database", body) == (400, "Database_AlreadyExists")


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b", "a\\b", "a\nb", "x" * 129])
def test_a_name_that_nothing_can_be_called_by_is_refused(api: Api, name: str) -> None:
    """A name must leave a path and a file unambiguous."""
    assert api.fails("create_database", {"name": name}) == (400, "Database_InvalidName")


@pytest.mark.parametrize("name", ["a-b", "数据", "select", "a`b", "it's", "a b", "a.b", "%"])
def test_a_name_with_odd_characters_is_only_a_name(api: Api, name: str) -> None:
    """No name is ever taken for SQL or for a path."""
    api.ok("create_database", {"name": name})
    listed = api.ok("list_databases", params={"filter": name})["data"]
    assert [entry["name"] for entry in listed] == [name]
    api.ok("delete_database", db_name=name)


def test_a_list_is_cut_into_pages(api: Api, emulator: RunningEmulator) -> None:
    """Pages of any length, laid end to end, hold each database once, in one order."""
    emulator.reset()
    names = [f"page{number:02}" for number in range(7)]
    for name in reversed(names):
        api.ok("create_database", {"name": name})
    for length in (1, 2, 3, 7, 100):
        found: list[str] = []
        while True:
            parameters = {"offset": len(found), "limit": length}
            page = api.ok("list_databases", params=parameters)
            assert page["meta"] == {"offset": len(found), "total": 7}
            if not page["data"]:
                break
            found += [entry["name"] for entry in page["data"]]
        assert found == names
    filtered = api.ok("list_databases", params={"filter": "GE03"})
    assert [entry["name"] for entry in filtered["data"]] == ["page03"]
    assert filtered["meta"]["total"] == 1


def test_a_database_made_by_a_statement_is_listed(api: Api) -> None:
    """SQL and the operations speak of the same databases; the engine's own are not shown."""
    api.rows("CREATE DATABASE Made_By_SQL ENGINE = Cnch COMMENT 'so'")
    found = api.ok("get_database", db_name="made_by_sql")["data"]
    assert found["description"] == "so"
    assert found["createdAt"] == api.ok("get_database", db_name="made_by_sql")["data"]["createdAt"]
    names = [entry["name"] for entry in api.ok("list_databases")["data"]]
    assert not {"default", "system", "information_schema"} & set(names)
    api.rows("DROP DATABASE MADE_BY_SQL")
    assert api.fails("get_database", db_name="made_by_sql") == (404, "Database_NotFound")


def test_a_database_that_mirrors_no_mysql_has_no_sync_status(api: Api, database: str) -> None:
    """It has no status of a sync."""
    assert api.fails("get_mysql_sync_status", db_name=database) == (
        400,
        "Database_NotMaterializedMySQL",
    )
    assert api.fails("get_mysql_sync_status", db_name="nowhere") == (404, "Database_NotFound")


def test_reset_leaves_nothing(api: Api, database: str, emulator: RunningEmulator) -> None:
    """After a reset an emulator is as it was at its start."""
    query = api.results("SELECT 1")[0]["queryID"]
    api.rows(f"USE {database}", session="reset")
    emulator.fault("list_databases", status=500)
    emulator.reset()
    assert api.ok("list_databases")["data"] == []
    assert api.fails("get_async_query_status", id=query) == (404, "Query_NotFound")
    assert api.rows("SELECT currentDatabase()", session="reset") == [["default"]]
