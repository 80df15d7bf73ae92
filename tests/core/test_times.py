"""Times are sent as RFC 3339 in UTC, spans as Go durations or days; what is unclear is refused."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import InvalidArgument
from bytehouse._core.times import (
    TimestampInput,
    go_duration,
    time_range,
    to_rfc3339,
    to_timedelta,
    whole_days,
)
from bytehouse_raw.types import Timestamp

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC).timestamp()
GO_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
OFFSETS = st.integers(-14 * 60, 14 * 60)
ZONES: st.SearchStrategy[tzinfo] = OFFSETS.map(lambda minutes: timezone(timedelta(minutes=minutes)))
FIRST, LAST = datetime(1900, 1, 2), datetime(2200, 1, 1)


def go_parse(text: str) -> int:
    """Return the nanoseconds of a Go duration, by Go's grammar."""
    parts = re.findall(r"(\d*\.?\d+)(ns|us|\u00b5s|ms|s|m|h)", text)
    assert "".join(number + unit for number, unit in parts) == text
    return int(sum(Decimal(number) * GO_UNITS[unit] for number, unit in parts))


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100_000)))
def test_a_timedelta_keeps_its_length_in_go(value: timedelta) -> None:
    """Go reads exactly the span that was given, to the microsecond."""
    assert go_parse(go_duration(value)) == value // timedelta(microseconds=1) * 1000


@given(
    st.lists(
        st.tuples(st.integers(0, 999), st.sampled_from(sorted(GO_UNITS))), min_size=1, max_size=5
    )
)
def test_a_duration_of_go_is_passed_on_as_it_is(parts: list[tuple[int, str]]) -> None:
    """A string that Go parses is not rewritten, except for blanks around it."""
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert go_duration(f" {text} ") == text


@pytest.mark.parametrize(
    ("value", "sent"),
    [("1h30m", "1h30m"), ("7d", "604800s"), ("1w1d", "691200s"), ("1.5d", "129600s"), ("0", "0"),
     (".5h", ".5h"), ("1d500ms", "86400.5s"),
     (timedelta(minutes=90), "5400s"), (timedelta(0), "0s")],
)  # fmt: skip
def test_days_and_weeks_become_seconds(value: str | timedelta, sent: str) -> None:
    """Go knows no day and no week, so they are sent as seconds."""
    assert go_duration(value) == sent


@pytest.mark.parametrize(
    "value", ["", "5", "-1h", "1h -", "1 h", "1y", "1d" * 33, "9" * 5000 + "h", "0.5ns",
              "99999999h", timedelta(-1), 5, None, "\u0661h"],
)  # fmt: skip
def test_what_go_would_not_read_is_refused(value: object) -> None:
    """A string that is not a span, a negative one, or one beyond Go's range is refused."""
    with pytest.raises(InvalidArgument, match="period"):
        go_duration(value, "period")  # type: ignore[arg-type]


@given(st.integers(1, 100_000))
def test_days_are_the_same_in_every_form(count: int) -> None:
    """A number, a timedelta and a string of the same length give the same days."""
    forms: list[int | timedelta | str] = [
        count,
        timedelta(days=count),
        f"{count}d",
        f"{count * 24}h",
    ]
    assert {whole_days(form, "by") for form in forms} == {count}


@pytest.mark.parametrize(
    "value", [0, -1, True, "12h", "1.5d", timedelta(hours=25), "90", 1.0, None]
)
def test_days_are_never_rounded(value: object) -> None:
    """What is not whole days, at least one, is refused."""
    with pytest.raises(InvalidArgument, match="by"):
        whole_days(value, "by")  # type: ignore[arg-type]


def test_a_span_is_a_timedelta() -> None:
    """A string and a timedelta are the same span; one that is too long is refused."""
    assert (
        to_timedelta("14d", "within")
        == to_timedelta(timedelta(days=14), "within")
        == timedelta(days=14)
    )
    with pytest.raises(InvalidArgument, match="too long"):
        to_timedelta("9999999999d", "within")


@given(st.datetimes(FIRST, LAST, timezones=ZONES))
def test_a_datetime_is_sent_as_the_same_time_in_utc(value: datetime) -> None:
    """What is sent is in UTC, ends with Z, and is the time that was given."""
    sent = to_rfc3339(value, NOW, "start")
    assert sent.endswith("Z")
    assert datetime.fromisoformat(sent) == value


@given(st.datetimes(FIRST, LAST), st.integers(0, 10**9 - 1), st.integers(1, 9), OFFSETS)
def test_a_string_keeps_every_digit_of_its_fraction(
    whole: datetime, nanoseconds: int, digits: int, offset: int
) -> None:
    """Digits of a second are sent as written, whatever the zone; so are those of a Timestamp."""
    fraction = f"{nanoseconds:09d}"[:digits]
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    text = f"{whole.replace(microsecond=0).isoformat()}.{fraction}{zone}"
    sent = to_rfc3339(text, NOW, "start")
    assert sent.endswith(f".{fraction}Z")
    expected = whole.replace(microsecond=0, tzinfo=UTC) - timedelta(minutes=offset)
    assert datetime.fromisoformat(sent.partition(".")[0] + "Z") == expected
    assert to_rfc3339(Timestamp.decode(text), NOW, "start") == sent


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("2021-11-23T09:23:55.840932013Z", "2021-11-23T09:23:55.840932013Z"),
        ("2021-11-23", "2021-11-23T00:00:00Z"),
        (date(2021, 11, 23), "2021-11-23T00:00:00Z"),
        ("2021-11-23 09:23+08:00", "2021-11-23T01:23:00Z"),
        ("20211123T092355,5Z", "2021-11-23T09:23:55.5Z"),
        ("Tue, 23 Nov 2021 09:23:55 GMT", "2021-11-23T09:23:55Z"),
        ("23 November 2021 09:23 +0800", "2021-11-23T01:23:00Z"),
        (datetime(2021, 11, 23, 9, tzinfo=ZoneInfo("Asia/Shanghai")), "2021-11-23T01:00:00Z"),
        ("7d", "2026-04-27T12:30:00Z"),
        (timedelta(hours=1, microseconds=1), "2026-05-04T11:29:59.999999Z"),
    ],
)
def test_a_time_may_be_written_in_many_ways(value: TimestampInput, sent: str) -> None:
    """Each usual form of a time is parsed; a span means that long before now."""
    assert to_rfc3339(value, NOW, "start") == sent


@pytest.mark.parametrize(
    "value",
    ["", "tomorrow", "NaT", "2021-02-30", "2021-11-23T09:23", "23 Nov 2021 09:23", "10:00 UTC",
     "10/11/2021 10:00 UTC", "2021-11-23 10:00 PST", "2021-11-23 10:00 UTC+3", "-7d", "9999999999w",
     "2021-11-23T09:23:55.1234567891Z", datetime(2021, 11, 23), timedelta(-1), 1637659435,
     None, True],
)  # fmt: skip
def test_an_unclear_time_is_refused(value: object) -> None:
    """No zone, two readings, no known form: refused, because a wrong hour would not be noticed."""
    with pytest.raises(InvalidArgument, match="start"):
        to_rfc3339(value, NOW, "start")  # type: ignore[arg-type]


def test_a_window_goes_up_to_now_and_begins_before_it_ends() -> None:
    """Without an end it is now; a start not before the end is refused, to the nanosecond."""
    assert time_range("1h", None, NOW) == ("2026-05-04T11:30:00Z", "2026-05-04T12:30:00Z")
    earlier, later = "2021-01-01T00:00:00Z", "2021-01-01T00:00:00.000000001Z"
    assert time_range(earlier, later, NOW) == (earlier, later)
    for start, end in ((later, earlier), (earlier, earlier.replace("Z", ".00Z")), ("1h", "2h")):
        with pytest.raises(InvalidArgument, match="before"):
            time_range(start, end, NOW)
