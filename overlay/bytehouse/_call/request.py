"""Build what all attempts of a call have in common, once."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import attrs

from bytehouse_raw.operations import ROLE_HEADER
from bytehouse_raw.plan import Plan

from .._core import json
from .._core.options import Options, header_value
from .._core.secrets import Secret
from .._transport.models import Request
from ..errors import InvalidArgument

if TYPE_CHECKING:
    from .context import Credential, Settings


_MAX_URL_LENGTH = 32_000


@attrs.frozen
class ClickHouseBody:
    """Hold what is sent to the ClickHouse interface of the host, and not to the API.

    Attributes:
        content: The body.
        port: Port of the interface.
    """

    content: bytes = attrs.field(repr=False)
    port: int


class PreparedRequest:
    """Hold the URL, the body and the headers that do not change between attempts.

    Args:
        settings: What all calls of the client share.
        options: Options of the call.
        plan: What to send.
        method: HTTP method.
        path: Path with its parameters filled in.
        clickhouse: The body, where that goes to the ClickHouse interface.

    Raises:
        InvalidArgument: The URL, a header or the body cannot be sent.
    """

    def __init__(
        self,
        settings: Settings,
        options: Options,
        plan: Plan[Any],
        method: str,
        path: str,
        *,
        clickhouse: ClickHouseBody | None = None,
    ) -> None:
        self._method = method
        self._headers: dict[str, str | Secret] = dict(settings.headers)
        self._basic = clickhouse is not None
        host, kind = settings.host, "application/json"
        if clickhouse is None:
            self._content = None if plan.body is None else _encode(plan.body)
        else:
            self._content, kind = clickhouse.content, "application/octet-stream"
            scheme, _, authority = _with_port(host, clickhouse.port).partition("://")
            host = f"{scheme}://{authority}"
            self._headers |= {"Host": authority, "Accept": "*/*"}
        self._url = _build_url(host + path, plan.query)
        if options.headers or plan.headers:
            custom = _by_lower_name(options.headers, plan.headers)
            for name in [name for name in self._headers if name.lower() in custom]:
                del self._headers[name]
            self._headers |= custom.values()
        if self._content is not None:
            self._headers["Content-Type"] = kind
            self._headers["Content-Length"] = str(len(self._content))
        if options.role is not None and ROLE_HEADER in plan.operation.headers:
            self._headers.setdefault(ROLE_HEADER, options.role)

    def attempt(self, credential: Credential, timeout: float, *, streamed: bool) -> Request:
        """Return the request of one attempt.

        Args:
            credential: The key as it is now.
            timeout: Seconds that the attempt may take.
            streamed: Whether the body of a success is to be read piece by piece.
        """
        authorization = credential.key.map(_basic) if self._basic else credential.header
        headers = {**self._headers, "Authorization": authorization}
        return Request(self._method, self._url, headers, self._content, timeout, streamed)


def _basic(key: str) -> str:
    return f"Basic {b64encode(f'bytehouse:{key}'.encode()).decode()}"


def _with_port(host: str, port: int) -> str:
    parts = urlsplit(host)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{name}:{port}"


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
