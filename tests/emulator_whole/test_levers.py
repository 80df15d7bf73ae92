"""The levers that tests pull: snapshots, seeds, faults and shapes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.emulator.api import ENDLESS, Api

SEED = """
roles: [{name: Reader, description: reads}]
users: [{id: 7, roles: [Reader], api_key: "seven:key"}]
databases:
  - name: Shop
    description: all of it
    tables:
      - name: orders
        columns:
          - {name: id, type: UInt64}
          - {name: day, type: Date}
          - {name: note, type: String, nullable: true}
        orderByKeys: [id]
        uniqueKey: {columns: [id]}
        rows:
          - [1, 2026-11-01, first]
          - [2, 2026-11-02, null]
  - name: mirror
    mysql: {}
statements:
  - query: |
      CREATE VIEW shop.latest AS SELECT max(day) AS day FROM shop.orders;
      CREATE MATERIALIZED VIEW shop.ids ENGINE = CnchMergeTree ORDER BY id
      AS SELECT id FROM shop.orders;
      CREATE TABLE mirror.scratch (k Int64) ENGINE = Memory; INSERT INTO mirror.scratch VALUES (5)
warehouses: [{name: etl, configID: 123452, status: down}]
grants:
  - RoleName: Reader
    ActionName: SELECT
    SecureObjectTypeName: DATABASE
    ByteHouseResourceID: shop
connections: [{name: broker, type: KAFKA, data: {brokers: "h:1"}}]
jobs:
  - name: stream
    connection: broker
    configuration:
      source: {type: KAFKA, format: JSON, properties: {topic: t}}
      target: {database: shop, table: orders}
kafka: [{topic: t, rows: [{id: 3, day: 2026-11-03, note: third}]}]
"""
SEEN: list[tuple[str, dict[str, str]]] = [
    ("list_databases", {}),
    ("get_database", {"db_name": "shop"}),
    ("list_tables_and_views", {"db_name": "shop"}),
    ("get_table", {"db_name": "shop", "table_name": "orders"}),
    ("list_warehouses", {}),
    ("list_roles", {}),
    ("list_assignments", {}),
    ("list_connections", {}),
    ("list_import_jobs", {}),
    ("list_executions", {}),
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """Run an emulator that keeps its data in a directory."""
    directory = tmp_path_factory.mktemp("data")
    with running_emulator(data=directory, validate_answers=True) as running:
        yield running


@pytest.fixture
def emulator(shared: RunningEmulator) -> RunningEmulator:
    """Return an emulator in which nothing has happened."""
    shared.reset()
    shared.clear_journal()
    return shared


@pytest.fixture
def api(emulator: RunningEmulator) -> Iterator[Api]:
    """Return a caller."""
    api = Api(emulator.url, emulator.token)
    with api.client:
        yield api


def everything(api: Api) -> list[object]:
    """Ask for all that a snapshot is to hold."""
    rows = api.rows("SELECT * FROM shop.orders ORDER BY id")
    others = [api.rows(f"SELECT * FROM {name}") for name in ("shop.latest", "mirror.scratch")]
    return [rows, *others, *[api.ok(name, **path) for name, path in SEEN]]


# Seeds


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


def test_a_seed_file_is_brought_in_once_and_after_a_reset(tmp_path: Path) -> None:
    """A restart finds what became of it; a reset brings it in anew; a wrong file ends the start."""
    file = tmp_path / "seed.yaml"
    file.write_text(SEED)
    for names in (["mirror", "shop"], ["mine", "mirror"]):
        with running_emulator(data=tmp_path / "data", options=[f"--seed={file}"]) as emulator:
            api = Api(emulator.url, emulator.token)
            with api.client:
                assert [d["name"] for d in api.ok("list_databases")["data"]] == names
                if "shop" in names:
                    api.ok("delete_database", db_name="shop")
                    api.ok("create_database", {"name": "mine"})
                else:
                    emulator.reset()
                    assert api.rows("SELECT count() FROM shop.orders") == [["2"]]
    file.write_text("databases: [{name: ''}]")
    command = [sys.executable, "-m", "bytehouse_emulator", f"--seed={file}"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 1
    assert "databases[0]" in result.stderr
    assert "Traceback" not in result.stderr


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


# Snapshots


def test_a_restore_brings_everything_back(emulator: RunningEmulator, api: Api) -> None:
    """Rows, views, ids, roles, warehouses and the clock are those of the snapshot, every time."""
    emulator.seed(SEED)
    emulator.advance_clock(3600)
    before = everything(api)
    emulator.snapshot("filled")
    assert everything(api) == before
    for _ in range(3):
        api.rows("INSERT INTO shop.orders VALUES (1, '2030-01-01', 'new')")
        api.rows("DROP VIEW shop.latest; INSERT INTO mirror.scratch VALUES (6)")
        api.ok("update_table", {"dropColumns": ["note"]}, db_name="shop", table_name="orders")
        api.ok("delete_warehouse", name="etl")
        api.ok("create_database", {"name": "other"})
        emulator.advance_clock(86_400)
        emulator.fault("list_databases", status=500)
        emulator.restore("filled")
        assert everything(api) == before
    assert api.ok("GET /_emulator/clock")["ahead_seconds"] == 3600
    api.rows("INSERT INTO shop.orders VALUES (1, '2030-01-01', 'new')")
    assert api.rows("SELECT count(), max(note) FROM shop.orders") == [["2", "new"]]


def test_a_restore_ends_what_runs(emulator: RunningEmulator, api: Api) -> None:
    """A caller that waits is told; a query of the time before is not known afterwards."""
    emulator.snapshot("empty")
    other = Api(emulator.url, emulator.token)
    with ThreadPoolExecutor() as pool, other.client:
        waiting = pool.submit(other.refused, ENDLESS, queryID="long")
        while api.call("get_async_query_status", id="long").status_code != 200:
            time.sleep(0.01)
        api.wait_for("long", "Running")
        emulator.restore("empty")
        assert waiting.result() == (400, "Query_QueryWasCancelled")
    assert api.fails("get_async_query_status", id="long") == (404, "Query_NotFound")
    assert api.rows("SELECT 1", queryID="long") == [[1]]


def test_results_come_back_with_a_snapshot(emulator: RunningEmulator, api: Api) -> None:
    """Large results too, which are kept in files."""
    api.rows("SELECT number FROM numbers(100000)", queryID="large")
    emulator.snapshot("results")
    emulator.reset()
    emulator.restore("results")
    [found] = api.ok("get_async_query_result", id="large")["data"]
    assert len(found["rows"]) == found["rowCount"] == 100_000


def test_kafka_reads_on_after_a_restore(emulator: RunningEmulator, api: Api) -> None:
    """A job that was reading reads again, from where it stood, and no row comes twice."""
    job = emulator.seed(SEED)["jobs"]["stream"]
    api.ok("start_import_job", {}, id=job)
    time.sleep(0.1)
    emulator.snapshot("reading")
    for _ in range(2):
        emulator.restore("reading")
        assert api.ok("get_import_job", id=job)["data"]["status"] == "RUNNING"
        emulator.produce("t", rows=[{"id": 4, "day": "2026-11-04"}], speed=1e6)
        deadline = time.monotonic() + 10
        while api.rows("SELECT count() FROM shop.orders") != [["4"]]:
            assert time.monotonic() < deadline


def test_a_snapshot_waits_for_what_runs_and_says_so(api: Api) -> None:
    """Half a query cannot be saved: the error names it, and everything goes on."""
    api.ok("submit_async_query", {"query": ENDLESS, "mode": "ansi_sql", "queryID": "long"})
    response = api.call("PUT /_emulator/snapshots/busy")
    assert response.status_code == 409
    assert "'long'" in response.json()["message"]
    assert api.ok("GET /_emulator/snapshots")["snapshots"].count("busy") == 0
    api.ok("kill_async_query", id="long")


def test_snapshots_are_listed_replaced_and_deleted(emulator: RunningEmulator, api: Api) -> None:
    """A name stands for the latest; what is no name, or not there, is refused."""
    emulator.snapshot("a-1")
    api.ok("create_database", {"name": "later"})
    emulator.snapshot("a-1")
    emulator.reset()
    emulator.restore("a-1")
    api.ok("get_database", db_name="later")
    path = "/_emulator/snapshots"
    assert "a-1" in api.ok(f"GET {path}")["snapshots"]
    api.ok(f"DELETE {path}/a-1")
    assert api.fails(f"POST {path}/a-1/restore") == (404, "Snapshot_NotFound")
    assert api.fails(f"PUT {path}/a%20b") == (400, "Snapshot_Invalid")
    assert api.fails(f"PUT {path}/..%2Fx")[0] in {400, 404}


def test_a_snapshot_outlives_the_process(tmp_path: Path) -> None:
    """With a directory, the next emulator on it can restore; its own token works."""
    for restart in (False, True):
        with running_emulator(data=tmp_path, validate_answers=True) as emulator:
            api = Api(emulator.url, emulator.token)
            with api.client:
                if restart:
                    emulator.restore("kept")
                    assert len(everything(api)[0]) == 2  # type: ignore[arg-type]
                else:
                    emulator.seed(SEED)
                    emulator.snapshot("kept")
                    emulator.reset()


def test_snapshots_are_fast_and_leave_nothing_behind(emulator: RunningEmulator, api: Api) -> None:
    """A test suite can restore before each test: no thread, file or memory stays."""
    emulator.seed(SEED)
    emulator.snapshot("filled")

    def cost() -> tuple[int, int, int]:
        process = Path(f"/proc/{emulator.process.pid}")
        threads, files = len(list(process.glob("task/*"))), len(list(process.glob("fd/*")))
        return threads, files, int((process / "statm").read_text().split()[1]) >> 8

    for _ in range(10):
        emulator.restore("filled")
    before, begin = cost(), time.monotonic()
    for _ in range(30):
        emulator.restore("filled")
        api.rows("SELECT 1")
    seconds = (time.monotonic() - begin) / 30
    after = cost()
    assert seconds < 0.5
    assert after[0] <= before[0] + 10
    assert after[1] <= before[1] + 20
    assert after[2] <= before[2] + 60
    print(f"{1000 * seconds:.0f} ms each; threads, files, MiB: {before} {after}")  # noqa: T201


# Faults


def test_a_distorted_answer_is_still_an_effect(emulator: RunningEmulator, api: Api) -> None:
    """Broken JSON, new words and new keys come with the operation carried out."""
    emulator.fault("create_database", distort="malformed")
    response = api.call("create_database", {"name": "d"})
    assert response.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        response.json()
    emulator.fault("list_databases", distort="extra_fields")
    [found] = api.ok("list_databases")["data"]
    assert found.pop("somethingNew")
    emulator.fault("get_warehouse", distort="unknown_enum")
    assert api.ok("get_warehouse", name="vw_default")["status"] == "SOMETHING_NEW"
    assert [entry["fault"] for entry in emulator.journal("list_databases")] == ["extra_fields"]


def test_a_repeated_cursor_never_ends(emulator: RunningEmulator, api: Api) -> None:
    """The next page is the same page again, for as long as the fault lasts."""
    for name in range(25):
        api.ok("create_connection", {"name": f"c{name}", "type": "KAFKA", "data": {}})
    emulator.fault("list_connections", distort="repeated_cursor", count=5)
    cursor = api.ok("list_connections")["meta"]["cursor"]
    for _ in range(4):
        assert api.ok("list_connections", params={"cursor": cursor})["meta"]["cursor"] == cursor
    assert api.ok("list_connections", params={"cursor": cursor})["meta"]["cursor"] != cursor


def test_chance_is_the_same_with_the_same_seed(emulator: RunningEmulator, api: Api) -> None:
    """A share of the calls is struck, and which ones depends on the seed alone."""

    def struck(seed: int) -> list[int]:
        emulator.clear_faults()
        emulator.fault("list_dialects", status=503, count=10**6, probability=0.3, seed=seed)
        return [api.call("list_dialects").status_code for _ in range(60)]

    first = struck(1)
    assert 5 < first.count(503) < 35
    assert struck(1) == first != struck(2)


# The clock


def test_whatever_is_dated_as_late_as_can_be_is_kept(emulator: RunningEmulator, api: Api) -> None:
    """The clock stops, and dates end, before they outgrow what they are kept in."""
    refused = api.fails("create_api_key", {"expiryInDays": 200_000})
    assert refused == (400, "ApiKey_Invalid")
    emulator.advance_clock(470 * 365.25 * 86_400)
    api.ok("create_warehouse", {"name": "late", "configID": 123451})
    api.ok("create_api_key", {"expiryInDays": 90})
    assert api.rows("SELECT 1") == [[1]]
    assert api.ok("get_warehouse", name="late")["createdAt"] > "2490"
    assert api.fails("POST /_emulator/clock", {"advance_seconds": 1e9})[0] == 400


# Shapes


def test_rows_come_in_the_shape_that_was_chosen(emulator: RunningEmulator, api: Api) -> None:
    """The same rows, in each of the plausible readings of the documentation."""
    query = "SELECT 1; SELECT number AS n, concat('a,]\\n', toString(number)) AS s FROM numbers(2)"
    columns = [{"name": "n", "type": "UInt64"}, {"name": "s", "type": "String"}]
    rows = [["0", "a,]\n0"], ["1", "a,]\n1"]]

    def answer(**extra: Any) -> dict[str, Any]:
        found: dict[str, Any] = api.submit(query, **extra).json()
        return found

    assert [answer()["data"][1][key] for key in ("columns", "rows")] == [columns, rows]
    emulator.result_shape("objects")
    assert answer() == {"data": [{"n": n, "s": s} for n, s in rows]}
    assert answer(maxRowsReturn=1) == {"data": [{"n": "0", "s": "a,]\n0"}]}
    assert api.submit("SELECT 1 AS x WHERE 0").json() == {"data": []}
    emulator.result_shape("meta")
    assert answer() == {"data": rows, "meta": columns}
    emulator.result_shape("id")
    [query_id] = answer()["data"]
    [_, result] = api.ok("get_async_query_result", id=query_id)["data"]
    assert result["rows"] == rows
    body = {"query": query, "mode": "ansi_sql", "queryID": "mine"}
    assert api.ok("submit_async_query", body) == {"data": ["mine"]}
    assert api.fails("PUT /_emulator/result-shape", {"shape": "table"})[0] == 400
    emulator.reset()
    assert answer()["data"][1]["rows"] == rows


def test_a_large_result_is_the_same_in_every_shape(emulator: RunningEmulator, api: Api) -> None:
    """Rows are cut into pieces on their way, never within a value."""
    query = "SELECT number, repeat('x', number % 99) FROM numbers(30000)"
    expected = api.rows(query)
    emulator.result_shape("objects")
    objects = api.submit(query).json()["data"]
    assert [list(found.values()) for found in objects] == expected
    emulator.result_shape("meta")
    assert api.submit(query).json()["data"] == expected


def test_the_shape_can_be_chosen_at_the_start() -> None:
    """The option holds from the first call, and after a reset."""
    with running_emulator(options=["--result-shape=meta"]) as emulator:
        emulator.result_shape("columns")
        emulator.reset()
        api = Api(emulator.url, emulator.token)
        with api.client:
            answer = api.submit("SELECT 1 AS x").json()
        assert answer == {"data": [[1]], "meta": [{"name": "x", "type": "UInt8"}]}
