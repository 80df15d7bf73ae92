"""Recover a call whose response was lost: what to probe next, and what is known so far. No I/O."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import RawResponse

from .._api.routing import object_is_missing
from ..errors import APIError, ByteHouseError, ResponseDecodeError
from .model import Observation, Outcome, Probe, Verdict, outcome_unknown


class Recovery:
    """Keep the probes that are still to be sent, and what the earlier ones found.

    Attributes:
        failure: The error of the attempt whose response was lost.
        state: The service's name for the state of a query, if a probe has found one.
        repeats: How many probes found that it is not decided yet: the query runs, or what was asked
            for is not done and may still be.
    """

    def __init__(self, plan: Plan[Any], failure: ByteHouseError) -> None:
        from .probes import probes_for  # its models cost time, and most programs lose no response

        self.failure = failure
        self.state: str | None = None
        self.repeats = 0
        self._may_arrive = False
        self._is_statement = plan.operation.id in ("submit_sync_query", "submit_async_query")
        self._probes: list[Probe] = list(probes_for(plan))
        self._findings: list[str] = []

    @property
    def has_probe(self) -> bool:
        """Whether there is a further probe."""
        return bool(self._probes)

    @property
    def probes_by_resending(self) -> bool:
        """Whether nothing can be read, and only sending the call again shows what became of it."""
        return bool(self._probes) and self._probes[0].plan is None

    def probe_plan(self) -> Plan[Any]:
        """Return the next probe."""
        plan = self._probes[0].plan
        assert plan is not None  # noqa: S101 - else the call itself is sent again
        return plan

    def on_probe_result(self, value: object, raw: RawResponse | None, elapsed: float) -> Verdict:
        """Return the verdict on what a probe returned; if it is unclear, the next probe follows.

        Args:
            value: The decoded response, all entries of a list, or None for an absent object.
            raw: The response to the probe; None if there is none.
            elapsed: Seconds since the call was first sent.
        """
        self._may_arrive = False
        acknowledged = isinstance(self.failure, ResponseDecodeError)
        now = None if raw is None else _date_of(raw)
        try:
            verdict = self._probes[0].judge(Observation(value, now, elapsed, acknowledged))
        except ResponseDecodeError as error:
            return self._skip_probe(error)
        self.state = verdict.state or self.state
        if verdict.outcome is Outcome.RUNNING:
            self.repeats += 1
            return verdict
        if verdict.finding and verdict.finding not in self._findings:
            self._findings.append(verdict.finding)
        if verdict.outcome is Outcome.UNCLEAR:
            self._next_probe()
        return verdict

    def on_probe_failure(self, error: ByteHouseError, elapsed: float) -> Verdict:
        """Return the verdict on a probe that failed: the object is absent, or nothing is clear."""
        if isinstance(error, APIError) and object_is_missing(error):
            return self.on_probe_result(None, error.raw_response, elapsed)
        return self._skip_probe(error)

    def judge_last_attempt(self) -> Verdict:
        """Return the verdict where nothing can be read: a 404 for a repeated delete means that the
        object is gone."""
        missing = isinstance(self.failure, APIError) and object_is_missing(self.failure)
        return self.on_probe_result(None if missing else self.failure, None, 0.0)

    def await_arrival(self) -> None:
        """Note that the request may still arrive, so that the same probe is sent again."""
        self.repeats += 1
        self._may_arrive = True

    def error(self, *, timed_out: bool = False) -> ByteHouseError:
        """Return the error with all that is known.

        Args:
            timed_out: Whether there is no time left, whatever the failure was.
        """
        findings = "; ".join(
            self._findings + ["the request may still arrive"] * self._may_arrive
        ) or (f"its state was {self.state}" if self.state else "")
        if isinstance(self.failure, ResponseDecodeError):
            # The service has reported that it was done.
            if findings:
                self.failure.hint = f"{self.failure.hint} A probe found: {findings}."
            return self.failure
        timed_out = timed_out or getattr(self.failure, "timed_out", False)
        error = outcome_unknown(self.failure.message, findings, timed_out=timed_out)
        if self._is_statement:
            error.hint += " `query_id` identifies the statement."
        error.state = self.state
        error.__cause__ = self.failure if self.failure.raw_response else None
        return error

    def _skip_probe(self, error: ByteHouseError) -> Verdict:
        state = f"; its state was {self.state}" if self.state else ""
        self._findings.append(f"a probe failed ({error.message}){state}")
        self._next_probe()
        return Verdict(Outcome.UNCLEAR)

    def _next_probe(self) -> None:
        del self._probes[0]
        while self._probes and self._probes[0].needs_state and self.state is None:
            del self._probes[0]


def _date_of(raw: RawResponse) -> float | None:
    """Return the time, in seconds since 1970, at which the service dates its response."""
    try:
        return parsedate_to_datetime(raw.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
