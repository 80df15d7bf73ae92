"""Read durations as Go writes them, such as `1h30m` and `1.5s`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from .._errors import EmulatorError

_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_NUMBER: Final = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_PART: Final = re.compile(_NUMBER + f"({'|'.join(_UNITS)})")
_WHOLE: Final = re.compile(f"(?:{_PART.pattern})+")
_LONGEST: Final = (1 << 63) - 1


def nanoseconds(name: str, text: str) -> int:
    """Read the duration that a parameter holds; it must be above 0."""
    # Go takes a sign and a bare 0 as well, but neither is of any use here.
    if len(text) <= 100 and _WHOLE.fullmatch(text):
        found = int(sum(Decimal(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
        if 0 < found <= _LONGEST:
            return found
    raise EmulatorError(
        400,
        "Parameter_InvalidDuration",
        f"The query parameter {name!r} must be a Go duration above 0 such as 1h, 90m or 1h30m, not"
        f" {text[:40]!r}.",
    )
