"""Carry the requests of an asynchronous client, each event loop's over connections of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from threading import Lock
from typing import Any, Protocol, cast

import httpcore
import httpx

from .._core.config import Config
from .._core.extras import import_optional
from .async_pool import AsyncPool
from .http import (
    BROKEN,
    KEEPALIVE,
    LOST,
    BodyReader,
    core_proxy,
    core_request,
    failure_of,
    httpx_errors,
    httpx_request,
    proxy_of,
    tls_context,
)
from .library_internals import use_pool
from .models import Request, Response, TransportFailure

__all__ = ["AsyncHttpTransport", "AsyncResponseStream", "AsyncTransport"]


class AsyncResponseStream:
    """Read the body of a response piece by piece.

    Args:
        response: The response.
        left: Seconds that reading may wait for the service in all.
        on_close: Called once, when it is closed.
    """

    def __init__(
        self, response: httpx.Response, left: float, on_close: Callable[[], object]
    ) -> None:
        self._response = response
        self._pieces = response.aiter_bytes()
        self._left = left
        self._on_close: list[Callable[[], object]] = [on_close]

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
        except (*LOST, *BROKEN) as error:
            failure = failure_of(error)
        else:
            self._left -= time.monotonic() - began
            return piece or b""
        await self.aclose()
        raise failure  # not where it was caught: the library's frames hold the key

    async def aclose(self) -> None:
        """Close the body, and a connection that has more of it to come."""
        try:
            await self._response.aclose()
        finally:
            while self._on_close:
                self._on_close.pop()()


class AsyncTransport(Protocol):
    """Describe what may carry the requests of an asynchronous client: a transport of the HTTP
    library."""

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request of the HTTP library and return its response."""

    async def aclose(self) -> None:
        """Close all connections."""


class AsyncHttpTransport:
    """Send requests over the connections of the event loop that runs.

    A connection belongs to the loop that it was opened in: another could not wait for its answers.

    Raises:
        ConfigError: There can be no connections as told.
    """

    def __init__(self, config: Config, given: AsyncTransport | None = None) -> None:
        self._config = config
        self._given = given
        self._first: _LoopTransport | None = _LoopTransport(config, given)
        self._opening = Lock()
        self._live: dict[asyncio.AbstractEventLoop, _LoopTransport] = {}
        self._endings: dict[asyncio.AbstractEventLoop, AsyncGenerator[None]] = {}

    async def send(self, request: Request) -> Response:
        """Send one request and read its response.

        Raises:
            TransportFailure: No response came.
        """
        loop = asyncio.get_running_loop()
        transport = self._live.get(loop)
        if transport is None:
            transport = await self._opened(loop)
        return await transport.send(request)

    async def _opened(self, loop: asyncio.AbstractEventLoop) -> _LoopTransport:
        with self._opening:
            for other in [other for other in self._live if other.is_closed()]:
                # It was closed by hand, without the step that would have closed its connections.
                del self._live[other], self._endings[other]
            first, self._first = self._first, None
            self._live[loop] = first or _LoopTransport(self._config, self._given)
            self._endings[loop] = self._ending(loop)
        await anext(self._endings[loop])
        return self._live[loop]

    async def _ending(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
        """Close the connections of a loop. `asyncio.run` and its like end all asynchronous
        generators before they close the loop, which is the one sign of its end that there is."""
        try:
            yield
        finally:
            with self._opening:
                del self._endings[loop]
                transport = self._live.pop(loop)
            await transport.aclose()

    async def aclose(self) -> None:
        """Close the connections of this loop and of others that run. A loop that rests closes its
        own when it ends."""
        if self._first is not None:
            await self._first.aclose()
        here = asyncio.get_running_loop()
        for loop, ending in list(self._endings.items()):
            if loop is here:
                await ending.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(_close(ending), loop)


async def _close(ending: AsyncGenerator[None]) -> None:
    await ending.aclose()


class _LoopTransport:
    """Send requests over connections of one event loop."""

    def __init__(self, config: Config, given: AsyncTransport | None) -> None:
        self._max_body: int = config.max_body
        self._free = asyncio.Semaphore(config.max_connections)
        self._transport = given or _transport(config)

    async def send(self, request: Request) -> Response:
        """Send one request and read its response."""
        timeout = request.timeout
        if self._free.locked():
            began = time.monotonic()
            try:
                async with asyncio.timeout(timeout):
                    await self._free.acquire()
            except TimeoutError:
                raise TransportFailure(
                    "no connection became free", sent=False, timed_out=True
                ) from None
            timeout = max(0.001, timeout - (time.monotonic() - began))
        else:
            await self._free.acquire()
        response = None
        try:
            # A little more than the library's own time-outs, which know whether it was sent.
            async with asyncio.timeout(timeout + 0.05):
                response = await self._exchange(request, timeout)
        except LOST as error:
            failure = failure_of(error)
        else:
            return response
        finally:
            if response is None or response.rest is None:
                self._free.release()
        raise failure  # not where it was caught: the library's frames hold the key

    async def _exchange(self, request: Request, timeout: float) -> Response:
        began = time.monotonic()
        response = await self._transport.handle_async_request(httpx_request(request, timeout))
        reader = BodyReader(response, began=began, timeout=timeout, max_body=self._max_body)
        if request.streamed and response.is_success:
            rest = AsyncResponseStream(response, reader.left, self._free.release)
            return reader.response(complete=False, rest=rest)
        packed = "content-encoding" in response.headers
        pieces = (
            response.aiter_bytes() if packed else cast("httpx.AsyncByteStream", response.stream)
        )
        try:
            async for piece in pieces:
                if not reader.add(piece):
                    break
        except httpx.TimeoutException:
            raise
        except BROKEN:
            return reader.response(complete=False)
        finally:
            await response.aclose()
        return reader.response(complete=True)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


def _transport(config: Config) -> httpx.AsyncBaseTransport:
    if config.http != "aiohttp":
        return _httpx_transport(config)
    import_optional("aiohttp", "aiohttp")
    from .aiohttp import AiohttpTransport

    return AiohttpTransport(
        tls_context(config.ca_file, config.client_cert),
        max_connections=config.max_connections,
        proxy=proxy_of(config),
        substitute=lambda: _httpx_transport(config),
    )


def _httpx_transport(config: Config) -> httpx.AsyncBaseTransport:
    """Return the transport of httpx, over a pool of ours."""
    tls = tls_context(config.ca_file, config.client_cert)
    pool = AsyncPool(
        httpcore.AsyncConnectionPool(
            ssl_context=tls, proxy=core_proxy(proxy_of(config)), keepalive_expiry=KEEPALIVE
        )
    )
    transport = httpx.AsyncHTTPTransport(verify=tls)
    return transport if use_pool(transport, pool) else _PoolTransport(pool)


class _PoolTransport(httpx.AsyncBaseTransport):
    """Do what `httpx.AsyncHTTPTransport` does with a pool, where it cannot be given one."""

    def __init__(self, pool: AsyncPool) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with httpx_errors():
            response = await self._pool.handle_async_request(core_request(request))
        return httpx.Response(
            response.status, headers=response.headers, stream=_PoolStream(response)
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _PoolStream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with httpx_errors():
            async for piece in self._response.aiter_stream():
                yield piece

    async def aclose(self) -> None:
        await self._response.aclose()
