"""Check values against scalar types, and write them as the engine reads them in VALUES.

The engine's fast parser of VALUES checks little: it wraps integers, cuts off digits, and turns what
it cannot read in a Nullable column into NULL. So a value is written only if the type holds it
exactly. What is written is what that parser reads without evaluating an expression, except for
floats, which it does not read exactly.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Sequence
from ctypes import c_float
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from itertools import repeat
from typing import Any
from uuid import UUID

import attrs
import msgspec

from ..errors import InvalidArgument
from .json_documents import can_check_json, json_text
from .parse import ColumnType, enum_members
from .quoting import quoted, quoted_bytes, unquoted_bytes

__all__ = [
    "FLOAT_MAXIMA",
    "INTEGERS",
    "Scalar",
    "Unfit",
    "can_be_missing",
    "field_names",
    "integer_bounds",
    "is_missing",
    "is_nan",
    "not_of_type",
    "number_literals",
    "plain",
    "shown",
    "value_scalar",
]


FLOAT_MAXIMA = {
    "Float32": 3.4028235677973362e38,
    "Float64": math.inf,
    "BFloat16": 3.3895313892515355e38,
}
INTEGERS = [f"{sign}Int{2**n}" for sign in ("", "U") for n in range(3, 9)]
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_FLOAT = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)", re.IGNORECASE | re.ASCII
)
_LONGEST = 2000  # characters of a number; Python parses no integer of much more
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,4})?", re.IGNORECASE | re.ASCII)
_UUID = re.compile(
    r"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|[\da-f]{32}", re.IGNORECASE | re.ASCII
)


class Unfit(ValueError):
    """A value is none of a type; the message says why."""


def shown(value: object) -> str:
    """Return a value for an error message, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


@attrs.frozen
class Scalar:
    """How the values of a scalar type are written.

    Attributes:
        write: Returns the literal of a value, which is not missing and comes from `plain`.
        bulk: Returns the literals of values at once, if they all are of one usual Python type; or
            None.
        in_call: Returns the literal for an argument of a function, where nothing says what type it
            should be.
        parse: Returns what a literal stands for, as clickhouse-connect writes it in binary without
            converting it.
        binary: Returns that of values at once, if they all are of one usual Python type; or None.
    """

    write: Callable[[Any], str]
    bulk: Callable[[list[Any], set[type]], list[str] | None] = lambda _values, _types: None
    in_call: Callable[[str], str] = str
    parse: Callable[[str], Any] = str
    binary: Callable[[list[Any], set[type]], Sequence[Any] | None] = lambda _values, _types: None


def plain(value: Any) -> Any:
    """Return a value of NumPy as one of Python, and an enum's value; others unchanged."""
    if isinstance(value, Enum):
        return plain(value.value)
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        if isinstance(value, str | bytes):
            return value  # tolist() would take zeros from its end
        # tolist() of a NumPy datetime can be a bare number.
        return value if value.dtype.kind in "mM" else value.tolist()
    return value


def field_names(value: object) -> tuple[str, ...]:
    """Return the fields of a dataclass or attrs object; none if it is neither."""
    if dataclasses.is_dataclass(value):
        return tuple(field.name for field in dataclasses.fields(value))
    kind: type[Any] = type(value)
    return tuple(attrs.fields_dict(kind)) if attrs.has(kind) else ()


def is_missing(value: Any) -> bool:
    """Return whether a value is None, or what pandas and NumPy have for it."""
    if value is None:
        return True
    name = type(value).__name__
    return name in ("NAType", "NaTType") or (name in _WITH_NAT and str(value) == "NaT")


def is_nan(value: Any) -> bool:
    """Return whether a value is a float or a Decimal that is no number."""
    if isinstance(value, Decimal):
        return value.is_nan()
    is_float = isinstance(value, float) or type(value).__name__ in ("float16", "float32")
    return is_float and math.isnan(value)


_WITH_NAT = ("datetime64", "timedelta64")


def can_be_missing(kind: type) -> bool:
    """Return whether a value of a Python type can be missing."""
    return kind.__name__ in ("NoneType", "NAType", "NaTType", *_WITH_NAT)


def not_of_type(value: object, expected: str) -> Unfit:
    """Return the error of a value that has nothing of the type."""
    return Unfit(f"{shown(value)} is not {expected}")


def integer_bounds(name: str) -> tuple[int, int]:
    """Return the least and the greatest value of an integer type."""
    bits = int(name.rpartition("t")[2])
    return (0, 2**bits - 1) if name[0] == "U" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def number_literals(values: list[int] | list[float]) -> list[str]:
    """Return the literals of integers of at most 64 bits, or of finite floats: msgspec writes the
    shortest digits of a float, as `repr` does, in a fraction of the time."""
    return msgspec.json.encode(values)[1:-1].decode().split(",")


def _integer(name: str) -> Scalar:
    low, high = integer_bounds(name)

    def write(value: Any) -> str:
        number = value
        if isinstance(value, str):
            number = int(value) if len(value) < 90 and _INTEGER.fullmatch(value) else None
        elif isinstance(value, float | Decimal):
            number = int(value) if _is_whole(value) else None
        if not isinstance(number, int):
            raise not_of_type(value, "an integer")
        if not low <= number <= high:
            raise Unfit(f"{shown(value)} is outside {low} to {high}")
        return int.__repr__(int(number))

    def is_usual(values: list[Any], types: set[type]) -> bool:
        return types == {int} and low <= min(values) and max(values) <= high

    def bulk(values: list[Any], types: set[type]) -> list[str] | None:
        if not is_usual(values, types):
            return None
        return list(map(repr, values)) if name in _WIDE else number_literals(values)

    def in_call(text: str) -> str:
        # The engine finds no common type for signed and unsigned integers, and beyond 64 bits
        # reads a number as a float.
        return f"to{name}('{text}')" if name in ("Int64", *_WIDE) else text

    return Scalar(write, bulk, in_call, int, _unchanged(is_usual))


def _is_whole(value: float | Decimal) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    # Of a large exponent, int() would make as many digits.
    return value.is_finite() and value.adjusted() < 90 and value == value.to_integral_value()


def _unchanged(
    condition: Callable[[list[Any], set[type]], bool],
) -> Callable[[list[Any], set[type]], list[Any] | None]:
    return lambda values, types: values if condition(values, types) else None


_WIDE = ("Int128", "Int256", "UInt128", "UInt256")


def _float(name: str) -> Scalar:
    largest = FLOAT_MAXIMA[name]

    def write(value: Any) -> str:
        number = _to_float(value)
        if largest < abs(number) < math.inf:
            raise Unfit(f"{shown(value)} is too large for a {name}")
        # Text of a whole number is that number; a fraction has digits that no float holds.
        whole = int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value
        if isinstance(whole, int) and _ROUNDED[name](number) != whole:
            raise Unfit(f"{shown(value)} has more digits than a {name} holds")
        return float.__repr__(number)

    def is_usual(values: list[Any], types: set[type]) -> bool:
        return types == {float} and (
            name == "Float64" or not any(largest < abs(value) < math.inf for value in values)
        )

    def bulk(values: list[Any], types: set[type]) -> list[str] | None:
        if not is_usual(values, types):
            return None
        return (
            number_literals(values) if all(map(math.isfinite, values)) else list(map(repr, values))
        )

    return Scalar(write, bulk, parse=float, binary=_unchanged(is_usual))


_ROUNDED: dict[str, Callable[[float], float]] = {
    "Float64": float,
    "Float32": lambda number: c_float(number).value,
    "BFloat16": lambda number: (
        number
        if number == 0
        else math.ldexp(int(math.frexp(number)[0] * 256), math.frexp(number)[1] - 8)
    ),
}


def _to_float(value: Any) -> float:
    match value:
        case float():
            return float(value)
        case int():
            number = float(value) if value.bit_length() <= 1024 else math.inf
            if math.isfinite(number):
                return number
        case str() if len(value) < _LONGEST and _FLOAT.fullmatch(value):
            number = float(value)
            if math.isfinite(number) or "n" in value.lower():
                return number
        case Decimal() if value.is_finite():
            number = float(value)
            # The shortest digits of a float are those that people write.
            if math.isfinite(number) and Decimal(repr(number)) == value:
                return number
            raise Unfit(f"{shown(value)} has more digits than a float holds")
    raise not_of_type(value, "a number that a float holds")


def _decimal(kind: ColumnType) -> Scalar:
    precision, scale = (int(argument.name) for argument in kind.arguments)
    context = Context(prec=precision, traps=[Inexact, InvalidOperation])
    unit = Decimal(1).scaleb(-scale)

    def write(value: Any) -> str:
        number = _to_decimal(value)
        try:
            return f"{context.quantize(number, unit):f}"
        except Inexact:
            raise Unfit(f"{shown(value)} has more than {scale} decimal places") from None
        except DecimalException:
            raise Unfit(
                f"{shown(value)} has more than {precision - scale} integer digits"
            ) from None

    def bulk(values: list[Any], types: set[type]) -> list[str] | None:
        if types != {Decimal} or not all(map(Decimal.is_finite, values)):
            return None
        try:
            numbers = list(map(context.quantize, values, repeat(unit)))
        except DecimalException:
            return None
        # Those of up to six places are never shown with an exponent.
        return list(map(str, numbers) if scale <= 6 else map(format, numbers, repeat("f")))

    bits = next(
        bits for bits, most in ((32, 9), (64, 18), (128, 38), (256, 76)) if precision <= most
    )
    return Scalar(write, bulk, lambda text: f"toDecimal{bits}('{text}', {scale})", Decimal)


def _to_decimal(value: Any) -> Decimal:
    number = value
    if isinstance(value, float):
        # Its shortest digits, so that 0.1 is 0.1.
        number = Decimal(float.__repr__(value))
    elif isinstance(value, int):
        number = Decimal(int(value))
    elif isinstance(value, str):
        number = Decimal(value) if len(value) < 200 and _DECIMAL.fullmatch(value) else None
    if not isinstance(number, Decimal) or not number.is_finite():
        raise not_of_type(value, "a decimal number")
    return number


def _bool() -> Scalar:
    words = {"true": "true", "false": "false", "1": "true", "0": "false"}

    def write(value: Any) -> str:
        text = value.lower() if isinstance(value, str) else str(value).lower()
        if text not in words or not isinstance(value, bool | int | str):
            raise not_of_type(value, "true or false")
        return words[text]

    def bulk(values: list[Any], types: set[type]) -> list[str] | None:
        return ["true" if value else "false" for value in values] if types == {bool} else None

    return Scalar(write, bulk, str, "true".__eq__, _unchanged(lambda _, types: types == {bool}))


def _string() -> Scalar:
    return Scalar(
        lambda value: _write_string(value, "text or bytes"),
        _quote_all,
        parse=unquoted_bytes,
        binary=_encode_all,
    )


def _encode_all(values: list[Any], types: set[type]) -> list[bytes] | None:
    # Bytes, as of other values: clickhouse-connect takes no column of both.
    try:
        return list(map(str.encode, values)) if types == {str} else None
    except UnicodeEncodeError:
        return None


def _write_string(value: Any, expected: str) -> str:
    match value:
        case str():
            return _quote(str.__str__(value))
        case bytes() | bytearray() | memoryview():
            return quoted_bytes(bytes(value))
        case _:
            raise not_of_type(value, expected)


def _quote(text: str) -> str:
    try:
        return quoted(text)
    except InvalidArgument:
        # A result has bytes that are not UTF-8 as surrogates.
        return quoted_bytes(_encode(text))


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Unfit(f"{shown(text)} has a lone surrogate, which UTF-8 cannot encode") from None


def _quote_all(values: list[Any], types: set[type]) -> list[str] | None:
    if types != {str}:
        return None
    together = "".join(values)
    if together.isprintable() and "'" not in together and "\\" not in together:
        return [f"'{text}'" for text in values]
    return list(map(_quote, values))


def _fixed_string(kind: ColumnType) -> Scalar:
    size = int(kind.arguments[0].name)

    def write(value: Any) -> str:
        text = _write_string(value, "text or bytes")
        if len(_encode(value) if isinstance(value, str) else bytes(value)) > size:
            raise Unfit(f"{shown(value)} has more than {size} bytes")
        return text

    return Scalar(write, parse=lambda text: unquoted_bytes(text).ljust(size, b"\0"))


def _enum(kind: ColumnType) -> Scalar:
    members = enum_members(kind)
    texts = {name: quoted(name) for name in members}
    numbers = {number: texts[name] for name, number in members.items()}
    by_text = {texts[name]: number for name, number in members.items()}

    def write(value: Any) -> str:
        text = texts.get(value) if isinstance(value, str) else None
        if isinstance(value, int) and not isinstance(value, bool):
            text = numbers.get(value)
        if text is None:
            raise not_of_type(value, f"one of {', '.join(map(repr, list(members)[:9]))}")
        return text

    def bulk(values: list[Any], types: set[type]) -> list[str] | None:
        if types == {str} and set(values) <= texts.keys():
            return list(map(texts.__getitem__, values))
        return None

    return Scalar(write, bulk, parse=by_text.__getitem__)


def _uuid() -> Scalar:
    def write(value: Any) -> str:
        if isinstance(value, str) and _UUID.fullmatch(value):
            return f"'{UUID(value)}'"
        if not isinstance(value, UUID):
            raise not_of_type(value, "a UUID")
        return f"'{value}'"

    return Scalar(write, in_call=lambda text: f"toUUID({text})", parse=lambda t: UUID(t[1:-1]))


def _ip(version: int) -> Scalar:
    kinds = (IPv4Address,) if version == 4 else (IPv6Address, IPv4Address)

    def write(value: Any) -> str:
        address = _to_address(value, kinds) if isinstance(value, str) else value
        # An interface is an address with a network, which would be lost.
        interface = isinstance(address, IPv4Interface | IPv6Interface)
        if interface or not isinstance(address, kinds) or getattr(address, "scope_id", None):
            raise not_of_type(value, f"an IPv{version} address")
        return f"'{'::ffff:' if address.version < version else ''}{address}'"

    address = IPv4Address if version == 4 else IPv6Address
    return Scalar(
        write,
        in_call=lambda text: f"toIPv{version}({text})",
        parse=lambda text: address(text[1:-1]),
    )


def _to_address(text: str, kinds: Iterable[type]) -> object:
    for kind in kinds:
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def _json(kind: ColumnType) -> Scalar | None:
    def write(value: Any) -> str:
        try:
            return _quote(json_text(value))
        except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
            reason = (
                str(error) if not isinstance(error, RecursionError) else "it is nested too deep"
            )
            raise Unfit(f"{shown(value)} is not a JSON object to be stored: {reason}") from None

    if not can_check_json(kind):
        return None
    return Scalar(write, parse=lambda text: unquoted_bytes(text).decode())


# Types without parameters, and those with.
_PLAIN: dict[str, Callable[[], Scalar]] = {
    "Bool": _bool,
    "IPv4": lambda: _ip(4),
    "IPv6": lambda: _ip(6),
    "String": _string,
    "UUID": _uuid,
}
_PARAMETRIC: dict[str, Callable[[ColumnType], Scalar]] = {
    "Decimal": _decimal,
    "Enum8": _enum,
    "Enum16": _enum,
    "FixedString": _fixed_string,
}


def value_scalar(kind: ColumnType) -> Scalar | None:
    """Return how values of a type other than those of dates and times are written; None if the
    type is none of these."""
    if kind.name in INTEGERS:
        return _integer(kind.name)
    if kind.name in FLOAT_MAXIMA:
        return _float(kind.name)
    if kind.name in _PLAIN:
        return _PLAIN[kind.name]()
    if kind.name == "JSON":
        return _json(kind)
    return _PARAMETRIC[kind.name](kind) if kind.name in _PARAMETRIC and kind.arguments else None
