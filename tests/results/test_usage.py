"""Usage as points, sums and frames."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bytehouse import ByteHouse, ByteHouseError, InvalidArgument, StoragePoint
from tests.support.cases import cases
from tests.support.server import ScriptedServer, data

START, END = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"
FIRST, LAST = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


def point(**fields: Any) -> StoragePoint:
    """Return a point of the whole time."""
    return StoragePoint(**{"start": FIRST, "end": LAST, **fields})


@cases(
    ("response", "points"),
    [
        ({}, []),
        ({"databases": [], "totalSizeInBytes": 0, "startTime": START}, []),
        (
            {"databases": [{"dbName": "a", "sizeInBytes": 2**60}], "totalSizeInBytes": 2**60},
            [point(database="a", bytes=2**60)],
        ),
        ({"database": "a", "bytes": 1.0}, [point(database="a", bytes=1)]),
        (
            {"items": [{"name": "a", "points": [{"Time": "2026-11-01", "SIZE_IN_BYTES": 3}]}]},
            [StoragePoint(start=FIRST, database="a", bytes=3)],
        ),
        ({"items": [{"database": 7, "bytes": "many"}]}, [point()]),
        ({"items": [{"date": "never", "bytes": True}]}, [point()]),
    ],
)
def test_points_are_found_in_any_likely_layout(
    bh: ByteHouse, server: ScriptedServer, response: Any, points: list[StoragePoint]
) -> None:
    """What is of another type is None, and the response stays as received."""
    server.script(data(response))
    usage = bh.usage.storage(START, END)
    assert list(usage) == points
    assert [each.to_dict() for each in usage.responses] == [response]


def test_each_day_is_asked_for_by_itself(bh: ByteHouse, server: ScriptedServer) -> None:
    """Cut at midnights in UTC; sums by day and by name, and the mean of what is stored."""
    sizes = iter([10, 20, 30])

    def reply(_: Any) -> Any:
        size = next(sizes)
        return data({"databases": [{"dbName": "a", "size": size}, {"dbName": "b", "size": 1}]})

    server.handler = reply
    usage = bh.usage.storage("2026-11-01T12:00:00Z", "2026-11-03T06:00:00.5Z", daily=True)
    assert [seen.target.partition("?")[2] for seen in server.seen] == [
        "startTime=2026-11-01T12%3A00%3A00Z&endTime=2026-11-02T00%3A00%3A00Z",
        "startTime=2026-11-02T00%3A00%3A00Z&endTime=2026-11-03T00%3A00%3A00Z",
        "startTime=2026-11-03T00%3A00%3A00Z&endTime=2026-11-03T06%3A00%3A00.5Z",
    ]
    days = [date(2026, 11, day) for day in (1, 2, 3)]
    assert usage.by_day() == dict(zip(days, (11, 21, 31), strict=True))
    assert usage.by_database() == {"a": 20, "b": 1}
    assert [len(usage), usage[0].database, len(usage[1:3])] == [6, "a", 2]
    assert "6 points" in repr(usage)


def test_sums_of_warehouses(bh: ByteHouse, server: ScriptedServer) -> None:
    """By warehouse for each measure; by day only where days were asked for."""
    entry = {"vwName": "etl", "vwID": "vw-1", "queries": 2, "runSeconds": 7, "credits": 0.5}
    server.script(data({"virtualWarehouses": [entry, {**entry, "vwName": "bi", "credits": None}]}))
    usage = bh.usage.warehouse("2026-11-01", "2026-11-08")
    assert usage.by_warehouse() == {"etl": 0.5}
    assert usage.by_warehouse("queries") == {"etl": 2, "bi": 2}
    assert usage.by_warehouse("seconds") == {"etl": 7.0, "bi": 7.0}
    with pytest.raises(ByteHouseError, match="daily=True"):
        usage.by_day()
    server.clear()
    with pytest.raises(InvalidArgument, match="400"):
        bh.usage.warehouse("500d", daily=True)
    assert server.seen == []


def test_frames_have_a_column_for_each_attribute(bh: ByteHouse, server: ScriptedServer) -> None:
    """Of one type each, also where there is no point or no value."""
    windows = [
        {"timestamp": "2026-11-01T00:00:00.123456789Z", "offset": 2**60, "lag": 5, "speed": 1},
        {"timestamp": None, "lag": 3},
    ]
    server.script(data(windows))
    lag = bh.executions.kafka_history("e", partition=[0, 1], period="1h", granularity="30m")
    assert lag.lag() == {0: 3, 1: 3}
    table = lag.to_arrow()
    assert {field.name: str(field.type) for field in table.schema} == {
        "start": "timestamp[us, tz=UTC]",
        "partition": "int64",
        "offset": "int64",
        "lag": "int64",
        "speed": "double",
    }
    assert table.column("partition").to_pylist() == [0, 0, 1, 1]
    assert table.column("offset").to_pylist()[:2] == [2**60, None]
    assert table.column("start")[0].as_py() == datetime(2026, 11, 1, 0, 0, 0, 123456, tzinfo=UTC)
    frame = lag.to_pandas()
    assert frame["lag"].tolist() == [5, 3, 5, 3]
    server.script(data([]))
    none = bh.executions.kafka_history("e", partition=0, period="1h", granularity="30m")
    assert none.to_arrow().schema == table.schema
