"""How the values of each column type are represented in JSON and in Python.

JSON has fewer types than a table. A column's type determines what its strings and numbers mean;
msgspec decodes most of them directly, and the rest is converted afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ctypes import c_float
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, Union
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import msgspec

from bytehouse_raw.types import Timestamp

from .parse import ColumnType, number_in, parse_type

__all__ = [
    "Codec",
    "codec_of",
    "codec_of_parsed",
    "container_codec",
    "element_name",
    "is_container",
    "nullable",
    "parse_column_type",
    "precision_of",
    "timestamp_of",
    "unwrap",
    "zone_of",
]

Convert = Callable[[Any], Any]

# null stands for NaN and the infinities, which JSON lacks.
_FLOAT = Union[float, None]  # noqa: UP007 - a value, not an annotation
_SCALARS: dict[str, Any] = {
    "Bool": bool,
    "Date": date,
    "Date32": date,
    "DateTime": datetime,
    "Decimal": Decimal,
    "Enum8": str,
    "Enum16": str,
    "FixedString": str,
    "Float64": _FLOAT,
    "String": str,
    "UUID": UUID,
}
_FRACTION = re.compile(r"\.(\d{1,9})")
_INTEGER = re.compile(r"U?Int\d+|Interval[A-Z]\w+")
_POINT = "Tuple(Float64, Float64)"
_GEOMETRY = {
    "Point": _POINT,
    "Ring": f"Array({_POINT})",
    "LineString": f"Array({_POINT})",
    "Polygon": f"Array(Array({_POINT}))",
    "MultiLineString": f"Array(Array({_POINT}))",
    "MultiPolygon": f"Array(Array(Array({_POINT})))",
}


@attrs.frozen
class Codec:
    """How the values of a type become Python values.

    Attributes:
        wire: Type that msgspec decodes.
        convert: Converts a decoded value that is not None to the Python value; None if they are
            the same.
    """

    wire: Any = Any
    convert: Convert | None = None


def _float32(number: float) -> float:
    """Round to 32 bits: the string has only as many digits as identify a 32-bit float."""
    return c_float(number).value


def _ipv4(text: str) -> IPv4Address:
    try:
        # In a quarter of the time of parsing in Python.
        return IPv4Address(inet_pton(AF_INET, text))
    except OSError:
        return IPv4Address(text)


def _ipv6(text: str) -> IPv6Address:
    try:
        return IPv6Address(inet_pton(AF_INET6, text))
    except OSError:
        return IPv6Address(text)


_CONVERTED = {
    "BFloat16": Codec(_FLOAT, _float32),
    "Float32": Codec(_FLOAT, _float32),
    "IPv4": Codec(str, _ipv4),
    "IPv6": Codec(str, _ipv6),
}


def parse_column_type(type_: str | None) -> tuple[ColumnType, bool]:
    """Return a column's type without what does not change its values, and whether NULL is one."""
    if type_ is None:
        return ColumnType(""), True
    try:
        kind, may_be_null = parse_type(type_)
    except RecursionError:
        return ColumnType(""), True
    kind = unwrap(kind)
    if kind.name == "Nullable" and len(kind.arguments) == 1:  # of a SimpleAggregateFunction
        return unwrap(kind.arguments[0]), True
    return kind, bool(may_be_null)


def unwrap(kind: ColumnType) -> ColumnType:
    """Return a type without what does not change its values, and as others that it consists of."""
    if kind.name == "LowCardinality" and len(kind.arguments) == 1:
        return unwrap(kind.arguments[0])
    if kind.name == "SimpleAggregateFunction" and len(kind.arguments) == 2:
        return unwrap(kind.arguments[1])
    if kind.name == "Nested":
        return ColumnType("Array", (ColumnType("Tuple", kind.arguments),))
    if kind.name in _GEOMETRY:
        return parse_type(_GEOMETRY[kind.name])[0]
    return kind


def is_container(kind: ColumnType) -> bool:
    """Return whether values of a type have others in them."""
    return unwrap(kind).name in ("Array", "Map", "Tuple")


def zone_of(kind: ColumnType) -> str | None:
    """Return the time zone of a DateTime or DateTime64; None if it has none."""
    last = kind.arguments[-1].name if kind.arguments else ""
    return last[1:-1] if last.startswith("'") else None


def precision_of(kind: ColumnType) -> int:
    """Return the number of fractional digits of the second."""
    has_digits = kind.name in ("DateTime64", "Time64") and kind.arguments
    return number_in(kind.arguments[0]) if has_digits else 0


def element_name(element: ColumnType) -> str:
    """Return the unquoted name of a tuple element; empty if it has none."""
    label = element.label
    return re.sub(r"\\(.)", r"\1", label[1:-1]) if label[:1] in ("`", '"') else label


@lru_cache(maxsize=1024)
def codec_of(type_: str | None) -> Codec:
    """Return the codec of a column's type; values of an unknown type stay unconverted."""
    kind, may_be_null = parse_column_type(type_)
    return nullable(codec_of_parsed(kind)) if may_be_null else codec_of_parsed(kind)


def nullable(codec: Codec) -> Codec:
    """Return the codec of the same values and null."""
    return codec if codec.wire is Any else attrs.evolve(codec, wire=Union[codec.wire, None])  # noqa: UP007


def codec_of_parsed(kind: ColumnType) -> Codec:
    """Return the codec of a parsed type."""
    kind = unwrap(kind)
    if kind.name == "Nullable" and len(kind.arguments) == 1:
        return nullable(codec_of_parsed(kind.arguments[0]))
    match kind.name:
        case "DateTime" | "DateTime64":
            return _timestamp_codec(kind)
        case "Array" | "Map" | "Tuple" if kind.arguments:
            inner = [codec_of_parsed(argument) for argument in kind.arguments]
            if kind.name == "Map" and is_container(kind.arguments[0]):
                inner[0] = Codec(str)  # JSON has it as text
            return container_codec(kind, inner)
        case name if name in _CONVERTED:
            return _CONVERTED[name]
        case name if _INTEGER.fullmatch(name):
            return Codec(int)
        case name:
            return Codec(_SCALARS.get(name, Any))


def _timestamp_codec(kind: ColumnType) -> Codec:
    name = zone_of(kind)
    zone: tzinfo | None = None
    if name is not None:
        try:
            zone = ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            # Without the zone's rules, the string is more exact than a datetime.
            return Codec(str)

    def parse_nanoseconds(text: str) -> Timestamp:
        return timestamp_of(text, zone)

    def localize(timestamp: datetime) -> datetime:
        if timestamp.tzinfo is None:
            # In a tenth of the time of replace().
            return datetime.combine(timestamp, timestamp.time(), zone)
        return timestamp.astimezone(zone)  # it was a number of seconds since 1970

    if precision_of(kind) > 6:
        return Codec(str, parse_nanoseconds)
    return Codec(datetime, localize if zone else None)


def timestamp_of(text: str, zone: tzinfo | None) -> Timestamp:
    """Parse a timestamp with nanoseconds; `zone` applies if the string has no offset."""
    timestamp = Timestamp.fromisoformat(text)
    if zone is not None and timestamp.tzinfo is None:
        timestamp = Timestamp.combine(timestamp, timestamp.time(), zone)
    whole = datetime.isoformat(timestamp, timespec="seconds")
    fraction = _FRACTION.search(text)
    digits = fraction[1] if fraction else "0"
    timestamp._text = f"{whole[:19]}.{digits:0<9}{whole[19:]}"
    return timestamp


def _none_safe(convert: Convert | None) -> Convert:
    """Return a conversion for a nested value, which may be None."""
    if convert is None:
        return lambda value: value
    return lambda value: None if value is None else convert(value)


def container_codec(kind: ColumnType, inner: Sequence[Codec]) -> Codec:
    """Return the codec of a container type from the codecs of its elements."""
    match kind.name, inner:
        case "Array", [item]:
            return _array(item)
        case "Map", [key, value]:
            return _map(key, value)
        case "Tuple", _:
            return _tuple(kind.arguments, inner)
        case _:
            return Codec()


def _array(item: Codec) -> Codec:
    if item.convert is None:
        return Codec(list[item.wire])  # type: ignore[name-defined]  # a type made at run time
    inside = _none_safe(item.convert)
    return Codec(list[item.wire], lambda values: [inside(v) for v in values])  # type: ignore[name-defined]


def _map(key: Codec, value: Codec) -> Codec:
    wire = dict[key.wire, value.wire]  # type: ignore[name-defined]  # the same
    if key.convert is None and value.convert is None:
        return Codec(wire)
    keys, values = _none_safe(key.convert), _none_safe(value.convert)
    return Codec(wire, lambda value: {keys(k): values(v) for k, v in value.items()})


def _tuple(elements: Sequence[ColumnType], codecs: Sequence[Codec]) -> Codec:
    wire: Any = tuple[tuple(codec.wire for codec in codecs)]  # type: ignore[misc]
    named = _as_object(elements, codecs)
    convert = _each([codec.convert for codec in codecs])
    if named is None:
        return Codec(wire, convert)

    def from_either(value: Any) -> Any:
        values = value if isinstance(value, tuple) else msgspec.structs.astuple(value)
        return convert(values) if convert else values

    return Codec(Union[wire, named], from_either)  # noqa: UP007


def _each(converts: Sequence[Convert | None]) -> Convert | None:
    if not any(converts):
        return None
    insides = [_none_safe(convert) for convert in converts]
    return lambda values: tuple(
        inside(value) for inside, value in zip(insides, values, strict=True)
    )


def _as_object(elements: Sequence[ColumnType], codecs: Sequence[Codec]) -> Any:
    """Return the type of a named tuple written as an object, as newer engines do."""
    labels = [element_name(element) for element in elements]
    if not all(labels) or len(set(labels)) < len(labels):
        return None
    fields = [(f"f{index}", codec.wire) for index, codec in enumerate(codecs)]
    names = {f"f{index}": label for index, label in enumerate(labels)}
    try:
        return msgspec.defstruct("NamedTuple", fields, rename=names)
    except ValueError:
        return None  # a label has a quote or a line break in it
