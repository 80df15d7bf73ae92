"""Carry the requests of an asynchronous client with aiohttp in place of httpx's own transport.

It stands where `httpx.AsyncHTTPTransport` stands, so that all else is the same for both: time,
size and compression of answers, and what an error means for a call.
"""

from __future__ import annotations

import asyncio
import logging
import select
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from functools import partial
from io import BytesIO

import aiohttp
import httpx
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from ..errors import ConfigError
from .http import KEEPALIVE
from .library_internals import parser_of, payload_of, use_connection_class

__all__ = ["AiohttpTransport"]

_log = logging.getLogger("bytehouse")
_LONGEST_HEADER = 100 * 1024  # as h11 takes it; aiohttp's own limit is 8 KB
_LARGE = 1 << 16  # a larger body goes out in pieces, letting other tasks run


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Send requests over connections of aiohttp, all of one event loop.

    Args:
        tls: Whom to trust, and what to show.
        max_connections: How many connections there may be.
        proxy: Proxy to go through.
        substitute: Makes what sends where this version of aiohttp cannot do so safely.

    Raises:
        ConfigError: aiohttp does not speak to such a proxy.
    """

    def __init__(
        self,
        tls: ssl.SSLContext,
        *,
        max_connections: int,
        proxy: httpx.Proxy | None,
        substitute: Callable[[], httpx.AsyncBaseTransport],
    ) -> None:
        if proxy and proxy.url.scheme.startswith("socks"):
            raise ConfigError("aiohttp speaks to no SOCKS proxy.", hint='Use http="httpx".')
        self._tls = tls
        self._max_connections = max_connections
        self._proxy = URL(str(proxy.url)) if proxy else None
        self._proxy_headers = {}
        if proxy and proxy.raw_auth:
            login = b64encode(b":".join(proxy.raw_auth)).decode()
            self._proxy_headers["Proxy-Authorization"] = f"Basic {login}"
        self._substitute = substitute
        self._opened: aiohttp.ClientSession | httpx.AsyncBaseTransport | None = None
        self._closed = False

    def _open(self) -> aiohttp.ClientSession | httpx.AsyncBaseTransport:
        connector = aiohttp.TCPConnector(
            ssl=self._tls, limit=self._max_connections, keepalive_timeout=KEEPALIVE
        )
        loop = asyncio.get_running_loop()
        if not use_connection_class(connector, partial(_Connection, loop)):
            _log.warning(
                "aiohttp %s is not known to keep responses apart: httpx sends in its place",
                aiohttp.__version__,
            )
            return self._substitute()
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            # A POST without a body has no type; it would be given that of bytes.
            skip_auto_headers=["Content-Type"],
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            middlewares=(_once,),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body of the response is left to be read.

        Raises:
            httpx.TransportError: No response came. The class says whether the request was sent.
        """
        if self._closed:
            raise httpx.ConnectError("the client was closed")
        if self._opened is None:
            self._opened = self._open()
        if isinstance(self._opened, httpx.AsyncBaseTransport):
            return await self._opened.handle_async_request(request)
        timeout = request.extensions["timeout"]
        content = await request.aread()
        response = await self._opened.request(
            request.method,
            _address(request.url),
            headers=[(n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers.raw],
            data=BytesIO(content) if len(content) > _LARGE else content or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                connect=timeout["connect"],
                sock_read=timeout["read"],
                ceil_threshold=float("inf"),  # aiohttp rounds longer times up to full seconds
            ),
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
        )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close all connections."""
        self._closed = True
        if isinstance(self._opened, httpx.AsyncBaseTransport):
            await self._opened.aclose()
        elif self._opened is not None:
            await self._opened.close()


def _address(url: httpx.URL) -> URL:
    """Return an address as aiohttp takes it, with not a character changed."""
    host = url.raw_host.decode()
    authority = f"[{host}]" if ":" in host else host
    port = "" if url.port is None else f":{url.port}"
    path = url.raw_path.decode()
    return URL(f"{url.raw_scheme.decode()}://{authority}{port}{path}", encoded=True)


class _Connection(ResponseHandler):
    """Keep answers apart, and a body that broke off from one that is whole."""

    def is_connected(self) -> bool:
        """Tell whether it can be used again: nothing has come that was not asked for.

        It would be taken for the answer to the next request, which may be another role's. aiohttp
        asks before it takes up a connection that rested.
        """
        return (
            super().is_connected()
            and not self.should_close
            and not self._begun()
            and not self._unread()
        )

    def _unread(self) -> bool:
        """Tell whether something has come, or the server has closed, and the loop has not seen it
        yet."""
        assert self.transport is not None  # noqa: S101 - it is connected
        descriptor = self.transport.get_extra_info("socket").fileno()
        if not hasattr(select, "poll"):
            return bool(select.select([descriptor], [], [], 0)[0])
        looking = select.poll()
        looking.register(descriptor, select.POLLIN)
        return bool(looking.poll(0))

    def _begun(self) -> bool:
        """Tell whether a part of a further answer has come."""
        try:
            parser = parser_of(self)
            return parser is not None and parser.feed_eof() is not None
        except HttpProcessingError:
            return True

    def data_received(self, data: bytes) -> None:
        # One piece after the other: what is wrong with a body shall not hide the status before it.
        body = data.find(b"\r\n\r\n") + 4
        if 4 <= body < len(data):
            super().data_received(data[:body])
            data = data[body:]
        super().data_received(data)
        if self.exception() is not None:
            self._break_off()

    def connection_lost(self, exc: BaseException | None) -> None:
        if exc is not None:
            self._break_off()
        super().connection_lost(exc)

    def _break_off(self) -> None:
        """End a body that will not come whole; aiohttp waits for it, or takes it for whole."""
        payload = payload_of(self)
        if payload is not None and not payload.is_eof():
            payload.set_exception(aiohttp.ClientPayloadError())


class _Body(httpx.AsyncByteStream):
    """Read the body of an answer piece by piece."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while piece := await self._answer.content.readany():
                yield piece
        except (aiohttp.ClientError, OSError) as error:
            raise _as_httpx_error(error) from error

    async def aclose(self) -> None:
        self._answer.release()  # and close the connection, if more is to come


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request once: aiohttp by itself repeats a GET, PUT or DELETE whose connection ended,
    whatever has become of the first."""
    try:
        return await handler(request)
    except (aiohttp.ClientError, OSError) as error:
        raise _as_httpx_error(error) from error


def _as_httpx_error(error: aiohttp.ClientError | OSError) -> httpx.TransportError:
    """Return the error as httpx would have it. No text of an answer is in it."""
    kind: type[httpx.TransportError]
    match error:
        case aiohttp.ConnectionTimeoutError():
            kind, text = httpx.ConnectTimeout, "no connection came about in time"
        case TimeoutError():
            kind, text = httpx.ReadTimeout, "time ran out"
        case aiohttp.ClientConnectorCertificateError():
            # Before 3.13 aiohttp gives it no `os_error`.
            kind, text = httpx.ConnectError, str(error.certificate_error)
        case aiohttp.ClientConnectorError():
            kind, text = httpx.ConnectError, str(error.os_error)
        case aiohttp.ClientHttpProxyError():
            kind, text = httpx.ProxyError, f"the proxy answered {error.status}"
        case aiohttp.ServerDisconnectedError():
            kind, text = httpx.RemoteProtocolError, "the server hung up without an answer"
        case aiohttp.ClientPayloadError():
            kind, text = httpx.RemoteProtocolError, "the body broke off"
        case aiohttp.ClientResponseError():
            kind, text = httpx.RemoteProtocolError, "the answer is no HTTP"
        case _:
            kind, text = httpx.ReadError, str(error)
    return kind(text)
