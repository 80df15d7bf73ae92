"""Keep connections between calls, and hold what is read and written in the time of a call.

It stands below the HTTP library, where its own pool and sockets would stand.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

import anyio
import httpcore

__all__ = ["AsyncPool", "Backend", "Pool", "time_limit"]

_until: ContextVar[float] = ContextVar("until", default=float("inf"))


class time_limit:  # noqa: N801 - it is used as a function is
    """Bound what this thread reads and writes in the block."""

    __slots__ = ("_before", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._before = _until.set(time.monotonic() + self._seconds)

    def __exit__(self, *_: object) -> None:
        _until.reset(self._before)


def _left(timeout: float | None, over: type[Exception]) -> float:
    left = _until.get() - time.monotonic()
    if timeout is not None and timeout < left:
        left = timeout
    if left <= 0:
        raise over("time ran out")
    return left


class _Stream(httpcore.NetworkStream):
    """Bound each read and write by the time that is left.

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


class Backend(httpcore.SyncBackend):
    """Open connections whose reads and writes end in time."""

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, left, *args, **options))


class _Connection(Protocol):
    def has_expired(self) -> bool: ...

    def is_idle(self) -> bool: ...


C = TypeVar("C", bound=_Connection)


class IdleConnections(Generic[C]):
    """Know the connections of a pool, and which of them are idle."""

    def __init__(self) -> None:
        self.all: set[C] = set()
        self.closed = False
        self._idle: deque[C] = deque()

    def acquire(self) -> tuple[C | None, list[C]]:
        """Return the connection that was used last, if it is still good, and those that are not.

        Raises:
            httpcore.ConnectError: The pool is closed.
        """
        if self.closed:
            raise httpcore.ConnectError("the client was closed")
        stale = []
        try:
            while (connection := self._idle.pop()).has_expired():
                stale.append(connection)
        except IndexError:
            connection = None
        self.all.difference_update(stale)
        return connection, stale

    def release(self, connection: C) -> list[C]:
        """Take a connection back that is not used any more; return those that are to be closed."""
        stale = []
        try:
            # What a burst has left at the bottom would else stay until the next one.
            while self._idle[0].has_expired():
                stale.append(self._idle.popleft())
        except IndexError:
            pass
        if connection.is_idle() and not self.closed:
            self._idle.append(connection)
        else:
            stale.append(connection)
        self.all.difference_update(stale)
        return stale


def _origin(request: httpcore.Request) -> httpcore.Origin:
    scheme = request.url.scheme
    if scheme not in (b"http", b"https"):
        raise httpcore.UnsupportedProtocol(f"{scheme.decode() or 'no scheme'} is not spoken")
    return request.url.origin


def _part_if_longer(stream: Any) -> None:
    """Make the connection of an answer unfit for another if more has come than the answer.

    What follows an answer would be taken for the answer to the next request on the connection,
    which may be another role's.
    """
    # No public way leads from an answer to the parser of its connection.
    state = getattr(getattr(stream, "_connection", None), "_h11_state", None)
    if state is not None and state.trailing_data[0]:
        state.send_failed()


class Pool:
    """Keep the connections of a client, at a cost that does not grow with their number.

    The library's own pool looks at every connection, twice for each request.

    Args:
        maker: Pool of the library, which makes the connections.
        most: How many there may be at once.
    """

    def __init__(self, maker: httpcore.ConnectionPool, most: int) -> None:
        # The library takes a backend of one's own; httpx has no argument to hand one on.
        maker._network_backend = Backend()
        self._maker = maker
        # A queue and no semaphore: a body that the garbage collector closes gives its place back,
        # and may do so while this thread is about to take one.
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(most):
            self._free.put(None)
        self._idle: IdleConnections[httpcore.ConnectionInterface] = IdleConnections()

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; its connection is free for another when the answer is closed.

        Raises:
            httpcore.PoolTimeout: None became free in time.
        """
        try:
            self._free.get(timeout=request.extensions["timeout"]["pool"])
        except Empty:
            raise httpcore.PoolTimeout("no connection became free") from None
        try:
            return self._sent(request)
        except BaseException:
            self._free.put(None)
            raise

    def _sent(self, request: httpcore.Request) -> httpcore.Response:
        while True:
            connection, stale = self._idle.acquire()
            for other in stale:
                other.close()
            if connection is None:
                connection = self._maker.create_connection(_origin(request))
                self._idle.all.add(connection)
            try:
                response = connection.handle_request(request)
            except httpcore.ConnectionNotAvailable:
                self._idle.all.discard(connection)  # it was closed meanwhile
            except BaseException:
                self._idle.all.discard(connection)
                connection.close()
                raise
            else:
                response.stream = _Body(self, connection, response.stream)
                return response

    def back(self, connection: httpcore.ConnectionInterface) -> None:
        """Take a connection back."""
        try:
            for stale in self._idle.release(connection):
                stale.close()
        finally:
            self._free.put(None)

    def close(self) -> None:
        """Close all connections, those too that are in use."""
        self._idle.closed = True
        for connection in list(self._idle.all):
            connection.close()


class _Body:
    """Give a connection back when its answer is closed."""

    def __init__(self, pool: Pool, connection: httpcore.ConnectionInterface, stream: Any) -> None:
        self._pool = pool
        self._connection = connection
        self._stream = stream
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            _part_if_longer(self._stream)
            self._stream.close()
        finally:
            self._pool.back(self._connection)


class AsyncPool:
    """Keep the connections of an asynchronous client; see `Pool`."""

    def __init__(self, maker: httpcore.AsyncConnectionPool, most: int) -> None:
        self._maker = maker
        self._free = asyncio.Semaphore(most)
        self._idle: IdleConnections[httpcore.AsyncConnectionInterface] = IdleConnections()

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; its connection is free for another when the answer is closed.

        Raises:
            httpcore.PoolTimeout: None became free in time.
        """
        if self._free.locked():
            try:
                async with asyncio.timeout(request.extensions["timeout"]["pool"]):
                    await self._free.acquire()
            except TimeoutError:
                raise httpcore.PoolTimeout("no connection became free") from None
        else:
            await self._free.acquire()
        try:
            return await self._sent(request)
        except BaseException:
            self._free.release()
            raise

    async def _sent(self, request: httpcore.Request) -> httpcore.Response:
        while True:
            connection, stale = self._idle.acquire()
            if stale:
                await _close(stale)
            if connection is None:
                connection = self._maker.create_connection(_origin(request))
                self._idle.all.add(connection)
            try:
                response = await connection.handle_async_request(request)
            except httpcore.ConnectionNotAvailable:
                self._idle.all.discard(connection)  # it was closed meanwhile
            except BaseException:
                self._idle.all.discard(connection)
                await _close([connection])
                raise
            else:
                response.stream = _AsyncBody(self, connection, response.stream)
                return response

    async def back(self, connection: httpcore.AsyncConnectionInterface) -> None:
        """Take a connection back."""
        try:
            if stale := self._idle.release(connection):
                await _close(stale)
        finally:
            self._free.release()

    async def aclose(self) -> None:
        """Close all connections, those too that are in use."""
        self._idle.closed = True
        await _close(self._idle.all)


async def _close(connections: Iterable[httpcore.AsyncConnectionInterface]) -> None:
    """Close connections, even in a task that is being cancelled."""
    with anyio.CancelScope(shield=True):
        for connection in list(connections):
            await connection.aclose()


class _AsyncBody:
    """Give a connection back when its answer is closed."""

    def __init__(
        self, pool: AsyncPool, connection: httpcore.AsyncConnectionInterface, stream: Any
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._stream = stream
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            _part_if_longer(self._stream)
            await self._stream.aclose()
        finally:
            await self._pool.back(self._connection)
