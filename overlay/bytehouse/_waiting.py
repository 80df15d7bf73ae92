"""Keep the time of a wait: how long it may last, and how long to pause between polls."""

from __future__ import annotations

import logging

from ._clock import Clock
from ._config import parse_setting
from ._errors import ConfigError, InvalidArgument
from ._options import Seconds

__all__ = ["Waiting"]

log = logging.getLogger("bytehouse")


class Waiting:
    """Keep the time of one wait.

    Attributes:
        timeout: Seconds that it may last.
        grace: Seconds in which something just made may not be visible yet.
        state: Last state that was seen.
    """

    grace = 5.0
    _first_pause = 0.1
    _longest_pause = 5.0
    _growth = 1.5

    def __init__(self, timeout: Seconds, clock: Clock) -> None:
        try:
            self.timeout: float = parse_setting("timeout", timeout)
        except ConfigError as error:
            raise InvalidArgument(error.message) from None
        self.state: str | None = None
        self._clock = clock
        self._began = clock.monotonic()
        self._pause = self._first_pause

    @property
    def elapsed(self) -> float:
        """Seconds since the wait began."""
        return self._clock.monotonic() - self._began

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.elapsed >= self.timeout

    def pause(self) -> float:
        """Return how long to pause now; each pause is longer than the one before, up to a bound."""
        pause = min(self._pause, max(0.0, self.timeout - self.elapsed))
        self._pause = min(self._longest_pause, self._pause * self._growth)
        return pause

    def lost(self, error: Exception) -> None:
        """Take note of a poll that failed for a reason that may pass."""
        log.info("a poll failed and is made again: %s", error)
