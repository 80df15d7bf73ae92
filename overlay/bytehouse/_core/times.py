"""Parse timestamps and durations as people write them, and format them as the API takes them.

Pure: the present time is an argument.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from fractions import Fraction
from itertools import pairwise
from typing import NoReturn, TypeGuard

from bytehouse_raw.types import Timestamp

from ..errors import InvalidArgument

Duration = timedelta | str
TimestampInput = datetime | date | timedelta | str

_SECOND = 10**9
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,  # the micro sign
    "\u03bcs": 10**3,  # the Greek letter, which looks the same; Go knows both
    "ms": 10**6,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
    "d": 86_400 * _SECOND,
    "w": 7 * 86_400 * _SECOND,
}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h|d|w)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_GO_MAX_NANOSECONDS = 2**63 - 1  # Go counts nanoseconds in 64 bits
_MAX_LENGTH = 64
_MOST_DAYS = timedelta(days=400)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DEFAULTS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 - a zone is the text's
_OFFSET_FROM_NAME = re.compile(r"[A-Za-z]\s*[+-]\d")  # UTC+3: ahead of UTC, or in POSIX behind it
_FRACTION = re.compile(r"(\d{2}:\d{2}:\d{2}|T\d{6})[.,](\d+)")


def go_duration(value: Duration, what: str = "duration") -> str:
    """Return a duration as Go's ``time.ParseDuration`` reads it.

    Args:
        value: A timedelta; or a string such as ``1h30m``, ``90s`` or ``1.5h``, which is sent
            unchanged. Days (``7d``) and weeks (``2w``), which Go lacks, are sent as seconds.
        what: Name of the argument, for the error.

    Raises:
        InvalidArgument: It is not a duration, negative, or longer than Go can count (292 years).
    """
    nanoseconds = _nanoseconds(value, what)
    if nanoseconds > _GO_MAX_NANOSECONDS:
        raise InvalidArgument(f"{what} is longer than 292 years, which the service cannot count.")
    if isinstance(value, str) and not set(value) & {"d", "w"}:
        return value.strip()
    seconds, rest = divmod(nanoseconds, _SECOND)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{seconds}{fraction}s"


def to_timedelta(value: Duration, what: str) -> timedelta:
    """Return a duration as a timedelta, to the microsecond.

    Raises:
        InvalidArgument: It is not a duration, is negative, or is longer than a timedelta can be.
    """
    if isinstance(value, timedelta) and value >= timedelta(0):
        return value
    try:
        return timedelta(microseconds=_nanoseconds(value, what) // 1000)
    except OverflowError:
        raise InvalidArgument(f"{what} is too long: {value!r}.") from None


def whole_days(value: int | Duration, what: str) -> int:
    """Return a duration as whole days; nothing is rounded.

    Args:
        value: A number of days, a timedelta, or a string such as ``90d`` or ``2w``.
        what: Name of the argument, for the error.

    Raises:
        InvalidArgument: It is less than one day, or not a whole number of them.
    """
    if isinstance(value, int):
        count, rest = int(value), int(isinstance(value, bool))
    else:
        count, rest = divmod(_nanoseconds(value, what), _UNITS["d"])
    if rest or count < 1:
        raise InvalidArgument(
            f"{what} must be whole days, at least one; not {value!r}. The service counts in days."
        )
    return count


def _nanoseconds(value: Duration, what: str) -> int:
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise InvalidArgument(f"{what} must not be negative: {value!r}.")
        return value // timedelta(microseconds=1) * 1000
    text = value.strip() if isinstance(value, str) else ""
    if text == "0":
        return 0  # the one number that Go takes without a unit
    if len(text) > _MAX_LENGTH or not _DURATION.fullmatch(text):
        raise InvalidArgument(
            f"{what} is {value!r}; give a timedelta or a string such as '90d', '1h30m' or '45s'."
        )
    total = sum(Fraction(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if total.denominator != 1:
        raise InvalidArgument(f"{what} is finer than a nanosecond: {value!r}.")
    return int(total)


def to_rfc3339(value: TimestampInput, now: float, what: str) -> str:
    """Return a timestamp in UTC, in RFC 3339 such as ``2021-11-23T09:23:55.840932013Z``.

    Args:
        value: An aware datetime; a date, which is its midnight in UTC; a string with a zone, in
            ISO 8601 or another unambiguous format, whose fraction of a second is kept to the
            nanosecond; a string that is a date; or a duration (timedelta, ``7d``) before now.
        now: Seconds since 1970.
        what: Name of the argument, for the error.

    Raises:
        InvalidArgument: It is not a timestamp, has no zone, or is ambiguous.
    """
    try:
        if isinstance(value, timedelta) or _is_duration(value):
            return _rfc3339(datetime.fromtimestamp(now, UTC) - to_timedelta(value, what))
        if isinstance(value, Timestamp):
            return _from_string(str(value), what)  # its string is exact, its fields are not
        if isinstance(value, datetime):
            if value.utcoffset() is None:
                _refuse_naive(value, what)
            # Some libraries' datetimes have nanoseconds, and show them in their ISO format.
            return _from_string(value.astimezone(UTC).isoformat(), what)
        if isinstance(value, date):
            return f"{value.isoformat()}T00:00:00Z"
        if isinstance(value, str):
            return _from_string(value.strip(), what)
    except OverflowError:
        raise InvalidArgument(f"{what} is outside the years 1 to 9999: {value!r}.") from None
    raise InvalidArgument(
        f"{what} is {value!r}; give a datetime with a zone, a date, a string, or a duration such "
        "as '7d'."
    )


def time_range(start: TimestampInput, end: TimestampInput | None, now: float) -> tuple[str, str]:
    """Return start and end of a time range, in the format of RFC 3339; the end is now if not given.

    Raises:
        InvalidArgument: One of them is not a timestamp, or the start is not before the end.
    """
    begins = to_rfc3339(start, now, "start")
    ends = to_rfc3339(timedelta(0) if end is None else end, now, "end")
    if _key(begins) >= _key(ends):
        raise InvalidArgument(f"start ({begins}) must be before end ({ends}).")
    return begins, ends


def day_ranges(begins: str, ends: str) -> list[tuple[str, str]]:
    """Return a time range in the format of RFC 3339, cut at each midnight in UTC.

    Raises:
        InvalidArgument: There are more than 400 days.
    """
    midnight = datetime.combine(date.fromisoformat(begins[:10]), time.min, UTC)
    last = datetime.fromisoformat(ends[:19]).replace(tzinfo=UTC)
    if last - midnight > _MOST_DAYS:
        raise InvalidArgument(
            "daily=True sends a request for each day, of at most 400.",
            hint="Choose a later start, or leave out daily.",
        )
    cuts = [begins]
    while _key(cut := _rfc3339(midnight := midnight + timedelta(days=1))) < _key(ends):
        cuts.append(cut)
    return list(pairwise([*cuts, ends]))


def _is_duration(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _DURATION.fullmatch(value.strip()) is not None


def _key(text: str) -> tuple[str, str]:
    whole, _, fraction = text.rstrip("Z").partition(".")
    return whole, fraction.ljust(9, "0")


def _from_string(text: str, what: str) -> str:
    if _DATE.fullmatch(text):
        text += "T00:00:00Z"
    fraction = _FRACTION.search(text)
    if fraction and len(fraction[2]) > 9:
        raise InvalidArgument(f"{what} is finer than a nanosecond: {text!r}.")
    # The parsers stop at microseconds; no zone changes a fraction, so it can bypass them.
    whole = _FRACTION.sub(r"\1", text, count=1)
    found = _parse(whole, what)
    if found.utcoffset() is None:
        _refuse_naive(text, what)
    return _rfc3339(found, fraction[2] if fraction else "")


def _parse(text: str, what: str) -> datetime:
    from dateutil import parser  # imported only if a string is given

    try:
        return parser.isoparse(text)
    except ValueError:
        return _parse_unambiguous(text, what)


def _parse_unambiguous(text: str, what: str) -> datetime:
    """Parse a string that is not ISO 8601, if it is unambiguous."""
    from dateutil import parser

    readings: set[datetime] = set()
    try:
        for day_first in (False, True):
            # What the string leaves out is taken from the default: two defaults show that it does.
            for default in _DEFAULTS:
                readings.add(parser.parse(text, default=default, dayfirst=day_first, tzinfos=_zone))
    except (ValueError, OverflowError):
        readings.clear()
    if len(readings) != 1 or _OFFSET_FROM_NAME.search(text):
        problem = "is ambiguous" if readings else "is not a known time format"
        raise InvalidArgument(
            f"{what} {problem}: {text!r}.", hint="Write it as 2021-11-23T09:23:55Z."
        )
    return readings.pop()


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    if name is None and offset is None:
        return None
    # Other names of zones mean different things in different places.
    if name in (None, "UTC", "GMT", "Z", "z"):
        return timezone(timedelta(seconds=offset or 0))
    raise ValueError(name)


def _rfc3339(value: datetime, fraction: str = "") -> str:
    value = value.astimezone(UTC)
    fraction = fraction or (f"{value.microsecond:06d}" if value.microsecond else "")
    return f"{value.replace(microsecond=0, tzinfo=None).isoformat()}{fraction and '.' + fraction}Z"


def _refuse_naive(value: object, what: str) -> NoReturn:
    raise InvalidArgument(
        f"{what} has no time zone: {value!r}.",
        hint="Add one: datetime(..., tzinfo=timezone.utc), or a string that ends with Z or +08:00. "
        "As UTC or as local time, it could be hours off.",
    )
