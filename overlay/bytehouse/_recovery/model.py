"""The words in which `_readback.py` says what to look at after a lost answer, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import attrs

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

__all__ = ["TOLERANCE", "Observation", "Outcome", "Probe", "Verdict"]

# A date in an answer is in whole seconds, and servers renew it once a second: two seconds behind at
# most, and one for what else there is between two clocks.
TOLERANCE = 3.0


class Outcome(Enum):
    """Say what a look found."""

    DONE = "done"
    NOT_DONE = "not done"
    UNDER_WAY = "under way"
    FAILED = "failed"
    CONFLICT = "conflict"
    UNCLEAR = "unclear"


@attrs.frozen
class Verdict:
    """Hold what a look amounts to.

    Attributes:
        outcome: The outcome.
        seen: What was seen, in words.
        document: What the lost answer would have held, if it was done; None if the look's own
            answer holds that.
        state: Word of the service for where it stands, if it has one.
    """

    outcome: Outcome
    seen: str = ""
    document: Mapping[str, Any] | None = attrs.field(factory=dict)
    state: str | None = None


@attrs.frozen
class Observation:
    """Hold what a look sees.

    Attributes:
        value: The decoded answer, or all entries of a list; None if the service says that it is not
            there.
        now: Seconds since 1970 by the clock of the service; None if it does not tell.
        elapsed: Seconds since the call was first sent.
        acknowledged: Whether the service has said that the call was done, in an answer whose body
            broke off.
    """

    value: Any
    now: float | None
    elapsed: float
    acknowledged: bool = False

    @property
    def absent(self) -> bool:
        """Whether the service says that it is not there."""
        return self.value is None

    @property
    def live(self) -> Any:
        """What the answer holds in ``data``; None if that is no object."""
        data = getattr(self.value, "data", None)
        return data if isinstance(data, Model) else None

    def lead(self, created: object) -> float | None:
        """Return how many seconds after the call was first sent something was created; None if that
        cannot be told."""
        if not isinstance(created, datetime) or created.tzinfo is None or self.now is None:
            return None
        age = self.now - created.timestamp()
        # From the future: its clock and the one that dates the answer disagree.
        return None if age < -TOLERANCE else self.elapsed - age

    def is_new(self, created: object) -> bool | None:
        """Tell whether something was created since the call was first sent; None if that cannot be
        told."""
        lead = self.lead(created)
        return None if lead is None else lead >= -TOLERANCE


@attrs.frozen
class Probe:
    """Say what to read, and what an observation of it amounts to; without a plan, nothing can be
    read.

    Attributes:
        once_known: Whether it makes sense only if an earlier look has found a state.
    """

    plan: Plan[Any] | None
    judge: Callable[[Observation], Verdict]
    once_known: bool = False
