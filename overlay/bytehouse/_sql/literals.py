"""Write Python values as ClickHouse literals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from bytehouse_raw.types import Timestamp

from .._core.secrets import Secret
from .._types.identifiers import Identifier
from .._types.quoting import quoted
from .._types.times import nanosecond_of
from ..errors import InvalidArgument

__all__ = ["Identifier", "literal"]


def literal(value: object) -> str:
    """Return the ClickHouse literal of a Python value, valid anywhere in a statement.

    | Python | ClickHouse |
    |---|---|
    | None, bool | NULL, true / false |
    | int | itself; beyond 64 bits Int128, UInt128, Int256 or UInt256 |
    | float | itself, with nan and inf |
    | Decimal | Decimal of its own scale, exact |
    | str, bytes | String |
    | date | Date, or Date32 outside 1970-2149 |
    | datetime | DateTime64(6) in UTC; without a time zone, in that of the server |
    | Timestamp | the same with nine digits |
    | UUID, IPv4Address, IPv6Address | UUID, IPv4, IPv6 |
    | list, tuple, dict | Array, Tuple, Map |
    | NumPy numbers and arrays | as their Python values |
    | Enum | the literal of its value |
    | Identifier | the name, quoted |

    Raises:
        InvalidArgument: The value has no literal.
    """
    value = _from_numpy(value)
    text = _literal(value)
    if isinstance(value, _CONTAINERS) and _MANY_DIGITS.search(text):
        text = _literal(_with_explicit_types(value))
    # Two adjacent minus signs would begin a comment.
    return f"({text})" if text.startswith("-") else text


_CONTAINERS = (list, tuple, dict)
_MANY_DIGITS = re.compile(r"\d{19}")


def _with_explicit_types(value: Any) -> Any:
    """Return a container with explicit types for integers whose type depends on others in it.

    The engine finds no common type for signed and unsigned integers.
    """
    return _typed(value, (), set(_negative_paths(value, ())))


# Where a value is in a container: values with the same path have the same type.
_Path = tuple[object, ...]


def _negative_paths(value: object, path: _Path) -> Iterator[_Path]:
    """Yield the paths of negative integers."""
    match value:
        case int() if value < 0:
            yield path
        case list():
            for item in value:
                yield from _negative_paths(item, (*path, "item"))
        case tuple():
            for at, item in enumerate(value):
                yield from _negative_paths(item, (*path, at))
        case dict():
            yield from _negative_paths([*value.keys()], (*path, "key"))
            yield from _negative_paths([*value.values()], (*path, "value"))


def _typed(value: Any, path: _Path, negative: Set[_Path]) -> Any:
    def inside(item: Any, *steps: object) -> Any:
        return _typed(item, (*path, *steps), negative)

    match _from_numpy(value):
        case list() as items:
            return [inside(item, "item") for item in items]
        case tuple() as items:
            return tuple(inside(item, at) for at, item in enumerate(items))
        case dict() as pairs:
            return {
                inside(key, "key", "item"): inside(item, "value", "item")
                for key, item in pairs.items()
            }
        case int() as number if not -(2**63) <= number < 2**63:
            return _Literal(_wide_integer(number, signed=path in negative))
        case plain:
            return plain


def _from_numpy(value: Any) -> Any:
    """Convert a NumPy value to a Python value; return others unchanged."""
    # tolist() of a NumPy datetime would be a bare number.
    known = type(value).__module__ == "numpy" and hasattr(value, "tolist")
    if not known or str(getattr(value, "dtype", ""))[:9] in ("datetime6", "timedelta"):
        return value
    return value.tolist()


class _Literal(str):
    """A finished literal inside a container."""

    __slots__ = ()


@singledispatch
def _literal(value: object) -> str:
    """Return the literal of a value; it may begin with a minus sign."""
    if (plain := _from_numpy(value)) is not value:
        return _literal(plain)
    if type(value).__name__ == "NAType":
        return "NULL"
    raise InvalidArgument(f"A {type(value).__name__} cannot be written as an SQL value.")


@_literal.register
def _(value: None) -> str:  # noqa: ARG001 - dispatched by type
    return "NULL"


@_literal.register
def _(value: bool) -> str:
    return "true" if value else "false"


@_literal.register
def _(value: int) -> str:
    if -(2**63) <= value < 2**64:
        return int.__repr__(value)
    return _wide_integer(value, signed=value < 0)


_SIGNED = [(f"Int{bits}", -(2 ** (bits - 1)), 2 ** (bits - 1)) for bits in (128, 256)]
_UNSIGNED = [(f"UInt{bits}", 0, 2**bits) for bits in (128, 256)]


def _wide_integer(value: int, *, signed: bool) -> str:
    for name, low, high in (*_SIGNED, *_UNSIGNED) if signed else _UNSIGNED:
        if low <= value < high:
            return f"to{name}('{int.__repr__(value)}')"
    raise InvalidArgument("An integer of more than 256 bits cannot be written as an SQL value.")


@_literal.register
def _(value: float) -> str:
    return float.__repr__(value)


@_literal.register
def _(value: Decimal) -> str:
    if not value.is_finite():
        raise InvalidArgument(f"A Decimal that is {value} cannot be written as an SQL value.")
    _, digits, exponent = value.as_tuple()
    scale = max(0, -int(exponent))
    size = max(len(digits) + max(0, int(exponent)), scale)
    for bits, most in ((32, 9), (64, 18), (128, 38), (256, 76)):
        if size <= most:
            return f"toDecimal{bits}('{value:f}', {scale})"
    raise InvalidArgument("A Decimal of more than 76 digits cannot be written as an SQL value.")


@_literal.register
def _(value: str) -> str:
    if isinstance(value, Enum):
        return _literal(value.value)
    return quoted(str.__str__(value))


@_literal.register
def _(value: Secret) -> str:
    return _literal(value.reveal())


@_literal.register
def _(value: _Literal) -> str:
    return value


@_literal.register(bytes)
@_literal.register(bytearray)
def _(value: bytes | bytearray) -> str:
    return f"unhex('{value.hex()}')"


@_literal.register
def _(value: date) -> str:
    if not 1900 <= value.year <= 2299:
        raise InvalidArgument(f"{value} is outside of what a Date32 can hold, 1900 to 2299.")
    name = "toDate" if date(1970, 1, 1) <= value <= date(2149, 6, 6) else "toDate32"
    return f"{name}('{value.isoformat()}')"


@_literal.register
def _(value: datetime) -> str:
    if value != value:  # noqa: PLR0124 - pandas NaT is a datetime, and unequal to itself
        return "NULL"
    nanosecond, digits = _fraction(value)
    seconds, zone = _seconds_and_zone(value)
    if not 1900 <= int(seconds[:4]) <= (2299 if digits == 6 else 2261):
        raise InvalidArgument(f"{value} is outside of what a DateTime64({digits}) can hold.")
    return f"toDateTime64('{seconds}.{f'{nanosecond:09}'[:digits]}', {digits}{zone})"


def _fraction(value: datetime) -> tuple[int, int]:
    """Return the nanoseconds within the second, and the number of significant digits."""
    exact = isinstance(value, Timestamp) or bool(getattr(value, "nanosecond", False))
    return nanosecond_of(value), 9 if exact else 6


def _seconds_and_zone(value: datetime) -> tuple[str, str]:
    """Return a datetime to the second, and the argument for its time zone."""
    if value.tzinfo is None:
        return datetime.isoformat(value, " ", "seconds"), ""
    return datetime.isoformat(value.astimezone(UTC), " ", "seconds")[:19], ", 'UTC'"


@_literal.register
def _(value: UUID) -> str:
    return f"toUUID('{value}')"


@_literal.register(IPv4Address)
@_literal.register(IPv6Address)
def _(value: IPv4Address | IPv6Address) -> str:
    if getattr(value, "scope_id", None):
        raise InvalidArgument(f"{value} has a scope id, which IPv6 values cannot have.")
    return f"toIPv{value.version}('{value}')"


@_literal.register
def _(value: Enum) -> str:
    return _literal(value.value)


@_literal.register
def _(value: list) -> str:  # type: ignore[type-arg]  # its items are dispatched one by one
    return f"[{', '.join(map(_literal, value))}]"


@_literal.register
def _(value: tuple) -> str:  # type: ignore[type-arg]  # the same
    items = ", ".join(map(_literal, value))
    return f"({items})" if len(value) > 1 else f"tuple({items})"


@_literal.register(dict)
def _(value: Mapping[Any, Any]) -> str:
    return f"map({', '.join(_literal(item) for pair in value.items() for item in pair)})"


@_literal.register
def _(value: Identifier) -> str:
    return str(value)
