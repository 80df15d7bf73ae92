"""Carry one request to the host and bring its answer back. The only module that knows the HTTP
library."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs
import httpcore
import httpx

from ._config import ATTRIBUTES, Config, Value, parse_setting
from ._errors import ConfigError
from ._secret import Secret

__all__ = [
    "Answer",
    "AsyncHttpTransport",
    "AsyncIncoming",
    "Failure",
    "HttpTransport",
    "Incoming",
    "Request",
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
class Answer:
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
    rest: Incoming | AsyncIncoming | None = attrs.field(default=None, repr=False)


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


_LOST = (httpx.TransportError, OSError)
_BROKEN = (httpx.TransportError, httpx.DecodingError)


def _failure(error: Exception) -> Failure:
    timed_out = isinstance(error, httpx.TimeoutException | TimeoutError)
    reason = str(error) or ("time ran out" if timed_out else type(error).__name__)
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
    return httpx.Limits(max_connections=most, max_keepalive_connections=most)


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


class _Whole(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Give a connection up whose answer was longer than it said.

    What follows an answer would be taken for the answer to the next request on the connection,
    which may be another role's.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    def close(self) -> None:
        self._part()
        self._stream.close()

    async def aclose(self) -> None:
        self._part()
        await self._stream.aclose()

    def _part(self) -> None:
        # No public way leads from an answer to the parser of its connection.
        part = self._stream
        for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state"):
            part = getattr(part, name, None)
        if part is not None and part.trailing_data[0]:
            part.send_failed()


class _Reading:
    """Gather the body of one answer within a bound of size."""

    def __init__(self, response: httpx.Response, started: float, max_body: int) -> None:
        self._max_body = max_body
        self._response = response
        self._started = started
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> bool:
        """Take one more piece; False if that is more than a body may have."""
        self._size += len(chunk)
        if self.too_large:
            return False
        self._chunks.append(chunk)
        return True

    @property
    def too_large(self) -> bool:
        return self._size > self._max_body

    def answer(self, *, complete: bool, rest: Incoming | AsyncIncoming | None = None) -> Answer:
        """Return what has come; of a body that broke off at least the status is known."""
        return Answer(
            self._response.status_code,
            {name.lower(): value for name, value in self._response.headers.items()},
            b"".join(self._chunks),
            complete and not self.too_large,
            time.monotonic() - self._started,
            self.too_large,
            rest,
        )


_until: ContextVar[float] = ContextVar("until", default=float("inf"))


def _left(timeout: float | None, over: type[Exception]) -> float:
    left = min(_until.get() - time.monotonic(), float("inf") if timeout is None else timeout)
    if left <= 0:
        raise over("time ran out")
    return left


class _Stream(httpcore.NetworkStream):
    """Hold every read and write of a connection within the time of the attempt that makes it.

    The library's own time-out begins anew with each piece: a server that sends a byte a second
    would never meet it.
    """

    _piece = 1 << 16

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for begin in range(0, len(buffer), self._piece):
            left = _left(timeout, httpcore.WriteTimeout)
            self._stream.write(buffer[begin : begin + self._piece], left)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, left, *args, **options))


class Incoming:
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
            Failure: The body broke off, or time ran out.
        """
        began = time.monotonic()
        before = _until.set(began + self._left)
        try:
            piece = next(filter(None, self._pieces), b"")
        except (*_LOST, *_BROKEN) as error:
            failure = _failure(error)
        else:
            self._left -= time.monotonic() - began
            return piece
        finally:
            _until.reset(before)
        self.close()
        raise failure  # not where it was caught: the library's frames hold the key

    def close(self) -> None:
        """Close the body, and a connection that has more of it to come."""
        self._response.close()

    def __del__(self) -> None:
        self.close()  # or the pool would count its connection as busy for ever


class HttpTransport:
    """Send requests over a pool of connections that all calls of a client share."""

    def __init__(self, config: Config) -> None:
        self._max_body: int = config.max_body
        self._transport = httpx.HTTPTransport(
            verify=_tls(config.ca_file, config.client_cert),
            limits=_limits(config),
            proxy=_proxy(config),
        )
        # httpcore takes a backend of one's own; httpx has no argument to hand one on.
        self._transport._pool._network_backend = _Backend()

    def send(self, request: Request) -> Answer:
        """Send one request and read its answer.

        Raises:
            Failure: No answer came.
        """
        before = _until.set(time.monotonic() + request.timeout)
        try:
            return self._exchange(request)
        except _LOST as error:
            failure = _failure(error)
        finally:
            _until.reset(before)
        raise failure  # not where it was caught: the library's frames hold the key

    def _exchange(self, request: Request) -> Answer:
        started = time.monotonic()
        response = self._transport.handle_request(_wire(request))
        response.stream = _Whole(response.stream)
        reading = _Reading(response, started, self._max_body)
        if request.streamed and response.is_success:
            left = request.timeout - (time.monotonic() - started)
            return reading.answer(complete=False, rest=Incoming(response, left))
        try:
            for chunk in response.iter_bytes():
                if not reading.add(chunk):
                    break
        except httpx.TimeoutException:
            raise
        except _BROKEN:
            return reading.answer(complete=False)
        finally:
            response.close()
        return reading.answer(complete=True)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def fetch(request: Request, *, max_body: int, config: Config | None = None) -> Answer:
    """Send one request outside of a client, to any host: no key and no certificate goes along.

    Args:
        request: What to send.
        max_body: Bytes that the answer may have.
        config: Where authorities to trust and a proxy come from, if they are not the usual ones.

    Raises:
        Failure: No answer came, or one that is too large.
    """
    parts = urlsplit(request.url)
    given = {"host": f"{parts.scheme}://{parts.netloc}", "max_connections": 1}
    given["max_body"] = max_body
    if config is not None:
        given |= {"ca_file": config.ca_file, "proxy": config.proxy}
    values = {a.name: Value(given.get(a.name), "fetch") for a in ATTRIBUTES}
    transport = HttpTransport(Config(values))
    try:
        answer = transport.send(request)
    except (httpx.InvalidURL, ValueError) as error:
        raise Failure(str(error), sent=False) from None
    finally:
        transport.close()
    if answer.too_large:
        raise Failure(f"the answer is larger than {max_body} bytes", sent=True)
    return answer


class AsyncIncoming:
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
            Failure: The body broke off, or time ran out.
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


class AsyncHttpTransport:
    """Send requests over a pool of connections that all calls of an asynchronous client share."""

    def __init__(self, config: Config) -> None:
        self._max_body: int = config.max_body
        # The library's own queue takes a time that grows with the square of those who wait.
        self._slots = asyncio.Semaphore(config.max_connections)
        self._transport = httpx.AsyncHTTPTransport(
            verify=_tls(config.ca_file, config.client_cert),
            limits=_limits(config),
            proxy=_proxy(config),
        )

    async def send(self, request: Request) -> Answer:
        """Send one request and read its answer.

        Raises:
            Failure: No answer came.
        """
        ends = time.monotonic() + request.timeout
        try:
            async with asyncio.timeout(request.timeout):
                await self._slots.acquire()
        except TimeoutError:
            raise Failure("no connection became free", sent=False, timed_out=True) from None
        try:
            left = max(0.001, ends - time.monotonic())
            # A little more than the library's own time-outs, which know whether it was sent.
            async with asyncio.timeout(left + 0.05):
                return await self._exchange(attrs.evolve(request, timeout=left))
        except _LOST as error:
            failure = _failure(error)
        finally:
            self._slots.release()
        raise failure  # not where it was caught: the library's frames hold the key

    async def _exchange(self, request: Request) -> Answer:
        started = time.monotonic()
        response = await self._transport.handle_async_request(_wire(request))
        response.stream = _Whole(response.stream)
        reading = _Reading(response, started, self._max_body)
        if request.streamed and response.is_success:
            left = request.timeout - (time.monotonic() - started)
            return reading.answer(complete=False, rest=AsyncIncoming(response, left))
        try:
            async for chunk in response.aiter_bytes():
                if not reading.add(chunk):
                    break
        except httpx.TimeoutException:
            raise
        except _BROKEN:
            return reading.answer(complete=False)
        finally:
            await response.aclose()
        return reading.answer(complete=True)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
