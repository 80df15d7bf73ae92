"""Blocks go in binary through the ClickHouse interface; what is in the table is known too."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import (
    ByteHouse,
    Identifier,
    InsertFailed,
    InvalidArgument,
    QueryFailed,
)
from bytehouse._sql.binary import binary_statements
from bytehouse._sql.insert import (
    BlockLimits,
    InsertColumn,
    raise_refused,
)
from bytehouse._sql.insert_sources import open_source
from bytehouse_emulator.testing import RunningEmulator
from tests.support.cases import cases
from tests.support.flavours import KEY, MakeClient
from tests.support.server import Reply, ScriptedServer

Rows = list[tuple[int, str]]
ROWS: Rows = [(number, f"row {number}") for number in range(25)]
AT_ONCE = 10
BASIC = f"Basic {b64encode(f'bytehouse:{KEY}'.encode()).decode()}"


@pytest.fixture
def table(live: ByteHouse) -> ByteHouse:
    """Return a client with an empty table `d.t`."""
    live.query("CREATE TABLE d.t (n Int64, s Nullable(String)) ENGINE = CnchMergeTree ORDER BY n")
    return live


def rows_in_table(bh: ByteHouse) -> list[tuple[Any, ...]]:
    """Return what is in the table."""
    return bh.query("SELECT n, s FROM d.t ORDER BY n").rows()


# What a fault of the ClickHouse interface comes to: nothing is probed there.
BINARY_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"drop": "before"}, "unknown"),
    ({"drop": "after"}, "unknown"),
    ({"status": 400}, "not in"),
    ({"status": 403}, "not in"),
    ({"status": 429}, "done"),
    ({"status": 500}, "unknown"),
    ({"status": 502, "effect": True}, "unknown"),
    ({"status": 504}, "unknown"),
]


@cases(("fault", "expected"), BINARY_FAULTS)
def test_a_fault_of_the_clickhouse_interface_neither_loses_nor_duplicates_rows(
    table: ByteHouse, emulator: RunningEmulator, fault: dict[str, Any], expected: str
) -> None:
    """A block is in the table once or not at all, as the error says."""
    table.query("TRUNCATE TABLE d.t")

    def break_it(done: int) -> None:
        if done == AT_ONCE:
            emulator.fault("clickhouse_query", **fault)

    emulator.clear_journal()
    options: Any = {"via": "clickhouse", "block_rows": AT_ONCE, "on_block": break_it}
    error: InsertFailed | None = None
    try:
        done = int(table.insert("d.t", ROWS, **options))
    except InsertFailed as failure:
        error, done = failure, failure.acknowledged
    found = rows_in_table(table)
    sent = [e["subject"]["queryID"] for e in emulator.journal("clickhouse_query") if e["effect"]]
    assert len(sent) == len(set(sent)) == len(found) // AT_ONCE + (len(found) % AT_ONCE > 0)
    if expected == "done":
        assert (done, found) == (25, ROWS)
        return
    assert error is not None
    assert (done, error.position) == (10, 10)
    assert error.query_id
    assert error.outcome_unknown is (expected == "unknown")
    assert error.possible == (20 if error.outcome_unknown else 10)
    assert found in (ROWS[:10], ROWS[:20][: error.possible])


def test_a_block_refused_by_the_clickhouse_interface_is_not_inserted(table: ByteHouse) -> None:
    """The engine's error is the cause."""
    with pytest.raises(InsertFailed, match="DB::Exception") as caught:
        table.insert(
            "d.t", [(1, "a")], column_types={"n": "Int64", "x": "String"}, via="clickhouse"
        )
    error = caught.value
    assert (error.acknowledged, error.possible, error.outcome_unknown) == (0, 0, False)
    assert isinstance(error.__cause__, QueryFailed)
    assert rows_in_table(table) == []


@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.text(max_size=30)), max_size=30),
    size=st.integers(1, 300),
    count=st.integers(1, 8),
)
def test_a_statement_in_binary_is_within_its_limits(
    rows: list[tuple[int, str]], size: int, count: int
) -> None:
    """In bytes and in rows, unless it has a single row; together they have each row once."""
    columns = [InsertColumn("n", "Int64"), InsertColumn("s", "String")]
    limits = BlockLimits(size, count, raise_refused)
    source = open_source(rows, None, "")
    made = list(binary_statements(Identifier("t"), source, columns, UTC, limits))
    for block in made:
        assert len(block.statement) <= size or block.rows == 1
        assert 1 <= block.rows <= count
    positions = [block.position for block in made]
    assert positions == [sum(one.rows for one in made[:at]) for at in range(len(made))]
    assert sum(block.rows for block in made) == len(rows)


@cases(
    ("options", "says"),
    [
        ({"via": "grpc"}, "rest"),
        ({"via": "clickhouse", "check": False}, "without checks"),
        ({"via": "clickhouse", "role": "Analyst"}, "takes no role"),
        (
            {"via": "clickhouse", "column_types": {"s": "Variant(Int8, String)"}},
            "cannot be checked",
        ),
    ],
)
def test_what_cannot_be_sent_in_binary_is_refused(
    bh: ByteHouse, server: ScriptedServer, options: dict[str, Any], says: str
) -> None:
    """Before anything is sent."""
    with pytest.raises(InvalidArgument, match=says):
        bh.insert("d.t", [{"s": "a"}], **options)
    assert server.seen == []


def test_a_role_of_a_block_is_not_left_out_of_binary(bh: ByteHouse, server: ScriptedServer) -> None:
    """The ClickHouse interface takes none, so nothing is inserted under another."""
    with bh.role("Analyst"), pytest.raises(InvalidArgument, match="takes no role"):
        bh.insert("d.t", ROWS, via="clickhouse")
    assert server.seen == []


def test_a_block_in_binary_is_one_request(make: MakeClient, server: ScriptedServer) -> None:
    """To the port of the ClickHouse interface, with the key as the password, an id of its own,
    session and warehouse; the key is in no error."""
    with ScriptedServer() as interface:
        interface.script(Reply(body=b""), Reply(status=500, body=f"Code: 1. {KEY}".encode()))
        bh = make(server.url, clickhouse_port=interface.port, max_retries=0)
        types = {"n": "Int64"}
        options: Any = {"column_types": types, "via": "clickhouse", "warehouse": "vw-1"}
        assert bh.insert("d.t", [{"n": 1}], session_id="s", **options) == 1
        with pytest.raises(InsertFailed) as caught:
            bh.insert("d.t", [{"n": 1}], **options)
        assert KEY not in str(caught.value) + repr(caught.value.__cause__)
        first, second = interface.seen
        assert server.seen == []
        assert first.header("Authorization") == BASIC
        assert first.header("Host") == f"127.0.0.1:{interface.port}"
        assert first.body.startswith(
            b"INSERT INTO `d`.`t` (`n`) FORMAT Native\n\x01\x01\x01n\x05Int64"
        )
        asked = dict(parse_qsl(urlsplit(first.target).query))
        query_id = asked.pop("query_id")
        assert asked == {"session_id": "s", "virtual_warehouse": "vw-1", "wait_end_of_query": "1"}
        assert query_id not in second.target


def test_strings_and_bytes_go_together(table: ByteHouse) -> None:
    """Beside a row that is left out too, for which each value is written by itself."""
    rows: list[Any] = [(0, "a"), (1, b"b\xff"), (2, 5), (3, "ü")]
    result = table.insert("d.t", rows, via="clickhouse", on_error="skip")
    assert (result, [one.position for one in result.skipped]) == (3, [2])
    assert table.query("SELECT * FROM d.t ORDER BY 1").rows() == [
        (0, "a"),
        (1, "b\udcff"),
        (3, "ü"),
    ]
