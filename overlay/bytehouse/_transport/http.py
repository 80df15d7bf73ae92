"""Use httpx: what the transports of both flavours share."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from .._core.config import Config, parse_setting
from .._core.secrets import Secret, revealed
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
    "find_proxy",
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


@cache
def tls_context(ca_file: str | None, client_cert: str | None) -> ssl.SSLContext:
    """Return a TLS context; making one takes 20 ms, so equal settings share one.

    Raises:
        ConfigError: The certificates cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if client_cert:
            context.load_cert_chain(client_cert)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"The certificates in {ca_file or client_cert} cannot be used: {error}"
        ) from None
    return context


def find_proxy(config: Config) -> httpx.Proxy | None:
    """Return the proxy to use, from the configuration or the environment; None if there is none.

    Raises:
        ConfigError: It cannot be used.
    """
    parts = urlsplit(config.host)
    if parts.scheme == "http":
        return None  # plain http is for this machine; through a proxy the key would leave it
    address = Secret(config.proxy or "")
    if not address and not proxy_bypass(parts.netloc):
        address = Secret.returned_by(_proxy_of_environment)
        if address:
            address = Secret(parse_setting("proxy", address, "the proxy of the environment"))
    if not address:
        return None
    if address.check(lambda url: url.startswith("socks")) and find_spec("socksio") is None:
        raise ConfigError(
            "A SOCKS proxy needs the package socksio.", hint="pip install 'httpx[socks]'"
        )
    return httpx.Proxy(address.reveal())


def _proxy_of_environment() -> str:
    proxies = getproxies()
    found = proxies.get("https") or proxies.get("all") or ""
    return found if "://" in found or not found else f"http://{found}"


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
