"""The state of a wait: its time limit, the last status, and which errors are tolerated."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from .._core.clock import Clock
from .._core.config import parse_setting
from .._core.options import CallOptions, Seconds
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


T = TypeVar("T")
AsyncFetch = Callable[[CallOptions], Awaitable[T]]
Fetch = Callable[[CallOptions], T]

log = logging.getLogger("bytehouse")


def parse_timeout(timeout: Seconds) -> float:
    """Return how many seconds a wait may last.

    Raises:
        InvalidArgument: It is not a duration above zero.
    """
    try:
        return float(parse_setting("timeout", timeout))
    except ConfigError as error:
        raise InvalidArgument(error.message) from None


GRACE = 5.0
"""Seconds in which an object just created may not be visible yet."""
_MAX_CANCEL_TIMEOUT = 5.0
_MIN_CANCEL_TIMEOUT = 0.2
_SHORTEST_CALL = 0.001


class TimeLimit:
    """Know how much of some seconds is left, and divide it among calls.

    Args:
        clock: Source of time.
        seconds: Seconds from now.

    Attributes:
        seconds: Seconds in all.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.seconds = seconds
        self._clock = clock
        self._began = clock.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds that have passed."""
        return self._clock.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds that are left; 0 if the time is up."""
        return max(0.0, self.seconds - self.elapsed)

    def options(self, options: CallOptions, share: float = 1.0) -> CallOptions:
        """Return options for a call that may take a share, 0 to 1, of the time that is left."""
        seconds = max(_SHORTEST_CALL, self.left * share)
        return {**options, "timeout": seconds, "deadline": seconds}

    def for_cancelling(self) -> TimeLimit:
        """Return the time limit for cancelling something on the service.

        That is what is left of the caller's time limit, or else a tenth of it more: it must be
        enough for a distant network, and a service that does not respond must not block the caller
        for long.
        """
        seconds = max(_MIN_CANCEL_TIMEOUT, self.seconds / 10, self.left)
        return TimeLimit(self._clock, min(_MAX_CANCEL_TIMEOUT, seconds))


class WaitState(TimeLimit):
    """Keep the state of one wait.

    Args:
        timeout: Seconds that it may last.
        clock: Source of time.
        grace: Seconds in which an object just created may not be visible yet.

    Attributes:
        state: Last state that the service returned.
        ended: Whether there is nothing more to wait for: what is waited for has ended, or its state
            cannot be read.
    """

    _first_pause = 0.1
    _longest_pause = 5.0
    _growth = 1.5

    def __init__(self, timeout: Seconds, clock: Clock, grace: float = GRACE) -> None:
        super().__init__(clock, parse_timeout(timeout))
        self.state: str | None = None
        self.ended = False
        self._last_error: ByteHouseError | None = None
        self._grace = grace
        self._pause = self._first_pause

    def pause(self) -> float:
        """Return the next pause, in seconds; each is longer than the one before, up to a limit."""
        pause = min(self._pause, self.left)
        self._pause = min(self._longest_pause, self._pause * self._growth)
        return pause

    def record(self, state: object, phase: Phase) -> None:
        """Record a status."""
        self.state = None if state is None else str(state)
        self.ended = phase is not Phase.RUNNING
        self._last_error = None

    def tolerates(self, error: ByteHouseError) -> bool:
        """Return whether a poll that failed is repeated, because its error may be temporary."""
        if isinstance(error, NotFound):
            # An object just created may not be visible everywhere yet; later the error is final.
            temporary = self.elapsed < self._grace
        elif isinstance(error, ServerError):
            temporary = error.status != 501
        else:
            temporary = isinstance(error, TransportError | RateLimited)
        if temporary:
            log.info("a poll failed and is repeated: %s", error)
            self._last_error = error
        else:
            self.ended = True
        return temporary

    def timed_out(self, what: str, *, hint: str, query_id: str | None = None) -> TimedOut:
        """Return the error for a wait that was not over within its time limit."""
        state = f", last seen {self.state}" if self.state else ""
        failure = f"; the last poll failed: {self._last_error.message}" if self._last_error else ""
        error = TimedOut(
            f"{what} after {self.seconds:g} s{state}{failure}", hint=hint, query_id=query_id
        )
        error.state = self.state
        return error


class AsyncShield:
    """Let a block finish in a task whose cancel scope has been cancelled already.

    Such a scope (of anyio, which web frameworks use) cancels everything that is awaited in it from
    then on, also clean-up.
    """

    _scope: CancelScope

    async def __aenter__(self) -> None:
        from anyio import CancelScope

        self._scope = CancelScope(shield=True)
        self._scope.__enter__()

    async def __aexit__(self, *error: Any) -> None:
        self._scope.__exit__(*error)


Shield = nullcontext
"""The synchronous counterpart of `AsyncShield`: nothing cancels a thread."""
