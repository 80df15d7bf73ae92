"""Use httpx: what the transports of both flavours share."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from socket import socket
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from .._core.secrets import revealed
from ..errors import ConfigError
from .decompression import BadEncoding, Decompressor
from .models import Request, Response, TransportFailure

if TYPE_CHECKING:
    from .async_transport import AsyncResponseStream
    from .sync_transport import ResponseStream

__all__ = [
    "BODY_ERRORS",
    "CONNECTION_ERRORS",
    "CONNECT_TIMEOUT",
    "KEEPALIVE",
    "BodyReader",
    "httpcore_proxy",
    "httpcore_request",
    "httpx_errors",
    "httpx_request",
    "tls_context",
    "transport_failure",
]

KEEPALIVE = 15.0
"""Seconds that a connection may be idle. The library's 5 are no longer than the longest pause
between two polls of what runs in the background: each poll would open a connection of its own."""

CONNECTION_ERRORS = (httpx.TransportError, OSError)
BODY_ERRORS = (httpx.TransportError, httpx.DecodingError, BadEncoding)
CONNECT_TIMEOUT = 30.0

# After one of these errors, the request was certainly not sent.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def transport_failure(error: Exception) -> TransportFailure:
    """Return the failure that an error of the HTTP library stands for."""
    timed_out = isinstance(error, httpx.TimeoutException | TimeoutError)
    match error:
        case httpx.ProxyError():
            # Its text is what the proxy says, which may repeat its password.
            status = re.match(r"(?:the proxy returned )?([1-5]\d\d)\b", str(error))
            reason = f"the proxy returned {status[1]}" if status else "the proxy failed"
        case httpx.RemoteProtocolError() if "bytearray(" in str(error):
            reason = "the response is not HTTP"  # the library's text repeats it
        case _:
            reason = str(error) or ("time ran out" if timed_out else type(error).__name__)
    return TransportFailure(reason, sent=not isinstance(error, _NOT_SENT), timed_out=timed_out)


class _BracketContext(ssl.SSLContext):
    """Take IPv6 addresses in brackets: httpcore needs these to ask a proxy for a tunnel."""

    def wrap_socket(  # type: ignore[override]
        self, sock: socket, *, server_hostname: str, **options: Any
    ) -> ssl.SSLSocket:
        return super().wrap_socket(sock, server_hostname=server_hostname.strip("[]"), **options)

    def wrap_bio(  # type: ignore[override]
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool,
        server_hostname: str | bytes,
        *rest: Any,
    ) -> ssl.SSLObject:
        given = server_hostname
        name = (given if isinstance(given, str) else given.decode("ascii")).strip("[]")
        return super().wrap_bio(incoming, outgoing, server_side, name, *rest)


@cache
def tls_context(
    ca_file: str | None, client_cert: str | None, *, brackets: bool = False
) -> ssl.SSLContext:
    """Return a TLS context; making one takes 20 ms, so equal settings share one.

    Args:
        ca_file: PEM file of the authorities to trust instead of the default ones.
        client_cert: PEM file with a client certificate.
        brackets: Whether hosts are IPv6 addresses in brackets.

    Raises:
        ConfigError: The certificates cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if brackets:
            context.__class__ = _BracketContext
        if client_cert:
            context.load_cert_chain(client_cert)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"The certificates in {ca_file or client_cert} cannot be used: {error}"
        ) from None
    return context


def httpcore_proxy(proxy: httpx.Proxy | None) -> httpcore.Proxy | None:
    """Return a proxy as httpcore takes it."""
    if proxy is None:
        return None
    return httpcore.Proxy(_httpcore_url(proxy.url), proxy.raw_auth, proxy.headers.raw)


def _httpcore_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


# Parsing is a tenth of a small call, and statements and polls go to the same few addresses.
_parse_url = lru_cache(maxsize=128)(httpx.URL)


class _NoBody(httpx.ByteStream):
    """Send nothing: an empty piece would take a twentieth of a small call to be framed."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        return
        yield b""


_NO_BODY = _NoBody(b"")


def httpx_request(request: Request, timeout: float) -> httpx.Request:
    """Return a request as the transports of httpx take it, with its time-out in seconds."""
    limits = {"connect": min(timeout, CONNECT_TIMEOUT)}
    limits["read"] = limits["write"] = limits["pool"] = timeout
    built = httpx.Request(
        request.method,
        _parse_url(request.url),
        headers={name: revealed(value) for name, value in request.headers.items()},
        # With `content`, httpx would look for headers to add, which takes longer than all else.
        stream=httpx.ByteStream(request.content) if request.content else _NO_BODY,
        extensions={"timeout": limits},
    )
    built.read()  # so that a recorder or a mock finds `content`
    return built


def httpcore_request(request: httpx.Request) -> httpcore.Request:
    """Return a request as the connections of httpcore take it."""
    return httpcore.Request(
        request.method,
        _httpcore_url(request.url),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


@contextmanager
def httpx_errors() -> Iterator[None]:
    """Raise the errors of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.TimeoutException,
        httpcore.UnsupportedProtocol,
    ) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error)) from error


class BodyReader:
    """Collect the body of one response within limits of size and time.

    Attributes:
        headers: Headers of the response, names in lower case.
        refused: Why the body is not read, as a clause of a message; empty if it is.
        decoded: Whether a transport that replaces httpx's own has read and unpacked it already.

    Args:
        response: The response.
        began: When the request was sent, in seconds of `time.monotonic`.
        timeout: Seconds from then until the body must be complete.
        max_body: Bytes that it may have, unpacked.
    """

    def __init__(
        self, response: httpx.Response, *, began: float, timeout: float, max_body: int
    ) -> None:
        self.headers = _by_lower_name(response.headers.raw)
        self.refused = ""
        self.decoded = response.is_stream_consumed
        self._status = response.status_code
        self._began = began
        self._timeout = timeout
        self._max_body = max_body
        self._pieces: list[bytes] = []
        self._size = 0
        try:
            encoding = self.headers.get("content-encoding", "")
            self.decompressor = Decompressor("" if self.decoded else encoding)
        except BadEncoding as error:
            self.refused = str(error)

    @property
    def left(self) -> float:
        """Seconds that are left to read the body."""
        return self._timeout - (time.monotonic() - self._began)

    def add(self, piece: bytes) -> bool:
        """Add a piece as it was received; False if no more is wanted.

        Raises:
            httpx.ReadTimeout: The time is over.
            BadEncoding: It cannot be unpacked.
        """
        for part in () if self.refused else self.decompressor.pieces(piece):
            if self.left < 0:
                raise httpx.ReadTimeout("time ran out")
            self._size += len(part)
            if self._size > self._max_body:
                self.refused = (
                    f"the response body is larger than {self._max_body} bytes (`max_body`)"
                )
                break
            self._pieces.append(part)
        return not self.refused

    def finish(self) -> None:
        """Check that the body is complete.

        Raises:
            BadEncoding: It is not.
        """
        if not self.refused:
            self.decompressor.finish()

    def response(
        self, *, complete: bool, stream: ResponseStream | AsyncResponseStream | None = None
    ) -> Response:
        """Return what was received; of a truncated body at least the status is known."""
        return Response(
            self._status,
            self.headers,
            b"".join(self._pieces),
            complete and not self.refused,
            time.monotonic() - self._began,
            self.refused,
            stream,
        )


def _by_lower_name(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as strings; httpx would guess the encoding of all of them for each."""
    try:
        pairs = [(name.decode().lower(), value.decode()) for name, value in headers]
    except UnicodeDecodeError:
        pairs = [(n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in headers]
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
