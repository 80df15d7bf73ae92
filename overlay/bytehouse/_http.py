"""Carry one request to the host and bring its answer back. The only module that knows the HTTP
library."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs
import httpx

from ._config import ATTRIBUTES, Config, Value, parse_setting
from ._errors import ConfigError
from ._extras import import_optional
from ._network import AsyncPool, Pool, time_limit
from ._secret import Secret

__all__ = [
    "AsyncHttpTransport",
    "AsyncResponseStream",
    "AsyncTransport",
    "HttpTransport",
    "Request",
    "Response",
    "ResponseStream",
    "Transport",
    "TransportFailure",
    "fetch",
]


@attrs.frozen
class Request:
    """Hold one attempt of a call, ready to be sent. Its repr shows no header and no body.

    With `streamed`, the body of a success is left to be read piece by piece.
    """

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes | None = attrs.field(repr=False)
    timeout: float
    streamed: bool = False


@attrs.frozen
class Response:
    """Hold what came back.

    Attributes:
        status: HTTP status.
        headers: Headers, names in lower case.
        body: Body, with its content encoding undone.
        complete: Whether the body came whole.
        elapsed: Seconds from sending to the last byte.
        too_large: Whether it was not read to its end, because it is larger than it may be.
        rest: The body, where it is still to be read.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    complete: bool
    elapsed: float
    too_large: bool = False
    rest: ResponseStream | AsyncResponseStream | None = attrs.field(default=None, repr=False)


class TransportFailure(Exception):
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


# Seconds that a connection may rest unused. The library's 5 are no longer than the longest pause
# between two looks at what runs in the background: each look would open a connection of its own.
_REST = 15.0

_LOST = (httpx.TransportError, OSError)
_BROKEN = (httpx.TransportError, httpx.DecodingError)


def _failure(error: Exception) -> TransportFailure:
    timed_out = isinstance(error, httpx.TimeoutException | TimeoutError)
    reason = str(error) or ("time ran out" if timed_out else type(error).__name__)
    return TransportFailure(reason, sent=not isinstance(error, _NOT_SENT), timed_out=timed_out)


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
        told = proxies.get("https") or proxies.get("all")
        if told:
            address = Secret(told if "://" in told else f"http://{told}")
            address = parse_setting("proxy", address, "the proxy of the environment")
    if not address:
        return None
    text = address.reveal() if isinstance(address, Secret) else address
    if text.startswith("socks") and find_spec("socksio") is None:
        raise ConfigError("The proxy speaks SOCKS.", hint="pip install 'httpx[socks]'")
    return httpx.Proxy(text)


def _limits(config: Config) -> httpx.Limits:
    # A lower number of connections to keep would have them closed after each call as soon as more
    # are in use: the pool counts all of them, not only the idle ones.
    most = config.max_connections
    return httpx.Limits(
        max_connections=most, max_keepalive_connections=most, keepalive_expiry=_REST
    )


class _Origin:
    """Know the parts of the configured host, so that they are not looked for in each address.

    Args:
        host: Host as the configuration settles it, ``scheme://host[:port][/prefix]``.
    """

    def __init__(self, host: str) -> None:
        url = httpx.URL(host)
        self.scheme, self.host, self.port = url.raw_scheme, url.raw_host, url.port
        self.prefix = url.raw_path.rstrip(b"/")
        self.length = len(host)


class _Address(httpx.URL):
    """Hold the address of a request in the parts that the wire takes.

    It is parsed only if more is asked for, as a recorder or an instrumentation does: parsing an
    address that was put together from parts would take a tenth of the time of a call.
    """

    def __init__(self, origin: _Origin, url: str) -> None:
        self._origin = origin
        self._url = url

    @property
    def raw_scheme(self) -> bytes:
        return self._origin.scheme

    @property
    def raw_host(self) -> bytes:
        return self._origin.host

    @property
    def port(self) -> int | None:
        return self._origin.port

    @property
    def raw_path(self) -> bytes:
        return self._origin.prefix + self._url[self._origin.length :].encode()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_uri_reference" in self.__dict__:
            raise AttributeError(name)
        super().__init__(self._url)
        return getattr(self, name)


class _Nothing(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Be the body of a request that has none."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        return
        yield b""


class _Wire(httpx.Request):
    """Be a request as httpx's transports take it, made from parts that are known to be right."""

    def __init__(self, request: Request, origin: _Origin) -> None:
        timeout = request.timeout
        self.method = request.method
        self.url = _Address(origin, request.url)
        self.headers = httpx.Headers(
            [(name.encode(), value.encode()) for name, value in request.headers.items()]
        )
        self.extensions = {
            "timeout": {
                "connect": min(timeout, 30.0),
                "read": timeout,
                "write": timeout,
                "pool": timeout,
            }
        }
        self.stream = _NOTHING if request.content is None else httpx.ByteStream(request.content)

    @property
    def content(self) -> bytes:
        return self.read()


_NOTHING = _Nothing()


def _headers(response: httpx.Response) -> dict[str, str]:
    """Return headers by name in lower case; values of the same name are put together."""
    headers: dict[str, str] = {}
    try:
        for raw_name, raw_value in response.headers.raw:
            name, value = raw_name.decode("ascii").lower(), raw_value.decode("ascii")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    except UnicodeDecodeError:
        return dict(response.headers.items())
    return headers


class _Reading:
    """Gather the body of one answer within a bound of size."""

    def __init__(self, response: httpx.Response, started: float, max_body: int) -> None:
        self._max_body = max_body
        self._status = response.status_code
        self._started = started
        self._chunks: list[bytes] = []
        self._size = 0
        self.headers = _headers(response)

    def add(self, chunk: bytes) -> bool:
        """Take one more piece; False if that is more than a body may have."""
        self._size += len(chunk)
        if self._size > self._max_body:
            return False
        self._chunks.append(chunk)
        return True

    def answer(
        self, *, complete: bool, rest: ResponseStream | AsyncResponseStream | None = None
    ) -> Response:
        """Return what has come; of a body that broke off at least the status is known."""
        too_large = self._size > self._max_body
        return Response(
            self._status,
            self.headers,
            b"".join(self._chunks),
            complete and not too_large,
            time.monotonic() - self._started,
            too_large,
            rest,
        )


class ResponseStream:
    """Read the body of an answer piece by piece.

    Args:
        response: The answer.
        left: Seconds that reading may wait for the service in all.
    """

    def __init__(self, response: httpx.Response, left: float) -> None:
        self._response = response
        self._pieces = response.iter_bytes()
        self._left = left

    def read(self) -> bytes:
        """Return the next piece; empty at the end.

        Raises:
            TransportFailure: The body broke off, or time ran out.
        """
        began = time.monotonic()
        try:
            with time_limit(self._left):
                piece = next(filter(None, self._pieces), b"")
        except (*_LOST, *_BROKEN) as error:
            failure = _failure(error)
        else:
            self._left -= time.monotonic() - began
            return piece
        self.close()
        raise failure  # not where it was caught: the library's frames hold the key

    def close(self) -> None:
        """Close the body, and a connection that has more of it to come."""
        self._response.close()

    def __del__(self) -> None:
        self.close()  # or the pool would count its connection as busy for ever


class Transport(Protocol):
    """Describe what may carry the requests of a client: a transport of the HTTP library."""

    def handle_request(self, request: Any) -> Any:
        """Send a request of the HTTP library and return its answer."""

    def close(self) -> None:
        """Close all connections."""


def _transport(config: Config) -> Transport:
    """Return what carries the requests of a synchronous client."""
    tls, limits, proxy = _tls(config.ca_file, config.client_cert), _limits(config), _proxy(config)
    transport = httpx.HTTPTransport(verify=tls, limits=limits, proxy=proxy)
    # httpx has no argument to hand a pool on.
    transport._pool = Pool(transport._pool, config.max_connections)  # type: ignore[assignment]
    return transport


class HttpTransport:
    """Send requests over a pool of connections that all calls of a client share."""

    def __init__(self, config: Config, given: Transport | None = None) -> None:
        self._max_body: int = config.max_body
        self._origin = _Origin(config.host)
        self._transport = given or _transport(config)

    def send(self, request: Request) -> Response:
        """Send one request and read its answer.

        Raises:
            TransportFailure: No answer came.
        """
        try:
            with time_limit(request.timeout):
                return self._exchange(request)
        except _LOST as error:
            failure = _failure(error)
        raise failure  # not where it was caught: the library's frames hold the key

    def _exchange(self, request: Request) -> Response:
        started = time.monotonic()
        response = self._transport.handle_request(_Wire(request, self._origin))
        reading = _Reading(response, started, self._max_body)
        if request.streamed and response.is_success:
            left = request.timeout - (time.monotonic() - started)
            return reading.answer(complete=False, rest=ResponseStream(response, left))
        stream = cast("httpx.SyncByteStream", response.stream)
        pieces: Iterable[bytes] = stream
        if "content-encoding" in reading.headers:
            pieces = response.iter_bytes()
        try:
            for piece in pieces:
                if not reading.add(piece):
                    break
        except httpx.TimeoutException:
            raise
        except _BROKEN:
            return reading.answer(complete=False)
        finally:
            stream.close()
        return reading.answer(complete=True)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def fetch(request: Request, *, max_body: int, config: Config | None = None) -> Response:
    """Send one request outside of a client, to any host: no key and no certificate goes along.

    Args:
        request: What to send.
        max_body: Bytes that the answer may have.
        config: Where authorities to trust and a proxy come from, if they are not the usual ones.

    Raises:
        TransportFailure: No answer came, or one that is too large.
    """
    try:
        # As httpx would have it: what an address must not hold is quoted.
        url = httpx.URL(request.url)
        host = str(url.copy_with(raw_path=b"/", fragment=None)).removesuffix("/")
        given = {"host": host, "max_body": max_body, "max_connections": 1}
        if config is not None:
            given |= {"ca_file": config.ca_file, "proxy": config.proxy}
        values = {a.name: Value(given.get(a.name), "fetch") for a in ATTRIBUTES}
        transport = HttpTransport(Config(values))
    except (httpx.InvalidURL, ValueError) as error:
        raise TransportFailure(str(error), sent=False) from None
    headers = {"host": url.netloc.decode(), **request.headers}
    try:
        address = host + url.raw_path.decode()
        answer = transport.send(attrs.evolve(request, url=address, headers=headers))
    finally:
        transport.close()
    if answer.too_large:
        raise TransportFailure(f"the answer is larger than {max_body} bytes", sent=True)
    return answer


class AsyncResponseStream:
    """Read the body of an answer piece by piece.

    Args:
        response: The answer.
        left: Seconds that reading may wait for the service in all.
    """

    def __init__(self, response: httpx.Response, left: float) -> None:
        self._response = response
        self._pieces = response.aiter_bytes()
        self._left = left

    async def read(self) -> bytes:
        """Return the next piece; empty at the end.

        Raises:
            TransportFailure: The body broke off, or time ran out.
        """
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                piece: bytes | None = b""
                while piece == b"":
                    piece = await anext(self._pieces, None)
        except (*_LOST, *_BROKEN) as error:
            failure = _failure(error)
        else:
            self._left -= time.monotonic() - began
            return piece or b""
        await self.aclose()
        raise failure  # not where it was caught: the library's frames hold the key

    async def aclose(self) -> None:
        """Close the body, and a connection that has more of it to come."""
        await self._response.aclose()


class AsyncTransport(Protocol):
    """Describe what may carry the requests of an asynchronous client: a transport of the HTTP
    library."""

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request of the HTTP library and return its answer."""

    async def aclose(self) -> None:
        """Close all connections."""


def _async_transport(config: Config) -> AsyncTransport:
    """Return what carries the requests of an asynchronous client."""
    tls, limits, proxy = _tls(config.ca_file, config.client_cert), _limits(config), _proxy(config)
    if config.http == "aiohttp":
        import_optional("aiohttp", "aiohttp")
        from ._aiohttp import AiohttpTransport

        return AiohttpTransport(tls, limits, proxy)
    transport = httpx.AsyncHTTPTransport(verify=tls, limits=limits, proxy=proxy)
    # httpx has no argument to hand a pool on.
    transport._pool = AsyncPool(  # type: ignore[assignment]
        transport._pool, config.max_connections
    )
    return transport


class AsyncHttpTransport:
    """Send requests over a pool of connections that all calls of an asynchronous client share."""

    def __init__(self, config: Config, given: AsyncTransport | None = None) -> None:
        self._max_body: int = config.max_body
        self._origin = _Origin(config.host)
        # The library's own queue takes a time that grows with the square of those who wait.
        self._slots = asyncio.Semaphore(config.max_connections)
        self._transport = given or _async_transport(config)

    async def send(self, request: Request) -> Response:
        """Send one request and read its answer.

        Raises:
            TransportFailure: No answer came.
        """
        if self._slots.locked():
            began = time.monotonic()
            try:
                async with asyncio.timeout(request.timeout):
                    await self._slots.acquire()
            except TimeoutError:
                raise TransportFailure(
                    "no connection became free", sent=False, timed_out=True
                ) from None
            left = max(0.001, request.timeout - (time.monotonic() - began))
            request = attrs.evolve(request, timeout=left)
        else:
            await self._slots.acquire()
        try:
            # A little more than the library's own time-outs, which know whether it was sent.
            async with asyncio.timeout(request.timeout + 0.05):
                return await self._exchange(request)
        except _LOST as error:
            failure = _failure(error)
        finally:
            self._slots.release()
        raise failure  # not where it was caught: the library's frames hold the key

    async def _exchange(self, request: Request) -> Response:
        started = time.monotonic()
        response = await self._transport.handle_async_request(_Wire(request, self._origin))
        reading = _Reading(response, started, self._max_body)
        if request.streamed and response.is_success:
            left = request.timeout - (time.monotonic() - started)
            return reading.answer(complete=False, rest=AsyncResponseStream(response, left))
        stream = cast("httpx.AsyncByteStream", response.stream)
        pieces: AsyncIterable[bytes] = stream
        if "content-encoding" in reading.headers:
            pieces = response.aiter_bytes()
        try:
            async for piece in pieces:
                if not reading.add(piece):
                    break
        except httpx.TimeoutException:
            raise
        except _BROKEN:
            return reading.answer(complete=False)
        finally:
            await stream.aclose()
        return reading.answer(complete=True)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
