"""A name is one by the same rule in a statement and in the API."""

from __future__ import annotations

import pytest

from tests.emulator.api import Api

GOOD = ["x" * 128, "a.b", "a'b", 'a"b', "\u00e4" * 20, "\U0001f600"]
BAD = ["x" * 129, "\u00e4" * 65, "a/b", "a\\b", "..", ".inner.x", "a\tb", "a\x00b", " "]
NEW = "CREATE TABLE {d}.{{}} (k Int8) ENGINE = CnchMergeTree ORDER BY k"
KINDS = [
    NEW,
    "CREATE VIEW {d}.{{}} AS SELECT 1 AS k",
    "CREATE TABLE {d}.t (k Int8, {{}} Int8) ENGINE = CnchMergeTree ORDER BY k",
    "CREATE DATABASE {{}}",
    "RENAME TABLE {d}.old TO {d}.{{}}",
    "ALTER TABLE {d}.old ADD COLUMN IF NOT EXISTS {{}} Int8",
    "ALTER TABLE {d}.old ADD COLUMN b Int8, RENAME COLUMN a TO {{}}",
]


def quoted(name: str) -> str:
    """Write a name for a statement."""
    escaped = name.replace("\\", "\\\\").replace("\t", "\\t").replace("\x00", "\\0")
    return f"`{escaped}`"


@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_what_is_no_name_is_refused_everywhere(api: Api, database: str, name: str) -> None:
    """Lengths are counted in bytes; nothing has been created."""
    api.rows(f"CREATE TABLE {database}.old (k Int8, a Int8) ENGINE = CnchMergeTree ORDER BY k")
    columns = [{"name": "k", "type": "Int8"}]
    body = {"name": name, "columns": columns, "orderByKeys": ["k"]}
    status, code = api.fails("create_table", body, db_name=database)
    assert (status, code) == (400, "Table_InvalidName")
    assert api.fails("create_database", {"name": name}) == (400, "Database_InvalidName")
    for kind in KINDS:
        status, code = api.refused(kind.format(d=database).format(quoted(name)))
        assert status == 400
        assert code.endswith("_InvalidName"), kind
    assert api.rows(f"SHOW TABLES FROM {database}") == [["old"]]
    api.rows(f"SELECT k, a FROM {database}.old")


@pytest.mark.parametrize("name", GOOD, ids=ascii)
def test_what_is_a_name_is_one_everywhere(api: Api, database: str, name: str) -> None:
    """It is read where it was not written."""
    columns = [{"name": "k", "type": "Int8"}, {"name": name, "type": "Int8"}]
    body = {"name": name, "columns": columns, "orderByKeys": ["k"]}
    api.ok("create_table", body, db_name=database)
    assert api.rows(f"SELECT {quoted(name)} FROM {database}.{quoted(name)}") == []
    api.ok("delete_table", db_name=database, table_name=name)
    api.results(NEW.format(d=database).format(quoted(name)))
    found = api.ok("get_table", db_name=database, table_name=name)["data"]
    assert found["name"] == name
