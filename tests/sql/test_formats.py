"""A statement that chooses another format for its result is refused before it is sent."""

from __future__ import annotations

import pytest

from bytehouse import ByteHouse, InvalidArgument
from tests.support.cases import cases
from tests.support.server import Reply, ScriptedServer

REFUSED = [
    "SELECT 1 FORMAT JSON",
    "select 1 format CSVWithNames;",
    "SELECT 1\nFORMAT\nTabSeparated -- so\n",
    "SELECT 1 FORMAT /* why */ Null SETTINGS max_threads = 1",
    "SELECT 1; SHOW TABLES FORMAT Pretty; SELECT 2",
    "WITH 1 AS a SELECT a FORMAT Native",
]
SENT = [
    "SELECT ' FORMAT JSON'",
    "SELECT 1 -- FORMAT JSON",
    "SELECT `FORMAT` JSON FROM t",
    "SELECT format FROM t",
    "SELECT 1 FROM format t",
    "SELECT format('{}', 'JSON')",
    "INSERT INTO t FORMAT CSV",
    "-- all\nINSERT INTO t FORMAT JSONEachRow",
    "SELECT 1 INTO OUTFILE 'tos://b/f' FORMAT CSV",
    "SELECT 'WITH TOTALS', extremes FROM t -- WITH TOTALS",
    "SELECT * FROM (SELECT a FROM t GROUP BY a WITH TOTALS)",
    "INSERT INTO t SELECT a FROM t GROUP BY a WITH TOTALS",
    "SELECT 1 SETTINGS extremes = 0",
    "WITH 1 AS totals SELECT totals",
]


@cases("sql", REFUSED)
def test_format_is_refused_with_a_hint(bh: ByteHouse, server: ScriptedServer, sql: str) -> None:
    """The error names the format and the methods that give others; nothing is sent."""
    with pytest.raises(InvalidArgument, match="ends with FORMAT") as caught:
        bh.query(sql)
    assert "to_csv()" in caught.value.hint
    assert server.seen == []


@cases(
    "sql",
    [
        "SELECT a, count() FROM t GROUP BY a WITH TOTALS",
        "select a from t group by a with /* so */ totals having a order by a",
        "SELECT 1; (SELECT 2); SELECT a FROM t GROUP BY a WITH TOTALS",
        "SELECT a FROM t SETTINGS extremes = 1",
        "SELECT a FROM t SETTINGS max_threads = 1, extremes=1",
        "SELECT a FROM t SETTINGS extremes = true",
    ],
)
def test_totals_and_extremes_are_refused(bh: ByteHouse, server: ScriptedServer, sql: str) -> None:
    """They would be lost: the error says what to write instead, and nothing is sent."""
    with pytest.raises(InvalidArgument, match="the client cannot read them") as caught:
        bh.query(sql)
    assert caught.value.hint
    assert server.seen == []


def test_extremes_are_refused_among_settings(bh: ByteHouse, server: ScriptedServer) -> None:
    """Of the statement and of a view, as in the statement itself."""
    with pytest.raises(InvalidArgument, match="asks for extremes"):
        bh.query("SELECT 1", settings={"extremes": True})
    with pytest.raises(InvalidArgument, match="asks for extremes"):
        bh.with_options(settings={"extremes": 1}).query("SELECT 1")
    server.script(Reply(body={"data": []}))
    bh.query("SELECT 1", settings={"extremes": 0})
    assert [seen.json["query"] for seen in server.seen] == ["SELECT 1 SETTINGS extremes = 0"]


@cases("sql", SENT)
def test_what_only_looks_like_it_is_sent(bh: ByteHouse, server: ScriptedServer, sql: str) -> None:
    """A string, a comment, a name, data to insert, a file that the service writes."""
    server.handler = lambda _: Reply(body={"data": []})
    bh.query(sql)
    assert [seen.json["query"] for seen in server.seen] == [sql]
