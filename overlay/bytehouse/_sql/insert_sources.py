"""Read the rows to insert, as columns, from Python objects, data frames, Arrow data and files."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain, islice
from operator import attrgetter, itemgetter
from os import PathLike
from pathlib import Path
from typing import Any

import attrs

from .._core.extras import import_optional
from .._types.arrow_columns import python_value
from .._types.json_documents import with_unique_keys
from .._types.values import field_names
from ..errors import InvalidArgument

__all__ = ["Chunk", "OnRefused", "RowRefused", "Source", "open_source"]


_MAX_FIELD = 1 << 26  # characters of a value in a CSV file


class RowRefused(Exception):
    """A row cannot be inserted; `position` is its index, from 0."""

    def __init__(self, position: int, error: InvalidArgument) -> None:
        super().__init__(str(error))
        self.position = position
        self.error = error


# Called with the index of a row that cannot be inserted, the row, and why; it raises or keeps it.
OnRefused = Callable[[int, Any, InvalidArgument], object]


@attrs.frozen
class Chunk:
    """Some rows, as columns.

    Attributes:
        positions: Index of each row among all rows, from 0.
        columns: A list of Python values or an Arrow array for each column.
    """

    positions: Sequence[int]
    columns: Sequence[Any]

    def row(self, at: int) -> tuple[Any, ...]:
        """Return the values of a row."""
        return tuple(python_value(column[at]) for column in self.columns)


@attrs.frozen
class Source:
    """Rows to insert.

    Attributes:
        names: Names of their columns; None if the data has no names.
        chunks: Yields the rows in chunks of at most so many, with the number of columns that a row
            has if that is known. It may be called once.
        is_empty: Whether there are no rows.
        nan_is_null: Whether nan in a column of floats stands for a missing value, unless the column
            of the table can hold nan.
    """

    names: tuple[str, ...] | None
    chunks: Callable[[int, int | None, OnRefused], Iterator[Chunk]]
    is_empty: bool = False
    nan_is_null: bool = False


def open_source(data: object, columns: Sequence[str] | None, null: str) -> Source:
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
    if isinstance(data, str | PathLike) or hasattr(data, "readline"):
        return _from_file(data, names, null)
    library = type(data).__module__.partition(".")[0]
    if library == "pandas":
        return _from_pandas(data, names)
    if library == "numpy" and hasattr(data, "ndim"):
        return _from_numpy(data, names)
    if library == "polars":
        return _from_polars(data, names)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return _from_arrow(data, names)
    if isinstance(data, Mapping | bytes) or not isinstance(data, Iterable):
        raise InvalidArgument(
            f"A {type(data).__name__} has no rows.",
            hint="Give a list of tuples or mappings, a frame, Arrow data, a file or its path.",
        )
    return _from_objects(iter(data), names)


def _from_objects(rows: Iterator[Any], names: tuple[str, ...] | None) -> Source:
    first, rows = _peek(rows)
    if first is _NOTHING:
        return Source(names, lambda *_: iter(()), is_empty=True)
    if isinstance(first, Mapping):
        mappings = _Mappings(names or tuple(first), exactly=names is None)
        return Source(mappings.keys, _reading(rows, lambda _: mappings))
    if fields := field_names(first):
        return Source(
            names or fields, _reading(rows, lambda _: _Objects(type(first), names or fields))
        )
    return Source(names, _reading(rows, _Sequences))


_NOTHING = object()


def _peek(items: Iterator[Any]) -> tuple[Any, Iterator[Any]]:
    """Return the first item, `_NOTHING` if there is none, and all of them."""
    first = next(items, _NOTHING)
    return first, items if first is _NOTHING else chain([first], items)


class _Sequences:
    """Rows that are sequences of values."""

    def __init__(self, width: int | None) -> None:
        self._width = width

    def columns(self, rows: list[Any]) -> Sequence[Any] | None:
        """Return the columns of rows; None if a row is not as it should be."""
        self._width = self._width or (len(rows[0]) if isinstance(rows[0], tuple | list) else None)
        width = self._width or 1
        if {*map(type, rows)} <= {tuple, list} and {*map(len, rows)} == {width}:
            values = list(chain.from_iterable(rows))
            return [values[at::width] for at in range(width)]
        return None

    def values(self, row: Any) -> Sequence[Any]:
        """Return the values of a row.

        Raises:
            InvalidArgument: It is not as it should be.
        """
        if isinstance(row, str | bytes | Mapping) or not isinstance(row, Sequence):
            raise InvalidArgument(f"A row is a sequence of values, not a {type(row).__name__}.")
        if not row or (self._width is not None and len(row) != self._width):
            raise InvalidArgument(
                f"A row has {len(row)} values where there are {self._width or 'some'}."
            )
        self._width = len(row)
        return row


class _Mappings:
    """Rows that map the names of columns to values."""

    def __init__(self, keys: tuple[str, ...], *, exactly: bool) -> None:
        self.keys = keys
        self._set = set(keys)
        self._exactly = exactly

    def columns(self, rows: list[Any]) -> Sequence[Any] | None:
        """Return the columns of rows; None if a row is not as it should be."""
        if {*map(type, rows)} != {dict}:
            return None
        if self._exactly and not all(row.keys() == self._set for row in rows):
            return None
        try:
            return [list(map(itemgetter(key), rows)) for key in self.keys]
        except KeyError:
            return None

    def values(self, row: Any) -> Sequence[Any]:
        """Return the values of a row.

        Raises:
            InvalidArgument: It is not as it should be.
        """
        if not isinstance(row, Mapping):
            raise InvalidArgument(
                f"It is not a mapping, as the first row is, but a {type(row).__name__}."
            )
        if missing := [key for key in self.keys if key not in row]:
            raise InvalidArgument(f"It has no value {missing[0]!r}.")
        if self._exactly and len(row) > len(self.keys):
            unexpected = next(key for key in row if key not in self._set)
            raise InvalidArgument(f"It has a value {unexpected!r}, which the first row lacks.")
        return [row[key] for key in self.keys]


class _Objects:
    """Rows that are objects of one class, a dataclass or one of attrs."""

    def __init__(self, kind: type, names: tuple[str, ...]) -> None:
        self._kind = kind
        self._names = names

    def columns(self, rows: list[Any]) -> Sequence[Any] | None:
        """Return the columns of rows; None if a row is not as it should be."""
        if {*map(type, rows)} != {self._kind}:
            return None
        try:
            return [list(map(attrgetter(name), rows)) for name in self._names]
        except AttributeError:
            return None

    def values(self, row: Any) -> Sequence[Any]:
        """Return the values of a row.

        Raises:
            InvalidArgument: It is not as it should be.
        """
        if not isinstance(row, self._kind):
            raise InvalidArgument(
                f"It is not a {self._kind.__name__}, as the first row is, "
                f"but a {type(row).__name__}."
            )
        try:
            return [getattr(row, name) for name in self._names]
        except AttributeError as error:
            raise InvalidArgument(f"It has no value: {error}.") from None


def _reading(
    rows: Iterator[Any], kind: Callable[[int | None], _Sequences | _Mappings | _Objects]
) -> Callable[[int, int | None, OnRefused], Iterator[Chunk]]:
    """Return a function that yields the chunks of rows of a kind."""

    def chunks(size: int, width: int | None, on_refused: OnRefused) -> Iterator[Chunk]:
        reader, begin = kind(width), 0
        while True:
            part: list[Any] = []
            try:
                # What has been read stays in the list if the source raises.
                part.extend(islice(rows, size))
            except InvalidArgument as error:
                raise RowRefused(begin + len(part), error) from None
            if not part:
                return
            if (columns := reader.columns(part)) is not None:
                yield Chunk(range(begin, begin + len(part)), columns)
            elif (kept := _one_by_one(reader.values, part, begin, on_refused)) is not None:
                yield kept
            begin += len(part)

    return chunks


def _one_by_one(
    values: Callable[[Any], Sequence[Any]], rows: list[Any], begin: int, on_refused: OnRefused
) -> Chunk | None:
    kept: list[Sequence[Any]] = []
    positions: list[int] = []
    for position, row in enumerate(rows, begin):
        try:
            if isinstance(row, _Unreadable):
                raise row.error
            kept.append(values(row))
            positions.append(position)
        except InvalidArgument as error:
            on_refused(position, row, error)
    return Chunk(positions, list(map(list, zip(*kept, strict=True)))) if kept else None


def _from_file(file: Any, names: tuple[str, ...] | None, null: str) -> Source:
    if not isinstance(file, str | PathLike):
        return _from_stream(file, names, null)
    path = Path(file)
    if path.is_dir() or not path.exists():
        raise InvalidArgument(f"There is no file {path}.")
    match path.suffix.lower():
        case ".csv":
            return _from_csv(_lines_of_file(path), path.name, names, null)
        case ".parquet" | ".pq":
            return _from_parquet(path, names)
        case ".ndjson" | ".jsonl":
            return _from_objects(_objects(_lines_of_file(path), path.name), names)
        case _:
            raise InvalidArgument(
                f"The format of {path.name} is unknown.",
                hint="Its name must end in .csv, .parquet, .ndjson or .jsonl.",
            )


def _from_stream(file: Any, names: tuple[str, ...] | None, null: str) -> Source:
    """Return the rows of a stream: Parquet or JSON objects if it begins as such, else CSV."""
    label = str(getattr(file, "name", "the stream"))
    head = file.read(4)
    if head == b"PAR1":
        content = import_optional("pyarrow", "arrow").BufferReader(head + file.read())
        return _from_parquet(content, names)
    rest = chain((head + file.readline()).splitlines(keepends=True), file)
    text: Iterator[str] = rest
    if isinstance(head, bytes):
        text = codecs.iterdecode(rest, "utf-8", errors="surrogateescape")
    first = next(text, "").removeprefix("\ufeff")
    text = chain([first], text)
    if first.lstrip().startswith("{"):
        return _from_objects(_objects(text, label), names)
    return _from_csv(text, label, names, null)


def _from_parquet(where: Any, names: tuple[str, ...] | None) -> Source:
    with _reading_arrow(errors=(OSError,)):
        file = import_optional("pyarrow.parquet", "arrow").ParquetFile(where)
    return _from_batches(file.iter_batches(), file.schema_arrow.names, names, errors=(OSError,))


def _objects(lines: Iterable[str], label: str) -> Iterator[dict[str, Any] | _Unreadable]:
    """Yield the objects in a text with one on each line; decimal fractions are kept exactly.

    A line that cannot be read is a row that is refused, but for the first, which names the columns.
    """
    begun = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(
                line.encode().decode(), object_pairs_hook=with_unique_keys, parse_float=Decimal
            )
        except (ValueError, RecursionError) as error:
            reason = "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)
        else:
            if isinstance(found, dict):
                begun = True
                yield found
                continue
            reason = "no JSON object"
        refused = _Unreadable([line.rstrip()], f"{label} cannot be read at line {number}: {reason}")
        if not begun:
            raise refused.error
        yield refused


def _from_csv(text: Iterable[str], label: str, names: tuple[str, ...] | None, null: str) -> Source:
    lines = _parsed(text, label)
    header = next(lines, None)
    if not header:
        raise InvalidArgument(f"{label} has no header line with the names of its columns.")
    if isinstance(header, _Unreadable):
        raise header.error
    indices = _column_indices(header, names)
    read = _reading(filter(None, lines), _Sequences)

    def chunks(size: int, _: int | None, on_refused: OnRefused) -> Iterator[Chunk]:
        for chunk in read(size, len(header), on_refused):
            columns = (chunk.columns[at] for at in indices)
            yield Chunk(
                chunk.positions,
                [
                    [None if text == null else text for text in column]
                    if null in column
                    else column
                    for column in columns
                ],
            )

    return Source(tuple(header[at] for at in indices), chunks)


def _lines_of_file(path: Path) -> Iterator[str]:
    # Spreadsheets write a byte order mark before the first name.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield from file


def _parsed(text: Iterable[str], label: str) -> Iterator[list[str]]:
    # The module has one limit, 128 KiB, for all its readers; a higher one breaks none of them.
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_FIELD))
    reader = csv.reader(text, strict=True)
    header: list[str] = []
    try:
        for line in reader:
            if line and header and len(line) != len(header):
                reason = f"{len(line)} values where there are {len(header)}"
                yield _Unreadable(
                    line, f"{label} cannot be read at line {reader.line_num}: {reason}"
                )
                continue
            if not all(map(str.isascii, line)) and (wrong := _not_utf8(line)) is not None:
                which = repr(header[wrong]) if header else wrong + 1
                line = _Unreadable(  # noqa: PLW2901 - the same line, which is refused
                    line,
                    f"{label}, line {reader.line_num}, column {which}: not UTF-8.",
                    hint="Write the file in UTF-8.",
                )
            header = header or line
            yield line
    except csv.Error as error:
        raise InvalidArgument(
            f"{label} cannot be read at line {reader.line_num}: {error}"
        ) from None


def _not_utf8(line: list[str]) -> int | None:
    """Return the index of the first value that was not UTF-8; None if all were."""
    for at, text in enumerate(line):
        try:
            text.encode()
        except UnicodeEncodeError:
            return at
    return None


class _Unreadable(list[str]):
    """A line of a file that cannot be read: a row that is refused."""

    def __init__(self, line: list[str], reason: str, hint: str = "") -> None:
        super().__init__(line)
        self.error = InvalidArgument(reason, hint=hint)


def _column_indices(available: Sequence[str], names: tuple[str, ...] | None) -> list[int]:
    """Return the indices of the selected columns."""
    if names is None:
        return list(range(len(available)))
    if missing := [name for name in names if name not in available]:
        raise InvalidArgument(
            f"The data has no column {missing[0]!r}. It has: {', '.join(map(str, available))}."
        )
    if twice := [name for name in names if list(available).count(name) > 1]:
        raise InvalidArgument(f"The data has the column {twice[0]!r} twice.")
    return [available.index(name) for name in names]


def _slices(
    available: Sequence[str],
    names: tuple[str, ...] | None,
    parts: Iterable[Any],
    column: Callable[[Any, int], Any],
    *,
    nan_is_null: bool = False,
) -> Source:
    """Return the rows of things that have columns and can be sliced."""
    indices = _column_indices(available, names)
    first, parts = _peek(part for part in parts if len(part))

    def chunks(size: int, _: int | None, __: OnRefused) -> Iterator[Chunk]:
        begin = 0
        for part in parts:
            for at in range(0, len(part), size):
                some = part[at : at + size]
                yield Chunk(
                    range(begin, begin + len(some)), [column(some, index) for index in indices]
                )
                begin += len(some)

    selected = tuple(available[at] for at in indices)
    return Source(selected, chunks, is_empty=first is _NOTHING, nan_is_null=nan_is_null)


def _from_arrow(data: Any, names: tuple[str, ...] | None) -> Source:
    with _reading_arrow() as arrow:
        if hasattr(data, "__arrow_c_stream__"):
            reader = arrow.RecordBatchReader.from_stream(data)
            return _from_batches(reader, reader.schema.names, names)
        batch = arrow.record_batch(data)
    return _from_batches([batch], batch.schema.names, names)


def _from_batches(
    batches: Iterable[Any],
    available: Sequence[str],
    names: tuple[str, ...] | None,
    errors: tuple[type[Exception], ...] = (),
) -> Source:
    def read() -> Iterator[Any]:
        with _reading_arrow(errors):
            yield from batches

    # Slices of a batch take no copy.
    return _slices(available, names, read(), lambda part, at: part.column(at))


@contextmanager
def _reading_arrow(errors: tuple[type[Exception], ...] = ()) -> Iterator[Any]:
    """Give pyarrow, whose errors about the data become ours, and others that say the same."""
    arrow = import_optional("pyarrow", "arrow")
    try:
        yield arrow
    except (arrow.ArrowException, *errors) as error:
        raise InvalidArgument(f"The data cannot be read by pyarrow: {error}") from None


def _from_pandas(frame: Any, names: tuple[str, ...] | None) -> Source:
    if not hasattr(frame, "columns"):
        raise InvalidArgument("A pandas Series is not a data frame; pass series.to_frame().")
    available = list(frame.columns)
    if not all(isinstance(name, str) for name in available):
        raise InvalidArgument("The columns of a frame must be named by strings.")
    return _slices(
        available,
        names,
        [frame],
        lambda part, at: _series_values(part.iloc[:, at]),
        nan_is_null=True,
    )


def _series_values(series: Any) -> Any:
    """Return the values of a pandas column: an Arrow array, or a list where Arrow has none such.

    NaN in a float column stays NaN.
    """
    if series.dtype == object:
        return list(series)
    arrow = import_optional("pyarrow", "pandas")
    numbers = isinstance(series.dtype, import_optional("numpy", "pandas").dtype)
    try:
        if numbers and series.dtype.kind in "biuf":
            # As NumPy's: of a pandas series, Arrow would make nan null.
            return arrow.array(series.to_numpy())
        found = arrow.Array.from_pandas(series)
    except arrow.ArrowException:
        return list(series)
    # A Period is no number, and an Interval no tuple.
    is_pandas = getattr(found.type, "extension_name", "").startswith("pandas.")
    return list(series) if is_pandas else found


def _from_polars(frame: Any, names: tuple[str, ...] | None) -> Source:
    if not hasattr(frame, "__arrow_c_stream__"):
        raise InvalidArgument(f"A polars {type(frame).__name__} has no rows; collect() it.")
    if not hasattr(frame, "columns"):
        raise InvalidArgument("A polars Series is not a data frame; pass series.to_frame().")
    kinds = list(map(str, frame.dtypes))
    if "Object" in kinds:
        # Polars exports the addresses of the objects.
        raise InvalidArgument("A column of the frame has Python objects.", hint="Cast it first.")
    if not any("Int128" in kind for kind in kinds):
        return _from_arrow(frame, names)

    def column(part: Any, at: int) -> Any:
        # Arrow has no such integers.
        return part[:, at].to_list() if "Int128" in kinds[at] else part[:, at].to_arrow()

    return _slices(frame.columns, names, [frame], column)


def _from_numpy(array: Any, names: tuple[str, ...] | None) -> Source:
    if array.dtype.names:
        fields = array.dtype.names
        return _slices(fields, names, [array], lambda part, at: _numpy_values(part[fields[at]]))
    if array.ndim != 2:
        raise InvalidArgument(
            f"An array of {array.ndim} dimensions has no rows.",
            hint="Give one of two dimensions, or of one with named fields.",
        )
    width = array.shape[1]
    found = _slices(
        list(map(str, range(width))), None, [array], lambda part, at: _numpy_values(part[:, at])
    )
    if names is not None and len(names) != width:
        raise InvalidArgument(f"The array has {width} columns where there are {len(names)} names.")

    def chunks(size: int, expected: int | None, on_refused: OnRefused) -> Iterator[Chunk]:
        if expected not in (None, width):
            error = InvalidArgument(f"A row has {width} values where there are {expected}.")
            raise RowRefused(0, error)
        yield from found.chunks(size, expected, on_refused)

    return attrs.evolve(found, names=names, chunks=chunks)


def _numpy_values(array: Any) -> list[Any]:
    # tolist() of NumPy datetimes can be bare numbers.
    return list(array) if array.dtype.kind in "mM" else list(array.tolist())
