"""Jobs that read from Kafka: offsets, lag and a history that moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import pytest

from tests.emulator.loading.loader import Loader

_TOPICS = count()


@pytest.fixture
def topic() -> str:
    """Return the name of a topic that nobody else reads."""
    return f"topic{next(_TOPICS)}"


def _history(
    api: Loader, execution: str, period: str = "1h", granularity: str = "10s", partition: int = 0
) -> list[dict[str, Any]]:
    parameters = {"partition": partition, "period": period, "granularity": granularity}
    found: list[dict[str, Any]] = api.ok("get_kafka_history", id=execution, params=parameters)[
        "data"
    ]
    return found


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.03)


def test_lag_rises_stays_and_falls(api: Loader, topic: str) -> None:
    """It falls while the job runs, stays while it is stopped, and falls on from there."""
    api.table("id Int32")
    api.emulator.produce(topic, messages=10_000, speed=100)
    job = api.kafka(topic)
    first = api.start(job)
    api.wait(first, "RUNNING")
    api.pass_time(30)
    api.stop(job)
    [stood] = _history(api, first, granularity="1h")
    assert 7000 - 200 < stood["lag"] <= 7000
    assert stood["lag"] + stood["offset"] == 10_000

    api.emulator.produce(topic, messages=500)
    api.pass_time(600)
    second = api.start(job)
    api.wait(second, "RUNNING")
    [place] = api.execution(second)["partitions"]
    assert stood["offset"] <= place["offset"] < stood["offset"] + 200
    assert place["lag"] + place["offset"] == 10_500

    api.pass_time(50)
    windows = _history(api, second)
    assert len(windows) >= 5
    lags = [window["lag"] for window in windows]
    assert lags == sorted(lags, reverse=True)
    assert lags[0] > lags[-1] > 0
    assert windows[-1]["speed"] == pytest.approx(100, rel=0.02)
    api.pass_time(100)
    assert _history(api, second)[-1]["lag"] == 0


def test_rows_reach_the_table_once(api: Loader, topic: str) -> None:
    """Each row is inserted when its offset is passed, over a stop too; a bad one is counted."""
    table = api.table("id Int32, name String")
    rows: list[dict[str, Any]] = [{"id": n, "name": f"row {n}"} for n in range(20)]
    rows[7] = {"id": "seven"}
    api.emulator.produce(topic, rows=rows, speed=0)
    job = api.kafka(topic)
    first = api.start(job)
    api.wait(first, "RUNNING")
    assert api.count(table) == 0
    api.emulator.produce(topic, speed=1)
    api.pass_time(10)
    _until(lambda: api.execution(first)["statistics"]["rowsLoaded"] >= 9)
    api.stop(job)
    assert 9 <= api.count(table) < 19
    second = api.start(job)
    api.wait(second, "RUNNING")
    api.pass_time(20)
    api.execution(second)
    assert api.rows(f"SELECT id FROM {table} ORDER BY id") == [[n] for n in range(20) if n != 7]
    failed = [api.execution(e)["statistics"]["rowsFailed"] for e in (first, second)]
    assert failed == [1, 0]


def test_rows_arrive_without_anyone_looking(api: Loader, topic: str) -> None:
    """A statement alone sees them."""
    table = api.table("id Int32")
    api.wait(api.start(api.kafka(topic)), "RUNNING")
    api.emulator.produce(topic, rows=[{"id": 1}, {"id": 2}])
    _until(lambda: api.count(table) == 2)


def test_partitions_are_read_side_by_side(api: Loader, topic: str) -> None:
    """Each has its own offsets, and one that is not there is not found."""
    api.table("id Int32")
    api.emulator.produce(topic, messages=1000, partition=1, speed=10)
    execution = api.start(api.kafka(topic))
    api.wait(execution, "RUNNING")
    api.emulator.produce(topic, messages=5, partition=2)
    api.pass_time(50)
    places = api.execution(execution)["partitions"]
    assert [place["partition"] for place in places] == [0, 1, 2]
    assert (places[0]["offset"], places[2]["offset"], places[2]["lag"]) == (0, 5, 0)
    assert 500 <= places[1]["offset"] < 600
    assert _history(api, execution, partition=1)[-1]["lag"] > 0
    parameters = {"partition": 3, "period": "1h", "granularity": "1m"}
    assert api.fails("get_kafka_history", id=execution, params=parameters) == (
        404,
        "KafkaPartition_NotFound",
    )


def test_the_latest_offset_leaves_out_what_was_there(api: Loader, topic: str) -> None:
    """A job that begins there reads only what comes after its first start."""
    table = api.table("id Int32")
    api.emulator.produce(topic, rows=[{"id": 1}])
    execution = api.start(api.kafka(topic, offsetReset="latest"))
    api.wait(execution, "RUNNING")
    api.emulator.produce(topic, rows=[{"id": 2}])
    _until(lambda: api.count(table) > 0)
    assert api.rows(f"SELECT id FROM {table}") == [[2]]


def test_windows_go_back_from_now(api: Loader, topic: str) -> None:
    """They are adjacent, of the requested length, and none begins before the execution did."""
    api.table("id Int32")
    api.emulator.produce(topic, messages=10**6)
    execution = api.start(api.kafka(topic))
    api.wait(execution, "RUNNING")
    api.pass_time(600)
    windows = _history(api, execution, "5m", "2m")
    assert len(windows) == 3
    assert all(a["timestamp"] < b["timestamp"] for a, b in pairwise(windows))
    assert [round(b["offset"] - a["offset"], -3) for a, b in pairwise(windows)] == [120_000] * 2
    begin = api.execution(execution)["startTime"]
    assert _history(api, execution)[0]["timestamp"] == begin
    parameters = {"partition": 0, "period": "24h", "granularity": "1ms"}
    assert api.fails("get_kafka_history", id=execution, params=parameters) == (
        400,
        "Parameter_Invalid",
    )


@pytest.mark.parametrize(
    "text", ["", "1", "h", "1 h", "-1h", "0", "0s", "1d", "1h30", "1e3s", "9999999h"]
)
def test_a_duration_that_is_none_is_refused(api: Loader, topic: str, text: str) -> None:
    """Period and granularity are written as Go writes durations."""
    api.table("id Int32")
    execution = api.start(api.kafka(topic))
    for parameters in (
        {"period": text, "granularity": "1m"},
        {"period": "1h", "granularity": text},
    ):
        status, code = api.fails(
            "get_kafka_history", id=execution, params={"partition": 0, **parameters}
        )
        assert (status, code) == (400, "Parameter_InvalidDuration")


def test_logs_of_kafka_are_refused(api: Loader, topic: str) -> None:
    """As the docs say; and what does not read from Kafka has no history."""
    api.table("id Int32")
    execution = api.start(api.kafka(topic))
    assert api.fails("get_execution_logs", id=execution) == (400, "Execution_Invalid")
    other = api.run(api.local(api.file("a.csv", "id\n1\n")))["id"]
    parameters = {"partition": 0, "period": "1h", "granularity": "1m"}
    assert api.fails("get_kafka_history", id=other, params=parameters) == (400, "Execution_Invalid")
    unknown = f"{'0' * 8}-0000-0000-0000-{'0' * 12}"
    missing = api.fails("get_kafka_history", id=unknown, params=parameters)
    assert missing == (404, "Execution_NotFound")


def test_an_execution_whose_table_goes_fails(api: Loader, topic: str) -> None:
    """It does not run on as if rows could still be inserted."""
    table = api.table("id Int32")
    job = api.kafka(topic)
    execution = api.start(job)
    api.wait(execution, "RUNNING")
    api.rows(f"DROP TABLE {table}; SELECT 1")
    api.emulator.produce(topic, rows=[{"id": 1}])
    assert api.wait(execution, "FAILED")["message"]
    assert api.ok("get_import_job", id=job)["data"]["status"] == "IDLE"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"topic": "t", "messages": -1},
        {"topic": "t", "messages": 1, "rows": [{}]},
        {"topic": "t", "partition": 1000},
        {"topic": "t", "unknown": 1},
    ],
)
def test_an_invalid_message_is_refused(api: Loader, body: dict[str, Any]) -> None:
    """A mistake in a test is an error."""
    assert api.call("POST /_emulator/kafka", body).status_code == 400


def test_a_reset_ends_what_runs(api: Loader, topic: str) -> None:
    """Nothing is left of executions, jobs, connections and topics, and nothing runs."""
    api.table("id Int32")
    api.emulator.produce(topic, rows=[{"id": 1}])
    api.wait(api.start(api.kafka(topic)), "RUNNING")
    api.emulator.reset()
    for operation in ("list_executions", "list_import_jobs", "list_connections"):
        assert api.ok(operation)["data"] == []
    api.ok("create_database", {"name": api.database})
    table = api.table("id Int32")
    execution = api.start(api.kafka(topic))
    api.wait(execution, "RUNNING")
    assert api.execution(execution)["partitions"] == [{"partition": 0, "offset": 0, "lag": 0}]
    assert api.count(table) == 0
