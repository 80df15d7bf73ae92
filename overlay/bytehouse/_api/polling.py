"""Keep what a wait needs beside asking: its time, what was seen last, and which errors may pass."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TYPE_CHECKING

from .._core.clock import Clock
from .._core.config import parse_setting
from .._core.options import Seconds
from ..errors import (
    ByteHouseError,
    ConfigError,
    InvalidArgument,
    NotFound,
    RateLimited,
    ServerError,
    TimedOut,
    TransportError,
)
from .status import Phase

if TYPE_CHECKING:
    from anyio import CancelScope

__all__ = ["GRACE", "AsyncShield", "Shield", "Waiting", "cancel_timeout", "parse_timeout"]

log = logging.getLogger("bytehouse")


def parse_timeout(timeout: Seconds) -> float:
    """Return how many seconds a wait may last.

    Raises:
        InvalidArgument: It is no time, or none at all.
    """
    try:
        return float(parse_setting("timeout", timeout))
    except ConfigError as error:
        raise InvalidArgument(error.message) from None


GRACE = 5.0
_LONGEST_STOP = 5.0
_SHORTEST_STOP = 0.2


def cancel_timeout(limit: float, left: float) -> float:
    """Return how many seconds stopping something on the service may take.

    That is what is left of the time of whoever gave up, or else a tenth of it more: it must be
    enough for a far network, and a service that is silent must not hold anyone for long.

    Args:
        limit: Seconds that there were in all.
        left: Seconds that are left.
    """
    return min(_LONGEST_STOP, max(_SHORTEST_STOP, limit / 10, left))


class Waiting:
    """Keep the state of one wait.

    Args:
        timeout: Seconds that it may last.
        clock: Clock to go by.
        grace: Seconds in which something just made may not be visible yet.

    Attributes:
        timeout: Seconds that it may last.
        state: Last state that was seen.
        ended: Whether the service has spoken: what is waited for has ended, or cannot be asked
            about.
    """

    _first_pause = 0.1
    _longest_pause = 5.0
    _growth = 1.5

    def __init__(self, timeout: Seconds, clock: Clock, grace: float = GRACE) -> None:
        self.timeout = parse_timeout(timeout)
        self.state: str | None = None
        self.ended = False
        self._lost: ByteHouseError | None = None
        self._clock = clock
        self._grace = grace
        self._began = clock.monotonic()
        self._pause = self._first_pause

    @property
    def elapsed(self) -> float:
        """Seconds since the wait began."""
        return self._clock.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds until the time is up, 0 if it is."""
        return max(0.0, self.timeout - self.elapsed)

    def pause(self) -> float:
        """Return how long to pause now; each pause is longer than the one before, up to a bound."""
        pause = min(self._pause, self.left)
        self._pause = min(self._longest_pause, self._pause * self._growth)
        return pause

    def saw(self, state: object, phase: Phase) -> None:
        """Take note of an answer."""
        self.state = None if state is None else str(state)
        self.ended = phase is not Phase.RUNNING
        self._lost = None

    def survives(self, error: ByteHouseError) -> bool:
        """Tell whether a poll that failed is made again, because its reason may pass."""
        if isinstance(error, NotFound):
            # Just made, something may not be visible everywhere yet; later the answer is final.
            passes = self.elapsed < self._grace
        elif isinstance(error, ServerError):
            passes = error.status != 501
        else:
            passes = isinstance(error, TransportError | RateLimited)
        if passes:
            log.info("a poll failed and is made again: %s", error)
            self._lost = error
        else:
            self.ended = True
        return passes

    def timed_out(self, what: str, *, hint: str, query_id: str | None = None) -> TimedOut:
        """Return the error that says that the time was up before the wait was over."""
        seen = f", last seen {self.state}" if self.state else ""
        lost = f"; the last poll failed: {self._lost.message}" if self._lost else ""
        error = TimedOut(
            f"{what} after {self.timeout:g} s{seen}{lost}", hint=hint, query_id=query_id
        )
        error.state = self.state
        return error


class AsyncShield:
    """Let a block run to its end in a task whose cancel scope has been cancelled already.

    Such a scope (of anyio, which web frameworks build on) cancels everything that is awaited in it
    from then on, cleaning up included.
    """

    _scope: CancelScope

    async def __aenter__(self) -> None:
        from anyio import CancelScope

        self._scope = CancelScope(shield=True)
        self._scope.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._scope.__exit__(kind, error, traceback)


class Shield:
    """Do nothing: the synchronous twin of `AsyncShield`, as nothing cancels a thread."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None
