"""Put on an error what is known of the call that it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bytehouse_raw.operations import ROLE_HEADER
from bytehouse_raw.plan import Plan
from bytehouse_raw.routes import Route
from bytehouse_raw.types import RawResponse

from .._api.routing import may_be_wrong_route
from .._core.options import Options
from .._transport.models import TransportFailure
from ..errors import APIError, ByteHouseError, OutcomeUnknown, TimedOut, TransportError
from .redaction import Redaction

if TYPE_CHECKING:
    from .context import Settings

__all__ = ["ErrorContext"]

_E = TypeVar("_E", bound=ByteHouseError)
_ROUTE_EVIDENCE = {
    "inferred": "inferred, not documented",
    "documented": "documented, but your tenant may have others",
}


class ErrorContext:
    """Hold what an error says of its call beside its message.

    Attributes:
        attempts: How many times the call has been sent.
        raw: Response to the last attempt; None if none came.
    """

    def __init__(
        self,
        settings: Settings,
        options: Options,
        plan: Plan[Any],
        route: Route,
        path: str,
        *,
        redaction: Redaction,
    ) -> None:
        self.attempts = 0
        self.raw: RawResponse | None = None
        self._settings = settings
        self._options = options
        self._plan = plan
        self._route = route
        self._path = path
        self._redaction = redaction

    def add_to(self, error: _E) -> _E:
        """Return the same error with operation, method, path, role, attempts, query id and
        response, and without the secrets of the call."""
        self._redaction.error(error)
        operation = self._plan.operation
        error.raw_response = self.raw
        error.operation = operation.id
        error.method, error.path = self._route.method, self._path
        error.takes_role = ROLE_HEADER in operation.headers
        error.role = self._options.role if error.takes_role else None
        error.attempts = self.attempts
        if error.query_id is None and self._plan.body:
            error.query_id = self._plan.body.get("queryID")
        return error

    def api_error(self, error: APIError) -> APIError:
        """Add the context, and a hint where the route itself may be wrong."""
        evidence = _ROUTE_EVIDENCE.get(self._settings.routes.origin(self._plan.operation))
        if evidence and may_be_wrong_route(error):
            error.hint = (
                f"Method and path of this operation are {evidence}. If the object exists, "
                "take your tenant's own routes from its docs page or API specification: "
                "`bytehouse routes pull SOURCE`, or routes={...}."
            )
        return self.add_to(error)

    def transport_error(self, failure: TransportFailure) -> TransportError:
        """Return the error for an attempt without a response."""
        return self.add_to(self._transport_error(failure))

    def _transport_error(self, failure: TransportFailure) -> TransportError:
        if failure.sent and self._plan.operation.retry == "never":
            return OutcomeUnknown(
                f"no response came ({failure}), and whether the call took effect is not known",
                hint="It was not sent again, so that nothing happens twice. Check before you do.",
            )
        if failure.sent and self._plan.operation.retry == "read-back":
            return OutcomeUnknown(f"no response came ({failure})")
        if failure.timed_out:
            limit = min(self._options.timeout, self._options.deadline)
            return TimedOut(f"no response within {limit:g} s ({failure})")
        if failure.sent:
            return TransportError(f"no response: {failure}")
        return TransportError(
            f"no connection: {failure}",
            hint=f"Check that {self._settings.config.host} is right and reachable.",
        )
