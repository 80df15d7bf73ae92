"""A result is read once, in the form that is asked for, and says clearly what it cannot do."""

from __future__ import annotations

import gc
import math
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bytehouse import ByteHouse, ByteHouseError, Identifier, LostValuesWarning, QueryFailed
from bytehouse_emulator.testing import RunningEmulator
from tests.support.server import Reply, ScriptedServer, Seen, data

NUMBERS = "SELECT number AS n FROM numbers(5)"
MANY = "SELECT number AS n, repeat('x', 200) AS s FROM numbers(4000)"


def test_each_of_several_statements_has_a_result(live: ByteHouse) -> None:
    """Those that return no rows have one without columns; each can be read in any form."""
    sql = f"SELECT 1 AS a; CREATE TABLE d.t (x Int8) ENGINE = CnchMergeTree ORDER BY x; {NUMBERS};"
    first = live.query(sql)
    found = [([c.name for c in one.columns], one.rows()) for one in first.results()]
    assert found == [(["a"], [(1,)]), ([], []), (["n"], [(n,) for n in range(5)])]
    assert [
        one.to_arrow().num_rows
        for one in live.query(sql.replace("TABLE d.t", "TABLE d.u")).results()
    ] == [1, 0, 5]


def test_unread_rows_are_skipped(live: ByteHouse) -> None:
    """The next result begins at its start, however much of this one was read."""
    for taken in (0, 1, 2_000):
        first = live.query(f"{MANY}; SELECT 'next'; SELECT 'last'")
        rows = iter(first)
        for _ in range(taken):
            next(rows)
        second = first.next_result()
        assert second is not None
        assert repr(second) == repr(first.next_result())
        assert second.scalar() == "next"
        third = second.next_result()
        assert third is not None
        assert third.scalar() == "last"
        assert third.next_result() is None
        with pytest.raises(ByteHouseError, match="have been read or skipped"):
            first.rows()


def test_a_failed_statement_raises_in_its_turn(live: ByteHouse) -> None:
    """The error of one of several statements is never lost."""
    with pytest.raises(QueryFailed, match="no_such_table"):
        list(live.query("SELECT 1; SELECT * FROM d.no_such_table").results())


@pytest.mark.parametrize(("most", "counts"), [(0, [5, 5]), (2, [2, 2]), (5, [5, 5]), (9, [5, 5])])
def test_each_result_has_at_most_so_many_rows(
    live: ByteHouse, most: int, counts: list[int]
) -> None:
    """0 means no limit."""
    first = live.query(f"{NUMBERS}; {NUMBERS}", max_rows=most)
    assert [len(one.rows()) for one in first.results()] == counts


@pytest.mark.parametrize("shape", ["columns", "objects", "meta", "id"])
def test_every_layout_of_a_response_has_the_rows(
    live: ByteHouse, emulator: RunningEmulator, shape: Any
) -> None:
    """With columns, as objects, with metadata beside, or by asking for the result of an id."""
    sql = "SELECT number AS n, toString(number) AS s, toDecimal32(1, 1) AS d FROM numbers(3)"
    emulator.result_shape(shape)
    try:
        result = live.query(sql)
        rows = [(int(n), s, Decimal(d)) for n, s, d in result]
        batches = live.query(sql).to_arrow().to_pylist()
        nothing = live.query("SELECT 1 AS n WHERE 0").rows()
    finally:
        emulator.result_shape("columns")
    assert [column.name for column in result.columns] == ["n", "s", "d"]
    assert rows == [(n, str(n), Decimal(1)) for n in range(3)]
    assert [int(row["n"]) for row in batches] == [0, 1, 2]
    assert nothing == []


def test_one_and_one_or_none(live: ByteHouse) -> None:
    """No row and several rows are errors with the query id; no row is None for `one_or_none`."""
    one, two, none = "SELECT 1, 'a'", "SELECT number FROM numbers(2)", "SELECT 1 WHERE 0"
    assert live.query(one).one() == live.query(one).one_or_none() == (1, "a")
    assert live.query(one).scalar() == 1
    assert live.query(none).one_or_none() is None
    for way in ("one", "one_or_none", "scalar"):
        with pytest.raises(ByteHouseError, match="more than one row") as caught:
            getattr(live.query(two, query_id=f"q-{way}"), way)()
        assert caught.value.query_id == f"q-{way}"
    for way in ("one", "scalar"):
        with pytest.raises(ByteHouseError, match="has no row"):
            getattr(live.query(none), way)()
    result = live.query(one)
    assert result.one() == result.one() == result.rows()[0]


def test_rows_are_read_once_unless_buffered(live: ByteHouse) -> None:
    """Buffered rows can be read again; others raise."""
    kept = live.query(NUMBERS)
    assert kept.rows() is kept.rows()
    assert list(kept) == kept.rows() == [tuple(row.values()) for row in kept.mappings()]
    for first in ("to_arrow", "mappings", "arrow_batches", "__iter__"):
        read = live.query(NUMBERS)
        way = getattr(read, first)() if first != "__iter__" else iter(read)
        if first != "to_arrow":
            next(iter(way))
        for again in ("rows", "one", "to_arrow", "to_pandas"):
            with pytest.raises(ByteHouseError, match="rows\\(\\) returns a list that can be kept"):
                getattr(read, again)()
        read.close()


def test_columns_of_the_same_name_are_all_returned_or_refused(
    live: ByteHouse, tmp_path: Path
) -> None:
    """What would lose one says so before it reads, and the rows can still be read."""
    sql = "SELECT 1 AS a, a, 3 AS b"
    for refused in (
        lambda result: list(result.mappings()),
        lambda result: result.to_polars(),
        lambda result: result.to_parquet(tmp_path / "a.parquet"),
    ):
        result = live.query(sql)
        with pytest.raises(ByteHouseError, match="several columns of the same name: a") as caught:
            refused(result)
        assert caught.value.query_id == result.query_id
        assert result.rows() == [(1, 1, 3)]
    assert live.query(sql).to_arrow().column_names == ["a", "a", "b"]
    assert live.query(sql).to_pandas().to_numpy().tolist() == [[1, 1, 3]]
    live.query(sql).to_csv(tmp_path / "a.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "a,a,b\n1,1,3\n"


def test_an_empty_result_keeps_its_columns(live: ByteHouse, tmp_path: Path) -> None:
    """In every form, with their types."""
    sql = "SELECT 1 AS n, 'a' AS s, toDecimal64(1, 2) AS d, [now()] AS a WHERE 0"
    names = ["n", "s", "d", "a"]
    assert [c.name for c in live.query(sql).columns] == names
    types = ["uint8", "string", "decimal128(18, 2)"]
    table = live.query(sql).to_arrow()
    assert table.num_rows == 0
    assert [str(field.type) for field in table.schema][:3] == types
    assert list(live.query(sql).to_pandas().columns) == names
    assert live.query(sql).to_polars().columns == names
    live.query(sql).to_csv(tmp_path / "a.csv")
    live.query(sql).to_parquet(tmp_path / "a.parquet")
    assert (tmp_path / "a.csv").read_text() == "n,s,d,a\n"
    assert live.query("SELECT 1").columns[0].type == "UInt8"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_is_written_atomically(
    bh: ByteHouse, server: ScriptedServer, tmp_path: Path, form: str
) -> None:
    """After a truncated response no partial file remains, and an earlier file stays."""
    rows = [[n, "x" * 500] for n in range(2_000)]
    body = {"data": [{"columns": [["n", "Int32"], ["s", "String"]], "rows": rows}]}

    def answer(seen: Seen) -> Reply:
        if seen.operation == "kill_sync_query":
            return data({})
        return Reply(body=body, chunked=True, cut=1000, then="close")

    server.handler = answer
    path = tmp_path / f"rows.{form}"
    path.write_text("before")
    with pytest.raises(ByteHouseError, match=r"broke off|truncated"):
        getattr(bh.query("SELECT 1"), f"to_{form}")(path)
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_notebook_shows_the_first_rows_as_text(live: ByteHouse) -> None:
    """Nothing in them is HTML; what was shown can still be read."""
    hostile = "<script>alert(1)</script>&\"'"
    params = {"v": hostile, "n": Identifier(hostile)}
    result = live.query("SELECT {v} AS {n}, NULL AS x, number FROM numbers(50)", params=params)
    shown = result._repr_html_()
    assert "<script>" not in shown
    assert shown.count("&lt;script&gt;") == 1 + 20
    assert "<td>NULL</td>" in shown
    assert "<br>String</th>" in shown
    assert "The first 20 rows" in shown
    assert result._repr_html_() == shown
    assert len(result.rows()) == 50
    assert result._repr_html_() == shown
    few = live.query("SELECT repeat('y', 5000) AS y")
    few.rows()
    assert "The first" not in few._repr_html_()
    assert len(few._repr_html_()) < 1000
    taken = live.query(NUMBERS)
    list(taken)
    assert "<td>" not in taken._repr_html_()


def test_a_closed_result_returns_no_more_rows(live: ByteHouse) -> None:
    """It may be closed at any time, and more than once; what was kept stays."""
    result = live.query(MANY)
    rows = iter(result)
    next(rows)
    result.close()
    result.close()
    with pytest.raises(ByteHouseError, match="was closed"):
        list(rows)
    unread = live.query(MANY)
    unread.close()
    with pytest.raises(ByteHouseError, match="was closed"):
        unread.rows()
    kept = live.query(NUMBERS)
    kept.rows()
    kept.close()
    assert len(kept.rows()) == 5
    assert live.query("SELECT 1").scalar() == 1


def test_leaving_the_with_block_closes_the_result(live: ByteHouse) -> None:
    """The client still works, however early its results are closed."""
    for _ in range(5):
        with live.query(MANY) as result:
            for _row in result:
                break
    assert live.query("SELECT 1").scalar() == 1
    with pytest.raises(RuntimeError, match="mine"), live.query(MANY):
        raise RuntimeError("mine")


@pytest.mark.parametrize("flavour", ["sync"], indirect=True)
def test_an_unclosed_result_warns(live: ByteHouse) -> None:
    """Dropping a half-read result warns; reading it to its end does not."""
    results: Any = [live.query(MANY)]
    with pytest.warns(ResourceWarning, match="neither read to its end nor closed"):
        results.clear()
    live.query(NUMBERS).rows()
    gc.collect()


def test_values_that_json_lacks_are_as_documented(live: ByteHouse) -> None:
    """Null for nan and infinities, with a warning, unless they are quoted; bytes can be had."""
    sql = "SELECT nan AS a, -inf AS b, [inf, 1.5] AS c, -0.0 AS d"
    with pytest.warns(LostValuesWarning, match="in the column a, b, c. To have the values"):
        assert live.query(sql).one() == (None, None, [None, 1.5], 0.0)
    quoted = live.query(f"{sql} SETTINGS output_format_json_quote_denormals = 1").one()
    assert math.isnan(quoted[0])
    assert quoted[1:3] == (-math.inf, [math.inf, 1.5])
    raw = "SELECT unhex('61FF62') AS s, 'ok' AS t"
    assert live.query(raw).scalar().encode("utf-8", "surrogateescape") == b"a\xffb"
    assert live.query(raw).to_arrow().to_pylist() == [{"s": b"a\xffb", "t": "ok"}]


LOST = """
    toFloat32(inf) AS a, [[1.5], [nan]] AS b, map('x', nan, 'y', 1.5) AS c, (1, 'x', inf) AS d,
    CAST((1, inf), 'Tuple(x UInt8, y Float64)') AS e, [map('x', (1, -inf))] AS f,
    CAST((1, (NULL, nan)), 'Tuple(UInt8, Tuple(Nullable(Float64), Float64))') AS g
"""
KEPT = """
    CAST(NULL, 'Nullable(Float64)') AS a, [NULL, 1.5] AS b, (NULL, 'null') AS c, 'null' AS d,
    map('x', NULL) AS e, 1.5 AS f
"""


@pytest.mark.parametrize("read", ["rows", "to_arrow", "to_pandas", "to_polars"])
def test_a_float_that_was_lost_is_told(live: ByteHouse, read: str) -> None:
    """However deep it is in a value, and however late; where NULL is a value nothing is told."""
    with pytest.warns(
        LostValuesWarning, match="in the column a, b, c, d, e, f, g. To have"
    ) as told:
        getattr(live.query(f"SELECT {LOST}"), read)()
    assert len(told) == 1
    late = "SELECT if(number > 70000, nan, 1.5) AS x, toString(NULL) AS y FROM numbers(100000)"
    with pytest.warns(LostValuesWarning, match="in the column x. To have") as told:
        getattr(live.query(late), read)()
    assert len(told) == 1
    getattr(live.query(f"SELECT {KEPT}"), read)()


WITHOUT = """
import sys
from tempfile import NamedTemporaryFile
for name in ("pyarrow", "pandas", "polars", "numpy"):
    sys.modules[name] = None
from bytehouse import ByteHouse
bh = ByteHouse(sys.argv[1], sys.argv[2], mode="clickhouse_sql")
def told(do):
    try:
        do()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
for form in ("to_arrow", "to_pandas", "to_polars"):
    print(told(getattr(bh.query("SELECT 1"), form)))
print(told(lambda: next(bh.query("SELECT 1").arrow_batches())))
print(told(lambda: bh.query("SELECT 1").to_parquet("/nowhere/at/all")))
with NamedTemporaryFile(suffix=".parquet") as file:
    print(told(lambda: bh.insert("d.t", file.name)))
again = bh.query("SELECT 7")
told(again.to_arrow)
print(again.rows(), bh.query("SELECT [1.5], now()").one()[0])
"""


def test_a_missing_extra_is_named_in_the_error(emulator: RunningEmulator) -> None:
    """The error says what to install; all else works without, and the result can still be read."""
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT, emulator.url, emulator.token],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    *errors, last = run.stdout.splitlines()
    for error, extra in zip(errors, "arrow pandas polars arrow arrow arrow".split(), strict=True):
        assert error.startswith("ConfigError: This needs p")
        assert f"pip install 'bytehouse-sdk[{extra}]'" in error
    assert last == "[(7,)] [1.5]"
