"""Say for each column type what its values are in JSON and in Python.

JSON has fewer types than a table. A column's type says what its texts and numbers stand for;
msgspec decodes most of them directly, and what is left is converted afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Union
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import msgspec

from bytehouse_raw.types import Timestamp

from ._type_spelling import ColumnType, parse_type

__all__ = [
    "Codec",
    "ResultColumn",
    "bare",
    "codec_of",
    "holding",
    "kind_of",
    "nullable",
    "precision_of",
    "timestamp_of",
    "zone_of",
]

Convert = Callable[[Any], Any]

# null stands for nan and the infinities, which JSON does not have.
_FLOAT = Union[float, None]  # noqa: UP007 - a value, not an annotation
_SCALARS: dict[str, Any] = {
    "BFloat16": _FLOAT,
    "Bool": bool,
    "Date": date,
    "Date32": date,
    "DateTime": datetime,
    "Decimal": Decimal,
    "Enum8": str,
    "Enum16": str,
    "FixedString": str,
    "Float32": _FLOAT,
    "Float64": _FLOAT,
    "String": str,
    "UUID": UUID,
}
_INTEGER = re.compile(r"U?Int\d+|Interval[A-Z]\w+")
_ADDRESSES: dict[str, Convert] = {"IPv4": IPv4Address, "IPv6": IPv6Address}
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
class ResultColumn:
    """Hold a column of a result.

    Attributes:
        name: Name of the column.
        type: Its ClickHouse type; None if the answer did not tell.
    """

    name: str
    type: str | None = None


@attrs.frozen
class Codec:
    """Say how the values of a type come to Python.

    Attributes:
        wire: Type that msgspec decodes.
        convert: What makes the Python value of a decoded one that is not None; None if nothing
            has to.
    """

    wire: Any = Any
    convert: Convert | None = None


def kind_of(type_: str | None) -> tuple[ColumnType, bool]:
    """Return a column's type without what does not change its values, and whether NULL is one."""
    if type_ is None:
        return ColumnType(""), True
    try:
        kind, may_be_null = parse_type(type_)
    except RecursionError:
        return ColumnType(""), True
    return bare(kind), bool(may_be_null)


def bare(kind: ColumnType) -> ColumnType:
    """Return a type without what does not change its values, and as others that it consists of."""
    if kind.name == "LowCardinality" and len(kind.arguments) == 1:
        return bare(kind.arguments[0])
    if kind.name == "SimpleAggregateFunction" and len(kind.arguments) == 2:
        return bare(kind.arguments[1])
    if kind.name == "Nested":
        return ColumnType("Array", (ColumnType("Tuple", kind.arguments),))
    if kind.name in _GEOMETRY:
        return parse_type(_GEOMETRY[kind.name])[0]
    return kind


def zone_of(kind: ColumnType) -> str | None:
    """Return the time zone that a DateTime or DateTime64 names; None if it names none."""
    last = kind.arguments[-1].name if kind.arguments else ""
    return last[1:-1] if last.startswith("'") else None


def precision_of(kind: ColumnType) -> int:
    """Return how many digits a second's fraction has."""
    first = kind.arguments[0].name if kind.arguments else ""
    return int(first) if kind.name == "DateTime64" and first.isdecimal() else 0


@lru_cache(maxsize=1024)
def codec_of(type_: str | None) -> Codec:
    """Return the codec of a column's type; a type that is not known takes values as they come."""
    kind, may_be_null = kind_of(type_)
    return nullable(_codec(kind)) if may_be_null else _codec(kind)


def nullable(codec: Codec) -> Codec:
    """Return the codec of the same values and null."""
    return codec if codec.wire is Any else attrs.evolve(codec, wire=Union[codec.wire, None])  # noqa: UP007


def _codec(kind: ColumnType) -> Codec:
    kind = bare(kind)
    if kind.name == "Nullable" and len(kind.arguments) == 1:
        return nullable(_codec(kind.arguments[0]))
    match kind.name:
        case "DateTime" | "DateTime64":
            return _moment(kind)
        case "Array" | "Map" | "Tuple" if kind.arguments:
            return holding(kind, [_codec(argument) for argument in kind.arguments])
        case name if name in _ADDRESSES:
            return Codec(str, _ADDRESSES[name])
        case name if _INTEGER.fullmatch(name):
            return Codec(int)
        case name:
            return Codec(_SCALARS.get(name, Any))


def _moment(kind: ColumnType) -> Codec:
    name = zone_of(kind)
    zone: tzinfo | None = None
    if name is not None:
        try:
            zone = ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            return Codec(str)  # without the zone's rules the text says more than a datetime

    def exact(text: str) -> Timestamp:
        return timestamp_of(text, zone)

    def placed(moment: datetime) -> datetime:
        # A number of seconds since 1970 has a zone already.
        return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)

    if precision_of(kind) > 6:
        return Codec(str, exact)
    return Codec(datetime, placed if zone else None)


def timestamp_of(text: str, zone: tzinfo | None) -> Timestamp:
    """Return the moment that a text says, in a time zone, to the nanosecond."""
    moment = Timestamp.fromisoformat(text)
    if zone is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    whole = datetime.isoformat(moment, timespec="seconds")
    fraction = re.search(r"\.(\d+)", text)
    digits = fraction[1][:9] if fraction else "0"
    moment._text = f"{whole[:19]}.{digits:0<9}{whole[19:]}"
    return moment


def _inside(convert: Convert | None) -> Convert:
    """Return what converts a value inside another, where null may be among them."""
    if convert is None:
        return lambda value: value
    return lambda value: None if value is None else convert(value)


def holding(kind: ColumnType, inner: Sequence[Codec]) -> Codec:
    """Return the codec of a type that holds others, from the codecs of those."""
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
    inside = _inside(item.convert)
    return Codec(list[item.wire], lambda values: [inside(v) for v in values])  # type: ignore[name-defined]


def _map(key: Codec, value: Codec) -> Codec:
    wire = dict[key.wire, value.wire]  # type: ignore[name-defined]  # the same
    if key.convert is None and value.convert is None:
        return Codec(wire)
    keys, values = _inside(key.convert), _inside(value.convert)
    return Codec(wire, lambda found: {keys(k): values(v) for k, v in found.items()})


def _tuple(elements: Sequence[ColumnType], codecs: Sequence[Codec]) -> Codec:
    wire: Any = tuple[tuple(codec.wire for codec in codecs)]  # type: ignore[misc]
    named = _as_object(elements, codecs)
    convert = _each([codec.convert for codec in codecs])
    if named is None:
        return Codec(wire, convert)

    def from_either(found: Any) -> Any:
        values = found if isinstance(found, tuple) else msgspec.structs.astuple(found)
        return convert(values) if convert else values

    return Codec(Union[wire, named], from_either)  # noqa: UP007


def _each(converts: Sequence[Convert | None]) -> Convert | None:
    if not any(converts):
        return None
    insides = [_inside(convert) for convert in converts]
    return lambda values: tuple(
        inside(value) for inside, value in zip(insides, values, strict=True)
    )


def _as_object(elements: Sequence[ColumnType], codecs: Sequence[Codec]) -> Any:
    """Return the type of a named tuple as newer engines write it: an object."""
    labels = [re.sub(r"^[`\"]|[`\"]$", "", element.label) for element in elements]
    if not all(labels) or len(set(labels)) < len(labels):
        return None
    fields = [(f"f{index}", codec.wire) for index, codec in enumerate(codecs)]
    names = {f"f{index}": label for index, label in enumerate(labels)}
    return msgspec.defstruct("NamedTuple", fields, rename=names)
