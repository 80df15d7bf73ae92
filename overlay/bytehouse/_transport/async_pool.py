"""Keep the connections of an asynchronous client between calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import anyio
import httpcore

from .library_internals import has_trailing_data
from .pool import IdleByHost, IdleConnections, origin_of
from .resolver import async_addresses

__all__ = ["AsyncPool", "ResolvingBackend"]


class ResolvingBackend(httpcore.AnyIOBackend):
    """Look up the addresses of hosts where nothing waits for the resolver."""

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("the host has no address")
        with anyio.move_on_after(timeout):
            for address in await async_addresses(host, port):
                try:
                    return await super().connect_tcp(address, port, timeout, *args, **options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    failure = error
            raise failure
        raise httpcore.ConnectTimeout("could not connect in time")


class AsyncPool:
    """Keep the connections of an asynchronous client; see `Pool`."""

    def __init__(self, factory: httpcore.AsyncConnectionPool, *, brackets: bool = False) -> None:
        self._factory = factory
        self._brackets = brackets
        self._connections: IdleByHost[httpcore.AsyncConnectionInterface] = IdleByHost()

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; its connection is idle again when the response is closed."""
        origin = origin_of(request, brackets=self._brackets)
        connections = self._connections.of(request)
        while True:
            connection, stale = connections.acquire()
            if stale:
                await _close(stale)
            if connection is None:
                connection = self._factory.create_connection(origin)
                connections.add(connection)
            try:
                response = await connection.handle_async_request(request)
            except httpcore.ConnectionNotAvailable:
                pass  # it was closed meanwhile
            except BaseException:
                await _close([connection])
                raise
            else:
                response.stream = _AsyncBody(connections, connection, response.stream)
                return response

    async def aclose(self) -> None:
        """Close all connections, also those in use."""
        await _close(self._connections.close())


async def _close(connections: Iterable[httpcore.AsyncConnectionInterface]) -> None:
    """Close connections, even in a task that is being cancelled."""
    with anyio.CancelScope(shield=True):
        for connection in list(connections):
            await connection.aclose()


class _AsyncBody:
    """Release a connection when its response is closed."""

    def __init__(
        self,
        connections: IdleConnections[httpcore.AsyncConnectionInterface],
        connection: httpcore.AsyncConnectionInterface,
        stream: Any,
    ) -> None:
        self._connections = connections
        self._connection = connection
        self._stream = stream
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        reusable = not has_trailing_data(self._stream)
        try:
            await self._stream.aclose()
        finally:
            if stale := self._connections.release(self._connection, reusable=reusable):
                await _close(stale)
