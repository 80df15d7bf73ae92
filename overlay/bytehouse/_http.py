"""Carry one request to the host and bring its answer back. The only module that knows the HTTP
library."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs
import httpx

from ._config import Config
from ._errors import ConfigError
from ._secret import Secret

__all__ = ["Answer", "AsyncHttpTransport", "Failure", "HttpTransport", "Request"]

MAX_BODY = 1 << 30


@attrs.frozen
class Request:
    """Hold one attempt of a call, ready to be sent. Its repr shows no header and no body."""

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes | None = attrs.field(repr=False)
    timeout: float


@attrs.frozen
class Answer:
    """Hold what came back.

    Attributes:
        status: HTTP status.
        headers: Headers, names in lower case.
        body: Body, with its content encoding undone.
        complete: Whether the body came whole.
        elapsed: Seconds from sending to the last byte.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)
    complete: bool
    elapsed: float


class Failure(Exception):
    """Say that no answer came.

    Attributes:
        sent: Whether the request may have reached the service.
        timed_out: Whether it was time that ran out.
    """

    def __init__(self, reason: str, *, sent: bool, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        self.timed_out = timed_out


# A request that met one of these was certainly not sent.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def _failure(error: Exception) -> Failure:
    timed_out = isinstance(error, httpx.TimeoutException)
    reason = str(error) or type(error).__name__
    return Failure(reason, sent=not isinstance(error, _NOT_SENT), timed_out=timed_out)


@cache
def _tls(ca_file: str | None, client_cert: str | None) -> ssl.SSLContext:
    """Make a TLS context; it costs 20 ms, so equal settings share one."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if client_cert:
            context.load_cert_chain(client_cert)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"The certificates in {ca_file or client_cert} cannot be used: {error}"
        ) from None
    return context


def _proxy(config: Config) -> httpx.Proxy | None:
    parts = urlsplit(config.host)
    if parts.scheme == "http":
        return None  # plain http is for this machine; through a proxy the key would leave it
    address = config.proxy
    if address is None and not proxy_bypass(parts.netloc):
        proxies = getproxies()
        address = proxies.get("https") or proxies.get("all")
    if not address:
        return None
    return httpx.Proxy(address.reveal() if isinstance(address, Secret) else address)


def _wire(request: Request) -> httpx.Request:
    timeout = request.timeout
    return httpx.Request(
        request.method,
        request.url,
        headers=[(name, value) for name, value in request.headers.items()],
        content=request.content,
        extensions={
            "timeout": {
                "connect": min(timeout, 30.0),
                "read": timeout,
                "write": timeout,
                "pool": timeout,
            }
        },
    )


class _Reading:
    """Gather the body of one answer within bounds of time and size."""

    def __init__(self, response: httpx.Response, started: float, timeout: float) -> None:
        self._response = response
        self._started = started
        self._timeout = timeout
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Take one more piece.

        Raises:
            Failure: The body takes too long or is too large.
        """
        self._size += len(chunk)
        if self._size > MAX_BODY:
            raise Failure(f"the answer is larger than {MAX_BODY} bytes", sent=True)
        if time.monotonic() - self._started > self._timeout:
            raise Failure("the answer did not end in time", sent=True, timed_out=True)
        self._chunks.append(chunk)

    def answer(self, *, complete: bool = True) -> Answer:
        headers = {name.lower(): value for name, value in self._response.headers.items()}
        elapsed = time.monotonic() - self._started
        return Answer(
            self._response.status_code, headers, b"".join(self._chunks), complete, elapsed
        )

    def broken(self, error: Exception) -> Answer:
        """Return what came of a body that broke off: its status is known, and that matters."""
        if isinstance(error, httpx.TimeoutException):
            raise _failure(error) from None
        return self.answer(complete=False)


_BROKEN = (httpx.TransportError, httpx.DecodingError)


class HttpTransport:
    """Send requests over a pool of connections that all calls of a client share."""

    def __init__(self, config: Config) -> None:
        self._transport = httpx.HTTPTransport(
            verify=_tls(config.ca_file, config.client_cert),
            limits=httpx.Limits(
                max_connections=config.max_connections, max_keepalive_connections=20
            ),
            proxy=_proxy(config),
        )

    def send(self, request: Request) -> Answer:
        """Send one request and read its answer.

        Raises:
            Failure: No answer came.
        """
        started = time.monotonic()
        try:
            response = self._transport.handle_request(_wire(request))
        except (httpx.TransportError, OSError) as error:
            raise _failure(error) from None
        reading = _Reading(response, started, request.timeout)
        try:
            for chunk in response.iter_bytes():
                reading.add(chunk)
        except _BROKEN as error:
            return reading.broken(error)
        finally:
            response.close()
        return reading.answer()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


class AsyncHttpTransport:
    """Send requests over a pool of connections that all calls of an asynchronous client share."""

    def __init__(self, config: Config) -> None:
        self._transport = httpx.AsyncHTTPTransport(
            verify=_tls(config.ca_file, config.client_cert),
            limits=httpx.Limits(
                max_connections=config.max_connections, max_keepalive_connections=20
            ),
            proxy=_proxy(config),
        )

    async def send(self, request: Request) -> Answer:
        """Send one request and read its answer.

        Raises:
            Failure: No answer came.
        """
        started = time.monotonic()
        try:
            response = await self._transport.handle_async_request(_wire(request))
        except (httpx.TransportError, OSError) as error:
            raise _failure(error) from None
        reading = _Reading(response, started, request.timeout)
        try:
            async for chunk in response.aiter_bytes():
                reading.add(chunk)
        except _BROKEN as error:
            return reading.broken(error)
        finally:
            await response.aclose()
        return reading.answer()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
