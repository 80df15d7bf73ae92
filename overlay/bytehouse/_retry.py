"""Decide whether a call is sent again, and when. Small functions that each decide one thing; no
clock, no network."""

from __future__ import annotations

import attrs

from bytehouse_raw.operations import Operation

__all__ = ["Cause", "RetryPolicy", "may_repeat"]

_UNAVAILABLE = frozenset({502, 503, 504})


@attrs.frozen
class Cause:
    """Say why an attempt gave no result.

    Attributes:
        sent: Whether the request may have reached the service.
        status: HTTP status of a refusal; None if no answer came.
        retry_after: Seconds that the service asked to wait.
    """

    sent: bool
    status: int | None = None
    retry_after: float | None = None


def may_repeat(operation: Operation, cause: Cause) -> bool:
    """Tell whether sending again can do no harm and might do good.

    What was certainly not sent, or refused with 429, had no effect, so anything may be sent again.
    An unknown outcome (no answer, or a gateway's 502, 503 or 504) allows only reads and idempotent
    operations.
    """
    if not cause.sent or cause.status == 429:
        return True
    if cause.status is not None and cause.status not in _UNAVAILABLE:
        return False
    return operation.retry in ("read", "idempotent")


@attrs.frozen
class RetryPolicy:
    """Say how often and how patiently a call is sent again.

    Attributes:
        first_pause: Upper bound of the first pause, in seconds; each further bound is twice the one
            before.
        longest_pause: Upper bound of any pause that we choose, in seconds.
        longest_wait: How long a Retry-After is honoured, in seconds.
    """

    first_pause: float = 0.25
    longest_pause: float = 8.0
    longest_wait: float = 60.0

    def pause(self, attempt: int, cause: Cause, fraction: float) -> float:
        """Return the seconds to wait after an attempt (the first is 1); `fraction` spreads callers
        (full jitter)."""
        bound = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt - 1, 30))
        pause = bound * fraction
        if cause.retry_after is not None:
            pause = max(pause, min(cause.retry_after, self.longest_wait))
        return pause
