"""Snapshots save everything and restore it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import SLEEPING, Api
from tests.emulator.seed import SEED, everything
from tests.support.stopwatch import Stopwatch

pytestmark = pytest.mark.usefixtures("fresh")


def test_a_restore_brings_everything_back(emulator: RunningEmulator, api: Api) -> None:
    """Rows, views, ids, roles, warehouses and the clock are those of the snapshot, every time."""
    emulator.seed(SEED)
    emulator.advance_clock(3600)
    before = everything(api)
    emulator.snapshot("filled")
    assert everything(api) == before
    for _ in range(2):
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
        waiting = pool.submit(other.refused, SLEEPING, queryID="long")
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
    api.ok("submit_async_query", {"query": SLEEPING, "mode": "ansi_sql", "queryID": "long"})
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


def test_snapshots_are_fast_and_leave_nothing_behind(emulator: RunningEmulator, api: Api) -> None:
    """A test suite can restore before each test: no thread, file or memory stays."""
    emulator.seed(SEED)
    emulator.snapshot("filled")

    def cost() -> tuple[int, int, int]:
        process = Path(f"/proc/{emulator.process.pid}")
        threads, files = len(list(process.glob("task/*"))), len(list(process.glob("fd/*")))
        return threads, files, int((process / "statm").read_text().split()[1]) >> 8

    for _ in range(4):
        emulator.restore("filled")
    before = cost()
    with Stopwatch() as watch:
        for _ in range(8):
            emulator.restore("filled")
            api.rows("SELECT 1")
    seconds = watch.seconds / 8
    after = cost()
    assert seconds < 0.5
    assert after[0] <= before[0] + 10
    assert after[1] <= before[1] + 20
    assert after[2] <= before[2] + 60
    print(f"{1000 * seconds:.0f} ms each; threads, files, MiB: {before} {after}")  # noqa: T201
