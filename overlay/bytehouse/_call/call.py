"""One call from plan to result, without input or output of its own.

`send` of a client, in either flavour, is the loop around it: take the next request, send it, and
report the response or the failure.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model, RawResponse

from .._api.routing import fill
from .._core import json
from .._core.options import CallOptions, Options
from .._core.retry import UNAVAILABLE, Cause, may_retry
from .._core.secrets import secrets_in
from .._recovery.model import MAX_PAGES, Outcome, Verdict
from .._recovery.recovery import Recovery
from .._transport.models import Request, Response, TransportFailure
from ..errors import (
    APIError,
    ByteHouseError,
    Conflict,
    InvalidArgument,
    InvalidRequest,
    NotFound,
    QueryFailed,
    ResponseDecodeError,
    TimedOut,
    TransportError,
)
from .body_errors import BodyErrors
from .call_context import TIMED_OUT_HINT, CallContext
from .redaction import Redaction, SecretMask
from .request import ClickHouseBody, PreparedRequest
from .responses import decode, error_in, raw_response
from .telemetry import CallTelemetry

if TYPE_CHECKING:
    from .._transport.async_transport import AsyncResponseStream
    from .._transport.sync_transport import ResponseStream
    from .context import Settings


T = TypeVar("T")


def _require_plan(plan: object) -> None:
    if not isinstance(plan, Plan):
        raise InvalidArgument(
            f"send takes a plan, such as list_databases.plan(), not {plan!r}.",
            hint="The modules of bytehouse_raw.api make them.",
        )


class Call(Generic[T]):
    """Decide what follows each attempt of one call.

    Attributes:
        done: Whether the call has its result.
        unresolved: Whether the call may have taken effect, and a probe may resolve that.
        pause: Seconds to wait before the call goes on.
        telemetry: What is logged, traced and measured of it.
        stream: Body of a success that is still to be read; None if there is none.

    Args:
        settings: What all calls of the client share.
        options: Options of the call.
        plan: What to send.
        streamed: Whether the body of a success is to be read piece by piece.
        clickhouse: The body, where that goes to the ClickHouse interface.

    Raises:
        InvalidArgument: The call cannot be sent.
    """

    def __init__(
        self,
        settings: Settings,
        options: Options,
        plan: Plan[T],
        *,
        streamed: bool = False,
        clickhouse: ClickHouseBody | None = None,
    ) -> None:
        _require_plan(plan)
        self.done = False
        self.unresolved = False
        self.pause = 0.0
        self.stream: ResponseStream | AsyncResponseStream | None = None
        self._settings = settings
        self._options = options
        self._plan = plan
        self._operation = plan.operation
        self._streamed = streamed
        secrets = (*options.secrets, *secrets_in(plan.body), *secrets_in(plan.headers))
        self._redaction = Redaction(map(SecretMask, secrets))
        self._recovery: Recovery | None = None
        self._document: Mapping[str, Any] = {}
        route = settings.routes.route(self._operation)
        path = fill(route, self._operation, plan.path)
        self._context = CallContext(settings, options, plan, route, path, redaction=self._redaction)
        try:
            self._request = PreparedRequest(
                settings, options, plan, route.method, path, clickhouse=clickhouse
            )
        except InvalidArgument as error:
            self._context.add_to(error)
            raise
        self._began = settings.clock.monotonic()
        self._ends = self._began + options.deadline - options.spent
        # By the time that the service sees too: a clock that is given may jump over pauses.
        self._created_at = time.monotonic()
        # Until then, in seconds of the clock, an earlier attempt may still arrive.
        self._arrives_until = self._began
        self.telemetry = CallTelemetry(settings.clock, options.on_retry, self._context)

    @property
    def raw(self) -> RawResponse | None:
        """The last response; without its body, if that is read piece by piece."""
        return self._context.raw

    def request(self) -> Request:
        """Return the next attempt.

        Raises:
            TimedOut: The deadline has passed.
            OutcomeUnknown: It has, and an earlier attempt may have taken effect.
        """
        remaining = self._remaining
        if remaining <= 0:
            message = f"the deadline of {self._options.deadline:g} s passed"
            timed_out = TimedOut(message, hint=TIMED_OUT_HINT)
            lost = self._recovery and self._recovery.error(timed_out=True)
            raise self._context.add_to(lost or timed_out)
        self._context.attempts += 1
        self._context.raw = None
        credential = self._settings.credential(self._options)
        self._redaction.add(credential.mask)
        timeout = min(remaining, self._options.timeout)
        return self._request.attempt(credential, timeout, streamed=self._streamed)

    def on_response(self, response: Response) -> None:
        """Process a response: the call is `done`, or `unresolved`, or continues after `pause`.

        Raises:
            APIError: The API returned an error that is final.
            ResponseDecodeError: The response cannot be decoded.
            OutcomeUnknown: Whether the call took effect is not known, and there is nothing to
                probe.
        """
        # A service may repeat what it was sent; no error and no result may contain a secret.
        response = self._redaction.response(response)
        self._context.raw = raw_response(response, self._context.attempts)
        self.telemetry.on_response()
        if response.stream is not None:
            self.stream = response.stream
            self._finish({})
            return
        try:
            document = decode(response) if 200 <= response.status < 300 else None
        except ResponseDecodeError as undecodable:
            self._on_undecodable(response, self._context.add_to(undecodable))
            return
        error = error_in(response, document, self._settings.clock.now(), self._operation)
        if error is None:
            self._finish(document or {})
        elif response.status < 300:
            raise self._context.api_error(error)
        else:
            self._on_api_error(self._context.api_error(error))

    def on_failure(self, failure: TransportFailure) -> None:
        """Process an attempt without a response: the call is `unresolved`, or continues after
        `pause`.

        Raises:
            TransportError: The call ends here.
        """
        failure.args = (self._redaction.text(str(failure)),)
        self.telemetry.on_failure(str(failure))
        cause = Cause(failure.sent, timed_out=failure.timed_out)
        self._note_loss(cause)
        if self._retry(cause, str(failure)):
            return
        error = self._context.transport_error(failure)
        if failure.sent and self._operation.retry == "read-back":
            self._recover(error)
        elif self._recovery is not None:
            raise self._context.add_to(self._recovery.error()) from error
        else:
            raise error

    @property
    def probe_plan(self) -> Plan[Any]:
        """The call that may resolve an `unresolved` one."""
        return self._active_recovery.probe_plan()

    def probe_options(self, pages: int = 0) -> CallOptions:
        """Return the options to send a probe with.

        Args:
            pages: How many pages of a list the probe has read already. Each further one takes a
                request from the retry budget, and what is left of the deadline.

        Raises:
            TransportError: No further page may be read.
        """
        if pages and self._remaining <= 0:
            raise TimedOut(f"the deadline passed after {pages} pages of a list")
        if pages >= MAX_PAGES or (pages and not self._settings.budget.take()):
            raise TransportError(f"a list has more than {pages} pages")
        return {
            "role": self._options.role,
            "headers": self._options.headers,
            "max_retries": self._options.max_retries,
            "deadline": max(self._remaining, 0.001),
        }

    def on_probe_result(self, value: object, raw: RawResponse | None) -> None:
        """Process what a probe returned: the call is `done`, still `unresolved`, or is sent again.

        Args:
            value: The decoded response, or all entries of a list.
            raw: The response to the probe.

        Raises:
            ByteHouseError: The call ends here.
        """
        elapsed = time.monotonic() - self._created_at
        self._apply_verdict(self._active_recovery.on_probe_result(value, raw, elapsed), raw)

    def on_probe_failure(self, error: ByteHouseError) -> None:
        """Process a probe that failed.

        Raises:
            ByteHouseError: The call ends here.
        """
        elapsed = time.monotonic() - self._created_at
        verdict = self._active_recovery.on_probe_failure(error, elapsed)
        self._apply_verdict(verdict, error.raw_response)

    def explain(self, error: ByteHouseError) -> ByteHouseError:
        """Return an error with what is known of the call."""
        return self._context.add_to(error)

    def result(self) -> T:
        """Return the result of a call that is done."""
        result = self._plan.decode(self._document)
        if isinstance(result, Model) and self.raw is not None:
            result.received(self.raw)
        return result

    def body_errors(self) -> BodyErrors:
        """Return the factory of errors that are raised while the body is streamed."""
        assert self.raw is not None  # noqa: S101 - the call is done
        return BodyErrors(self.raw, self._redaction, self._context)

    @property
    def _remaining(self) -> float:
        return self._ends - self._settings.clock.monotonic()

    @property
    def _active_recovery(self) -> Recovery:
        assert self._recovery is not None  # noqa: S101 - only an unresolved call is probed
        return self._recovery

    def _finish(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.done, self.unresolved = True, False
        self._settings.budget.refund()

    def _on_undecodable(self, response: Response, error: ResponseDecodeError) -> None:
        """Process a success whose body cannot be decoded. It took effect."""
        if response.complete or response.refused:
            raise error
        # Only a truncated body can be complete on a retry.
        retry = self._operation.retry
        if retry == "read-back":
            self._recover(error)
        elif retry != "read" or not self._retry(Cause(sent=True), error.message):
            raise error

    def _on_api_error(self, error: APIError) -> None:
        cause = Cause(True, error.status, error.retry_after)
        if error.status in UNAVAILABLE:
            self._note_loss(cause)
        if self._retry(cause, f"HTTP {error.status}"):
            return
        # An error of the engine itself does not come from a gateway.
        unknown = error.status in UNAVAILABLE and not isinstance(error, QueryFailed)
        # A conflict or a missing object may be the effect of an earlier attempt.
        may_be_own_effect = self._recovery is not None and isinstance(
            error, Conflict | NotFound | InvalidRequest | QueryFailed
        )
        if self._operation.retry != "read-back" or not (unknown or may_be_own_effect):
            raise error
        self._recover(error)

    def _recover(self, failure: ByteHouseError) -> None:
        """Begin to find out whether the call took effect.

        Raises:
            ByteHouseError: There is nothing to probe, or no time for it.
        """
        self._recovery = Recovery(self._plan, failure)
        cause = Cause(True, retry_after=getattr(failure, "retry_after", None))
        pause = self._pause_after(cause)
        if self._recovery.probes_by_resending:
            self._apply_verdict(self._recovery.judge_last_attempt(), pause=pause)
            return
        self._reserve_probe(pause)
        self.unresolved = True
        self._continue(pause, failure.message, probing=True)

    def _apply_verdict(
        self, verdict: Verdict, raw: RawResponse | None = None, pause: float = 0.0
    ) -> None:
        """Do what follows from a verdict."""
        match verdict.outcome:
            case Outcome.DONE:
                self._context.raw = raw or self._context.raw
                document = verdict.document
                if document is None:
                    document = json.decode(raw.body) if raw else {}
                self._finish(document)
            case Outcome.NOT_DONE:
                self._resend(pause)
            case Outcome.RUNNING:
                self.pause = self._poll_pause()
                if self.pause >= self._remaining:
                    raise self._context.add_to(self._active_recovery.error(timed_out=True))
            case Outcome.CONFLICT | Outcome.FAILED:
                raise self._context.add_to(verdict.error())
            case Outcome.UNCLEAR:
                self._reserve_probe(0.0)
                self.pause = 0.0

    def _reserve_probe(self, pause: float) -> None:
        """Check that there is a further probe, and that time and budget allow it after a pause."""
        recovery = self._active_recovery
        possible = recovery.has_probe and pause < self._remaining
        if not possible or not self._settings.budget.take():
            raise self._context.add_to(recovery.error())

    def _resend(self, pause: float) -> None:
        """Send a call again that has not taken effect so far. Probe again while it still may."""
        recovery, failure = self._active_recovery, self._active_recovery.failure
        if isinstance(failure, APIError) and failure.status not in UNAVAILABLE:
            raise failure  # the last attempt was rejected, and no earlier one took effect
        arrives_in = self._arrives_in
        if arrives_in > 0:
            recovery.await_arrival()
        probing = arrives_in > 0 and not recovery.probes_by_resending
        if probing:
            pause = arrives_in if isfinite(arrives_in) else self._poll_pause()
        else:
            pause = max(pause, arrives_in)
        allowed = self._context.attempts <= self._options.max_retries and pause < self._remaining
        # A success status means that it was done, even if the body was truncated.
        acknowledged = isinstance(failure, ResponseDecodeError)
        if acknowledged or not allowed or not self._settings.budget.take():
            raise self._context.add_to(recovery.error())
        self.unresolved = probing
        reason = f"{failure.message}; it has not taken effect"
        self._continue(pause, reason + " so far" * probing, probing=probing)

    def _retry(self, cause: Cause, reason: str) -> bool:
        """Return whether the call is retried; if so, record it."""
        if self._context.attempts > self._options.max_retries:
            return False
        if not may_retry(self._operation, cause):
            return False
        pause = max(self._pause_after(cause), self._arrives_in)
        # Do not retry after the deadline: the present error is more informative.
        if pause >= self._remaining or not self._settings.budget.take():
            return False
        self._continue(pause, reason, probing=False)
        return True

    def _note_loss(self, cause: Cause) -> None:
        """Note how long an attempt whose response was lost may still arrive."""
        if cause.sent and self._operation.retry != "read":
            now = self._settings.clock.monotonic()
            wait = inf if cause.may_arrive else self._options.retry_policy.resend_after
            self._arrives_until = max(self._arrives_until, now + wait)

    @property
    def _arrives_in(self) -> float:
        """Seconds in which an earlier attempt may still arrive; infinite if nothing bounds them."""
        return max(0.0, self._arrives_until - self._settings.clock.monotonic())

    def _poll_pause(self) -> float:
        polls, fraction = self._active_recovery.repeats, self._settings.clock.fraction()
        return self._options.retry_policy.pause(polls, Cause(True), max(0.2, fraction))

    def _pause_after(self, cause: Cause) -> float:
        fraction = self._settings.clock.fraction()
        return self._options.retry_policy.pause(self._context.attempts, cause, fraction)

    def _continue(self, pause: float, reason: str, *, probing: bool) -> None:
        self.pause = pause
        self.telemetry.on_continue(pause, reason, probing=probing)
