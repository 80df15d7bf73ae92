"""Export the rows of a result as files, data frames and HTML."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import IO, TYPE_CHECKING, Any, Literal, cast

from bytehouse_raw.types import Timestamp

from .._core.extras import import_optional
from .._sql.literals import literal
from .._types.codecs import ResultColumn
from .decoder import Row

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


DtypeBackend = Literal["numpy_nullable", "pyarrow"]


class _Lines:
    """Write lines that end with a line feed alone."""

    def __init__(self, file: IO[str]) -> None:
        self._write = file.write

    def write(self, line: str) -> None:
        self._write(f"{line[:-2]}\n")


class CsvWriter:
    """Write rows as CSV in the notation that ClickHouse reads."""

    def __init__(self, file: IO[str], columns: Sequence[ResultColumn], null: str) -> None:
        # csv quotes the characters of its line terminator, and a carriage return must be quoted.
        self._writer = csv.writer(_Lines(file), lineterminator="\r\n")
        self._writer.writerow([column.name for column in columns])
        self._null = null

    def write(self, rows: Iterable[Row]) -> None:
        """Write some rows."""
        self._writer.writerows([self._cell(value) for value in row] for row in rows)

    def _cell(self, value: object) -> object:
        match value:
            case None:
                return self._null
            case str():
                return (
                    value.encode("utf-8", "replace").decode() if _has_surrogates(value) else value
                )
            case bool():
                return "true" if value else "false"
            case list() | tuple() | dict():
                return _nested_text(value)
            case datetime():
                return _scalar_text(value)
            case _:
                return value


def _has_surrogates(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _nested_text(value: object) -> str:
    """Return a nested value in the notation of ClickHouse's CSV format."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case list() | tuple() | dict():
            return _container_text(value)
        case int() | float() | Decimal():
            return str(value)
        case _:
            return literal(value if isinstance(value, str) else _scalar_text(value))


def _container_text(value: list[Any] | tuple[Any, ...] | dict[Any, Any]) -> str:
    if isinstance(value, dict):
        pairs = (f"{_nested_text(key)}:{_nested_text(item)}" for key, item in value.items())
        return f"{{{','.join(pairs)}}}"
    items = ",".join(map(_nested_text, value))
    return f"[{items}]" if isinstance(value, list) else f"({items})"


def _scalar_text(value: object) -> str:
    """Return a value as a string, a datetime in the local time of its column."""
    match value:
        case Timestamp():
            return f"{value:%Y-%m-%d %H:%M:%S}.{value.nanosecond:09}"
        case datetime():
            return datetime.isoformat(value.replace(tzinfo=None), " ")
        case _:
            return str(value)


def pandas_frame(table: pa.Table, dtype_backend: DtypeBackend | None) -> pd.DataFrame:
    """Return a table as a pandas frame.

    Without a backend, columns have NumPy's types where those hold the values exactly; integers and
    booleans with NULL among them get pandas' nullable types.
    """
    pandas = import_optional("pandas", "pandas")
    if dtype_backend == "pyarrow":
        return table.to_pandas(types_mapper=pandas.ArrowDtype)
    nullable = _nullable_types(pandas)
    if dtype_backend == "numpy_nullable":
        return table.to_pandas(types_mapper=nullable.get)
    frame = table.to_pandas()
    for at, column in enumerate(table.columns):
        if column.null_count and column.type in nullable:
            frame.isetitem(at, column.to_pandas(types_mapper=nullable.get))
    return frame


def _nullable_types(pandas: Any) -> dict[Any, Any]:
    arrow = import_optional("pyarrow", "pandas")
    found = {arrow.bool_(): pandas.BooleanDtype()}
    for size in (8, 16, 32, 64):
        found[getattr(arrow, f"int{size}")()] = getattr(pandas, f"Int{size}Dtype")()
        found[getattr(arrow, f"uint{size}")()] = getattr(pandas, f"UInt{size}Dtype")()
    return found


def polars_frame(table: pa.Table) -> pl.DataFrame:
    """Return a table as a polars frame. Decimals of more than 38 digits become strings."""
    polars = import_optional("polars", "polars")
    arrow = import_optional("pyarrow", "polars")
    for at, field in enumerate(table.schema):
        narrow = _without_wide_decimals(arrow, field.type)
        if narrow != field.type:
            values = [_without_decimals(arrow, v, field.type) for v in table.column(at).to_pylist()]
            table = table.set_column(at, field.name, arrow.array(values, narrow))
    return cast("pl.DataFrame", polars.from_arrow(table))


def _without_wide_decimals(arrow: Any, kind: Any) -> Any:
    """Return an Arrow type with strings in place of types that polars lacks."""

    def inside(inner: Any) -> Any:
        return _without_wide_decimals(arrow, inner)

    if arrow.types.is_decimal256(kind):
        return arrow.string()
    if arrow.types.is_list(kind):
        return arrow.list_(inside(kind.value_type))
    if arrow.types.is_map(kind):
        return arrow.map_(inside(kind.key_type), inside(kind.item_type))
    if arrow.types.is_struct(kind):
        return arrow.struct([(field.name, inside(field.type)) for field in kind])
    return kind


def _without_decimals(arrow: Any, value: Any, kind: Any) -> Any:
    """Return a value of an Arrow type as one of the type without wide decimals."""
    if value is None:
        return None
    if arrow.types.is_decimal256(kind):
        return f"{value:f}"
    if arrow.types.is_list(kind):
        return [_without_decimals(arrow, item, kind.value_type) for item in value]
    if arrow.types.is_map(kind):
        return [(key, _without_decimals(arrow, item, kind.item_type)) for key, item in value]
    if arrow.types.is_struct(kind):
        return {
            field.name: _without_decimals(arrow, value[field.name], field.type) for field in kind
        }
    return value


def html_table(columns: Sequence[ResultColumn], rows: Sequence[Row], *, more: bool) -> str:
    """Return the first rows of a result as an HTML table."""
    head = "".join(
        f"<th>{escape(c.name)}<br><small>{escape(c.type or '')}</small></th>" for c in columns
    )
    body = "".join(
        "<tr>" + "".join(f"<td>{_html_cell(value)}</td>" for value in row) + "</tr>" for row in rows
    )
    note = f"<p><small>The first {len(rows)} rows.</small></p>" if more else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def _html_cell(value: object) -> str:
    text = "NULL" if value is None else str(value)
    return (
        escape(text if len(text) <= 200 else text[:200] + "…").encode("utf-8", "replace").decode()
    )


def rename_columns(table: pa.Table, columns: Sequence[ResultColumn]) -> pa.Table:
    """Return a table with the column names that came after its rows."""
    return table.rename_columns([column.name for column in columns])
