"""Synchronous and asynchronous queries: results, status, sessions, kills."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from tests.emulator.api import ENDLESS, Api

_IDS = count()


def new_id() -> str:
    """Choose an id that no other test has chosen."""
    return f"chosen/by caller-{next(_IDS)}"


def test_each_statement_gives_one_result(api: Api, database: str) -> None:
    """Results come in the order of the statements, with columns, rows and their number."""
    results = api.results(
        f"CREATE TABLE {database}.t (k Int64, s String) ENGINE = CnchMergeTree ORDER BY k;"
        f" INSERT INTO {database}.t VALUES (1, 'a;b'), (2, '\\n');"
        f" USE {database}; SELECT * FROM t ORDER BY k;",
        "clickhouse_sql",
    )
    assert [result["rowCount"] for result in results] == [0, 0, 0, 2]
    assert results[0]["columns"] == []
    assert results[3]["columns"] == [
        {"name": "k", "type": "Int64"},
        {"name": "s", "type": "String"},
    ]
    assert results[3]["rows"] == [["1", "a;b"], ["2", "\n"]]
    assert len({result["queryID"] for result in results}) == 1


@pytest.mark.parametrize(
    ("sql", "ansi", "clickhouse"),
    [
        (
            "SELECT v FROM (SELECT 1 AS k) AS a LEFT JOIN (SELECT 2 AS k, 5 AS v) AS b USING (k)",
            [[None]],
            [[0]],
        ),
        ("SELECT count() FROM (SELECT 1 UNION SELECT 1)", [["1"]], None),
        ("SELECT count() FROM (SELECT 1 AS x UNION ALL SELECT 1) AS t", [["2"]], [["2"]]),
        ("SELECT toTypeName(CAST(toNullable(1) AS String))", [["Nullable(String)"]], [["String"]]),
        (
            "SELECT -a AS a FROM (SELECT arrayJoin([1, 2]) AS a) AS t WHERE a > 1",
            [["-2"]],
            [],
        ),
    ],
)
def test_ansi_sql_means_what_it_means_at_bytehouse(
    api: Api, sql: str, ansi: list[Any], clickhouse: list[Any] | None
) -> None:
    """Misses of a join, set operations, casts and aliases differ between the dialects."""
    assert _texts(api.rows(sql)) == _texts(ansi)
    if clickhouse is None:
        assert api.refused(sql, "clickhouse_sql")[0] == 400
    else:
        assert _texts(api.rows(sql, "clickhouse_sql")) == _texts(clickhouse)


def _texts(rows: list[Any]) -> list[list[str | None]]:
    """Return rows without the difference between a small and a large integer."""
    return [[None if value is None else str(value) for value in row] for row in rows]


def test_a_result_without_rows_has_its_columns(api: Api) -> None:
    """Names and types are returned without any row."""
    [result] = api.results("SELECT number AS n, toString(n) AS s FROM numbers(0)")
    assert result["columns"] == [{"name": "n", "type": "UInt64"}, {"name": "s", "type": "String"}]
    assert (result["rows"], result["rowCount"]) == ([], 0)


@pytest.mark.parametrize(("limit", "expected"), [(0, 60_000), (1, 1), (30_000, 30_000)])
def test_rows_are_limited_exactly(api: Api, limit: int, expected: int) -> None:
    """`maxRowsReturn` is an upper bound for each result; 0 is none."""
    query = "SELECT number FROM numbers(60000); SELECT 1; SHOW DATABASES"
    results = api.results(query, maxRowsReturn=limit)
    assert results[0]["rows"] == [[str(number)] for number in range(expected)]
    assert results[0]["rowCount"] == expected
    assert results[1]["rowCount"] == 1
    assert results[2]["rowCount"] >= 1 if limit != 1 else results[2]["rowCount"] == 1


def test_a_limit_does_not_cut_what_is_inserted(api: Api, database: str) -> None:
    """The bound is one for what is returned."""
    api.rows(
        f"CREATE TABLE {database}.t ENGINE = CnchMergeTree ORDER BY n"
        " AS SELECT number AS n FROM numbers(10);"
        f" SELECT * FROM {database}.t; INSERT INTO {database}.t SELECT number FROM numbers(10)",
        maxRowsReturn=1,
    )
    assert api.rows(f"SELECT count() FROM {database}.t") == [["20"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM nowhere.t", (400, "Query_UnknownDatabase")),
        ("SELECT nothing", (400, "Query_UnknownIdentifier")),
        ("SELECT FROM WHERE", (400, "Query_SyntaxError")),
        ("SELEC 1", (400, "Query_SyntaxError")),
        ("SELECT 1; SELECT throwIf(1)", (400, "Query_FunctionThrowIfValueIsNonZero")),
        ("", (400, "Query_Invalid")),
        (" ; -- nothing", (400, "Query_Invalid")),
        ("CREATE TABLE t (k Int8) ENGINE = CnchMergeTree ORDER BY k", (400, "Query_NoDatabase")),
        ("SELECT * FROM t", (400, "Query_NoDatabase")),
        ("SYSTEM SHUTDOWN", (403, "Query_AccessDenied")),
        ("CREATE TABLE d.t (k Int8) ENGINE = Kafka", (501, "Emulator_NotModelled")),
    ],
)
def test_an_error_of_a_statement_has_its_name(
    api: Api, query: str, expected: tuple[int, str]
) -> None:
    """An error in a statement is a 4xx with the engine's name for it."""
    assert api.refused(query) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"query": "SELECT 1"},
        {"mode": "ansi_sql"},
        {"query": "SELECT 1", "mode": "mysql"},
        {"query": "SELECT 1", "mode": "ansi_sql", "maxRowsReturn": -1},
        {"query": "SELECT 1", "mode": "ansi_sql", "asyncModeSwitchAfterInSec": -1},
    ],
)
def test_an_invalid_submission_is_refused(api: Api, body: dict[str, Any]) -> None:
    """Nothing runs of an incomplete request."""
    assert api.fails("submit_sync_query", body)[0] == 400


def test_an_id_of_the_callers_choice_finds_the_query_again(api: Api) -> None:
    """A lost response can be read by the id, and the id cannot be used twice."""
    chosen = new_id()
    assert api.results("SELECT 42 AS x", queryID=chosen)[0]["queryID"] == chosen
    assert api.status(chosen) == "Finished"
    assert api.ok("get_async_query_result", id=chosen)["data"][0]["rows"] == [[42]]
    assert api.refused("SELECT 43", queryID=chosen) == (400, "Query_AlreadyExists")


def test_a_session_keeps_its_database_and_settings(api: Api, database: str) -> None:
    """USE and SET hold for the later queries of a session, and for no others."""
    api.rows(f"USE {database}; SET max_threads = 1", session="a")
    query = "SELECT currentDatabase(), getSetting('max_threads') = 1"
    assert api.rows(query, session="a") == [[database, 1]]
    assert api.rows(query, session="b") == [["default", 0]]
    assert api.rows(query) == [["default", 0]]
    code = "Query_FunctionThrowIfValueIsNonZero"
    assert api.refused("SET max_threads = 7; SELECT throwIf(1)", session="a") == (400, code)
    assert api.rows("SELECT getSetting('max_threads')", session="a") == [[7]]


def test_a_session_whose_database_is_gone_still_answers(api: Api) -> None:
    """A session is not lost with its database."""
    api.rows("CREATE DATABASE leaving; USE leaving", session="c")
    api.rows("DROP DATABASE leaving")
    assert api.rows("SELECT currentDatabase()", session="c") == [["default"]]


def test_an_asynchronous_query_goes_from_submitted_to_finished(api: Api) -> None:
    """The id gives the status at any time, and the result once it has finished."""
    body = {"query": "SELECT sleep(0.5); SELECT 7 AS x", "mode": "ansi_sql"}
    [reference] = api.ok("submit_async_query", body)["data"]
    assert reference["status"] in {"NotStarted", "Running"}
    assert api.fails("get_async_query_result", id=reference["queryID"]) == (
        422,
        "Query_IllegalState",
    )
    api.wait_for(reference["queryID"], "Finished")
    status = api.ok("get_async_query_status", id=reference["queryID"])["data"]
    assert status["createdAt"] <= status["startedAt"] < status["finishedAt"]
    results = api.ok("get_async_query_result", id=reference["queryID"])["data"]
    assert [result["rows"] for result in results] == [[[0]], [[7]]]


@pytest.mark.parametrize("rows", [10, 60_000])
def test_each_read_of_a_result_has_its_own_limit(api: Api, rows: int) -> None:
    """A result can be read with any number of rows, whatever its size."""
    body = {"query": f"SELECT number, 'x\\n' FROM numbers({rows})", "mode": "ansi_sql"}
    [reference] = api.ok("submit_async_query", body)["data"]
    api.wait_for(reference["queryID"], "Finished")
    for limit in (0, 1, 5, rows - 1, rows, rows + 1):
        [result] = api.ok(
            "get_async_query_result", id=reference["queryID"], params={"maxRowsReturn": limit}
        )["data"]
        wanted = min(limit or rows, rows)
        assert result["rowCount"] == len(result["rows"]) == wanted
        assert result["rows"][-1] == [str(wanted - 1), "x\n"]


def test_a_query_that_fails_in_the_background_says_why(api: Api) -> None:
    """The status has the reason, and the result is the error a synchronous query would give."""
    body = {"query": "SELECT * FROM nowhere.t", "mode": "ansi_sql"}
    query_id = api.ok("submit_async_query", body)["data"][0]["queryID"]
    assert api.wait_for(query_id, "Failed", "Finished") == "Failed"
    assert "nowhere" in api.ok("get_async_query_status", id=query_id)["data"]["message"]
    assert api.fails("get_async_query_result", id=query_id) == (400, "Query_UnknownDatabase")


@pytest.mark.parametrize("query", [ENDLESS, f"SELECT 1; {ENDLESS}; SELECT 2", "SELECT sleep(3)"])
def test_a_query_has_ended_when_its_kill_returns(api: Api, query: str) -> None:
    """A kill ends the query; killing it again changes nothing."""
    body = {"query": query, "mode": "ansi_sql"}
    query_id = api.ok("submit_async_query", body)["data"][0]["queryID"]
    api.wait_for(query_id, "Running")
    for _ in range(2):
        killed = api.ok("kill_async_query", id=query_id)["data"]
        assert killed == {"queryID": query_id, "status": "Killed"}
    assert api.status(query_id) == "Killed"
    assert api.fails("get_async_query_result", id=query_id) == (400, "Query_QueryWasCancelled")


def test_a_query_killed_before_it_starts_never_runs(api: Api, database: str) -> None:
    """A kill right behind a submission leaves no effect of what had not begun."""
    api.rows(f"CREATE TABLE {database}.t (k Int64) ENGINE = CnchMergeTree ORDER BY k")
    query = f"SELECT sleep(1); INSERT INTO {database}.t VALUES (1)"
    body = {"query": query, "mode": "ansi_sql"}
    query_id = api.ok("submit_async_query", body)["data"][0]["queryID"]
    api.ok("kill_async_query", id=query_id)
    assert api.status(query_id) == "Killed"
    assert api.rows(f"SELECT count() FROM {database}.t") == [["0"]]


def test_a_synchronous_query_is_killed_by_id_or_by_session(api: Api) -> None:
    """Whoever waits for it gets an error, and no other session is touched."""
    with ThreadPoolExecutor(3) as pool:
        ids = [new_id() for _ in range(3)]
        waiting = [
            pool.submit(api.refused, ENDLESS, queryID=query_id, session=f"kill-{index}")
            for index, query_id in enumerate(ids)
        ]
        for query_id in ids:
            while api.call("get_async_query_status", id=query_id).status_code == 404:
                time.sleep(0.01)
            api.wait_for(query_id, "Running")
        killed = api.ok("kill_sync_query", id=ids[0])["data"]
        assert killed == {"queryID": ids[0], "status": "Killed"}
        headers = {"X-QuerySession-ID": "kill-1"}
        aborted = api.ok("abort_sync_query", headers=headers)["data"]
        assert aborted == {"queryID": ids[1], "status": "Killed"}
        assert [task.result(10) for task in waiting[:2]] == [(400, "Query_QueryWasCancelled")] * 2
        assert api.status(ids[2]) == "Running"
        api.ok("kill_sync_query", id=ids[2])
        assert waiting[2].result(10) == (400, "Query_QueryWasCancelled")


def test_an_abort_needs_a_session_and_may_find_nothing(api: Api) -> None:
    """The session header is the only name of the target; a second abort does no harm."""
    assert api.fails("abort_sync_query") == (400, "Query_Invalid")
    headers = {"X-QuerySession-ID": "idle"}
    assert api.ok("abort_sync_query", headers=headers) == {"data": {}}


def test_a_query_that_does_not_exist_is_a_404(api: Api) -> None:
    """An unknown id has an error of its own."""
    for operation in (
        "get_async_query_status",
        "get_async_query_result",
        "kill_async_query",
        "kill_sync_query",
    ):
        assert api.fails(operation, id="unknown") == (404, "Query_NotFound")


def test_a_slow_synchronous_query_continues_in_the_background(api: Api) -> None:
    """After the requested time the response names the query, which runs to its end."""
    begin = time.monotonic()
    query = "SELECT sleep(1.5) AS x"
    [reference] = api.results(query, asyncModeSwitchAfterInSec=1)
    assert 0.9 < time.monotonic() - begin < 1.45
    assert reference["status"] == "Running"
    assert "rows" not in reference
    api.wait_for(reference["queryID"], "Finished")
    assert api.ok("get_async_query_result", id=reference["queryID"])["data"][0]["rows"] == [[0]]


CHANGES = [
    "UPDATE {0} SET v = throwIf(k = 1) WHERE 1",
    "ALTER TABLE {0} DELETE WHERE throwIf(k = 2)",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_fails_leaves_nothing(api: Api, database: str, change: str) -> None:
    """It is not tried again later, and does not keep others from changing the table."""
    table = f"{database}.t"
    api.results(
        f"CREATE TABLE {table} (k Int64, v UInt8, s String) ENGINE = CnchMergeTree ORDER BY k"
        f" UNIQUE KEY k; INSERT INTO {table} VALUES (1, 1, 'a'), (2, 2, 'b')",
        "clickhouse_sql",
    )
    assert api.refused(change.format(table))[0] == 400
    api.results(f"UPDATE {table} SET v = 7 WHERE k = 1; DELETE FROM {table} WHERE k = 2")
    assert api.rows(f"SELECT k, v FROM {table}") == [["1", 7]]


def test_settings_of_a_session_change_its_results_alone(api: Api) -> None:
    """They do not reach what the emulator asks the engine to find something out."""
    changes = "SET offset = 1, limit = 1, max_result_rows = 1, result_overflow_mode = 'break'"
    api.results(changes, session="narrow")
    query = "SELECT number FROM numbers(5)"
    assert api.rows(query, session="narrow") == [["1"]]
    api.results("SET offset = 0, limit = 0, max_result_rows = 0", session="narrow")
    assert len(api.rows(query, session="narrow")) == 5


def test_lineage_names_what_a_query_reads(api: Api, database: str) -> None:
    """Tables, views and materialized views are distinguished; names from WITH are none of them."""
    api.rows(
        f"USE {database}; CREATE TABLE t (k Int64) ENGINE = CnchMergeTree ORDER BY k;"
        " CREATE VIEW v AS SELECT k FROM t;"
        " CREATE MATERIALIZED VIEW m ENGINE = CnchMergeTree ORDER BY k AS SELECT k FROM t"
    )

    def lineage(query: str) -> dict[str, list[str]]:
        data = api.ok("get_query_lineage", {"query": query})["data"]
        assert all(entry["database"] == database for kind in data.values() for entry in kind)
        return {kind: [entry["name"] for entry in data[kind]] for kind in data}

    expected = {"tables": ["t"], "views": ["v"], "materializedViews": ["m"]}
    query = "WITH c AS (SELECT 1 AS k) SELECT * FROM v JOIN (SELECT k FROM m) AS x USING k"
    assert lineage(f"USE {database.upper()}; {query}; SELECT * FROM t") == expected
    inserted = f"INSERT INTO {database}.m SELECT k FROM {database}.t"
    assert lineage(inserted) == {"tables": ["t"], "views": [], "materializedViews": []}
    missing = {"query": f"SELECT * FROM {database}.nowhere"}
    assert api.fails("get_query_lineage", missing) == (404, "Table_NotFound")


def test_the_dialects_are_those_of_a_query(api: Api) -> None:
    """What the list names, a submission takes."""
    for mode in api.ok("list_dialects")["data"]:
        assert api.rows("SELECT 1", mode) == [[1]]
