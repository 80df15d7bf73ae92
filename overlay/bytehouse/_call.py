"""One call from plan to result, without doing any input or output itself.

`send` of a client, in either colour, is the loop around this: take the request, carry it, say what
came of it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model, RawResponse

from . import _answers
from ._clock import Clock
from ._config import Config
from ._errors import (
    APIError,
    ByteHouseError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    ResponseDecodeError,
    TimedOut,
    TransportError,
)
from ._http import Answer, Failure, Request
from ._keys import bearer
from ._options import Options, header_value
from ._retry import Cause, RetryPolicy, may_repeat
from ._routes import RouteTable
from ._secret import Secret, secrets_in
from ._version import USER_AGENT

__all__ = ["Call", "Settings"]

T = TypeVar("T")
_E = TypeVar("_E", bound=ByteHouseError)
ROLE_HEADER = "X-User-ActiveRole"
_LONGEST_URL = 32_000
_ROUTE_IS = {
    "inferred": "inferred, not documented",
    "documented": "documented, but your tenant may have others",
}
# An error that names no object: no code at all, the status again, or that there is no such path.
_NO_OBJECT = re.compile(r"(404)?\Z|.*(path|route|url|page|endpoint)", re.IGNORECASE)
log = logging.getLogger("bytehouse")


class Settings:
    """Hold what all calls of a client and its views share."""

    def __init__(self, config: Config, clock: Clock, policy: RetryPolicy) -> None:
        self.config = config
        self.clock = clock
        self.policy = policy
        given = config.values["routes"]
        self.routes = RouteTable(given.value, given.source)
        self.user_agent = f"{USER_AGENT} {config.application}" if config.application else USER_AGENT


class Call(Generic[T]):
    """Carry the state of one call over its attempts."""

    def __init__(self, settings: Settings, options: Options, plan: Plan[T]) -> None:
        self.plan = plan
        self.operation = plan.operation
        self.options = options
        self.attempts = 0
        self._document: Mapping[str, Any] | None = None
        self._raw: RawResponse | None = None
        self._pause = 0.0
        self._key = Secret()
        self._settings = settings
        self._route = settings.routes.route(self.operation)
        self._path = self._route.fill(self.operation, plan.path)
        self._url = self._address()
        self._plan_headers = {n: header_value(n, v) for n, v in plan.headers.items()}
        self._content = None if plan.body is None else self._encoded(plan.body)
        self._ends = settings.clock.monotonic() + options.deadline

    def request(self) -> Request:
        """Return the next attempt.

        Raises:
            TimedOut: The deadline has passed.
        """
        left = self._ends - self._settings.clock.monotonic()
        if left <= 0:
            raise self._about(TimedOut(f"the deadline of {self.options.deadline:g} s passed"))
        self.attempts += 1
        self._raw = None
        return Request(
            self._route.method,
            self._url,
            self._headers(),
            self._content,
            min(left, self.options.timeout),
        )

    def settled(self, answer: Answer) -> bool:
        """Tell whether an answer ends the call; if not, the call may be tried again after `pause`.

        Raises:
            APIError: The answer is an error that stands.
            ResponseDecodeError: The answer cannot be understood.
        """
        # A service may repeat what it was sent; neither an error nor a result shall hold a secret.
        answer = _answers.concealed(answer, [*secrets_in(self.plan.body), self._key])
        self._raw = _answers.raw_response(answer, self.attempts)
        try:
            self._document = _answers.decode(answer) if 200 <= answer.status < 300 else None
        except ResponseDecodeError as undecodable:
            # A success took effect; only a read that broke off gains from another attempt.
            if (
                not answer.complete
                and self.operation.retry == "read"
                and self._may_repeat(Cause(sent=True))
            ):
                return False
            raise self._about(undecodable) from None
        error = _answers.error_of(answer, self._document, self._settings.clock.now())
        if error is None:
            return True
        if answer.status < 300 or not self._may_repeat(
            Cause(True, error.status, error.retry_after)
        ):
            raise self._explained(error)
        log.info("%s: HTTP %s, trying again", self.operation.id, answer.status)
        return False

    def failed(self, failure: Failure) -> None:
        """Take note that no answer came; returns if the call may be tried again after `pause`.

        Raises:
            TransportError: The call ends here.
        """
        if self._may_repeat(Cause(failure.sent)):
            log.info("%s: %s, trying again", self.operation.id, failure)
            return
        raise self._about(self._transport_error(failure))

    def result(self) -> T:
        """Return the result of a settled call."""
        result = self.plan.decode(self._document or {})
        if isinstance(result, Model) and self._raw is not None:
            result.received(self._raw)
        return result

    @property
    def pause(self) -> float:
        """Seconds to wait before the next attempt."""
        return self._pause

    def _may_repeat(self, cause: Cause) -> bool:
        if self.attempts > self.options.max_retries or not may_repeat(self.operation, cause):
            return False
        clock = self._settings.clock
        self._pause = self._settings.policy.pause(self.attempts, cause, clock.fraction())
        # An attempt that could only begin after the deadline is no attempt: the cause at hand says
        # more.
        return clock.monotonic() + self._pause < self._ends

    def _address(self) -> str:
        url: str = self._settings.config.host + self._path
        try:
            url += "?" + urlencode(self.plan.query) if self.plan.query else ""
        except UnicodeEncodeError as error:
            raise self._about(InvalidArgument(f"a text cannot be sent: {error}")) from None
        if len(url) > _LONGEST_URL:
            what = f"the address is longer than {_LONGEST_URL} characters"
            raise self._about(InvalidArgument(what))
        return url

    def _headers(self) -> dict[str, str]:
        settings = self._settings
        token = bearer(self.options.api_key or settings.config.api_key)
        self._key = Secret(token.removeprefix("Bearer "))
        ours = {
            "Host": _authority(settings.config.host),
            "Authorization": token,
            "User-Agent": settings.user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
        named: dict[str, tuple[str, str]] = {}
        for further in (ours, self.options.headers, self._plan_headers):
            named.update((name.lower(), (name, value)) for name, value in further.items())
        headers = dict(named.values())
        if self._content is not None:
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(self._content))
        role = self.options.role
        if role is not None and ROLE_HEADER in self.operation.headers:
            headers.setdefault(ROLE_HEADER, role)
        return headers

    def _encoded(self, body: Mapping[str, Any]) -> bytes:
        try:
            return msgspec.json.encode(body, enc_hook=_plain)
        except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as error:
            raise self._about(
                InvalidArgument(f"the body cannot be written as JSON: {error}")
            ) from None

    def _transport_error(self, failure: Failure) -> TransportError:
        if failure.sent and self.operation.retry not in ("read", "idempotent"):
            return OutcomeUnknown(
                f"no answer came ({failure}), and whether it took effect is not known",
                hint="It was not sent again, so that nothing happens twice. Look before you do.",
            )
        if failure.timed_out:
            limit = min(self.options.timeout, self.options.deadline)
            return TimedOut(f"no answer within {limit:g} s ({failure})")
        hint = (
            ""
            if failure.sent
            else f"Check that {self._settings.config.host} is right and reachable."
        )
        return TransportError(
            f"no connection: {failure}" if not failure.sent else f"no answer: {failure}", hint=hint
        )

    def _explained(self, error: APIError) -> APIError:
        origin = self._settings.routes.origin(self.operation)
        if origin in _ROUTE_IS and _may_be_the_route(error):
            error.hint = (
                f"Method and path of this operation are {_ROUTE_IS[origin]}. If the object exists, "
                "take your tenant's own routes from its docs page or API specification: "
                "`bytehouse routes pull SOURCE`, or routes={...}."
            )
        return self._about(error)

    def _about(self, error: _E) -> _E:
        error.raw_response = self._raw
        error.operation = self.operation.id
        error.method, error.path = self._route.method, self._path
        error.takes_role = ROLE_HEADER in self.operation.headers
        error.role = self.options.role if error.takes_role else None
        error.attempts = self.attempts
        if error.query_id is None and self.plan.body:
            error.query_id = self.plan.body.get("queryID")
        return error


def _plain(value: object) -> str:
    """Return what the encoder does not know as what it knows: a text of a class of its own, such as
    a secret, as the text that it is."""
    if isinstance(value, str):
        return "".join(value)  # str() of a secret hides it
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _may_be_the_route(error: APIError) -> bool:
    """Tell whether an error may mean that the service has no such method or path."""
    if error.status == 405:
        return True
    return isinstance(error, NotFound) and _NO_OBJECT.match(error.code) is not None


def _authority(host: str) -> str:
    return host.split("://", 1)[1].split("/", 1)[0]
