"""What PEP 249 asks for beyond the compliance suite, and what the docs promise on top."""

from __future__ import annotations

import datetime as dt
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bytehouse import ByteHouseError, dbapi
from bytehouse_emulator.testing import RunningEmulator
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer, Seen, data

TABLE = "CREATE TABLE t (id UInt64, note Nullable(String)) ENGINE = CnchMergeTree ORDER BY id"
INSERT = "INSERT INTO t VALUES (%(id)s, %(note)s)"
SELECT = "SELECT id, note FROM t ORDER BY id"
ERRORS = """
    Warning Error InterfaceError DatabaseError DataError OperationalError IntegrityError
    InternalError ProgrammingError NotSupportedError
""".split()


@pytest.fixture
def table(cursor: dbapi.Cursor) -> dbapi.Cursor:
    """Return a cursor that has made a table `t` with three rows."""
    cursor.execute(TABLE)
    cursor.executemany(INSERT, [{"id": n, "note": f"n{n}"} for n in range(3)])
    return cursor


def test_the_errors_are_those_of_the_pep(connection: dbapi.Connection) -> None:
    """Each stands where the PEP has it, and a connection has them all."""
    for name in ERRORS:
        assert getattr(connection, name) is getattr(dbapi, name)
    assert dbapi.Error.__bases__ == dbapi.Warning.__bases__ == (Exception,)
    assert dbapi.InterfaceError.__bases__ == dbapi.DatabaseError.__bases__ == (dbapi.Error,)
    for name in ERRORS[4:]:
        assert getattr(dbapi, name).__bases__ == (dbapi.DatabaseError,)


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT * FROM nothing_there", dbapi.ProgrammingError),
        ("SELEC 1", dbapi.ProgrammingError),
        ("SELECT toInt8('many')", dbapi.DataError),
        ("SELECT sleepEachRow(1) FROM numbers(3) SETTINGS max_execution_time = 1",
         dbapi.OperationalError),
    ],
)  # fmt: skip
def test_an_error_of_the_engine_is_of_its_kind(
    cursor: dbapi.Cursor, sql: str, error: type[dbapi.Error]
) -> None:
    """By the engine's number; the client's own error, with all that it knows, is its cause."""
    with pytest.raises(error) as caught:
        cursor.execute(sql).fetchall()
    assert type(caught.value) is error
    assert isinstance(caught.value.__cause__, ByteHouseError)
    assert caught.value.__cause__.query_id


def test_an_error_of_the_module_s_use_is_of_its_kind(
    server: ScriptedServer, connection: dbapi.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrongly set up, wrongly called, not there, not understood, not offered."""
    monkeypatch.delenv("BYTEHOUSE_HOST", raising=False)
    with pytest.raises(dbapi.InterfaceError, match="host"):
        dbapi.connect()
    with pytest.raises(dbapi.OperationalError):
        dbapi.connect("http://127.0.0.1:9", KEY, database="d", max_retries=0)
    server.script(Reply(401))
    with pytest.raises(dbapi.OperationalError, match="api_key"):
        dbapi.connect(server.url, KEY, database="d")
    server.script(Reply(body="<html>"))
    with pytest.raises(dbapi.InternalError), dbapi.connect(server.url, KEY) as strange:
        strange.cursor().execute("SELECT 1")
    with pytest.raises(dbapi.NotSupportedError, match="transactions"):
        connection.rollback()
    cursor = connection.cursor()
    wrong: list[tuple[str, Any]] = [("SELECT %(a)s", {}), ("SELECT 1", [1]), ("", None)]
    for sql, parameters in wrong:
        with pytest.raises(dbapi.ProgrammingError):
            cursor.execute(sql, parameters)


def test_columns_are_described(cursor: dbapi.Cursor) -> None:
    """Name, type, precision, scale and nullability; a type equals the object of its kind alone."""
    kinds = {
        "toInt32(1)": dbapi.NUMBER,
        "toUInt256(1)": dbapi.NUMBER,
        "toDecimal64('1.5', 3)": dbapi.NUMBER,
        "0.5": dbapi.NUMBER,
        "true": dbapi.NUMBER,
        "toNullable('a')": dbapi.STRING,
        "toLowCardinality('a')": dbapi.STRING,
        "toFixedString('a', 3)": dbapi.STRING,
        "generateUUIDv4()": dbapi.STRING,
        "today()": dbapi.DATETIME,
        "now()": dbapi.DATETIME,
        "now64(9)": dbapi.DATETIME,
        "[1]": None,
    }
    cursor.execute(f"SELECT {', '.join(kinds)}")
    assert cursor.description is not None
    objects = (dbapi.STRING, dbapi.BINARY, dbapi.NUMBER, dbapi.DATETIME, dbapi.ROWID)
    for column, kind in zip(cursor.description, kinds.values(), strict=True):
        assert [one for one in objects if column[1] == one] == ([] if kind is None else [kind])
    assert cursor.description[2][4:6] == (18, 3)
    assert cursor.description[11][5] == 9
    assert [column[6] for column in cursor.description[4:6]] == [False, True]
    assert len({*objects}) == len(objects)


def test_columns_without_types_are_described_all_the_same(
    cursor: dbapi.Cursor, emulator: RunningEmulator
) -> None:
    """By their names, where the answer tells no more."""
    emulator.result_shape("objects")
    cursor.execute("SELECT 1 AS a, 'x' AS b")
    assert cursor.description == [(name, None, None, None, None, None, True) for name in ("a", "b")]
    assert cursor.fetchall() == [(1, "x")]


@pytest.mark.parametrize("shape", ["columns", "objects", "meta", "id"])
def test_names_are_known_before_the_rows(
    cursor: dbapi.Cursor, emulator: RunningEmulator, shape: Any
) -> None:
    """Of a result of any size, even where the answer tells them behind its rows."""
    emulator.result_shape(shape)
    for count in (1, 30_000):
        cursor.execute("SELECT number AS id, 'x' AS note FROM numbers(%(n)s)", {"n": count})
        assert [column[0] for column in cursor.description or []] == ["id", "note"]
        assert len(cursor.fetchall()) == count


def test_values_go_and_come_back(cursor: dbapi.Cursor) -> None:
    """As parameters of the types that the module's constructors make, quoted by the module."""
    moment = dt.datetime(2026, 11, 22, 10, 0, 0, 500_000)
    values = {
        "text": "it's %s \\ %(x)s {y} -- ",
        "number": Decimal("1.20"),
        "day": dbapi.Date(2026, 11, 22),
        "moment": dbapi.Timestamp(2026, 11, 22, 10, 0, 0, 500_000),
        "none": None,
        "list": [1, 2],
    }
    names = ", ".join(f"%({name})s" for name in values)
    cursor.execute(f"SELECT {names}, '100 %%' LIKE '%%0 %%'", {**values, "unused": 1})
    row = cursor.fetchone()
    assert row is not None
    assert row[:3] == ("it's %s \\ %(x)s {y} -- ", Decimal("1.20"), dt.date(2026, 11, 22))
    assert row[3].replace(tzinfo=None) == moment
    assert row[4:] == (None, [1, 2], True)
    cursor.execute("SELECT hex(%(b)s), '%(b)s'", {"b": dbapi.Binary(b"\x00\xff'")})
    assert cursor.fetchone() == ("00FF27", "%(b)s")
    now = time.time()
    assert dbapi.DateFromTicks(now) == dbapi.TimestampFromTicks(now).date()
    assert dbapi.TimeFromTicks(now) == dbapi.TimestampFromTicks(now).time()
    assert isinstance(dbapi.TimeFromTicks(now), dbapi.Time)


def test_rows_are_fetched_in_every_way(table: dbapi.Cursor) -> None:
    """One by one, in a loop, some, all; what is fetched is gone."""
    expected = [(n, f"n{n}") for n in range(3)]
    assert list(table.execute(SELECT)) == expected
    assert iter(table) is table
    assert next(table.execute(SELECT)) == expected[0]
    assert table.fetchmany() == expected[1:2]
    assert table.fetchall() == expected[2:]
    assert (table.fetchone(), table.fetchmany(5), table.fetchall()) == (None, [], [])
    with pytest.raises(StopIteration):
        next(table)
    table.arraysize = 2
    assert len(table.execute(SELECT).fetchmany()) == 2
    assert table.fetchmany(0) == []
    assert table.rowcount == -1


def test_many_rows_go_in_one_statement(table: dbapi.Cursor, emulator: RunningEmulator) -> None:
    """Of any iterable; the count is that of the rows, and the rows are as they were."""
    emulator.clear_journal()
    rows: Iterator[dict[str, Any]] = ({"id": n, "note": None} for n in range(3, 1000))
    table.executemany(INSERT + " ; ", rows)
    assert table.rowcount == 997
    # One to read the types of the columns, one with the rows.
    assert len(emulator.journal("submit_sync_query")) == 2
    assert table.execute("SELECT count(), uniqExact(id), count(note) FROM t").fetchone() == (
        1000,
        1000,
        3,
    )
    table.executemany(INSERT, [])
    assert table.rowcount == 0
    table.execute("CREATE TABLE f (x Float64, s String) ENGINE = CnchMergeTree ORDER BY s")
    numbers: list[dict[str, Any]] = [
        {"x": x, "s": f"{x!r} (), ('"} for x in (0.1 + 0.2, -1e-300, 1.7976931348623157e308)
    ]
    table.executemany("insert into f (s, x) values (concat(%(s)s, ')'), %(x)s)", numbers)
    table.executemany("INSERT INTO f VALUES (%(x)s, %(s)s)", numbers)
    expected = {(each["x"], each["s"] + tail) for each in numbers for tail in ("", ")")}
    assert {*table.execute("SELECT x, s FROM f")} == expected


def test_an_insert_of_several_rows_at_once_is_not_counted(table: dbapi.Cursor) -> None:
    """What cannot be told is -1; the rows are there."""
    table.executemany(
        "INSERT INTO t VALUES (%(id)s, 'a)'), (%(id)s + 1, %(note)s)", [{"id": 10, "note": "b"}]
    )
    assert table.rowcount == -1
    assert table.execute("SELECT count() FROM t WHERE id >= 10").fetchone() == (2,)


def test_an_insert_that_fails_half_way_says_how_far_it_came(
    table: dbapi.Cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count is that of the rows which are in the table."""
    rows = [{"id": n, "note": "x"} for n in range(10, 15)]
    client = table.connection.client
    monkeypatch.setattr(client, "insert", partial(client.insert, block_rows=2))
    with pytest.raises(dbapi.ProgrammingError, match="note"):
        table.executemany(INSERT, [*rows, {"id": 15}, *rows])
    assert table.rowcount == 4
    assert table.execute("SELECT count() FROM t WHERE id >= 10").fetchone() == (4,)
    with pytest.raises(dbapi.DataError):
        table.executemany(INSERT, [*rows, {"id": "none", "note": "x"}])
    assert table.rowcount == 4


def test_the_values_of_an_insert_are_checked(table: dbapi.Cursor) -> None:
    """As those of `insert`: what the column cannot hold is refused, with its row and column."""
    table.execute("CREATE TABLE `a b` (`x y` UInt8, z Date) ENGINE = CnchMergeTree ORDER BY z")
    insert = "INSERT INTO `a b` (z, `x y`) VALUES (%(z)s, %(x)s)"
    table.executemany(insert, [{"x": 255, "z": dt.date(2024, 1, 1)}])
    for bad in ({"x": 256, "z": dt.date(2024, 1, 1)}, {"x": 1, "z": dt.date(1900, 1, 1)}):
        with pytest.raises(dbapi.DataError, match="row 1 could not be inserted: The column"):
            table.executemany(insert, [{"x": 1, "z": dt.date(2024, 1, 1)}, bad])
        assert table.rowcount == 0
    for clause in ("SETTINGS max_threads = 1, log_comment = 'x' VALUES", "VALUES /* of a tool */"):
        with pytest.raises(dbapi.DataError, match="256: it is outside 0 to 255"):
            table.executemany(
                f"-- rows\n{insert.replace('VALUES', clause)}",
                [{"x": 256, "z": dt.date(2024, 1, 1)}],
            )
    assert table.execute("SELECT * FROM `a b`").fetchall() == [(255, dt.date(2024, 1, 1))]
    table.executemany(
        insert.replace("VALUES", "SETTINGS date_time_input_format = 'basic', max_threads=2 VALUES"),
        [{"x": 7, "z": dt.date(2024, 1, 2)}],
    )
    assert table.rowcount == 1


def test_no_parameters_are_none(table: dbapi.Cursor) -> None:
    """An empty tuple or list, as tools pass them, leaves the statement as it is."""
    several: list[Any] = [None, (), []]
    for nothing in several:
        assert table.execute("SELECT 7 % 4, '%'", nothing).fetchone() == (3, "%")
    with pytest.raises(dbapi.ProgrammingError, match="mapping"):
        table.execute("SELECT %s", (1,))


def test_to_sql_says_what_to_use_instead(connection: dbapi.Connection) -> None:
    """Pandas takes a connection that it does not know for one of SQLite."""
    import pandas as pd

    with (
        pytest.warns(UserWarning, match="SQLAlchemy"),
        pytest.raises((pd.errors.DatabaseError, dbapi.Error), match=r"client\.insert"),
    ):
        pd.DataFrame({"a": [1]}).to_sql("t", connection)


def test_other_statements_run_once_for_each_set(
    table: dbapi.Cursor, emulator: RunningEmulator
) -> None:
    """A statement that is no INSERT of a row is not joined with others."""
    emulator.clear_journal()
    for sql in (
        "ALTER TABLE t DELETE WHERE id = %(id)s",
        "INSERT INTO t SELECT %(id)s, 'VALUES (%%)'",
    ):
        table.executemany(sql, [{"id": 1}, {"id": 2}])
        assert table.rowcount == -1
    assert len(emulator.journal("submit_sync_query")) == 4
    assert table.execute("SELECT note FROM t WHERE id = 2").fetchall() == [("VALUES (%)",)]


def test_what_is_closed_is_closed(connection: dbapi.Connection) -> None:
    """Every use raises; closing once more does nothing, in whatever order."""
    cursor, other = connection.cursor(), connection.cursor()
    cursor.execute("SELECT 1")
    other.execute("SELECT number FROM numbers(100000)")
    cursor.close()
    cursor.close()
    uses: list[Callable[[], object]] = [
        lambda: cursor.execute("SELECT 1"),
        lambda: cursor.executemany("SELECT %(a)s", []),
        cursor.fetchone,
        cursor.fetchall,
        cursor.nextset,
        lambda: next(cursor),
    ]
    for use in uses:
        with pytest.raises(dbapi.InterfaceError, match="cursor is closed"):
            use()
    connection.close()
    connection.close()
    other.close()
    for use in (connection.cursor, connection.commit, connection.rollback, other.fetchone):
        with pytest.raises(dbapi.InterfaceError, match="is closed"):
            use()


@pytest.mark.parametrize("what", ["cursor", "connection", "another statement"])
def test_rows_that_are_left_unread_stop_their_statement(server: ScriptedServer, what: str) -> None:
    """Closing the cursor or the connection does, and so does the cursor's next statement."""
    rows = [[n, "x" * 50] for n in range(20_000)]
    half = Reply(body={"data": [{"columns": [{"name": "n"}], "rows": rows}]}, cut=99, then="wait")

    def answer(seen: Seen) -> Reply:
        first = seen.operation == "submit_sync_query" and len(server.seen) == 1
        return half if first else data([])

    server.handler = answer
    with dbapi.connect(server.url, KEY) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        if what == "another statement":
            cursor.execute("SELECT 2")
        else:
            (cursor if what == "cursor" else connection).close()
        assert server.operations[1] == "kill_sync_query"


def test_threads_share_a_connection(connection: dbapi.Connection) -> None:
    """Each with a cursor of its own, all in the connection's session."""

    def count(number: int) -> Any:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SELECT currentDatabase(), count() FROM numbers(%(n)s)", {"n": number})
            return cursor.fetchone()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(count, range(30))) == [("d", n) for n in range(30)]


def test_pandas_reads_sql(table: dbapi.Cursor) -> None:
    """Whole or in chunks, with parameters; it warns of nothing but that it prefers SQLAlchemy."""
    import pandas as pd

    sql = "SELECT id, note FROM t WHERE id >= %(least)s ORDER BY id"
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        frame = pd.read_sql(sql, table.connection, params={"least": 1})
        chunks = list(pd.read_sql(SELECT, table.connection, chunksize=2, index_col="id"))
        with pytest.raises((dbapi.Error, pd.errors.DatabaseError), match="nothing_there"):
            pd.read_sql("SELECT * FROM nothing_there", table.connection)
    assert {str(one.message).partition(" ")[0] for one in warned} == {"pandas"}
    assert frame.to_dict("list") == {"id": [1, 2], "note": ["n1", "n2"]}
    assert [list(chunk["note"]) for chunk in chunks] == [["n0", "n1"], ["n2"]]
