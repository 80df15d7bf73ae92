"""One call from plan to result, without doing any input or output itself.

`send` of a client, in either colour, is the loop around this: take the request, carry it, say what
came of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model, RawResponse

from . import _answers
from ._doubt import Doubt
from ._errors import (
    APIError,
    ByteHouseError,
    Conflict,
    InvalidArgument,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    QueryFailed,
    ResponseDecodeError,
    TimedOut,
    TransportError,
)
from ._http import Answer, AsyncIncoming, Failure, Incoming, Request
from ._options import CallOptions, Options, header_value
from ._report import Report
from ._retry import UNAVAILABLE, Cause, may_repeat
from ._secret import secrets_in
from ._settings import Settings
from ._sight import Finding, Sight
from ._states import Phase, phase_of

__all__ = ["Call"]

T = TypeVar("T")
_E = TypeVar("_E", bound=ByteHouseError)
ROLE_HEADER = "X-User-ActiveRole"
_LONGEST_URL = 32_000
_BROKE_OFF = "the body of the answer broke off"
_ROUTE_IS = {
    "inferred": "inferred, not documented",
    "documented": "documented, but your tenant may have others",
}
# An error that names no object: no code at all, the status again, or that there is no such path.
_NO_OBJECT = re.compile(r"(404)?\Z|.*(path|route|url|page|endpoint)", re.IGNORECASE)


class Call(Generic[T]):
    """Carry the state of one call over its attempts.

    Attributes:
        done: Whether it has its result.
        in_doubt: Whether it may have taken effect, and a look is due that may tell.
        report: What tells others about it.
        rest: Body of a success that is still to be read; None if there is none.

    Args:
        settings: What all calls of the client share.
        options: Options of the call.
        plan: What to send.
        streamed: Whether the body of a success is to be read piece by piece.
    """

    def __init__(
        self,
        settings: Settings,
        options: Options,
        plan: Plan[T],
        *,
        streamed: bool = False,
    ) -> None:
        self.plan = plan
        self.rest: Incoming | AsyncIncoming | None = None
        self._streamed = streamed
        self._secrets = [*options.secrets, *secrets_in(plan.body)]
        self._veil: _answers.Veil | None = None
        self.operation = plan.operation
        self.options = options
        self.attempts = 0
        self.done = False
        self.in_doubt = False
        self._doubt: Doubt | None = None
        self._document: Mapping[str, Any] | None = None
        self._raw: RawResponse | None = None
        self._pause = 0.0
        self._settings = settings
        self._route = settings.routes.route(self.operation)
        self._path = self._route.fill(self.operation, plan.path)
        self._url = self._address()
        self._further = _further(options.headers, plan.headers)
        self._content = None if plan.body is None else self._encoded(plan.body)
        self._began = settings.clock.monotonic()
        self._ends = self._began + options.deadline
        self.report = Report(
            settings.clock,
            options,
            operation=self.operation.id,
            method=self._route.method,
            route=self._route.template,
            role=options.role if ROLE_HEADER in self.operation.headers else None,
            query_id=(plan.body or {}).get("queryID"),
        )

    def request(self) -> Request:
        """Return the next attempt.

        Raises:
            TimedOut: The deadline has passed.
            OutcomeUnknown: It has, and an earlier attempt may have taken effect.
        """
        left = self._left
        if left <= 0:
            over = TimedOut(f"the deadline of {self.options.deadline:g} s passed")
            raise self._about(self._doubt.error() if self._doubt else over)
        self.attempts += 1
        self.report.sending(self.attempts)
        self._raw = None
        return Request(
            self._route.method,
            self._url,
            self._headers(),
            self._content,
            min(left, self.options.timeout),
            self._streamed,
        )

    def answered(self, answer: Answer) -> None:
        """Take in an answer: the call is `done`, or `in_doubt`, or goes on after `pause`.

        Raises:
            APIError: The answer is an error that stands.
            ResponseDecodeError: The answer cannot be understood.
            OutcomeUnknown: Whether the call took effect is not known, and nothing can be looked at.
        """
        # A service may repeat what it was sent; neither an error nor a result shall hold a secret.
        answer = self._concealed(answer)
        self._raw = _answers.raw_response(answer, self.attempts)
        self.report.answered(self._raw)
        if answer.rest is not None:
            self.rest = answer.rest
            self._end()
            return
        try:
            document = _answers.decode(answer) if 200 <= answer.status < 300 else None
        except ResponseDecodeError as undecodable:
            self._broken(answer, undecodable)
            return
        error = _answers.error_of(answer, document, self._settings.clock.now())
        if error is None:
            self._document = document
            self._end()
        else:
            self._refused(self._explained(error), success=answer.status < 300)

    def failed(self, failure: Failure) -> None:
        """Take note that no answer came: the call is `in_doubt`, or goes on after `pause`.

        Raises:
            TransportError: The call ends here.
        """
        self.report.failed(str(failure))
        if self._again(Cause(failure.sent), str(failure)):
            return
        error = self._about(self._transport_error(failure))
        if failure.sent and self.operation.retry == "read-back":
            self._wonder(error)
        elif self._doubt is not None:
            raise self._about(self._doubt.error()) from error
        else:
            raise error

    def look(self) -> tuple[Plan[Any], CallOptions] | None:
        """Return the look that may settle the call, and the options to make it with; None if there
        is nothing to look at."""
        look = self._doubt.look if self._doubt else None
        if look is None or look.plan is None:
            return None
        options: CallOptions = {
            "role": self.options.role,
            "headers": self.options.headers,
            "max_retries": self.options.max_retries,
            "deadline": max(self._left, 0.001),
        }
        return look.plan, options

    def saw_refusal(self) -> None:
        """Let the last answer stand for a look where nothing can be looked at: a 404 says that what
        was to be deleted is gone."""
        lost = self._wondering.lost
        gone = isinstance(lost, APIError) and _is_absence(lost)
        self.saw(None if gone else lost, None)

    def saw(self, value: object, raw: RawResponse | None) -> None:
        """Take in what a look shows; the call is `done`, still `in_doubt`, or is sent again.

        Args:
            value: The decoded answer, or all entries of a list.
            raw: The answer to the look.

        Raises:
            ByteHouseError: The call ends here.
        """
        doubt = self._wondering
        now = None if raw is None else _answers.date_of(raw)
        elapsed = self._settings.clock.monotonic() - self._began
        sight = Sight(value, now, elapsed, isinstance(doubt.lost, ResponseDecodeError))
        try:
            verdict = doubt.judge(sight)
        except ResponseDecodeError as error:
            self.saw_nothing(error)
            return
        match verdict.finding:
            case Finding.DONE:
                read = self._document_of(raw) if verdict.document is None else verdict.document
                self._document, self._raw = read, raw or self._raw
                self._end()
            case Finding.NOT_DONE:
                self._send_again()
            case Finding.UNDER_WAY:
                self._wait()
            case Finding.TAKEN:
                hint = "The answer to the call was lost; a look showed this."
                raise self._about(Conflict(verdict.seen, hint=hint))
            case Finding.FAILED:
                failed = QueryFailed(verdict.seen)
                failed.code = _answers.engine_code(verdict.seen) or verdict.state or ""
                raise self._about(failed)
            case Finding.UNCLEAR:
                self._look_further()

    def saw_nothing(self, error: ByteHouseError) -> None:
        """Take note that a look failed.

        Raises:
            ByteHouseError: The call ends here.
        """
        doubt = self._wondering
        if isinstance(error, APIError) and _is_absence(error):
            self.saw(None, error.raw_response)
            return
        doubt.blinded(error)
        self._look_further()

    def result(self) -> T:
        """Return the result of a call that is done."""
        result = self.plan.decode(self._document or {})
        if isinstance(result, Model) and self._raw is not None:
            result.received(self._raw)
        return result

    @property
    def raw(self) -> RawResponse | None:
        """The last answer; without its body, if that is read piece by piece."""
        return self._raw

    def broke_off(self, failure: Failure) -> ByteHouseError:
        """Return the error that a body amounts to whose reading has failed."""
        if failure.timed_out:
            return self._about(TimedOut("time ran out while the answer was read"))
        return self._about(_answers.undecodable(self._part(b""), f"{_BROKE_OFF} ({failure})"))

    def misunderstood(self, what: str, start: bytes, place: bytes) -> ByteHouseError:
        """Return the error that a body amounts to which is read and not understood.

        Args:
            what: What is wrong with it.
            start: The first part of it.
            place: What stands where it is wrong.
        """
        answer = self._part(place)
        if place and not start.startswith(place):
            what = f"{what}, at {answer.body[:60].decode('utf-8', 'replace')!r}"
        error = _answers.engine_error_in(answer) or _answers.undecodable(self._part(start), what)
        return self._about(error)

    def judge(self, fields: Mapping[str, Any]) -> None:
        """Look at what stands beside the rows of a success.

        Raises:
            APIError: It says that something went wrong.
        """
        told = {key: fields[key] for key in ("error", "exception", "message") if key in fields}
        if phase_of(fields.get("status")) in (Phase.FAILED, Phase.CANCELLED):
            told.setdefault("error", told.get("message") or fields["status"])
        if not told.get("error") and told.get("exception"):
            told["error"] = told["exception"]
        answer = self._part(json.dumps(told, default=str).encode())
        error = _answers.error_of(answer, json.loads(answer.body), 0.0)
        if error is not None:
            raise self._about(error)

    def _part(self, body: bytes) -> Answer:
        """Return a part of the body as an answer of its own."""
        raw = self._raw
        assert raw is not None  # noqa: S101 - something of the answer has been read
        answer = Answer(raw.status, raw.headers, body, complete=False, elapsed=raw.elapsed)
        return self._concealed(answer)

    def _concealed(self, answer: Answer) -> Answer:
        veils = [_answers.Veil(secret) for secret in self._secrets]
        return _answers.concealed(answer, [*veils, self._veil] if self._veil else veils)

    @property
    def pause(self) -> float:
        """Seconds to wait before the call goes on."""
        return self._pause

    @property
    def _left(self) -> float:
        return self._ends - self._settings.clock.monotonic()

    @property
    def _wondering(self) -> Doubt:
        assert self._doubt is not None  # noqa: S101 - a look is made in doubt only
        return self._doubt

    def _end(self) -> None:
        self.done, self.in_doubt = True, False
        self._settings.budget.earn()

    def _broken(self, answer: Answer, undecodable: ResponseDecodeError) -> None:
        """Take in a success whose body cannot be read. It took effect."""
        error = self._about(undecodable)
        if not answer.complete and not answer.too_large:
            # Only what broke off may come whole another time.
            read = self.operation.retry == "read"
            if read and self._again(Cause(sent=True), error.message):
                return
            if self.operation.retry == "read-back":
                self._wonder(error)
                return
        raise error

    def _refused(self, error: APIError, *, success: bool) -> None:
        cause = Cause(True, error.status, error.retry_after)
        if success:
            raise error
        if self._again(cause, f"HTTP {error.status}"):
            return
        # What the engine says of a statement is no guess of something in between.
        unknown = error.status in UNAVAILABLE and not isinstance(error, QueryFailed)
        # An earlier attempt may be why there is one already, or none any more.
        ours = self._doubt is not None and isinstance(
            error, Conflict | NotFound | InvalidRequest | QueryFailed
        )
        if self.operation.retry == "read-back" and (unknown or ours):
            self._wonder(error)
            return
        raise error

    def _wonder(self, lost: ByteHouseError) -> None:
        """Take note that whether the call took effect is not known.

        Raises:
            ByteHouseError: Nothing can be looked at, or there is no time for it.
        """
        doubt = self._doubt = Doubt(self.plan, lost)
        cause = Cause(True, retry_after=getattr(lost, "retry_after", None))
        pause = self._pause_after(cause)
        if doubt.look is None or pause >= self._left or not self._settings.budget.take():
            raise self._about(doubt.error())
        self._go_on(pause, lost.message, looking=True)
        self.in_doubt = True

    def _look_further(self) -> None:
        """Go on to the next look."""
        doubt = self._wondering
        if doubt.look is None or self._left <= 0 or not self._settings.budget.take():
            raise self._about(doubt.error())
        self._pause = 0.0

    def _wait(self) -> None:
        """Look again later at what is under way."""
        fraction = max(0.2, self._settings.clock.fraction())
        pause = self.options.retry_policy.pause(self._wondering.waits, Cause(True), fraction)
        if pause >= self._left:
            raise self._about(self._wondering.error())
        self._pause = pause

    def _send_again(self) -> None:
        """Send the call again, which has not taken effect so far."""
        doubt, lost = self._wondering, self._wondering.lost
        if isinstance(lost, APIError) and lost.status not in UNAVAILABLE:
            raise lost  # the last attempt was refused, and no other has done it
        may = self.attempts <= self.options.max_retries and self._left > 0
        # After a success that broke off, the service has said that it did it.
        if isinstance(lost, ResponseDecodeError) or not may or not self._settings.budget.take():
            raise self._about(doubt.error())
        self.in_doubt = False
        self._go_on(0.0, doubt.lost.message + "; it has not taken effect", looking=False)

    def _again(self, cause: Cause, reason: str) -> bool:
        """Tell whether the call is sent again; if so, take note of it."""
        if self.attempts > self.options.max_retries or not may_repeat(self.operation, cause):
            return False
        pause = self._pause_after(cause)
        # An attempt that could only begin after the deadline is no attempt: the cause at hand says
        # more.
        if pause >= self._left or not self._settings.budget.take():
            return False
        self._go_on(pause, reason, looking=False)
        return True

    def _pause_after(self, cause: Cause) -> float:
        fraction = self._settings.clock.fraction()
        return self.options.retry_policy.pause(self.attempts, cause, fraction)

    def _go_on(self, pause: float, reason: str, *, looking: bool) -> None:
        self._pause = pause
        self.report.going_on(pause, reason, looking=looking)

    @staticmethod
    def _document_of(raw: RawResponse | None) -> Mapping[str, Any]:
        document: Mapping[str, Any] = msgspec.json.decode(raw.body) if raw else {}
        return document

    def _address(self) -> str:
        url = self._settings.host + self._path
        try:
            url += "?" + urlencode(self.plan.query) if self.plan.query else ""
        except UnicodeEncodeError as error:
            raise self._about(InvalidArgument(f"a text cannot be sent: {error}")) from None
        if len(url) > _LONGEST_URL:
            what = f"the address is longer than {_LONGEST_URL} characters"
            raise self._about(InvalidArgument(what))
        return url

    def _headers(self) -> dict[str, str]:
        credential = self._settings.credential(self.options)
        self._veil = credential.veil
        headers = {**self._settings.headers, "Authorization": credential.header}
        if self._further:
            for name in [name for name in headers if name.lower() in self._further]:
                del headers[name]
            headers |= self._further.values()
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
        if failure.sent and self.operation.retry == "never":
            return OutcomeUnknown(
                f"no answer came ({failure}), and whether it took effect is not known",
                hint="It was not sent again, so that nothing happens twice. Look before you do.",
            )
        if failure.sent and self.operation.retry == "read-back":
            return OutcomeUnknown(f"no answer came ({failure})")
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


def _further(*given: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return headers by name in lower case; a later one goes before an earlier one."""
    return {
        name.lower(): (name, header_value(name, value))
        for headers in given
        for name, value in headers.items()
    }


def _may_be_the_route(error: APIError) -> bool:
    """Tell whether an error may mean that the service has no such method or path."""
    if error.status == 405:
        return True
    return isinstance(error, NotFound) and _NO_OBJECT.match(error.code) is not None


def _is_absence(error: APIError) -> bool:
    """Tell whether the service itself says that there is no such object.

    The engine's own words for that come with a 404 as well.
    """
    missing = isinstance(error, NotFound) or error.status == 404
    return missing and error.by_service and not _may_be_the_route(error)
