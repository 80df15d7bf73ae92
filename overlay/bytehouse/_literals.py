"""Write Python values as ClickHouse literals, and bind them into a statement."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from bytehouse_raw.types import Timestamp

from ._errors import InvalidArgument

__all__ = ["Identifier", "bind", "bind_pyformat", "literal"]


class Identifier:
    """Name a database, table or column in a statement, quoted part by part.

    Example:
        bh.query("SELECT * FROM {table}", params={"table": Identifier("sales", "orders")})
    """

    __slots__ = ("parts",)

    def __init__(self, *parts: str) -> None:
        if not parts or not all(isinstance(part, str) and part for part in parts):
            raise InvalidArgument("An identifier needs one name or several, none of them empty.")
        self.parts = parts

    def __str__(self) -> str:
        return ".".join(f"`{_escaped(part, '`')}`" for part in self.parts)

    def __repr__(self) -> str:
        return f"Identifier({', '.join(map(repr, self.parts))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identifier) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)


def _escapes() -> dict[int, str]:
    table = {code: f"\\x{code:02X}" for code in (*range(32), 127)}
    table |= {ord(char): f"\\{name}" for char, name in zip("\b\f\r\n\t\0", "bfrnt0", strict=True)}
    return table | {ord("\\"): "\\\\"}


_ESCAPES = _escapes()


def _escaped(text: str, quote: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidArgument(
                "A text holds a lone surrogate, which UTF-8 cannot write."
            ) from None
    return text.translate(_ESCAPES).replace(quote, "\\" + quote)


@singledispatch
def literal(value: object) -> str:
    """Return the ClickHouse literal of a Python value.

    | Python | ClickHouse |
    |---|---|
    | None, bool | NULL, true / false |
    | int | itself; beyond 64 bits Int128, UInt128, Int256 or UInt256 |
    | float | itself, with nan and inf |
    | Decimal | Decimal of its own scale, exact |
    | str, bytes | String |
    | date | Date, or Date32 outside 1970-2149 |
    | datetime | DateTime64(6) in UTC; without a time zone, in the server's |
    | Timestamp | the same with nine digits |
    | UUID, IPv4Address, IPv6Address | UUID, IPv4, IPv6 |
    | list, tuple, dict | Array, Tuple, Map |
    | NumPy's numbers and arrays | the same of their Python values |
    | Enum | the literal of its value |
    | Identifier | the name, quoted |

    Raises:
        InvalidArgument: The value has no literal.
    """
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        plain = value.tolist()
        # A NumPy moment would become a mere number.
        if str(getattr(value, "dtype", ""))[:9] not in ("datetime6", "timedelta"):
            return literal(plain)
    if type(value).__name__ == "NAType":
        return "NULL"
    raise InvalidArgument(f"A {type(value).__name__} cannot be written as an SQL value.")


@literal.register
def _(value: None) -> str:  # noqa: ARG001 - its type says it all
    return "NULL"


@literal.register
def _(value: bool) -> str:
    return "true" if value else "false"


@literal.register
def _(value: int) -> str:
    # A bare minus could meet another one and begin a comment.
    if -(2**63) <= value < 2**64:
        return str(value) if value >= 0 else f"({value})"
    for name, low, high in (
        ("Int128", -(2**127), 2**127),
        ("UInt128", 0, 2**128),
        ("Int256", -(2**255), 2**255),
        ("UInt256", 0, 2**256),
    ):
        if low <= value < high:
            return f"to{name}('{value}')"
    raise InvalidArgument("An integer of more than 256 bits cannot be written as an SQL value.")


@literal.register
def _(value: float) -> str:
    if math.isnan(value):
        return "nan"
    text = repr(value)
    return f"({text})" if text.startswith("-") else text


@literal.register
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


@literal.register
def _(value: str) -> str:
    if isinstance(value, Enum):
        return literal(value.value)
    return f"'{_escaped(str.__str__(value), chr(39))}'"


@literal.register(bytes)
@literal.register(bytearray)
def _(value: bytes | bytearray) -> str:
    return f"unhex('{value.hex()}')"


@literal.register
def _(value: date) -> str:
    if not 1900 <= value.year <= 2299:
        raise InvalidArgument(f"{value} is outside of what a Date32 can hold, 1900 to 2299.")
    name = "toDate" if date(1970, 1, 1) <= value <= date(2149, 6, 6) else "toDate32"
    return f"{name}('{value.isoformat()}')"


@literal.register
def _(value: datetime) -> str:
    if value != value:  # noqa: PLR0124 - pandas' NaT, a datetime that is none
        return "NULL"
    # Both know nanoseconds: ours of the whole second, pandas' of the last microsecond.
    beyond = getattr(value, "nanosecond", 0)
    exact = isinstance(value, Timestamp)
    nanosecond = beyond if exact else value.microsecond * 1000 + beyond
    digits = 9 if exact or beyond else 6
    zone = ""
    if value.tzinfo is not None:
        value, zone = value.astimezone(UTC), ", 'UTC'"
    if not 1900 <= value.year <= (2299 if digits == 6 else 2261):
        raise InvalidArgument(f"{value} is outside of what a DateTime64({digits}) can hold.")
    moment = f"{value:%Y-%m-%d %H:%M:%S}"
    fraction = f"{nanosecond:09}"[:digits]
    return f"toDateTime64('{moment}.{fraction}', {digits}{zone})"


@literal.register
def _(value: UUID) -> str:
    return f"toUUID('{value}')"


@literal.register(IPv4Address)
@literal.register(IPv6Address)
def _(value: IPv4Address | IPv6Address) -> str:
    return f"toIPv{value.version}('{value}')"


@literal.register
def _(value: Enum) -> str:
    return literal(value.value)


@literal.register
def _(value: list) -> str:  # type: ignore[type-arg]  # what it holds is dispatched one by one
    return f"[{', '.join(map(literal, value))}]"


@literal.register
def _(value: tuple) -> str:  # type: ignore[type-arg]  # the same
    items = ", ".join(map(literal, value))
    return f"({items})" if len(value) > 1 else f"tuple({items})"


@literal.register(dict)
def _(value: Mapping[Any, Any]) -> str:
    return f"map({', '.join(literal(item) for pair in value.items() for item in pair)})"


@literal.register
def _(value: Identifier) -> str:
    return str(value)


# What must be passed over to find a placeholder: texts, quoted names, comments, here-documents.
_TOKEN = re.compile(
    r"""
      '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`\\]|\\.|``)*`
    | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    | (?P<braces>\{\s*(?P<name>[A-Za-z_]\w*)\s*(?::\s*(?P<type>[^{}']*(?:'[^']*'[^{}']*)*))?\})
    | (?P<percent>%\((?P<key>[^()]+)\)s) | %%
    """,
    re.VERBOSE | re.DOTALL,
)


def bind(sql: str, params: Mapping[str, object] | None) -> str:
    """Return a statement with the values of its parameters written into it as literals.

    A parameter is ``{name}``, ``{name:Type}`` (the value is cast to the type) or ``%(name)s``,
    outside of texts, quoted names and comments. Without `params` the statement is returned as it
    is.

    Raises:
        InvalidArgument: A parameter has no value, a value no parameter, or a value no literal.
    """
    if params is None:
        return sql
    if not isinstance(params, Mapping):
        raise InvalidArgument("params must map the names of parameters to values.")
    used: set[str] = set()

    def written(found: re.Match[str]) -> str:
        name = found["name"] or found["key"]
        if name is None:
            return found[0]
        if name not in params:
            known = ", ".join(map(str, params)) or "none"
            raise InvalidArgument(f"The parameter {found[0]} has no value. Given: {known}.")
        used.add(name)
        return _typed(params[name], found["type"], name)

    bound = _TOKEN.sub(written, sql)
    if unused := [str(name) for name in params if name not in used]:
        raise InvalidArgument(f"The statement has no parameter {', '.join(unused)}.")
    return bound


def bind_pyformat(sql: str, params: Mapping[str, object]) -> str:
    """Return a statement with its ``%(name)s`` written out, and ``%%`` as a percent sign.

    This is what tools expect that speak DB-API: braces mean nothing, a percent sign is doubled in
    texts too, and values that the statement does not use are passed over.

    Raises:
        InvalidArgument: A parameter has no value, or a value no literal.
    """
    if not isinstance(params, Mapping):
        raise InvalidArgument("Parameters must be a mapping: the statement names them.")

    def written(found: re.Match[str]) -> str:
        name = found["key"]
        if name is None:
            return found[0].replace("%%", "%")
        if name not in params:
            raise InvalidArgument(f"The parameter {found[0]} has no value.")
        return _typed(params[name], None, name)

    return _TOKEN.sub(written, sql)


def _typed(value: object, type_: str | None, name: str) -> str:
    try:
        if type_ is None:
            return literal(value)
        if type_.strip() == "Identifier":
            return str(value if isinstance(value, Identifier) else Identifier(str(value)))
        return f"CAST({literal(value)} AS {type_.strip()})"
    except InvalidArgument as error:
        raise InvalidArgument(f"The parameter {name}: {error.message}") from None
