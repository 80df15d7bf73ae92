"""Check dates and times against their types, and write them as the engine reads them in VALUES.

Timestamps are written as numbers, which are the same moments whatever the zone of the server. What
has no time zone is one of the column's zone, or of the server's if the column has none either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import repeat
from operator import attrgetter, sub
from typing import Any
from zoneinfo import ZoneInfo

from bytehouse_raw.types import Timestamp

from .codecs import precision_of, zone_of
from .parse import ColumnType
from .values import Scalar, Unfit, not_of_type, number_literals, shown

__all__ = [
    "DATETIME_SECONDS",
    "DATE_RANGES",
    "moment_scalar",
    "nanosecond_of",
    "zone_info",
    "zone_named",
]

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
        return zone_named(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def zone_named(name: str) -> tzinfo:
    """Return a time zone; raise KeyError, ValueError or OSError if this machine lacks it."""
    return UTC if name in ("UTC", "Etc/UTC") else ZoneInfo(name)


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
        return f"'{date.isoformat(day)}'"

    def bulk(values: list[Any], types: set[type]) -> list[str] | None:
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


def _seconds(moment: datetime, zone: tzinfo | None, value: object) -> int:
    """Return the seconds since 1970; a moment without a time zone is one of `zone`."""
    if moment.tzinfo is None:
        if zone is None:
            raise Unfit(f"{shown(value)} is in a time zone whose rules this machine lacks")
        moment = moment.replace(tzinfo=zone)
    # Where clocks are put forward, the offset before is that of fold=0.
    before, after = (moment.replace(fold=fold).utcoffset() for fold in (0, 1))
    if before is not None and after is not None and before < after:
        raise Unfit(f"{shown(value)} does not exist in {moment.tzinfo}, whose clocks skip it")
    return (moment - _EPOCH) // _SECOND


@lru_cache(maxsize=1 << 12)
def _offset_on(day: date, zone: tzinfo) -> timedelta | None:
    """Return the offset of a time zone on a day; None if its clocks change on it."""
    if day == date.max:
        return None
    begin, end = (
        datetime.combine(one, time(), zone).utcoffset() for one in (day, day + timedelta(days=1))
    )
    return begin if begin == end else None


def _ticks(values: list[datetime], server: tzinfo | None, step: int) -> list[int] | None:
    """Return the time since 1970 of datetimes with the same time zone, or all without one.

    None if they are not, or one is on a day on which the clocks of the zone change.

    Args:
        values: The datetimes.
        server: The time zone of those without one; None if it is unknown.
        step: The unit of the result, in microseconds; None is returned if one is no multiple of it.
    """
    if any(map(step.__rmod__, set(map(attrgetter("microsecond"), values)))):
        return None
    own, epoch = values[0].tzinfo, _EPOCH
    zone = own or server
    if own is not None and len(set(map(id, map(attrgetter("tzinfo"), values)))) > 1:
        return None
    if isinstance(zone, timezone):
        offsets: set[timedelta | None] = {zone.utcoffset(None)}
    elif isinstance(zone, ZoneInfo):
        offsets = {_offset_on(day, zone) for day in set(map(datetime.date, values))}
    else:
        return None
    if None in offsets:
        return None
    if own is None and len(offsets) == 1:
        epoch = _EPOCH.replace(tzinfo=None) + next(filter(None, offsets), timedelta())
    elif own is None:
        values = [value.replace(tzinfo=zone) for value in values]
    try:
        return _since(map(sub, values, repeat(epoch)), step)
    except TypeError:
        return None  # some have a time zone


def _since(durations: Iterable[timedelta], step: int) -> list[int]:
    """Return how long durations are, in units of so many microseconds."""
    per_second = 10**6 // step
    if per_second == 1:
        return [one.days * 86400 + one.seconds for one in durations]
    return [
        (one.days * 86400 + one.seconds) * per_second + one.microseconds // step
        for one in durations
    ]


def _timestamp(kind: ColumnType, server: tzinfo) -> Scalar:
    digits = precision_of(kind)
    zone = zone_info(kind) if zone_of(kind) else server
    low, high = DATETIME_SECONDS[kind.name]
    least, most = low * 10**digits, min((high + 1) * 10**digits, 2**63) - 1
    first, last = (
        (_EPOCH + timedelta(seconds=bound // 10**digits)).replace(tzinfo=None)
        for bound in (least, most)
    )
    unit, step = 10 ** (9 - digits), 10 ** max(6 - digits, 0)

    def number(value: Any) -> int:
        if kind.name == "DateTime" and isinstance(value, int) and not isinstance(value, bool):
            found = int(value)
        else:
            moment, nanosecond = _moment(value)
            if nanosecond % unit:
                few = f"more than {digits} digits" if digits else "a fraction"
                raise Unfit(f"{shown(value)} has {few} of a second")
            found = _seconds(moment, zone, value) * 10**digits + nanosecond // unit
        if not least <= found <= most:
            raise Unfit(f"{shown(value)} is outside {first} to {last} in UTC")
        return found

    def numbers(values: list[Any], types: set[type]) -> list[int] | None:
        found = _ticks(values, zone, step) if types == {datetime} else None
        if found is None:
            return None
        if digits > 6:
            found = [each * 10 ** (digits - 6) for each in found]
        return found if least <= min(found) and max(found) <= most else None

    def bulk(values: list[Any], types: set[type]) -> list[str] | None:
        found = numbers(values, types)
        return None if found is None else number_literals(found)

    return Scalar(
        lambda value: str(number(value)),
        bulk,
        lambda text: _timestamp_call(kind, int(text)),
        int,
        numbers,
    )


def _timestamp_call(kind: ColumnType, number: int) -> str:
    """Return a timestamp as the call of a function."""
    zone, digits = zone_of(kind), precision_of(kind)
    if kind.name == "DateTime":
        return f"toDateTime({number}, '{zone}')" if zone else f"toDateTime({number})"
    unit, whole = next(
        (unit, whole)
        for unit, whole in (("Milli", 3), ("Micro", 6), ("Nano", 9))
        if digits <= whole
    )
    number *= 10 ** (whole - digits)
    return f"fromUnixTimestamp64{unit}(toInt64({number}), '{zone or 'UTC'}')"


def _time(kind: ColumnType) -> Scalar:
    digits = precision_of(kind)
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
            size = abs(value)
            seconds = size.days * 86400 + size.seconds
            nanosecond = size.microseconds * 1000 + int(getattr(size, "nanoseconds", 0))
            return "-" if value < timedelta() else "", seconds, nanosecond
        case time() if value.tzinfo is None:
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return "", seconds, value.microsecond * 1000
        case str() if found := _TIME.fullmatch(value):
            hours, minutes, second = map(int, found.group(2, 3, 4))
            sign = found[1].replace("+", "")
            return sign, (hours * 60 + minutes) * 60 + second, int(f"{found[5] or 0:0<9}")
        case _ if type(value).__name__ == "timedelta64" and isinstance(value.item(), timedelta):
            return _clock(value.item())
        case _ if str(getattr(value, "dtype", "")) == "timedelta64[ns]":
            return "-" if value.item() < 0 else "", *divmod(abs(value.item()), 10**9)
        case _:
            raise not_of_type(value, "a time of day")


_SCALARS: dict[str, Callable[[ColumnType, tzinfo], Scalar]] = {
    "Date": lambda kind, _: _date(kind.name),
    "Date32": lambda kind, _: _date(kind.name),
    "DateTime": _timestamp,
    "DateTime64": _timestamp,
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
