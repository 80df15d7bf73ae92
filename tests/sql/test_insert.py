"""Rows are inserted in blocks; which rows are in the table is always known or reported."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module as library
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import (
    ByteHouse,
    Identifier,
    InsertFailed,
    InvalidArgument,
    PermissionDenied,
    QueryFailed,
)
from bytehouse._async.resources.queries import AsyncQueries
from bytehouse._sql.insert import (
    Block,
    BlockLimits,
    insert_statements,
    raise_refused,
)
from bytehouse._sql.insert_sources import open_source
from bytehouse._sync.resources.queries import Queries
from bytehouse_emulator.testing import RunningEmulator
from bytehouse_raw.operations import ROLE_HEADER
from tests.results.values import STRINGS
from tests.support.cases import cases
from tests.support.flavours import KEY, MakeClient
from tests.support.server import Reply, ScriptedServer, Seen, data

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


def counted(taken: list[int]) -> Iterator[tuple[int, str]]:
    """Give the rows, and keep how many have been taken."""
    for row in ROWS:
        taken.append(row[0])
        yield row


# The libraries are imported where they are used: each would add to the collection of all tests.
SOURCES: dict[str, Callable[[], Any]] = {
    "tuples": lambda: ROWS,
    "lists": lambda: [list(row) for row in ROWS],
    "mappings": lambda: [{"n": n, "s": s} for n, s in ROWS],
    "mappings in any order": lambda: [
        {"s": s, "n": n} if n % 2 else {"n": n, "s": s} for n, s in ROWS
    ],
    "pandas frame": lambda: library("pandas").DataFrame(ROWS, columns=["n", "s"]),
    "polars frame": lambda: library("polars").DataFrame(ROWS, schema=["n", "s"], orient="row"),
    "Arrow table": lambda: library("pyarrow").table(
        {"s": [s for _, s in ROWS], "n": [n for n, _ in ROWS]}
    ),
    "Arrow batch": lambda: library("pyarrow").record_batch(
        {"n": [n for n, _ in ROWS], "s": [s for _, s in ROWS]}
    ),
}


@cases("source", SOURCES)
def test_every_source_of_rows_can_be_inserted(table: ByteHouse, source: str) -> None:
    """In order, each once; the count is returned, and reported after each block."""
    table.query("TRUNCATE TABLE d.t")
    reported: list[int] = []
    count = table.insert("d.t", SOURCES[source](), block_rows=AT_ONCE, on_block=reported.append)
    assert count == 25
    assert reported == [10, 20, 25]
    assert rows_in_table(table) == ROWS


def test_a_generator_is_read_block_by_block(table: ByteHouse) -> None:
    """At most one row more than a block is held in memory."""
    taken: list[int] = []
    ahead: list[int] = []
    count = table.insert(
        Identifier("d", "t"),
        counted(taken),
        block_rows=AT_ONCE,
        on_block=lambda done: ahead.append(len(taken) - done),
    )
    assert count == 25
    assert max(ahead) <= 1
    assert rows_in_table(table) == ROWS


def test_empty_data_sends_nothing(bh: ByteHouse, server: ScriptedServer) -> None:
    """Of any kind."""
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    nothing = [[], iter(()), pd.DataFrame({"n": []}), pa.table({"n": []}), pl.DataFrame({"n": []})]
    assert [bh.insert("d.t", empty) for empty in nothing] == [0] * 5
    assert server.seen == []


def test_columns_can_be_selected(table: ByteHouse, tmp_path: Path) -> None:
    """The others get their defaults; further columns of the data are ignored."""
    import pyarrow as pa

    path = tmp_path / "rows.csv"
    path.write_text("x,n\ny,5\n")
    table.insert("d.t", [(1,)], columns=["n"])
    table.insert("d.t", [("b", 2)], columns=["s", "n"])
    table.insert("d.t", [{"n": 3, "s": "left out"}], columns=["n"])
    table.insert("d.t", pa.table({"n": [4], "x": [0]}), columns=["n"])
    table.insert("d.t", path, columns=["n"])
    assert rows_in_table(table) == [(1, None), (2, "b"), (3, None), (4, None), (5, None)]


@pytest.mark.parametrize(("null", "first"), [("", None), ("-", "")])
def test_the_null_string_of_a_file_can_be_chosen(
    table: ByteHouse, tmp_path: Path, null: str, first: str | None
) -> None:
    """Values may have quotes, commas and line breaks as in every CSV file."""
    path = tmp_path / "Rows.CSV"
    path.write_text('\ufeffn,s\n1,\n2,-\r\n3,"a ""b"",\n\rc"\n\n', newline="", encoding="utf-8")
    assert table.insert("d.t", path, null=null) == 3
    second = None if null == "-" else "-"
    assert rows_in_table(table) == [(1, first), (2, second), (3, 'a "b",\n\rc')]


@cases(
    ("data", "options", "says"),
    [
        (5, {}, "has no rows"),
        ({"n": 1}, {}, "has no rows"),
        ("rows.txt", {}, "no file"),
        ([(1,)], {"columns": "n"}, "list of strings"),
        ([(1,)], {"block_rows": 0}, "at least 1"),
    ],
)
def test_data_without_rows_is_refused(
    bh: ByteHouse, server: ScriptedServer, data: Any, options: dict[str, Any], says: str
) -> None:
    """At once, before anything is sent."""
    with pytest.raises(InvalidArgument, match=says):
        bh.insert("d.t", data, **options)
    assert server.seen == []


def test_a_frame_without_the_columns_is_refused(bh: ByteHouse, server: ScriptedServer) -> None:
    """At once, before anything is sent."""
    import pandas as pd
    import pyarrow as pa

    with pytest.raises(InvalidArgument, match="to_frame"):
        bh.insert("d.t", pd.Series([1]))
    with pytest.raises(InvalidArgument, match="named by strings"):
        bh.insert("d.t", pd.DataFrame([[1]]))
    with pytest.raises(InvalidArgument, match="no column 'b'"):
        bh.insert("d.t", pa.table({"a": [1]}), columns=["b"])
    assert server.seen == []


@cases("name", ["", "a.b.c", "a.", "`a`", "a'b", 'a".b'])
def test_an_invalid_table_name_is_refused(bh: ByteHouse, server: ScriptedServer, name: str) -> None:
    """Names with special characters need an `Identifier`."""
    with pytest.raises(InvalidArgument, match="Identifier"):
        bh.insert(name, [(1,)])
    assert server.seen == []


def statements(rows: list[tuple[int, str]], size: int, count: int) -> list[Block]:
    """Return the statements that insert rows."""
    return list(
        insert_statements(
            Identifier("t"),
            open_source(rows, None, ""),
            None,
            BlockLimits(size, count, raise_refused),
        )
    )


@given(
    rows=st.lists(st.tuples(st.integers(0, 9), STRINGS), max_size=30),
    size=st.integers(1, 300),
    count=st.integers(1, 8),
)
def test_a_statement_is_within_its_limits(
    rows: list[tuple[int, str]], size: int, count: int
) -> None:
    """In bytes and in rows, unless it has a single row; together they have each row once."""
    made = statements(rows, size, count)
    for block in made:
        assert len(str(block.statement).encode()) <= size or block.rows == 1
        assert 1 <= block.rows <= count
    positions = [block.position for block in made]
    assert positions == [sum(one.rows for one in made[:at]) for at in range(len(made))]
    head = "INSERT INTO `t` VALUES "
    whole = [str(block.statement).removeprefix(head) for block in made]
    [one] = [*statements(rows, 1 << 30, 99), None][:1]
    assert ",".join(whole) == (str(one.statement).removeprefix(head) if one else "")


BAD: dict[str, tuple[Any, str]] = {
    "no value": ((1j, "x"), "1j: it is not an integer"),
    "too few": ((1,), "1 values where there are 2"),
    "no row": ("ab", "sequence of values"),
    "another kind": ({"n": 1, "s": "x"}, "sequence of values"),
    "nothing": ((), "0 values"),
}


@cases("bad", BAD)
def test_an_unwritable_row_is_reported_with_its_position(table: ByteHouse, bad: str) -> None:
    """The blocks before it are in the table, and nothing of its own block."""
    table.query("TRUNCATE TABLE d.t")
    row, says = BAD[bad]
    with pytest.raises(InsertFailed, match=says) as caught:
        table.insert("d.t", [*ROWS[:13], row, *ROWS[13:]], block_rows=AT_ONCE)
    error = caught.value
    assert (error.acknowledged, error.position, error.outcome_unknown) == (10, 13, False)
    assert "row 13 could not" in str(error)
    assert isinstance(error.__cause__, InvalidArgument)
    assert rows_in_table(table) == ROWS[:10]


@cases(
    ("bad", "says"),
    [({"n": 1}, "no value 's'"), ({"n": 1, "s": "x", "z": 1}, "value 'z'"), ((1, "x"), "mapping")],
)
def test_a_mapping_with_other_keys_is_reported(table: ByteHouse, bad: Any, says: str) -> None:
    """Every mapping must have the keys of the first."""
    table.query("TRUNCATE TABLE d.t")
    with pytest.raises(InsertFailed, match=says) as caught:
        table.insert("d.t", [*SOURCES["mappings"]()[:5], bad])
    assert (caught.value.acknowledged, caught.value.position) == (0, 5)
    assert caught.value.hint == "None of the rows is in the table."
    assert rows_in_table(table) == []


@cases(
    ("text", "says"),
    [
        (b"", "header line"),
        (b"n,s\n1,a\n2\n", "line 3: 1 values where there are 2"),
        (b"n,s\n1,a\n2,\xff\n", "row 1 could not .* line 3, column 's': not UTF-8"),
        (b"n,\xe4\n1,a\n", "line 1, column 2: not UTF-8"),
        (b'n,s\n1,a\n2,"b"c\n', "line 3"),
        (b'n,s\n1,a\n2,"b\n', "line 3"),
    ],
)
def test_a_malformed_file_is_reported_with_its_line(
    table: ByteHouse, tmp_path: Path, text: bytes, says: str
) -> None:
    """Rows before that line may be in the table, and the error says so."""
    table.query("TRUNCATE TABLE d.t")
    path = tmp_path / "rows.csv"
    path.write_bytes(text)
    with pytest.raises((InvalidArgument, InsertFailed), match=says) as caught:
        table.insert("d.t", path, block_rows=1)
    done = getattr(caught.value, "acknowledged", 0)
    assert rows_in_table(table) == [(1, "a")][:done]


def test_lines_that_are_not_utf8_can_be_skipped(table: ByteHouse, tmp_path: Path) -> None:
    """They are handed back with their line; a line break in a value counts as one."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b'n,s\n1,"a\nb"\n2,M\xfcller\n3,M\xc3\xbcller\n')
    result = table.insert("d.t", path, on_error="skip")
    assert rows_in_table(table) == [(1, "a\nb"), (3, "Müller")]
    assert [(one.position, one.reason) for one in result.skipped] == [
        (1, "rows.csv, line 4, column 's': not UTF-8.")
    ]


@cases(
    ("name", "text", "reason"),
    [
        ("rows.csv", 'n,s\n1,"a\nb"\n2\n3,c\n', "line 4: 1 values where there are 2"),
        ("rows.csv", 'n,s\n1,"a\nb"\n2,b,c\n3,c\n', "line 4: 3 values where there are 2"),
        ("rows.ndjson", '{"n": 1, "s": "a\\nb"}\n{"n\n{"n": 3, "s": "c"}\n', "line 2: "),
        ("rows.ndjson", '{"n": 1, "s": "a\\nb"}\n7\n{"n": 3, "s": "c"}\n', "no JSON object"),
    ],
)
def test_lines_that_cannot_be_read_can_be_skipped(
    table: ByteHouse, tmp_path: Path, name: str, text: str, reason: str
) -> None:
    """Those after them are inserted."""
    table.query("TRUNCATE TABLE d.t")
    path = tmp_path / name
    path.write_text(text)
    result = table.insert("d.t", path, on_error="skip")
    assert rows_in_table(table) == [(1, "a\nb"), (3, "c")]
    ((position, why),) = [(one.position, one.reason) for one in result.skipped]
    assert position == 1
    assert reason in why


def test_an_exception_of_the_source_propagates_with_a_note(table: ByteHouse) -> None:
    """It is the exception of the caller; the note says how far the insertion came."""

    def broken() -> Iterator[tuple[int, str]]:
        yield from ROWS[:15]
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine") as caught:
        table.insert("d.t", broken(), block_rows=AT_ONCE)
    assert caught.value.__notes__ == ["insert: 10 rows are in the table."]
    assert rows_in_table(table) == ROWS[:10]


def test_a_refused_block_is_not_inserted(table: ByteHouse) -> None:
    """The block with an invalid row is not in the table, nor is any after it."""
    rows: list[Any] = [*ROWS]
    rows[17] = ("no number", "x")
    with pytest.raises(InsertFailed) as caught:
        table.insert("d.t", rows, block_rows=AT_ONCE, check=False)
    error = caught.value
    assert (error.acknowledged, error.position, error.outcome_unknown) == (10, 10, False)
    assert isinstance(error.__cause__, QueryFailed)
    assert rows_in_table(table) == ROWS[:10]


# What a fault in the second block comes to: if the client can look what became of it, and if not.
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"drop": "before"}, "unknown", "unknown"),
    ({"drop": "after"}, "done", "unknown"),
    ({"drop": "after", "count": 50}, "done", "unknown"),
    ({"truncate": True}, "done", "unknown"),
    ({"distort": "malformed"}, "unknown", "unknown"),
    ({"status": 400}, "not in", "not in"),
    ({"status": 403}, "not in", "not in"),
    ({"status": 429}, "done", "done"),
    ({"status": 500}, "unknown", "unknown"),
    ({"status": 500, "effect": True}, "unknown", "unknown"),
    ({"status": 502}, "unknown", "unknown"),
    ({"status": 503, "effect": True}, "done", "unknown"),
    ({"status": 504, "effect": True, "count": 50}, "done", "unknown"),
]


@cases(("number", "case"), enumerate(FAULTS))
def test_a_fault_neither_loses_nor_duplicates_rows(
    table: ByteHouse,
    make: MakeClient,
    *,
    emulator: RunningEmulator,
    flavour: str,
    number: int,
    case: tuple[dict[str, Any], str, str],
) -> None:
    """After any fault, a block is in the table once or not at all, as the error says.

    Each fault is met once by a client that can look, and once by one that cannot.
    """
    looks = (number % 2 == 0) is (flavour == "sync")
    table.query("TRUNCATE TABLE d.t")
    bh = make(**emulator.client_arguments, mode="clickhouse_sql")  # with a retry budget of its own
    fault, expected = case[0], case[1 if looks else 2]

    def break_it(done: int) -> None:
        if done == AT_ONCE:
            emulator.fault("submit_sync_query", **fault)
            for look in () if looks else ("get_async_query_status", "get_async_query_result"):
                emulator.fault(look, count=50, status=403)

    error: InsertFailed | None = None
    try:
        done = int(bh.insert("d.t", ROWS, block_rows=AT_ONCE, on_block=break_it))
    except InsertFailed as failure:
        error, done = failure, failure.acknowledged
    emulator.clear_faults()
    found = rows_in_table(table)
    effects = Counter(
        e["subject"]["queryID"] for e in emulator.journal("submit_sync_query") if e["effect"]
    )
    assert set(effects.values()) == {1}
    if expected == "done":
        assert (done, found) == (25, ROWS)
        return
    assert error is not None
    assert (done, error.position) == (10, 10)
    assert error.query_id == getattr(error.__cause__, "query_id", None)
    assert error.outcome_unknown is (expected == "unknown")
    if error.outcome_unknown:
        assert found in (ROWS[:10], ROWS[:20])
        assert error.possible == 20
        assert "the next 10 may be" in error.hint
    else:
        assert found == ROWS[:10]
        assert error.possible == 10
        assert table.insert("d.t", ROWS[done:]) == 15
        assert rows_in_table(table) == ROWS


def table_of(columns: list[str], rows: list[list[Any]]) -> Reply:
    """Return a response with one result; a column is a name, with a type or not."""
    named = [dict(zip(("name", "type"), text.split(), strict=False)) for text in columns]
    return Reply(body={"data": [{"columns": named, "rows": rows}]})


def reply(seen: Seen, answers: dict[str, Reply]) -> Reply:
    """Return the answer to a statement that begins as one of these."""
    if seen.operation != "submit_sync_query":
        return Reply(status=403)
    return next(a for text, a in answers.items() if seen.json["query"].startswith(text))


@pytest.mark.parametrize(
    "answers",
    [
        {"DESCRIBE": table_of(["name", "type"], [["n", "UInt8"], ["s", "String"]])},
        {"DESCRIBE": Reply(status=403), "SELECT": table_of(["n UInt8", "s String"], [])},
        {"DESCRIBE": data([]), "SELECT": table_of(["n UInt8", "s String"], [])},
    ],
    ids=["described", "selected", "selected after an answer of another kind"],
)
def test_the_types_are_learned_in_several_ways(
    bh: ByteHouse, server: ScriptedServer, answers: dict[str, Reply]
) -> None:
    """Before anything is inserted; the first way that answers counts."""
    server.handler = lambda seen: reply(seen, {**answers, "INSERT": data([])})
    assert bh.insert("d.t", [(1, "a")]) == 1
    assert server.seen[-1].json["query"] == "INSERT INTO `d`.`t` (`n`, `s`) VALUES (1,'a')"
    before = len(server.seen)
    with pytest.raises(InsertFailed, match="cannot hold 256"):
        bh.insert("d.t", [(256, "a")])
    assert not any(b"INSERT" in seen.body for seen in server.seen[before:])


def test_without_types_nothing_is_inserted(bh: ByteHouse, server: ScriptedServer) -> None:
    """The error says what to do; given types, or no check, need no question."""
    server.handler = lambda seen: (
        data([])
        if seen.operation == "submit_sync_query" and seen.json["query"].startswith("INSERT")
        else Reply(status=403, body={"message": "no"})
    )
    with pytest.raises(InsertFailed, match=r"types of the columns of d\.t") as caught:
        bh.insert("d.t", [(1, "a")])
    assert "column_types=" in caught.value.hint
    assert "check=False" in caught.value.hint
    assert isinstance(caught.value.__cause__, PermissionDenied)
    asked = len(server.seen)
    bh.insert("d.t", [(1, "a")], column_types={"n": "Int64", "s": "String"})
    bh.insert("d.t", [(1, "a")], check=False)
    assert [seen.json["query"] for seen in server.seen[asked:]] == [
        "INSERT INTO `d`.`t` (`n`, `s`) VALUES (1,'a')",
        "INSERT INTO `d`.`t` VALUES (1,'a')",
    ]


def test_without_checks_values_are_written_as_parameters(live: ByteHouse) -> None:
    """What fits is stored exactly, also in a row after others: no row is a rule for the next."""
    types = ["Nullable(Float64)", "Array(Nullable(Int64))", "Map(String, Float64)"]
    types += ["Tuple(Int64, Nullable(String))", "Array(DateTime('UTC'))"]
    columns = ", ".join(f"c{at} {type_}" for at, type_ in enumerate(types))
    live.query(f"CREATE TABLE d.raw (n Int8, {columns}) ENGINE = CnchMergeTree ORDER BY n")
    noon = datetime(2024, 5, 6, 12, tzinfo=UTC)
    values = [
        (123456789.12345679, [1, -(2**40)], {"a": 1 / 3}, (-1, "x"), [noon]),
        (None, [None, 2], {}, (2**40, None), []),
        (-0.1, [None], {"b": -2.5}, (0, ""), [noon, noon]),
    ]
    rows = [(n, *row) for n, row in enumerate(values * 2)]
    live.insert("d.raw", rows, check=False)
    assert live.query("SELECT * FROM d.raw ORDER BY n").rows() == rows


def test_columns_that_the_table_does_not_have_are_refused(table: ByteHouse) -> None:
    """And those whose values cannot be checked, with what to do."""
    with pytest.raises(InvalidArgument, match="no column 'x' to insert into"):
        table.insert("d.t", [{"n": 1, "x": 2}])
    with pytest.raises(InvalidArgument, match=r"column s: Values of type Odd\(1\)") as caught:
        table.insert("d.t", ROWS, column_types={"s": "Odd(1)"}, columns=["n", "s"])
    assert "check=False" in caught.value.hint
    assert rows_in_table(table) == []


def test_computed_columns_are_left_out(live: ByteHouse) -> None:
    """Rows without names have no value for them."""
    live.query(
        "CREATE TABLE d.t (n Int64, m Int64 MATERIALIZED n + 1, a Int64 ALIAS n,"
        " s String DEFAULT 'x') ENGINE = CnchMergeTree ORDER BY n"
    )
    live.insert("d.t", [(1, "a")])
    live.insert("d.t", [{"n": 2}])
    assert live.query("SELECT n, m, s FROM d.t ORDER BY n").rows() == [(1, 2, "a"), (2, 3, "x")]


@pytest.fixture
def plain_table(table: ByteHouse, emulator: RunningEmulator) -> Iterator[ByteHouse]:
    """Return a client that is no stand-in for two, with the empty table `d.t`."""
    assert rows_in_table(table) == []
    with ByteHouse(**emulator.client_arguments, mode="clickhouse_sql") as client:
        yield client


def test_an_interrupted_insertion_says_what_may_be_in_the_table(
    plain_table: ByteHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is certain, and what was being sent when the interrupt came."""
    execute, execute_async = Queries.execute, AsyncQueries.execute

    def interrupted(self: Queries, sql: str, **options: Any) -> Any:
        response = execute(self, sql, **options)
        if "'row 15'" in sql:
            raise KeyboardInterrupt
        return response

    async def interrupted_async(self: AsyncQueries, sql: str, **options: Any) -> Any:
        response = await execute_async(self, sql, **options)
        if "'row 15'" in sql:
            raise KeyboardInterrupt
        return response

    monkeypatch.setattr(Queries, "execute", interrupted)
    monkeypatch.setattr(AsyncQueries, "execute", interrupted_async)
    with pytest.raises(KeyboardInterrupt) as caught:
        plain_table.insert("d.t", ROWS, block_rows=AT_ONCE)
    assert caught.value.__notes__ == [
        "insert: 10 rows are in the table; the next 10, which were being sent, may be in it too."
    ]
    assert rows_in_table(plain_table) == ROWS[:20]


def test_a_result_that_breaks_while_it_is_inserted_says_how_far_it_came(
    plain_table: ByteHouse,
) -> None:
    """The error is that of the source, with a note about the target."""

    def source() -> Iterator[tuple[int, str]]:
        yield from ROWS[:15]
        plain_table.query("SELECT nothing")

    with pytest.raises(QueryFailed) as caught:
        plain_table.insert("d.t", source(), block_rows=AT_ONCE)
    assert caught.value.__notes__ == ["insert: 10 rows are in the table."]


def test_options_apply_to_every_block(bh: ByteHouse, server: ScriptedServer) -> None:
    """Each statement has an id of its own, and the dialect, warehouse and role of the call."""
    server.script(data([]))
    bh.insert(
        "d.t",
        ROWS,
        check=False,
        block_rows=AT_ONCE,
        mode="ansi_sql",
        warehouse="vw-1",
        role="loader",
    )
    assert [seen.json["query"][:24] for seen in server.seen] == ["INSERT INTO `d`.`t` VALU"] * 3
    assert len({seen.json["queryID"] for seen in server.seen}) == 3
    assert {seen.json["mode"] for seen in server.seen} == {"ansi_sql"}
    assert {seen.json["vwID"] for seen in server.seen} == {"vw-1"}
    assert {seen.header(ROLE_HEADER) for seen in server.seen} == {"loader"}
