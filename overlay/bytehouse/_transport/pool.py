"""Keep connections between calls, and bound reads and writes by the time of a call.

Used by the HTTP library in place of its own pool and sockets.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Generic, Protocol, TypeVar

import httpcore

from .library_internals import has_trailing_data, without_locks
from .resolver import addresses

__all__ = ["IdleConnections", "Pool", "TimeLimitedBackend", "io_deadline", "origin_of"]

_PRUNE_INTERVAL = 1.0
io_deadline: ContextVar[float] = ContextVar("bytehouse_deadline", default=float("inf"))
"""When reads and writes of this thread must have ended, in seconds of `time.monotonic`."""


def _remaining(timeout: float | None, error: type[Exception]) -> float:
    left = io_deadline.get() - time.monotonic()
    if timeout is not None and timeout < left:
        left = timeout
    if left <= 0:
        raise error("time ran out")
    return left


class _TimeLimitedStream(httpcore.NetworkStream):
    """Bound each read and write by the time that is left.

    The library's own time-out begins anew with each piece: a server that sends a byte a second
    would never exceed it.
    """

    _piece = 1 << 16

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._pid = os.getpid()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for begin in range(0, len(buffer), self._piece):
            left = _remaining(timeout, httpcore.WriteTimeout)
            self._stream.write(buffer[begin : begin + self._piece], left)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            left = _remaining(timeout, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            self.close()  # as the library does when a handshake fails
            raise
        return _TimeLimitedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        if self._pid == os.getpid():  # the connection is that of the process that opened it
            with suppress(OSError, AttributeError):
                # A thread that waits for a response would not notice that its socket is closed.
                socket.socket.shutdown(self._stream.get_extra_info("socket"), socket.SHUT_RDWR)
        self._stream.close()


class TimeLimitedBackend(httpcore.SyncBackend):
    """Open connections whose reads and writes are bounded by `io_deadline`."""

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("the host has no address")
        for address in addresses(host, port, _remaining(timeout, httpcore.ConnectTimeout)):
            left = _remaining(timeout, httpcore.ConnectTimeout)
            try:
                stream = super().connect_tcp(address, port, left, *args, **options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimeLimitedStream(stream)
        raise failure


class _Connection(Protocol):
    def has_expired(self) -> bool: ...

    def is_idle(self) -> bool: ...


C = TypeVar("C", bound=_Connection)


class IdleConnections(Generic[C]):
    """Keep the connections of a pool, and which of them are idle."""

    def __init__(self) -> None:
        self.closed = False
        # Weak references: one that an interrupt leaves behind ends there, and is not kept for good.
        self._all: set[weakref.ref[C]] = set()
        self._idle: deque[C] = deque()
        self._prune_at = 0.0

    @property
    def all(self) -> list[C]:
        """All connections that are idle or in use."""
        return [one for found in self._all.copy() if (one := found()) is not None]

    def add(self, connection: C) -> None:
        """Add a connection that is in use."""
        self._all.add(weakref.ref(connection, self._all.discard))

    def acquire(self) -> tuple[C | None, list[C]]:
        """Return the idle connection that was used last, if any, and expired ones to close.

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
        return connection, stale

    def release(self, connection: C, *, reusable: bool = True) -> list[C]:
        """Put back a connection that is not used any more; return those to close."""
        stale = self._prune()
        if reusable and connection.is_idle() and not self.closed:
            self._idle.append(connection)
        else:
            stale.append(connection)
        return stale

    def _prune(self) -> list[C]:
        """Take out the oldest ones if expired; left by a burst, they would stay until the next."""
        stale: list[C] = []
        now = time.monotonic()
        if now < self._prune_at:  # asking a connection whether it has expired is a system call
            return stale
        self._prune_at = now + _PRUNE_INTERVAL
        try:
            while self._idle[0].has_expired():
                stale.append(self._idle.popleft())
        except IndexError:
            pass
        return stale


class IdleByHost(Generic[C]):
    """Keep connections apart that lead to different ports: to the API, and to the ClickHouse
    interface beside it."""

    def __init__(self) -> None:
        self._closed = False
        self._by_host: dict[tuple[bytes, int | None], IdleConnections[C]] = {}

    def of(self, request: httpcore.Request) -> IdleConnections[C]:
        """Return the connections for a request."""
        key = (request.url.host, request.url.port)
        found = self._by_host.get(key)
        if found is None:
            found = self._by_host.setdefault(key, IdleConnections())
            found.closed = self._closed
        return found

    def close(self) -> list[C]:
        """Give out no more connections; return all that are idle or in use."""
        self._closed = True
        for found in list(self._by_host.values()):
            found.closed = True
        return [one for found in list(self._by_host.values()) for one in found.all]


def origin_of(request: httpcore.Request, *, brackets: bool) -> httpcore.Origin:
    """Return the origin to connect to for a request.

    Args:
        request: The request.
        brackets: Whether its host is an IPv6 address to be put into brackets: without them,
            httpcore would ask the proxy for another host.

    Raises:
        httpcore.UnsupportedProtocol: It is neither http nor https.
    """
    scheme = request.url.scheme
    if scheme not in (b"http", b"https"):
        raise httpcore.UnsupportedProtocol(f"{scheme.decode() or 'no scheme'} is not supported")
    if brackets:
        request.url.host = b"[%b]" % request.url.host
    return request.url.origin


class Pool:
    """Keep the connections of a client, at a cost that does not grow with their number.

    The library's own pool checks every connection, twice for each request. How many there are at
    once is up to the caller: one for each request in progress.

    Args:
        factory: Pool of the library, which creates the connections.
        brackets: Whether the host is an IPv6 address behind a proxy; see `origin_of`.
    """

    def __init__(self, factory: httpcore.ConnectionPool, *, brackets: bool = False) -> None:
        self._factory = factory
        self._brackets = brackets
        self._connections: IdleByHost[httpcore.ConnectionInterface] = IdleByHost()

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; its connection is idle again when the response is closed."""
        origin = origin_of(request, brackets=self._brackets)
        connections = self._connections.of(request)
        while True:
            connection = None
            try:
                connection, stale = connections.acquire()
                for other in stale:
                    other.close()
                if connection is None:
                    connection = self._factory.create_connection(origin)
                    connections.add(without_locks(connection))
                response = connection.handle_request(request)
                response.stream = _Body(connections, connection, response.stream)
            except httpcore.ConnectionNotAvailable:
                pass  # it was closed meanwhile
            except BaseException:
                if connection is not None:
                    connection.close()
                raise
            else:
                return response

    def close(self) -> None:
        """Close all connections, also those in use."""
        for connection in self._connections.close():
            connection.close()


class _Body:
    """Release a connection when its response is closed."""

    _connection: httpcore.ConnectionInterface | None = None  # until an interrupt can lose one

    def __init__(
        self,
        connections: IdleConnections[httpcore.ConnectionInterface],
        connection: httpcore.ConnectionInterface,
        stream: Any,
    ) -> None:
        self._connections = connections
        self._stream = stream
        self._ended = False
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream
        self._ended = True

    def close(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            if self._ended:
                reusable = not has_trailing_data(self._stream)
                self._stream.close()
                for stale in self._connections.release(connection, reusable=reusable):
                    stale.close()
            else:
                # Whatever state the library is in: it is not used again.
                connection.close()
        except BaseException:
            connection.close()
            raise
        finally:
            self._connection = None

    def __del__(self) -> None:
        self.close()  # an interrupt has lost it
