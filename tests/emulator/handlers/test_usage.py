"""Usage and statistics: from what was really stored and run."""

from __future__ import annotations

from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api

pytestmark = pytest.mark.usefixtures("fresh")

ALL_TIME = {"startTime": "2021-11-23T09:23:55.840932013Z", "endTime": "2199-01-01T00:00:00Z"}


def storage(api: Api, **query: str) -> dict[str, int]:
    """Return the bytes of each database."""
    data = api.ok("get_storage_usage", params={**ALL_TIME, **query})["data"]
    found = {entry["dbName"]: entry["sizeInBytes"] for entry in data["databases"]}
    assert data["totalSizeInBytes"] == sum(found.values())
    return found


def work(api: Api, **query: str) -> dict[str, dict[str, Any]]:
    """Return what ran, by warehouse."""
    data = api.ok("get_warehouse_usage", params={**ALL_TIME, **query})["data"]
    found = {entry["vwName"]: entry for entry in data["virtualWarehouses"]}
    assert data["totalCredits"] == pytest.approx(sum(e["credits"] for e in found.values()))
    return found


def now(api: Api) -> str:
    """Return the emulator's time."""
    found: str = api.ok("GET /_emulator/clock")["now"]
    return found


def test_storage_grows_with_what_is_stored(api: Api) -> None:
    """Rows add to their database and to no other."""
    for name in ("small", "large"):
        api.ok("create_database", {"name": name})
        api.results(f"CREATE TABLE {name}.t (a Int64) ENGINE = CnchMergeTree ORDER BY a")
    assert storage(api) == {"small": 0, "large": 0}
    api.results("INSERT INTO large.t SELECT number FROM numbers(10000)")
    first = storage(api)
    assert first["small"] == 0 < first["large"]
    api.results("INSERT INTO large.t SELECT number FROM numbers(10000)")
    assert storage(api, dbName="large").keys() == {"large"}
    assert storage(api)["large"] > first["large"]
    api.results("TRUNCATE TABLE large.t")
    assert storage(api)["large"] == 0


def test_a_database_counts_from_when_it_was_made(api: Api, emulator: RunningEmulator) -> None:
    """A period that ended before does not know it."""
    before = now(api)
    emulator.advance_clock(1)
    api.ok("create_database", {"name": "late"})
    assert storage(api, endTime=before) == {}
    assert storage(api).keys() == {"late"}


def test_a_warehouse_is_charged_for_what_ran_on_it(api: Api) -> None:
    """Seconds at the rate of its size, in the period and on that warehouse alone."""
    vw = api.ok("create_warehouse", {"name": "large", "configID": 123455})["vwID"]
    before = now(api)
    assert work(api)["large"]["credits"] == 0
    api.rows("SELECT sleep(0.2)", vwID=vw)
    entry = work(api)["large"]
    assert entry["queries"] == 1
    assert entry["runSeconds"] >= 0.2
    assert entry["credits"] == pytest.approx(entry["runSeconds"] * 16 / 3600)
    assert work(api)["vw_default"]["queries"] == 0
    assert work(api, endTime=before)["large"]["queries"] == 0
    assert work(api, startTime=now(api))["large"]["queries"] == 0
    api.rows("SELECT 1", vwID=vw)
    assert work(api, vwName="large")["large"]["queries"] == 2
    assert work(api, vwName="large").keys() == {"large"}


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"startTime": "yesterday"}, (400, "Usage_Invalid")),
        ({"startTime": "2021-11-23T09:23:55"}, (400, "Usage_Invalid")),
        ({"startTime": "2021-13-23T09:23:55Z"}, (400, "Usage_Invalid")),
        ({"endTime": "2001-01-01T00:00:00Z"}, (400, "Usage_Invalid")),
    ],
)
def test_a_period_is_two_times_in_order(
    api: Api, query: dict[str, str], answer: tuple[int, str]
) -> None:
    """What is no period is refused."""
    for operation in ("get_storage_usage", "get_warehouse_usage"):
        assert api.fails(operation, params={**ALL_TIME, **query}) == answer


def test_the_usage_of_what_does_not_exist_is_a_404(api: Api) -> None:
    """Be it a database or a warehouse."""
    nothing = [("get_storage_usage", "dbName"), ("get_warehouse_usage", "vwName")]
    for operation, name in nothing:
        assert api.fails(operation, params={**ALL_TIME, name: "nothing"})[0] == 404


def test_statistics_are_those_of_the_engine(api: Api) -> None:
    """Rows and bytes are what the statements of a query read and wrote, and nothing else."""
    api.ok("create_database", {"name": "sales"})
    create = "CREATE TABLE sales.t (a Int64) ENGINE = CnchMergeTree ORDER BY a"
    insert = "INSERT INTO sales.t SELECT number FROM numbers(1000)"
    api.results(f"{create}; {insert}", queryID="writes")
    api.results("SELECT a FROM sales.t LIMIT 10; SELECT a FROM sales.t", queryID="reads")
    written = api.ok("get_query_statistics", id="writes")["data"]
    assert (written["readRows"], written["writtenRows"]) == (1000, 1000)
    read = api.ok("get_query_statistics", id="reads")["data"]
    assert (read["resultRows"], read["writtenRows"]) == (1010, 0)
    assert read["readRows"] >= 1010
    assert read["queryID"] == "reads"
    assert read["status"] == "Finished"
    assert api.fails("get_query_statistics", id="none") == (404, "Query_NotFound")


def test_a_query_before_a_reset_does_not_count(api: Api, emulator: RunningEmulator) -> None:
    """An id that is used again is that of the new query only."""
    for _ in range(2):
        api.results("SELECT * FROM numbers(7)", queryID="again")
        data = api.ok("get_query_statistics", id="again")["data"]
        assert data["resultRows"] == 7
        emulator.reset()
