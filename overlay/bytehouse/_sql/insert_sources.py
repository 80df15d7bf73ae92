"""Read rows out of whatever holds them: Python objects, frames, Arrow data, files."""

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

_AT_ONCE = 1 << 14


@attrs.frozen
class Rows:
    """Hold rows to insert, and the names of their values; None if there are no names."""

    columns: tuple[str, ...] | None
    rows: Iterator[Sequence[Any]]


def read_rows(data: object, columns: Sequence[str] | None, null: str) -> Rows:
    """Return the rows that data holds.

    Args:
        data: The rows.
        columns: Which values to take, or how they are named.
        null: What stands for NULL in a CSV file.

    Raises:
        InvalidArgument: It holds none.
    """
    if isinstance(columns, str):
        raise InvalidArgument("columns must be a list of names.")
    names = tuple(columns) if columns is not None else None
    if isinstance(data, str | PathLike):
        return _of_file(Path(data), names, null)
    if type(data).__module__.partition(".")[0] == "pandas":
        return _of_pandas(data, names)
    if hasattr(data, "__arrow_c_stream__"):
        arrow = import_optional("pyarrow", "arrow")
        reader = arrow.RecordBatchReader.from_stream(data)
        return _of_batches(reader, reader.schema.names, names)
    if hasattr(data, "__arrow_c_array__"):
        batch = import_optional("pyarrow", "arrow").record_batch(data)
        return _of_batches([batch], batch.schema.names, names)
    if isinstance(data, Mapping) or not isinstance(data, Iterable):
        raise InvalidArgument(
            f"A {type(data).__name__} holds no rows.",
            hint="Give a list of tuples or mappings, a frame, Arrow data, or the path of a file.",
        )
    return _of_objects(iter(data), names)


def _of_objects(rows: Iterator[Any], names: tuple[str, ...] | None) -> Rows:
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
        raise InvalidArgument(f"It is no mapping, as the first row is, but a {type(row).__name__}.")
    if missing := [key for key in keys if key not in row]:
        raise InvalidArgument(f"It has no value {missing[0]!r}.")
    if exactly and len(row) > len(keys):
        strange = next(key for key in row if key not in keys)
        raise InvalidArgument(f"It has a value {strange!r}, which the first row has not.")
    return [row[key] for key in keys]


def _of_file(path: Path, names: tuple[str, ...] | None, null: str) -> Rows:
    match path.suffix.lower():
        case ".csv":
            return _of_csv(path, names, null)
        case ".parquet" | ".pq":
            file = import_optional("pyarrow.parquet", "arrow").ParquetFile(path)
            return _of_batches(file.iter_batches(_AT_ONCE), file.schema_arrow.names, names)
        case _:
            raise InvalidArgument(
                f"What {path.name} holds is not known.",
                hint="Its name must end in .csv or .parquet.",
            )


def _of_csv(path: Path, names: tuple[str, ...] | None, null: str) -> Rows:
    lines = _lines(path)
    header = next(lines, None)
    if not header:
        raise InvalidArgument(f"{path.name} has no line with the names of its columns.")
    wanted = _positions(header, names)
    rows = ([None if line[at] == null else line[at] for at in wanted] for line in lines if line)
    return Rows(tuple(header[at] for at in wanted), rows)


def _lines(path: Path) -> Iterator[list[str]]:
    # Spreadsheets write a mark before the first name.
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


def _positions(there: Sequence[str], names: tuple[str, ...] | None) -> list[int]:
    """Return where the wanted columns are."""
    if names is None:
        return list(range(len(there)))
    if missing := [name for name in names if name not in there]:
        raise InvalidArgument(
            f"The data has no column {missing[0]!r}. It has: {', '.join(map(str, there))}."
        )
    return [there.index(name) for name in names]


def _of_batches(
    batches: Iterable[Any], there: Sequence[str], names: tuple[str, ...] | None
) -> Rows:
    wanted = _positions(there, names)

    def rows() -> Iterator[Sequence[Any]]:
        for batch in batches:
            for begin in range(0, batch.num_rows, _AT_ONCE):
                part = batch.slice(begin, _AT_ONCE)
                yield from zip(*(arrow_values(part.column(at)) for at in wanted), strict=True)

    return Rows(tuple(there[at] for at in wanted), rows())


def arrow_values(array: Any) -> list[Any]:
    """Return the values of an Arrow array as Python's, to the nanosecond."""
    arrow = import_optional("pyarrow", "arrow")
    kind = array.type
    if arrow.types.is_timestamp(kind) and kind.unit == "ns":
        zone = UTC if kind.tz else None
        plain = array.cast(arrow.timestamp("ns", "UTC")) if kind.tz else array
        texts = plain.cast(arrow.timestamp("ns")).cast(arrow.string()).to_pylist()
        return [None if text is None else timestamp_of(text, zone) for text in texts]
    values: list[Any] = array.to_pylist(maps_as_pydicts="strict")
    return [_untangled(value, kind) for value in values] if arrow.types.is_nested(kind) else values


def _untangled(value: Any, kind: Any) -> Any:
    """Return a nested value with tuples for structs: a mapping would be written as a Map."""
    types = import_optional("pyarrow", "arrow").types
    if value is None:
        return None
    if types.is_struct(kind):
        return tuple(_untangled(value[field.name], field.type) for field in kind)
    if types.is_map(kind):
        return {key: _untangled(item, kind.item_type) for key, item in value.items()}
    if types.is_nested(kind):
        return [_untangled(item, kind.value_type) for item in value]
    return value


def _of_pandas(frame: Any, names: tuple[str, ...] | None) -> Rows:
    if not hasattr(frame, "columns"):
        raise InvalidArgument("A pandas Series is no frame; give series.to_frame().")
    there = list(frame.columns)
    if not all(isinstance(name, str) for name in there):
        raise InvalidArgument("The columns of a frame must be named by strings.")
    wanted = _positions(there, names)

    def rows() -> Iterator[Sequence[Any]]:
        for begin in range(0, len(frame), _AT_ONCE):
            part = frame.iloc[begin : begin + _AT_ONCE]
            yield from zip(*(_series_values(part.iloc[:, at]) for at in wanted), strict=True)

    return Rows(tuple(there[at] for at in wanted), rows())


def _series_values(series: Any) -> list[Any]:
    """Return the values of a pandas column. A nan of a float column stays what it is."""
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
