"""Keep what is known of a call whose outcome is not. No input or output here."""

from __future__ import annotations

from typing import Any

from bytehouse_raw.plan import Plan

from ..errors import ByteHouseError, OutcomeUnknown, ResponseDecodeError
from .model import Observation, Outcome, Probe, Verdict

__all__ = ["UnresolvedCall"]


class UnresolvedCall:
    """Keep what is known of a call whose answer was lost, over the looks that may settle it.

    Attributes:
        lost: What came instead of an answer.
        state: Word of the service for where it stands, if a look has found one.
        waits: How often it was found under way.
    """

    def __init__(self, plan: Plan[Any], lost: ByteHouseError) -> None:
        from .probes import probes_for

        self.lost = lost
        self.state: str | None = None
        self.waits = 0
        self._statement = plan.operation.id in ("submit_sync_query", "submit_async_query")
        self._looks = list(probes_for(plan))
        self._seen: list[str] = []

    @property
    def look(self) -> Probe | None:
        """The look to take next; None if nothing more can be looked at."""
        while self._looks and self._looks[0].once_known and self.state is None:
            del self._looks[0]
        return self._looks[0] if self._looks else None

    def judge(self, observed: Observation) -> Verdict:
        """Say what a look amounts to; if that is unclear, the next look is due.

        Raises:
            ResponseDecodeError: The answer to the look cannot be understood.
        """
        verdict = self._looks[0].judge(observed)
        self.state = verdict.state or self.state
        if verdict.outcome is Outcome.UNDER_WAY:
            self.waits += 1
            return verdict
        if verdict.seen and verdict.seen not in self._seen:
            self._seen.append(verdict.seen)
        if verdict.outcome is Outcome.UNCLEAR:
            del self._looks[0]
        return verdict

    def blinded(self, error: ByteHouseError) -> None:
        """Take note that a look failed; the next one is due."""
        self._seen.append(f"a look failed ({error.message})")
        del self._looks[0]

    def error(self) -> ByteHouseError:
        """Return the error that says what is known."""
        seen = "; ".join(self._seen) or (f"its state was {self.state}" if self.state else "")
        if isinstance(self.lost, ResponseDecodeError):
            # The service said that it was done.
            self.lost.hint = f"{self.lost.hint} A look says: {seen}." if seen else self.lost.hint
            return self.lost
        again = "It was not sent again, so that nothing happens twice. Probe before you do."
        error = OutcomeUnknown(
            f"{self.lost.message}, and whether it took effect is not known"
            + (f": {seen}" if seen else ""),
            hint=again if not self._statement else f"{again} `query_id` names the statement.",
        )
        error.state = self.state
        error.__cause__ = self.lost if self.lost.raw_response else None
        return error
