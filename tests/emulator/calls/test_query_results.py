"""Responses with rows, in each shape."""

from __future__ import annotations

from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api

pytestmark = pytest.mark.usefixtures("fresh")


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
    query = "SELECT number, repeat('x', number % 99) FROM numbers(9000)"
    expected = api.rows(query)
    emulator.result_shape("objects")
    objects = api.submit(query).json()["data"]
    assert [list(found.values()) for found in objects] == expected
    emulator.result_shape("meta")
    assert api.submit(query).json()["data"] == expected
