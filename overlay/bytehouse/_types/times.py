"""Check dates and times against their types, and write them as the engine reads them in VALUES.

What has a time zone is written as a number, which is one moment whatever the zone of the server;
what has none, in a column that has none, is the text that the server reads in its own zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import repeat
from typing import Any
from zoneinfo import ZoneInfo

from bytehouse_raw.types import Timestamp

from .codecs import precision_of, zone_of
from .parse import ColumnType
from .values import Literals, Scalar, Unfit, not_of_type, shown

__all__ = ["DATETIME_SECONDS", "DATE_RANGES", "moment_scalar", "nanosecond_of", "zone_info"]

DATE_RANGES = {
    "Date": (date(1970, 1, 1), date(2149, 6, 6)),
    "Date32": (date(1900, 1, 1), date(2299, 12, 31)),
}
# Seconds since 1970; of nanoseconds, 64 bits hold less.
DATETIME_SECONDS = {
    "DateTime": (0, 2**32 - 1),
    "DateTime64": (-2208988800, 10413791999),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of local times
_SECOND = timedelta(seconds=1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d(?::\d\d(?::\d\d)?)?)(?:[.,](\d{1,9}))?)?"
    r" ?(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_TIME = re.compile(r"([+-]?)(\d{1,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?", re.ASCII)


def nanosecond_of(value: datetime) -> int:
    """Return the nanoseconds within the second."""
    # Ours counts the nanoseconds of the second, pandas' those of the last microsecond.
    beyond = int(getattr(value, "nanosecond", 0))
    return beyond if isinstance(value, Timestamp) else value.microsecond * 1000 + beyond


def zone_info(kind: ColumnType) -> tzinfo | None:
    """Return the time zone of a type; None if it has none, or one that this machine lacks."""
    name = zone_of(kind)
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def _moment(value: Any) -> tuple[datetime, int]:
    """Return a moment to the second, and its nanoseconds."""
    match value:
        case datetime():
            return datetime.replace(_as_datetime(value), microsecond=0), nanosecond_of(value)
        case date():
            return datetime.combine(value, time()), 0
        case str():
            text = value
        case _ if type(value).__name__ == "datetime64":
            text = str(value)
        case _:
            text = ""
    found = _ISO.fullmatch(text)
    if found is None:
        raise not_of_type(value, "a date and time")
    day, clock, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{zone or ''}")
    except ValueError as error:
        raise Unfit(f"{shown(value)} is not a date and time: {error}") from None
    return moment, int(f"{fraction or 0:0<9}")


def _as_datetime(value: datetime) -> datetime:
    """Return a subclass's value as a datetime: those of pandas calculate differently."""
    if type(value) is datetime:
        return value
    return datetime.combine(date(value.year, value.month, value.day), datetime.timetz(value))


def _date(name: str) -> Scalar:
    low, high = DATE_RANGES[name]

    def write(value: Any) -> str:
        day = value
        if isinstance(value, str) and not _DATE.fullmatch(value):
            raise not_of_type(value, "a date, YYYY-MM-DD")
        if not isinstance(value, date) or isinstance(value, datetime):
            moment, nanosecond = _moment(value)
            if moment.tzinfo or nanosecond or moment.time() != time():
                raise Unfit(f"{shown(value)} is a moment and not a date")
            day = moment.date()
        if not low <= day <= high:
            raise Unfit(f"{shown(value)} is outside {low} to {high}")
        return f"'{day.isoformat()}'"

    def bulk(values: list[Any], types: set[type]) -> Literals | None:
        if types == {date} and low <= min(values) and max(values) <= high:
            return [f"'{value}'" for value in values]
        return None

    return Scalar(
        write,
        bulk,
        lambda text: f"to{name}({text})",
        lambda text: date.fromisoformat(text[1:-1]),
        lambda values, types: (
            values if types == {date} and low <= min(values) and max(values) <= high else None
        ),
    )


def _seconds(moment: datetime, zone: tzinfo | None, value: object) -> int | None:
    """Return the seconds since 1970; None of a moment without a zone where the column has none."""
    if moment.tzinfo is None:
        if zone is None:
            return None
        if type(value).__name__ == "datetime64":
            raise Unfit(f"{shown(value)} has no time zone, and the column has {zone}")
        local, moment = moment, moment.replace(tzinfo=zone)
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
            raise Unfit(f"{shown(value)} does not exist in {zone}, whose clocks skip it")
    return (moment - _EPOCH) // _SECOND


def _ticks(text: str, digits: int, zone: tzinfo | None) -> int:
    """Return the number that a literal stands for: of what has no time zone, in one.

    Args:
        text: The literal.
        digits: Digits of a second that the number counts.
        zone: The time zone; None if this machine does not know it.
    """
    if not text.startswith("'"):
        return int(text)
    if zone is None:
        raise Unfit(f"{text} is in a time zone whose rules this machine lacks")
    moment, nanosecond = _moment(text[1:-1])
    seconds = _seconds(moment, zone, text)
    ticks: int = (seconds or 0) * 10**digits + nanosecond // 10 ** (9 - digits)
    return ticks


def _datetime(kind: ColumnType, server: tzinfo) -> Scalar:
    zone, name = zone_info(kind), zone_of(kind)
    low, high = DATETIME_SECONDS["DateTime"]
    first, last = (_naive(bound) for bound in (low, high))

    def write(value: Any) -> str:
        seconds: int | None
        if isinstance(value, int) and not isinstance(value, bool):
            moment, seconds = first, value
        else:
            moment, nanosecond = _moment(value)
            if nanosecond:
                raise Unfit(f"{shown(value)} has a fraction of a second")
            seconds = _seconds(moment, zone, value)
        if not (low <= seconds <= high if seconds is not None else first <= moment <= last):
            raise Unfit(f"{shown(value)} is outside {first} to {last}")
        return f"'{moment}'" if seconds is None else str(seconds)

    def bulk(values: list[Any], types: set[type]) -> Literals | None:
        return _usual_moments(values, types, zone, 0, (low, high))

    return Scalar(
        write,
        bulk,
        lambda text: f"toDateTime({text}{_argument(name)})",
        lambda text: _ticks(text, 0, zone if name else server),
        lambda values, types: _usual_ticks(values, bulk(values, types), 0, server),
    )


def _usual_moments(
    values: list[datetime],
    types: set[type],
    zone: tzinfo | None,
    digits: int,
    bounds: tuple[int, int],
) -> Literals | None:
    """Return the literals of datetimes that all have a time zone, or none like their column."""
    if types != {datetime}:
        return None
    if values[0].tzinfo is None:
        return None if zone else _usual_naive_moments(values, digits, bounds)
    step = 10 ** max(6 - digits, 0)
    if any(value.tzinfo is None or value.microsecond % step for value in values):
        return None
    since = [value - _EPOCH for value in values]
    seconds = [passed.days * 86400 + passed.seconds for passed in since]
    if not (bounds[0] <= min(seconds) and max(seconds) <= bounds[1]):
        return None
    factor = 10 ** max(digits - 6, 0)
    return [
        str((whole * 10**6 + passed.microseconds) // step * factor)
        for whole, passed in zip(seconds, since, strict=True)
    ]


def _usual_naive_moments(
    values: list[datetime], digits: int, bounds: tuple[int, int]
) -> Literals | None:
    texts = list(map(datetime.isoformat, values, repeat(" ")))
    # Other lengths have a time zone, or microseconds where there can be none.
    if not {*map(len, texts)} <= ({19, 26} if digits else {19}):
        return None
    if not str(_naive(bounds[0])) <= min(texts) <= max(texts) <= str(_naive(bounds[1])):
        return None
    step = 10 ** max(6 - digits, 0)
    if digits and any(value.microsecond % step for value in values):
        return None
    return [f"'{text[: 20 + digits]}'" for text in texts] if digits else [f"'{t}'" for t in texts]


def _usual_ticks(
    values: list[datetime], literals: Literals | None, digits: int, server: tzinfo
) -> list[int] | None:
    """Return the numbers that the literals of `_usual_moments` stand for."""
    if literals is None:
        return None
    if values[0].tzinfo is not None:
        return list(map(int, literals))
    factor, step, whole = 10**digits, 10 ** max(6 - digits, 0), 10 ** max(digits - 6, 0)
    found = []
    for value in values:
        aware = value.replace(tzinfo=server)
        offset, later = aware.utcoffset(), aware.replace(fold=1).utcoffset()
        if offset is None or later is None or offset < later:
            return None  # perhaps skipped by the clocks there
        passed = value - _NAIVE_EPOCH - offset
        seconds = passed.days * 86400 + passed.seconds
        found.append(seconds * factor + value.microsecond // step * whole)
    return found


def _naive(seconds: int) -> datetime:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None)


def _argument(zone: str | None) -> str:
    return f", '{zone}'" if zone else ""


def _datetime64(kind: ColumnType, server: tzinfo) -> Scalar:
    zone, name, digits = zone_info(kind), zone_of(kind), precision_of(kind)
    low, high = DATETIME_SECONDS["DateTime64"]
    high = min(high, (2**63 - 1) // 10**digits)
    first, last = (_naive(bound) for bound in (low, high))
    unit = 10 ** (9 - digits)

    def write(value: Any) -> str:
        if isinstance(value, str) and re.fullmatch(r"\d+", value):
            raise not_of_type(value, "a date and time")
        moment, nanosecond = _moment(value)
        if nanosecond % unit:
            raise Unfit(f"{shown(value)} has more than {digits} digits of a second")
        seconds = _seconds(moment, zone, value)
        whole = seconds if seconds is not None else (moment.replace(tzinfo=UTC) - _EPOCH) // _SECOND
        number = whole * 10**digits + nanosecond // unit
        if not low <= whole <= high or number > 2**63 - 1:
            raise Unfit(f"{shown(value)} is outside {first} to {last}")
        if seconds is None:
            fraction = f".{nanosecond // unit:0{digits}}" if digits else ""
            return f"'{moment}{fraction}'"
        return str(number)

    def bulk(values: list[Any], types: set[type]) -> Literals | None:
        # Those in the last second may be beyond it.
        return _usual_moments(values, types, zone, digits, (low, high - 1))

    return Scalar(
        write,
        bulk,
        lambda text: _datetime64_call(text, digits, name),
        lambda text: _ticks(text, digits, zone if name else server),
        lambda values, types: _usual_ticks(values, bulk(values, types), digits, server),
    )


def _datetime64_call(text: str, digits: int, zone: str | None) -> str:
    if text.startswith("'"):
        return f"toDateTime64({text}, {digits}{_argument(zone)})"
    unit, whole = next(
        (unit, whole)
        for unit, whole in (("Milli", 3), ("Micro", 6), ("Nano", 9))
        if digits <= whole
    )
    number = int(text) * 10 ** (whole - digits)
    return f"fromUnixTimestamp64{unit}(toInt64({number}){_argument(zone or 'UTC')})"


def _time(kind: ColumnType) -> Scalar:
    digits = int(kind.arguments[0].name) if kind.arguments else 0
    if kind.name == "Time64" and not kind.arguments:
        digits = 3
    unit = 10 ** (9 - digits)

    def write(value: Any) -> str:
        sign, seconds, nanosecond = _clock(value)
        if nanosecond % unit:
            raise Unfit(f"{shown(value)} has more than {digits} digits of a second")
        if seconds > 999 * 3600 + 3599:
            raise Unfit(f"{shown(value)} is outside -999:59:59 to 999:59:59")
        minutes, second = divmod(seconds, 60)
        fraction = f".{nanosecond // unit:0{digits}}" if digits else ""
        return f"'{sign}{minutes // 60:02}:{minutes % 60:02}:{second:02}{fraction}'"

    return Scalar(write, in_call=lambda text: f"CAST({text}, '{kind}')", parse=lambda t: t[1:-1])


def _clock(value: Any) -> tuple[str, int, int]:
    """Return the sign, seconds and nanoseconds of a time of day or a duration."""
    match value:
        case timedelta():
            microseconds = abs(value) // timedelta(microseconds=1)
            nanosecond = microseconds % 10**6 * 1000 + int(getattr(value, "nanoseconds", 0))
            return "-" if value < timedelta() else "", microseconds // 10**6, nanosecond
        case time() if value.tzinfo is None:
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return "", seconds, value.microsecond * 1000
        case str() if found := _TIME.fullmatch(value):
            hours, minutes, second = map(int, found.group(2, 3, 4))
            sign = found[1].replace("+", "")
            return sign, (hours * 60 + minutes) * 60 + second, int(f"{found[5] or 0:0<9}")
        case _:
            raise not_of_type(value, "a time of day")


_SCALARS: dict[str, Callable[[ColumnType, tzinfo], Scalar]] = {
    "Date": lambda kind, _: _date(kind.name),
    "Date32": lambda kind, _: _date(kind.name),
    "DateTime": _datetime,
    "DateTime64": _datetime64,
    "Time": lambda kind, _: _time(kind),
    "Time64": lambda kind, _: _time(kind),
}


def moment_scalar(kind: ColumnType, server: tzinfo = UTC) -> Scalar | None:
    """Return how dates and times are written; None if the type is none of them.

    Args:
        kind: The type.
        server: Time zone of the server, for values without one in columns without one.
    """
    return _SCALARS[kind.name](kind, server) if kind.name in _SCALARS else None
