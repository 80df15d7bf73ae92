"""Report what calls do: log records with structured extras, the caller's hook, and OpenTelemetry
where its API is installed.

Every record of the logger ``bytehouse`` about a call has the extras `operation`, `method`, `route`
(the template, without names of objects), `status`, `attempt`, `elapsed`, `request_id`, `role` and
`query_id`. An attempt is a DEBUG record, a retry an INFO record, a call that ends in
`OutcomeUnknown` a WARNING. A statement that only reads and is stopped at its time limit is none:
its caller gets `TimedOut`, and so do spans and metrics.
"""

from __future__ import annotations

import logging
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

from .._core.clock import Clock
from .._core.retry import OnRetry, Retry
from .._version import __version__
from ..errors import APIError, ByteHouseError, OutcomeUnknown, TimedOut

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram
    from opentelemetry.trace import Span, Tracer

    from .call_context import CallContext


log = logging.getLogger("bytehouse")


class CallTelemetry:
    """Report what one call does, from its first attempt to its end."""

    def __init__(self, clock: Clock, on_retry: OnRetry | None, call: CallContext) -> None:
        self._clock = clock
        self._on_retry = on_retry
        self._call = call
        self._operation = call.operation.id
        self._began = clock.monotonic()
        self._span: tuple[Span, Token[Context]] | None = None

    def on_response(self) -> None:
        """Report that a response to the last attempt was received."""
        if log.isEnabledFor(logging.DEBUG):
            status = self._call.raw.status if self._call.raw else None
            log.debug("%s: HTTP %s", self._operation, status, extra=self._extra())

    def on_failure(self, reason: str) -> None:
        """Report that no response came, and why."""
        log.debug("%s: no response (%s)", self._operation, reason, extra=self._extra())

    def on_continue(self, pause: float, reason: str, *, probing: bool) -> None:
        """Report that the call continues after a pause, in seconds."""
        extra = self._extra()
        decision: dict[str, Any] = {"reason": reason, "pause": pause, "probing": probing}
        what = "probing whether it took effect" if probing else "sending it again"
        log.info(
            "%s: %s, %s in %.2f s",
            self._operation,
            reason,
            what,
            pause,
            extra={**extra, **decision},
        )
        if (instruments := _instruments()) is not None:
            instruments.retries.add(1, {"bytehouse.operation": self._operation})
        if self._on_retry is None:
            return
        try:
            self._on_retry(Retry(**extra, **decision))
        except Exception:
            # A hook that fails must not change the outcome of the call.
            log.exception("%s: on_retry raised", self._operation)

    @property
    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._began

    def _extra(self) -> dict[str, Any]:
        call = self._call
        return {
            "operation": self._operation,
            "method": call.method,
            "route": call.route,
            "role": call.role,
            "query_id": call.query_id,
            "status": call.raw.status if call.raw else None,
            "attempt": call.attempts,
            "elapsed": self._elapsed,
            "request_id": call.raw.request_id if call.raw else None,
        }

    def __enter__(self) -> Self:
        if (instruments := _instruments()) is not None:
            self._span = instruments.start_span(self._call)
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        kind = None if error is None else self._kind(error)
        if kind == OutcomeUnknown.__name__:
            log.warning("%s", error, extra=self._extra())
        if (instruments := _instruments()) is not None:
            instruments.measure(self._call, self._elapsed, error, kind)
            if self._span is not None:
                instruments.end_span(*self._span, error, kind, self._call)

    def _kind(self, error: BaseException) -> str:
        """Return the name of the error that the caller gets."""
        stopped = isinstance(error, OutcomeUnknown) and error.timed_out and self._call.only_reads
        return TimedOut.__name__ if stopped else type(error).__name__


# What the conventions recommend for durations of databases, in seconds.
_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


def _database_attributes(call: CallContext) -> dict[str, str | int]:
    """Return the attributes of a call by the semantic conventions for databases.

    The operation is the first word of a statement; of other calls it is the operation of the API.
    """
    address, port = call.server
    attributes: dict[str, str | int] = {
        "db.system.name": "bytehouse",
        "db.operation.name": call.statement or call.operation.id,
        "server.address": address,
        "server.port": port,
    }
    if call.database is not None:
        attributes["db.namespace"] = call.database
    if call.table is not None:
        attributes["db.collection.name"] = call.table
    return attributes


def _span_name(attributes: Mapping[str, str | int]) -> str:
    """Return the name that the conventions give a span: the operation, and what it is about."""
    for name in ("db.collection.name", "db.namespace"):
        if name in attributes:
            return f"{attributes['db.operation.name']} {attributes[name]}"
    target = f"{attributes['server.address']}:{attributes['server.port']}"
    return f"{attributes['db.operation.name']} {target}"


def _failure(error: BaseException | None, kind: str | None) -> dict[str, str]:
    """Return the attributes of a call that failed; none of one that did not."""
    if kind is None:
        return {}
    code = error.code if isinstance(error, APIError) else ""
    return {"error.type": kind, **({"db.response.status_code": code} if code else {})}


class _Instruments:
    """Hold the tracer and the meters of OpenTelemetry."""

    def __init__(self) -> None:
        from opentelemetry import context, metrics, trace

        self._context, self._trace = context, trace
        meter = metrics.get_meter("bytehouse", __version__)
        self._tracer: Tracer = trace.get_tracer("bytehouse", __version__)
        self._kind = trace.SpanKind.CLIENT
        self._error = trace.StatusCode.ERROR
        self._duration: Histogram = meter.create_histogram(
            "bytehouse.client.operation.duration", "s", "Duration of a call with all its attempts."
        )
        self._db_duration: Histogram = meter.create_histogram(
            "db.client.operation.duration",
            "s",
            "Duration of database client operations.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self.retries: Counter = meter.create_counter(
            "bytehouse.client.retries", "1", "Requests beside the first attempts of calls."
        )

    def start_span(self, call: CallContext) -> tuple[Span, Token[Context]] | None:
        """Start the span of a call, as the parent of spans that start meanwhile; None if no spans
        are collected."""
        if isinstance(self._trace.get_tracer_provider(), self._trace.ProxyTracerProvider):
            return None
        database = _database_attributes(call)
        ours = {
            "bytehouse.operation": call.operation.id,
            "bytehouse.role": call.role,
            "bytehouse.query_id": call.query_id,
            "http.request.method": call.method,
            "url.template": call.route,
        }
        known = {k: v for k, v in ours.items() if v is not None}
        # Given at creation, so that samplers can decide by them.
        span = self._tracer.start_span(
            _span_name(database), kind=self._kind, attributes={**known, **database}
        )
        if not span.get_span_context().is_valid:
            return None
        return span, self._context.attach(self._trace.set_span_in_context(span))

    def measure(
        self, call: CallContext, elapsed: float, error: BaseException | None, kind: str | None
    ) -> None:
        """Record the duration of a call, in seconds, and its error if it has one."""
        failed = _failure(error, kind)
        ours = {} if kind is None else {"error.type": kind}
        self._duration.record(elapsed, {"bytehouse.operation": call.operation.id, **ours})
        self._db_duration.record(elapsed, {**_database_attributes(call), **failed})

    def end_span(
        self,
        span: Span,
        token: Token[Context],
        error: BaseException | None,
        kind: str | None,
        call: CallContext,
    ) -> None:
        """End the span of a call, with its error if there is one."""
        self._context.detach(token)
        span.set_attribute("http.request.resend_count", max(0, call.attempts - 1))
        request_id = error.request_id if isinstance(error, APIError) else None
        if call.raw is not None:
            span.set_attribute("http.response.status_code", call.raw.status)
            request_id = request_id or call.raw.request_id
        if request_id:
            span.set_attribute("bytehouse.request_id", request_id)
        if kind is not None:
            span.set_attributes(_failure(error, kind))
            # The message of an error of another package may contain anything.
            description = error.message if isinstance(error, ByteHouseError) else None
            span.set_status(self._error, description)
        span.end()


@cache
def _instruments() -> _Instruments | None:
    """Return the tracer and the meters; None where OpenTelemetry's API is not installed."""
    if find_spec("opentelemetry") is None:
        return None
    try:
        return _Instruments()
    except ImportError:
        return None  # some other part of it is installed
