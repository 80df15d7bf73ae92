"""Frames, tables and objects are inserted as their rows are, and results as they come."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from bytehouse import ByteHouse, InsertFailed, InvalidArgument
from tests.sql.inserting import bh, create

__all__ = ["bh"]


@attrs.frozen
class Attributes:
    """A row of attrs."""

    i: int
    a: Decimal
    b: str | None
    c: datetime
    d: float


@dataclass
class Data:
    """A row of a dataclass."""

    i: int
    a: Decimal
    b: str | None
    c: datetime
    d: float


ROWS = [
    (1, Decimal("0.10"), "it's\n", datetime(2024, 1, 1, 12, 30), 0.1),
    (2, Decimal("-99.99"), None, datetime(1970, 1, 1), -math.inf),
    (3, Decimal(7), "", datetime(2106, 2, 7, 6, 28, 15), 1 / 3),
]
NAMES = ["i", "a", "b", "c", "d"]


def frames(tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the same rows in every form."""
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    yield "tuples", iter(ROWS)
    yield "mappings", [dict(zip(reversed(NAMES), reversed(row), strict=True)) for row in ROWS]
    yield "dataclass", [Data(*row) for row in ROWS]
    yield "attrs", [Attributes(*row) for row in ROWS]
    frame = pd.DataFrame(ROWS, columns=NAMES)
    yield "pandas", frame
    with np.errstate(invalid="ignore"):  # pandas 2.2 tries whether infinity is a whole number
        converted = frame.convert_dtypes(dtype_backend="pyarrow")
    yield "pandas and Arrow", converted
    yield "categories", frame.astype({"b": "category"})
    yield "polars", pl.DataFrame(ROWS, schema=NAMES, orient="row")
    table = pa.table(dict(zip(NAMES, zip(*ROWS, strict=True), strict=True)))
    yield "Arrow", table
    yield "Arrow in pieces", pa.concat_tables([table.slice(at, 1) for at in range(len(ROWS))])
    yield "Arrow with a dictionary", table.set_column(2, "b", table["b"].dictionary_encode())
    dtype = [("i", "i8"), ("a", "O"), ("b", "O"), ("c", "M8[s]"), ("d", "f8")]
    yield "NumPy", np.array(ROWS, dtype)
    yield "NumPy without names", np.array(ROWS, "O")
    pq.write_table(table, tmp_path / "rows.parquet")
    yield "Parquet", tmp_path / "rows.parquet"
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [NAMES, *(["NULL" if v is None else v for v in r] for r in ROWS)]
        )
    yield "CSV", path


def test_every_source_stores_the_same(bh: ByteHouse, tmp_path: Path) -> None:
    """The engine's hash of the rows is the same whatever they come from."""
    types = {"a": "Decimal(18, 2)", "b": "Nullable(String)", "c": "DateTime", "d": "Float64"}
    hashes = {}
    for source, data in frames(tmp_path):
        create(bh, **types)
        assert bh.insert("d.t", data, null="NULL") == 3, source
        [(hashes[source],)] = bh.query("SELECT groupArray(cityHash64(*)) FROM d.t")
    assert set(map(tuple, hashes.values())) == {tuple(hashes["tuples"])}, hashes


def test_missing_values_of_pandas(bh: ByteHouse) -> None:
    """Nan is NULL but for floats, where it is nan; a period is no number."""
    import numpy as np
    import pandas as pd

    create(bh, a="Nullable(String)", b="Nullable(Float64)", c="Nullable(Int64)", d="Nullable(Date)")
    frame = pd.DataFrame({"i": [1, 2], "a": [np.nan, np.nan], "b": [np.nan, 0.5]})
    frame["c"] = [np.nan, 5.0]
    frame["d"] = pd.to_datetime(pd.Series([None, "2024-01-01"]))
    bh.insert("d.t", frame)
    shown = "a IS NULL, toString(b), toString(c), toString(d)"
    assert bh.query(f"SELECT {shown} FROM d.t ORDER BY i").rows() == [
        (1, "nan", None, None),
        (1, "0.5", "5", "2024-01-01"),
    ]
    frame["b"] = pd.array([None, 1.5], "Float64")
    bh.query("TRUNCATE TABLE d.t")
    bh.insert("d.t", frame)
    assert bh.query("SELECT b IS NULL FROM d.t ORDER BY i").rows() == [(1,), (0,)]
    frame["d"] = pd.period_range("2020-01", periods=2, freq="M")
    with pytest.raises(InsertFailed, match=r"Period\(.2020-01., .M.\): it is not a date"):
        bh.insert("d.t", frame)


def test_columns_of_arrow_are_refused_row_by_row(bh: ByteHouse) -> None:
    """Those that the column does not hold, and no others, in either way of sending."""
    import pyarrow as pa

    create(bh, v="UInt8")
    table = pa.table({"i": [0, 1, 2, 3], "v": [7, 300, None, 9]})
    result = bh.insert("d.t", table, on_error="skip")
    assert (result, [one.position for one in result.skipped]) == (2, [1, 2])
    assert bh.query("SELECT i, v FROM d.t ORDER BY i").rows() == [(0, 7), (3, 9)]
    with pytest.raises(InsertFailed, match="300: it is outside 0 to 255"):
        bh.insert("d.t", table)


def test_times_of_arrow_that_python_lacks(bh: ByteHouse) -> None:
    """Nanoseconds are kept, and years that Python does not count are refused."""
    import pyarrow as pa

    with bh.session() as session:
        session.execute("SET enable_time_time64_type = 1")
        session.execute(
            "CREATE OR REPLACE TABLE d.t (i Int32, v Time64(9), w DateTime64(0)) "
            "ENGINE = MergeTree ORDER BY i"
        )
    years = pa.array([0, 2**61], "int64").cast(pa.timestamp("s"))
    for clock in (pa.array([1, 1], pa.time64("ns")), pa.array([1, 1], pa.duration("ns"))):
        result = bh.insert("d.t", pa.table({"i": [0, 1], "v": clock, "w": years}), on_error="skip")
        assert (result, len(result.skipped)) == (1, 1)
    assert bh.query("SELECT toString(v) FROM d.t").rows() == [("00:00:00.000000001",)] * 2


def test_columns_of_frames_that_arrow_does_not_read(bh: ByteHouse) -> None:
    """Are our error; what it reads in an unusual form is taken."""
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    create(bh, v="String")
    objects = pl.Series("v", [object()], dtype=pl.Object)
    unread: list[Any] = [
        pl.DataFrame({"i": [0], "v": objects}),
        pl.Series("i", [1]),
        pl.LazyFrame({"i": [1], "v": ["a"]}),
    ]
    for data in unread:
        with pytest.raises(InvalidArgument):
            bh.insert("d.t", data)
    for frame, says in (
        (
            pd.DataFrame({"i": [1 + 2j]}),
            r"column i of type Int32 cannot hold \(1\+2j\)",
        ),
        (pl.DataFrame({"i": pl.Series([2**100], dtype=pl.Int128)}), "column i .* is outside"),
        (pa.table({"i": pa.array([1]), "v": not_utf8()}), r"column v of .* hold b'\\xff\\xfe'"),
        (pa.table({"i": pa.array([10**8], pa.date32())}), r"cannot hold 'date32\[day\] 100000000'"),
        (pl.DataFrame({"i": [None, {"a": "x"}]}), "row 0 .* column i of type Int32"),
    ):
        with pytest.raises(InsertFailed, match=says):
            bh.insert("d.t", frame)
    categories = pl.Series("v", ["a", "b", "a"], dtype=pl.Categorical)
    assert bh.insert("d.t", pl.DataFrame({"i": [0, 1, 2], "v": categories})) == 3
    assert bh.query("SELECT v FROM d.t ORDER BY i").rows() == [("a",), ("b",), ("a",)]
    twice = pd.DataFrame([[1, "a", "b"]], columns=["i", "v", "v"])
    with pytest.raises(InvalidArgument, match="has the column 'v' twice"):
        bh.insert("d.t", twice, columns=["i", "v"])


@pytest.mark.parametrize("width", [1, 3])
def test_an_array_has_as_many_columns_as_the_table(bh: ByteHouse, width: int) -> None:
    """One of NumPy without names is refused otherwise, as a row of another length is."""
    import numpy as np

    create(bh, v="UInt8")
    with pytest.raises(InsertFailed, match=f"A row has {width} values where there are 2"):
        bh.insert("d.t", np.zeros((2, width), "u1"))
    assert bh.query("SELECT count() FROM d.t").scalar() == 0


def not_utf8() -> Any:
    """Return an Arrow array of a string that is none."""
    import pyarrow as pa

    offsets = pa.array([0, 2], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff\xfe")])


def test_rarer_columns_of_frames_are_taken(bh: ByteHouse) -> None:
    """Those that Arrow has no type for too: as Python values."""
    import numpy as np
    import pandas as pd
    import polars as pl

    create(bh, v="Nullable(Int128)", w="Array(Int128)", x="Nullable(Float64)", y="Tuple(a String)")
    frame: Any = pl.DataFrame(
        {
            "i": [0, 1],
            "v": pl.Series([2**127 - 1, None], dtype=pl.Int128),
            "w": pl.Series([[-(2**127)], []], dtype=pl.List(pl.Int128)),
            "y": [{"a": "x"}, {"a": "y"}],
        }
    )
    assert bh.insert("d.t", frame) == 2
    assert bh.query("SELECT v, w, y FROM d.t ORDER BY i").rows() == [
        (2**127 - 1, [-(2**127)], ("x",)),
        (None, [], ("y",)),
    ]
    bh.query("TRUNCATE TABLE d.t")
    frame = pd.DataFrame({"i": [0, 1, 2], "v": pd.arrays.SparseArray([5, 6, 7])})
    frame["x"] = pd.Series([1.5, None, np.nan], dtype=object)
    assert bh.insert("d.t", frame) == 3
    assert bh.query("SELECT v, toString(x) FROM d.t ORDER BY i").rows() == [
        (5, "1.5"),
        (6, None),
        (7, "nan"),
    ]


def test_nulls_beside_strings_of_polars(bh: ByteHouse) -> None:
    """Polars has strings inside of lists and structs in a form that Arrow cannot select from."""
    import polars as pl

    create(bh, v="Array(Nullable(String))", w="Array(Tuple(a Nullable(String)))")
    frame = pl.DataFrame({"i": [0, 1], "v": [["a", None], ["b"]], "w": [[{"a": None}], []]})
    for begin in range(2):
        assert bh.insert("d.t", frame[begin:]) == 2 - begin
    assert bh.query("SELECT v, w FROM d.t ORDER BY i LIMIT 1").rows() == [
        (["a", None], [(None,)]),
    ]
    frame = pl.DataFrame({"i": [2, 3], "v": [None, ["c"]]})
    skipped = bh.insert("d.t", frame, on_error="skip").skipped
    assert [one.position for one in skipped] == [0]


def test_structs_of_arrow_go_by_name(bh: ByteHouse) -> None:
    """As dictionaries do: other names are refused, and those without names go in their order."""
    import pyarrow as pa

    create(bh, v="Tuple(a Int64, b Int64)")
    for names, stored in ((("b", "a"), (2, 1)), (("1", "2"), (1, 2)), (("x", "y"), None)):
        data = pa.table({"i": [0], "v": [dict(zip(names, (1, 2), strict=True))]})
        bh.query("TRUNCATE TABLE d.t")
        if stored is None:
            with pytest.raises(InsertFailed, match="do not have the keys a, b"):
                bh.insert("d.t", data)
        else:
            bh.insert("d.t", data)
            assert bh.query("SELECT v.a, v.b FROM d.t").rows() == [stored]


def test_values_of_numpy_that_look_like_others(bh: ByteHouse) -> None:
    """Bytes keep zeros at their end, a buffer is counted in bytes, NaT of both kinds is NULL."""
    import numpy as np

    with bh.session() as session:
        session.execute("SET enable_time_time64_type = 1")
        session.execute(
            "CREATE OR REPLACE TABLE d.t (i Int32, s String, f FixedString(4), "
            "t Nullable(Time64(9)))"
            " ENGINE = MergeTree ORDER BY i"
        )
    rows = [
        (0, np.bytes_(b"a\0"), np.array([1], "i4").data, np.timedelta64(-1, "ns")),
        (1, np.str_("a\0"), b"", np.timedelta64("NaT")),
        (2, "", np.array([1, 2], "i4").data, None),
    ]
    result = bh.insert("d.t", rows, on_error="skip")
    assert (result, [one.position for one in result.skipped]) == (2, [2])
    assert bh.query("SELECT hex(s), hex(f), toString(t) FROM d.t ORDER BY i").rows() == [
        ("6100", "01000000", "-00:00:00.000000001"),
        ("6100", "00000000", None),
    ]


EVERYTHING = {
    "Int8": "toInt8(-5)",
    "UInt64": "toUInt64(18446744073709551615)",
    "UInt256": f"toUInt256('{2**256 - 1}')",
    "Float64": "0.1",
    "Float32": "toFloat32(0.1)",
    "Decimal(76, 20)": "toDecimal256('-12345678901234567890123.12345678901234567890', 20)",
    "String": "'it''s \\\\ \\n €'",
    "Nullable(String)": "NULL",
    "FixedString(4)": "toFixedString('ab', 4)",
    "LowCardinality(Nullable(String))": "''",
    "Bool": "true",
    "Date": "toDate('2149-06-06')",
    "Date32": "toDate32('1900-01-01')",
    "DateTime": "toDateTime('2024-01-01 00:00:00')",
    "DateTime('Asia/Shanghai')": "toDateTime('2024-01-01 00:00:00', 'Asia/Shanghai')",
    "DateTime64(9, 'UTC')": "toDateTime64('2024-01-01 00:00:00.123456789', 9, 'UTC')",
    "DateTime64(6, 'Europe/Berlin')": "toDateTime64('2100-07-01 00:00:00.5', 6, 'Europe/Berlin')",
    "UUID": "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')",
    "IPv4": "toIPv4('1.2.3.4')",
    "IPv6": "toIPv6('fe80::1')",
    "Enum8('a' = 1, 'it''s' = 2)": "'it''s'",
    "Array(String)": "['a', 'b''c', '']",
    "Array(Array(Float64))": "[[0.1], []]",
    "Map(UInt64, Array(Nullable(String)))": "map(18446744073709551615, ['x', NULL])",
    "Map(String, Decimal(60, 10))": "map('a', toDecimal256('1.5', 10))",
    "Map(LowCardinality(String), Map(String, Float64))": "map('a', map('b', 0.1))",
    "Map(Date, UUID)": "map(toDate('2024-01-01'), toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'))",
    "Tuple(Int64, String)": "(1, 'a')",
    "Array(Tuple(x UInt8, y Date))": "[(1, toDate('2024-01-01'))]",
    "Point": "(1.5, 2.5)",
    "SimpleAggregateFunction(sum, UInt64)": "toUInt64(5)",
    "SimpleAggregateFunction(max, Nullable(UInt8))": "NULL",
}  # fmt: skip


def test_what_comes_out_goes_in(bh: ByteHouse, tmp_path: Path) -> None:
    """Results in every form are inserted as they are, and the engine finds them equal."""
    names = [f"c{at}" for at in range(len(EVERYTHING))]
    create(bh, **dict(zip(names, EVERYTHING, strict=True)))
    bh.query("CREATE OR REPLACE TABLE d.source AS d.t")
    bh.query(
        f"INSERT INTO d.source SELECT number, {', '.join(EVERYTHING.values())} FROM numbers(2)"
    )
    hashes = ", ".join(f"groupArray(cityHash64(toString({name})))" for name in names)

    def ask(text: str = "SELECT * FROM d.source ORDER BY i") -> Any:
        return bh.query(text)

    ask().to_csv(tmp_path / "rows.csv", null="\\N")
    ask().to_parquet(tmp_path / "rows.parquet")
    sources: dict[str, Any] = {
        "rows": ask().rows(),
        "mappings": ask().mappings(),
        "Arrow": ask().to_arrow(),
        "pandas": ask().to_pandas(),
        "pandas and Arrow": ask().to_pandas(dtype_backend="pyarrow"),
        "polars": ask().to_polars(),
        "CSV": tmp_path / "rows.csv",
        "Parquet": tmp_path / "rows.parquet",
    }
    [expected] = ask(f"SELECT {hashes} FROM d.source").rows()
    for source, data in sources.items():
        ask("TRUNCATE TABLE d.t")
        assert bh.insert("d.t", data, null="\\N") == 2, source
        [found] = ask(f"SELECT {hashes} FROM d.t").rows()
        different = [t for t, a, b in zip(EVERYTHING, expected, found, strict=True) if a != b]
        assert different == [], source


def test_bytes_that_are_no_text_go_in_as_they_come_out(bh: ByteHouse) -> None:
    """As the string of a result, and as bytes; with nothing in them that ends the literal."""
    create(bh, v="String")
    bh.insert("d.t", [(0, bytes(range(256))), (1, bytearray(b"\xff'\\")), (2, "ü".encode())])
    bh.insert("d.t", [(3 + i, value) for i, value in bh.query("SELECT * FROM d.t").rows()])
    found = [bytes.fromhex(text) for (text,) in bh.query("SELECT hex(v) FROM d.t ORDER BY i")]
    assert found == [bytes(range(256)), b"\xff'\\", "ü".encode()] * 2
