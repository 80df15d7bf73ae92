"""The state of a wait: its time limit, the last status, and which errors are tolerated."""

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


def cancel_timeout(limit: float, left: float) -> float:
    """Return how many seconds cancelling something on the service may take.

    That is what is left of the caller's time limit, or else a tenth of it more: it must be enough
    for a distant network, and a service that does not respond must not block the caller for long.

    Args:
        limit: Seconds of the time limit.
        left: Seconds that are left of it.
    """
    return min(_MAX_CANCEL_TIMEOUT, max(_MIN_CANCEL_TIMEOUT, limit / 10, left))


class WaitState:
    """Keep the state of one wait.

    Args:
        timeout: Seconds that it may last.
        clock: Source of time.
        grace: Seconds in which an object just created may not be visible yet.

    Attributes:
        timeout: Seconds that it may last.
        state: Last state that the service returned.
        ended: Whether there is nothing more to wait for: what is waited for has ended, or its state
            cannot be read.
    """

    _first_pause = 0.1
    _longest_pause = 5.0
    _growth = 1.5

    def __init__(self, timeout: Seconds, clock: Clock, grace: float = GRACE) -> None:
        self.timeout = parse_timeout(timeout)
        self.state: str | None = None
        self.ended = False
        self._last_error: ByteHouseError | None = None
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
        """Seconds until the time limit, 0 if it has passed."""
        return max(0.0, self.timeout - self.elapsed)

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
            f"{what} after {self.timeout:g} s{state}{failure}", hint=hint, query_id=query_id
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

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._scope.__exit__(kind, error, traceback)


class Shield:
    """Do nothing: the synchronous counterpart of `AsyncShield`, as nothing cancels a thread."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None
