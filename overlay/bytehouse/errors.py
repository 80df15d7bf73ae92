"""All errors that the client raises.

ByteHouseError
├── ConfigError             the configuration is invalid
├── InvalidArgument         a call cannot be sent as given; nothing was sent
├── StalePlan               a table has changed since a plan for it was made
├── TransportError          no response came
│   ├── TimedOut            ... in time
│   └── OutcomeUnknown      ... and whether the call took effect is not known
├── InsertFailed            an insertion ended early
├── ResponseDecodeError     the response cannot be decoded
└── APIError                the API returned an error
    ├── AuthenticationError     401; 403 that names the key
    ├── PermissionDenied        any other 403: the role, or what the service does not tell
    ├── NotFound                404
    ├── Conflict                409, 422; 400 that says "exists already" or "in use"
    ├── RateLimited             429
    ├── InvalidRequest          any other 4xx
    ├── ServerError             5xx
    ├── QueryFailed             the engine could not run a statement
    └── ExecutionFailed         a run of an import job failed or was stopped
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from bytehouse_raw.types import RawResponse


class ByteHouseError(Exception):
    """Base class of all errors of this client.

    Attributes:
        message: What happened.
        hint: What to do next; empty if there is nothing to add.
        operation: Id of the operation, such as ``create_database``; the method, such as
            ``Databases.create``, where it refused an argument; None outside a call.
        method: HTTP method as sent, if a call was made.
        path: Path as sent, if a call was made.
        role: Role of the call; None is the user's default role, or none at all
            where the operation takes none.
        attempts: How many times the call was sent.
        query_id: Id of the query, if the call was about one.
        raw_response: The response as received; None if none came.
    """

    method: str | None = None
    path: str | None = None
    role: str | None = None
    takes_role = False
    attempts = 0
    raw_response: RawResponse | None = None

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        operation: str | None = None,
        query_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.operation = operation
        self.query_id = query_id

    def __str__(self) -> str:
        parts = [f"{self.operation}: {self.message}" if self.operation else self.message]
        if context := self._context():
            parts.append(f"[{', '.join(context)}]")
        if self.hint:
            parts.append(f"Hint: {self.hint}")
        return " ".join(parts)

    def _context(self) -> list[str]:
        context = []
        if self.method and self.path:
            context.append(f"{self.method} {self.path}")
        if self.takes_role:
            context.append(f"role {self.role}" if self.role else "default role")
        if self.attempts > 1:
            context.append(f"{self.attempts} attempts")
        if self.query_id:
            context.append(f"query {self.query_id}")
        return context

    def __reduce__(self) -> tuple[object, ...]:
        # The default would call __init__ with the message alone; the state then restores the rest.
        return (_rebuild, (type(self), self.args), self.__dict__.copy())


def _rebuild(cls: type[ByteHouseError], args: tuple[object, ...]) -> ByteHouseError:
    error = cls.__new__(cls)
    error.args = args
    return error


class ConfigError(ByteHouseError):
    """The configuration is invalid."""


class InvalidArgument(ByteHouseError, ValueError):
    """A call cannot be sent as given: it could not have worked, or would have meant something else.
    Nothing was sent."""


class StalePlan(ByteHouseError):
    """A table has changed since a plan for it was made; nothing was changed."""


class TransportError(ByteHouseError, ConnectionError):
    """No response came: the host is unknown or down, or refused or closed the connection."""


class TimedOut(TransportError, TimeoutError):
    """No response came within the call's ``timeout`` or ``deadline``, or a wait was not over in
    time. A statement that only reads is stopped on the service then.

    Attributes:
        state: Last state that the service returned, if it was a wait or a statement.
    """

    state: str | None = None


class OutcomeUnknown(TransportError):
    """A call was sent, no response of the service came, and it may have taken effect.

    The client has probed what it can: the message says what it found. It does not send the call
    again, because that might not be safe. Check whether it took effect; a query can be found by
    `query_id`.

    Attributes:
        state: Last state of a statement, if the service returned one.
        timed_out: Whether it was the time limit of the call that ended it.
    """

    state: str | None = None
    timed_out = False


class SkippedRow(NamedTuple):
    """A row that was left out of an insertion.

    Attributes:
        position: Its index among all rows, from 0.
        row: The row, as the tuple of its values unless it is not such a row at all.
        reason: Why it cannot be inserted.
    """

    position: int
    row: Any
    reason: str


class InsertFailed(ByteHouseError):
    """An insertion ended early; ``__cause__`` is the error that ended it.

    Attributes:
        acknowledged: How many rows are in the table for certain. Unless rows were skipped, these
            are the first, and it is the index, from 0, of the row to continue with.
        possible: How many rows are in the table at most.
        position: Index, from 0, of the row that was refused; or else of the first row of the block
            that failed.
        outcome_unknown: Whether rows of that block may be in the table all the same.
        skipped: The rows that were left out before, with ``on_error="skip"``.
    """

    acknowledged: int = 0
    possible: int = 0
    position: int = 0
    outcome_unknown: bool = False
    skipped: tuple[SkippedRow, ...] = ()


class ResponseDecodeError(ByteHouseError):
    """The response cannot be decoded.

    Attributes:
        status: HTTP status.
        body: First part of the body, as a string.
    """

    status: int | None = None
    body: str = ""


class APIError(ByteHouseError):
    """The API returned an error.

    Attributes:
        status: HTTP status. 200 if the error came inside a success.
        code: The service's own name or number for the error; empty if it gave none.
        request_id: Id of the request for a support ticket; None if the service gave none.
        by_service: Whether it came in the service's own form, and not from a gateway or proxy, or
            from a path that the service does not have (as far as that is known).
        body: First part of the body, as a string.
        headers: Headers of the response, names in lower case.
        retry_after: Seconds that the service asked to wait; None if it did not.
    """

    status: int = 0
    code: str = ""
    request_id: str | None = None
    by_service: bool = False
    body: str = ""
    headers: Mapping[str, str] = {}
    retry_after: float | None = None

    def _context(self) -> list[str]:
        context = [f"HTTP {self.status}"] if self.status else []
        if self.code:
            context.append(f"code {self.code}")
        context += super()._context()
        if self.request_id:
            context.append(f"request {self.request_id}")
        return context


class AuthenticationError(APIError):
    """The API key was not accepted: a 401, or a 403 whose code or message names the key."""


class PermissionDenied(APIError):
    """The role may not do this, or the service does not tell whether it means the role or the key:
    it documents 403 for both. The hint says what is known."""


class NotFound(APIError):
    """The object does not exist, or the path is not one of the service's: a 404, or a 400 that
    says so."""


class Conflict(APIError):
    """The call conflicts with what exists, such as a second create, or with its state: a 409, a 422
    (documented as an illegal state), or a 400 that says so."""


class RateLimited(APIError):
    """There were too many calls (429)."""


class InvalidRequest(APIError):
    """The service rejected the request as invalid (any other 4xx)."""


class ServerError(APIError):
    """The service failed (5xx)."""


class QueryFailed(APIError):
    """The engine could not run a statement; ``code`` is the engine's error number, if it
    gave one."""


class ExecutionFailed(APIError):
    """A run of an import job failed or was stopped; ``code`` is its last status.

    Attributes:
        execution_id: Id of the run; `executions.logs` returns its log.
    """

    execution_id: str = ""


class LostValuesWarning(UserWarning):
    """A result has null where the engine had NaN or an infinity, which JSON lacks."""


class RefusedRowsWarning(UserWarning):
    """Rows of an import were refused and left out."""
