"""Know what a call is and how far it has come, and add that to its errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from bytehouse_raw.operations import ROLE_HEADER
from bytehouse_raw.plan import Plan
from bytehouse_raw.routes import Route
from bytehouse_raw.types import RawResponse

from .._api.routing import may_be_wrong_route, object_is_missing
from .._core.options import Options
from .._core.secrets import revealed
from .._recovery.model import outcome_unknown
from .._transport.models import TransportFailure
from ..errors import APIError, ByteHouseError, Conflict, OutcomeUnknown, TimedOut, TransportError
from .error_meaning import exists_hint, missing_hint
from .redaction import Redaction
from .responses import is_emulator

if TYPE_CHECKING:
    from .context import Settings


_E = TypeVar("_E", bound=ByteHouseError)
TIMED_OUT_HINT = "Raise `timeout=` or `deadline=`, if the service is only slow."
_NOT_TLS = re.compile(r"wrong.version.number|record layer failure", re.IGNORECASE)
_ROUTE_EVIDENCE = {
    "inferred": "inferred, not documented",
    "documented": "documented, but your tenant may have others",
}


_BEGINNING = re.compile(
    r"(?:USE `(?P<database>[^`]+)`; )?(?:\s+|\(|--[^\n]*\n|/\*.*?\*/)*(?P<word>[a-z]+)?",
    re.IGNORECASE | re.DOTALL,
)


def _beginning(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the database that stands before the statement in a body, and its first word in upper
    case; None for what is not there."""
    sql = body.get("query")
    found = None if sql is None else _BEGINNING.match(revealed(sql)[:1000])
    if found is None or not found["word"]:
        return None, None
    return found["database"], found["word"].upper()


@cache
def _server(host: str) -> tuple[str, int]:
    parts = urlsplit(host)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


class CallContext:
    """Know what a call is and how far it has come, for its errors and its telemetry.

    Attributes:
        operation: The operation that is called.
        method: HTTP method.
        route: Template of the path, without names of objects.
        role: Role of the call; None if there is none, or the operation takes none.
        query_id: Id of the query, if the call is about one.
        database: Database that the call is about, or that its statement or the client names.
        table: Table or view that the call is about, if its path names one.
        statement: First word of a statement, in upper case; None if it is no statement.
        attempts: How many times it has been sent.
        raw: The response to the last attempt; None if none has come.
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
        self.operation = plan.operation
        self.method = route.method
        self.route = route.template
        self.takes_role = ROLE_HEADER in plan.operation.headers
        self.role = options.role if self.takes_role else None
        self._body = plan.body or {}
        self._names = plan.path
        self.query_id: str | None = self._body.get("queryID") or plan.query.get("query_id")
        database, self.statement = _beginning(self._body)
        self.database = database or plan.path.get("db_name") or options.database
        self.table = plan.path.get("table_name") or plan.path.get("mv_name")
        self.attempts = 0
        self.raw: RawResponse | None = None
        self._settings = settings
        self._options = options
        self._path = path
        self._redaction = redaction

    @property
    def server(self) -> tuple[str, int]:
        """Address and port of the host."""
        return _server(self._settings.host)

    @property
    def only_reads(self) -> bool:
        """Whether the call runs statements, waits for them, and they change nothing that lasts."""
        from .._sql.lexer import only_reads  # most calls run none

        sql = self._body.get("query") if self.operation.id == "submit_sync_query" else None
        return sql is not None and only_reads(revealed(sql))

    def add_to(self, error: _E) -> _E:
        """Add what is known of the call to an error, take its secrets out, and return it."""
        self._redaction.error(error)
        error.raw_response = self.raw
        error.operation = self.operation.id
        error.method, error.path = self.method, self._path
        error.takes_role, error.role = self.takes_role, self.role
        error.attempts = self.attempts
        error.query_id = error.query_id or self.query_id
        return error

    def api_error(self, error: APIError) -> APIError:
        """Add the context, and a hint where the route itself may be wrong."""
        evidence = _ROUTE_EVIDENCE.get(self._settings.routes.origin(self.operation))
        if may_be_wrong_route(error) and is_emulator(error.headers):
            error.hint = (
                "This is the emulator, which serves the routes of its own specification; that of "
                f"this call is {evidence or 'your own'}. Leave out routes=, or take those of the "
                "emulator: `bytehouse routes pull ADDRESS/docs`."
            )
        elif evidence and may_be_wrong_route(error):
            error.hint = (
                f"Method and path of this operation are {evidence}. If the object exists, "
                "take your tenant's own routes from its docs page or API specification: "
                "`bytehouse routes pull SOURCE`, or routes={...}."
            )
        elif not error.hint and object_is_missing(error):
            error.hint = missing_hint(self.operation, self._names)
        elif isinstance(error, Conflict) and not error.hint:
            error.hint = exists_hint(self.operation)
        return self.add_to(error)

    def transport_error(self, failure: TransportFailure) -> TransportError:
        """Return the error for an attempt without a response."""
        return self.add_to(self._transport_error(failure))

    def _transport_error(self, failure: TransportFailure) -> TransportError:
        sent_once = self.operation.retry == "never" or (
            self.operation.retry == "idempotent" and failure.timed_out
        )
        if failure.sent and sent_once:
            return outcome_unknown(f"no response came ({failure})", timed_out=failure.timed_out)
        if failure.sent and self.operation.retry == "read-back":
            error = OutcomeUnknown(f"no response came ({failure})")
            error.timed_out = failure.timed_out
            return error
        if failure.timed_out:
            left = self._options.deadline - self._options.spent
            limit = min(self._options.timeout, round(left, 2))
            return TimedOut(f"no response within {limit:g} s ({failure})", hint=TIMED_OUT_HINT)
        if failure.sent:
            return TransportError(f"no response: {failure}")
        host = self._settings.config.host
        hint = f"Check that {host} is right and reachable."
        if _NOT_TLS.search(str(failure)):
            hint = (
                "The server does not speak TLS. If it is on this machine, give the host as "
                f"{host.replace('https', 'http', 1)}: without a scheme it is https."
            )
        return TransportError(f"no connection: {failure}", hint=hint)
