"""Report what calls do: log records with structured extras, the caller's hook, and OpenTelemetry
where its API is installed.

Every record of the logger ``bytehouse`` about a call has the extras `operation`, `method`, `route`
(the template, without names of objects), `status`, `attempt`, `elapsed`, `request_id`, `role` and
`query_id`. An attempt is a DEBUG record, a retry an INFO record, a call that ends in
`OutcomeUnknown` a WARNING.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .._core.clock import Clock
from .._core.options import Options
from .._core.retry import Retry
from .._version import __version__
from ..errors import APIError, ByteHouseError, OutcomeUnknown

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram
    from opentelemetry.trace import Span, Tracer

    from bytehouse_raw.types import RawResponse

__all__ = ["CallTelemetry"]

log = logging.getLogger("bytehouse")


class CallTelemetry:
    """Report what one call does, from its first attempt to its end."""

    def __init__(
        self,
        clock: Clock,
        options: Options,
        *,
        operation: str,
        method: str,
        route: str,
        role: str | None,
        query_id: str | None,
    ) -> None:
        self._clock = clock
        self._on_retry = options.on_retry
        self.operation = operation
        self.method = method
        self.route = route
        self.role = role
        self.query_id = query_id
        self._began = clock.monotonic()
        self._attempt = 0
        self._raw: RawResponse | None = None
        self._span: tuple[Span, Token[Context]] | None = None

    def sending(self, attempt: int) -> None:
        """Record that an attempt is sent."""
        self._attempt, self._raw = attempt, None

    def response(self, raw: RawResponse) -> None:
        """Report a response."""
        self._raw = raw
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s: HTTP %s", self.operation, raw.status, extra=self._extra())

    def failed(self, reason: str) -> None:
        """Report an attempt without a response."""
        log.debug("%s: no response (%s)", self.operation, reason, extra=self._extra())

    def on_continue(self, pause: float, reason: str, *, probing: bool) -> None:
        """Report that the call continues after a pause, in seconds."""
        extra = self._extra()
        what = "probing whether it took effect" if probing else "sending it again"
        log.info(
            "%s: %s, %s in %.2f s",
            self.operation,
            reason,
            what,
            pause,
            extra={**extra, "reason": reason, "pause": pause, "probing": probing},
        )
        if (instruments := _instruments()) is not None:
            instruments.retries.add(1, {"bytehouse.operation": self.operation})
        if self._on_retry is None:
            return
        try:
            self._on_retry(
                Retry(
                    operation=self.operation,
                    method=self.method,
                    route=self.route,
                    attempt=self._attempt,
                    reason=reason,
                    status=self._raw.status if self._raw else None,
                    pause=pause,
                    probing=probing,
                    elapsed=self._elapsed,
                    role=self.role,
                    request_id=self._raw.request_id if self._raw else None,
                    query_id=self.query_id,
                )
            )
        except Exception:
            # A hook that fails must not change the outcome of the call.
            log.exception("%s: on_retry raised", self.operation)

    @property
    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._began

    def _extra(self) -> dict[str, object]:
        raw = self._raw
        return {
            "operation": self.operation,
            "method": self.method,
            "route": self.route,
            "role": self.role,
            "query_id": self.query_id,
            "status": raw.status if raw else None,
            "attempt": self._attempt,
            "elapsed": self._elapsed,
            "request_id": raw.request_id if raw else None,
        }

    def __enter__(self) -> Self:
        if (instruments := _instruments()) is not None:
            self._span = instruments.start_span(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, OutcomeUnknown):
            log.warning("%s", error, extra=self._extra())
        if (instruments := _instruments()) is not None:
            instruments.measure(self.operation, self._elapsed, error)
            if self._span is not None:
                instruments.end_span(*self._span, error, self._extra())


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
        self.retries: Counter = meter.create_counter(
            "bytehouse.client.retries", "1", "Requests beside the first attempts of calls."
        )

    def start_span(self, call: CallTelemetry) -> tuple[Span, Token[Context]] | None:
        """Start the span of a call, as the parent of spans that start meanwhile; None if no spans
        are collected."""
        if isinstance(self._trace.get_tracer_provider(), self._trace.ProxyTracerProvider):
            return None
        span = self._tracer.start_span(call.operation, kind=self._kind)
        if not span.get_span_context().is_valid:
            return None
        if span.is_recording():
            attributes = {
                "bytehouse.operation": call.operation,
                "bytehouse.role": call.role,
                "bytehouse.query_id": call.query_id,
                "http.request.method": call.method,
                "url.template": call.route,
            }
            span.set_attributes({k: v for k, v in attributes.items() if v is not None})
        return span, self._context.attach(self._trace.set_span_in_context(span))

    def measure(self, operation: str, elapsed: float, error: BaseException | None) -> None:
        """Record the duration of a call, in seconds."""
        attributes = {"bytehouse.operation": operation}
        if error is not None:
            attributes["error.type"] = type(error).__name__
        self._duration.record(elapsed, attributes)

    def end_span(
        self,
        span: Span,
        token: Token[Context],
        error: BaseException | None,
        extra: Mapping[str, object],
    ) -> None:
        """End the span of a call."""
        self._context.detach(token)
        if isinstance(attempt := extra["attempt"], int):
            span.set_attribute("http.request.resend_count", max(0, attempt - 1))
        if isinstance(status := extra["status"], int):
            span.set_attribute("http.response.status_code", status)
        request_id = error.request_id if isinstance(error, APIError) else extra["request_id"]
        if isinstance(request_id, str):
            span.set_attribute("bytehouse.request_id", request_id)
        if error is not None:
            span.set_attribute("error.type", type(error).__name__)
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
