"""What is probed after a lost response, what a probe observes, and the verdict on that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import attrs

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

from .._api.engine_errors import engine_code
from ..errors import APIError, Conflict, OutcomeUnknown, QueryFailed

# The Date of a response is in whole seconds, and servers renew it once a second: two seconds behind
# at most, and one for what else there is between two clocks.
TOLERANCE = 3.0
MAX_PAGES = 100
"""Pages of a list that one probe reads."""


class Outcome(Enum):
    """Name what a probe found."""

    DONE = "done"
    NOT_DONE = "not done"
    RUNNING = "running"
    FAILED = "failed"
    CONFLICT = "conflict"
    UNCLEAR = "unclear"


@attrs.frozen
class Verdict:
    """Hold what follows from an observation.

    Attributes:
        outcome: The outcome.
        finding: What was found, as a clause of a message.
        document: What the lost response would have held, if the call was done; None if that is the
            response to the probe.
        state: The service's name for the state of a query, if it gave one.
    """

    outcome: Outcome
    finding: str = ""
    document: Mapping[str, Any] | None = attrs.field(factory=dict)
    state: str | None = None

    def error(self) -> APIError:
        """Return the error of a call that ended in a conflict or failed."""
        if self.outcome is Outcome.CONFLICT:
            hint = "The response to the call was lost; a probe found this."
            return Conflict(self.finding, hint=hint)
        failed = QueryFailed(self.finding)
        failed.code = engine_code(self.finding) or self.state or ""
        return failed


@attrs.frozen
class Observation:
    """Hold what a probe returned.

    Attributes:
        value: The decoded response, or all entries of a list; None if the service says that there
            is no such object.
        now: Seconds since 1970 by the clock of the service; None if it gave none.
        elapsed: Seconds since the call was first sent.
        acknowledged: Whether the service has reported that the call was done, in a response whose
            body was truncated.
    """

    value: Any
    now: float | None
    elapsed: float
    acknowledged: bool = False

    @property
    def absent(self) -> bool:
        """Whether the service says that there is no such object."""
        return self.value is None

    @property
    def live(self) -> Any:
        """The object in the response's ``data``; None if that is no object."""
        data = getattr(self.value, "data", None)
        return data if isinstance(data, Model) else None

    def seconds_after_call(self, created: object) -> float | None:
        """Return how many seconds after the call was first sent something was created; negative if
        before, None if that is not known."""
        if not isinstance(created, datetime) or created.tzinfo is None or self.now is None:
            return None
        age = self.now - created.timestamp()
        # From the future: its clock and the one that dates the response disagree.
        return None if age < -TOLERANCE else self.elapsed - age

    def is_new(self, created: object) -> bool | None:
        """Return whether something was created since the call was first sent; None if that is not
        known."""
        seconds = self.seconds_after_call(created)
        return None if seconds is None else seconds >= -TOLERANCE


@attrs.frozen
class Probe:
    """Hold what to read and how to judge it.

    Attributes:
        plan: What to send; None if nothing can be read, and the call itself is sent again.
        judge: Returns the verdict on an observation.
        needs_state: Whether it is of use only if an earlier probe has found a state.
    """

    plan: Plan[Any] | None
    judge: Callable[[Observation], Verdict]
    needs_state: bool = False


def outcome_unknown(reason: str, findings: str = "", *, timed_out: bool = False) -> OutcomeUnknown:
    """Return the error of a call that may have taken effect.

    Args:
        reason: Why there is no response.
        findings: What probes have found.
        timed_out: Whether the time limit of the call has ended it.
    """
    message = f"{reason}, and whether the call took effect is not known"
    error = OutcomeUnknown(
        f"{message}: {findings}" if findings else message,
        hint="The client did not retry the call, because that might apply it twice. Check whether "
        "it took effect before you repeat it.",
    )
    error.timed_out = timed_out
    return error
