"""Send the requests of an asynchronous client, over connections of each event loop's own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast

import httpcore
import httpx

from .._core.config import Config
from .._core.extras import import_optional
from .async_pool import AsyncPool, ResolvingBackend
from .decompression import Decompressor
from .http import (
    BODY_ERRORS,
    CONNECTION_ERRORS,
    KEEPALIVE,
    BodyReader,
    httpcore_proxy,
    httpcore_request,
    httpx_errors,
    httpx_request,
    tls_context,
    transport_failure,
)
from .library_internals import use_pool
from .models import Request, Response
from .proxies import find_proxy, needs_brackets
from .slots import AnySlots, Slot

if TYPE_CHECKING:
    from .aiohttp import AiohttpTransport

__all__ = ["AsyncHttpTransport", "AsyncResponseStream", "AsyncTransport"]


class AsyncResponseStream:
    """Read the body of a response piece by piece.

    Args:
        response: The response.
        pieces: Its body, unpacked.
        left: Seconds that reading may take in all: waiting for the service, and what `spend`
            counts.
        slot: Released when the stream is closed.
    """

    _closed = True  # until there is something to close

    def __init__(
        self, response: httpx.Response, pieces: AsyncIterator[bytes], left: float, slot: Slot
    ) -> None:
        self._response = response
        self._pieces = pieces
        self._left = left
        self._slot = slot
        self._loop = asyncio.get_running_loop()
        self._pid = os.getpid()
        self._closed = False

    async def read(self) -> bytes:
        """Return the next piece; empty at the end.

        Raises:
            TransportFailure: The body was truncated, or time ran out.
        """
        began = time.monotonic()
        try:
            if self._left <= 0:  # what has arrived already needs no waiting, so none would end it
                raise httpx.ReadTimeout("time ran out")
            async with asyncio.timeout(self._left):
                piece: bytes | None = b""
                while piece == b"":
                    piece = await anext(self._pieces, None)
        except (*CONNECTION_ERRORS, *BODY_ERRORS) as error:
            failure = transport_failure(error)
        else:
            self._left -= time.monotonic() - began
            if not piece:
                await self.aclose()
            return piece or b""
        await self.aclose()
        raise failure  # not in the handler: the library's frames hold the key

    def spend(self, seconds: float) -> None:
        """Count the time that parsing took."""
        self._left -= seconds

    async def aclose(self) -> None:
        """Close the body, and a connection on which more of it is to come."""
        try:
            await self._response.aclose()
        finally:
            self._closed = True
            self._slot.release()

    def __del__(self) -> None:
        # The loop may be running or not, in this thread or another; if it is closed, so are its
        # connections.
        if not self._closed and self._pid == os.getpid() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_abandon, self._response, self._slot)


_closing: set[asyncio.Task[None]] = set()  # a loop keeps no reference to its tasks


def _abandon(response: httpx.Response, slot: Slot) -> None:
    """Close a response that nobody reads any more, whose loop is running."""

    async def close() -> None:
        try:
            await response.aclose()
        finally:
            slot.release()

    task = asyncio.get_running_loop().create_task(close())
    _closing.add(task)
    task.add_done_callback(_closing.discard)


async def _unpack(
    pieces: AsyncIterable[bytes], decompressor: Decompressor
) -> AsyncGenerator[bytes]:
    async for piece in pieces:
        for part in decompressor.pieces(piece):
            yield part
    decompressor.finish()


class AsyncTransport(Protocol):
    """A transport of the HTTP library, as an asynchronous client can use it."""

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request of the HTTP library and return its response."""

    async def aclose(self) -> None:
        """Close all connections."""


class AsyncHttpTransport:
    """Send requests over the connections of the running event loop.

    A connection belongs to the loop that it was opened in: another cannot wait for its responses.

    Raises:
        ConfigError: The certificates or the proxy cannot be used.
    """

    def __init__(self, config: Config, custom: AsyncTransport | None = None) -> None:
        self._config = config
        self._custom = custom
        self._unused: _LoopTransport | None = _LoopTransport(config, custom)
        self._lock = Lock()
        self._transports: dict[asyncio.AbstractEventLoop, _LoopTransport] = {}
        self._closers: dict[asyncio.AbstractEventLoop, AsyncGenerator[None]] = {}

    async def send(self, request: Request) -> Response:
        """Send one request and read its response.

        Raises:
            TransportFailure: No response came.
        """
        loop = asyncio.get_running_loop()
        transport = self._transports.get(loop)
        if transport is None:
            transport = await self._open(loop)
        return await transport.send(request)

    async def _open(self, loop: asyncio.AbstractEventLoop) -> _LoopTransport:
        with self._lock:
            for other in [other for other in self._transports if other.is_closed()]:
                # It was closed without `shutdown_asyncgens`, which would have closed them.
                del self._transports[other], self._closers[other]
            unused, self._unused = self._unused, None
            self._transports[loop] = unused or _LoopTransport(self._config, self._custom)
            self._closers[loop] = self._close_with_loop(loop)
        await anext(self._closers[loop])
        return self._transports[loop]

    async def _close_with_loop(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
        """Close the connections of a loop. `asyncio.run` and its like end all asynchronous
        generators before they close the loop; nothing else announces its end."""
        try:
            yield
        finally:
            with self._lock:
                del self._closers[loop]
                transport = self._transports.pop(loop)
            await transport.aclose()

    async def aclose(self) -> None:
        """Close the connections of this loop and of other running ones. A loop that does not run
        closes its own when it ends."""
        if self._unused is not None:
            await self._unused.aclose()
        current = asyncio.get_running_loop()
        for loop, closer in list(self._closers.items()):
            if loop is current:
                await closer.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(_close(closer), loop)


async def _close(closer: AsyncGenerator[None]) -> None:
    await closer.aclose()


class _AsyncSlots(AnySlots):
    """Bound the connections of the tasks of one event loop."""

    async def take(self, timeout: float) -> Slot:
        """Return a slot when there is one; see `Slots.take`."""
        woken = asyncio.Event()
        slot, free = self._ask(woken.set)
        ends = time.monotonic() + timeout
        try:
            while not (free or self._is_due(slot, ends)):
                with suppress(TimeoutError):
                    # Many tasks may wait, and it is rare that a slot is lost.
                    async with asyncio.timeout(min(1.0, max(0.0, ends - time.monotonic()))):
                        await woken.wait()
                woken.clear()
        except BaseException:
            slot.release()
            raise
        return slot


class _LoopTransport:
    """Send requests over connections of one event loop."""

    def __init__(self, config: Config, custom: AsyncTransport | None) -> None:
        self._max_body: int = config.max_body
        self._slots = _AsyncSlots(config.max_connections)
        self._httpx = custom or _httpx_transport(config)
        use_aiohttp = config.http == "aiohttp" and not custom
        self._aiohttp = _aiohttp_transport(config, self._httpx) if use_aiohttp else None

    async def send(self, request: Request) -> Response:
        """Send one request and read its response."""
        try:
            return await self._send(request)
        except CONNECTION_ERRORS as error:
            ended: BaseException = transport_failure(error)
        except BaseException as error:  # noqa: BLE001 - it is raised below
            ended = error
        ended.__context__ = ended.__cause__ = None
        # Not in the handler, and without the library's frames: they hold the key, and a connection.
        raise ended.with_traceback(None)

    async def _send(self, request: Request) -> Response:
        began = time.monotonic()
        slot = await self._slots.take(request.timeout)
        timeout = max(0.001, request.timeout - (time.monotonic() - began))
        response = None
        try:
            # A little longer than the library's own time-outs, which know whether it was sent.
            async with asyncio.timeout(timeout + 0.05):
                response = await self._exchange(request, timeout, slot)
            return response
        finally:
            if response is None or response.stream is None:
                slot.release()

    async def _exchange(self, request: Request, timeout: float, slot: Slot) -> Response:
        began = time.monotonic()
        response: httpx.Response
        if self._aiohttp is None:
            response = await self._httpx.handle_async_request(httpx_request(request, timeout))
        else:
            response = await self._aiohttp.respond(request, timeout)
        reader = BodyReader(response, began=began, timeout=timeout, max_body=self._max_body)
        pieces: AsyncIterable[bytes] = (
            response.aiter_bytes()
            if reader.decoded
            else cast("httpx.AsyncByteStream", response.stream)
        )
        if request.streamed and response.is_success and not reader.refused:
            unpacked = _unpack(pieces, reader.decompressor)
            stream = AsyncResponseStream(response, unpacked, reader.left, slot)
            return reader.response(complete=False, stream=stream)
        try:
            async for piece in pieces:
                if not reader.add(piece):
                    break
            reader.finish()
        except httpx.TimeoutException:
            raise
        except BODY_ERRORS:
            return reader.response(complete=False)
        finally:
            await response.aclose()
        return reader.response(complete=True)

    async def aclose(self) -> None:
        """Close all connections."""
        self._slots.close()
        if self._aiohttp is not None:
            await self._aiohttp.aclose()
        await self._httpx.aclose()


def _aiohttp_transport(config: Config, fallback: AsyncTransport) -> AiohttpTransport:
    import_optional("aiohttp", "aiohttp")
    from .aiohttp import AiohttpTransport

    return AiohttpTransport(
        tls_context(config.ca_file, config.client_cert),
        max_connections=config.max_connections,
        proxy=find_proxy(config),
        fallback=fallback,
    )


def _httpx_transport(config: Config) -> httpx.AsyncBaseTransport:
    """Return the transport of httpx with our own pool."""
    proxy = find_proxy(config)
    brackets = needs_brackets(config, proxy)
    tls = tls_context(config.ca_file, config.client_cert, brackets=brackets)
    pool = AsyncPool(
        httpcore.AsyncConnectionPool(
            ssl_context=tls,
            proxy=httpcore_proxy(proxy),
            keepalive_expiry=KEEPALIVE,
            network_backend=ResolvingBackend(),
        ),
        brackets=brackets,
    )
    transport = httpx.AsyncHTTPTransport(verify=tls)
    return transport if use_pool(transport, pool) else _PoolTransport(pool)


class _PoolTransport(httpx.AsyncBaseTransport):
    """Do what `httpx.AsyncHTTPTransport` does with a pool, where our pool cannot be set on it."""

    def __init__(self, pool: AsyncPool) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with httpx_errors():
            response = await self._pool.handle_async_request(httpcore_request(request))
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
