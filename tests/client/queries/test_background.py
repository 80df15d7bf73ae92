"""A query in the background returns what one that runs at once returns, errors included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bytehouse import ByteHouse, NotFound, QueryFailed
from bytehouse._core.secrets import Secret
from bytehouse_emulator.testing import RunningEmulator
from tests.client.queries.programs import ENDLESS

SLOW = "SELECT number, sleepEachRow(0.05) FROM numbers(24) SETTINGS max_block_size = 1"
SEVERAL = "SELECT 1 AS a; SELECT number, toString(number) AS text FROM numbers(3)"
NOTHING_THERE = "SELECT * FROM d.nothing_there"
RESULT = "get_async_query_result"


def every_result(bh: ByteHouse, sql: str, **options: Any) -> list[Any]:
    """Return the columns and rows of each statement."""
    results = bh.query(sql, **options).results()
    return [(result.columns, result.rows()) for result in results]


def test_results_are_the_same_in_the_background(live: ByteHouse, emulator: RunningEmulator) -> None:
    """Names, types and rows, of one statement and of several, in one call."""
    for sql in (SEVERAL, "SELECT toDecimal64('1.20', 2), toUInt64(18446744073709551615), [1]"):
        assert every_result(live, sql, asynchronous=True) == every_result(live, sql)
    many = "SELECT number FROM numbers(9)"
    assert len(live.query(many, asynchronous=True, max_rows=4).rows()) == 4
    assert live.query("SET max_threads = 1", asynchronous=True).rows() == []
    assert {entry["status"] for entry in emulator.journal()} == {200}


@pytest.mark.parametrize("shape", ["objects", "id"])
def test_a_switch_to_the_background_is_followed(
    live: ByteHouse, emulator: RunningEmulator, shape: Any
) -> None:
    """Rows are read in the place of the query that the response names, whatever its shape."""
    emulator.result_shape(shape)
    with live.query(SLOW, async_after=1) as result:
        # Without types, wide integers stay the strings that they are in JSON.
        assert [int(number) for number, _ in result.rows()] == list(range(24))
        assert result.elapsed > 1
    assert len(emulator.journal(RESULT)) == 1


def test_a_response_that_only_names_the_query_is_followed(
    live: ByteHouse, emulator: RunningEmulator
) -> None:
    """Rows of a query, and none of a statement that has none."""
    emulator.result_shape("id")
    live.query("CREATE DATABASE d")
    live.query("CREATE TABLE d.t (id UInt64) ENGINE = CnchMergeTree ORDER BY id")
    assert live.insert("d.t", [(1,), (2,)]) == 2
    assert live.query("SELECT sum(id) FROM d.t").scalar() == 3
    assert [rows for _, rows in every_result(live, SEVERAL)][:1] == [[(1,)]]


def test_a_query_that_fails_in_the_background_says_why(
    live: ByteHouse, emulator: RunningEmulator
) -> None:
    """The engine's number and message, as for one that fails at once."""
    live.databases.create("d")
    failing: list[Callable[[], object]] = [
        lambda: live.query(NOTHING_THERE),
        lambda: live.query(NOTHING_THERE, asynchronous=True),
        lambda: live.queries.submit(NOTHING_THERE).wait(),
        lambda: live.queries.submit(NOTHING_THERE).result(),
    ]
    shapes: list[Any] = ["columns", "id"]
    for shape in shapes:
        emulator.result_shape(shape)
        for fail in failing:
            with pytest.raises(QueryFailed, match="nothing_there") as caught:
                fail()
            assert caught.value.code == "60"
            assert caught.value.query_id
    slowly = "SELECT throwIf(number = 22, 'enough'), sleepEachRow(0.05) FROM numbers(24)"
    with pytest.raises(QueryFailed, match="enough") as caught:
        live.query(f"{slowly} SETTINGS max_block_size = 1", async_after=1)
    assert caught.value.code == "395"


@pytest.mark.parametrize("way", ["at once", "in the background", "submitted"])
def test_a_secret_among_the_parameters_is_in_no_error(live: ByteHouse, way: str) -> None:
    """The engine repeats the statement in its error; secrets in it are masked."""
    sql, params = "SELECT toInt32({word})", {"word": Secret("hunter2-hunter2")}
    ways: dict[str, Callable[[], object]] = {
        "at once": lambda: live.query(sql, params=params),
        "in the background": lambda: live.query(sql, params=params, asynchronous=True),
        "submitted": lambda: live.queries.submit(sql, params=params).result(),
    }
    with pytest.raises(QueryFailed, match=r"Cannot parse string '\*\*\*'") as caught:
        ways[way]()
    assert "hunter2-hunter2" not in f"{caught.value}{vars(caught.value)}"


def test_a_killed_query_raises_an_error(live: ByteHouse, emulator: RunningEmulator) -> None:
    """Wherever it is waited for, in another process too."""
    handle = live.queries.submit(ENDLESS)
    with ByteHouse(**emulator.client_arguments) as elsewhere:
        watching = elsewhere.queries.handle(handle.id)
        assert str(watching.status().status)
        live.queries.handle(handle.id).cancel()
        for each in (handle, watching):
            with pytest.raises(QueryFailed) as caught:
                each.wait(20)
            assert caught.value.code in ("394", "Killed")
            assert caught.value.query_id == handle.id


def test_statistics_are_returned_on_demand(live: ByteHouse) -> None:
    """By the result itself, at once and in the background, and by the id."""
    for asynchronous in (False, True):
        sql = "SELECT count() FROM numbers(1000)"
        with live.query(sql, asynchronous=asynchronous) as result:
            assert result.scalar() == 1000
            assert result.statistics().to_dict()["readRows"] == 1000
        assert live.statistics.query(result.query_id).to_dict()["readRows"] == 1000
    with pytest.raises(NotFound):
        live.statistics.query("never-submitted")
