"""Columns inferred from a dataclass, a pyarrow schema, a pandas frame or a polars frame."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, NewType
from uuid import UUID

import attrs
import pytest

from bytehouse import Column, InvalidArgument, TableSpec, UniqueKey, columns_from

OrderId = NewType("OrderId", int)


@dataclasses.dataclass
class Point:
    """A class inside another."""

    x: float
    y: float | None


@dataclasses.dataclass
class Order:
    """One column of each kind."""

    id: OrderId
    day: date
    at: datetime | None
    paid: bool
    price: Annotated[Decimal, "Decimal(18, 2)"]
    small: Annotated[int | None, "UInt8"]
    key: UUID
    data: bytes
    tags: list[str]
    gaps: Sequence[int | None]
    pair: tuple[int, str]
    row: tuple[float, ...]
    counts: dict[str, int]
    places: Mapping[str, list[Point]]
    total: float = 0.0


@attrs.define
class Small:
    """A class of attrs."""

    a: int
    b: str | None = None


def told(columns: list[Column]) -> dict[str, str]:
    """Return what is said of each column, in a line."""
    null = {None: "", True: " NULL", False: " NOT NULL"}
    return {str(c.name): f"{c.type}{null[c.nullable]}" for c in columns}


def test_a_dataclass_says_what_is_null_and_what_is_not() -> None:
    """Every type has its counterpart, and NULL is where `None` is."""
    assert told(columns_from(Order)) == {
        "id": "Int64 NOT NULL",
        "day": "Date32 NOT NULL",
        "at": "DateTime64(6, 'UTC') NULL",
        "paid": "Bool NOT NULL",
        "price": "Decimal(18, 2) NOT NULL",
        "small": "UInt8 NULL",
        "key": "UUID NOT NULL",
        "data": "String NOT NULL",
        "tags": "Array(String) NOT NULL",
        "gaps": "Array(Nullable(Int64)) NOT NULL",
        "pair": "Tuple(Int64, String) NOT NULL",
        "row": "Array(Float64) NOT NULL",
        "counts": "Map(String, Int64) NOT NULL",
        "places": "Map(String, Array(Tuple(x Float64, y Nullable(Float64)))) NOT NULL",
        "total": "Float64 NOT NULL",
    }
    assert told(columns_from(Small)) == {"a": "Int64 NOT NULL", "b": "String NULL"}


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (Decimal, "Decimal has no"),
        (time, "time has no"),
        (list, "list has no"),
        (int | str, r"int \| str has no"),
        (list[int] | None, r"Array\(Int64\) cannot be NULL"),
        (list[list[int] | None], r"Array\(Int64\) cannot be NULL"),
        (Any, "Any has no"),
    ],
)
def test_a_type_without_a_counterpart_is_refused_and_can_be_given(kind: Any, problem: str) -> None:
    """The error names the column and the type, and what it names as the way out is one."""
    cls = dataclasses.make_dataclass("Made", [("odd", kind)])
    with pytest.raises(InvalidArgument, match=f"Column 'odd': .*{problem}") as caught:
        columns_from(cls)
    assert 'types={"odd": "..."}' in caught.value.hint
    [column] = columns_from(cls, types={"odd": "JSON"})
    assert column.type == "JSON"


def test_types_override_the_source() -> None:
    """A type that is given is taken as it is, and a name that is not there is a mistake."""
    given = told(columns_from(Small, types={"b": "LowCardinality(String)", "a": "UInt8"}))
    assert given == {"a": "UInt8 NOT NULL", "b": "LowCardinality(Nullable(String))"}
    assert told(columns_from(Small, types={"a": "Nullable(Int8)"}))["a"] == "Nullable(Int8)"
    with pytest.raises(InvalidArgument, match="unknown columns: c"):
        columns_from(Small, types={"c": "Int8"})
    with pytest.raises(InvalidArgument, match="not a source of columns"):
        columns_from(int)


def test_a_table_can_be_described_by_a_source_as_it_is() -> None:
    """Wherever columns go, a source goes; of a dataclass, nothing is changed for the keys."""
    spec = TableSpec("t", Small, order_by="b")
    assert told(columns_from(Small)) == told(list(spec.columns))


def test_pyarrow_types_have_their_counterparts() -> None:
    """A schema, and a table by its schema."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow comes with the extra `emulator`")
    schema = pa.schema(
        [
            pa.field("id", pa.uint64(), nullable=False),
            ("half", pa.float16()),
            ("text", pa.large_string()),
            ("day", pa.date32()),
            ("at", pa.timestamp("ns", "Europe/Berlin")),
            ("naive", pa.timestamp("ms")),
            ("offset", pa.timestamp("s", "+01:00")),
            ("price", pa.decimal128(10, 2)),
            ("fixed", pa.binary(16)),
            ("word", pa.dictionary(pa.int8(), pa.string())),
            ("list", pa.list_(pa.field("item", pa.int8(), nullable=False))),
            ("map", pa.map_(pa.string(), pa.int8())),
            ("struct", pa.struct([("a b", pa.int8()), ("c", pa.dictionary(pa.int8(), pa.utf8()))])),
            ("uuid", pa.uuid()),
        ]
    )
    expected = {
        "id": "UInt64 NOT NULL",
        "half": "Float32 NULL",
        "text": "String NULL",
        "day": "Date32 NULL",
        "at": "DateTime64(9, 'Europe/Berlin') NULL",
        "naive": "DateTime64(3, 'UTC') NULL",
        "offset": "DateTime64(0, 'UTC') NULL",
        "price": "Decimal(10, 2) NULL",
        "fixed": "FixedString(16) NULL",
        "word": "LowCardinality(Nullable(String))",
        "list": "Array(Int8) NOT NULL",
        "map": "Map(String, Nullable(Int8)) NOT NULL",
        "struct": "Tuple(`a b` Nullable(Int8), c LowCardinality(Nullable(String))) NOT NULL",
        "uuid": "UUID NULL",
    }
    assert told(columns_from(schema)) == expected
    assert told(columns_from(schema.empty_table())) == expected
    for odd in (
        pa.time32("s"),
        pa.null(),
        pa.duration("s"),
        pa.list_(pa.month_day_nano_interval()),
    ):
        with pytest.raises(InvalidArgument, match="Column 'odd': the pyarrow type"):
            columns_from(pa.schema([("odd", odd)]))


def test_keys_take_null_away_where_a_library_lets_everything_be_null() -> None:
    """The columns of the keys of a table cannot be NULL, and pyarrow says it of none."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow comes with the extra `emulator`")
    word = pa.dictionary(pa.int8(), pa.string())
    schema = pa.schema([(name, pa.int8()) for name in "abcd"] + [("e", word)])
    spec = TableSpec("t", schema, order_by=["a", "e"], partition_by="b", unique_key=UniqueKey("c"))
    assert told(list(spec.columns)) == {
        "a": "Int8 NOT NULL",
        "b": "Int8 NOT NULL",
        "c": "Int8 NOT NULL",
        "d": "Int8 NULL",
        "e": "LowCardinality(String)",
    }


def test_pandas_types_have_their_counterparts() -> None:
    """NULL is possible wherever pandas has a missing value."""
    pd = pytest.importorskip("pandas", reason="pandas comes with the extra `emulator`")
    moments = pd.to_datetime(["2020-01-01"])
    frame = pd.DataFrame(
        {
            "int": pd.Series([1], dtype="int32"),
            "maybe": pd.Series([1], dtype="UInt8"),
            "float": pd.Series([1.0], dtype="float32"),
            "bool": [True],
            "text": pd.Series(["x"], dtype="string"),
            "object": pd.Series(["x", None][:1], dtype=object),
            "day": pd.Series([date(2020, 1, 1)], dtype=object),
            "at": pd.Series(moments, dtype="datetime64[ns]"),
            "zone": pd.Series(moments.tz_localize("Europe/Berlin")),
            "word": pd.Categorical(["x"]),
            "number": pd.Categorical([1]),
            "arrow": pd.Series([1], dtype="int64[pyarrow]"),
        }
    )
    unit = {"ns": 9, "us": 6}[moments.unit]
    assert told(columns_from(frame)) == {
        "int": "Int32 NOT NULL",
        "maybe": "UInt8 NULL",
        "float": "Float32 NULL",
        "bool": "Bool NOT NULL",
        "text": "String NULL",
        "object": "String NULL",
        "day": "Date32 NULL",
        "at": "DateTime64(9, 'UTC') NULL",
        "zone": f"DateTime64({unit}, 'Europe/Berlin') NULL",
        "word": "LowCardinality(Nullable(String))",
        "number": "Int64 NULL",
        "arrow": "Int64 NULL",
    }
    odd = pd.DataFrame({"odd": pd.Series([1, "x"], dtype=object)})
    with pytest.raises(InvalidArgument, match=r"'odd': the pandas type object, holding .*mixed"):
        columns_from(odd)
    with pytest.raises(InvalidArgument, match="timedelta64"):
        columns_from(pd.DataFrame({"odd": moments - moments}))
    with pytest.raises(InvalidArgument, match="must be a string, not 0"):
        columns_from(pd.DataFrame([[1]]))


def test_polars_types_have_their_counterparts() -> None:
    """A frame, a lazy frame and a schema."""
    pl = pytest.importorskip("polars", reason="polars is no requirement of any extra")
    schema = pl.Schema(
        {
            "id": pl.UInt64(),
            "text": pl.String(),
            "day": pl.Date(),
            "at": pl.Datetime("ms", "UTC"),
            "price": pl.Decimal(10, 2),
            "list": pl.List(pl.Int8),
            "grid": pl.Array(pl.Int8, (2, 3)),
            "struct": pl.Struct({"a": pl.Int8}),
            "word": pl.Categorical(),
        }
    )
    frame = pl.DataFrame(schema=schema)
    expected = {
        "id": "UInt64 NULL",
        "text": "String NULL",
        "day": "Date32 NULL",
        "at": "DateTime64(3, 'UTC') NULL",
        "price": "Decimal(10, 2) NULL",
        "list": "Array(Nullable(Int8)) NOT NULL",
        "grid": "Array(Array(Nullable(Int8))) NOT NULL",
        "struct": "Tuple(a Nullable(Int8)) NOT NULL",
        "word": "LowCardinality(Nullable(String))",
    }
    for source in (schema, frame, frame.lazy()):
        assert told(columns_from(source)) == expected
    with pytest.raises(InvalidArgument, match="'odd': the polars type Duration"):
        columns_from(pl.Schema({"odd": pl.Duration("us")}))


def test_describing_a_table_imports_no_library() -> None:
    """A program that has none of the libraries pays for none."""
    program = """
import dataclasses, sys
from bytehouse import Column, TableSpec, columns_from
TableSpec("t", dataclasses.make_dataclass("A", [("a", int)]), order_by="a")
TableSpec("t", {"a": "Int8"}, order_by="a")
print(sorted({"pandas", "polars", "pyarrow", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
