"""Convert the rows of a result to Arrow."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import attrs
import msgspec

from .._core.extras import import_optional
from .._types.codecs import (
    Codec,
    ResultColumn,
    codec_of,
    codec_of_parsed,
    container_codec,
    element_name,
    nullable,
    parse_column_type,
    precision_of,
    timestamp_of,
    unwrap,
    zone_of,
)
from .._types.parse import ColumnType
from ..errors import ResponseDecodeError
from .decoder import ColumnDecoder, RowFormat

if TYPE_CHECKING:
    import pyarrow as pa


BATCH_ROWS = 1 << 16
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
        zone: Time zone of what it parses.
    """

    type: Any
    codec: Codec
    parse: bool = False
    zone: str | None = None


class ArrowConverter:
    """Decode rows and build Arrow record batches.

    Numbers, strings, dates and times keep their types. Integers of more than 64 bits, UUIDs, IP
    addresses and values of types that Arrow does not have become strings.

    Args:
        columns: Columns of the result.

    Attributes:
        pending_rows: Number of rows added for the next batch.
    """

    def __init__(self, columns: Sequence[ResultColumn]) -> None:
        self.arrow = import_optional("pyarrow", "arrow")
        self._compute = import_optional("pyarrow.compute", "arrow")
        self._columns = columns
        self._targets = [self._target(column.type) for column in columns]
        self._parts: list[list[Any]] = [[] for _ in columns]
        self._schema: pa.Schema | None = None
        self.pending_rows = 0

    def make_decoder(self, columns: Sequence[ResultColumn], form: RowFormat) -> ColumnDecoder:
        """Return a decoder for the rows."""
        return ColumnDecoder(columns, [target.codec for target in self._targets], form)

    @property
    def schema(self) -> pa.Schema:
        """The schema, as far as it is known before the first batch."""
        if self._schema is not None:
            return self._schema
        types = [self.arrow.null() if t.type is None else t.type for t in self._targets]
        names = [column.name for column in self._columns]
        return self.arrow.schema(list(zip(names, types, strict=True)))

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Add the columns of a block.

        Raises:
            ResponseDecodeError: A value does not match the type of its column.
        """
        for at, values in enumerate(columns):
            if self._targets[at].type is None:
                self._parts[at] += values  # type inference is better with more values
            else:
                self._parts[at].append(self._array(values, at))
        self.pending_rows += len(columns[0]) if columns else 0

    def batch(self) -> pa.RecordBatch:
        """Return the pending rows as a record batch; all batches have the schema of the first.

        Raises:
            ResponseDecodeError: A value does not match the type of its column.
        """
        arrays = [
            self._array(parts, at) if target.type is None else self.arrow.concat_arrays(parts)
            for at, (parts, target) in enumerate(zip(self._parts, self._targets, strict=True))
        ]
        self._parts = [[] for _ in arrays]
        self.pending_rows = 0
        if self._schema is None:
            names = [column.name for column in self._columns]
            pairs = zip(names, (array.type for array in arrays), strict=True)
            self._schema = self.arrow.schema(list(pairs))
            self._targets = [
                attrs.evolve(target, type=array.type) if target.type is None else target
                for target, array in zip(self._targets, arrays, strict=True)
            ]
        return self.arrow.record_batch(arrays, schema=self._schema)

    def _array(self, values: Sequence[Any], at: int) -> Any:
        column, target = self._columns[at], self._targets[at]
        try:
            if not target.parse:
                return self._plain_array(values, target.type)
            read = self.arrow.array(values, self.arrow.string())
            if target.zone is None:
                return read.cast(target.type)
            local = read.cast(self.arrow.timestamp(target.type.unit))
            if (self._compute.year(self._compute.max(local)).as_py() or 0) >= _ARROW_ZONE_RULES_END:
                return self._array_by_python(values, target)
            return self._compute.assume_timezone(
                local, target.zone, ambiguous="earliest", nonexistent="latest"
            )
        except (self.arrow.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise ResponseDecodeError(
                f"the column {column.name} has a value that is not of type {column.type}: {error}",
                hint="rows() returns such a value as received.",
            ) from None

    def _array_by_python(self, strings: Sequence[Any], target: _Target) -> Any:
        """Return the timestamps of strings by Python's time zone rules."""
        zone = ZoneInfo(target.zone or "UTC")
        timestamps = [None if text is None else timestamp_of(text, zone) for text in strings]
        if target.type.unit == "ns":
            numbers = [
                None if timestamp is None else _nanoseconds(timestamp) for timestamp in timestamps
            ]
            return self.arrow.array(numbers, target.type)
        return self.arrow.array(timestamps, target.type)

    def _plain_array(self, values: Sequence[Any], type_: Any) -> Any:
        try:
            return self.arrow.array(values, type_)
        except UnicodeEncodeError:
            # Arrow's strings are always UTF-8.
            return self.arrow.array([_utf8(value) for value in values], type_)

    def _target(self, text: str | None) -> _Target:
        """Return how the values of a column become Arrow values."""
        if text is None:
            return _Target(None, Codec())
        kind, may_be_null = parse_column_type(text)
        strings = nullable(Codec(str))
        if kind.name in ("Date", "Date32"):
            return _Target(self.arrow.date32(), strings, parse=True)
        known = codec_of(text).wire is not str
        if kind.name in ("DateTime", "DateTime64") and known:
            unit = _UNITS[min(precision_of(kind), 9)]
            zone = zone_of(kind)
            return _Target(self.arrow.timestamp(unit, zone), strings, parse=True, zone=zone)
        type_, codec = self._nested(kind)
        return _Target(type_, nullable(codec) if may_be_null else codec)

    def _nested(self, kind: ColumnType) -> tuple[Any, Codec]:
        """Return the Arrow type of a value inside others, and its codec."""
        kind = unwrap(kind)
        match kind.name:
            case "Nullable" if kind.arguments:
                type_, codec = self._nested(kind.arguments[0])
                return type_, nullable(codec)
            case "Array" | "Map" | "Tuple" if kind.arguments:
                return self._container(kind)
            case "DateTime" | "DateTime64":
                return self._timestamp(kind)
            case "Decimal" if len(kind.arguments) == 2:
                size, scale = (int(argument.name) for argument in kind.arguments)
                make = self.arrow.decimal128 if size <= 38 else self.arrow.decimal256
                return make(size, scale), Codec(Decimal)
            case name:
                return self._scalar(name)

    def _scalar(self, name: str) -> tuple[Any, Codec]:
        wire = codec_of(name).wire
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
        types = [type_ for type_, _ in inner]
        codec = container_codec(kind, [codec for _, codec in inner])
        if kind.name == "Array":
            return self.arrow.list_(types[0]), codec
        if kind.name == "Map":
            return self.arrow.map_(*types), _with_conversion(
                codec, lambda found: list(found.items())
            )
        names = [element_name(argument) or str(at) for at, argument in enumerate(kind.arguments, 1)]
        return self.arrow.struct(list(zip(names, types, strict=True))), codec

    def _timestamp(self, kind: ColumnType) -> tuple[Any, Codec]:
        unit = _UNITS[min(precision_of(kind), 9)]
        codec = codec_of_parsed(kind)
        if codec.wire is datetime:
            return self.arrow.timestamp(unit, zone_of(kind)), codec
        if codec.convert is None:
            return self.arrow.string(), codec
        return self.arrow.timestamp(unit, zone_of(kind)), _with_conversion(codec, _nanoseconds)


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


def _as_string(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()


def _utf8(value: Any) -> Any:
    """Return a value with a question mark for each character that UTF-8 cannot encode."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_utf8(item) for item in value]
        case tuple():
            return tuple(map(_utf8, value))
        case _:
            return value
