"""Tables, views, dictionaries and partitions, with real rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api

# The example of the documentation.
DOCUMENTED: dict[str, Any] = {
    "name": "table_name",
    "description": "Hello Table",
    "columns": [
        {
            "name": "ColumnID",
            "type": "String",
            "nullable": False,
            "defaultValue": "defaultValue",
            "comment": "hello comment",
        },
        {"name": "ColumnDate", "type": "Date", "nullable": False, "defaultValue": "2019-01-01"},
        {"name": "ColumnHello", "type": "int"},
        {"name": "ColumnNotNull", "type": "String", "nullable": False},
    ],
    "orderByKeys": ["ColumnID", "ColumnDate"],
    "partitionKeys": [
        {"column": "ColumnDate", "granularity": "day", "expression": "toStartOfDay(`ColumnDate`)"},
        {"column": "ColumnNotNull", "granularity": None, "expression": "ColumnNotNull"},
    ],
    "primaryKeys": ["ColumnID", "ColumnDate"],
}


@pytest.fixture(scope="module")
def empty(shared_api: Api, reset_emulator: RunningEmulator) -> Iterator[str]:
    """Create a database that stays empty."""
    del reset_emulator
    shared_api.ok("create_database", {"name": "empty"})
    yield "empty"
    shared_api.call("delete_database", db_name="empty")


def small(**changes: Any) -> dict[str, Any]:
    """Describe a table of two columns."""
    columns = [{"name": "k", "type": "Int64"}, {"name": "v", "type": "String"}]
    return {"name": "t", "columns": columns, "orderByKeys": ["k"], **changes}


def test_the_documented_example_makes_the_table_it_describes(api: Api, database: str) -> None:
    """A table is returned as it was created, and its defaults work."""
    uuid = api.ok("create_table", DOCUMENTED, db_name=database)["data"]["uuid"]
    found = api.ok("get_table", db_name=database, table_name="table_name")["data"]
    assert found["uuid"] == uuid
    assert (found["type"], found["engine"]) == ("TABLE", "CnchMergeTree")
    assert found["description"] == "Hello Table"
    assert found["columns"] == [
        *DOCUMENTED["columns"][:2],
        {"name": "ColumnHello", "type": "Int32", "nullable": True},
        DOCUMENTED["columns"][3],
    ]
    assert found["orderByKeys"] == found["primaryKeys"] == ["ColumnID", "ColumnDate"]
    assert [key["granularity"] for key in found["partitionKeys"]] == ["day", None]
    assert [key["column"] for key in found["partitionKeys"]] == ["ColumnDate", "ColumnNotNull"]
    api.rows(f"INSERT INTO {database}.table_name (ColumnNotNull) VALUES ('x')")
    assert api.rows(f"SELECT * FROM {database}.table_name") == [
        ["defaultValue", "2019-01-01", None, "x"]
    ]
    assert api.ok("get_table", db_name=database, table_name="table_name")["data"]["noOfRows"] == 1
    assert api.fails("create_table", DOCUMENTED, db_name=database) == (400, "Table_AlreadyExists")
    assert api.ok("delete_table", db_name=database, table_name="table_name") == {}
    assert api.fails("get_table", db_name=database, table_name="table_name") == (
        404,
        "Table_NotFound",
    )
    assert api.fails("delete_table", db_name=database, table_name="table_name") == (
        404,
        "Table_NotFound",
    )


def test_every_kind_of_key_is_returned(api: Api, database: str) -> None:
    """Keys that the engine does not know are returned as they were created."""
    asked = small(
        columns=[
            {"name": n, "type": t} for n, t in (("k", "Int64"), ("d", "DateTime"), ("u", "UUID"))
        ],
        orderByKeys=["k", "d"],
        primaryKeys=["k"],
        samplingKey="k",
        partitionKeys=[{"column": "d", "granularity": "month"}],
        ttl={"column": "d", "value": 7, "unit": "DAY"},
        uniqueKey={"columns": ["k"]},
        clusterKey={"expr": "k", "numBuckets": 4},
    )
    api.ok("create_table", asked, db_name=database)
    found = api.ok("get_table", db_name=database, table_name="t")["data"]
    assert found["orderByKeys"] == ["k", "d"]
    assert found["primaryKeys"] == ["k"]
    assert found["partitionKeys"][0]["granularity"] == "month"
    assert {"column": "d", "value": 7, "unit": "DAY"}.items() <= found["ttl"].items()
    assert found["uniqueKey"]["columns"] == ["k"]
    assert found["clusterKey"] == {"expr": "k", "numBuckets": 4}
    for clause in ("ENGINE = CnchMergeTree", "CLUSTER BY k INTO 4 BUCKETS", "UNIQUE KEY (`k`)"):
        assert clause in found["definition"]
    status = api.ok("get_cluster_status", db_name=database, table_name="t")
    assert status["message"] == "Success"
    assert status["data"]["cluster_progress"] == "100%"


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": []},
        {"columns": [{"name": "k"}]},
        {"columns": [{"name": "k", "type": ""}]},
        {"columns": [{"name": "k", "type": "NoSuchType"}]},
        {"columns": [{"name": "k", "type": "Int8, x Int8"}]},
        {"columns": [{"name": "k", "type": "Int8) ENGINE = Memory --"}]},
        {"columns": [{"name": "k", "type": "Int8"}, {"name": "k", "type": "Int8"}]},
        {"columns": [{"name": "k", "type": "Int8", "nullable": True}]},
        {"columns": [{"name": "k", "type": "Nullable(Int8)", "nullable": False}]},
        {"columns": [{"name": "k", "type": "Int8", "defaultValue": "five"}]},
        {"orderByKeys": []},
        {"orderByKeys": ["nowhere"]},
        {"orderByKeys": ["k", "v"], "primaryKeys": ["v"]},
        {"samplingKey": "v"},
        {"partitionKeys": [{"column": "nowhere"}]},
        {"partitionKeys": [{"column": "k", "granularity": "fortnight"}]},
        {"partitionKeys": [{"expression": "k; DROP TABLE t"}]},
        {"partitionKeys": [{"expression": "k) ORDER BY (v"}]},
        {"ttl": {"column": "k"}},
        {"ttl": {"column": "k", "value": 7, "unit": "DAY"}},
        {"uniqueKey": {}},
        {"uniqueKey": {"columns": ["nowhere"]}},
        {"clusterKey": {"expr": "k", "numBuckets": 0}},
        {"clusterKey": {"expr": "SYSTEM SHUTDOWN", "numBuckets": 1}},
        {"clusterKey": {"expr": "(" * 20_000 + "1" + ")" * 20_000, "numBuckets": 1}},
        {"name": ""},
        {"name": ".."},
    ],
)
def test_a_table_that_is_impossible_is_refused_and_not_created(
    api: Api, empty: str, changes: dict[str, Any]
) -> None:
    """What the service refuses is refused with a reason, and leaves nothing behind."""
    status, code = api.fails("create_table", small(**changes), db_name=empty)
    assert (status, code.partition("_")[0]) in {(400, "Table"), (400, "Column")}
    assert api.ok("list_tables", db_name=empty)["data"] == []


def test_a_table_is_changed_in_one_step(api: Api, database: str) -> None:
    """Columns are added, dropped, modified and renamed together, and rows follow."""
    columns = [{"name": n, "type": "String"} for n in ("k", "gone", "old", "m", "n")]
    columns[4]["nullable"] = False  # type: ignore[assignment]
    api.ok("create_table", small(columns=columns), db_name=database)
    api.rows(f"INSERT INTO {database}.t VALUES ('a', 'b', 'c', '5', '6')")
    change = {
        "addColumns": [{"name": "added", "type": "Int32", "defaultValue": "7", "comment": "new"}],
        "dropColumns": ["gone"],
        "modifyColumns": [
            {"name": "m", "type": "Int64", "comment": "a number"},
            {"name": "n", "type": "Int64"},
        ],
        "renameColumns": [{"name": "old", "newName": "renamed"}],
    }
    assert api.ok("update_table", change, db_name=database, table_name="t") == {}
    assert api.ok("get_table", db_name=database, table_name="t")["data"]["columns"] == [
        {"name": "k", "type": "String", "nullable": False},
        {"name": "renamed", "type": "String", "nullable": True},
        {"name": "m", "type": "Int64", "nullable": True, "comment": "a number"},
        {"name": "n", "type": "Int64", "nullable": False},
        {
            "name": "added",
            "type": "Int32",
            "nullable": True,
            "defaultValue": "7",
            "comment": "new",
        },
    ]
    assert api.rows(f"SELECT * FROM {database}.t") == [["a", "c", "5", "6", 7]]


@pytest.mark.parametrize("default", ["back\\slash", "it's", "a\nb\t'c' \\\\n", "'quoted'", ""])
def test_a_default_is_returned_unchanged(api: Api, database: str, default: str) -> None:
    """Quotes, backslashes and control characters in a default are returned unchanged."""
    columns = [{"name": "k", "type": "Int64"}, {"name": "v", "type": "String"}]
    columns[1]["defaultValue"] = default
    api.ok("create_table", small(columns=columns), db_name=database)
    found = api.ok("get_table", db_name=database, table_name="t")["data"]["columns"]
    assert found[1]["defaultValue"] == default


@pytest.mark.parametrize(
    ("nullable", "kind"),
    [
        (False, "LowCardinality(String)"),
        (False, "LowCardinality(Nullable(String))"),
        (True, "LowCardinality(Nullable(String))"),
    ],
)
def test_a_column_takes_a_type_that_says_itself_what_can_be_null(
    api: Api, database: str, kind: str, nullable: bool
) -> None:
    """Changed to LowCardinality, a column is no longer nullable by itself."""
    columns = [{"name": "k", "type": "Int64"}, {"name": "v", "type": "String"}]
    table = small(columns=[columns[0], columns[1] | {"nullable": nullable}])
    api.ok("create_table", table, db_name=database)
    change = {"modifyColumns": [{"name": "v", "type": kind}]}
    assert api.ok("update_table", change, db_name=database, table_name="t") == {}
    found = api.ok("get_table", db_name=database, table_name="t")["data"]["columns"]
    assert found[1] == {"name": "v", "type": kind, "nullable": False}


def test_a_time_to_live_is_set_and_removed(api: Api, database: str) -> None:
    """Rows can be made to expire, and not to expire again."""
    columns = [{"name": "k", "type": "Date", "nullable": False}]
    api.ok("create_table", small(columns=columns), db_name=database)
    ttl = {"column": "k", "value": 2, "unit": "MONTH"}
    api.ok("update_table", {"ttl": ttl}, db_name=database, table_name="t")
    assert (
        ttl.items() <= api.ok("get_table", db_name=database, table_name="t")["data"]["ttl"].items()
    )
    assert (
        api.fails(
            "update_table", {"ttl": ttl, "isRemoveTTL": True}, db_name=database, table_name="t"
        )[0]
        == 400
    )
    api.ok("update_table", {"isRemoveTTL": True}, db_name=database, table_name="t")
    assert "ttl" not in api.ok("get_table", db_name=database, table_name="t")["data"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, (400, "Table_Invalid")),
        ({"dropColumns": ["k"]}, (400, "Table_Invalid")),
        ({"dropColumns": ["nowhere"]}, (400, "Table_Invalid")),
        ({"modifyColumns": [{"name": "nowhere", "type": "Int8"}]}, (404, "Column_NotFound")),
        ({"renameColumns": [{"from": "v", "to": "w"}]}, (400, "Request_Invalid")),
        ({"renameColumns": [{"name": "v"}]}, (400, "Table_Invalid")),
        ({"addColumns": [{"name": "v", "type": "Int8"}]}, (400, "Table_Invalid")),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    api: Api, database: str, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    """A table is left as it is when a change is refused."""
    api.ok("create_table", small(), db_name=database)
    before = api.ok("get_table", db_name=database, table_name="t")
    assert api.fails("update_table", change, db_name=database, table_name="t") == expected
    assert api.ok("get_table", db_name=database, table_name="t") == before


def test_a_unique_key_upserts(api: Api, database: str) -> None:
    """A row replaces the one of its key, the higher version wins, and counts are exact."""
    api.rows(
        f"CREATE TABLE {database}.t (id Int64, name String, version UInt64)"
        " ENGINE = CnchMergeTree(version) ORDER BY name UNIQUE KEY id"
    )
    api.rows(f"INSERT INTO {database}.t VALUES (1, 'b', 2), (2, 'x', 1)")
    api.rows(f"INSERT INTO {database}.t VALUES (1, 'a', 1), (2, 'y', 2)")
    assert api.rows(f"SELECT * FROM {database}.t ORDER BY id") == [
        ["1", "b", "2"],
        ["2", "y", "2"],
    ]
    found = api.ok("get_table", db_name=database, table_name="t")["data"]
    assert found["noOfRows"] == 2
    assert found["orderByKeys"] == ["name"]


def test_the_dialects_differ_in_what_may_be_null(api: Api, database: str) -> None:
    """The same statement creates nullable columns in one dialect and not in the other."""
    text = "CREATE TABLE {}.{} (k Int64, v Int32) ENGINE = CnchMergeTree ORDER BY k"
    for mode, nullable in (("ansi_sql", True), ("clickhouse_sql", False)):
        api.rows(text.format(database, mode), mode)
        found = api.ok("get_table", db_name=database, table_name=mode)["data"]["columns"]
        assert [column["nullable"] for column in found] == [False, nullable]


def test_tables_and_views_are_listed_apart(api: Api, database: str) -> None:
    """Each list has its own types, and none of the engine's inner tables."""
    api.ok("create_table", small(), db_name=database)
    api.rows(
        f"USE {database}; CREATE VIEW v AS SELECT k FROM t;"
        " CREATE MATERIALIZED VIEW m ENGINE = CnchMergeTree ORDER BY k AS SELECT k FROM t;"
        " INSERT INTO t VALUES (1, 'x'), (2, 'y')"
    )

    def listed(operation: str) -> dict[str, str]:
        return {e["name"]: e["type"] for e in api.ok(operation, db_name=database)["data"]}

    assert listed("list_tables") == {"t": "TABLE"}
    assert listed("list_tables_and_views") == {"t": "TABLE", "v": "VIEW", "m": "MATERIALIZED_VIEW"}
    assert listed("list_materialized_views") == {"m": "MATERIALIZED_VIEW"}
    assert api.rows(f"SHOW TABLES FROM {database.upper()}") == [["m"], ["t"], ["v"]]
    found = api.ok("get_materialized_view", db_name=database, mv_name="m")["data"]
    assert found["definition"] == f"SELECT k FROM {database}.t"
    assert [column["name"] for column in found["columns"]] == ["k"]
    assert api.rows(f"SELECT * FROM {database}.m ORDER BY k") == [["1"], ["2"]]
    assert api.fails("get_materialized_view", db_name=database, mv_name="v") == (
        404,
        "MaterializedView_NotFound",
    )
    assert api.fails("delete_table", db_name=database, table_name="v") == (400, "Table_Invalid")
    assert api.ok("get_database", db_name=database)["data"]["noOfTables"] == 3


def test_a_dictionary_is_deleted(api: Api, database: str) -> None:
    """A dictionary that a statement created can be deleted."""
    api.ok("create_table", small(), db_name=database)
    api.rows(
        f"INSERT INTO {database}.t VALUES (1, 'one');"
        f" CREATE DICTIONARY {database}.d (k UInt64, v String) PRIMARY KEY k"
        f" SOURCE(CLICKHOUSE(TABLE 't' DB '{database}')) LAYOUT(FLAT()) LIFETIME(0)"
    )
    assert api.rows(f"SELECT dictGet('{database}.d', 'v', toUInt64(1))") == [["one"]]
    assert api.fails("delete_dictionary", db_name=database, dict_name="t") == (
        400,
        "Dictionary_Invalid",
    )
    assert api.ok("delete_dictionary", db_name=database, dict_name="d") == {}
    assert api.fails("delete_dictionary", db_name=database, dict_name="d") == (
        404,
        "Dictionary_NotFound",
    )


def test_partitions_are_listed_and_dropped_by_name(api: Api, database: str) -> None:
    """Partitions have the rows that were put there; dropping takes these rows and no others."""
    api.rows(
        f"CREATE TABLE {database}.t (k Int64)"
        " ENGINE = CnchMergeTree PARTITION BY k % 11 ORDER BY k;"
        f" INSERT INTO {database}.t SELECT number FROM numbers(110)"
    )
    page = api.ok(
        "list_partitions", db_name=database, table_name="t", params={"limit": 4, "offset": 8}
    )
    assert page["meta"] == {"offset": 8, "total": 11}
    assert [(e["total_rows_count"], e["total_parts_number"]) for e in page["data"]] == [(10, 1)] * 3
    assert api.ok("get_partition_bounds", db_name=database, table_name="t")["data"] == {
        "min": "0",
        "max": "10",
    }
    assert api.fails(
        "delete_partitions", {"partitionNames": ["3", "99"]}, db_name=database, table_name="t"
    ) == (404, "Partition_NotFound")
    assert api.fails(
        "delete_partitions", {"partitionNames": []}, db_name=database, table_name="t"
    ) == (400, "Partition_Invalid")
    assert api.rows(f"SELECT count() FROM {database}.t") == [["110"]]
    assert api.ok(
        "delete_partitions", {"partitionNames": ["10", "3"]}, db_name=database, table_name="t"
    ) == {"data": "Success"}
    assert api.rows(f"SELECT count() FROM {database}.t WHERE k % 11 IN (3, 10)") == [["0"]]
    assert api.ok("get_partition_bounds", db_name=database, table_name="t")["data"] == {
        "min": "0",
        "max": "9",
    }
    assert api.ok("list_partitions", db_name=database, table_name="t")["meta"]["total"] == 9


def test_a_partition_of_several_columns_is_dropped_by_the_name_it_is_listed_by(
    api: Api, database: str
) -> None:
    """Quotes in a name change nothing."""
    api.ok("create_table", DOCUMENTED, db_name=database)
    api.rows(f"INSERT INTO {database}.table_name (ColumnNotNull) VALUES ('it\\'s'), ('x')")
    names = [
        entry["partition"]
        for entry in api.ok("list_partitions", db_name=database, table_name="table_name")["data"]
    ]
    [quoted] = [name for name in names if "it" in name]
    api.ok(
        "delete_partitions", {"partitionNames": [quoted]}, db_name=database, table_name="table_name"
    )
    assert api.rows(f"SELECT ColumnNotNull FROM {database}.table_name") == [["x"]]


def test_a_table_without_rows_has_no_bounds(api: Api, database: str) -> None:
    """Where there is no partition there is no first and no last."""
    api.ok("create_table", small(), db_name=database)
    assert api.ok("get_partition_bounds", db_name=database, table_name="t") == {"data": {}}
    assert api.ok("list_partitions", db_name=database, table_name="t") == {
        "data": [],
        "meta": {"offset": 0, "total": 0},
    }


def test_what_is_said_twice_must_be_the_same(api: Api, database: str) -> None:
    """A table is created again as it was described; what contradicts itself is refused."""
    columns = [{"name": "k", "type": "Int64"}, {"name": "d", "type": "Date"}]
    body: dict[str, Any] = {"columns": columns, "orderByKeys": ["k"]}
    keys: dict[str, Any] = {
        "partitionKeys": [{"column": "d", "granularity": "month"}],
        "uniqueKey": {"columns": ["k"]},
        "ttl": {"column": "d", "value": 9, "unit": "YEAR"},
    }
    api.ok("create_table", {**body, **keys, "name": "a"}, db_name=database)
    found = api.ok("get_table", db_name=database, table_name="a")["data"]
    described = {name: found[name] for name in ("columns", "orderByKeys", *keys)}
    api.ok("create_table", {**described, "name": "b"}, db_name=database)
    again = api.ok("get_table", db_name=database, table_name="b")["data"]
    assert {name: again[name] for name in described} == described
    for change in (
        {"partitionKeys": [{"column": "d", "expression": "toYYYYMM(d)"}]},
        {"uniqueKey": {"columns": ["k"], "expression": "d"}},
        {"ttl": {"column": "d", "value": 9, "unit": "YEAR", "expression": "d + INTERVAL 1 DAY"}},
        {"ttl": {"column": "d", "value": 0, "unit": "DAY"}},
        {"partitionKeys": [{"column": "d", "granularity": "hour"}]},
    ):
        refused = api.fails("create_table", {**body, **change, "name": "c"}, db_name=database)
        assert refused == (400, "Table_Invalid"), change
