"""Seeds create objects by the rules of the API."""

from __future__ import annotations

import time

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api
from tests.emulator.seed import SEED

pytestmark = pytest.mark.usefixtures("fresh")


def test_a_seed_makes_all_kinds_of_objects(emulator: RunningEmulator, api: Api) -> None:
    """Rows, views, roles with a known key, grants, warehouses, jobs: by the API's own rules."""
    made = emulator.seed(SEED)
    assert made["users"] == {"7": "seven:key"}
    rows = [["1", "2026-11-01", "first"], ["2", "2026-11-02", None]]
    assert api.rows("SELECT * FROM shop.orders ORDER BY id") == rows
    assert api.rows("SELECT * FROM shop.ids ORDER BY id") == []
    reader = Api(emulator.url, "seven:key")
    with reader.client:
        assert reader.fails("delete_database", db_name="shop") == (403, "Auth_PermissionDenied")
    assert api.ok("get_warehouse", name="etl")["status"] == "down"
    job = made["jobs"]["stream"]
    found = api.ok("get_import_job", id=job)["data"]
    assert found["connectionID"] == made["connections"]["broker"]
    api.ok("start_import_job", {}, id=job)
    deadline = time.monotonic() + 10
    while api.rows("SELECT count() FROM shop.orders") != [["3"]]:
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("seed", "named"),
    [
        ("databases: [{name: a}, {name: a}]", "databases[1]"),
        ("databases: [{name: a, tables: [{name: t, columns: []}]}]", "tables[0]"),
        ("databases: [{name: a, tabels: []}]", "tabels"),
        ("warehouses: [{name: w, configID: 123451, autosuspend: 5}]", "autosuspend"),
        ("jobs: [{name: j, connection: c, configuration: {}}]", "'c'"),
        ("statements: [{query: SELECT nonsense}]", "statements[0]"),
        ("database: []", "database"),
        ("- 1", "seed"),
        ("a: [", "seed"),
    ],
)
def test_a_seed_that_cannot_be_is_refused_where_it_is_wrong(
    api: Api, seed: str, named: str
) -> None:
    """The error names the entry, and a misspelt key is told."""
    response = api.call("POST /_emulator/seed", content=seed)
    assert 400 <= response.status_code < 500
    assert named in response.json()["message"]


@pytest.mark.parametrize(
    ("status", "expected"), [("", "Syncing"), ("ExceptionStopSync", "ExceptionStopSync")]
)
def test_a_mirror_of_mysql_comes_from_a_seed(
    emulator: RunningEmulator, api: Api, status: str, expected: str
) -> None:
    """Its state goes by steps, or stays where it was put; any other database mirrors nothing."""
    emulator.transitions("polls", polls=2)
    emulator.seed({"databases": [{"name": "m", "mysql": {"status": status}}, {"name": "n"}]})
    found = [api.ok("get_mysql_sync_status", db_name="m")["data"]["status"] for _ in range(3)]
    assert found == (["PreparingSync", "FullSync", "Syncing"] if not status else [status] * 3)
    assert found[-1] == expected
    refused = api.fails("get_mysql_sync_status", db_name="n")
    assert refused == (400, "Database_NotMaterializedMySQL")
