"""Columns of every type: how the type is written, what it holds, and how Arrow hands that out."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from bytehouse._types.codecs import timestamp_of
from bytehouse_raw.types import Timestamp

__all__ = [
    "KINDS",
    "NESTED",
    "SCALARS",
    "STRINGS",
    "TIMES",
    "Kind",
    "Row",
    "exact",
    "examples",
    "nullable",
    "rows_of",
    "same",
]

Row = tuple[Any, ...]
TIMES = int(os.environ.get("BYTEHOUSE_RESULTS_TIMES", "1"))
TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
# Whatever UTF-8 can hold, control characters and what looks like SQL or JSON among it.
STRINGS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.sampled_from(
        [
            "'",
            "\\",
            "\\'",
            "],[",
            '"],["',
            "--",
            "/*",
            "{x}",
            "%(x)s",
            "$$",
            "NULL",
            "null",
            "\0",
            "\r",
            "a\r\nb",
        ]
    ),
)


def examples(few: int) -> settings:
    """Return settings for so many examples; `make fuzz-results` takes new ones, and 40 times more.

    Each example asks an emulator some times, and what makes a row of so many types fail is told by
    the column, so that none has to be made smaller.
    """
    return settings(
        max_examples=few * TIMES,
        derandomize=TIMES == 1,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def _as_it_is(value: Any) -> Any:
    return value


@attrs.frozen
class Kind:
    """A type of columns.

    Attributes:
        text: The type, as the engine spells it.
        values: What it holds.
        of_arrow: Makes such a value of what Arrow hands out for it.
        nests: Whether other values stand in its own.
    """

    text: str
    values: st.SearchStrategy[Any] = attrs.field(repr=False)
    of_arrow: Callable[[Any], Any] = attrs.field(default=_as_it_is, repr=False)
    nests: bool = False

    def out_of_arrow(self, value: Any) -> Any:
        """Return the value that Arrow hands out as this one."""
        return None if value is None else self.of_arrow(value)


def integers(bits: int, *, signed: bool) -> Kind:
    """Return the integers of a size, the largest and the smallest among them."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    values = st.one_of(st.sampled_from([low, high, 0]), st.integers(low, high))
    return Kind(f"{'' if signed else 'U'}Int{bits}", values, int)


def decimals(digits: int, scale: int) -> Kind:
    """Return the decimals of a size."""
    most = 10**digits - 1
    values = st.integers(-most, most).map(
        lambda number: Decimal((number < 0, tuple(map(int, str(abs(number)))), -scale))
    )
    return Kind(f"Decimal({digits}, {scale})", values, Decimal)


def timestamps(zone: tzinfo | None, first: int, last: int) -> st.SearchStrategy[datetime]:
    """Give timestamps in whole seconds; not those that their zone's clocks show twice."""

    def local(second: int) -> datetime:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
        return moment.astimezone(zone) if zone else moment.replace(tzinfo=None)

    def is_clear(moment: datetime) -> bool:
        return moment.utcoffset() == moment.replace(fold=1).utcoffset()

    return st.integers(first, last).map(local).filter(is_clear).map(lambda m: m.replace(fold=0))


_YEAR = 365 * 86400
_1900, _2105, _2200 = -69 * _YEAR, 135 * _YEAR, 230 * _YEAR


def seconds(zone: ZoneInfo | None) -> Kind:
    """Return the timestamps of a DateTime."""
    name = f"DateTime('{zone}')" if zone else "DateTime"
    return Kind(name, timestamps(zone, 0, _2105), _datetime)


def fractions(digits: int, zone: ZoneInfo | None) -> Kind:
    """Return the timestamps of a DateTime64."""

    def exactly(moment: datetime, fraction: int) -> datetime:
        if digits <= 6:
            return moment.replace(microsecond=fraction * 10 ** (6 - digits))
        text = f"{moment:%Y-%m-%d %H:%M:%S}.{fraction:0{digits}}"
        return timestamp_of(text, moment.tzinfo)

    # Of local times before 1970, zones differ in fractions of a minute.
    first = _1900 if zone in (None, ZoneInfo("UTC")) else 0
    values = st.builds(exactly, timestamps(zone, first, _2200), st.integers(0, 10**digits - 1))
    name = f"DateTime64({digits}, '{zone}')" if zone else f"DateTime64({digits})"
    return Kind(name, values, _datetime if digits <= 6 else _timestamp)


def _datetime(value: Any) -> datetime:
    return value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value  # type: ignore[no-any-return]


def _date(value: Any) -> date:
    return _datetime(value).date() if isinstance(value, datetime) else value


def _timestamp(value: Any) -> Timestamp:
    """Make our nanoseconds of those of pandas."""
    local = value.replace(tzinfo=None)
    return timestamp_of(local.isoformat(timespec="nanoseconds"), value.tzinfo)


FLOAT64 = Kind("Float64", st.floats(width=64))
STRING = Kind("String", STRINGS)
ENUM = Kind("Enum8('x, (y' = -3, 'a' = 1, 'it\\'s' = 2)", st.sampled_from(["a", "it's", "x, (y"]))
DATE = Kind("Date", st.dates(date(1970, 1, 1), date(2149, 6, 6)), _date)
UUIDS = Kind("UUID", st.uuids(), UUID)
IPV6 = st.ip_addresses(v=6).map(int).map(IPv6Address)
FIXED = Kind("FixedString(3)", st.text("ab'\\", min_size=3, max_size=3))
INTEGERS = [integers(b, signed=s) for s in (True, False) for b in (8, 16, 32, 64, 128, 256)]
SCALARS = [
    *INTEGERS,
    FLOAT64,
    STRING,
    ENUM,
    DATE,
    UUIDS,
    FIXED,
    Kind("Float32", st.floats(width=32)),
    Kind("Bool", st.booleans()),
    Kind("Enum16('-- ' = -300, '/*' = 300)", st.sampled_from(["-- ", "/*"])),
    Kind("IPv4", st.ip_addresses(v=4), IPv4Address),
    Kind("IPv6", IPV6, IPv6Address),
    decimals(9, 2),
    decimals(18, 0),
    decimals(38, 10),
    decimals(76, 30),
    Kind("Date32", st.dates(date(1900, 1, 1), date(2299, 12, 31)), _date),
    seconds(None),
    seconds(TOKYO),
    fractions(0, None),
    fractions(3, BERLIN),
    fractions(6, None),
    fractions(9, ZoneInfo("UTC")),
    fractions(9, TOKYO),
]
_KEYS = [*INTEGERS, STRING, ENUM, DATE, UUIDS, FIXED]
_RARE = [STRING, FIXED]


def nullable(kind: Kind) -> Kind:
    """Return a type and NULL."""
    return attrs.evolve(kind, text=f"Nullable({kind.text})", values=st.none() | kind.values)


def few_values(kind: Kind) -> Kind:
    """Return a type in a dictionary of its values."""
    return attrs.evolve(kind, text=f"LowCardinality({kind.text})")


def array(item: Kind) -> Kind:
    """Return arrays."""

    def of_arrow(values: Any) -> Any:
        return [item.out_of_arrow(value) for value in values]

    return Kind(f"Array({item.text})", st.lists(item.values, max_size=3), of_arrow, nests=True)


def mapping(key: Kind, item: Kind) -> Kind:
    """Return maps."""

    def of_arrow(found: Any) -> Any:
        # As pairs, or, of what has been in polars, as objects.
        pairs = (pair.values() if isinstance(pair, dict) else pair for pair in found)
        return {key.out_of_arrow(k): item.out_of_arrow(v) for k, v in pairs}

    values = st.dictionaries(key.values, item.values, max_size=3)
    return Kind(f"Map({key.text}, {item.text})", values, of_arrow, nests=True)


def group(items: Iterable[Kind], names: Iterable[str] = ()) -> Kind:
    """Return tuples, of named elements if there are names."""
    kinds = list(items)
    labels = [f"{name} " for name in names] or [""] * len(kinds)

    def of_arrow(value: Any) -> Any:
        pairs = zip(kinds, value.values(), strict=True)
        return tuple(kind.out_of_arrow(item) for kind, item in pairs)

    text = ", ".join(label + kind.text for label, kind in zip(labels, kinds, strict=True))
    values = st.tuples(*(kind.values for kind in kinds))
    return Kind(f"Tuple({text})", values, of_arrow, nests=True)


_SCALAR = st.sampled_from(SCALARS)
_RARELY = st.sampled_from(_RARE).map(lambda kind: few_values(nullable(kind)))
NESTED = st.recursive(
    _SCALAR | _SCALAR.map(nullable) | _RARELY,
    lambda inner: st.one_of(
        inner.map(array),
        st.builds(mapping, st.sampled_from(_KEYS), inner),
        st.lists(inner, min_size=1, max_size=3).map(group),
        inner.map(lambda kind: group([kind, INTEGERS[0]], ["`an x`", "y"])),
    ),
    max_leaves=4,
).filter(lambda kind: kind.nests)
"""Types that hold others, in any depth."""
KINDS = [
    *SCALARS,
    nullable(FLOAT64),
    nullable(STRING),
    nullable(decimals(76, 30)),
    nullable(seconds(BERLIN)),
    few_values(STRING),
    few_values(nullable(STRING)),
    array(INTEGERS[3]),
    array(nullable(INTEGERS[4])),
    array(array(STRING)),
    array(FLOAT64),
    array(fractions(9, TOKYO)),
    array(few_values(nullable(STRING))),
    group([INTEGERS[0], STRING]),
    group([seconds(TOKYO), nullable(SCALARS[21])], ["at", "who"]),
    mapping(STRING, INTEGERS[3]),
    mapping(INTEGERS[2], array(UUIDS)),
]
"""Every type that holds no others, and some that do."""


def rows_of(kinds: Iterable[Kind], most: int = 3) -> st.SearchStrategy[list[Row]]:
    """Give rows with a column of each type."""
    return st.lists(st.tuples(*(kind.values for kind in kinds)), min_size=1, max_size=most)


def exact(value: Any) -> Any:
    """Return what tells a value from all others: its type, nanoseconds, zone; not the sign of 0."""
    match value:
        case float():
            return "nan" if math.isnan(value) else repr(value + 0.0)
        case Timestamp():
            return value, value.nanosecond, str(value.tzinfo)
        case datetime():
            return value, str(value.tzinfo)
        case list() | tuple():
            return type(value).__name__, [exact(item) for item in value]
        case dict():
            return {exact(key): exact(item) for key, item in value.items()}
        case _:
            return type(value).__name__, value


def same(kinds: Iterable[Kind], found: list[Row], expected: list[Row]) -> None:
    """Fail with the first value that is not as expected, and its type."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for kind, value, wanted in zip(kinds, one, other, strict=True):
            if exact(value) != exact(wanted):
                pytest.fail(f"{kind.text}: {value!r} is not {wanted!r}")
