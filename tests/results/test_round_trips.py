"""Any row of any type comes back as it was written, whichever way it goes and comes."""

from __future__ import annotations

import csv
import io
import math
import re
import sys
from collections.abc import Callable, Iterable
from ctypes import c_float
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import ByteHouse
from tests.results.values import (
    KINDS,
    NESTED,
    SCALARS,
    Kind,
    Row,
    exact,
    examples,
    nullable,
    rows_of,
    same,
)

if TYPE_CHECKING:
    import pyarrow as pa

# Without this, nan and the infinities are null in JSON.
EXACTLY = " SETTINGS output_format_json_quote_denormals = 1"
ALL = f"SELECT * EXCEPT n FROM d.wide ORDER BY n{EXACTLY}"
NULL = "\\N"
TINY = sys.float_info.min


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Kind], list[Row]]:
    """Give columns of every type, some with others in them in any depth, and rows."""
    kinds = [*KINDS, *draw(st.lists(NESTED, min_size=3, max_size=3))]
    return kinds, draw(rows_of(kinds))


def names_of(kinds: Iterable[Kind]) -> list[str]:
    """Name the columns."""
    return [f"c{at}" for at, _ in enumerate(kinds)]


def create(bh: ByteHouse, kinds: list[Kind]) -> None:
    """Make a table with these columns, and a number before them."""
    columns = [f"{name} {kind.text}" for name, kind in zip(names_of(kinds), kinds, strict=True)]
    bh.query("DROP TABLE IF EXISTS d.wide")
    columns.insert(0, "n Int32")
    bh.query(f"CREATE TABLE d.wide ({', '.join(columns)}) ENGINE = CnchMergeTree ORDER BY n")


def fill(bh: ByteHouse, kinds: list[Kind], rows: list[Row]) -> None:
    """Put rows into the table."""
    create(bh, kinds)
    numbered = [(number, *row) for number, row in enumerate(rows)]
    assert bh.insert("d.wide", numbered) == len(rows)


@examples(4)
@given(table=tables())
def test_rows_come_back_as_they_were_inserted(
    lasting: ByteHouse, table: tuple[list[Kind], list[Row]]
) -> None:
    """Values and their types are equal to the last digit and nanosecond, whatever holds them."""
    kinds, rows = table
    fill(lasting, kinds, rows)
    result = lasting.query(ALL)
    assert [column.type for column in result.columns] == [kind.text for kind in kinds]
    same(kinds, result.rows(), rows)
    same(kinds, list(lasting.query(ALL)), rows)
    same(kinds, [tuple(row.values()) for row in lasting.query(ALL).mappings()], rows)
    last = f"SELECT * EXCEPT n FROM d.wide WHERE n = {len(rows) - 1}{EXACTLY}"
    same(kinds, [lasting.query(last).one()], rows[-1:])
    same(kinds[:1], [(lasting.query(last).scalar(),)], [rows[-1][:1]])


@st.composite
def long_tables(draw: st.DrawFn) -> tuple[list[Kind], list[Row]]:
    """Give few columns and many rows."""
    scalars = st.sampled_from(SCALARS).map(nullable)
    kinds = [*draw(st.lists(NESTED, min_size=3, max_size=3)), draw(scalars), draw(scalars)]
    return kinds, draw(rows_of(kinds, most=40))


@examples(6)
@given(table=long_tables())
def test_a_row_does_not_depend_on_those_before_it(
    lasting: ByteHouse, table: tuple[list[Kind], list[Row]]
) -> None:
    """What the engine learns from a row of a statement it does not take for a rule."""
    kinds, rows = table
    fill(lasting, kinds, rows)
    same(kinds, lasting.query(ALL).rows(), rows)


@examples(4)
@given(table=tables())
def test_values_come_back_as_they_were_bound(
    lasting: ByteHouse, table: tuple[list[Kind], list[Row]]
) -> None:
    """A parameter that is cast to a type is equal to the value that was given."""
    kinds, (row, *_) = table
    names = names_of(kinds)
    named = dict(zip(names, row, strict=True))
    casts = [f"{{{name}:{kind.text}}}" for name, kind in zip(names, kinds, strict=True)]
    found = lasting.query(f"SELECT {', '.join(casts)}{EXACTLY}", params=named).one()
    same(kinds, [found], [row])
    casts = [f"CAST(%({name})s AS {kind.text})" for name, kind in zip(names, kinds, strict=True)]
    found = lasting.query(f"SELECT {', '.join(casts)}{EXACTLY}", params=named).one()
    same(kinds, [found], [row])


def out_of_arrow(kinds: list[Kind], table: pa.Table) -> list[Row]:
    """Return the rows of an Arrow table as values of the types of its columns."""
    columns = [
        [kind.out_of_arrow(value) for value in column.to_pylist()]
        for kind, column in zip(kinds, table.columns, strict=True)
    ]
    return list(zip(*columns, strict=True))


@examples(4)
@given(table=tables())
def test_every_other_form_holds_the_same(
    lasting: ByteHouse, tmp_path: Path, table: tuple[list[Kind], list[Row]]
) -> None:
    """Arrow, its batches, pandas, polars and Parquet hold the values of the rows."""
    import pyarrow as pa
    import pyarrow.parquet

    kinds, rows = table
    fill(lasting, kinds, rows)
    arrow = lasting.query(ALL).to_arrow()
    same(kinds, out_of_arrow(kinds, arrow), rows)
    batches = list(lasting.query(ALL).arrow_batches(rows=1))
    same(kinds, out_of_arrow(kinds, pa.Table.from_batches(batches)), rows)
    lasting.query(ALL).to_parquet(tmp_path / "rows.parquet")
    # pyarrow 20 reads the times in a map as those of UTC, whatever their zone in the file.
    read = pa.parquet.read_table(tmp_path / "rows.parquet").cast(arrow.schema)
    same(kinds, out_of_arrow(kinds, read), rows)
    frame = lasting.query(ALL).to_pandas(dtype_backend="pyarrow")
    same(kinds, out_of_arrow(kinds, pa.Table.from_pandas(frame, preserve_index=False)), rows)
    same(kinds, out_of_arrow(kinds, lasting.query(ALL).to_polars().to_arrow()), rows)


def out_of_pandas(kind: Kind, value: Any) -> Any:
    """Return the value that pandas holds in a column of its own types."""
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA:
        return None
    value = value.tolist() if hasattr(value, "tolist") else value
    # Of text, pandas has nan for NULL.
    if isinstance(value, float) and math.isnan(value) and "Float" not in kind.text:
        return None
    return kind.out_of_arrow(value)


@examples(3)
@given(rows=rows_of(KINDS))
def test_frames_with_types_of_numpy_hold_the_same(lasting: ByteHouse, rows: list[Row]) -> None:
    """No number is rounded because NULL stands beside it, and NULL is not nan."""
    fill(lasting, KINDS, rows)
    for backend in (None, "numpy_nullable"):
        frame = lasting.query(ALL).to_pandas(dtype_backend=backend)
        columns = [
            [out_of_pandas(kind, value) for value in frame[name]]
            for kind, name in zip(KINDS, names_of(KINDS), strict=True)
        ]
        same(KINDS, list(zip(*columns, strict=True)), rows)


def near(value: Any, wanted: Any) -> Any:
    """Return a value with its floats as they are wanted where they are nearly so."""
    match value:
        case float() if isinstance(wanted, float):
            return wanted if math.isclose(value, wanted, rel_tol=1e-6, abs_tol=TINY) else value
        case list() | tuple():
            return type(value)(map(near, value, wanted)) if len(value) == len(wanted) else value
        case dict():
            return {key: near(item, wanted.get(key)) for key, item in value.items()}
        case _:
            return value


def shorter(text: str) -> str:
    """Return the text of a moment without zeros at the end of its fraction."""
    return re.sub(r"(:\d\d)(?:\.0+|(\.\d*[1-9])0+)(?!\d)", r"\1\2", text)


@examples(3)
@given(rows=rows_of(SCALARS))
def test_a_csv_file_is_as_the_engine_writes_it(
    lasting: ByteHouse, tmp_path: Path, rows: list[Row]
) -> None:
    """Every cell has the text that ClickHouse itself gives it, but for zeros at its end."""
    fill(lasting, SCALARS, rows)
    lasting.query(ALL).to_csv(tmp_path / "rows.csv", null=NULL)
    with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as file:
        header, *ours = csv.reader(file)
    assert header == names_of(SCALARS)
    engine = "SELECT formatRowNoNewline('CSV', * EXCEPT n) FROM d.wide ORDER BY n"
    for line, (text,) in zip(ours, lasting.query(engine), strict=True):
        (theirs,) = csv.reader(io.StringIO(text, newline=""))
        for kind, one, other in zip(SCALARS, line, theirs, strict=True):
            if kind.text == "Float32":
                assert exact(c_float(float(one)).value) == exact(c_float(float(other)).value)
            elif "Float" in kind.text or "Decimal" in kind.text:
                assert exact(near(float(one), float(other))) == exact(float(other))
            else:
                assert (kind.text, shorter(one)) == (kind.text, shorter(other))


EVERYTHING = f"SELECT * FROM d.wide ORDER BY n{EXACTLY}"
Source = Callable[[ByteHouse, Path], Any]


def written(bh: ByteHouse, path: Path) -> Path:
    """Return a file with all rows, of the kind that its name tells."""
    if path.suffix == ".csv":
        bh.query(EVERYTHING).to_csv(path, null=NULL)
    else:
        bh.query(EVERYTHING).to_parquet(path)
    return path


SOURCES: dict[str, Source] = {
    "CSV": lambda bh, folder: written(bh, folder / "rows.csv"),
    "Parquet": lambda bh, folder: written(bh, folder / "rows.parquet"),
    "tuples": lambda bh, _: bh.query(EVERYTHING).rows(),
    "mappings, one by one": lambda bh, _: (row for row in list(bh.query(EVERYTHING).mappings())),
    "an Arrow table": lambda bh, _: bh.query(EVERYTHING).to_arrow(),
    "an Arrow batch": lambda bh, _: next(iter(bh.query(EVERYTHING).arrow_batches())),
    "Arrow batches": lambda bh, _: bh.query(EVERYTHING).to_arrow().to_reader(max_chunksize=1),
    "a polars frame": lambda bh, _: bh.query(EVERYTHING).to_polars(),
}


@pytest.mark.parametrize("source", SOURCES)
@examples(1)
@given(table=tables())
def test_what_was_written_can_be_inserted(
    lasting: ByteHouse, tmp_path: Path, source: str, table: tuple[list[Kind], list[Row]]
) -> None:
    """Every form that rows come in goes back into the table as the rows that it came from."""
    kinds, rows = table
    fill(lasting, kinds, rows)
    data = SOURCES[source](lasting, tmp_path)
    lasting.query("TRUNCATE TABLE d.wide")
    assert lasting.insert("d.wide", data, null=NULL) == len(rows)
    found = lasting.query(ALL).rows()
    same(kinds, found, rows)


@pytest.mark.parametrize("backend", [None, "pyarrow", "numpy_nullable"])
@examples(1)
@given(rows=rows_of(KINDS))
def test_a_pandas_frame_can_be_inserted(lasting: ByteHouse, rows: list[Row], backend: Any) -> None:
    """A frame goes back into the table as the rows that it came from."""
    fill(lasting, KINDS, rows)
    frame = lasting.query(EVERYTHING).to_pandas(dtype_backend=backend)
    lasting.query("TRUNCATE TABLE d.wide")
    assert lasting.insert("d.wide", frame) == len(rows)
    same(KINDS, lasting.query(ALL).rows(), rows)
