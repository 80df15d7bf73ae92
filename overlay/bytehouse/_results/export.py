"""Export the rows of a result as CSV, JSON and HTML."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from io import TextIOBase, TextIOWrapper
from ipaddress import IPv4Address, IPv6Address
from math import isfinite
from os import PathLike
from types import NoneType
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import UUID

import msgspec

from bytehouse_raw.models import ResultColumn
from bytehouse_raw.types import Timestamp, html_table

from .._core.files import atomic_file
from .._sql.literals import literal
from .._types.codecs import parse_column_type, unwrap
from .._types.json_documents import has_json
from .._types.parse import ColumnType
from .._types.quoting import quoted_bytes
from ..errors import ByteHouseError, InvalidArgument
from .decoder import Row
from .layouts import repeated_names

if TYPE_CHECKING:
    import pyarrow as pa


Target = str | PathLike[str] | IO[bytes] | IO[str]
"""A path, or a stream that is open for writing."""


@contextmanager
def binary_output(target: Target) -> Iterator[IO[bytes]]:
    """Open a file, which gets its name when it is complete; a stream is written to as it is.

    Raises:
        InvalidArgument: It is a stream of text.
    """
    if isinstance(target, str | PathLike):
        with atomic_file(target, "wb") as file:
            yield file
    elif _is_text(target):
        raise InvalidArgument("This format is bytes, and the stream takes text: open it as 'wb'.")
    else:
        yield cast("IO[bytes]", target)


@contextmanager
def text_output(target: Target) -> Iterator[IO[str]]:
    """Open a file or stream for text; what of a string is not UTF-8 is written as it was received,
    except to a stream of text."""
    if not isinstance(target, str | PathLike) and _is_text(target):
        yield cast("IO[str]", target)
        return
    with binary_output(target) as file:
        text = TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        try:
            yield text
        finally:
            text.detach()  # which writes what is buffered, and leaves the file open


def _is_text(stream: object) -> bool:
    return isinstance(stream, TextIOBase) or hasattr(stream, "encoding")


def check_names(columns: Sequence[ResultColumn], form: str, query_id: str) -> None:
    """Check that no two columns have the same name.

    Args:
        columns: Columns of a result.
        form: What cannot hold them otherwise.
        query_id: Id of the query.

    Raises:
        ByteHouseError: Some have.
    """
    if several := repeated_names(columns):
        raise ByteHouseError(
            f"{form} cannot hold several columns of the same name: {', '.join(several)}.",
            hint="Name them with AS; rows(), to_arrow(), to_pandas() and to_csv() hold all.",
            query_id=query_id,
        )


class _Lines(list[str]):
    """Keep the lines that csv writes."""

    write = list.append


# Types whose values csv and msgspec write as ClickHouse reads them.
_CSV_PLAIN = frozenset({int, float, str, Decimal, date, UUID, IPv4Address, IPv6Address})
_JSON_PLAIN = frozenset({NoneType, bool, int, float, str, Decimal, date, UUID})


class CsvWriter:
    """Write rows as CSV in the notation that ClickHouse reads."""

    def __init__(self, file: IO[str], columns: Sequence[ResultColumn], null: str) -> None:
        # csv quotes the characters of its line terminator, and a carriage return must be quoted.
        self._file = file
        self._lines = _Lines()
        self._writer = csv.writer(self._lines, lineterminator="\r\n")
        self._write([[column.name for column in columns]])
        self._null = null
        self._plain = _CSV_PLAIN if null else _CSV_PLAIN | {NoneType}
        kinds = [parse_column_type(column.type)[0] for column in columns]
        self._documents = [(at, kind) for at, kind in enumerate(kinds) if has_json(kind)]

    def write(self, rows: Iterable[Row]) -> None:
        """Write some rows."""
        if self._documents:
            rows = map(self._with_documents, rows)
        columns = [self._column(values) for values in zip(*rows, strict=True)]
        self._write(zip(*columns, strict=True))

    def _write(self, rows: Iterable[Iterable[object]]) -> None:
        self._writer.writerows(rows)
        self._file.write("".join([f"{line[:-2]}\n" for line in self._lines]))  # a line feed alone
        self._lines.clear()

    def _column(self, values: Sequence[object]) -> Sequence[object]:
        # Whole columns, because most need nothing done to their cells.
        is_plain = self._plain.issuperset(map(type, values))
        return values if is_plain else list(map(self._cell, values))

    def _with_documents(self, row: Row) -> Row:
        """Return a row with its JSON documents as text."""
        cells = list(row)
        for at, kind in self._documents:
            cells[at] = _document_text(cells[at], kind)
        return tuple(cells)

    def _cell(self, value: object) -> object:
        match value:
            case None:
                return self._null
            case bool():
                return "true" if value else "false"
            case list() | tuple() | dict():
                return _nested_text(value)
            case datetime():
                return _scalar_text(value)
            case _:
                return value


_JSON = msgspec.json.Encoder(decimal_format="number")


def _document_text(value: Any, kind: ColumnType) -> Any:
    """Return a value of a type with the JSON documents in it as text."""
    kind = unwrap(kind)
    if kind.name == "JSON" and isinstance(value, dict):
        return _JSON.encode(value).decode()
    match value:
        case list() if kind.arguments:
            return [_document_text(item, kind.arguments[0]) for item in value]
        case dict() if len(kind.arguments) == 2:
            return {key: _document_text(item, kind.arguments[1]) for key, item in value.items()}
        case tuple():
            return tuple(map(_document_text, value, kind.arguments))
        case _:
            return value


class JsonWriter:
    """Write rows as JSON objects, one a line: in an array, or without one.

    What JSON has no type for becomes a string, as ClickHouse reads it: Decimals, dates, timestamps,
    UUIDs, nan and the infinities. JSON documents stay what they are.
    """

    def __init__(self, file: IO[str], columns: Sequence[ResultColumn], *, lines: bool) -> None:
        self._write = file.write
        self._names = [column.name for column in columns]
        kinds = [parse_column_type(column.type)[0] for column in columns]
        self._documents = [has_json(kind) for kind in kinds]
        self._lines = lines
        self._written = False

    def write(self, rows: Iterable[Row]) -> None:
        """Write some rows."""
        columns = list(zip(*rows, strict=True))
        if not columns:
            return
        try:
            text = self._encoded(columns)
        except (TypeError, ValueError, OverflowError):
            # A byte that was not UTF-8, an integer of more than 64 bits.
            text = self._encoded_by_cell(columns)
        if not self._lines:
            begin = ",\n" if self._written else "[\n"
            text = begin + text[:-1].replace("\n", ",\n")
        self._write(text)
        self._written = True

    def _encoded(self, columns: Iterable[Sequence[object]]) -> str:
        whole = zip(*map(_json_column, columns, self._documents), strict=True)
        names = self._names
        objects = [dict(zip(names, row, strict=True)) for row in whole]
        return _NDJSON.encode_lines(objects).decode()

    def _encoded_by_cell(self, columns: Iterable[Sequence[object]]) -> str:
        keys = [f"{_encode(name)}:" for name in self._names]
        encoders = [_document if is_document else _json_text for is_document in self._documents]
        lines = []
        for row in zip(*columns, strict=True):
            fields = zip(keys, encoders, row, strict=True)
            cells = [key + encode(value) for key, encode, value in fields]
            lines.append(f"{{{','.join(cells)}}}\n")
        return _SURROGATE.sub(_escaped_surrogate, "".join(lines))

    def finish(self) -> None:
        """Write what follows the last row."""
        if not self._lines:
            self._write("\n]\n" if self._written else "[]\n")


_NDJSON = msgspec.json.Encoder()


def _json_column(values: Sequence[object], are_documents: bool) -> Sequence[object]:
    """Return the cells of a column as what msgspec writes as it should be."""
    if are_documents:
        return [msgspec.Raw(_JSON.encode(value)) for value in values]
    kinds = set(map(type, values))
    if kinds <= _JSON_PLAIN:
        floats = [value for value in values if type(value) is float] if float in kinds else ()
        if all(map(isfinite, floats)):
            return values
    return list(map(_json_cell, values))


def _json_cell(value: object) -> object:
    if isinstance(value, datetime):
        return _scalar_text(value)
    if type(value) in _JSON_PLAIN and not isinstance(value, float):
        return value
    return msgspec.Raw(_json_text(value).encode())


_SURROGATE = re.compile("[\ud800-\udfff]")  # a byte that was not UTF-8


def _escaped_surrogate(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _document(value: object) -> str:
    return _JSON.encode(value).decode()


def _json_text(value: object) -> str:
    try:
        return _encode(value)
    except (TypeError, ValueError):  # a key that is no string, nan
        return _encode(_json_value(value))


def _json_value(value: object) -> object:
    match value:
        case dict():
            return {
                k if isinstance(k, str) else _nested_text(k).strip("'"): _json_value(v)
                for k, v in value.items()
            }
        case list() | tuple():
            return list(map(_json_value, value))
        case float() if not isfinite(value):
            return str(value)
        case _:
            return value


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
        case str():
            return quoted_bytes(value.encode("utf-8", "surrogateescape"))
        case _:
            return literal(_scalar_text(value))


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


_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_scalar_text
).encode


def result_html(columns: Sequence[ResultColumn], rows: Sequence[Row], *, more: bool) -> str:
    """Return the first rows of a result as an HTML table."""
    heads = [f"{c.name}\n{c.type}" if c.type else c.name for c in columns]
    shown = [["NULL" if value is None else value for value in row] for row in rows]
    return html_table(heads, shown, f"The first {len(rows)} rows." if more else "")


def rename_columns(table: pa.Table, columns: Sequence[ResultColumn]) -> pa.Table:
    """Return a table with the column names that came after its rows."""
    return table.rename_columns([column.name for column in columns])
