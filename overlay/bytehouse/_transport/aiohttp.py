"""Send the requests of an asynchronous client with aiohttp in place of httpx's own transport.

It returns responses of httpx and raises its errors, so that all else is the same for both:
time-outs, size and compression of responses, and what an error means for a call.
"""

from __future__ import annotations

import asyncio
import logging
import select
import socket
import ssl
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator
from functools import lru_cache, partial
from io import BytesIO
from typing import TYPE_CHECKING

import aiohttp
import httpcore
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from .._core.secrets import revealed
from .http import CONNECT_TIMEOUT, KEEPALIVE, httpx_request
from .library_internals import parser_of, payload_of, use_connection_class
from .models import Request
from .resolver import async_addresses

if TYPE_CHECKING:
    from .async_transport import AsyncTransport

__all__ = ["AiohttpTransport"]

_log = logging.getLogger("bytehouse")
_MAX_HEADER_SIZE = 100 * 1024  # the limit of h11; that of aiohttp is 8 KB
_STREAM_ABOVE = 1 << 16  # bytes; a larger body is sent in pieces, letting other tasks run


class AiohttpTransport:
    """Send requests over connections of aiohttp in one event loop.

    Args:
        tls: TLS context.
        max_connections: How many connections there may be.
        proxy: Proxy to use; None for a direct connection.
        fallback: Used where this version of aiohttp cannot do so safely. It is not closed here.

    Raises:
        ConfigError: aiohttp does not support such a proxy.
    """

    def __init__(
        self,
        tls: ssl.SSLContext,
        *,
        max_connections: int,
        proxy: httpx.Proxy | None,
        fallback: AsyncTransport,
    ) -> None:
        self._tls = tls
        self._max_connections = max_connections
        self._proxy = URL(str(proxy.url)) if proxy else None
        self._proxy_headers = {}
        if proxy and proxy.raw_auth:
            login = b64encode(b":".join(proxy.raw_auth)).decode()
            self._proxy_headers["Proxy-Authorization"] = f"Basic {login}"
        self._fallback = fallback
        self._session: aiohttp.ClientSession | None = None
        self._usable = True
        self._closed = False

    def _open(self) -> aiohttp.ClientSession | None:
        connector = aiohttp.TCPConnector(
            ssl=self._tls,
            limit=self._max_connections,
            keepalive_timeout=KEEPALIVE,
            resolver=_Resolver(),
        )
        loop = asyncio.get_running_loop()
        if not use_connection_class(connector, partial(_Connection, loop)):
            _log.warning(
                "aiohttp %s is not known to keep responses apart: httpx is used in its place",
                aiohttp.__version__,
            )
            return None
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            # A POST without a body has no type; aiohttp would set that of bytes.
            skip_auto_headers=["Content-Type"],
            max_line_size=_MAX_HEADER_SIZE,
            max_field_size=_MAX_HEADER_SIZE,
            middlewares=(_send_once,),
        )

    async def respond(self, request: Request, timeout: float) -> httpx.Response:
        """Send one request; the body of the response is left to be read.

        Raises:
            httpx.TransportError: No response came. The class says whether the request was sent.
        """
        if self._closed:
            raise httpx.ConnectError("the client was closed")
        if self._session is None and self._usable:
            self._session = self._open()
            self._usable = self._session is not None
        if self._session is None:
            other: httpx.Response = await self._fallback.handle_async_request(
                httpx_request(request, timeout)
            )
            return other
        try:
            response = await self._request(self._session, request, timeout)
        except BaseException as error:
            _close_connections_of(error)
            raise
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def _request(
        self, session: aiohttp.ClientSession, request: Request, timeout: float
    ) -> aiohttp.ClientResponse:
        content = request.content or b""
        return await session.request(
            request.method,
            _yarl_url(request.url),
            headers={name: revealed(value) for name, value in request.headers.items()},
            data=BytesIO(content) if len(content) > _STREAM_ABOVE else content or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                connect=min(timeout, CONNECT_TIMEOUT),
                sock_read=timeout,
                ceil_threshold=float("inf"),  # aiohttp rounds longer times up to full seconds
            ),
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        self._closed = True
        if self._session is not None:
            await self._session.close()


@lru_cache(maxsize=128)
def _yarl_url(address: str) -> URL:
    """Return a URL as aiohttp takes it, as httpx would send it."""
    url = httpx.URL(address)
    host = url.raw_host.decode()
    authority = f"[{host}]" if ":" in host else host
    port = "" if url.port is None else f":{url.port}"
    path = url.raw_path.decode()
    return URL(f"{url.raw_scheme.decode()}://{authority}{port}{path}", encoded=True)


class _Connection(ResponseHandler):
    """Keep responses apart, and report truncated bodies."""

    def is_connected(self) -> bool:
        """Return whether it can be used again: nothing was received that was not requested.

        It would be taken for the response to the next request, which may be another role's.
        aiohttp asks before it reuses an idle connection.
        """
        return (
            super().is_connected()
            and not self.should_close
            and not self._has_partial_response()
            and not self._has_unread_data()
        )

    def _has_unread_data(self) -> bool:
        """Return whether data or the end of the connection has arrived that the loop has not
        processed yet."""
        assert self.transport is not None  # noqa: S101 - it is connected
        descriptor = self.transport.get_extra_info("socket").fileno()
        if not hasattr(select, "poll"):
            return bool(select.select([descriptor], [], [], 0)[0])
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def _has_partial_response(self) -> bool:
        """Return whether a part of a further response was received."""
        try:
            parser = parser_of(self)
            return parser is not None and parser.feed_eof() is not None
        except HttpProcessingError:
            return True

    def data_received(self, data: bytes) -> None:
        # Head and body apart: an error in the body must not hide the status before it.
        body = data.find(b"\r\n\r\n") + 4
        if 4 <= body < len(data):
            super().data_received(data[:body])
            data = data[body:]
        super().data_received(data)
        if self.exception() is not None:
            self._fail_body()

    def close(self) -> None:
        self._fail_body()
        super().close()

    def connection_lost(self, exc: BaseException | None) -> None:
        if exc is not None:
            self._fail_body()
        super().connection_lost(exc)

    def _fail_body(self) -> None:
        """Fail a body that will not be complete; aiohttp waits for it, or takes it as complete."""
        payload = payload_of(self)
        if payload is not None and not payload.is_eof():
            payload.set_exception(aiohttp.ClientPayloadError())


def _close_connections_of(error: BaseException) -> None:
    """Close the connections that the frames of a call hold that has ended with an error: where it
    was interrupted, aiohttp may have counted them neither as idle nor as in use."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for value in list(frame.f_locals.values()):
            if isinstance(value, _Connection):
                value.close()


class _Resolver(AbstractResolver):
    """Look up the addresses of hosts where nothing waits for the resolver."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host."""
        del family
        try:
            found = await async_addresses(host, port)
        except httpcore.ConnectError as error:
            raise OSError(str(error)) from None
        if not found:
            raise OSError("the host has no address")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Do nothing: lookups end by themselves."""


class _Body(httpx.AsyncByteStream):
    """Read the body of a response piece by piece."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while piece := await self._response.content.readany():
                yield piece
        except (aiohttp.ClientError, OSError) as error:
            raise _as_httpx_error(error) from error

    async def aclose(self) -> None:
        self._response.release()  # and close the connection, if more is to come


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request once: aiohttp by itself retries a GET, PUT or DELETE whose connection ended,
    whatever became of the first."""
    try:
        return await handler(request)
    except (aiohttp.ClientError, OSError) as error:
        raise _as_httpx_error(error) from error


def _as_httpx_error(error: aiohttp.ClientError | OSError) -> httpx.TransportError:
    """Return the error that httpx would raise. It contains nothing of a response."""
    kind: type[httpx.TransportError]
    match error:
        case aiohttp.ConnectionTimeoutError():
            kind, message = httpx.ConnectTimeout, "could not connect in time"
        case TimeoutError():
            kind, message = httpx.ReadTimeout, "time ran out"
        case aiohttp.ClientConnectorCertificateError():
            # Before 3.13 aiohttp gives it no `os_error`.
            kind, message = httpx.ConnectError, str(error.certificate_error)
        case aiohttp.ClientConnectorError():
            kind, message = httpx.ConnectError, str(error.os_error)
        case aiohttp.ClientHttpProxyError():
            kind, message = httpx.ProxyError, f"the proxy returned {error.status}"
        case aiohttp.ServerDisconnectedError():
            kind, message = httpx.RemoteProtocolError, "the server disconnected without a response"
        case aiohttp.ClientPayloadError():
            kind, message = httpx.RemoteProtocolError, "the body was truncated"
        case aiohttp.ClientResponseError():
            kind, message = httpx.RemoteProtocolError, "the response is not HTTP"
        case _:
            kind, message = httpx.ReadError, str(error)
    return kind(message)
