"""Turn a response into its decoded body, or into the error that it represents."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import attrs

from bytehouse_raw.types import RawResponse

from .._api.engine_errors import engine_hint, find_engine_error
from .._core import json
from .._transport.models import Response
from ..errors import APIError, QueryFailed, ResponseDecodeError
from .error_meaning import KNOWN_STATUSES, Meaning, meaning_of

if TYPE_CHECKING:
    from bytehouse_raw.operations import Operation

TRUNCATED = "the response body was truncated"
_MAX_BODY_SHOWN = 500
_REQUEST_ID_HEADERS = ("x-request-id", "x-tt-logid", "x-bytehouse-request-id", "request-id")
_ENGINE_CODE_HEADER = "x-clickhouse-exception-code"
_MEANS_NO_ERROR = frozenset({"", "0", "200", "ok", "success", "none", "null"})


@attrs.frozen
class ErrorDetails:
    """Hold what a response says about an error.

    Attributes:
        code: Name or number of the error; empty if there is none.
        message: What went wrong; empty if there is none.
        by_service: Whether it came in the service's own form, and not from a gateway or proxy.
        by_engine: Whether it is an error of the SQL engine.
    """

    code: str = ""
    message: str = ""
    by_service: bool = False
    by_engine: bool = False


def decode(response: Response) -> Mapping[str, Any]:
    """Return the body of a success as an object.

    Raises:
        ResponseDecodeError: The body is truncated, or is no JSON object.
    """
    if response.refused:
        raise decode_error(response, response.refused)
    if not response.complete:
        raise decode_error(response, TRUNCATED)
    if not response.body or response.body.isspace():
        return {}
    try:
        document = json.decode(response.body)
    except ValueError:
        raise decode_error(response, "the response body is not JSON") from None
    if not isinstance(document, dict):
        raise decode_error(response, "the response body is not a JSON object")
    return document


def decode_error(response: Response, problem: str) -> ResponseDecodeError:
    """Return the error for a success whose body cannot be decoded."""
    content_type = response.headers.get("content-type", "no content type")
    first = response.body.lstrip()[:1]
    hint = (
        "The API returned a success status, so the call probably took effect."
        if first in (b"{", b"[") or (first != b"<" and not response.complete)
        else "The host may not be ByteHouse's API; check it, and any proxy in between."
    )
    start = _body_start(response, 120)
    error = ResponseDecodeError(
        f"{problem} (HTTP {response.status}, {content_type}): {start!r}", hint=hint
    )
    error.status = response.status
    error.body = _body_start(response, _MAX_BODY_SHOWN)
    return error


def engine_error_in(response: Response) -> APIError | None:
    """Return the error that the engine wrote into a success that it had begun; None if it did
    not."""
    found = find_engine_error(_body_start(response, 4000))
    return error_in(response, {"error": found.message}, 0.0) if found else None


def error_in(
    response: Response,
    document: Mapping[str, Any] | None,
    now: float,
    operation: Operation | None = None,
) -> APIError | None:
    """Return the error that a response represents; None for a success.

    The HTTP status comes first. In a success, an ``error`` object counts only if it carries a code
    or a message that means an error: the service sends one beside ``"message": "Success"``.

    Args:
        response: The response.
        document: Its decoded body, if it is a success.
        now: Seconds since 1970.
        operation: What was called; None if that is not known.
    """
    if document is None:
        details = _details_of_failure(response)
    elif document.get("error") is None:
        return None
    else:
        details = _details_in(document, success=True)
        if not (details.code or details.message):
            return None
    meaning = _meaning(response.status, details, operation)
    error = meaning.error(details.message or _default_message(response))
    error.status = response.status
    error.code = details.code
    error.by_service = details.by_service
    error.headers = response.headers
    error.body = _body_start(response, _MAX_BODY_SHOWN)
    error.request_id = _request_id(response)
    error.retry_after = parse_retry_after(response.headers.get("retry-after"), now)
    error.hint = "" if document is not None else meaning.hint or _hint(response, details)
    return error


def is_emulator(headers: Mapping[str, str]) -> bool:
    """Return whether a response is the emulator's."""
    return headers.get("server") == "bytehouse-emulator"


def raw_response(response: Response, attempts: int) -> RawResponse:
    """Return a response in the form that users see."""
    return RawResponse(
        status=response.status,
        headers=response.headers,
        body=response.body,
        request_id=_request_id(response),
        elapsed=response.elapsed,
        attempts=attempts,
    )


def parse_retry_after(value: str | None, now: float) -> float | None:
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


def _body_start(response: Response, length: int) -> str:
    return response.body[: length * 4].decode("utf-8", "replace")[:length]


def _request_id(response: Response) -> str | None:
    for name in _REQUEST_ID_HEADERS:
        if name in response.headers:
            return response.headers[name]
    return None


def _meaning(status: int, details: ErrorDetails, operation: Operation | None) -> Meaning:
    if details.by_engine and status not in (401, 403, 429):
        return Meaning(QueryFailed, engine_hint(details.code, details.message))
    number = status
    if status < 300 and details.code.isdecimal() and int(details.code) in KNOWN_STATUSES:
        number = int(details.code)
    return meaning_of(number, details.code, details.message, operation)


def _default_message(response: Response) -> str:
    if 300 <= response.status < 400:
        return f"the host redirects to {response.headers.get('location', 'nowhere')!r}"
    text = " ".join(re.sub(r"<[^>]*>", " ", _body_start(response, 2000)).split())
    return f"HTTP {response.status}" + (f", {text[:120]!r}" if text else " without a body")


def _details_of_failure(response: Response) -> ErrorDetails:
    """Return the details of a response with an error status, in any of the known forms."""
    details = _details_in_body(response)
    code = response.headers.get(_ENGINE_CODE_HEADER)
    if code and not details.by_engine:
        return attrs.evolve(details, code=_error_text(code, 20), by_service=True, by_engine=True)
    return details


def _details_in_body(response: Response) -> ErrorDetails:
    if response.body.removeprefix(BOM_UTF8).lstrip().startswith(b"{"):
        try:
            document = json.decode(response.body)
        except ValueError:
            return ErrorDetails()
        return _details_in(document, success=False)
    return _engine_details(_body_start(response, 4000)) or ErrorDetails()


def _details_in(document: Mapping[str, Any], *, success: bool) -> ErrorDetails:
    detail = document.get("error")
    if not isinstance(detail, dict):
        detail = {"message": detail}
    code, message = _error_text(detail.get("code"), 100), _error_text(detail.get("message"))
    if not success:
        code = code or _error_text(document.get("code"), 100)
        message = message or _error_text(document.get("message"))
    by_service = "error" in document or "code" in document
    return _engine_details(message) or ErrorDetails(code, message, by_service=by_service)


def _engine_details(text: str) -> ErrorDetails | None:
    error = find_engine_error(text)
    if error is None:
        return None
    message = error.message.strip()[:1000]
    return ErrorDetails(error.code, message, by_service=True, by_engine=True)


def _error_text(value: object, length: int = 1000) -> str:
    """Return a code or message as a string; empty if it means that there is no error."""
    if value is None or value is False or isinstance(value, dict | list):
        return ""
    text = str(value).strip()
    return "" if text.lower() in _MEANS_NO_ERROR else text[:length]


def _hint(response: Response, details: ErrorDetails) -> str:
    status = response.status
    if 300 <= status < 400:
        return (
            "Redirects are not followed, so that the key goes to no other host. "
            "Set host to the right address."
        )
    if status == 501 and details.by_service:
        return (
            "This is the emulator, which does not model it; the service may offer it."
            if is_emulator(response.headers)
            else "The service does not offer this operation."
        )
    if status >= 500 and not details.by_service:
        return "The response is not in the service's form; a gateway or proxy may be failing."
    return ""
