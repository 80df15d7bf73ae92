"""Tell the time as the service writes it: RFC 3339 with nine fractional digits."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
DAY: Final = 86_400 * SECOND
# Nothing can be dated later: the nanoseconds of what is kept take 64 bits, which end in 2554.
LATEST: Final = int(datetime(2500, 1, 1, tzinfo=UTC).timestamp()) * SECOND


class Clock:
    """A clock; everything in the emulator that asks for the time asks it.

    It can be put forward, never back. A reset or a restart puts it right again.
    """

    def __init__(self) -> None:
        self._ahead = 0

    def nanoseconds(self) -> int:
        """Answer with the nanoseconds since 1970."""
        return time.time_ns() + self._ahead

    def now(self) -> str:
        """Answer with the time as text."""
        return timestamp(self.nanoseconds())

    def advance(self, nanoseconds: int) -> None:
        """Put the clock forward."""
        self._ahead += nanoseconds

    def reset(self) -> None:
        """Put the clock right."""
        self._ahead = 0

    @property
    def ahead(self) -> int:
        """Answer with how many nanoseconds the clock is ahead."""
        return self._ahead


def timestamp(nanoseconds: int) -> str:
    """Write a time as text."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
