"""Convert the rows of a result to Arrow."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import attrs
import msgspec

from bytehouse_raw.models import ResultColumn

from .._core.extras import import_optional
from .._types.codecs import (
    Codec,
    codec_of,
    codec_of_parsed,
    container_codec,
    element_name,
    is_container,
    nullable,
    parse_column_type,
    precision_of,
    timestamp_of,
    unwrap,
    zone_of,
)
from .._types.parse import ColumnType, number_in
from ..errors import InvalidArgument, ResponseDecodeError
from .arrow_types import map_values
from .decoder import ColumnDecoder, RowFormat

if TYPE_CHECKING:
    import pyarrow as pa


BATCH_ROWS = 1 << 16
# An array takes some time to make, however short it is. Values wait for as many rows as this, but
# not more values than that.
_CONVERTED_ROWS = 1024
_CONVERTED_CELLS = 1 << 19
# From this year on, Arrow does not know the daylight saving rules.
_ARROW_ZONE_RULES_END = 2037
_UNITS = ("s", "ms", "ms", "ms", "us", "us", "us", "ns", "ns", "ns")
_NATIVE_INTEGER = re.compile(r"U?Int(8|16|32|64)")
_ARROW_NAMES = {
    "Bool": "bool_",
    "Float32": "float32",
    "Float64": "float64",
    "BFloat16": "float32",
    "Date": "date32",
    "Date32": "date32",
    "String": "string",
    "FixedString": "string",
    "Enum8": "string",
    "Enum16": "string",
    "Nothing": "null",
}
_AS_STRING = frozenset({"UUID", "IPv4", "IPv6"})


@attrs.frozen
class _Target:
    """How the values of a column become Arrow values.

    Attributes:
        type: Type of the array; None lets Arrow infer it.
        codec: How values are decoded and converted first.
        parse: Whether the values are strings that Arrow itself parses.
        zone: Time zone of what it parses, where the strings have none.
        utc: Whether the strings have one, Z, as with `date_time_output_format = 'iso'`.
        binary: Whether strings are bytes.
        coarse: Whether times have microseconds where the column has nanoseconds.
    """

    type: Any
    codec: Codec
    parse: bool = False
    zone: str | None = None
    utc: bool = False
    binary: bool = False
    coarse: bool = False


class ArrowConverter:
    """Decode rows and build Arrow record batches.

    Numbers, strings, dates and times keep their types. Integers of more than 64 bits, UUIDs, IP
    addresses and values of types that Arrow does not have become strings.

    Args:
        columns: Columns of the result.
        binary: Names of the columns whose strings become bytes; None for those with a string that
            is not UTF-8.
        whole: Whether the batches are for `table`. Otherwise all have the schema of the first, and
            what does not fit that is an error.

    Attributes:
        pending_rows: Number of rows added for the next batch.

    Raises:
        InvalidArgument: `binary` names a column that the result does not have.
    """

    def __init__(
        self,
        columns: Sequence[ResultColumn],
        binary: Collection[str] | None = None,
        *,
        whole: bool = False,
    ) -> None:
        self.arrow = import_optional("pyarrow", "arrow")
        self._compute = import_optional("pyarrow.compute", "arrow")
        self._columns = columns
        self._binary = None if binary is None else _names(binary, columns)
        self._targets = [
            _Targets(self.arrow, column.name in (self._binary or ())).of(column.type)
            for column in columns
        ]
        self._parts: list[list[Any]] = [[] for _ in columns]
        self._unconverted: list[list[Any]] = [[] for _ in columns]
        self._unconverted_rows = 0
        self._schema: pa.Schema | None = None
        self._whole = whole
        self.pending_rows = 0

    def make_decoder(self, columns: Sequence[ResultColumn], form: RowFormat) -> ColumnDecoder:
        """Return a decoder for the rows."""
        return ColumnDecoder(columns, [target.codec for target in self._targets], form)

    @property
    def schema(self) -> pa.Schema:
        """The schema, as far as it is known."""
        if self._schema is None:
            types = [self.arrow.null() if t.type is None else t.type for t in self._targets]
            names = [_utf8(column.name) for column in self._columns]
            return self.arrow.schema(list(zip(names, types, strict=True)))
        return self._schema

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Add the columns of a block.

        Raises:
            ResponseDecodeError: A value does not match the type of its column.
        """
        for at, values in enumerate(columns):
            self._unconverted[at] += values
        rows = len(columns[0]) if columns else 0
        self.pending_rows += rows
        self._unconverted_rows += rows
        cells = self._unconverted_rows * len(columns)
        if self._unconverted_rows >= _CONVERTED_ROWS or cells >= _CONVERTED_CELLS:
            self._convert()

    def _convert(self) -> None:
        """Make arrays of the values that have been added."""
        for at, target in enumerate(self._targets):
            # A type is inferred from all values of a batch.
            if target.type is not None and self._unconverted[at]:
                # It may change the parts before it.
                array = self._array(self._unconverted[at], at)
                self._parts[at].append(array)
                self._unconverted[at] = []
        self._unconverted_rows = 0

    def batch(self) -> pa.RecordBatch:
        """Return the pending rows as a record batch.

        Raises:
            ResponseDecodeError: A value does not match the type of its column.
        """
        self._convert()
        arrays = []
        for at, target in enumerate(self._targets):
            if target.type is None:
                arrays.append(self._array(self._unconverted[at], at))
                self._targets[at] = attrs.evolve(self._targets[at], type=arrays[-1].type)
                self._unconverted[at] = []
            else:
                arrays.append(self.arrow.concat_arrays(self._parts[at]))
        self._parts = [[] for _ in arrays]
        self.pending_rows = 0
        self._schema = self.schema
        return self.arrow.record_batch(arrays, schema=self._schema)

    def table(self, batches: Sequence[pa.RecordBatch]) -> pa.Table:
        """Return all batches as a table, with the schema that holds them all."""
        tables = [
            self.arrow.Table.from_batches([batch]).cast(self.schema, safe=False)
            for batch in batches
        ]
        return self.arrow.concat_tables(tables) if tables else self.schema.empty_table()

    def _array(self, values: Sequence[Any], at: int) -> Any:
        column, target = self._columns[at], self._targets[at]
        first: Exception | None = None
        while True:
            try:
                array = self._build(values, target)
            except (self.arrow.ArrowException, TypeError, ValueError, OverflowError) as error:
                first = first or error
                wider = self._wider(column, target, error)
                if wider is None:
                    raise _mismatch(column, first) from None
                target = wider
            else:
                if first is not None:
                    self._widen(at, target)
                return array

    def _widen(self, at: int, wider: _Target) -> None:
        """Change the type of a column, and the parts that it has."""
        if self._schema is not None and wider.type != self._targets[at].type:
            if not self._whole:
                raise _too_late(self._columns[at], wider)
            self._schema = None
        if self._targets[at].type is not None:
            self._parts[at] = [part.cast(wider.type, safe=False) for part in self._parts[at]]
        self._targets[at] = wider

    def _wider(self, column: ResultColumn, target: _Target, error: Exception) -> _Target | None:
        """Return a target for values that did not fit; None if there is none."""
        if target.parse:
            return self._in_utc(target)
        binary, coarse = target.binary, target.coarse
        if isinstance(error, UnicodeEncodeError):
            binary = self._binary is None
        elif column.type is not None and "DateTime64" in column.type:
            coarse = True
        if (binary, coarse) == (target.binary, target.coarse):
            return None
        if column.type is not None:
            return _Targets(self.arrow, binary, coarse).of(column.type)
        if target.type in (None, self.arrow.string()):
            type_ = None if target.type is None else self.arrow.binary()
            return attrs.evolve(target, type=type_, binary=True)
        return None

    def _in_utc(self, target: _Target) -> _Target | None:
        """Return a target for timestamps with Z; None if it is one, or one of dates."""
        if target.utc or not self.arrow.types.is_timestamp(target.type):
            return None
        type_ = self.arrow.timestamp(target.type.unit, target.zone or "UTC")
        return attrs.evolve(target, type=type_, utc=True)

    def _build(self, values: Sequence[Any], target: _Target) -> Any:
        if not target.parse:
            if target.binary:
                values = list(map(_bytes, values))
            if target.coarse:
                values = [
                    map_values(self.arrow, v, target.type, self._in_microseconds) for v in values
                ]
            if target.type is None and Decimal in set(map(type, values)):
                values = [Decimal(repr(v)) if isinstance(v, float) else v for v in values]
            return self.arrow.array(values, target.type)
        read = self.arrow.array(values, self.arrow.string())
        if target.utc or target.zone is None:
            return read.cast(target.type)
        local = read.cast(self.arrow.timestamp(target.type.unit))
        if (self._compute.year(self._compute.max(local)).as_py() or 0) >= _ARROW_ZONE_RULES_END:
            return self._array_by_python(values, target)
        return self._compute.assume_timezone(
            local, target.zone, ambiguous="earliest", nonexistent="latest"
        )

    def _array_by_python(self, strings: Sequence[Any], target: _Target) -> Any:
        """Return the timestamps of strings by Python's time zone rules."""
        zone = ZoneInfo(target.zone) if target.zone else None
        timestamps = [None if text is None else timestamp_of(text, zone) for text in strings]
        return self.arrow.array(timestamps, target.type)

    def _in_microseconds(self, value: Any, type_: Any) -> Any:
        if isinstance(value, int) and self.arrow.types.is_timestamp(type_):
            return value // 1000
        return value


@attrs.frozen
class _Targets:
    """Make the targets of columns.

    Attributes:
        arrow: The module pyarrow.
        binary: Whether strings become bytes.
        coarse: Whether times have at most microseconds, which reach beyond the year 2262.
    """

    arrow: Any
    binary: bool = False
    coarse: bool = False

    def of(self, text: str | None) -> _Target:
        """Return how the values of a column become Arrow values."""
        if text is None:
            return _Target(None, Codec(), binary=self.binary)
        kind, may_be_null = parse_column_type(text)
        strings = nullable(Codec(str))
        if kind.name in ("Date", "Date32"):
            return _Target(self.arrow.date32(), strings, parse=True)
        known = codec_of(text).wire is not str
        if kind.name in ("DateTime", "DateTime64") and known:
            zone = zone_of(kind)
            type_ = self.arrow.timestamp(self._unit(kind), zone)
            return _Target(type_, strings, parse=True, zone=zone)
        type_, codec = self._nested(kind)
        codec = nullable(codec) if may_be_null else codec
        return _Target(type_, codec, binary=self.binary, coarse=self.coarse)

    def _unit(self, kind: ColumnType) -> str:
        unit = _UNITS[min(precision_of(kind), 9)]
        return "us" if self.coarse and unit == "ns" else unit

    def _nested(self, kind: ColumnType) -> tuple[Any, Codec]:
        """Return the Arrow type of a value inside others, and its codec."""
        kind = unwrap(kind)
        match kind.name:
            case "Nullable" if kind.arguments:
                type_, codec = self._nested(kind.arguments[0])
                return type_, nullable(codec)
            case "Array" | "Map" | "Tuple" if _has_elements(kind):
                return self._container(kind)
            case "DateTime" | "DateTime64":
                return self._timestamp(kind)
            case "Decimal" if len(kind.arguments) == 2:
                size, scale = map(number_in, kind.arguments)
                if not 1 <= size <= 76:
                    return self._scalar("Decimal")
                make = self.arrow.decimal128 if size <= 38 else self.arrow.decimal256
                return make(size, scale), Codec(Decimal)
            case name:
                return self._scalar(name)

    def _scalar(self, name: str) -> tuple[Any, Codec]:
        wire = codec_of(name).wire
        if self.binary and name in ("String", "FixedString"):
            return self.arrow.binary(), Codec(wire)
        if name in _ARROW_NAMES:
            return getattr(self.arrow, _ARROW_NAMES[name])(), Codec(wire)
        if _NATIVE_INTEGER.fullmatch(name):
            return getattr(self.arrow, name.lower())(), Codec(int)
        if name.startswith("Interval"):
            return self.arrow.int64(), Codec(int)
        if name in _AS_STRING:
            return self.arrow.string(), Codec(str)
        return self.arrow.string(), Codec(int, str) if wire is int else Codec(Any, _as_string)

    def _container(self, kind: ColumnType) -> tuple[Any, Codec]:
        inner = [self._nested(argument) for argument in kind.arguments]
        if kind.name == "Map" and is_container(kind.arguments[0]):
            inner[0] = self.arrow.string(), Codec(str)
        types = [type_ for type_, _ in inner]
        codec = container_codec(kind, [codec for _, codec in inner])
        if kind.name == "Array":
            return self.arrow.list_(types[0]), codec
        if kind.name == "Map":
            return self.arrow.map_(*types), _with_conversion(
                codec, lambda found: list(found.items())
            )
        names = [
            _utf8(element_name(argument)) or str(at)
            for at, argument in enumerate(kind.arguments, 1)
        ]
        return self.arrow.struct(list(zip(names, types, strict=True))), codec

    def _timestamp(self, kind: ColumnType) -> tuple[Any, Codec]:
        unit = self._unit(kind)
        codec = codec_of_parsed(kind)
        if codec.wire is datetime:
            return self.arrow.timestamp(unit, zone_of(kind)), codec
        if codec.convert is None:
            return self.arrow.string(), codec
        return self.arrow.timestamp(unit, zone_of(kind)), _with_conversion(codec, _nanoseconds)


def _has_elements(kind: ColumnType) -> bool:
    wanted = {"Array": 1, "Map": 2}.get(kind.name, len(kind.arguments))
    return bool(kind.arguments) and len(kind.arguments) == wanted


def _with_conversion(codec: Codec, conversion: Callable[[Any], Any]) -> Codec:
    first = codec.convert
    if first is None:
        return attrs.evolve(codec, convert=conversion)
    return attrs.evolve(codec, convert=lambda value: conversion(first(value)))


def _nanoseconds(timestamp: Any) -> int:
    """Return the nanoseconds since 1970 of a `Timestamp`; one without a zone counts as UTC."""
    import calendar

    whole = timestamp.utctimetuple() if timestamp.tzinfo else timestamp.timetuple()
    return calendar.timegm(whole) * 1_000_000_000 + int(timestamp.nanosecond)


_JSON = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


def _as_string(value: Any) -> str:
    return value if isinstance(value, str) else _JSON.encode(value).decode()


def _bytes(value: Any) -> Any:
    """Return a value with its strings as the bytes that were received."""
    match value:
        case str():
            return value.encode("utf-8", "surrogateescape")
        case list():
            return [_bytes(item) for item in value]
        case tuple():
            return tuple(map(_bytes, value))
        case _:
            return value


def _names(binary: Collection[str], columns: Sequence[ResultColumn]) -> frozenset[str]:
    names = frozenset([binary] if isinstance(binary, str) else binary)
    if unknown := names.difference(column.name for column in columns):
        raise InvalidArgument(
            f"binary names columns that the result does not have: {', '.join(sorted(unknown))}."
        )
    return names


def _mismatch(column: ResultColumn, error: Exception) -> ResponseDecodeError:
    if isinstance(error, UnicodeEncodeError):
        return ResponseDecodeError(
            f"the column {column.name} has a string that is not UTF-8.",
            hint=f"binary=[{column.name!r}] returns its values as bytes.",
        )
    return ResponseDecodeError(
        f"the column {column.name} has a value that is not of type {column.type}: {error}",
        hint="rows() returns such a value as received.",
    )


def _too_late(column: ResultColumn, wider: _Target) -> ResponseDecodeError:
    """Return the error for a value that does not fit the batches already returned."""
    if wider.binary:
        return ResponseDecodeError(
            f"the column {column.name} has a string that is not UTF-8, after rows that were "
            "returned as text.",
            hint=f"binary=[{column.name!r}] returns its values as bytes from the start.",
        )
    return ResponseDecodeError(
        f"the column {column.name} has a time beyond Arrow's nanoseconds, which end in the year "
        "2262, after rows that were returned with nanoseconds.",
        hint="Select it with microseconds, toDateTime64(…, 6); to_arrow() does so by itself.",
    )


def _utf8(name: str) -> str:
    """Return a name with a question mark for each character that UTF-8 cannot encode."""
    return name.encode("utf-8", "replace").decode()
