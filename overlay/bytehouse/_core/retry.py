"""Decide whether a call is retried, and when. No network and no clock here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count, repeat
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from bytehouse_raw.operations import Operation


UNAVAILABLE = frozenset({502, 503, 504})
"""Statuses after which it is not known whether a call took effect."""


@attrs.frozen
class Cause:
    """Hold why an attempt has no result.

    Attributes:
        sent: Whether the request may have reached the service.
        status: HTTP status of an error; None if no response came.
        retry_after: Seconds that the service asked to wait.
        timed_out: Whether time ran out before a response came.
    """

    sent: bool
    status: int | None = None
    retry_after: float | None = None
    timed_out: bool = False

    @property
    def may_arrive(self) -> bool:
        """Whether the request may still be on its way: nobody has ended its connection or
        responded to it, or a gateway gave up waiting for what it had passed on."""
        return self.status == 504 or (self.sent and self.timed_out)


def may_retry(operation: Operation, cause: Cause) -> bool:
    """Return whether a retry is safe and of use.

    What was certainly not sent, or refused with 429, had no effect, so any operation may be
    retried. An unknown outcome (no response, or a gateway's 502, 503 or 504) allows reads, and
    idempotent operations whose request cannot arrive any more: late, it would undo what has been
    changed since.
    """
    if not cause.sent or cause.status == 429:
        return True
    if cause.status is not None and cause.status not in UNAVAILABLE:
        return False
    return operation.retry == "read" or (operation.retry == "idempotent" and not cause.may_arrive)


@attrs.frozen
class RetryPolicy:
    """Hold how long the pauses between attempts are.

    Attributes:
        first_pause: Upper bound of the first pause, in seconds; each further bound is twice the one
            before.
        longest_pause: Upper bound of any pause that the client chooses, in seconds.
        longest_wait: Upper bound of the pause that a Retry-After asks for, in seconds.
        resend_after: Seconds that pass, after the connection of a request has ended without a
            response, before anything but a read is sent again. What a proxy passes on late
            arrives meanwhile, and a probe finds it.
    """

    first_pause: float = 0.25
    longest_pause: float = 8.0
    longest_wait: float = 60.0
    resend_after: float = 2.0

    def pause(self, attempt: int, cause: Cause, fraction: float) -> float:
        """Return the seconds to wait after an attempt (the first is 1); `fraction`, from 0
        to 1, is the jitter."""
        bound = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt - 1, 30))
        pause = bound * fraction
        if cause.retry_after is not None:
            pause = max(pause, min(cause.retry_after, self.longest_wait))
        return pause


_SUCCESSES_PER_TOKEN = 4


class RetryBudget:
    """Limit the requests that a client and its views send beside the first attempts of their calls.

    A token bucket, full at first. Each further request takes one token; each success refunds 0.25
    tokens. So an outage causes at most the bucket's size of further requests, and in the long run a
    client sends at most five requests for four calls.
    """

    # Each change is one operation of the interpreter: an interrupt would leave a lock locked.

    def __init__(self, size: int) -> None:
        self.size = size
        self._tokens = deque(repeat(None, size), maxlen=size)
        self._successes = count(1)

    def take(self) -> bool:
        """Take a token for one further request; False if none is left."""
        try:
            self._tokens.pop()
        except IndexError:
            return False
        return True

    def refund(self) -> None:
        """Put part of a token back, after a success."""
        if len(self._tokens) < self.size and next(self._successes) % _SUCCESSES_PER_TOKEN == 0:
            self._tokens.append(None)


@attrs.frozen
class Retry:
    """Describe a call that goes on after an attempt without a result, for `on_retry`.

    Attributes:
        operation: Id of the operation.
        method: HTTP method.
        route: Route template, without names of objects.
        attempt: How many times the call has been sent.
        reason: Why there is no result.
        status: HTTP status; None if no response came.
        pause: Seconds until the call goes on.
        probing: Whether a probe is sent next, because the call may have taken effect; it is sent
            again only if it has not.
        elapsed: Seconds since the call began.
        role: Role of the call.
        request_id: Id of the request, if the service gave one.
        query_id: Id of the query, if the call is about one.
    """

    operation: str
    method: str
    route: str
    attempt: int
    reason: str
    status: int | None
    pause: float
    probing: bool
    elapsed: float
    role: str | None
    request_id: str | None
    query_id: str | None


OnRetry = Callable[[Retry], object]
