"""What an emulator has acknowledged is there again after it was killed and restarted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from bytehouse_raw.operations import ROLE_HEADER
from tests.emulator.api import SLEEPING, Api
from tests.emulator.loading.loader import Loader
from tests.emulator.seed import SEED, everything

PERMISSION = {
    "RoleName": "Analyst",
    "ByteHouseResourceID": "*",
    "SecureObjectTypeName": "ACCOUNT",
    "ActionName": "USE",
}
DRAFT = {"state": "DRAFT", "configuration": {}, "sourceSchema": {}}


@dataclass(frozen=True)
class Restarted:
    """A restarted emulator, and what was known of it before."""

    emulator: RunningEmulator
    api: Loader
    directory: Path
    before: dict[str, Any]


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    """Fill an emulator, kill it while a query runs and files are loaded, and restart it."""
    directory = tmp_path_factory.mktemp("data")
    (directory / "seed.yaml").write_text(SEED)
    (directory / "import").mkdir()
    settings: dict[str, Any] = {
        "data": directory,
        "roles": ["Analyst"],
        "options": [f"--seed={directory / 'seed.yaml'}"],
    }
    with running_emulator(**settings) as emulator:
        api = Loader(emulator, "stored", directory / "import")
        with api.client:
            before = _fill(api) | {"token": emulator.token}
        emulator.process.kill()
        emulator.process.wait()
    with running_emulator(**settings, validate_answers=True) as emulator:
        api = Loader(emulator, "stored", directory / "import")
        with api.client:
            yield Restarted(emulator, api, directory, before)


def _fill(api: Loader) -> dict[str, Any]:
    found: dict[str, Any] = {"seeded": everything(api)}
    api.emulator.snapshot("seeded")
    api.ok("delete_database", db_name="mirror")
    api.ok("create_database", {"name": "stored"})
    api.ok("create_database", {"name": "kept", "description": "so"})
    api.rows(
        "CREATE TABLE kept.t (k Int64, v String) ENGINE = CnchMergeTree ORDER BY v UNIQUE KEY k;"
        " INSERT INTO kept.t VALUES (1, 'a')"
    )
    api.rows("USE kept", session="mine")
    api.rows("SELECT number FROM numbers(100000)", queryID="finished")
    found["objects"] = _objects(api)
    found["key"] = api.ok("create_api_key", {})["data"]["apiKey"]
    api.ok("grant_permission", PERMISSION)
    body = {"name": "c", "type": "S3", "data": {"password": "hush", "host": "a"}}
    found["connection"] = api.ok("create_connection", body)["data"]["id"]
    data = api.ok("get_connection", id=found["connection"])["data"]["data"]
    change = {"name": "c", "data": data | {"host": "b"}}
    api.ok("update_connection", change, id=found["connection"])
    found["draft"] = api.ok("create_import_job", {"name": "draft", **DRAFT})["data"]["id"]
    found["deleted"] = api.ok("create_import_job", {"name": "deleted", **DRAFT})["data"]["id"]
    api.ok("delete_import_job", id=found["deleted"])
    api.table("id Int32", name="topic")
    api.emulator.produce("topic", rows=[{"id": 1}, {"id": 2}])
    source = {"type": "KAFKA", "format": "JSON", "properties": {"topic": "topic"}}
    broker = api.connection("KAFKA", {})
    found["stream"] = api.start(api.job(source, connectionID=broker, table="topic"))
    while api.count("stored.topic") != 2:
        time.sleep(0.01)
    body = {"query": SLEEPING, "mode": "ansi_sql", "queryID": "endless"}
    api.ok("submit_async_query", body)
    api.wait_for("endless", "Running")
    api.table("id Int32, name String", name="files")
    lines = "".join(f"{n},{'x' * 100}\n" for n in range(60_000))
    properties = {"fileNames": api.file("a.csv", "id,name\n" + lines)}
    local = {"type": "LOCAL", "format": "CSV", "properties": properties}
    found["load"] = api.job(local, mode="APPEND", table="files")
    found["execution"] = api.start(found["load"])
    while not api.execution(found["execution"])["statistics"]["rowsLoaded"]:
        time.sleep(0.005)
    return found


def _objects(api: Api) -> list[object]:
    return [
        api.ok("list_databases"),
        api.ok("get_database", db_name="kept"),
        api.ok("get_table", db_name="kept", table_name="t"),
        api.ok("get_warehouse", name="etl"),
    ]


def test_objects_and_rows_are_there(restarted: Restarted) -> None:
    """Databases, tables and warehouses are the same, and a seed file is not applied again."""
    assert _objects(restarted.api) == restarted.before["objects"]
    # Of the session, too: its database is the current one.
    restarted.api.rows("INSERT INTO t VALUES (1, 'b')", session="mine")
    assert restarted.api.rows("SELECT v FROM kept.t") == [["b"]]


def test_results_are_there_and_interrupted_queries_have_failed(restarted: Restarted) -> None:
    """A finished query can be read, a running one has failed, and neither id is free."""
    api = restarted.api
    assert api.status("endless") == "Failed"
    found = api.ok("get_async_query_result", id="finished")["data"][0]
    assert found["rowCount"] == 100_000
    assert api.refused("SELECT 1", queryID="finished") == (400, "Query_AlreadyExists")
    period = {"startTime": "2021-01-01T00:00:00Z", "endTime": "2199-01-01T00:00:00Z"}
    usage = api.ok("get_warehouse_usage", params=period)["data"]["virtualWarehouses"]
    assert usage[0]["queries"] > 3


def test_keys_roles_and_permissions_are_there(restarted: Restarted) -> None:
    """API keys stay valid beside the new start token, which replaces the old one."""
    api = Api(restarted.emulator.url, restarted.before["key"])
    old = Api(restarted.emulator.url, restarted.before["token"])
    with api.client, old.client:
        assert old.call("list_databases").status_code == 403
        assert len(api.ok("list_api_keys")["data"]) == 2
        body = {"query": "SELECT 2", "mode": "ansi_sql"}
        api.ok("submit_sync_query", body, headers={ROLE_HEADER: "Analyst"})


def test_connections_keep_their_secrets_and_ids_are_not_reused(restarted: Restarted) -> None:
    """An update with masked secrets changed none of them."""
    api, before = restarted.api, restarted.before
    assert api.ok("get_connection", id=before["connection"])["data"]["data"]["host"] == "b"
    files = restarted.directory.glob("state.sqlite3*")
    assert any(b"hush" in path.read_bytes() for path in files)
    assert api.ok("get_import_job", id=before["draft"])["data"]["name"] == "draft"
    new = api.ok("create_import_job", {"name": "new", **DRAFT})["data"]["id"]
    assert new > before["deleted"]


def test_a_stream_continues_without_inserting_a_row_twice(restarted: Restarted) -> None:
    """An execution that reads from Kafka runs again."""
    api = restarted.api
    api.wait(restarted.before["stream"], "RUNNING")
    restarted.emulator.produce("topic", rows=[{"id": 3}])
    deadline = time.monotonic() + 20
    while api.count("stored.topic") != 3:
        assert time.monotonic() < deadline


def test_an_interrupted_load_has_failed_without_effect(restarted: Restarted) -> None:
    """No half of it is in the table, nor a staging table, and the job can be started again."""
    api = restarted.api
    found = api.execution(restarted.before["execution"])
    assert (found["status"], found["message"]) == ("FAILED", "The server stopped while it ran.")
    assert api.count("stored.files") == 0
    names = "SELECT name FROM system.tables WHERE database = 'stored' ORDER BY name"
    assert api.rows(names) == [["files"], ["topic"]]
    assert api.run(restarted.before["load"])["status"] == "FINISHED"
    assert api.count("stored.files") == 60_000


def test_a_snapshot_can_be_restored_and_a_reset_applies_the_seed(restarted: Restarted) -> None:
    """Both give the state of the start; the new token stays valid."""
    restarted.emulator.restore("seeded")
    names = [entry["name"] for entry in restarted.api.ok("list_databases")["data"]]
    assert names == ["mirror", "shop"]
    assert everything(restarted.api)[:3] == restarted.before["seeded"][:3]
    restarted.api.ok("create_database", {"name": "other"})
    restarted.emulator.reset()
    names = [entry["name"] for entry in restarted.api.ok("list_databases")["data"]]
    assert names == ["mirror", "shop"]
    assert restarted.api.rows("SELECT count() FROM shop.orders") == [["2"]]
