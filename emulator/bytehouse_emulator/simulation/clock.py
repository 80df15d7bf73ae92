"""The emulator's clock, and timestamps as the service writes them: RFC 3339 with nanoseconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
# The latest possible time: stored nanoseconds take 64 bits, which end in 2554.
LATEST: Final = int(datetime(2500, 1, 1, tzinfo=UTC).timestamp()) * SECOND


class Clock:
    """A clock that can be put forward, never back, until it is reset; a restart leaves it ahead.

    Whatever in the emulator needs the time takes it from here.
    """

    def __init__(self, ahead: int, store: Callable[[int], object]) -> None:
        self.ahead = ahead
        """How many nanoseconds it is ahead of the machine's clock."""
        self._store = store

    def nanoseconds(self) -> int:
        """Return the nanoseconds since 1970."""
        return time.time_ns() + self.ahead

    def now(self) -> str:
        """Return the time as a timestamp."""
        return timestamp(self.nanoseconds())

    def advance(self, nanoseconds: int) -> None:
        """Put the clock forward."""
        self.ahead += nanoseconds
        self._store(self.ahead)

    def reset(self) -> None:
        """Set the clock to the machine's."""
        self.ahead = 0
        self._store(0)


def timestamp(nanoseconds: int) -> str:
    """Format nanoseconds since 1970."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
