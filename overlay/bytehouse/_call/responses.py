"""Judge an answer: give its decoded body, or raise the error that it amounts to."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import attrs
import msgspec

from bytehouse_raw.types import RawResponse

from .._core.secrets import Secret
from .._transport.models import Response
from ..errors import (
    APIError,
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QueryFailed,
    RateLimited,
    ResponseDecodeError,
    ServerError,
)

__all__ = [
    "SecretMask",
    "date_of",
    "decode",
    "engine_code",
    "engine_error_in",
    "error_of",
    "raw_response",
    "redact",
    "retry_after",
    "undecodable",
]

_BODY_SHOWN = 500
_BY_STATUS: dict[int, type[APIError]] = {
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}
_REQUEST_IDS = ("x-request-id", "x-tt-logid", "x-bytehouse-request-id", "request-id")
# The engine's own form: "Code: 60. DB::Exception: Table default.t does not exist. (UNKNOWN_TABLE)".
_ENGINE = re.compile(r"Code:\s*(\d+)[.,]\s*(?:e\.displayText\(\) = )?(DB::Exception.*)", re.DOTALL)
_ENGINE_HEADER = "x-clickhouse-exception-code"
_NOTHING = frozenset({"", "0", "200", "ok", "success", "none", "null"})


@attrs.frozen
class ErrorDetails:
    """Hold what an answer says about an error.

    Attributes:
        code: Name or number of the error; empty if there is none.
        message: What went wrong; empty if nothing is said.
        by_service: Whether it came in the service's own form, and not from something in between.
        by_engine: Whether it is the SQL engine that speaks.
    """

    code: str = ""
    message: str = ""
    by_service: bool = False
    by_engine: bool = False


def decode(answer: Response) -> Mapping[str, Any]:
    """Return the body of a success as an object.

    Raises:
        ResponseDecodeError: The body broke off, or is no JSON object.
    """
    if answer.too_large:
        raise undecodable(answer, "the body of the answer is larger than `max_body` allows")
    if not answer.complete:
        raise undecodable(answer, "the body of the answer broke off")
    if not answer.body or answer.body.isspace():
        return {}
    try:
        document = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise undecodable(answer, "the body of the answer is not JSON") from None
    if not isinstance(document, dict):
        raise undecodable(answer, "the body of the answer is not a JSON object")
    return document


def engine_code(message: str) -> str:
    """Return the engine's number for an error, from its own words; empty if there is none."""
    told = _told_by_engine(message)
    return told.code if told else ""


def engine_error_in(answer: Response) -> APIError | None:
    """Return the error that the engine wrote into a success that it had begun; None if it did
    not."""
    found = _ENGINE.search(_shown(answer, 4000))
    return error_of(answer, {"error": found[0]}, 0.0) if found else None


def undecodable(answer: Response, what: str) -> ResponseDecodeError:
    """Return the error that a success amounts to that cannot be understood."""
    kind = answer.headers.get("content-type", "no content type")
    begins = answer.body.lstrip()[:1]
    hint = (
        "The call itself was answered with success, so it probably took effect."
        if begins in (b"{", b"[") or (begins != b"<" and not answer.complete)
        else "The host may not be ByteHouse's API; check it, and any proxy in between."
    )
    error = ResponseDecodeError(
        f"{what} (HTTP {answer.status}, {kind}): {_shown(answer, 120)!r}", hint=hint
    )
    error.status = answer.status
    error.body = _shown(answer, _BODY_SHOWN)
    return error


def _shown(answer: Response, length: int) -> str:
    return answer.body[: length * 4].decode("utf-8", "replace")[:length]


def error_of(answer: Response, document: Mapping[str, Any] | None, now: float) -> APIError | None:
    """Return the error that an answer amounts to; None for a success.

    The HTTP status speaks first. In a success, an ``error`` object counts only if it carries a code
    or a message that says something: the service sends one beside ``"message": "Success"``.

    Args:
        answer: The answer.
        document: Its decoded body, if it is a success.
        now: Seconds since 1970.
    """
    if document is None:
        told = _told_by_failure(answer)
    elif document.get("error") is None:
        return None
    else:
        told = _told_by(document, success=True)
        if not (told.code or told.message):
            return None
    error = _class_of(answer.status, told)(told.message or _unexplained(answer))
    error.status = answer.status
    error.code = told.code
    error.by_service = told.by_service
    error.headers = answer.headers
    error.body = _shown(answer, _BODY_SHOWN)
    error.request_id = _request_id(answer)
    error.retry_after = retry_after(answer.headers.get("retry-after"), now)
    error.hint = "" if document is not None else _hint(answer, told)
    return error


class SecretMask:
    """Hold a secret in the forms in which an answer may repeat it."""

    __slots__ = ("forms", "secret")

    def __init__(self, secret: Secret) -> None:
        text = secret.reveal()
        written = (text, msgspec.json.encode(text).decode()[1:-1], json.dumps(text)[1:-1])
        self.secret = secret
        self.forms = tuple(dict.fromkeys(form.encode() for form in written))


def redact(answer: Response, masks: Collection[SecretMask]) -> Response:
    """Return an answer without the secrets of its request, where the service repeated them.

    A text that is too short to be a secret worth the name stays, and in a success so does one that
    might be a word of the answer's own.
    """
    body, headers = answer.body, answer.headers
    for mask in sorted(masks, key=lambda mask: len(mask.secret), reverse=True):
        secret = mask.secret
        if len(secret) < (8 if answer.status < 300 else 4):
            continue
        for form in mask.forms:
            body = body.replace(form, b"***")
        if any(secret in value for value in headers.values()):
            headers = {name: value.replace(secret, "***") for name, value in headers.items()}
    if body is answer.body and headers is answer.headers:
        return answer
    return attrs.evolve(answer, body=body, headers=headers)


def date_of(raw: RawResponse) -> float | None:
    """Return the time, in seconds since 1970, at which the service says that it answered."""
    try:
        return parsedate_to_datetime(raw.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def raw_response(answer: Response, attempts: int) -> RawResponse:
    """Return an answer as users see it."""
    return RawResponse(
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        request_id=_request_id(answer),
        elapsed=answer.elapsed,
        attempts=attempts,
    )


def _request_id(answer: Response) -> str | None:
    for name in _REQUEST_IDS:
        if name in answer.headers:
            return answer.headers[name]
    return None


def _class_of(status: int, told: ErrorDetails) -> type[APIError]:
    if status in (401, 403, 429):
        return _BY_STATUS[status]  # whoever says it, the remedy is the same
    if told.by_engine:
        return QueryFailed
    number = int(told.code) if status < 300 and told.code.isdecimal() else status
    if number in _BY_STATUS:
        return _BY_STATUS[number]
    if status < 400:
        return APIError
    return InvalidRequest if status < 500 else ServerError


def _unexplained(answer: Response) -> str:
    if 300 <= answer.status < 400:
        return f"the host redirects to {answer.headers.get('location', 'nowhere')!r}"
    text = " ".join(re.sub(r"<[^>]*>", " ", _shown(answer, 2000)).split())
    return f"HTTP {answer.status}" + (f", {text[:120]!r}" if text else " without a body")


def _told_by_failure(answer: Response) -> ErrorDetails:
    """Find what a failure says, in any of the forms that are known."""
    told = _told_by_body(answer)
    number = answer.headers.get(_ENGINE_HEADER)
    if number and not told.by_engine:
        return attrs.evolve(told, code=_error_text(number, 20), by_service=True, by_engine=True)
    return told


def _told_by_body(answer: Response) -> ErrorDetails:
    if answer.body.lstrip().startswith(b"{"):
        try:
            document = msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ErrorDetails()
        return _told_by(document, success=False)
    return _told_by_engine(_shown(answer, 4000)) or ErrorDetails()


def _told_by(document: Mapping[str, Any], *, success: bool) -> ErrorDetails:
    detail = document.get("error")
    if not isinstance(detail, dict):
        detail = {"message": detail}
    code, message = _error_text(detail.get("code"), 100), _error_text(detail.get("message"))
    if not success:
        code = code or _error_text(document.get("code"), 100)
        message = message or _error_text(document.get("message"))
    by_service = "error" in document or "code" in document
    return _told_by_engine(message) or ErrorDetails(code, message, by_service=by_service)


def _told_by_engine(text: str) -> ErrorDetails | None:
    match = _ENGINE.search(text)
    return match and ErrorDetails(
        match[1], match[0].strip()[:1000], by_service=True, by_engine=True
    )


def _error_text(value: object, length: int = 1000) -> str:
    """Return a code or message as text; empty if it says that nothing is wrong."""
    if value is None or value is False or isinstance(value, dict | list):
        return ""
    text = str(value).strip()
    return "" if text.lower() in _NOTHING else text[:length]


def _hint(answer: Response, told: ErrorDetails) -> str:
    status = answer.status
    if 300 <= status < 400:
        return (
            "Redirects are not followed, so that the key goes to no other host. "
            "Set host to the right address."
        )
    if status == 401:
        return (
            "Check api_key: it may be wrong, disabled or expired "
            "(keys need renewing within 90 days)."
        )
    if status == 403:
        return (
            "The role does not exist or lacks the grant: pass role=..., or ask for the permission."
        )
    if status == 501 and told.by_service:
        return "The service does not offer this operation."
    if status >= 500 and not told.by_service:
        return "The answer is not in the service's form; something between may be failing."
    return ""


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks to wait, from seconds or a date."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if seconds < float("inf") else None
