"""Results are written to files and streams, of bytes and of text, in each format."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bytehouse import ByteHouse, ByteHouseError, InvalidArgument, Result

SQL = (
    "SELECT number AS n, 'é' AS s, toDecimal64('1.20', 2) AS d, toDate('2026-11-28') AS day,"
    " map(toUInt8(7), [1.5]) AS m, toDateTime64('2026-11-28 10:00:00.5', 1, 'Asia/Shanghai') AS t,"
    " NULL AS z FROM numbers(2)"
)
ROW = {
    "s": "é",
    "d": "1.20",
    "day": "2026-11-28",
    "m": {"7": [1.5]},
    "t": "2026-11-28 10:00:00.500000",
    "z": None,
}


def written(live: ByteHouse, write: Callable[[Result, Any], None]) -> str:
    """Return what is written to a stream of bytes, and as well to one of text."""
    binary, text = io.BytesIO(), io.StringIO()
    write(live.query(SQL), binary)
    write(live.query(SQL), text)
    assert binary.getvalue().decode() == text.getvalue()
    return text.getvalue()


def test_csv_and_json_go_to_streams_as_to_files(live: ByteHouse, tmp_path: Path) -> None:
    """The stream stays open, for what else goes there."""
    csv = written(live, lambda result, to: result.to_csv(to))
    assert csv.splitlines()[0] == "n,s,d,day,m,t,z"
    live.query(SQL).to_csv(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text("utf-8") == csv
    rows = written(live, lambda result, to: result.to_json(to))
    assert json.loads(rows) == [{"n": n, **ROW} for n in range(2)]
    lines = written(live, lambda result, to: result.to_json(to, lines=True))
    assert [json.loads(line) for line in lines.splitlines()] == json.loads(rows)
    live.query(SQL).to_json(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text("utf-8") == rows


def test_parquet_goes_to_a_stream_of_bytes(live: ByteHouse) -> None:
    """It is bytes: a stream of text is refused, and the rows can still be read."""
    stream = io.BytesIO()
    live.query(SQL).to_parquet(stream)
    assert pq.read_table(stream).num_rows == 2
    result = live.query(SQL)
    with pytest.raises(InvalidArgument, match="'wb'"):
        result.to_parquet(io.StringIO())
    assert len(result.rows()) == 2


def test_json_of_no_rows_and_of_what_json_cannot_hold(live: ByteHouse) -> None:
    """An empty array; nan as a string; a byte that is not UTF-8 as Python's escape of it."""
    empty, empty_lines, odd = io.StringIO(), io.StringIO(), io.StringIO()
    live.query("SELECT 1 AS a WHERE a = 2").to_json(empty)
    live.query("SELECT 1 AS a WHERE a = 2").to_json(empty_lines, lines=True)
    assert (json.loads(empty.getvalue()), empty_lines.getvalue()) == ([], "")
    sql = "SELECT nan AS x, unhex('61ff') AS s SETTINGS output_format_json_quote_denormals = 1"
    live.query(sql).to_json(odd)
    assert json.loads(odd.getvalue()) == [{"x": "nan", "s": "a\udcff"}]
    assert odd.getvalue().isascii()
    with pytest.raises(ByteHouseError, match="several columns of the same name"):
        live.query("SELECT 1 AS a, 1 AS a").to_json(io.StringIO())


def test_what_is_written_can_be_inserted(live: ByteHouse) -> None:
    """From streams of bytes and text, of CSV and Parquet."""
    live.query("CREATE TABLE d.streams (n UInt64, s String) ENGINE = CnchMergeTree ORDER BY n")
    sql = "SELECT number AS n, 'a;\nb' AS s FROM numbers(3)"
    binary, text, parquet = io.BytesIO(), io.StringIO(), io.BytesIO()
    live.query(sql).to_csv(binary)
    live.query(sql).to_csv(text)
    live.query(sql).to_parquet(parquet)
    for stream in (binary, text, parquet):
        stream.seek(0)
        assert live.insert("d.streams", stream) == 3
    assert live.query("SELECT uniq(s), count() FROM d.streams").one() == (1, 9)
