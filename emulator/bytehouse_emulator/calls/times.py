"""Read durations and periods from parameters."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Final

from bytehouse_emulator.errors import EmulatorError, invalid
from bytehouse_emulator.simulation.clock import MINUTE, SECOND

_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek mu
    "ms": 1_000_000,
    "s": SECOND,
    "m": MINUTE,
    "h": 60 * MINUTE,
}
_NUMBER: Final = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_PART: Final = re.compile(_NUMBER + f"({'|'.join(_UNITS)})")
_DURATION: Final = re.compile(f"(?:{_PART.pattern})+")
_MAX_INT64: Final = (1 << 63) - 1
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)"
)


def read_duration(name: str, text: str) -> int:
    """Read a Go duration above 0, such as `1h30m` and `1.5s`, in nanoseconds."""
    # Go takes a sign and a bare 0 as well, but neither is of any use here.
    if len(text) <= 100 and _DURATION.fullmatch(text):
        found = int(sum(Decimal(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
        if 0 < found <= _MAX_INT64:
            return found
    raise EmulatorError(
        400,
        "Parameter_InvalidDuration",
        f"The query parameter {name!r} must be a Go duration above 0 such as 1h, 90m or 1h30m, not"
        f" {text[:40]!r}.",
    )


def read_period(start: str, end: str) -> tuple[int, int]:
    """Read the two ends of a period in RFC 3339, in nanoseconds."""
    first, last = _read_time("startTime", start), _read_time("endTime", end)
    if first > last:
        raise invalid("Usage", "startTime must not be after endTime.")
    return first, last


def _read_time(name: str, text: str) -> int:
    match = _TIME.fullmatch(text)
    try:
        if match:
            seconds = int(datetime.fromisoformat(match.group(1) + match.group(3)).timestamp())
            return seconds * SECOND + int((match.group(2) or "0").ljust(9, "0"))
    except (ValueError, OverflowError):
        pass
    raise invalid("Usage", f"{name} must be a time in RFC 3339, not {text[:60]!r}.")
