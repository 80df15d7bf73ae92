"""Arrow, frames and files hold what the rows hold, or say what they cannot."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bytehouse import ByteHouse, ByteHouseError, InvalidArgument, ResponseDecodeError
from tests.support.cases import cases
from tests.support.server import Reply, ScriptedServer

BIG = 2**53 + 1
VALUES = f"""
    SELECT toNullable(1.5) AS value, [{BIG}, NULL] AS nested, [1, 2] AS plain,
        tuple({BIG}, NULL) AS pair, toDate('2024-05-06') AS day, toDate32('2299-12-31') AS day32,
        [toDateTime64('2024-05-06 07:08:09.123456789', 9, 'Asia/Tokyo')] AS times
    UNION ALL SELECT NULL, [], [], (1, 'x'), toDate('1970-01-01'),
        toDate32('1900-01-01'), []
    UNION ALL SELECT nan, [NULL], [3], (NULL, NULL), toDate('2149-06-06'),
        toDate32('2262-01-01'), []
    SETTINGS output_format_json_quote_denormals = 1
"""


@cases("backend", [None, "numpy_nullable", "pyarrow"])
def test_pandas_holds_every_value(live: ByteHouse, backend: Any) -> None:
    """NULL beside nan, integers beside NULL in containers, dates, and nanoseconds in arrays."""
    import pandas as pd

    frame = live.query(VALUES).to_pandas(dtype_backend=backend)
    frame = frame.sort_values("day").reset_index(drop=True)
    null, one, nan = frame["value"]
    assert null is pd.NA
    assert one == 1.5
    assert math.isnan(nan)
    assert [repr(list(found)) for found in frame["nested"]] == ["[]", f"[{BIG}, None]", "[None]"]
    assert [list(map(int, found)) for found in frame["plain"]] == [[], [1, 2], [3]]
    assert [tuple(p.values()) for p in frame["pair"]] == [(1, "x"), (BIG, None), (None, None)]
    if backend != "pyarrow":
        assert str(frame["day"].dtype) == str(frame["day32"].dtype) == "datetime64[ms]"
        assert frame["plain"][1].dtype.kind == "u"
    assert str(frame["day32"][1])[:10] == "2299-12-31"
    [moment] = frame["times"][1]
    assert moment == pd.Timestamp("2024-05-06 07:08:09.123456789", tz="Asia/Tokyo")


def test_a_frame_goes_back_in(live: ByteHouse) -> None:
    """NULL, nan, nested NULL and nanoseconds in arrays are what they were."""
    live.query(
        "CREATE TABLE d.back (value Nullable(Float64), nested Array(Nullable(Int64)), day Date, "
        "times Array(DateTime64(9, 'Asia/Tokyo')), raw String) ENGINE = CnchMergeTree ORDER BY day"
    )
    live.query(
        "INSERT INTO d.back SELECT value, nested, day, times, unhex('61ff') "
        f"FROM ({VALUES.partition('SETTINGS')[0]})"
    )
    ask = "SELECT cityHash64(*) FROM d.back ORDER BY day"
    before = live.query(ask).rows()
    for backend in (None, "numpy_nullable", "pyarrow"):
        frame = live.query(
            "SELECT * FROM d.back SETTINGS output_format_json_quote_denormals = 1"
        ).to_pandas(dtype_backend=backend)
        live.query("TRUNCATE TABLE d.back")
        live.insert("d.back", frame)
        assert live.query(ask).rows() == before, backend


def test_a_time_past_2262_costs_nanoseconds_alone(live: ByteHouse) -> None:
    """Its column has microseconds, in a container too."""
    import pyarrow as pa

    text, zone = "2299-01-02 03:04:05.12345678", "'UTC'"
    sql = (
        f"SELECT toDateTime64('{text}', 8, {zone}) AS a, [a, NULL] AS b, 'x' AS c "
        f"UNION ALL SELECT toDateTime64('2024-01-02 03:04:05.12345678', 8, {zone}), [], 'y'"
    )
    table = live.query(sql).to_arrow().sort_by("c")
    moment = datetime(2299, 1, 2, 3, 4, 5, 123456, UTC)
    assert table.schema.field("a").type == pa.timestamp("us", "UTC")
    assert table.schema.field("b").type == pa.list_(pa.timestamp("us", "UTC"))
    assert table.to_pylist() == [
        {"a": moment, "b": [moment, None], "c": "x"},
        {"a": moment.replace(year=2024), "b": [], "c": "y"},
    ]
    frame = live.query(sql).to_pandas()
    assert frame["a"].max() == moment
    assert live.query(sql).to_polars()["a"].max() == moment


RAW = """
    SELECT unhex('61FF') AS s, toFixedString(unhex('00ff'), 2) AS f, [s, 'ü', NULL] AS a,
        map(s, (toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), s)) AS m, 'plain' AS t
"""


def test_iso_times_are_the_same_moments(live: ByteHouse) -> None:
    """Z says which moment it is: of the hour that a zone repeats too, and without a zone."""
    second = datetime(2024, 10, 27, 1, 30, tzinfo=UTC)
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
    for type_, zone in (
        ("DateTime('Europe/Berlin')", "Europe/Berlin"),
        ("Nullable(DateTime)", "UTC"),
        ("DateTime64(3, 'Asia/Tokyo')", "Asia/Tokyo"),
        ("DateTime64(6)", "UTC"),
        ("DateTime64(9, 'UTC')", "UTC"),
    ):
        found = live.query(
            f"SELECT CAST(toDateTime({second.timestamp():.0f}) AS {type_}) AS at "
            "SETTINGS date_time_output_format = 'iso'"
        ).to_arrow()["at"]
        assert (found.type.tz, found.cast("int64")[0].as_py() // per_second[found.type.unit]) == (
            zone,
            second.timestamp(),
        )


def test_strings_that_are_not_utf8_are_bytes(live: ByteHouse, tmp_path: Path) -> None:
    """In every form that can hold them; other columns stay text, and so does a UUID beside them."""
    import pyarrow.parquet

    uuid = "61f0c404-5cb3-11e7-907b-a6006ad3dba0"
    row = {
        "s": b"a\xff",
        "f": b"\0\xff",
        "a": [b"a\xff", "ü".encode(), None],
        "m": [(b"a\xff", {"1": uuid, "2": b"a\xff"})],
        "t": "plain",
    }
    assert live.query(RAW).to_arrow().to_pylist() == [row]
    live.query(RAW).to_parquet(tmp_path / "a.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist() == [row]
    for backend in (None, "pyarrow"):
        [found] = live.query(RAW).to_pandas(dtype_backend=backend).to_dict("records")
        assert (found["s"], found["f"], list(found["a"])) == (row["s"], row["f"], row["a"])
    [found] = live.query(RAW).to_polars().to_dicts()
    assert (found["s"], found["f"], found["a"], found["t"]) == tuple(row[n] for n in "sfat")
    live.query("SELECT unhex('61FF2C') AS s, [s] AS a").to_csv(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", errors="surrogateescape", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["s", "a"], ["a\udcff,", "['a\\xFF,']"]]


def test_the_caller_chooses_the_columns_of_bytes(live: ByteHouse) -> None:
    """Those named are bytes, whatever is in them; without a name such a string is an error."""
    sql = "SELECT 'a' AS s, ['b'] AS a, 'c' AS t"
    assert live.query(sql).to_arrow(binary=["s", "a"]).to_pylist() == [
        {"s": b"a", "a": [b"b"], "t": "c"}
    ]
    result = live.query(sql)
    with pytest.raises(InvalidArgument, match="does not have: z"):
        result.to_arrow(binary=["s", "z"])
    assert result.rows() == [("a", ["b"], "c")]
    with pytest.raises(ResponseDecodeError, match="s has a string that is not UTF-8") as caught:
        live.query(RAW).to_arrow(binary=[])
    assert "binary=['s']" in caught.value.hint


@cases("typed", [True, False])
def test_bytes_may_come_late(bh: ByteHouse, server: ScriptedServer, typed: bool) -> None:
    """The whole column becomes bytes; batches that were returned cannot, and say what to do."""
    meta = [{"name": "s", **({"type": "String"} if typed else {})}]
    rows = b",".join([b'["text"]'] * 70_000 + [b'["\xff"]'])
    body = b'{"data":[{"columns":%s,"rows":[%s]}]}' % (str(meta).replace("'", '"').encode(), rows)
    server.handler = lambda _: Reply(body=body)
    table = bh.query("SELECT 1").to_arrow()
    assert table.num_rows == 70_001
    assert table["s"][0].as_py() == b"text"
    assert table["s"][-1].as_py() == b"\xff"
    batches = iter(bh.query("SELECT 1").arrow_batches())
    assert next(batches)["s"][0].as_py() == "text"
    with pytest.raises(ResponseDecodeError, match="after rows") as caught:
        list(batches)
    assert "binary=['s']" in caught.value.hint
    found = list(bh.query("SELECT 1").arrow_batches(binary=["s"]))
    assert found[-1]["s"][-1].as_py() == b"\xff"


def test_a_value_of_another_type_is_not_taken_for_a_late_time(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """The error says what the value is not, also after batches that were returned."""
    rows = ",".join(['["2024-01-02 03:04:05.123456789"]'] * 70_000 + ['["rubbish"]'])
    body = f'{{"data":[{{"columns":[["t","DateTime64(9)"]],"rows":[{rows}]}}]}}'.encode()
    server.handler = lambda _: Reply(body=body)
    with pytest.raises(ResponseDecodeError, match="not of type DateTime64"):
        list(bh.query("SELECT 1").arrow_batches())


FORMS: dict[str, Callable[[Any, Path], Any]] = {
    "to_pandas": lambda result, _: result.to_pandas(),
    "to_polars": lambda result, _: result.to_polars(),
    "to_parquet": lambda result, folder: result.to_parquet(folder / "a.parquet"),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_error_of_a_library_is_ours(
    live: ByteHouse, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which form was asked for and what the library said, and has the query id."""
    import pandas as pd
    import polars as pl
    import pyarrow.parquet

    def fail(*_: object, **__: object) -> Any:
        raise pyarrow.ArrowNotImplementedError("no such thing")

    monkeypatch.setattr(pl, "from_arrow", fail)
    monkeypatch.setattr(pyarrow.parquet.ParquetWriter, "write_table", fail)
    monkeypatch.setattr(pd.DataFrame, "isetitem", fail)
    with pytest.raises(ByteHouseError, match="ArrowNotImplementedError: no such thing") as caught:
        FORMS[form](live.query("SELECT [1, NULL] AS a", query_id="q-form"), tmp_path)
    assert caught.value.query_id == "q-form"
    assert form.removeprefix("to_") in str(caught.value).lower()
    assert list(tmp_path.iterdir()) == []


def test_a_date_in_a_frame_is_a_date_to_pandas(live: ByteHouse) -> None:
    """It can be compared and grouped as a time."""
    frame = live.query("SELECT toDate('2024-05-06') AS day").to_pandas()
    assert frame["day"].dt.year.tolist() == [2024]
    assert live.query("SELECT toDate('2024-05-06') AS day").scalar() == date(2024, 5, 6)
