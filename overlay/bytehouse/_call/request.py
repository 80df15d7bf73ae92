"""Build what all attempts of a call have in common, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bytehouse_raw.operations import ROLE_HEADER
from bytehouse_raw.plan import Plan

from .._core import json
from .._core.options import Options, header_value
from .._core.secrets import Secret
from .._transport.models import Request
from ..errors import InvalidArgument

if TYPE_CHECKING:
    from .context import Settings


_MAX_URL_LENGTH = 32_000


class PreparedRequest:
    """Hold the URL, the body and the headers that do not change between attempts.

    Args:
        settings: What all calls of the client share.
        options: Options of the call.
        plan: What to send.
        method: HTTP method.
        path: Path with its parameters filled in.

    Raises:
        InvalidArgument: The URL, a header or the body cannot be sent.
    """

    def __init__(
        self, settings: Settings, options: Options, plan: Plan[Any], method: str, path: str
    ) -> None:
        self._method = method
        self._url = _build_url(settings.host + path, plan.query)
        self._content = None if plan.body is None else _encode(plan.body)
        self._headers: dict[str, str | Secret] = dict(settings.headers)
        if options.headers or plan.headers:
            custom = _by_lower_name(options.headers, plan.headers)
            for name in [name for name in self._headers if name.lower() in custom]:
                del self._headers[name]
            self._headers |= custom.values()
        if self._content is not None:
            self._headers["Content-Type"] = "application/json"
            self._headers["Content-Length"] = str(len(self._content))
        if options.role is not None and ROLE_HEADER in plan.operation.headers:
            self._headers.setdefault(ROLE_HEADER, options.role)

    def attempt(self, authorization: Secret, timeout: float, *, streamed: bool) -> Request:
        """Return the request of one attempt.

        Args:
            authorization: Value of the Authorization header.
            timeout: Seconds that the attempt may take.
            streamed: Whether the body of a success is to be read piece by piece.
        """
        headers = {**self._headers, "Authorization": authorization}
        return Request(self._method, self._url, headers, self._content, timeout, streamed)


def _build_url(url: str, query: Mapping[str, str]) -> str:
    try:
        url += "?" + urlencode(query) if query else ""
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"a string cannot be sent: {error}") from None
    if len(url) > _MAX_URL_LENGTH:
        raise InvalidArgument(f"the URL is longer than {_MAX_URL_LENGTH} characters")
    return url


def _encode(body: Mapping[str, Any]) -> bytes:
    try:
        return json.encode(body)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"the body cannot be written as JSON: {error}") from None


def _by_lower_name(
    *given: Mapping[str, str] | Mapping[str, str | Secret],
) -> dict[str, tuple[str, str | Secret]]:
    """Return headers by their names in lower case; a later one replaces an earlier one."""
    return {
        name.lower(): (name, header_value(name, value))
        for headers in given
        for name, value in headers.items()
    }
