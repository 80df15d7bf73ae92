"""Read the rows to insert from Python objects, data frames, Arrow data and files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

import attrs

from .._core.extras import import_optional
from .._types.codecs import timestamp_of
from ..errors import InvalidArgument

__all__ = ["Rows", "read_rows"]

_CHUNK_ROWS = 1 << 14


@attrs.frozen
class Rows:
    """Rows to insert, and the names of their columns; None if the data has no names."""

    columns: tuple[str, ...] | None
    rows: Iterator[Sequence[Any]]


def read_rows(data: object, columns: Sequence[str] | None, null: str) -> Rows:
    """Return the rows of data.

    Args:
        data: The rows.
        columns: Columns to read; of rows without names, the names of their values.
        null: The string that means NULL in a CSV file.

    Raises:
        InvalidArgument: It is of a type that has no rows.
    """
    if isinstance(columns, str):
        raise InvalidArgument("columns must be a list of names.")
    names = tuple(columns) if columns is not None else None
    if isinstance(data, str | PathLike):
        return _from_file(Path(data), names, null)
    if type(data).__module__.partition(".")[0] == "pandas":
        return _from_pandas(data, names)
    if hasattr(data, "__arrow_c_stream__"):
        arrow = import_optional("pyarrow", "arrow")
        reader = arrow.RecordBatchReader.from_stream(data)
        return _from_batches(reader, reader.schema.names, names)
    if hasattr(data, "__arrow_c_array__"):
        batch = import_optional("pyarrow", "arrow").record_batch(data)
        return _from_batches([batch], batch.schema.names, names)
    if isinstance(data, Mapping) or not isinstance(data, Iterable):
        raise InvalidArgument(
            f"A {type(data).__name__} has no rows.",
            hint="Give a list of tuples or mappings, a frame, Arrow data, or the path of a file.",
        )
    return _from_objects(iter(data), names)


def _from_objects(rows: Iterator[Any], names: tuple[str, ...] | None) -> Rows:
    first = next(rows, None)
    if first is None:
        return Rows(names, iter(()))
    rows = chain([first], rows)
    if not isinstance(first, Mapping):
        return Rows(names, rows)
    keys = tuple(first) if names is None else names
    return Rows(keys, (_values(row, keys, exactly=names is None) for row in rows))


def _values(row: Any, keys: tuple[str, ...], *, exactly: bool) -> list[Any]:
    if not isinstance(row, Mapping):
        raise InvalidArgument(
            f"It is not a mapping, as the first row is, but a {type(row).__name__}."
        )
    if missing := [key for key in keys if key not in row]:
        raise InvalidArgument(f"It has no value {missing[0]!r}.")
    if exactly and len(row) > len(keys):
        unexpected = next(key for key in row if key not in keys)
        raise InvalidArgument(f"It has a value {unexpected!r}, which the first row lacks.")
    return [row[key] for key in keys]


def _from_file(path: Path, names: tuple[str, ...] | None, null: str) -> Rows:
    match path.suffix.lower():
        case ".csv":
            return _from_csv(path, names, null)
        case ".parquet" | ".pq":
            file = import_optional("pyarrow.parquet", "arrow").ParquetFile(path)
            return _from_batches(file.iter_batches(_CHUNK_ROWS), file.schema_arrow.names, names)
        case _:
            raise InvalidArgument(
                f"The format of {path.name} is unknown.",
                hint="Its name must end in .csv or .parquet.",
            )


def _from_csv(path: Path, names: tuple[str, ...] | None, null: str) -> Rows:
    lines = _lines(path)
    header = next(lines, None)
    if not header:
        raise InvalidArgument(f"{path.name} has no header line with the names of its columns.")
    indices = _column_indices(header, names)
    rows = ([None if line[at] == null else line[at] for at in indices] for line in lines if line)
    return Rows(tuple(header[at] for at in indices), rows)


def _lines(path: Path) -> Iterator[list[str]]:
    # Spreadsheets write a byte order mark before the first name.
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        width = 0
        try:
            for line in reader:
                width = width or len(line)
                if line and len(line) != width:
                    break
                yield line
            else:
                return
            reason: object = f"{len(line)} values where there are {width}"
        except (csv.Error, UnicodeDecodeError) as error:
            reason = error
        raise InvalidArgument(f"{path.name} cannot be read at line {reader.line_num}: {reason}")


def _column_indices(available: Sequence[str], names: tuple[str, ...] | None) -> list[int]:
    """Return the indices of the selected columns."""
    if names is None:
        return list(range(len(available)))
    if missing := [name for name in names if name not in available]:
        raise InvalidArgument(
            f"The data has no column {missing[0]!r}. It has: {', '.join(map(str, available))}."
        )
    return [available.index(name) for name in names]


def _from_batches(
    batches: Iterable[Any], available: Sequence[str], names: tuple[str, ...] | None
) -> Rows:
    indices = _column_indices(available, names)

    def rows() -> Iterator[Sequence[Any]]:
        for batch in batches:
            for begin in range(0, batch.num_rows, _CHUNK_ROWS):
                part = batch.slice(begin, _CHUNK_ROWS)
                yield from zip(*(arrow_values(part.column(at)) for at in indices), strict=True)

    return Rows(tuple(available[at] for at in indices), rows())


def arrow_values(array: Any) -> list[Any]:
    """Return the values of an Arrow array as Python values, with nanoseconds."""
    arrow = import_optional("pyarrow", "arrow")
    kind = array.type
    if arrow.types.is_timestamp(kind) and kind.unit == "ns":
        zone = UTC if kind.tz else None
        utc = array.cast(arrow.timestamp("ns", "UTC")) if kind.tz else array
        strings = utc.cast(arrow.timestamp("ns")).cast(arrow.string()).to_pylist()
        return [None if string is None else timestamp_of(string, zone) for string in strings]
    values: list[Any] = array.to_pylist(maps_as_pydicts="strict")
    return (
        [_structs_as_tuples(value, kind) for value in values]
        if arrow.types.is_nested(kind)
        else values
    )


def _structs_as_tuples(value: Any, kind: Any) -> Any:
    """Return a nested value with tuples for structs: a dict would be written as a Map."""
    types = import_optional("pyarrow", "arrow").types
    if value is None:
        return None
    if types.is_struct(kind):
        return tuple(_structs_as_tuples(value[field.name], field.type) for field in kind)
    if types.is_map(kind):
        return {key: _structs_as_tuples(item, kind.item_type) for key, item in value.items()}
    if types.is_nested(kind):
        return [_structs_as_tuples(item, kind.value_type) for item in value]
    return value


def _from_pandas(frame: Any, names: tuple[str, ...] | None) -> Rows:
    if not hasattr(frame, "columns"):
        raise InvalidArgument("A pandas Series is not a data frame; pass series.to_frame().")
    available = list(frame.columns)
    if not all(isinstance(name, str) for name in available):
        raise InvalidArgument("The columns of a frame must be named by strings.")
    indices = _column_indices(available, names)

    def rows() -> Iterator[Sequence[Any]]:
        for begin in range(0, len(frame), _CHUNK_ROWS):
            part = frame.iloc[begin : begin + _CHUNK_ROWS]
            yield from zip(*(_series_values(part.iloc[:, at]) for at in indices), strict=True)

    return Rows(tuple(available[at] for at in indices), rows())


def _series_values(series: Any) -> list[Any]:
    """Return the values of a pandas column. NaN in a float column stays NaN."""
    if isinstance(series.dtype, import_optional("numpy", "pandas").dtype):
        if series.dtype.kind in "biuf":
            return list(series.tolist())
        if series.dtype == object:
            pandas = import_optional("pandas", "pandas")
            return [
                v if pandas.api.types.is_list_like(v) or not pandas.isna(v) else None
                for v in series
            ]
    return arrow_values(import_optional("pyarrow", "pandas").Array.from_pandas(series))
